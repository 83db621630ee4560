//! A change proposed from a fork by a GitHub App: requests, answers, and what they mean.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use oar_github::{
    AppIdentity, GitHubError, HttpGitHub, HttpProposals, NewCommit, Proposal, ProposalRead as _,
    ProposalWrite as _, PullText,
};
use oar_release::ErrorClass;
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::testing::{ByAddress, NOW, Step, client, client_at, endpoints_at};
use oar_transport::{Secret, Service};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake::contents;

pub(crate) const TITLE: &str = "4.99 amd64";

pub(crate) fn proposal() -> Proposal {
    Proposal {
        upstream: "o/r".parse().unwrap(),
        base: "main".to_owned(),
        fork: "bot/r".parse().unwrap(),
        branch: "autobranch-4.99-amd64-0123456789ab".to_owned(),
        path: crate::fake::path("_releases/a.json"),
    }
}

pub(crate) fn commit(replaces: bool) -> NewCommit {
    NewCommit {
        parent: "base-head".to_owned(),
        tree: "base-tree".to_owned(),
        content: "{\"nightly\": []}\n".to_owned(),
        message: "Say it".to_owned(),
        author: ("a bot".to_owned(), "bot@example.com".to_owned()),
        replaces,
    }
}

pub(crate) fn text() -> PullText {
    PullText { title: TITLE.to_owned(), body: "Why.".to_owned() }
}

/// A pull request as the service tells it.
pub(crate) fn pull(number: u64, label: &str) -> Value {
    json!({ "number": number, "html_url": format!("https://github.com/o/r/pull/{number}"),
            "state": "open", "labels": [{ "name": "size/S" }],
            "head": { "label": label, "ref": "x" }, "base": { "label": "o:main", "ref": "main" } })
}

pub(crate) fn created(body: &Value) -> Step {
    Step::answer(201, body.to_string())
}

/// The app's answers: installed in the fork and upstream.
pub(crate) fn with_app() -> ByAddress {
    ByAddress::default()
        .get("/repos/bot/r/installation", &json!({ "id": 7 }))
        .get("/repos/o/r/installation", &json!({ "id": 8 }))
        .on(
            Method::POST,
            "/app/installations/7/access_tokens",
            created(&json!({ "token": "canary-fork-token" })),
        )
        .on(
            Method::POST,
            "/app/installations/8/access_tokens",
            created(&json!({ "token": "canary-upstream-token" })),
        )
}

pub(crate) fn proposals(service: &ByAddress) -> HttpProposals {
    let app = AppIdentity::of_statement(Secret::new("canary-statement").into());
    HttpProposals::new(&client(Arc::new(service.clone())), app)
}

fn reader(service: &ByAddress) -> HttpGitHub {
    HttpGitHub::new(&client(Arc::new(service.clone())), Secret::new("reader").into())
}

#[tokio::test(start_paused = true)]
async fn a_branch_and_its_file_are_read_at_one_commit() {
    let service = ByAddress::default()
        .get("/repos/o/r/git/ref/heads/main", &json!({ "object": { "sha": "h1" } }))
        .get(
            "/repos/o/r/git/commits/h1",
            &json!({ "tree": { "sha": "t1" }, "parents": [{ "sha": "h0" }] }),
        )
        .get("/contents/_releases/a.json?ref=h1", &contents(b"old"));
    let base = reader(&service).base(&proposal()).await.unwrap();
    assert_eq!((base.head.as_str(), base.tree.as_str()), ("h1", "t1"));
    assert_eq!((base.parents, base.content.as_deref()), (vec!["h0".to_owned()], Some(&b"old"[..])));
    // Nobody pushed; and upstream a branch that is not there is no answer.
    assert_eq!(reader(&service).pushed(&proposal()).await.unwrap(), None);
    let elsewhere = Proposal { base: "none".to_owned(), ..proposal() };
    let error = reader(&service).base(&elsewhere).await.unwrap_err();
    assert!(matches!(error, GitHubError::NoBranch { .. }), "{error}");
    assert_eq!(error.class(), ErrorClass::NotFound);
    // A new file.
    let service = ByAddress::default()
        .get("/git/ref/heads/main", &json!({ "object": { "sha": "h1" } }))
        .get("/git/commits/h1", &json!({ "tree": { "sha": "t1" }, "parents": [] }));
    assert_eq!(reader(&service).base(&proposal()).await.unwrap().content, None);
    // A file that came without its text is not taken for an empty one.
    let cut = json!({ "sha": "1", "encoding": "none", "content": "" });
    let service = service.get("/contents/_releases/a.json?ref=h1", &cut);
    let error = reader(&service).base(&proposal()).await.unwrap_err();
    assert!(matches!(error, GitHubError::Malformed { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn only_the_pull_request_of_our_branch_is_ours() {
    let ours = proposal().head();
    let list = json!([pull(1, "else:autobranch"), pull(2, &ours), pull(3, &ours)]);
    let service = ByAddress::default().get("/repos/o/r/pulls?", &list);
    let found = reader(&service).open_pull(&proposal()).await.unwrap().unwrap();
    assert_eq!((found.number, found.labels), (2, vec!["size/S".to_owned()]));
    let asked = &service.seen()[0].url;
    assert!(asked.contains("state=open") && asked.contains("base=main"), "{asked}");
    assert!(asked.contains("head=bot%3Aautobranch-4.99-amd64-0123456789ab"), "{asked}");
    let service = ByAddress::default().get("/pulls?", &json!([pull(1, "else:autobranch")]));
    assert_eq!(reader(&service).open_pull(&proposal()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_push_is_one_commit_on_the_newest_upstream_and_one_new_branch() {
    let service = with_app()
        .on(Method::POST, "/repos/bot/r/git/trees", created(&json!({ "sha": "t2" })))
        .on(Method::POST, "/repos/bot/r/git/commits", created(&json!({ "sha": "c2" })))
        .on(Method::POST, "/repos/bot/r/git/refs", created(&json!({ "ref": "x" })));
    assert_eq!(proposals(&service).push(&proposal(), &commit(false)).await.unwrap(), "c2");
    let body = |part: &str| -> Value {
        let sent = service.asked(&Method::POST, part);
        assert_eq!(sent.len(), 1, "{part}");
        assert_eq!(sent[0].header("authorization"), Some("Bearer canary-fork-token"), "{part}");
        serde_json::from_slice(&sent[0].body).unwrap()
    };
    let entry = json!({ "path": "_releases/a.json", "mode": "100644", "type": "blob", "content": commit(false).content });
    assert_eq!(body("/git/trees"), json!({ "base_tree": "base-tree", "tree": [entry] }));
    let author = json!({ "name": "a bot", "email": "bot@example.com" });
    let sent =
        json!({ "message": "Say it", "tree": "t2", "parents": ["base-head"], "author": author });
    assert_eq!(body("/git/commits"), sent);
    let sent = json!({ "ref": "refs/heads/autobranch-4.99-amd64-0123456789ab", "sha": "c2" });
    assert_eq!(body("/git/refs"), sent);
    let granted = service.asked(&Method::POST, "access_tokens");
    assert_eq!(granted.len(), 1, "no rights upstream are asked for to push into the fork");
    assert_eq!(
        serde_json::from_slice::<Value>(&granted[0].body).unwrap(),
        json!({ "repositories": ["r"] })
    );

    // A branch of ours that is stale is moved.
    let service = service.on(
        Method::PATCH,
        "/repos/bot/r/git/refs/heads/autobranch",
        Step::json(&json!({ "ref": "x" })),
    );
    proposals(&service).push(&proposal(), &commit(true)).await.unwrap();
    let moved = service.asked(&Method::PATCH, "/git/refs/heads/");
    assert_eq!(
        serde_json::from_slice::<Value>(&moved[0].body).unwrap(),
        json!({ "sha": "c2", "force": true })
    );
}

#[tokio::test(start_paused = true)]
async fn a_pull_request_is_opened_and_labelled_with_the_rights_of_upstream() {
    let service = with_app()
        .on(Method::POST, "/repos/o/r/pulls", created(&pull(5, &proposal().head())))
        .on(Method::POST, "/repos/o/r/issues/5/labels", Step::json(&json!([])));
    let proposals = proposals(&service);
    let opened = proposals.open(&proposal(), &text()).await.unwrap();
    assert_eq!((opened.number, opened.url.as_str()), (5, "https://github.com/o/r/pull/5"));
    let labels = ["lgtm".to_owned(), "approved".to_owned()];
    proposals.label(&proposal(), opened.number, &labels).await.unwrap();
    let sent = service.asked(&Method::POST, "/repos/o/r/");
    let bodies: Vec<Value> =
        sent.iter().map(|seen| serde_json::from_slice(&seen.body).unwrap()).collect();
    let pull = json!({ "title": TITLE, "body": "Why.", "base": "main", "head": proposal().head(),
                       "maintainer_can_modify": false });
    assert_eq!(bodies, [pull, json!({ "labels": ["lgtm", "approved"] })]);
    let is_upstream = |seen: &oar_transport::testing::Seen| {
        seen.header("authorization") == Some("Bearer canary-upstream-token")
    };
    assert!(sent.iter().all(is_upstream));
    assert_eq!(service.asked(&Method::POST, "access_tokens").len(), 1, "one token serves both");
}

#[tokio::test(start_paused = true)]
async fn where_the_app_is_not_installed_is_told() {
    let service = ByAddress::default();
    let error = proposals(&service).push(&proposal(), &commit(false)).await.unwrap_err();
    assert_eq!(error.to_string(), "the GitHub App is not installed in bot/r");
    assert_eq!(error.class(), ErrorClass::ForbiddenUpstream);
    // Upstream alone may be missing: then the fork's rights have to do.
    let service = ByAddress::default()
        .get("/repos/bot/r/installation", &json!({ "id": 7 }))
        .on(
            Method::POST,
            "/app/installations/7/access_tokens",
            created(&json!({ "token": "fork" })),
        )
        .on(Method::POST, "/repos/o/r/pulls", created(&pull(5, &proposal().head())));
    proposals(&service).open(&proposal(), &text()).await.unwrap();
    let sent = service.asked(&Method::POST, "/repos/o/r/pulls");
    assert_eq!(sent[0].header("authorization"), Some("Bearer fork"));
    // A key that GitHub does not know.
    let service = ByAddress::default().on(Method::GET, "/installation", Step::answer(401, "{}"));
    let error = proposals(&service).push(&proposal(), &commit(false)).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream);
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

/// The statement, over a real connection: its times, its issuer, and a signature of the key's.
#[tokio::test]
async fn the_statement_is_signed_by_the_key_and_holds_five_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let file = folder.path().join("app.pem");
    std::fs::write(&file, key.serialize_pem()).unwrap();
    let app = AppIdentity::read("APP_PRIVATE_KEY", file.to_str().unwrap(), "897744").unwrap();
    assert_eq!(format!("{app:?}"), "AppIdentity");

    let server = MockServer::start().await;
    let answer = |status: u16, body: Value| ResponseTemplate::new(status).set_body_json(body);
    Mock::given(method("GET"))
        .and(path("/repos/bot/r/installation"))
        .respond_with(answer(200, json!({ "id": 7 })))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/app/installations/7/access_tokens"))
        .respond_with(answer(
            201,
            json!({ "token": "canary-token", "expires_at": "2026-03-11T09:00:00Z" }),
        ))
        .mount(&server)
        .await;
    for (kind, id) in [("trees", "t2"), ("commits", "c2"), ("refs", "r2")] {
        Mock::given(method("POST"))
            .and(path(format!("/repos/bot/r/git/{kind}")))
            .and(header("authorization", "Bearer canary-token"))
            .respond_with(answer(201, json!({ "sha": id })))
            .expect(1)
            .mount(&server)
            .await;
    }
    let network = Arc::new(ReqwestSend::new(NetworkSettings::default()));
    let http = client_at(network, endpoints_at(Service::GithubApi, &server.uri()));
    HttpProposals::new(&http, app).push(&proposal(), &commit(false)).await.unwrap();

    let seen = server.received_requests().await.unwrap();
    let now = NOW.parse::<jiff::Timestamp>().unwrap().as_second();
    let public = DecodingKey::from_rsa_der(&rsa_public_key(&key));
    for request in &seen[..2] {
        let sent = request.headers["authorization"].to_str().unwrap();
        let statement = sent.strip_prefix("Bearer ").unwrap();
        let mut check = Validation::new(Algorithm::RS256);
        (check.validate_exp, check.validate_aud) = (false, false);
        let found = decode::<Value>(statement, &public, &check).expect("a good signature");
        assert_eq!(found.claims, json!({ "iat": now - 60, "exp": now + 300, "iss": "897744" }));
    }
    assert_eq!(seen.len(), 5);
}

/// The key inside of a "subject public key info", as the verifier wants it.
fn rsa_public_key(key: &rcgen::KeyPair) -> Vec<u8> {
    use rcgen::PublicKeyData as _;
    key.der_bytes().to_vec()
}

#[test]
fn a_key_that_is_none_is_told_without_a_word_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.pem");
    let read =
        |path: &str| AppIdentity::read("APP_PRIVATE_KEY", path, "1").unwrap_err().to_string();
    let begin = ["-----BEGIN", "PRIVATE KEY-----"].join(" ");
    let body = STANDARD.encode("canary-key-material");
    for content in [String::new(), "canary".to_owned(), format!("{begin}\n{body}\n")] {
        std::fs::write(&file, &content).unwrap();
        let told = read(file.to_str().unwrap());
        assert!(
            told.starts_with("APP_PRIVATE_KEY: ") && told.contains("no private RSA key"),
            "{told}"
        );
        assert!(!told.contains("canary") && !told.contains(&body), "{told}");
    }
    let told = read(&format!("{begin}\n{body}"));
    assert!(told.contains("the path of the key's file") && !told.contains(&body), "{told}");
    assert!(read("/no/such/key.pem").contains("/no/such/key.pem"));
}
