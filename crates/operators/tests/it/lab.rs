//! A desk whose outside systems are those of the sandbox, with a fault port.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use oar_config::{AppConfig, ReleaseData};
use oar_errata::{
    ElliottError, ErrataRead, ErrataWrite, FindTrackers, HttpErrata, Kerberos, TrackerReport,
};
use oar_gitlab_shipment::{GitLabRead, GitLabWrite, HttpGitLab};
use oar_images::pyxis::HttpPyxis;
use oar_jenkins::{HttpJenkins, JenkinsRead, JenkinsWrite};
use oar_jira::{FieldIds, HttpJira, JiraRead, JiraWrite, Summaries};
use oar_operators::OperatorError;
use oar_operators::context::ReleaseDataSource;
use oar_operators::services::{Jira, Ports};
use oar_prow_jobs::{HttpProw, ProwRead, ProwWrite};
use oar_registry::{AuthFiles, Hosts, HttpRegistry};
use oar_release::{Flow, ReleaseVersion};
use oar_sandbox::Sandbox;
use oar_sandbox::world::World;
use oar_state_repo::memory::RecordedPause;
use oar_statebox::StateBoxStore;
use oar_transport::env::Environment;
use oar_transport::negotiate::FixedToken;
use oar_transport::testing::client_at;
use oar_transport::{Endpoints, Secret, SecretSource};

use crate::desk::Desk;

/// A desk with 4.99.3 begun and promoted, and the world behind it. Jobs run for an hour.
pub struct Lab {
    pub desk: Desk,
    pub sandbox: Sandbox,
}

#[derive(Debug)]
struct Seeded(String);

#[async_trait]
impl ReleaseDataSource for Seeded {
    async fn release(&self, release: &ReleaseVersion) -> Result<Arc<ReleaseData>, OperatorError> {
        Ok(Arc::new(ReleaseData::parse(release, &self.0).map_err(Arc::new)?))
    }
}

fn secret() -> SecretSource {
    Secret::new("sandbox").into()
}

/// elliott that finds nothing.
struct FindsNothing;

#[async_trait]
impl FindTrackers for FindsNothing {
    async fn trackers(&self, _release: &ReleaseVersion, _flow: &Flow) -> TrackerReport {
        TrackerReport::default()
    }

    async fn version(&self) -> Result<String, ElliottError> {
        Ok("elliott of the lab".to_owned())
    }
}

impl Lab {
    pub fn new() -> Self {
        Self::of("openshift-4.99")
    }

    /// The same with the build data of another branch; its release has no StateBox yet.
    pub fn of(branch: &str) -> Self {
        let mut world = World::seeded();
        world.promote("4.99.3", "RHSA-2026:9903");
        (world.jenkins.waits, world.jenkins.takes) = (0, 3600);
        (world.prow.page_after, world.prow.ends_after) = (0, 3600);
        let data = world.build_data[branch].clone();
        let sandbox = Sandbox::in_memory(world);
        let config = AppConfig::parse(oar_sandbox::seed::CONFIG.as_bytes()).expect("a config");
        let endpoints = config.configure(Endpoints::default()).expect("endpoints");
        let http = client_at(Arc::new(sandbox.clone()), endpoints);

        let mut desk = Desk::begun();
        let context = &mut desk.context;
        context.build_data = Arc::new(Seeded(data));
        context.clock = sandbox.clock();
        context.boxes = StateBoxStore::new(
            Arc::clone(&context.state),
            Arc::clone(&context.clock),
            Arc::clone(&context.entropy),
            Arc::new(RecordedPause::default()),
            Arc::clone(&context.masker),
        );
        let services = &mut context.services;
        let gitlab = HttpGitLab::new(&http, secret(), []);
        let read: Arc<dyn GitLabRead> = Arc::new(gitlab.clone());
        let write: Arc<dyn GitLabWrite> = Arc::new(gitlab);
        services.gitlab = Ok(Ports::new(read, write));
        let kerberos = Kerberos::new(
            Arc::new(FixedToken(Secret::new("sandbox"))),
            None,
            &Environment::from_map(std::iter::empty::<(&str, &str)>()),
        );
        let errata = HttpErrata::new(&http, kerberos);
        let read: Arc<dyn ErrataRead> = Arc::new(errata.clone());
        let write: Arc<dyn ErrataWrite> = Arc::new(errata);
        services.errata = Ok(Ports::new(read, write));
        let jira = HttpJira::new(&http, secret(), secret(), FieldIds::default());
        let read: Arc<dyn JiraRead> = Arc::new(jira.clone());
        let write: Arc<dyn JiraWrite> = Arc::new(jira);
        let ports = Ports::new(read, write);
        services.jira = Ok(Jira { ports, summaries: Summaries::default() });
        services.trackers = Arc::new(FindsNothing);
        let jenkins = HttpJenkins::new(&http, secret(), secret());
        let read: Arc<dyn JenkinsRead> = Arc::new(jenkins.clone());
        let write: Arc<dyn JenkinsWrite> = Arc::new(jenkins);
        services.jenkins = Ok(Ports::new(read, write));
        let prow = HttpProw::new(&http, secret());
        let read: Arc<dyn ProwRead> = Arc::new(prow.clone());
        let write: Arc<dyn ProwWrite> = Arc::new(prow);
        services.prow = Ok(Ports::new(read, write));
        services.prow_token = Ok(());
        services.pyxis = Ok(Arc::new(HttpPyxis::stage(&http)));
        let nothing = Environment::from_map(std::iter::empty::<(&str, &str)>());
        let files = AuthFiles::new(&nothing, None);
        let hosts = Hosts::new(BTreeMap::new());
        services.registry = Ok(Arc::new(HttpRegistry::new(&http, hosts, files)));
        Self { desk, sandbox }
    }

    /// Lets time pass.
    pub fn later(&self, time: Duration) {
        self.sandbox.change(|world| world.now += time).expect("a change");
    }

    /// Jobs that were started on Prow and on Jenkins, repeated ones too.
    pub fn started(&self) -> usize {
        self.sandbox.world(|world| {
            let of = |service: &&oar_sandbox::world::Effect| {
                matches!(service.service.as_str(), "jenkins" | "gangway" | "prow")
            };
            world.effects.iter().filter(of).count()
        })
    }

    /// The stored entry of `task`.
    pub fn entry(&self, task: &str) -> String {
        let text = self.desk.text();
        let Some(start) = text.find(&format!("- name: {task}\n")) else { return String::new() };
        let rest = &text[start + 2..];
        let end = rest.find("\n- name:").or(rest.find("\nissues:")).unwrap_or(rest.len());
        rest[..end].to_owned()
    }
}
