//! TLS: verified, or nothing is asked (R18).

use std::io::Write as _;
use std::sync::Arc;

use oar_ldap::{DirectoryError, DirectoryRead as _, LdapDirectory};
use oar_transport::Service;
use oar_transport::real::NetworkSettings;
use oar_transport::testing::endpoints_at;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::fake::{Answer, Asked, Fake, person};

/// A directory behind TLS, and the authority that signed its certificate.
struct Lab {
    fake: Fake,
    authority: tempfile::NamedTempFile,
    port: u16,
}

fn company(_: &Asked, search: usize) -> Answer {
    if search == 0 { person("manager", &["uid=b"]) } else { person("rhatPrimaryMail", &["b@x.co"]) }
}

impl Lab {
    async fn start(host: &str, expired: bool) -> Self {
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
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(authority_certificate.pem().as_bytes()).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let fake = Fake::start(company).await;
        let server = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(stream) = acceptor.accept(stream).await {
                    server.serve(stream).await;
                }
            }
        });
        Self { fake, authority: file, port }
    }

    fn directory(&self, trusting: bool) -> LdapDirectory {
        let ca_bundles = if trusting { vec![self.authority.path().to_owned()] } else { Vec::new() };
        let network = NetworkSettings { ca_bundles, ..NetworkSettings::default() };
        let url = format!("ldaps://localhost:{}", self.port);
        LdapDirectory::new(&endpoints_at(Service::Ldap, &url), &network)
    }
}

#[tokio::test]
async fn r18_an_authority_from_a_bundle_is_trusted_besides_the_systems() {
    let lab = Lab::start("localhost", false).await;
    let manager = lab.directory(true).manager_email("a@example.com").await.unwrap();
    assert_eq!(manager.as_deref(), Some("b@x.co"));
}

#[tokio::test]
async fn r18_what_does_not_verify_is_told_and_nothing_is_asked() {
    for (host, expired, trusting, expected) in [
        ("localhost", false, false, "issuer is not trusted"),
        ("localhost", true, true, "has expired"),
        ("other.example.com", false, true, "not valid for name"),
    ] {
        let lab = Lab::start(host, expired).await;
        let error = lab.directory(trusting).manager_email("a@example.com").await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, DirectoryError::Tls { .. }), "{error:?}");
        assert!(text.contains("localhost") && text.contains(expected), "{text}");
        assert!(text.contains("the system's certificate store"), "{text}");
        assert_eq!(lab.fake.log(|log| (log.connections, log.binds.len())), (0, 0));
    }
}

#[tokio::test]
async fn a_bundle_that_holds_nothing_is_named() {
    let lab = Lab::start("localhost", false).await;
    let empty = tempfile::NamedTempFile::new().unwrap();
    let ca_bundles = vec![empty.path().to_owned()];
    let network = NetworkSettings { ca_bundles, ..NetworkSettings::default() };
    let url = format!("ldaps://localhost:{}", lab.port);
    let directory = LdapDirectory::new(&endpoints_at(Service::Ldap, &url), &network);
    let error = directory.manager_email("a@example.com").await.unwrap_err();
    assert!(error.to_string().contains(empty.path().to_str().unwrap()), "{error}");
}
