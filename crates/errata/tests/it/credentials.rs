//! Kerberos tokens: who gets one, and what no log shows.

use std::io::{Read as _, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use oar_errata::{AdvisoryError, BrewRead as _, ErrataRead as _, HttpBrew, HttpErrata, Kerberos};
use oar_release::ErrorClass;
use oar_transport::env::Environment;
use oar_transport::negotiate::{FixedToken, NegotiateError, NegotiateTokens};
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::testing::{Script, Step, client, client_at, endpoints_at};
use oar_transport::{Secret, Service};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use crate::support::{ID, erratum, kerberos, no_kerberos, scripted};

fn unauthorized() -> Step {
    Step::answer(401, "<html>who are you?</html>").with("www-authenticate", "Negotiate")
}

#[tokio::test]
async fn spec02_case_04_a_token_is_sent_and_renewed_once() {
    let (script, errata) = scripted([unauthorized(), Step::json(&erratum(ID.0, "QE"))]);
    errata.erratum(ID).await.unwrap();
    let seen = script.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|seen| seen.header("authorization") == Some("Negotiate abc")));
    assert_eq!(seen[0].url, format!("https://errata.devel.redhat.com/api/v1/erratum/{ID}"));
}

/// Lines of a log, as a file would hold them.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn spec02_case_04_a_second_401_is_the_end_and_no_line_shows_the_token() {
    let lines = Lines::default();
    let log = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(move || log.clone())
        .finish();
    // With a single subscriber, a test on another thread could decide that nobody listens to a span
    // which it happens to meet first.
    let _another = tracing::Dispatch::new(tracing_subscriber::registry());
    let guard = tracing::subscriber::set_default(subscriber);
    let token = Arc::new(FixedToken(Secret::new("canary-ticket-abc")));
    let environment = Environment::from_map([("KRB5CCNAME", "FILE:/tmp/krb5cc_example")]);
    let script = Script::new([unauthorized()]);
    let http = client(Arc::new(script.clone()));
    let errata = HttpErrata::new(&http, Kerberos::new(token, None, &environment));
    let error = errata.erratum(ID).await.unwrap_err();
    drop(guard);
    assert_eq!(script.seen().len(), 2, "one retry with a new context, not more");
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream);
    let text = error.to_string();
    assert!(text.contains("no valid Kerberos ticket"), "{text}");
    assert!(text.contains("errata.devel.redhat.com") && text.contains("krb5cc_example"), "{text}");
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("errata.erratum"), "the log is not empty: {logged}");
    let shown = format!("{logged} {text} {error:?} {errata:?}");
    assert!(!shown.contains("canary"), "{shown}");
}

/// No ticket.
#[derive(Debug)]
struct NoTicket;

#[async_trait]
impl NegotiateTokens for NoTicket {
    async fn token(&self, host: &str) -> Result<Secret, NegotiateError> {
        let problem = "no credentials cache found".to_owned();
        Err(NegotiateError::NoToken { host: host.to_owned(), problem })
    }
}

#[tokio::test]
async fn without_a_ticket_nothing_is_sent_and_the_reason_is_kept() {
    let script = Script::new([Step::json(&erratum(ID.0, "QE"))]);
    let environment = Environment::from_map::<&str, &str>([]);
    let http = client(Arc::new(script.clone()));
    let errata = HttpErrata::new(&http, Kerberos::new(Arc::new(NoTicket), None, &environment));
    let error = errata.erratum(ID).await.unwrap_err();
    assert!(script.seen().is_empty());
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream);
    let whole = error.whole();
    assert!(whole.contains("the default credential cache"), "{whole}");
    assert!(whole.contains("no credentials cache found"), "{whole}");
}

#[tokio::test]
async fn a_host_that_is_not_listed_gets_no_token() {
    let script = Script::new([Step::json(&erratum(ID.0, "QE")), unauthorized()]);
    let errata = HttpErrata::new(&client(Arc::new(script.clone())), no_kerberos());
    errata.erratum(ID).await.unwrap();
    assert_eq!(script.seen()[0].header("authorization"), None);
    let error = errata.erratum(ID).await.unwrap_err();
    assert!(matches!(error, AdvisoryError::NoTicket { .. }));
    assert!(error.to_string().contains("errata.kerberos_hosts"), "{error}");
    assert_eq!(script.seen().len(), 2, "no credential, nothing to renew");
}

#[tokio::test]
async fn a_listed_host_is_known_in_any_case() {
    let script = Script::new([Step::json(&erratum(ID.0, "QE"))]);
    let environment = Environment::from_map::<&str, &str>([]);
    let hosts = Some(vec!["Errata.Devel.RedHat.com".to_owned()]);
    let tokens = Arc::new(FixedToken(Secret::new("abc")));
    let http = client(Arc::new(script.clone()));
    let errata = HttpErrata::new(&http, Kerberos::new(tokens, hosts, &environment));
    errata.erratum(ID).await.unwrap();
    assert_eq!(script.seen()[0].header("authorization"), Some("Negotiate abc"));
}

#[tokio::test]
async fn a_redirect_takes_no_token_along() {
    let away = Step::answer(302, "").with("location", "https://access.redhat.com/x");
    let (script, errata) = scripted([away, Step::json(&erratum(ID.0, "QE"))]);
    errata.erratum(ID).await.unwrap();
    let seen = script.seen();
    assert_eq!(seen[1].url, "https://access.redhat.com/x");
    assert_eq!(seen[1].header("authorization"), None);
}

#[tokio::test]
async fn brew_gets_a_token_only_when_it_asks_for_one() {
    let metadata = Step::json(&json!({ "output": [] }));
    let packages = ["kernel".to_owned()];
    let script = Script::new([metadata.clone()]);
    let brew = HttpBrew::new(&client(Arc::new(script.clone())), kerberos());
    brew.components("rhcos-x86_64-1.2-0", &packages).await.unwrap();
    assert_eq!(script.seen()[0].header("authorization"), None);

    let script = Script::new([unauthorized(), metadata]);
    let brew = HttpBrew::new(&client(Arc::new(script.clone())), kerberos());
    brew.components("rhcos-x86_64-1.2-0", &packages).await.unwrap();
    assert_eq!(script.seen()[1].header("authorization"), Some("Negotiate abc"));
}

/// A server whose certificate nobody signed; it tells what it could read.
fn untrusted_server() -> (u16, Arc<Mutex<Vec<u8>>>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    // Ends with the test process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let mut request = [0; 4096];
            if let Ok(length) = stream.read(&mut request) {
                log.lock().unwrap().extend_from_slice(&request[..length]);
            }
        }
    });
    (port, heard)
}

#[tokio::test]
async fn spec02_case_05_a_server_that_does_not_verify_hears_nothing() {
    let (port, heard) = untrusted_server();
    let endpoints = endpoints_at(Service::Errata, &format!("https://localhost:{port}"));
    let network = Arc::new(ReqwestSend::new(NetworkSettings::default()));
    let errata = HttpErrata::new(&client_at(network, endpoints), kerberos());
    let error = errata.erratum(ID).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UpstreamUnavailable);
    assert!(error.whole().contains("not trusted"), "{}", error.whole());
    assert!(heard.lock().unwrap().is_empty(), "no token, no request");
}
