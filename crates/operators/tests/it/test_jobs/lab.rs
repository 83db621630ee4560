//! A desk in the model of the world, and short words for what a test puts there and finds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use oar_github::{GitHubRepo, HttpGitHub};
use oar_kube::HttpKube;
use oar_operators::services::Ports;
use oar_operators::test_jobs::aggregator::{self, AggregatorReport};
use oar_operators::test_jobs::{Desk, Halt};
use oar_prow_jobs::{
    GcsAccess, HttpGcs, HttpProw, HttpReleaseController, MockRunArtifacts, RunArtifacts,
};
use oar_release::clock::SeededEntropy;
use oar_release::{Arch, Links, Masker};
use oar_sandbox::Sandbox;
use oar_sandbox::prow::Run;
use oar_sandbox::seed::STATE_REPO;
use oar_sandbox::world::World;
use oar_state_repo::memory::RecordedPause;
use oar_state_repo::{Actor, StateRepo};
use oar_transport::testing::client;
use oar_transport::{HttpClient, Secret};
use serde_json::{Value, json};

pub use oar_sandbox::seed::NIGHTLY;

/// The page of runs that were put there by hand.
pub const PAGE: &str = "https://prow.ci.openshift.org/view/gs/test-platform-results/logs";

pub struct Lab {
    pub sandbox: Sandbox,
    pub desk: Desk,
    http: HttpClient,
}

/// The desk of one more program in the same world; `seed` makes its random ids its own.
pub fn desk(sandbox: &Sandbox, http: &HttpClient, seed: u64, arch: Arch) -> Desk {
    let token = || Secret::new("a-token").into();
    let repo = |branch: &str| -> Arc<dyn StateRepo> {
        let name = STATE_REPO.parse().expect("a name");
        Arc::new(GitHubRepo::new(HttpGitHub::new(http, token()), name, branch))
    };
    let prow = Arc::new(HttpProw::new(http, token()));
    let kube = Arc::new(HttpKube::new(http, token()));
    Desk {
        clock: sandbox.clock(),
        entropy: Arc::new(SeededEntropy::new(seed)),
        pause: Arc::new(RecordedPause::default()),
        masker: Arc::new(Masker::default()),
        actor: Actor::Timer("tester".to_owned()),
        arch,
        records: repo("record"),
        registries: repo("main"),
        cache: None,
        releases: Arc::new(HttpReleaseController::new(http, arch)),
        prow: Ports::new(Arc::clone(&prow) as _, prow as _),
        artifacts: None,
        payloads: Ok(Ports::new(Arc::clone(&kube) as _, kube as _)),
        s390x_vars: "RELEASE_IMAGE_S390X_".to_owned(),
        label_rejected: false,
        deadline: Duration::from_mins(15),
        halt: Halt::default(),
        links: Links::default(),
        recorder: None,
    }
}

/// The full name of an e2e job.
pub fn job(name: &str) -> String {
    format!("periodic-ci-example-tests-release-4.99-{name}")
}

pub fn result_path(build: &str) -> String {
    format!("_releases/ocp-test-result-{build}-amd64.json")
}

impl Lab {
    /// The seeded world with one nightly that is accepted, and its payload.
    pub fn new() -> Self {
        let mut world = World::seeded();
        world.kube.add_payload("ocp", "4.99.2");
        let sandbox = Sandbox::in_memory(world);
        let http = client(Arc::new(sandbox.clone()));
        let desk = desk(&sandbox, &http, 1, Arch::Amd64);
        Self { sandbox, desk, http }
    }

    /// One more program.
    pub fn another(&self, seed: u64) -> Desk {
        desk(&self.sandbox, &self.http, seed, Arch::Amd64)
    }

    pub fn change(&self, change: impl FnOnce(&mut World)) {
        self.sandbox.change(change).expect("a world in memory");
    }

    pub fn later(&self, hours: i64) {
        self.change(|world| world.now += SignedDuration::from_hours(hours));
    }

    pub fn put(&self, branch: &str, path: &str, content: &Value) {
        let text = oar_prow_jobs::json_text(content);
        self.change(|world| world.github.foreign_write(branch, path, &text));
    }

    /// A registry for 4.99: nightly jobs as given.
    pub fn registry(&self, jobs: &[Value]) {
        let content = json!({ "nightly": jobs, "stable": jobs });
        self.put("main", "_releases/ocp-4.99-test-jobs-amd64.json", &content);
        let names = jobs.iter().filter_map(|job| job["prowJob"].as_str()).map(str::to_owned);
        let names: Vec<String> = names.collect();
        self.change(|world| world.prow.jobs.extend(names));
    }

    /// A registry of required e2e jobs.
    pub fn registry_of(&self, names: &[&str]) {
        let jobs: Vec<Value> = names.iter().map(|name| json!({ "prowJob": job(name) })).collect();
        self.registry(&jobs);
    }

    /// A result file of the nightly.
    pub fn result(&self, result: &[Value]) {
        self.result_of(NIGHTLY, result);
    }

    pub fn result_of(&self, build: &str, result: &[Value]) {
        let content = json!({ "result": result, "build": build_of(build) });
        self.put("record", &result_path(build), &content);
    }

    pub fn text(&self, path: &str) -> Option<String> {
        self.sandbox.world(|world| world.github.branch_file("record", path))
    }

    /// The nightly's file.
    pub fn file(&self) -> Value {
        self.file_of(NIGHTLY)
    }

    pub fn file_of(&self, build: &str) -> Value {
        let text = self.text(&result_path(build)).expect("the file is there");
        serde_json::from_str(&text).expect("JSON")
    }

    pub fn has_file(&self, build: &str) -> bool {
        self.text(&result_path(build)).is_some()
    }

    /// Commits on the branch of records.
    pub fn commits(&self) -> usize {
        self.sandbox.world(|world| world.github.log("record").len())
    }

    pub fn count(&self, service: &str, action: &str) -> usize {
        self.sandbox.world(|world| world.count(service, action))
    }

    /// Runs that Gangway started.
    pub fn starts(&self) -> usize {
        assert_eq!(self.count("prow", "start-again"), 0, "one attempt, one run");
        self.count("prow", "start")
    }

    pub fn label(&self) -> Option<String> {
        self.sandbox.world(|world| world.kube.label("ocp", NIGHTLY).map(str::to_owned))
    }

    /// A run that Deck shows, started an hour ago.
    pub fn run(&self, job: &str, id: &str, state: &str) {
        let (job, id, state) = (job.to_owned(), id.to_owned(), state.to_owned());
        self.change(|world| {
            let started = world.now - SignedDuration::from_hours(1);
            let run = Run {
                job,
                build_id: format!("21{:017}", world.prow.runs.len() + 500),
                started,
                page_at: started,
                ends_at: world.now,
                ends_as: "success".to_owned(),
                forced: Some(state),
                env: BTreeMap::new(),
                annotations: BTreeMap::new(),
                forgotten: false,
            };
            world.prow.runs.insert(id, run);
        });
    }

    /// All runs of a job get this state.
    pub fn force(&self, job: &str, state: &str) {
        self.change(|world| {
            let runs = world.prow.runs.values_mut().filter(|run| run.job == job);
            runs.for_each(|run| run.forced = Some(state.to_owned()));
        });
    }

    pub fn add_tag(&self, stream: &str, name: &str) {
        self.change(|world| {
            let stream = world.releases.streams.entry(stream.to_owned()).or_default();
            stream.insert(name.to_owned(), "Accepted".to_owned());
        });
    }

    pub async fn aggregate(&self) -> AggregatorReport {
        aggregator::run(&self.desk).await.expect("a report")
    }

    /// With the storage of the model of the world.
    pub fn with_storage(mut self) -> Self {
        let access = GcsAccess::Token(Secret::new("a-token").into());
        self.desk.artifacts = Some(Arc::new(HttpGcs::new(&self.http, access)));
        self
    }

    /// Puts an object into the storage, compressed as Prow does.
    pub fn object(&self, path: &str, text: &str) {
        self.change(|world| world.prow.objects.put_gzip(path, text));
    }

    pub fn with_artifacts(mut self, artifacts: MockRunArtifacts) -> Self {
        self.desk.artifacts = Some(Arc::new(artifacts) as Arc<dyn RunArtifacts>);
        self
    }

    /// A time of the world, as result files write it.
    pub fn ago(&self, hours: i64) -> String {
        let at = self.desk.clock.now() - SignedDuration::from_hours(hours);
        oar_release::time::stamp(at)
    }
}

pub fn build_of(name: &str) -> Value {
    json!({ "name": name, "phase": "Accepted", "downloadURL": "",
            "pullSpec": format!("registry.ci.openshift.org/ocp/release:{name}") })
}

/// A stored run that has ended, an hour before the world begins.
pub fn ended(id: &str, state: &str) -> Value {
    json!({ "jobStartTime": "2026-03-02T06:30:00Z", "jobID": id, "jobURL": format!("{PAGE}/x/1"),
            "jobState": state, "jobCompletionTime": "2026-03-02T08:00:00Z" })
}

/// An entry with one run.
pub fn entry(name: &str, first: impl Into<Value>) -> Value {
    json!({ "jobName": job(name), "firstJob": first.into() })
}

/// An entry with retries.
pub fn retried(name: &str, first: impl Into<Value>, retries: &[Value]) -> Value {
    json!({ "jobName": job(name), "firstJob": first.into(), "retriedJobs": retries })
}
