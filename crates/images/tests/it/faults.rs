//! Reads through every fault.

use std::sync::Arc;

use async_trait::async_trait;
use oar_images::pyxis::{HttpPyxis, PyxisRead as _};
use oar_images::signature::{HttpSignatureStores, SignatureStores as _};
use oar_registry::Digest;
use oar_transport::negotiate::{NegotiateError, NegotiateTokens};
use oar_transport::testing::Step;
use oar_transport::testing::faults::{Subject, check_read};
use oar_transport::{HttpClient, Secret, Service};
use serde_json::json;

#[derive(Debug)]
struct Ticket;

#[async_trait]
impl NegotiateTokens for Ticket {
    async fn token(&self, _: &str) -> Result<Secret, NegotiateError> {
        Ok(Secret::new("dGlja2V0"))
    }
}

fn list() -> Step {
    Step::json(&json!({ "data": [], "page": 0, "page_size": 100, "total": 0 }))
}

#[tokio::test(start_paused = true)]
async fn grades_are_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        let grades = HttpPyxis::stage(&http).image_grades(&Digest::of(b"x")).await;
        grades.map(drop).map_err(|error| error.class())
    };
    check_read(&Subject::new(Service::PyxisStage, list(), call)).await;
}

#[tokio::test(start_paused = true)]
async fn released_images_are_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        let released = HttpPyxis::production(&http).released(&Digest::of(b"x")).await;
        released.map(drop).map_err(|error| error.class())
    };
    check_read(&Subject::new(Service::Pyxis, list(), call)).await;
}

#[tokio::test]
async fn builds_are_asked_for_with_a_ticket() {
    let script = oar_transport::testing::Script::new([list()]);
    let http = oar_transport::testing::client(Arc::new(script.clone()));
    HttpPyxis::internal(&http, Arc::new(Ticket)).build_grades("a-1-1").await.unwrap();
    let seen = &script.seen()[0];
    assert!(seen.url.starts_with("https://pyxis.engineering.redhat.com/v1/images/nvr/a-1-1?"));
    assert_eq!(seen.header("authorization"), Some("Negotiate dGlja2V0"));
}

#[tokio::test(start_paused = true)]
async fn signatures_are_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        let stores = HttpSignatureStores::new(&http, Vec::new());
        let file = stores.signature(0, &Digest::of(b"x"), 1).await;
        file.map(drop).map_err(|error| error.class())
    };
    // What is in a file is judged later.
    let subject = Subject::new(Service::Signatures, Step::answer(200, "x"), call);
    check_read(&Subject { reads_body: false, ..subject }).await;
}
