//! Builds the clients of the outside systems. A missing secret is kept as the reason why a system
//! cannot be used; with a dry run the writing ports are recorders.

use std::path::PathBuf;
use std::sync::Arc;

use oar_config::AppConfig;
use oar_errata::{
    Elliott, ElliottConfig, ErrataRead, ErrataWrite, FindTrackers, HttpBrew, HttpErrata, Kerberos,
    LocalProcesses,
};
use oar_gitlab_shipment::{GitLabRead, GitLabWrite, HttpGitLab};
use oar_images::payload::HttpAdvisoryPages;
use oar_images::pyxis::HttpPyxis;
use oar_images::signature::{HttpSignatureStores, KeysError, TrustedKeys};
use oar_jenkins::{HttpJenkins, JenkinsRead, JenkinsWrite};
use oar_jira::{FieldIds, HttpJira, JiraRead, JiraWrite, Summaries};
use oar_ldap::{DirectoryRead, LdapDirectory};
use oar_operators::dry_run::{
    DryRunErrata, DryRunGitLab, DryRunJenkins, DryRunJira, DryRunProw, Recorder,
};
use oar_operators::services::{Jira, NotSetUp, Ports, Reach, Services, Signatures};
use oar_prow_jobs::{HttpProw, JobNameIn, ProwRead, ProwWrite};
use oar_registry::{AuthFiles, Hosts, HttpRegistry, RegistryRead};
use oar_release::ErrorClass;
use oar_transport::file::read_at_most;
use oar_transport::negotiate::{FixedToken, Gssapi, NegotiateTokens};
use oar_transport::{HttpClient, Secret, SecretSource};

use crate::error::one_line;
use crate::stand_in::{SandboxDirectory, SandboxTrackers};
use crate::wiring::Surroundings;

impl Surroundings {
    /// All systems that tasks work with. No I/O beyond reading secrets of this machine.
    pub(crate) fn services(
        &self,
        http: &HttpClient,
        config: Option<&AppConfig>,
        recorder: Option<&Recorder>,
    ) -> Services {
        Services {
            errata: Ok(self.errata(http, recorder)),
            brew: Ok(Arc::new(HttpBrew::new(http, self.kerberos()))),
            jira: self.jira(http, recorder),
            gitlab: self.gitlab(http, recorder),
            directory: self.directory(config),
            trackers: self.trackers(),
            jenkins: self.jenkins(http, recorder),
            prow: Ok(self.prow(http, recorder)),
            prow_token: self.needed("APITOKEN", "starting Prow jobs").map(drop),
            pyxis: Ok(Arc::new(HttpPyxis::stage(http))),
            registry: Ok(self.registry(http)),
            pages: Ok(Arc::new(HttpAdvisoryPages::new(http, self.settings.approval().page_hosts))),
            signatures: self.signatures(http, &[], &[]),
        }
    }

    /// The secret `name`, which must be there.
    pub(crate) fn needed(&self, name: &str, purpose: &str) -> Reach<SecretSource> {
        let source = self.secret(name, purpose);
        match source.read() {
            Ok(_) => Ok(source),
            Err(error) => Err(NotSetUp { class: error.class(), problem: one_line(&error) }),
        }
    }

    fn kerberos(&self) -> Kerberos {
        let tokens: Arc<dyn NegotiateTokens> = match &self.sandbox {
            Some(_) => Arc::new(FixedToken(Secret::new(oar_sandbox::CREDENTIAL))),
            None => Arc::new(Gssapi::new()),
        };
        let hosts = self.settings.errata().kerberos_hosts;
        Kerberos::new(tokens, hosts, &self.environment)
    }

    fn errata(
        &self,
        http: &HttpClient,
        recorder: Option<&Recorder>,
    ) -> Ports<dyn ErrataRead, dyn ErrataWrite> {
        let errata = HttpErrata::new(http, self.kerberos());
        let read: Arc<dyn ErrataRead> = Arc::new(errata.clone());
        let write: Arc<dyn ErrataWrite> = match recorder {
            Some(recorder) => Arc::new(DryRunErrata::new(Arc::clone(&read), recorder.clone())),
            None => Arc::new(errata),
        };
        Ports::new(read, write)
    }

    pub(crate) fn jira(&self, http: &HttpClient, recorder: Option<&Recorder>) -> Reach<Jira> {
        let user = self.needed("JIRA_USERNAME", "Jira")?;
        let token = self.needed("JIRA_TOKEN", "Jira")?;
        let settings = self.settings.jira();
        let fields = FieldIds::with_overrides(&settings.fields)
            .map_err(|error| NotSetUp { class: error.class(), problem: one_line(&error) })?;
        let summaries = match settings.qe_subtask_summaries {
            none if none.is_empty() => Summaries::default(),
            given => Summaries(given),
        };
        let jira = HttpJira::new(http, user, token, fields);
        let read: Arc<dyn JiraRead> = Arc::new(jira.clone());
        let write: Arc<dyn JiraWrite> = match recorder {
            Some(recorder) => Arc::new(DryRunJira::new(recorder.clone())),
            None => Arc::new(jira),
        };
        Ok(Jira { ports: Ports::new(read, write), summaries })
    }

    fn gitlab(
        &self,
        http: &HttpClient,
        recorder: Option<&Recorder>,
    ) -> Reach<Ports<dyn GitLabRead, dyn GitLabWrite>> {
        let token = self.needed("GITLAB_TOKEN", "the shipment merge request")?;
        let gitlab = HttpGitLab::new(http, token, self.settings.gitlab().advisory_hosts);
        let read: Arc<dyn GitLabRead> = Arc::new(gitlab.clone());
        let write: Arc<dyn GitLabWrite> = match recorder {
            Some(recorder) => Arc::new(DryRunGitLab::new(recorder.clone())),
            None => Arc::new(gitlab),
        };
        Ok(Ports::new(read, write))
    }

    pub(crate) fn directory(&self, config: Option<&AppConfig>) -> Reach<Arc<dyn DirectoryRead>> {
        if let Some(sandbox) = &self.sandbox {
            return Ok(Arc::new(SandboxDirectory(sandbox.clone())));
        }
        let bad = |problem: String| NotSetUp { class: ErrorClass::InvalidArgument, problem };
        let endpoints = self.settings.endpoints().map_err(|error| bad(one_line(&error)))?;
        let endpoints = match config {
            Some(config) => config.configure(endpoints).map_err(|error| bad(one_line(&error)))?,
            None => endpoints,
        };
        let network = self.settings.network(&self.environment, &endpoints);
        Ok(Arc::new(LdapDirectory::new(&endpoints, &network)))
    }

    /// elliott; the sandbox answers in its place unless a program is named.
    fn trackers(&self) -> Arc<dyn FindTrackers> {
        let settings = self.settings.elliott();
        match &self.sandbox {
            Some(sandbox) if self.environment.get("OAR_ELLIOTT").is_none() => {
                Arc::new(SandboxTrackers(sandbox.clone()))
            }
            _ => {
                let config = ElliottConfig {
                    program: settings.path,
                    data_path: settings.data_path,
                    timeout: settings.timeout,
                };
                let environment = self.environment.clone();
                let masker = Arc::clone(&self.masker);
                Arc::new(Elliott::new(config, environment, Arc::new(LocalProcesses), masker))
            }
        }
    }

    fn jenkins(
        &self,
        http: &HttpClient,
        recorder: Option<&Recorder>,
    ) -> Reach<Ports<dyn JenkinsRead, dyn JenkinsWrite>> {
        let user = self.needed("JENKINS_USER", "the stage tests on Jenkins")?;
        let token = self.needed("JENKINS_TOKEN", "the stage tests on Jenkins")?;
        let mut jenkins = HttpJenkins::new(http, user, token);
        if let Some(text) = self.environment.get("JENKINS_API_EXTRA_HEADERS") {
            let extra = text.parse().map_err(|error: oar_jenkins::BadHeader| NotSetUp {
                class: ErrorClass::InvalidArgument,
                problem: error.to_string(),
            })?;
            jenkins = jenkins.extra_headers(extra);
        }
        let read: Arc<dyn JenkinsRead> = Arc::new(jenkins.clone());
        let write: Arc<dyn JenkinsWrite> = match recorder {
            Some(recorder) => Arc::new(DryRunJenkins::new(recorder.clone())),
            None => Arc::new(jenkins),
        };
        Ok(Ports::new(read, write))
    }

    /// Reading runs needs no token, so a missing one is told by the call that starts a run.
    pub(crate) fn prow(
        &self,
        http: &HttpClient,
        recorder: Option<&Recorder>,
    ) -> Ports<dyn ProwRead, dyn ProwWrite> {
        let in_path = self.settings.prow().job_name_in_path;
        let name_in = if in_path { JobNameIn::Path } else { JobNameIn::Body };
        let token = self.secret("APITOKEN", "starting Prow jobs");
        let prow = HttpProw::new(http, token).job_name_in(name_in);
        let read: Arc<dyn ProwRead> = Arc::new(prow.clone());
        match recorder {
            Some(recorder) => {
                let dry = Arc::new(DryRunProw::new(read, recorder.clone()));
                Ports::new(Arc::clone(&dry) as Arc<dyn ProwRead>, dry as Arc<dyn ProwWrite>)
            }
            None => Ports::new(read, Arc::new(prow)),
        }
    }

    fn registry(&self, http: &HttpClient) -> Arc<dyn RegistryRead> {
        let settings = self.settings.registry();
        let hosts = Hosts::new(settings.hosts);
        let files = AuthFiles::new(&self.environment, settings.config);
        Arc::new(HttpRegistry::new(http, hosts, files))
    }

    /// The stores of signatures and the trusted keys: those `given`, else those of the settings, else
    /// the official ones; the sandbox has a key of its own (spec 03 §12.3, §12.5).
    pub(crate) fn signatures(
        &self,
        http: &HttpClient,
        given_keys: &[PathBuf],
        given_stores: &[String],
    ) -> Reach<Signatures> {
        let settings = self.settings.signature();
        let stores = if given_stores.is_empty() { settings.stores } else { given_stores.to_vec() };
        let files = if given_keys.is_empty() { settings.keys } else { given_keys.to_vec() };
        let keys = match &self.sandbox {
            _ if !files.is_empty() => key_files(&files)?,
            Some(_) => {
                let key = oar_sandbox::signatures::public_key();
                usable(TrustedKeys::read(&[("the sandbox", &key)]))?
            }
            None => usable(TrustedKeys::built_in())?,
        };
        let stores = Arc::new(HttpSignatureStores::new(http, stores));
        Ok(Signatures { stores, keys })
    }
}

fn usable(keys: Result<TrustedKeys, KeysError>) -> Reach<TrustedKeys> {
    keys.map_err(|error| NotSetUp { class: error.class(), problem: one_line(&error) })
}

/// Longest file of keys, bytes.
const LONGEST_KEYS: u64 = 1 << 20;

/// The keys in files of this machine. A file that cannot be used is no reason to trust other keys.
fn key_files(files: &[PathBuf]) -> Reach<TrustedKeys> {
    let mut contents = Vec::new();
    for file in files {
        let name = file.display().to_string();
        let content = read_at_most(file, LONGEST_KEYS).map_err(|error| {
            NotSetUp::new(format!("the public keys in {name} cannot be read: {error}"))
        })?;
        contents.push((name, content));
    }
    let files: Vec<(&str, &[u8])> =
        contents.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    usable(TrustedKeys::read(&files))
}
