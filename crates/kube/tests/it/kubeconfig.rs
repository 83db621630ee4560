//! Kubeconfigs: who is known how, and what is refused; over TLS on loopback where it matters.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oar_kube::{HttpKube, Kubeconfig, KubeconfigError, PayloadName, PayloadRead as _};
use oar_release::{Arch, ErrorClass};
use oar_transport::Service;
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::testing::{client_at, endpoints_at};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// A cluster with an authority of its own that knows its users by certificate only.
struct Cluster {
    authority: String,
    certificate: String,
    key: String,
    port: u16,
}

impl Cluster {
    fn start() -> Self {
        let authority_key = KeyPair::generate().expect("the lab is sound");
        let mut authority = CertificateParams::new(Vec::new()).expect("the lab is sound");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let known = authority.self_signed(&authority_key).expect("the lab is sound");
        let issuer = Issuer::new(authority, authority_key);
        let signed = |names: Vec<String>| {
            let key = KeyPair::generate().expect("the lab is sound");
            let params = CertificateParams::new(names).expect("the lab is sound");
            (params.signed_by(&key, &issuer).expect("the lab is sound"), key)
        };
        let (server, server_key) = signed(vec!["localhost".to_owned()]);
        let (user, user_key) = signed(Vec::new());

        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(known.der().clone()).expect("the lab is sound");
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the lab is sound")
            .with_client_cert_verifier(verifier.expect("the lab is sound"))
            .with_single_cert(vec![server.der().clone()], key)
            .expect("the lab is sound");
        Self {
            authority: known.pem(),
            certificate: user.pem(),
            key: user_key.serialize_pem(),
            port: serve(config),
        }
    }

    fn server(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    async fn label(&self, config: Kubeconfig) -> Option<String> {
        let tls = [(Service::KubeCi, config.tls)].into();
        let network = NetworkSettings { tls, ..NetworkSettings::default() };
        let endpoints = endpoints_at(Service::KubeCi, &config.server);
        let http = client_at(Arc::new(ReqwestSend::new(network)), endpoints);
        let kube = match config.token {
            Some(token) => HttpKube::new(&http, token),
            None => HttpKube::by_certificate(&http),
        };
        let label =
            kube.label(&PayloadName::new("4.99.7", Arch::Amd64)).await.expect("the lab is sound");
        label.expect("the payload is there")
    }
}

/// Answers every request with a payload whose label is the `Authorization` header.
fn serve(config: ServerConfig) -> u16 {
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("the lab is sound");
    let port = listener.local_addr().expect("the lab is sound").port();
    // Ends with the test process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).expect("the lab is sound");
            let mut stream = StreamOwned::new(connection, stream);
            let mut request = [0; 4096];
            let Ok(length) = stream.read(&mut request) else { continue };
            let head = String::from_utf8_lossy(&request[..length]).into_owned();
            let shown = head.lines().find_map(|line| line.strip_prefix("authorization: "));
            let body = format!(
                "{{\"metadata\":{{\"name\":\"4.99.7\",\"labels\":{{\"release.openshift.io/qe_state\":\"{}\"}}}}}}",
                shown.unwrap_or("no token")
            );
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _gone = stream.write_all(answer.as_bytes());
            stream.conn.send_close_notify();
            let _gone = stream.flush();
        }
    });
    port
}

/// A kubeconfig with one context, its cluster and its user in flow style.
fn kubeconfig(folder: &Path, cluster: &str, user: &str) -> std::path::PathBuf {
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: ci\n\
         contexts:\n- name: ci\n  context: {{cluster: one, user: me, namespace: ocp}}\n\
         clusters:\n- name: one\n  cluster: {{{cluster}}}\n\
         users:\n- name: me\n  user: {{{user}}}\n"
    );
    let path = folder.join("config");
    std::fs::write(&path, text).expect("the lab is sound");
    path
}

fn refusal(cluster: &str, user: &str) -> String {
    let folder = tempfile::tempdir().expect("the lab is sound");
    let error = Kubeconfig::read(&kubeconfig(folder.path(), cluster, user), None)
        .expect_err("it is refused");
    assert_eq!(error.class(), ErrorClass::NotConfigured);
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    error.to_string()
}

const SERVER: &str = "server: 'https://api.example.com:6443'";

#[tokio::test]
async fn a_cluster_that_knows_users_by_certificate_is_asked_with_it() {
    let cluster = Cluster::start();
    let folder = tempfile::tempdir().expect("the lab is sound");
    let data = |pem: &str| STANDARD.encode(pem);
    let in_it = (
        format!(
            "server: '{}', certificate-authority-data: {}",
            cluster.server(),
            data(&cluster.authority)
        ),
        format!(
            "client-certificate-data: {}, client-key-data: {}",
            data(&cluster.certificate),
            data(&cluster.key)
        ),
    );
    let config = Kubeconfig::read(&kubeconfig(folder.path(), &in_it.0, &in_it.1), None)
        .expect("the lab is sound");
    assert!(config.token.is_none());
    assert_eq!(cluster.label(config).await.as_deref(), Some("no token"));

    // The same in files beside it, and a token as well.
    for (name, pem) in
        [("ca.pem", &cluster.authority), ("me.pem", &cluster.certificate), ("me.key", &cluster.key)]
    {
        std::fs::write(folder.path().join(name), pem).expect("the lab is sound");
    }
    let files = (
        format!("server: '{}', certificate-authority: ca.pem", cluster.server()),
        "client-certificate: me.pem, client-key: me.key, token: abc",
    );
    let config = Kubeconfig::read(&kubeconfig(folder.path(), &files.0, files.1), None)
        .expect("the lab is sound");
    assert_eq!(cluster.label(config).await.as_deref(), Some("Bearer abc"));

    // What is in the file wins over what it names.
    let both = format!("{}, certificate-authority: gone.pem", in_it.0);
    assert!(Kubeconfig::read(&kubeconfig(folder.path(), &both, &in_it.1), None).is_ok());
}

#[test]
fn a_token_in_a_file_is_read_again_on_every_use() {
    let folder = tempfile::tempdir().expect("the lab is sound");
    let token = folder.path().join("token");
    std::fs::write(&token, "canary-1\n").expect("the lab is sound");
    let path = kubeconfig(folder.path(), SERVER, "tokenFile: token");
    let config = Kubeconfig::read(&path, None).expect("the lab is sound");
    assert_eq!(config.server, "https://api.example.com:6443");
    assert!(!format!("{config:?}").contains("canary"), "{config:?}");
    let source = config.token.expect("the lab is sound");
    assert_eq!(source.read().expect("the lab is sound").expose(), "canary-1");
    std::fs::write(&token, "canary-2\n").expect("the lab is sound");
    assert_eq!(source.read().expect("the lab is sound").expose(), "canary-2");
    // The token in the file itself wins; an empty one is none.
    for (user, expected) in
        [("token: other, tokenFile: token", "other"), ("token: '', tokenFile: token", "canary-2")]
    {
        let config = Kubeconfig::read(&kubeconfig(folder.path(), SERVER, user), None)
            .expect("the lab is sound");
        assert_eq!(
            config.token.expect("the lab is sound").read().expect("the lab is sound").expose(),
            expected
        );
    }
}

#[test]
fn a_login_by_a_program_is_refused_with_the_way_out() {
    let exec = "exec: {command: canary-login, apiVersion: client.authentication.k8s.io/v1}";
    for (user, word) in [(exec, "(exec)"), ("auth-provider: {name: oidc}", "(auth-provider)")] {
        let said = refusal(SERVER, user);
        assert!(said.contains("the user \"me\"") && said.contains(word), "{said}");
        assert!(said.contains("RELEASE_PAYLOAD_MODIFIER_TOKEN"), "{said}");
    }
    // Beside a token it is not needed.
    let folder = tempfile::tempdir().expect("the lab is sound");
    let path = kubeconfig(folder.path(), SERVER, &format!("token: abc, {exec}"));
    assert!(Kubeconfig::read(&path, None).is_ok());
}

#[test]
fn what_would_be_less_safe_or_somebody_else_is_refused() {
    let said = refusal(&format!("{SERVER}, insecure-skip-tls-verify: true"), "token: canary");
    assert!(said.contains("\"one\"") && said.contains("certificate-authority"), "{said}");
    let folder = tempfile::tempdir().expect("the lab is sound");
    let verified = format!("{SERVER}, insecure-skip-tls-verify: false");
    assert!(Kubeconfig::read(&kubeconfig(folder.path(), &verified, "token: a"), None).is_ok());
    for user in ["as: admin, token: canary", "as-groups: [system], token: canary"] {
        assert!(refusal(SERVER, user).contains("acts as somebody else"));
    }
}

#[test]
fn what_is_missing_or_damaged_is_named() {
    let no_base64 = format!("{SERVER}, certificate-authority-data: 'canary!'");
    let no_pem = format!("{SERVER}, certificate-authority-data: Y2FuYXJ5");
    for (cluster, user, expected) in [
        (SERVER, "username: canary", "has no token and no client certificate of \"me\""),
        (SERVER, "client-certificate-data: Y2FuYXJ5", "has no client-key of user \"me\""),
        (SERVER, "client-key-data: Y2FuYXJ5", "has no client-certificate of user \"me\""),
        (
            SERVER,
            "client-key-data: Y2FuYXJ5, client-certificate-data: Y2FuYXJ5",
            "a bad client-certificate of user \"me\": there is no client certificate in it",
        ),
        (SERVER, "tokenFile: nowhere", "nowhere cannot be read"),
        (&no_base64, "token: canary", "certificate-authority of cluster \"one\": it is no base64"),
        (&no_pem, "token: canary", "there is no certificate in it"),
        ("server: nowhere", "token: canary", "a bad server of cluster \"one\""),
    ] {
        let said = refusal(cluster, user);
        assert!(said.contains(expected), "{said}");
    }
    let folder = tempfile::tempdir().expect("the lab is sound");
    let path = kubeconfig(folder.path(), SERVER, "token: a");
    let error = Kubeconfig::read(&path, Some("third")).expect_err("it is refused");
    assert!(error.to_string().ends_with("has no context \"third\""), "{error}");
    std::fs::write(&path, "- canary").expect("the lab is sound");
    let error = Kubeconfig::read(&path, None).expect_err("it is refused");
    assert!(matches!(error, KubeconfigError::Malformed { .. }));
    assert!(!format!("{error} {error:?}").contains("canary"));
}
