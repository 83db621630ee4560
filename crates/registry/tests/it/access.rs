//! Who is asked, with which credential, and who never sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use oar_registry::{
    AuthFiles, Hosts, HttpRegistry, ImageRef, Platform, RegistryError, RegistryRead as _,
};
use oar_release::ErrorClass;
use oar_transport::Service;
use oar_transport::env::Environment;
use oar_transport::testing::{Script, Seen, Step, client, client_at, endpoints_at};
use serde_json::json;

use crate::{IMAGE, config, digest, image, manifest, scripted, scripted_with, tagged};

const CHALLENGE: &str =
    r#"Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:any:push""#;

fn unauthorized(challenge: &str) -> Step {
    Step::answer(401, "{}").with("www-authenticate", challenge)
}

fn token(token: &str, life: i64) -> Step {
    Step::json(&json!({ "token": token, "expires_in": life }))
}

/// A credential file for `host` with user `robot`.
fn login(host: &str) -> (tempfile::TempDir, AuthFiles) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("auth.json");
    // robot:canary-password
    let auth = json!({ "auths": { host: { "auth": "cm9ib3Q6Y2FuYXJ5LXBhc3N3b3Jk" } } });
    std::fs::write(&path, auth.to_string()).expect("a file");
    let files = AuthFiles::new(&Environment::from_map([("A", "b")]), Some(path));
    (folder, files)
}

fn header<'s>(seen: &'s Seen, name: &str) -> Option<&'s str> {
    seen.header(name)
}

#[tokio::test]
async fn a_token_is_fetched_once_for_a_repository_and_asks_for_reading_only() {
    let (script, registry) =
        scripted([unauthorized(CHALLENGE), token("t1", 300), manifest(&image(), IMAGE)]);
    registry.pull(&tagged()).await.unwrap();
    registry.pull(&tagged()).await.unwrap();
    let seen = script.seen();
    assert_eq!(seen.len(), 4);
    assert_eq!(
        seen[1].url,
        "https://quay.io/v2/auth?scope=repository%3Aopenshift-release-dev%2Focp-release%3Apull&service=quay.io"
    );
    assert_eq!(header(&seen[1], "authorization"), None, "anonymous without a file");
    assert_eq!(header(&seen[2], "authorization"), Some("Bearer t1"));
    assert_eq!(header(&seen[3], "authorization"), Some("Bearer t1"));
}

#[tokio::test]
async fn the_other_name_of_a_token_is_taken_and_an_empty_one_is_none() {
    let answer = Step::json(&json!({ "token": "", "access_token": "t2" }));
    let (script, registry) = scripted([unauthorized(CHALLENGE), answer, manifest(&image(), IMAGE)]);
    registry.pull(&tagged()).await.unwrap();
    assert_eq!(header(&script.seen()[2], "authorization"), Some("Bearer t2"));
    let (_, registry) = scripted([unauthorized(CHALLENGE), Step::json(&json!({ "token": "" }))]);
    assert_eq!(registry.digest(&tagged()).await.unwrap_err().class(), ErrorClass::Undetermined);
}

#[tokio::test]
async fn an_expired_token_is_renewed_once() {
    let (script, registry) = scripted([
        unauthorized(CHALLENGE),
        token("t1", 300),
        manifest(&image(), IMAGE),
        unauthorized(CHALLENGE),
        token("t2", 300),
        manifest(&image(), IMAGE),
    ]);
    registry.pull(&tagged()).await.unwrap();
    registry.pull(&tagged()).await.unwrap();
    assert_eq!(header(&script.seen()[5], "authorization"), Some("Bearer t2"));
    // A token that lives no longer than a request takes is not kept.
    let (script, registry) =
        scripted([unauthorized(CHALLENGE), token("t1", 5), manifest(&image(), IMAGE)]);
    registry.pull(&tagged()).await.unwrap();
    registry.pull(&tagged()).await.unwrap();
    assert_eq!(header(&script.seen()[3], "authorization"), None);
}

#[tokio::test]
async fn callers_that_need_a_token_together_share_one() {
    let (script, registry) =
        scripted([unauthorized(CHALLENGE), token("t1", 300), manifest(&image(), IMAGE)]);
    registry.pull(&tagged()).await.unwrap();
    let callers = (0..20).map(|_| {
        let registry = registry.clone();
        tokio::spawn(async move { registry.pull(&tagged()).await.map(drop) })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap().unwrap();
    }
    let tokens = script.seen().iter().filter(|seen| seen.url.contains("/auth?")).count();
    assert_eq!(tokens, 1);
}

#[tokio::test]
async fn the_credential_of_a_file_goes_to_the_issuer_and_never_to_the_blobs_network() {
    let (_folder, files) = login("quay.io/openshift-release-dev");
    let redirect = Step::answer(302, "").with("location", "https://cdn.example.com/blob?sig=1");
    let (script, registry) = scripted_with(
        [
            unauthorized(CHALLENGE),
            token("canary-token", 300),
            manifest(&image(), IMAGE),
            redirect,
            Step::answer(200, config().to_string()),
        ],
        files,
    );
    let found = registry.image(&tagged(), &Platform::linux("amd64")).await.unwrap();
    registry.config(&found).await.unwrap();
    let seen = script.seen();
    assert_eq!(header(&seen[1], "authorization"), Some("Basic cm9ib3Q6Y2FuYXJ5LXBhc3N3b3Jk"));
    assert_eq!(header(&seen[3], "authorization"), Some("Bearer canary-token"));
    assert_eq!(seen[4].url, "https://cdn.example.com/blob?sig=1");
    assert_eq!(header(&seen[4], "authorization"), None);
    assert!(!format!("{registry:?}").contains("canary"));
}

#[tokio::test]
async fn a_registry_that_wants_the_password_itself_gets_it() {
    let (_folder, files) = login("registry.redhat.io");
    let (script, registry) =
        scripted_with([unauthorized("Basic realm=\"x\""), manifest(&image(), IMAGE)], files);
    let image: ImageRef = "registry.redhat.io/a/b:c".parse().unwrap();
    registry.pull(&image).await.unwrap();
    assert_eq!(
        header(&script.seen()[1], "authorization"),
        Some("Basic cm9ib3Q6Y2FuYXJ5LXBhc3N3b3Jk")
    );
}

#[tokio::test]
async fn a_refused_credential_is_told_from_a_missing_one() {
    let refused = [unauthorized(CHALLENGE), token("t", 300), unauthorized(CHALLENGE)];
    let (script, registry) = scripted(refused);
    let error = registry.pull(&tagged()).await.unwrap_err();
    assert!(error.to_string().contains("not taken"), "{error}");
    assert_eq!((error.class(), script.seen().len()), (ErrorClass::UnauthenticatedUpstream, 3));

    let (_, registry) = scripted([unauthorized(CHALLENGE), Step::answer(401, "")]);
    let error = registry.pull(&tagged()).await.unwrap_err();
    assert!(error.to_string().contains("REGISTRY_AUTH_FILE"), "{error}");

    let (script, registry) = scripted([unauthorized("Basic realm=\"x\"")]);
    assert!(matches!(registry.pull(&tagged()).await, Err(RegistryError::Denied { .. })));
    assert_eq!(script.seen().len(), 1, "there is nothing to try again with");
}

#[tokio::test]
async fn hosts_that_nobody_knows_are_not_contacted() {
    for name in [
        "169.254.169.254/x:y",
        "localhost:80/x:y",
        "evil.example.com/x:y",
        "quay.io.evil.example.com/x:y",
        "registry.redhat.io:8443/x:y",
    ] {
        let (script, registry) = scripted([manifest(&image(), IMAGE)]);
        let error = registry.pull(&name.parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, RegistryError::UnknownHost { .. }), "{error}");
        assert_eq!(error.class(), ErrorClass::NotConfigured);
        assert!(script.seen().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_credential_is_not_sent_where_a_stranger_points() {
    for realm in [
        "https://evil.example.com/token",
        "http://quay.io/v2/auth",
        "https://sso.redhat.com/auth",
        "https://quay.io:8443/v2/auth",
        "https://x@quay.io/v2/auth",
        "file:///etc/passwd",
        "nonsense",
    ] {
        let (_folder, files) = login("quay.io");
        let challenge = format!("Bearer realm=\"{realm}\"");
        let (script, registry) = scripted_with([unauthorized(&challenge)], files);
        let error = registry.pull(&tagged()).await.unwrap_err();
        assert!(matches!(error, RegistryError::UnknownRealm { .. }), "{realm}: {error}");
        assert_eq!(script.seen().len(), 1, "{realm}");
    }
}

#[tokio::test]
async fn the_company_s_issuer_serves_the_company_s_registries() {
    let (_folder, files) = login("registry.redhat.io");
    let realm = r#"Bearer realm="https://sso.redhat.com/auth/docker",service="docker-registry""#;
    let (script, registry) =
        scripted_with([unauthorized(realm), token("t", 300), manifest(&image(), IMAGE)], files);
    registry.pull(&"registry.redhat.io/a/b:c".parse().unwrap()).await.unwrap();
    let seen = script.seen();
    assert!(seen[1].url.starts_with("https://sso.redhat.com/auth/docker?"), "{}", seen[1].url);
    assert!(header(&seen[1], "authorization").is_some_and(|value| value.starts_with("Basic ")));
}

#[tokio::test]
async fn a_registry_can_be_mapped_or_moved_with_its_issuer() {
    let answers = || [unauthorized(CHALLENGE), token("t", 300), manifest(&image(), IMAGE)];
    // An override of the service: the issuer moves along.
    let script = Script::new(answers());
    let endpoints = endpoints_at(Service::Quay, "http://127.0.0.1:9/quay");
    let http = client_at(Arc::new(script.clone()), endpoints);
    let registry = HttpRegistry::new(&http, Hosts::default(), AuthFiles::none());
    registry.pull(&tagged()).await.unwrap();
    let asked: Vec<String> = script.seen().into_iter().map(|seen| seen.url).collect();
    assert!(asked[0].starts_with("http://127.0.0.1:9/quay/v2/openshift-release-dev/"), "{asked:?}");
    assert!(asked[1].starts_with("http://127.0.0.1:9/quay/v2/auth?"), "{asked:?}");

    // A host in the settings.
    let script = Script::new([
        unauthorized(r#"Bearer realm="https://registry.example.com/token""#),
        token("t", 300),
        manifest(&image(), IMAGE),
    ]);
    let mapped = [("registry.example.com".to_owned(), "http://127.0.0.1:9/x/".to_owned())];
    let hosts = Hosts::new(BTreeMap::from(mapped));
    let (_folder, files) = login("registry.example.com");
    let http = client(Arc::new(script.clone()));
    let registry = HttpRegistry::new(&http, hosts, files);
    registry.pull(&"registry.example.com/a:b".parse().unwrap()).await.unwrap();
    let seen = script.seen();
    assert_eq!(seen[0].url, "http://127.0.0.1:9/x/v2/a/manifests/b");
    assert_eq!(seen[1].url, "http://127.0.0.1:9/x/token?scope=repository%3Aa%3Apull");
    assert!(header(&seen[1], "authorization").is_some());
    assert_eq!(header(&seen[2], "authorization"), Some("Bearer t"));
    assert_eq!(
        digest(&image()),
        registry.pull(&"registry.example.com/a:b".parse().unwrap()).await.unwrap().digest
    );
}
