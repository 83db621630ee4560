//! Redirects (fault G16).

use std::sync::Arc;

use http::Method;
use oar_transport::testing::{Script, Step, client, client_at, endpoints_at};
use oar_transport::{HttpErrorKind, Redirects, Secret, Service};

fn to(location: &str) -> Step {
    Step::answer(302, "").with("location", location)
}

#[tokio::test]
async fn three_hops_are_followed_and_a_fourth_is_not() {
    for (hops, followed) in [(3, true), (4, false), (50, false)] {
        let mut steps = vec![to("/next"); hops];
        steps.push(Step::answer(200, "there"));
        let script = Script::new(steps);
        let http = client(Arc::new(script.clone()));
        let call = http.service(Service::Deck).call("x", Method::GET, "x");
        let result = call.bearer(Secret::new("s3cr3t")).send().await;
        assert_eq!(result.is_ok(), followed, "{hops}");
        assert!(script.seen().len() <= 4);
        // The same host: the credential goes along.
        assert!(script.seen().iter().all(|seen| seen.header("authorization").is_some()));
    }
}

#[tokio::test]
async fn the_credential_does_not_follow_to_another_service() {
    let script = Script::new([to("https://storage.googleapis.com/b/x"), Step::answer(200, "")]);
    let http = client(Arc::new(script.clone()));
    let call = http.service(Service::Deck).call("x", Method::GET, "x");
    call.bearer(Secret::new("s3cr3t")).send().await.unwrap();
    let seen = script.seen();
    assert!(seen[0].header("authorization").is_some());
    assert_eq!(seen[1].url, "https://storage.googleapis.com/b/x");
    assert!(seen[1].header("authorization").is_none());
}

#[tokio::test]
async fn strangers_plain_text_and_nonsense_are_refused() {
    for location in [
        "https://evil.example.com/",
        "http://prow.ci.openshift.org/",
        "http://169.254.169.254/latest",
        "http://[::ffff:169.254.169.254]/",
        "file:///etc/passwd",
        "gopher://x",
        "https://prow.ci.openshift.org@evil.example.com/",
        "http://[",
    ] {
        let script = Script::new([to(location), Step::answer(200, "")]);
        let http = client(Arc::new(script.clone()));
        let error =
            http.service(Service::Deck).call("x", Method::GET, "x").send().await.unwrap_err();
        let refused = matches!(error.kind(), HttpErrorKind::RedirectRefused { .. });
        assert!(refused, "{location}: {error}");
        assert_eq!(script.seen().len(), 1, "{location}");
    }
}

#[tokio::test]
async fn any_encrypted_host_where_the_operation_needs_it() {
    let script = Script::new([to("https://blobs.example.com/x"), Step::answer(200, "")]);
    let http = client(Arc::new(script.clone()));
    let call = http.service(Service::Quay).call("x", Method::GET, "x");
    call.redirects(Redirects::AnyHost).bearer(Secret::new("s3cr3t")).send().await.unwrap();
    assert!(script.seen()[1].header("authorization").is_none());
}

#[tokio::test]
async fn a_write_is_never_redirected() {
    let script = Script::new([to("/next")]);
    let http = client(Arc::new(script.clone()));
    let error = http.service(Service::Deck).call("x", Method::POST, "x").send().await.unwrap_err();
    assert!(matches!(error.kind(), HttpErrorKind::Rejected { .. }), "{error}");
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn a_redirect_to_production_follows_the_override() {
    let script = Script::new([to("https://storage.googleapis.com/b/x"), Step::answer(200, "")]);
    let endpoints = endpoints_at(Service::Gcs, "http://127.0.0.1:9/gcs");
    let http = client_at(Arc::new(script.clone()), endpoints);
    http.service(Service::Deck).call("x", Method::GET, "x").send().await.unwrap();
    assert_eq!(script.seen()[1].url, "http://127.0.0.1:9/gcs/b/x");
}
