//! The table of faults, against bare calls: what every client inherits.

use http::Method;
use oar_transport::testing::Step;
use oar_transport::testing::faults::{Subject, check_read, check_write};
use oar_transport::{HttpClient, Idempotency, Service};
use serde_json::json;

/// An object with nothing to ask for.
#[derive(serde::Deserialize)]
struct Empty {}

/// A call that wants a JSON object.
fn subject(service: Service, method: Method, idempotency: Idempotency) -> Subject {
    let call = move |http: HttpClient| {
        let method = method.clone();
        async move {
            let http = http.service(service);
            let call = http.call("probe", method, "x").json(&json!({}));
            let reply = call.idempotency(idempotency).send().await;
            let read = reply.and_then(|reply| reply.json::<Empty>());
            read.map(drop).map_err(|error| error.class())
        }
    };
    Subject::new(service, Step::json(&json!({})), call)
}

#[tokio::test(start_paused = true)]
async fn every_read_survives_what_passes_and_reports_what_does_not() {
    for service in Service::ALL.into_iter().filter(|service| {
        service.production().is_some_and(|address| address.starts_with("https://"))
    }) {
        check_read(&subject(service, Method::GET, Idempotency::Safe)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_search_by_post_is_a_read() {
    check_read(&subject(Service::Jira, Method::POST, Idempotency::Safe)).await;
}

#[tokio::test(start_paused = true)]
async fn no_write_is_sent_again_once_it_may_have_happened() {
    for service in Service::ALL.into_iter().filter(|service| {
        service.production().is_some_and(|address| address.starts_with("https://"))
    }) {
        check_write(&subject(service, Method::POST, Idempotency::Never)).await;
    }
}
