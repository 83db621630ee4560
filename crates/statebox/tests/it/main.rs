//! The store and the rules from outside.

mod corpus;
mod form;
mod issues;
mod merging;
mod store;

use std::sync::Arc;

use oar_release::clock::{ManualClock, SeededEntropy};
use oar_release::{Masker, ReleaseVersion};
use oar_state_repo::memory::RecordedPause;
use oar_state_repo::{Actor, MemoryRepo, StateRepo};
use oar_statebox::{InitialState, StateBoxStore, Who, path_of};

/// A store over a repository in memory, with everything it uses in reach of the test.
struct Desk {
    repo: Arc<MemoryRepo>,
    clock: Arc<ManualClock>,
    pause: Arc<RecordedPause>,
    store: StateBoxStore,
}

impl Desk {
    fn new() -> Self {
        Self::with_secrets(Vec::new())
    }

    fn with_secrets(secrets: Vec<String>) -> Self {
        let repo = Arc::new(MemoryRepo::new());
        let start = "2026-03-01T10:00:00Z".parse().expect("a time");
        let clock = Arc::new(ManualClock::new(start));
        let pause = Arc::new(RecordedPause::default());
        let store = StateBoxStore::new(
            Arc::clone(&repo) as Arc<dyn StateRepo>,
            Arc::clone(&clock) as _,
            Arc::new(SeededEntropy::new(1)),
            Arc::clone(&pause) as _,
            Arc::new(Masker::new(secrets)),
        );
        Self { repo, clock, pause, store }
    }

    /// A desk with the release's StateBox, made without counting as a commit.
    fn begun() -> Self {
        let desk = Self::new();
        desk.repo.put(
            &path(),
            &initial().state("2026-03-01T09:00:00Z".parse().expect("a time")).render(),
        );
        desk
    }

    fn text(&self) -> String {
        self.repo.text(&path()).expect("the file is there")
    }

    fn set(&self, time: &str) {
        self.clock.set(format!("2026-03-01T{time}Z").parse().expect("a time"));
    }
}

fn release() -> ReleaseVersion {
    "4.99.3".parse().expect("a version")
}

fn path() -> String {
    path_of(&release())
}

fn initial() -> InitialState {
    InitialState {
        release: release(),
        jira_ticket: Some("ART-10001".to_owned()),
        advisory_ids: vec![("rpm".to_owned(), 900_001), ("rhcos".to_owned(), 900_002)],
        release_date: "2026-Mar-10".parse().expect("a date"),
        candidate_builds: Vec::new(),
        shipment_mr: None,
    }
}

fn who() -> Who {
    Who { actor: Actor::Person("lead".to_owned()), command: "update-task".to_owned(), intent: None }
}
