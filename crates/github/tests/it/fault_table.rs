//! The table of faults, against this client's reads and writes.

use oar_state_repo::StateRepo as _;
use oar_transport::testing::Step;
use oar_transport::testing::faults::{Subject, check_read, check_write};
use oar_transport::{HttpClient, Service};
use serde_json::json;

use crate::fake::{FILE, contents, holding, path, repo_over, save};

#[tokio::test(start_paused = true)]
async fn a_file_is_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        repo_over(&http).read(&path(FILE)).await.map(drop).map_err(|error| error.class())
    };
    check_read(&Subject::new(Service::GithubApi, Step::json(&contents(b"x")), call)).await;
}

#[tokio::test(start_paused = true)]
async fn a_query_is_made_through_every_fault() {
    let good = Step::json(&json!({ "data": { "repository": { "f0": null } } }));
    let call = |http: HttpClient| async move {
        let read = repo_over(&http).read_many(&[path(FILE)]).await;
        read.map(drop).map_err(|error| error.class())
    };
    check_read(&Subject::new(Service::GithubApi, good, call)).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_is_never_written_twice() {
    let good = Step::json(&json!({ "content": { "sha": "1" } }));
    let call = |http: HttpClient| async move {
        let saved = repo_over(&http).commit(&save("new\n", holding("old\n"))).await;
        saved.map(drop).map_err(|error| error.class())
    };
    check_write(&Subject::new(Service::GithubApi, good, call)).await;
}
