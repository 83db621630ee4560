//! `jobctl registry`: what it needs, and how it ends (spec 04 §13).

use std::path::Path;
use std::sync::Arc;

use oar_config::settings::StateLocation;
use oar_github::{
    AppIdentity, AppKeyError, GitHubRepo, HttpGitHub, HttpProposals, ProposalRead, ProposalWrite,
    RepoName,
};
use oar_operators::dry_run::{DryRunProposals, Recorder};
use oar_operators::services::Ports;
use oar_operators::test_jobs::registry::{self, RegistryError, Selector};
use oar_prow_jobs::{DEFINITIONS, RegistryName};
use oar_release::ErrorClass;
use oar_transport::file::read_at_most;
use oar_transport::{HttpClient, SecretSource};

use super::ended;
use crate::error::CliError;
use crate::jobctl::{RegistryCommand, RegistryJobs, RegistryUpdate};
use crate::render::Printer;
use crate::run::{Ended, print};
use crate::wiring::Surroundings;

/// The variable with the path of the app's key. `<NAME>_FILE` says the same.
const KEY: &str = "APP_PRIVATE_KEY";
/// A longer file is no registry, bytes.
const LONGEST: u64 = 1 << 20;
/// What the token is for.
const READING: &str = "job registries";

impl From<RegistryError> for CliError {
    fn from(error: RegistryError) -> Self {
        if error.is_usage() {
            return Self::usage(error.to_string());
        }
        let told = Self::from_error(error.class(), &error);
        match error.hint() {
            Some(hint) => told.hint(hint),
            None => told,
        }
    }
}

impl From<AppKeyError> for CliError {
    fn from(error: AppKeyError) -> Self {
        Self::from_error(error.class(), &error)
    }
}

pub(super) async fn run(
    around: &Surroundings,
    printer: Printer,
    command: &RegistryCommand,
) -> Result<Ended, CliError> {
    match command {
        RegistryCommand::Jobs(options) => jobs(around, printer, options).await,
        RegistryCommand::Update(options) => update(around, printer, options).await,
    }
}

async fn jobs(
    around: &Surroundings,
    printer: Printer,
    options: &RegistryJobs,
) -> Result<Ended, CliError> {
    around.check_registry(&[])?;
    let github = HttpGitHub::new(&around.http(None)?, around.secret("GITHUB_TOKEN", READING));
    let definitions = GitHubRepo::new(github, DEFINITIONS.parse()?, "main");
    print(printer, &registry::jobs(&definitions, options.release).await?)?;
    Ok(Ended::done())
}

async fn update(
    around: &Surroundings,
    printer: Printer,
    options: &RegistryUpdate,
) -> Result<Ended, CliError> {
    let content = read(&options.file)?;
    let name = RegistryName { stream: options.release, arch: options.arch.arch };
    let selector = around.selector(options.dry_run.dry_run)?;
    let report = registry::update(&selector, &name, &content, options.auto_approve).await?;
    print(printer, &report)?;
    Ok(ended(report.problems.is_empty()))
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    read_at_most(path, LONGEST)
        .map_err(|error| CliError::usage(format!("{} cannot be read: {error}", path.display())))
}

impl Surroundings {
    /// Tells all variables that are missing in one message; the sandbox needs none.
    fn check_registry(&self, more: &[&str]) -> Result<(), CliError> {
        if self.sandbox.is_some() {
            return Ok(());
        }
        let token = SecretSource::variable(&self.environment, "GITHUB_TOKEN", READING);
        let mut missing: Vec<&str> = Vec::new();
        missing.extend(token.read().is_err().then_some("GITHUB_TOKEN"));
        missing.extend(more);
        if missing.is_empty() {
            return Ok(());
        }
        let message = format!("missing in the environment or the settings: {}", missing.join(", "));
        Err(CliError::new(ErrorClass::NotConfigured, message))
    }

    /// Who proposes what to whom; in a dry run nobody needs to be able to.
    fn selector(&self, dry_run: bool) -> Result<Selector, CliError> {
        let (state, settings) = (self.settings.state(), self.settings.selector());
        let StateLocation::GitHub { owner, name } = &state.location else {
            let message = "registries are proposed on GitHub; the state repository is a folder";
            return Err(CliError::new(ErrorClass::NotConfigured, message));
        };
        let key = [format!("{KEY}_FILE"), KEY.to_owned()];
        let key = key.iter().find_map(|name| self.environment.get(name));
        let is_sandbox = self.sandbox.is_some();
        let of_sandbox = || is_sandbox.then(|| oar_sandbox::seed::FORK.to_owned());
        let fork = settings.fork.or_else(of_sandbox);
        let mut missing = Vec::new();
        if !dry_run {
            missing.extend(key.is_none().then_some(KEY));
            missing.extend(settings.app_id.is_none().then_some("selector.app_id"));
        }
        missing.extend(fork.is_none().then_some("selector.fork"));
        self.check_registry(&missing)?;
        let upstream: RepoName = format!("{owner}/{name}").parse()?;
        let fork: RepoName = fork.unwrap_or_default().parse()?;
        let http = self.http_at(self.settings.endpoints()?);
        let recorder = dry_run.then(Recorder::default);
        let app = match (&recorder, key, &settings.app_id) {
            (Some(_), _, _) => None,
            _ if is_sandbox => Some(AppIdentity::of_statement(self.secret(KEY, READING))),
            (None, Some(path), Some(id)) => Some(AppIdentity::read(KEY, path.trim(), id)?),
            (None, _, _) => None,
        };
        Ok(Selector {
            clock: Arc::clone(&self.clock),
            masker: Arc::clone(&self.masker),
            actor: self.actor(),
            upstream,
            base: state.registry_branch,
            fork,
            app_id: settings.app_id,
            proposals: self.proposals(&http, app, recorder.as_ref()),
            recorder,
        })
    }

    fn proposals(
        &self,
        http: &HttpClient,
        app: Option<AppIdentity>,
        recorder: Option<&Recorder>,
    ) -> Ports<dyn ProposalRead, dyn ProposalWrite> {
        let read: Arc<dyn ProposalRead> =
            Arc::new(HttpGitHub::new(http, self.secret("GITHUB_TOKEN", READING)));
        let write: Arc<dyn ProposalWrite> = match app {
            Some(app) => Arc::new(HttpProposals::new(http, app)),
            None => Arc::new(DryRunProposals::new(recorder.cloned().unwrap_or_default())),
        };
        Ports::new(read, write)
    }
}
