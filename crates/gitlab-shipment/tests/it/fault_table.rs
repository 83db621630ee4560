//! The table of faults, against this client's reads and writes.

use oar_gitlab_shipment::{GitLabRead as _, GitLabWrite as _, NoteKind, NoteText};
use oar_transport::testing::Step;
use oar_transport::testing::faults::{Subject, check_read, check_write};
use oar_transport::{HttpClient, Service};
use serde_json::json;

use crate::fake::{created, gitlab_over, mr, shipment};

/// The table uses the production addresses.
fn production() -> oar_release::MergeRequest {
    let mr = shipment();
    oar_release::MergeRequest::new("https://gitlab.cee.redhat.com", mr.project(), mr.iid())
}

#[tokio::test(start_paused = true)]
async fn a_merge_request_is_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        let read = gitlab_over(&http).merge_request(&production()).await;
        read.map(drop).map_err(|error| error.class())
    };
    check_read(&Subject::new(Service::Gitlab, Step::json(&mr()), call)).await;
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        let read = gitlab_over(&http).notes(&production()).await;
        read.map(drop).map_err(|error| error.class())
    };
    check_read(&Subject::new(Service::Gitlab, Step::json(&json!([])), call)).await;
}

#[tokio::test(start_paused = true)]
async fn no_fault_approves_twice() {
    let call = |http: HttpClient| async move {
        let done = gitlab_over(&http).approve(&production(), "s1").await;
        done.map_err(|error| error.class())
    };
    let good = created(&json!({ "approved_by": [] }));
    check_write(&Subject::new(Service::Gitlab, good, call)).await;
}

#[tokio::test(start_paused = true)]
async fn no_fault_comments_twice() {
    let call = |http: HttpClient| async move {
        let note = NoteText::new(NoteKind::ReleaseLead, &"4.99.3".parse().unwrap(), "x");
        let done = gitlab_over(&http).add_note(&production(), &note).await;
        done.map(drop).map_err(|error| error.class())
    };
    check_write(&Subject::new(Service::Gitlab, created(&json!({ "id": 1 })), call)).await;
}
