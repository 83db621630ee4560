//! From options to a [`Context`]: settings, clients, clock. Nothing here does I/O beyond reading
//! files of this machine; a missing secret becomes an error of the command that needs it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use oar_config::settings::StateLocation;
use oar_config::{AppConfig, BuildDataCache, Flags, HttpBuildData, Settings};
use oar_github::{GitHubRepo, HttpGitHub, RepoName};
use oar_operators::Context;
use oar_operators::context::{Approvers, Journals, Messenger, ReleaseDataSource, Room};
use oar_operators::dry_run::{DryRunRepo, DryRunSlack, Recorder};
use oar_prow_jobs::{HttpGcs, HttpReleaseController};
use oar_release::clock::{SystemClock, SystemEntropy};
use oar_release::{Arch, Clock, Entropy, ErrorClass, Masker};
use oar_sandbox::Sandbox;
use oar_sandbox::shared_time::SharedTime;
use oar_sandbox::story::Trouble;
use oar_slack::{HttpSlack, SlackWrite};
use oar_state_repo::{Actor, LocalRepo, StateRepo};
use oar_statebox::StateBoxStore;
use oar_transport::env::Environment;
use oar_transport::journal::MemoryJournal;
use oar_transport::pause;
use oar_transport::real::{ReqwestSend, ServiceTls};
use oar_transport::writes::Writes;
use oar_transport::{Endpoints, HttpClient, HttpSend, Secret, SecretSource, Service};

use crate::error::CliError;
use crate::global::Global;
use crate::progress::Bars;
use crate::sources::{BuildData, KnownPeople, NoBuildData, Spreadsheets};

/// Variables whose values are masked as literals wherever they turn up.
const SECRETS: [&str; 12] = [
    "OAR_JWK",
    "OAR_NEW_JWK",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "JIRA_TOKEN",
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_WEBHOOK_URL",
    "JENKINS_TOKEN",
    "APITOKEN",
    "RELEASE_PAYLOAD_MODIFIER_TOKEN",
    "MODEL_API_KEY",
];

/// The surroundings of one call: settings, environment, and the sandbox when there is one.
#[derive(Debug)]
pub struct Surroundings {
    /// The environment.
    pub environment: Environment,
    /// All settings.
    pub settings: Settings,
    /// The model of the world, with `--sandbox`.
    pub sandbox: Option<Sandbox>,
    /// Hides secrets and addresses.
    pub masker: Arc<Masker>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The options of this call that a program it starts must have too.
    pub globals: Vec<OsString>,
    /// Writes on their way, awaited when the program is told to stop.
    pub writes: Writes,
    /// Where long work is shown on a terminal.
    pub bars: Bars,
    /// The storage of artefacts, once somebody asked for it.
    pub(crate) storage: OnceLock<HttpGcs>,
}

impl Surroundings {
    /// Reads settings and opens the sandbox if it is asked for.
    pub fn new(global: &Global, environment: Environment) -> Result<Self, CliError> {
        let settings = Settings::load(global.settings.as_deref(), &flags(global)?, &environment)?;
        let sandbox = open_sandbox(global, &settings)?;
        let globals = global.as_arguments();
        Ok(Self { globals, ..Self::over(settings, environment, sandbox) })
    }

    /// The same from parts, for programs that bring their own sandbox.
    pub fn over(settings: Settings, environment: Environment, sandbox: Option<Sandbox>) -> Self {
        let clock: Arc<dyn Clock> = match &sandbox {
            Some(sandbox) => sandbox.clock(),
            None => Arc::new(SystemClock),
        };
        let known = |name: &str| SecretSource::variable(&environment, name, "masking").read().ok();
        let mut secrets: Vec<String> =
            SECRETS.iter().filter_map(|name| known(name)).map(|s| s.expose().to_owned()).collect();
        secrets.extend(sandbox.as_ref().map(|_| oar_sandbox::CREDENTIAL.to_owned()));
        let masker = Arc::new(Masker::new(secrets));
        let (entropy, writes) = (Arc::new(SystemEntropy), Writes::default());
        let bars = Bars::of_process(environment.get("TERM").as_deref());
        let (globals, storage) = (Vec::new(), OnceLock::new());
        Self {
            environment,
            settings,
            sandbox,
            masker,
            clock,
            entropy,
            globals,
            writes,
            bars,
            storage,
        }
    }

    /// The decrypted configuration; the sandbox brings its own.
    pub fn config(&self) -> Result<AppConfig, CliError> {
        if self.sandbox.is_some() {
            return Ok(AppConfig::parse(oar_sandbox::seed::CONFIG.as_bytes())?);
        }
        let key = crate::config::key(&self.environment, "OAR_JWK")?;
        let path = crate::config::configured_file(self)?;
        crate::config::read(&path, &key)
    }

    /// Who asks: `OAR_ACTOR` (`agent:name`, `timer:name`, or a person's name), else the login name.
    pub(crate) fn actor(&self) -> Actor {
        let named = self.environment.get("OAR_ACTOR");
        match named.as_deref().and_then(|text| text.split_once(':')) {
            Some(("agent", name)) => Actor::Agent(name.to_owned()),
            Some(("timer", name)) => Actor::Timer(name.to_owned()),
            _ => {
                let login = named
                    .or_else(|| self.environment.get("USER"))
                    .or_else(|| self.environment.get("LOGNAME"));
                Actor::Person(login.unwrap_or_else(|| "unknown".to_owned()))
            }
        }
    }

    /// The HTTP client; `config` moves endpoints as the encrypted configuration says.
    pub fn http(&self, config: Option<&AppConfig>) -> Result<HttpClient, CliError> {
        let mut endpoints = self.settings.endpoints()?;
        if let Some(config) = config {
            endpoints = config.configure(endpoints)?;
        }
        Ok(self.http_at(endpoints))
    }

    /// The HTTP client with these addresses.
    pub(crate) fn http_at(&self, endpoints: Endpoints) -> HttpClient {
        self.http_with(endpoints, BTreeMap::new())
    }

    /// The same, with services that have certificates of their own.
    pub(crate) fn http_with(
        &self,
        endpoints: Endpoints,
        tls: BTreeMap<Service, ServiceTls>,
    ) -> HttpClient {
        let send: Arc<dyn HttpSend> = if let Some(sandbox) = &self.sandbox {
            Arc::new(sandbox.clone())
        } else {
            let mut network = self.settings.network(&self.environment, &endpoints);
            network.tls = tls;
            Arc::new(ReqwestSend::new(network))
        };
        let masker = Masker::clone(&self.masker);
        HttpClient::new(
            self.writes.around(send),
            Arc::clone(&self.clock),
            Arc::clone(&self.entropy),
            endpoints,
            masker,
        )
    }

    /// The secret `name`; in the sandbox any word will do.
    pub fn secret(&self, name: &str, purpose: &str) -> SecretSource {
        if self.sandbox.is_some() {
            return SecretSource::from(Secret::new(oar_sandbox::CREDENTIAL));
        }
        SecretSource::variable(&self.environment, name, purpose)
    }

    /// The state repository's branch `branch`; a folder has one branch only.
    pub(crate) fn repository(
        &self,
        http: &HttpClient,
        branch: &str,
    ) -> Result<Arc<dyn StateRepo>, CliError> {
        let named = match self.settings.state().location {
            StateLocation::Directory(_) => String::new(),
            StateLocation::GitHub { owner, name } => format!("{owner}/{name}"),
        };
        self.repository_named(http, &named, branch)
    }

    /// The same of the repository `named` (`owner/name`), where the state is not in a folder.
    pub(crate) fn repository_named(
        &self,
        http: &HttpClient,
        named: &str,
        branch: &str,
    ) -> Result<Arc<dyn StateRepo>, CliError> {
        match self.settings.state().location {
            StateLocation::Directory(folder) => Ok(Arc::new(LocalRepo::new(folder))),
            StateLocation::GitHub { .. } => {
                let token = self.secret("GITHUB_TOKEN", "the state repository");
                // Named before any work, not at the first request.
                token.read()?;
                let repo: RepoName = named.parse()?;
                Ok(Arc::new(GitHubRepo::new(HttpGitHub::new(http, token), repo, branch)))
            }
        }
    }

    /// Everything a command may use; with `dry_run` its writers only take notes.
    pub fn context(&self, dry_run: bool) -> Result<Context, CliError> {
        let config = self.config();
        let http = self.http(config.as_ref().ok())?;
        let state_settings = self.settings.state();
        let recorder = dry_run.then(Recorder::default);
        let guarded = |repo: Arc<dyn StateRepo>| match &recorder {
            Some(recorder) => Arc::new(DryRunRepo::new(repo, recorder.clone())),
            None => repo,
        };
        let state = guarded(self.repository(&http, &state_settings.branch)?);
        let records = guarded(self.repository(&http, &state_settings.record_branch)?);
        let boxes = StateBoxStore::new(
            Arc::clone(&state),
            Arc::clone(&self.clock),
            Arc::clone(&self.entropy),
            Arc::new(pause::sleep),
            Arc::clone(&self.masker),
        );
        let journals = match (&recorder, self.state_folder()) {
            (None, Some(folder)) => Journals::Folder(folder),
            _ => Journals::Memory(MemoryJournal::new(Arc::clone(&self.clock))),
        };
        let turns = self.state_folder().filter(|_| !dry_run).map(|folder| folder.join("turns"));
        let messenger = self.messenger(&http, config.as_ref(), recorder.as_ref());
        let services = self.services(&http, config.as_ref().ok(), recorder.as_ref());
        let people = KnownPeople(config.as_ref().ok().cloned());
        let build_data: Arc<dyn ReleaseDataSource> = match &config {
            Ok(_) => Arc::new(BuildData(BuildDataCache::new(
                Arc::new(HttpBuildData::new(http.clone())),
                Arc::clone(&self.clock),
            ))),
            Err(error) => Arc::new(NoBuildData(error.one_line())),
        };
        Ok(Context {
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            masker: Arc::clone(&self.masker),
            actor: self.actor(),
            state,
            records,
            boxes,
            build_data,
            releases: Arc::new(HttpReleaseController::new(&http, Arch::Amd64)),
            messenger,
            people: Arc::new(people),
            legacy_reports: Arc::new(self.legacy_reports(http, config.ok())),
            journals,
            turns,
            services,
            progress: self.bars.progress(Arc::clone(&self.clock)),
            approval: self.approval(),
            links: self.settings.links(),
            recorder,
        })
    }

    /// Where state of this machine is kept; that of the sandbox lives beside its world, never beside
    /// real state.
    pub(crate) fn state_folder(&self) -> Option<PathBuf> {
        let of_sandbox = self.sandbox.as_ref().and_then(Sandbox::folder);
        of_sandbox.or_else(|| self.settings.state().dir)
    }

    /// Journals of the sandbox live beside its world, never beside real ones.
    pub(crate) fn sandbox_folder(&self) -> Option<PathBuf> {
        self.sandbox.as_ref()?.folder()
    }

    /// The sandbox has no spreadsheets, and a key of the real ones is not for it.
    fn legacy_reports(&self, http: HttpClient, config: Option<AppConfig>) -> Spreadsheets {
        let key_file = self.environment.get("GCP_SA_FILE").map(PathBuf::from);
        let key_file = key_file.filter(|_| self.sandbox.is_none());
        Spreadsheets { http, config, key_file }
    }

    fn messenger(
        &self,
        http: &HttpClient,
        config: Result<&AppConfig, &CliError>,
        recorder: Option<&Recorder>,
    ) -> Result<Messenger, String> {
        let config = config.map_err(CliError::one_line)?;
        let token = self.secret("SLACK_BOT_TOKEN", "telling the release leads");
        token.read().map_err(|error| error.to_string())?;
        let release_channel =
            config.slack_channel("qe-release").map_err(|error| error.to_string())?.to_owned();
        let slack = HttpSlack::new(http, token);
        let write: Arc<dyn SlackWrite> = match recorder {
            Some(recorder) => Arc::new(DryRunSlack::new(recorder.clone())),
            None => Arc::new(slack.clone()),
        };
        let art = config.slack_channel("art").map_err(|error| error.to_string());
        let art = art.map(|channel| Room {
            channel: channel.to_owned(),
            group: config.slack_group("art").ok().map(str::to_owned),
        });
        let forum = config.slack_channel("qe-forum").map(str::to_owned);
        let forum = forum.map_err(|error| error.to_string());
        let words = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
        let approvers = config.slack_channel("approver").map_err(|error| error.to_string());
        let approvers = approvers.map(|channel| Approvers {
            channel: channel.to_owned(),
            docs: config.documentation_approvers().ok().map(str::to_owned),
            prodsec: config.security_approvers().map(words).unwrap_or_default(),
        });
        let read = Arc::new(slack);
        Ok(Messenger { read, write, release_channel, art, forum, approvers })
    }
}

/// Flags that are settings.
fn flags(global: &Global) -> Result<Flags, CliError> {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let mut flags = Flags::default()
        .with("state.repo", global.state_repo.as_deref())
        .with("config.file", path(&global.config_file))
        .with("transport.ca_bundle", path(&global.ca_file));
    for endpoint in &global.endpoint {
        let (service, base) = endpoint.split_once('=').ok_or_else(|| {
            CliError::new(
                ErrorClass::InvalidArgument,
                format!("--endpoint {endpoint:?} must be SERVICE=URL, such as slack=http://127.0.0.1:8080"),
            )
        })?;
        flags = flags.with(&format!("endpoints.{service}"), Some(base));
    }
    Ok(flags)
}

fn open_sandbox(global: &Global, settings: &Settings) -> Result<Option<Sandbox>, CliError> {
    let folder = match &global.sandbox {
        None => return Ok(None),
        Some(Some(folder)) => folder.clone(),
        Some(None) => settings.state().dir.map(|dir| dir.join("sandbox")).ok_or_else(|| {
            CliError::new(ErrorClass::NotConfigured, "there is no state folder for the sandbox")
                .hint("set OAR_STATE_DIR, or name a folder: --sandbox=FOLDER")
        })?,
    };
    let failed = |error| CliError::from_error(ErrorClass::NotConfigured, &error);
    let sandbox = Sandbox::in_folder(&folder).map_err(failed)?;
    if let Some(speed) = global.sandbox_speed {
        begin_story(&sandbox, &global.sandbox_trouble, &folder)?;
        pause::wait_by(SharedTime::of(&sandbox, speed).map_err(failed)?);
    }
    Ok(Some(sandbox))
}

/// Begins the story of the sandbox's release, unless it has begun.
fn begin_story(sandbox: &Sandbox, troubles: &[Trouble], folder: &Path) -> Result<(), CliError> {
    let begun = sandbox.change(|world| match &world.story {
        Some(story) => match troubles.iter().find(|trouble| !story.has(**trouble)) {
            Some(missing) => Err(format!("has begun without {missing}")),
            None => Ok(()),
        },
        None if !world.effects.is_empty() => {
            Err("cannot begin: the world is used, and a story begins in a fresh one".to_owned())
        }
        None => {
            world.begin_story(oar_sandbox::seed::KONFLUX_RELEASE, troubles);
            Ok(())
        }
    });
    let begun = begun.map_err(|error| CliError::from_error(ErrorClass::NotConfigured, &error))?;
    begun.map_err(|problem| {
        CliError::usage(format!("the story in {} {problem}", folder.display()))
            .hint("remove that folder, or name another one")
    })
}
