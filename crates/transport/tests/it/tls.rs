//! TLS: what does not pass, and how it is told (spec 08 R18).

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use http::Method;
use oar_transport::real::{NetworkSettings, ReqwestSend, ServiceTls, TlsMaterialError};
use oar_transport::testing::{client_at, endpoints_at};
use oar_transport::{HttpError, HttpErrorKind, Reply, Secret, Service};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// An authority of its own and a server whose certificate it signed.
struct Lab {
    authority: tempfile::NamedTempFile,
    port: u16,
    /// A certificate of the same authority for whoever asks, and its key, in PEM.
    client: (String, String),
}

impl Lab {
    fn start(host: &str, expired: bool) -> Self {
        Self::start_for(host, expired, false)
    }

    /// With `by_certificate` the server answers nobody whom the authority does not know.
    fn start_for(host: &str, expired: bool, by_certificate: bool) -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_certificate = authority.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(authority, authority_key);

        let key = KeyPair::generate().unwrap();
        let mut server = CertificateParams::new([host.to_owned()]).unwrap();
        if expired {
            server.not_before = date_time_ymd(2020, 1, 1);
            server.not_after = date_time_ymd(2021, 1, 1);
        }
        let certificate = server.signed_by(&key, &issuer).unwrap();

        let client_key = KeyPair::generate().unwrap();
        let client = CertificateParams::new(Vec::new()).unwrap();
        let client = client.signed_by(&client_key, &issuer).unwrap();

        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(authority_certificate.pem().as_bytes()).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let known = by_certificate.then(|| authority_certificate.der().clone());
        let port = serve(certificate.der().clone(), key, known);
        Self { authority: file, port, client: (client.pem(), client_key.serialize_pem()) }
    }

    fn base(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    fn pem(&self) -> Vec<u8> {
        std::fs::read(self.authority.path()).unwrap()
    }

    /// Asks `service` at this server, with TLS of its own.
    async fn ask_with(&self, service: Service, tls: ServiceTls) -> Result<Reply, HttpError> {
        let tls = [(Service::KubeCi, tls)].into();
        let network = NetworkSettings { tls, ..NetworkSettings::default() };
        let endpoints = endpoints_at(service, &self.base());
        let http = client_at(Arc::new(ReqwestSend::new(network)), endpoints);
        http.service(service).call("x", Method::POST, "x").send().await
    }

    async fn ask(&self, trusting: bool) -> Result<Reply, HttpError> {
        let ca_bundles = if trusting { vec![self.authority.path().to_owned()] } else { Vec::new() };
        let network = NetworkSettings { ca_bundles, ..NetworkSettings::default() };
        let endpoints = endpoints_at(Service::Errata, &self.base());
        let http = client_at(Arc::new(ReqwestSend::new(network)), endpoints);
        http.service(Service::Errata).call("x", Method::POST, "x").send().await
    }
}

fn serve(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    known: Option<CertificateDer<'static>>,
) -> u16 {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = known.map(|authority| {
        let mut roots = RootCertStore::empty();
        roots.add(authority).unwrap();
        WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build().unwrap()
    });
    let verifier = verifier.unwrap_or_else(WebPkiClientVerifier::no_client_auth);
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Ends with the test process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok() {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                let _gone = stream.write_all(answer);
                stream.conn.send_close_notify();
                let _gone = stream.flush();
            }
        }
    });
    port
}

fn problem(error: &HttpError) -> &str {
    match error.kind() {
        HttpErrorKind::Tls { problem } => problem,
        other => panic!("{other} {:?}", std::error::Error::source(error)),
    }
}

#[tokio::test]
async fn r18_an_authority_from_a_bundle_is_trusted_besides_the_systems() {
    let lab = Lab::start("localhost", false);
    assert_eq!(&lab.ask(true).await.unwrap().body[..], b"{}");
}

#[tokio::test]
async fn r18_an_unknown_authority_is_told_with_host_and_store() {
    let lab = Lab::start("localhost", false);
    let error = lab.ask(false).await.unwrap_err();
    let problem = problem(&error);
    assert!(
        problem.contains("localhost") && problem.contains("issuer is not trusted"),
        "{problem}"
    );
    assert!(problem.contains("the system's certificate store"), "{problem}");
    assert_eq!(error.attempts(), 1, "trying again does not make it trusted");
}

#[tokio::test]
async fn r18_an_expired_certificate_is_told_with_its_end_and_the_bundle() {
    let lab = Lab::start("localhost", true);
    let error = lab.ask(true).await.unwrap_err();
    let problem = problem(&error);
    assert!(problem.contains("expired at 2021-01-01T00:00:00Z"), "{problem}");
    assert!(problem.contains(lab.authority.path().to_str().unwrap()), "{problem}");
}

#[tokio::test]
async fn r18_a_certificate_for_another_host_does_not_pass() {
    let lab = Lab::start("elsewhere.example.com", false);
    let error = lab.ask(true).await.unwrap_err();
    let problem = problem(&error);
    assert!(
        problem.contains("localhost") && problem.contains("elsewhere.example.com"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_bundle_that_cannot_be_read_stops_before_anything_is_sent() {
    let ca_bundles = vec!["/nonexistent/bundle.pem".into()];
    let network = NetworkSettings { ca_bundles, ..NetworkSettings::default() };
    let http = client_at(
        Arc::new(ReqwestSend::new(network)),
        endpoints_at(Service::Errata, "https://localhost:1"),
    );
    let call = http.service(Service::Errata).call("x", Method::POST, "x");
    let error = call.send().await.unwrap_err();
    assert!(problem(&error).contains("/nonexistent/bundle.pem"), "{error}");
}

#[tokio::test]
async fn one_service_may_have_an_authority_of_its_own() {
    let lab = Lab::start("localhost", false);
    let tls = || ServiceTls::new(&lab.base()).unwrap().trusting(&lab.pem()).unwrap();
    assert_eq!(&lab.ask_with(Service::KubeCi, tls()).await.unwrap().body[..], b"{}");
    // The others do not trust it, and neither does the service at another place.
    let error = lab.ask_with(Service::Errata, tls()).await.unwrap_err();
    assert!(problem(&error).contains("issuer is not trusted"), "{error}");
    let elsewhere = ServiceTls::new("https://localhost:1").unwrap().trusting(&lab.pem()).unwrap();
    let error = lab.ask_with(Service::KubeCi, elsewhere).await.unwrap_err();
    assert!(problem(&error).contains("the system's certificate store"), "{error}");
}

#[tokio::test]
async fn an_authority_of_its_own_replaces_the_systems_store() {
    let (lab, other) = (Lab::start("localhost", false), Lab::start("localhost", false));
    let tls = ServiceTls::new(&lab.base()).unwrap().trusting(&other.pem()).unwrap();
    let error = lab.ask_with(Service::KubeCi, tls).await.unwrap_err();
    let problem = problem(&error);
    assert!(problem.contains("the authorities in its own configuration"), "{problem}");
}

#[tokio::test]
async fn a_service_may_know_us_by_certificate() {
    let lab = Lab::start_for("localhost", false, true);
    let trusting = || ServiceTls::new(&lab.base()).unwrap().trusting(&lab.pem()).unwrap();
    let (certificate, key) = &lab.client;
    let showing = trusting().showing(certificate.as_bytes(), &Secret::new(key.clone())).unwrap();
    assert!(showing.shows_certificate());
    assert_eq!(&lab.ask_with(Service::KubeCi, showing).await.unwrap().body[..], b"{}");
    assert!(lab.ask_with(Service::KubeCi, trusting()).await.is_err(), "nobody is let in without");
}

#[test]
fn certificates_and_keys_that_do_not_fit_are_told_at_once() {
    let (one, two) = (Lab::start("localhost", false), Lab::start("localhost", false));
    let tls = || ServiceTls::new("https://localhost:1").unwrap();
    let show = |certificate: &str, key: &str| {
        tls().showing(certificate.as_bytes(), &Secret::new(key)).unwrap_err()
    };
    assert_eq!(show(&one.client.0, &two.client.1), TlsMaterialError::Mismatch);
    assert_eq!(show("x", &one.client.1), TlsMaterialError::NoCertificate);
    assert_eq!(show(&one.client.0, &one.client.0), TlsMaterialError::NoKey);
    assert_eq!(tls().trusting(b"x").unwrap_err(), TlsMaterialError::NoAuthority);
    assert_eq!(ServiceTls::new("nowhere").unwrap_err(), TlsMaterialError::NotAUrl);
    let tls = tls().showing(one.client.0.as_bytes(), &Secret::new(one.client.1.clone())).unwrap();
    assert!(!format!("{tls:?}").contains("BEGIN"), "{tls:?}");
}
