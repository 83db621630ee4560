//! Writers inside this process: the local adapter, and the fake GitHub with faults.

use std::sync::Arc;

use oar_release::clock::{SystemClock, SystemEntropy};
use oar_release::{Masker, ReleaseVersion};
use oar_state_repo::{Actor, LocalRepo, StateRepo};
use oar_statebox::{NewIssue, StateBoxError, StateBoxStore, Who};

/// A runtime as the programs use it.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A store over the folder `folder`.
pub fn local(folder: &str) -> StateBoxStore {
    over(Arc::new(LocalRepo::new(folder)))
}

/// A store over `repo`.
pub fn over(repo: Arc<dyn StateRepo>) -> StateBoxStore {
    StateBoxStore::new(
        repo,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        Arc::new(oar_transport::pause::sleep),
        Arc::new(Masker::default()),
    )
}

/// The author of a test's changes.
pub fn who() -> Who {
    let actor = Actor::Person("tester".to_owned());
    Who { actor, command: "issue add".to_owned(), intent: None }
}

/// Adds a remark that blocks nothing.
pub async fn remark(
    store: &StateBoxStore,
    release: &ReleaseVersion,
    text: &str,
) -> Result<(), StateBoxError> {
    let issue =
        NewIssue { text: text.to_owned(), blocker: false, related_tasks: Vec::new(), source: None };
    store.add_issue(release, &issue, &who()).await.map(drop)
}
