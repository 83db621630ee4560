//! The table of faults, against this client's reads and writes.

use oar_jira::adf::{Adf, Inline};
use oar_jira::{JiraRead as _, JiraWrite as _, Move, NewComment};
use oar_transport::testing::Step;
use oar_transport::testing::faults::{Subject, check_read, check_write};
use oar_transport::{HttpClient, Service};
use serde_json::json;

use crate::fake::{jira_over, me, nothing, writes};

#[tokio::test(start_paused = true)]
async fn the_account_is_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        jira_over(&http).myself().await.map(drop).map_err(|error| error.class())
    };
    check_read(&Subject::new(Service::Jira, Step::json(&me()), call)).await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_by_post_is_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        let read = jira_over(&http).status_history(&["1".to_owned()]).await;
        read.map(drop).map_err(|error| error.class())
    };
    let good = Step::json(&json!({ "issueChangeLogs": [] }));
    check_read(&Subject::new(Service::Jira, good, call)).await;
}

#[tokio::test(start_paused = true)]
async fn no_fault_comments_twice() {
    let call = |http: HttpClient| async move {
        let comment = NewComment::new(Adf::new().paragraph([Inline::text("x")]), "i");
        let done = jira_over(&http).comment(&"A-1".parse().unwrap(), &comment).await;
        done.map(drop).map_err(|error| error.class())
    };
    let good = Step::json(&json!({ "id": "1" }));
    check_write(&Subject { writes, ..Subject::new(Service::Jira, good, call) }).await;
}

#[tokio::test(start_paused = true)]
async fn no_fault_moves_twice() {
    let call = |http: HttpClient| async move {
        let step =
            Move { transition: "1".to_owned(), target: "Closed".to_owned(), resolution: None };
        let done = jira_over(&http).transition(&"A-1".parse().unwrap(), &step).await;
        done.map_err(|error| error.class())
    };
    check_write(&Subject { writes, ..Subject::new(Service::Jira, nothing(), call) }).await;
}
