//! From options to a [`Desk`], and what has to be set for which command (spec 04 §1).

use std::path::PathBuf;
use std::sync::Arc;

use oar_config::settings::StateLocation;
use oar_kube::{HttpKube, Kubeconfig, PayloadRead, PayloadWrite};
use oar_operators::dry_run::{DryRunPayloads, DryRunRepo, DryRunSlack, Recorder};
use oar_operators::services::{NotSetUp, Ports, Reach};
use oar_operators::test_jobs::{Desk, Halt};
use oar_prow_jobs::HttpReleaseController;
use oar_release::{Arch, ErrorClass};
use oar_slack::{HttpSlack, SlackRead, SlackWrite};
use oar_state_repo::StateRepo;
use oar_transport::real::ServiceTls;
use oar_transport::{HttpClient, SecretSource, Service, pause};

use crate::error::{CliError, one_line};
use crate::jobctl::{Checker, Cluster};
use crate::wiring::Surroundings;

/// The variable with the token for the label.
const LABEL_TOKEN: &str = "RELEASE_PAYLOAD_MODIFIER_TOKEN";
/// What the label's token is for.
const LABEL: &str = "the label of release payloads";

/// What a command is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Start runs.
    Starting,
    /// Start runs, read artefacts, label payloads.
    Aggregating,
    /// Change a result file.
    Repairing,
    /// Read result files and post messages.
    Telling,
    /// Read result files.
    Reading,
}

impl Needs {
    /// The variables, in the order in which they are told.
    const fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Starting => &["GITHUB_TOKEN", "APITOKEN"],
            Self::Aggregating => &["GITHUB_TOKEN", "APITOKEN", "GCS_CRED_FILE"],
            Self::Repairing | Self::Reading => &["GITHUB_TOKEN"],
            Self::Telling => &["GITHUB_TOKEN", "SLACK_BOT_TOKEN"],
        }
    }
}

/// The two ports to Slack.
type SlackPorts = Ports<dyn SlackRead, dyn SlackWrite>;

/// The server of the labels, and who we are there.
struct ClusterAccess {
    server: Option<String>,
    /// None where the certificate says it.
    token: Option<SecretSource>,
    tls: Option<ServiceTls>,
}

impl ClusterAccess {
    fn by_token(token: SecretSource) -> Self {
        Self { server: None, token: Some(token), tls: None }
    }
}

impl Surroundings {
    /// Tells everything that is missing in one message. The sandbox needs nothing, and a folder as
    /// state repository needs no token.
    pub(crate) fn check_environment(
        &self,
        needs: Needs,
        cluster: Option<&Cluster>,
    ) -> Result<(), CliError> {
        if self.sandbox.is_some() {
            return Ok(());
        }
        let is_folder = matches!(self.settings.state().location, StateLocation::Directory(_));
        let is_missing = |name: &str| match name {
            "GITHUB_TOKEN" if is_folder => false,
            "GCS_CRED_FILE" => {
                self.environment.get("GCS_CRED_FILE").is_none_or(|path| path.trim().is_empty())
            }
            name => SecretSource::variable(&self.environment, name, "jobctl").read().is_err(),
        };
        let mut missing: Vec<String> = needs
            .variables()
            .iter()
            .filter(|name| is_missing(name))
            .map(|n| (*n).to_owned())
            .collect();
        if needs == Needs::Aggregating
            && let Err(error) = self.cluster(cluster)
        {
            missing.push(match error.class {
                ErrorClass::NotConfigured if self.kubeconfig(cluster).is_none() => {
                    format!("{LABEL_TOKEN} or KUBECONFIG")
                }
                _ => format!("{LABEL_TOKEN} ({})", error.problem),
            });
        }
        if missing.is_empty() {
            return Ok(());
        }
        let message = format!("missing in the environment: {}", missing.join(", "));
        Err(CliError::new(ErrorClass::NotConfigured, message))
    }

    /// The kubeconfig that is to be used, if there is one.
    fn kubeconfig(&self, cluster: Option<&Cluster>) -> Option<PathBuf> {
        let named = cluster.and_then(|cluster| cluster.kubeconfig.clone());
        let set = || {
            let list = self.environment.get("KUBECONFIG")?;
            list.split(':').find(|path| !path.is_empty()).map(PathBuf::from)
        };
        let usual = || {
            let path = PathBuf::from(self.environment.get("HOME")?).join(".kube/config");
            path.is_file().then_some(path)
        };
        named.or_else(set).or_else(usual)
    }

    /// Who we are on the cluster that has the payloads. A service account of another cluster, in
    /// which this program may happen to run, is never used.
    fn cluster(&self, cluster: Option<&Cluster>) -> Reach<ClusterAccess> {
        if self.sandbox.is_some() {
            let token = self.secret(LABEL_TOKEN, LABEL);
            return Ok(ClusterAccess::by_token(token));
        }
        let is_named = cluster.is_some_and(|c| c.kubeconfig.is_some() || c.context.is_some());
        let token = SecretSource::variable(&self.environment, LABEL_TOKEN, LABEL);
        if !is_named && token.read().is_ok() {
            return Ok(ClusterAccess::by_token(token));
        }
        let Some(path) = self.kubeconfig(cluster) else {
            return Err(NotSetUp::new(format!("{LABEL} needs {LABEL_TOKEN} or a kubeconfig")));
        };
        let context = cluster.and_then(|cluster| cluster.context.as_deref());
        let found = Kubeconfig::read(&path, context);
        let found =
            found.map_err(|error| NotSetUp { class: error.class(), problem: one_line(&error) })?;
        let Kubeconfig { server, token, tls } = found;
        Ok(ClusterAccess { server: Some(server), token, tls: Some(tls) })
    }

    /// Everything the commands about tests of builds may use; with `dry_run` its writers only take
    /// notes.
    pub(crate) fn desk(
        &self,
        arch: Arch,
        dry_run: bool,
        cluster: Option<&Cluster>,
    ) -> Result<Desk, CliError> {
        let access = self.cluster(cluster);
        let server = access.as_ref().ok().and_then(|access| access.server.as_deref());
        let mut endpoints = self.settings.endpoints()?;
        if let Some(server) = server {
            endpoints = endpoints.with_configured(Service::KubeCi, server)?;
        }
        let tls = access.as_ref().ok().and_then(|access| access.tls.clone());
        let tls = tls.map(|tls| (Service::KubeCi, tls)).into_iter().collect();
        let http = self.http_with(endpoints, tls);
        let (state, settings) = (self.settings.state(), self.settings.prow());
        let recorder = dry_run.then(Recorder::default);
        let records = self.repository(&http, &state.record_branch)?;
        let records: Arc<dyn StateRepo> = match &recorder {
            Some(recorder) => Arc::new(DryRunRepo::new(records, recorder.clone())),
            None => records,
        };
        let cache = match self.sandbox_folder() {
            Some(folder) => Some(folder.join("cache")),
            None => state.cache_dir,
        };
        Ok(Desk {
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            pause: Arc::new(pause::sleep),
            masker: Arc::clone(&self.masker),
            actor: self.actor(),
            arch,
            records,
            registries: self.repository(&http, &state.registry_branch)?,
            cache,
            releases: Arc::new(HttpReleaseController::new(&http, arch)),
            prow: self.prow(&http, recorder.as_ref()),
            artifacts: None,
            payloads: access.map(|access| payloads(&http, access, recorder.as_ref())),
            s390x_vars: settings.s390x_vars,
            label_rejected: settings.label_rejected,
            deadline: settings.aggregator_deadline,
            halt: Halt::default(),
            links: self.settings.links(),
            recorder,
        })
    }

    /// The checker names repository and branch itself; a folder stays a folder.
    pub(crate) fn checker_desk(&self, options: &Checker) -> Result<(Desk, SlackPorts), CliError> {
        let dry_run = options.dry_run.dry_run;
        let mut desk = self.desk(Arch::Amd64, dry_run, None)?;
        let http = self.http_at(self.settings.endpoints()?);
        desk.records = self.repository_named(&http, &options.repo_name, &options.branch)?;
        let slack = HttpSlack::new(&http, self.secret("SLACK_BOT_TOKEN", "telling the channel"));
        let read: Arc<dyn SlackRead> = Arc::new(slack.clone());
        let write: Arc<dyn SlackWrite> = match &desk.recorder {
            Some(recorder) => Arc::new(DryRunSlack::new(recorder.clone())),
            None => Arc::new(slack),
        };
        Ok((desk, Ports::new(read, write)))
    }
}

fn payloads(
    http: &HttpClient,
    access: ClusterAccess,
    recorder: Option<&Recorder>,
) -> Ports<dyn PayloadRead, dyn PayloadWrite> {
    let kube = match access.token {
        Some(token) => HttpKube::new(http, token),
        None => HttpKube::by_certificate(http),
    };
    let read: Arc<dyn PayloadRead> = Arc::new(kube.clone());
    match recorder {
        Some(recorder) => Ports::new(read, Arc::new(DryRunPayloads::new(recorder.clone()))),
        None => Ports::new(read, Arc::new(kube)),
    }
}
