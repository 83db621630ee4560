//! The table of faults, against this crate's reads and writes.

use oar_errata::{
    AdvisoryError, AdvisoryId, AdvisoryState, BrewRead as _, ErrataRead as _, ErrataWrite as _,
    HttpBrew, HttpErrata, StateMove,
};
use oar_release::ErrorClass;
use oar_transport::testing::Step;
use oar_transport::testing::faults::{Subject, check_read, check_write};
use oar_transport::{HttpClient, Service};
use serde_json::json;

use crate::support::{erratum, no_kerberos};

fn told<T>(answer: Result<T, AdvisoryError>) -> Result<(), ErrorClass> {
    answer.map(drop).map_err(|error| error.class())
}

fn errata(http: &HttpClient) -> HttpErrata {
    HttpErrata::new(http, no_kerberos())
}

const ID: AdvisoryId = AdvisoryId(900_001);

#[tokio::test(start_paused = true)]
async fn an_advisory_is_read_through_every_fault() {
    let call = |http: HttpClient| async move { told(errata(&http).erratum(ID).await) };
    let good = Step::json(&erratum(ID.0, "QE"));
    check_read(&Subject::new(Service::Errata, good, call)).await;
}

#[tokio::test(start_paused = true)]
async fn tests_are_read_through_every_fault() {
    let call = |http: HttpClient| async move { told(errata(&http).cvp_tests(ID).await) };
    let good = Step::json(&json!({ "data": [] }));
    check_read(&Subject::new(Service::Errata, good, call)).await;
}

#[tokio::test(start_paused = true)]
async fn the_metadata_of_a_build_is_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        let brew = HttpBrew::new(&http, no_kerberos());
        told(brew.components("rhcos-x86_64-499.98.1-0", &["kernel".to_owned()]).await)
    };
    let good = Step::json(&json!({ "output": [] }));
    check_read(&Subject::new(Service::BrewDownload, good, call)).await;
}

#[tokio::test(start_paused = true)]
async fn tags_are_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        told(HttpBrew::new(&http, no_kerberos()).tags("kernel-5.99.0-1").await)
    };
    let good = "<methodResponse><params><param><value><array><data></data></array></value></param>\
                </params></methodResponse>";
    let good = Step::answer(200, good).with("content-type", "text/xml");
    check_read(&Subject::new(Service::BrewHub, good, call)).await;
}

#[tokio::test(start_paused = true)]
async fn no_fault_makes_a_push_happen_twice() {
    let call = |http: HttpClient| async move { told(errata(&http).push_to_stage(ID, 5).await) };
    let good = Step::json(&json!([{ "id": 6 }]));
    check_write(&Subject::new(Service::Errata, good, call)).await;
}

#[tokio::test(start_paused = true)]
async fn no_fault_makes_a_move_happen_twice() {
    let call = |http: HttpClient| async move {
        let step = StateMove::plan(ID, &AdvisoryState::Qe, &AdvisoryState::RelPrep);
        told(errata(&http).change_state(&step.unwrap().unwrap()).await)
    };
    let good = Step::json(&erratum(ID.0, "REL_PREP"));
    check_write(&Subject::new(Service::Errata, good, call)).await;
}

#[tokio::test(start_paused = true)]
async fn no_fault_makes_any_other_write_happen_twice() {
    type Told = std::pin::Pin<Box<dyn Future<Output = Result<(), ErrorClass>> + Send>>;
    type Write = fn(HttpErrata) -> Told;
    let writes: [Write; 6] = [
        |errata| Box::pin(async move { told(errata.change_owner(ID, "lead@example.com").await) }),
        |errata| Box::pin(async move { told(errata.request_docs(ID).await) }),
        |errata| Box::pin(async move { told(errata.request_prodsec(ID).await) }),
        |errata| Box::pin(async move { told(errata.add_issue(ID, "OCPBUGS-1").await) }),
        |errata| Box::pin(async move { told(errata.remove_issue(ID, "OCPBUGS-1").await) }),
        |errata| Box::pin(async move { told(errata.add_comment(ID, "hello", 0).await) }),
    ];
    for write in writes {
        let call = move |http: HttpClient| write(errata(&http));
        let good = Step::json(&erratum(ID.0, "QE"));
        // That it was accepted is all that counts: its answer is not read.
        let subject = Subject { reads_body: false, ..Subject::new(Service::Errata, good, call) };
        check_write(&subject).await;
    }
}
