use std::sync::Arc;

use oar_release::ErrorClass;
use oar_transport::testing::{Script, Step, client_at, endpoints_at};
use oar_transport::{Processed, SendErrorKind, Service};

use super::super::{BuildDataError, BuildDataSource, Fetched, HttpBuildData};

fn source(steps: impl IntoIterator<Item = Step>) -> (HttpBuildData, Script) {
    let script = Script::new(steps);
    let endpoints = endpoints_at(Service::BuildData, "http://127.0.0.1:9/data/%s/releases.yml");
    (HttpBuildData::new(client_at(Arc::new(script.clone()), endpoints)), script)
}

#[tokio::test(start_paused = true)]
async fn the_address_names_the_stream_and_no_credential_is_sent() {
    let (source, script) = source([Step::answer(200, "releases: {}").with("etag", "\"v1\"")]);
    let fetched = source.fetch("4.99".parse().unwrap(), None).await.unwrap();
    let (text, etag) = ("releases: {}".to_owned(), Some("\"v1\"".to_owned()));
    assert_eq!(fetched, Fetched::Text { text, etag });
    let seen = script.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].url, "http://127.0.0.1:9/data/openshift-4.99/releases.yml");
    assert_eq!(seen[0].header("authorization"), None);
    assert_eq!(seen[0].header("if-none-match"), None);
}

#[tokio::test(start_paused = true)]
async fn a_tag_is_sent_and_not_modified_is_an_answer() {
    let (source, script) = source([Step::answer(304, "")]);
    let fetched = source.fetch("4.99".parse().unwrap(), Some("\"v1\"")).await.unwrap();
    assert_eq!(fetched, Fetched::NotModified);
    assert_eq!(script.seen()[0].header("if-none-match"), Some("\"v1\""));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_stream_is_no_outage() {
    let (source, script) = source([Step::answer(404, "404: Not Found")]);
    let error = source.fetch("4.99".parse().unwrap(), None).await.unwrap_err();
    assert!(matches!(error, BuildDataError::UnknownStream { .. }), "{error}");
    assert_eq!(error.class(), ErrorClass::NotFound);
    assert_eq!(script.seen().len(), 1, "asking again would not help");
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_retried_and_then_told() {
    for step in [Step::answer(503, ""), Step::Fail(SendErrorKind::Connect, Processed::No)] {
        let (source, script) = source([step]);
        let error = source.fetch("4.99".parse().unwrap(), None).await.unwrap_err();
        assert!(matches!(error, BuildDataError::Download { .. }), "{error}");
        assert_eq!(error.class(), ErrorClass::UpstreamUnavailable);
        assert_eq!(script.seen().len(), 3);
    }
    let (source, _) = source([Step::answer(503, ""), Step::answer(200, "releases: {}")]);
    assert!(source.fetch("4.99".parse().unwrap(), None).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_text_are_refused() {
    let (source, _) = source([Step::answer(200, &b"releases: \xff"[..])]);
    let error = source.fetch("4.99".parse().unwrap(), None).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Undetermined);
}
