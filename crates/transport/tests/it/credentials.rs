//! Credentials: where they go, when they are read again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use http::Method;
use oar_release::ErrorClass;
use oar_transport::env::Environment;
use oar_transport::negotiate::{FixedToken, NegotiateError, NegotiateTokens};
use oar_transport::testing::{Script, Step, client};
use oar_transport::{HttpErrorKind, Secret, SecretSource, Service};

#[tokio::test]
async fn each_kind_becomes_its_header() {
    let script = Script::new([Step::answer(200, "")]);
    let http = client(Arc::new(script.clone()));
    let call = |service| http.service(service).call("x", Method::GET, "x");
    let secret = || Secret::new("s3cr3t");
    call(Service::GithubApi).bearer(secret()).send().await.unwrap();
    call(Service::Jira).basic(Secret::new("me"), secret()).send().await.unwrap();
    call(Service::Gitlab).private_token(secret()).send().await.unwrap();
    let ticket: Arc<dyn NegotiateTokens> = Arc::new(FixedToken(Secret::new("YII=")));
    call(Service::Errata).negotiate(ticket).send().await.unwrap();
    let seen = script.seen();
    assert_eq!(seen[0].header("authorization"), Some("Bearer s3cr3t"));
    assert_eq!(seen[1].header("authorization"), Some("Basic bWU6czNjcjN0"));
    assert_eq!(seen[2].header("private-token"), Some("s3cr3t"));
    assert_eq!(seen[3].header("authorization"), Some("Negotiate YII="));
    for seen in seen {
        let shown = format!("{:?}", seen.headers);
        assert!(!shown.contains("s3cr3t") && !shown.contains("bWU6"), "{shown}");
    }
}

#[tokio::test]
async fn a_credential_stays_at_home() {
    let script = Script::new([Step::answer(200, "")]);
    let http = client(Arc::new(script.clone()));
    let jira = http.service(Service::Jira);
    for url in ["https://api.github.com/x", "https://redhat.atlassian.net:444/x"] {
        let call = jira.call("x", Method::GET, url);
        let call = call.header(http::HeaderName::from_static("x-key"), "k");
        call.bearer(Secret::new("s3cr3t")).send().await.unwrap();
    }
    for seen in script.seen() {
        assert_eq!((seen.header("authorization"), seen.header("x-key")), (None, None), "{seen:?}");
    }
}

#[tokio::test]
async fn a_missing_secret_sends_nothing_and_names_the_variable() {
    let script = Script::new([Step::answer(200, "")]);
    let http = client(Arc::new(script.clone()));
    let none = Environment::from_map::<&str, &str>([]);
    let token = SecretSource::variable(&none, "JIRA_TOKEN", "the Jira client");
    let call = http.service(Service::Jira).call("x", Method::GET, "x").bearer(token);
    let error = call.send().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotConfigured);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("JIRA_TOKEN") && cause.contains("the Jira client"), "{cause}");
    assert!(script.seen().is_empty());
}

/// Rewrites the token's file when it sees the first request.
#[derive(Debug)]
struct Rotates {
    script: Script,
    file: std::path::PathBuf,
}

#[async_trait::async_trait]
impl oar_transport::HttpSend for Rotates {
    async fn send(
        &self,
        request: oar_transport::Request,
    ) -> Result<oar_transport::Response, oar_transport::SendError> {
        std::fs::write(&self.file, "second-token").unwrap();
        self.script.send(request).await
    }
}

#[tokio::test]
async fn a_rotated_token_is_tried_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "first-token").unwrap();
    let path = file.to_str().unwrap().to_owned();
    let environment = Environment::from_map([("GITLAB_TOKEN_FILE", path)]);
    let token = SecretSource::variable(&environment, "GITLAB_TOKEN", "shipments");
    let script = Script::new([Step::answer(401, ""), Step::answer(200, "")]);
    let http = client(Arc::new(Rotates { script: script.clone(), file }));
    let call = http.service(Service::Gitlab).call("x", Method::POST, "x");
    call.private_token(token).send().await.unwrap();
    let sent: Vec<_> =
        script.seen().iter().map(|seen| seen.header("private-token").unwrap().to_owned()).collect();
    assert_eq!(sent, ["first-token", "second-token"]);
}

#[tokio::test]
async fn the_same_token_is_not_tried_twice() {
    let script = Script::new([Step::answer(401, "")]);
    let http = client(Arc::new(script.clone()));
    let call = http.service(Service::Gitlab).call("x", Method::GET, "x");
    let error = call.bearer(Secret::new("s3cr3t")).send().await.unwrap_err();
    assert_eq!(error.kind(), &HttpErrorKind::Unauthenticated);
    assert_eq!(script.seen().len(), 1);
}

/// Counts tokens.
#[derive(Debug, Default)]
struct Counted(AtomicUsize);

#[async_trait]
impl NegotiateTokens for Counted {
    async fn token(&self, host: &str) -> Result<Secret, NegotiateError> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Secret::new(format!("{host}-{number}")))
    }
}

#[tokio::test]
async fn a_kerberos_token_is_fresh_for_every_request_and_a_401_gets_one_more() {
    let script = Script::new([Step::answer(401, "")]);
    let http = client(Arc::new(script.clone()));
    let call = http.service(Service::Errata).call("x", Method::GET, "x");
    let error = call.negotiate(Arc::new(Counted::default())).send().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream);
    let sent: Vec<_> =
        script.seen().iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect();
    let host = "errata.devel.redhat.com";
    assert_eq!(sent, [format!("Negotiate {host}-0"), format!("Negotiate {host}-1")]);
}

#[derive(Debug)]
struct NoTicket;

#[async_trait]
impl NegotiateTokens for NoTicket {
    async fn token(&self, host: &str) -> Result<Secret, NegotiateError> {
        let problem = "No credentials cache found".to_owned();
        Err(NegotiateError::NoToken { host: host.to_owned(), problem })
    }
}

#[tokio::test]
async fn without_a_ticket_nothing_is_sent() {
    let script = Script::new([Step::answer(200, "")]);
    let http = client(Arc::new(script.clone()));
    let call = http.service(Service::Errata).call("x", Method::GET, "x");
    let error = call.negotiate(Arc::new(NoTicket)).send().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream);
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("kinit"));
    assert!(script.seen().is_empty());
}
