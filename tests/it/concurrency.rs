//! No lost update: many processes change one file at once (promise P1).

use std::process::{Child, Command};

use oar_release::ReleaseVersion;

use crate::harness::Place;

const PROCESSES: usize = 8;
const UPDATES: usize = 200;
const FOLDER: &str = "OAR_TEST_WORKER_FOLDER";
const NUMBER: &str = "OAR_TEST_WORKER_NUMBER";

#[test]
fn eight_processes_lose_none_of_1600_updates_to_one_file() {
    let place = Place::new();
    let folder = place.path("repo");
    std::fs::create_dir(&folder).expect("a folder");
    let repo = folder.display().to_string();
    place
        .sandboxed("oar", &["--state-repo", &repo, "-r", "4.99.3", "create-test-report"])
        .expect(0);

    let workers: Vec<Child> = (0..PROCESSES).map(|number| spawn_worker(&repo, number)).collect();
    for mut worker in workers {
        assert!(worker.wait().expect("a worker's end").success());
    }

    let list = ["--state-repo", &repo, "-r", "4.99.3", "issue", "list", "--json"];
    let listed = place.run("oar", &list).expect(0).json();
    let mut texts: Vec<String> = listed["issues"]
        .as_array()
        .expect("issues")
        .iter()
        .map(|issue| issue["issue"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(texts.len(), PROCESSES * UPDATES);
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), PROCESSES * UPDATES, "an update is there twice");
}

/// Starts this test binary again as one of the writers.
#[expect(clippy::disallowed_methods, reason = "the test needs real processes")]
fn spawn_worker(repo: &str, number: usize) -> Child {
    Command::new(std::env::current_exe().expect("this test's path"))
        .args(["--exact", "concurrency::worker", "--quiet"])
        .env(FOLDER, repo)
        .env(NUMBER, number.to_string())
        .spawn()
        .expect("a worker")
}

/// One writer; does nothing unless it was started by the test above.
#[test]
#[expect(clippy::disallowed_methods, reason = "the worker's orders come in variables")]
fn worker() {
    let (Ok(folder), Ok(number)) = (std::env::var(FOLDER), std::env::var(NUMBER)) else { return };
    let release: ReleaseVersion = "4.99.3".parse().expect("a release");
    let runtime = crate::store::runtime();
    let store = crate::store::local(&folder);
    runtime.block_on(async {
        for update in 0..UPDATES {
            let text = format!("remark {update} of writer {number}");
            crate::store::remark(&store, &release, &text).await.expect("the remark is stored");
        }
    });
}
