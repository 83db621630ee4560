//! Merge requests, files, lists.

use http::Method;
use oar_gitlab_shipment::{GitLabError, GitLabRead as _, MrState, load_shipment};
use oar_release::{ErrorClass, MergeRequest};
use oar_transport::testing::{Step, endpoints_at};
use oar_transport::{HttpClient, Secret, Service};
use serde_json::json;
use tokio::time::Instant;
use wiremock::matchers::{header, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake::{
    Fake, GitLabFake as _, HOME, IMAGE_PATH, TOKEN, me, mr, mr_with, shipment, with_shipment,
};

#[tokio::test]
async fn spec03_case_01_only_merge_requests_of_our_gitlab_are_asked_for() {
    let fake = Fake::default();
    let read = |text: &str| {
        let parsed = text.parse::<MergeRequest>();
        let gitlab = fake.gitlab();
        async move { gitlab.merge_request(&parsed.unwrap()).await.unwrap_err() }
    };
    let mr: MergeRequest =
        "https://gitlab.example.com/ns/grp/proj/-/merge_requests/123/diffs?x=1".parse().unwrap();
    assert_eq!((mr.project(), mr.iid()), ("ns/grp/proj", 123));
    for text in [
        "https://gitlab.example.com/p/-/merge_requests/abc",
        "https://gitlab.example.com/p/-/issues/1",
        "",
    ] {
        assert!(text.parse::<MergeRequest>().is_err(), "{text}");
    }
    let error = read("https://evil.example.com/ns/proj/-/merge_requests/1").await;
    assert!(matches!(error, GitLabError::ForeignHost { .. }), "{error}");
    let error = read("http://gitlab.example.com/ns/proj/-/merge_requests/1").await;
    assert!(matches!(error, GitLabError::ForeignHost { .. }), "{error}");
    let error = read("https://gitlab.example.com/ns/proj/-/merge_requests/0").await;
    assert!(matches!(error, GitLabError::BadMergeRequest { .. }), "{error}");
    assert!(fake.seen().is_empty(), "no request, no token");
}

#[tokio::test]
async fn a_read_is_encoded_and_carries_the_token() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v4/projects/invented%2Focp-shipment-data/merge_requests/337"))
        .and(header("private-token", TOKEN))
        .respond_with(ResponseTemplate::new(200).set_body_json(mr()))
        .expect(1)
        .mount(&server)
        .await;
    let raw = "/api/v4/projects/20/repository/files/shipment%2Fa%20b.yaml";
    Mock::given(path(raw))
        .and(query_param("ref", "s1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({
            "content": "YTog\nMQo=", "encoding": "base64", "last_commit_id": "c" })))
        .expect(1)
        .mount(&server)
        .await;
    // The address in the build data is the production one; the override moves it.
    let endpoints = endpoints_at(Service::Gitlab, &server.uri());
    let endpoints = endpoints.with_configured(Service::Gitlab, HOME).unwrap();
    let environment = oar_transport::env::Environment::from_map(std::iter::empty::<(&str, &str)>());
    let network = oar_transport::real::NetworkSettings::from_environment(&environment, &endpoints);
    let send = std::sync::Arc::new(oar_transport::real::ReqwestSend::new(network));
    let http: HttpClient = oar_transport::testing::client_at(send, endpoints);
    let gitlab = oar_gitlab_shipment::HttpGitLab::new(&http, Secret::new(TOKEN).into(), []);
    let info = gitlab.merge_request(&shipment()).await.unwrap();
    assert_eq!(info.state, MrState::Opened);
    let file = gitlab.file(&20.into(), "shipment/a b.yaml", "s1").await.unwrap();
    assert_eq!((file.text.as_str(), file.last_commit_id.as_str()), ("a: 1\n", "c"));
}

fn page(ids: &[u64], next: Option<&str>) -> Step {
    let note = |id: &u64| json!({ "id": id, "body": "x", "author": me() });
    let step = Step::json(&json!(ids.iter().map(note).collect::<Vec<_>>()));
    match next {
        None => step,
        Some(next) => step.with("link", format!("<{HOME}/api/v4/notes?page={next}>; rel=\"next\"")),
    }
}

#[tokio::test]
async fn spec03_case_02_lists_are_read_to_their_end() {
    let fake = Fake::default()
        .on(Method::GET, "/notes?sort=desc", page(&[9, 8], Some("2")))
        .on(Method::GET, "/notes?page=2", page(&[8, 7], Some("3")))
        .on(Method::GET, "/notes?page=3", page(&[6], None));
    let gitlab = fake.gitlab();
    let notes = gitlab.notes(&shipment()).await.unwrap();
    assert_eq!(notes.iter().map(|note| note.id).collect::<Vec<_>>(), [9, 8, 7, 6]);
    let seen = fake.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.header("private-token") == Some(TOKEN)));
    assert!(!format!("{gitlab:?}").contains("canary"));
}

#[tokio::test]
async fn pages_are_also_found_by_number() {
    let fake = Fake::default()
        .on(Method::GET, "/notes", page(&[1], None).with("x-next-page", "2"))
        .on(Method::GET, "&page=2", page(&[2], None).with("x-next-page", ""));
    assert_eq!(fake.gitlab().notes(&shipment()).await.unwrap().len(), 2);
    assert!(fake.seen()[1].url.contains("per_page=100&page=2"), "{}", fake.seen()[1].url);
}

#[tokio::test]
async fn r34_a_list_without_an_end_is_given_up() {
    for next in ["1", "2"] {
        let fake = Fake::default().on(Method::GET, "/notes", page(&[1], Some(next)));
        let error = fake.gitlab().notes(&shipment()).await.unwrap_err();
        assert!(matches!(error, GitLabError::Endless { .. }), "{error}");
        assert!(fake.seen().len() <= 3);
    }
}

#[tokio::test]
async fn a_list_that_leads_to_a_stranger_is_not_followed() {
    let evil = "<https://evil.example.com/notes>; rel=\"next\"";
    let fake = Fake::default().on(Method::GET, "/notes", page(&[1], None).with("link", evil));
    let error = fake.gitlab().notes(&shipment()).await.unwrap_err();
    assert!(matches!(error, GitLabError::ForeignHost { .. }), "{error}");
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn spec03_case_03_a_rate_limit_is_waited_for() {
    let limited = Step::answer(429, "").with("retry-after", "2");
    let fake = Fake::default()
        .on(Method::GET, "/merge_requests/337", limited)
        .get("/merge_requests/337", &mr());
    let begun = Instant::now();
    fake.gitlab().merge_request(&shipment()).await.unwrap();
    assert!(begun.elapsed().as_secs() >= 2);
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn proxies_in_trouble_are_asked_again() {
    let fake = Fake::default()
        .on(Method::GET, "/merge_requests/337", Step::answer(522, "<html>"))
        .get("/merge_requests/337", &mr());
    fake.gitlab().merge_request(&shipment()).await.unwrap();
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn old_servers_list_the_files_of_the_newest_version() {
    let file = json!({ "old_path": "a", "new_path": "b", "deleted_file": true });
    let fake = Fake::default()
        .get("/merge_requests/337/versions", &json!([{ "id": 4, "head_commit_sha": "s1" }]))
        .get("/merge_requests/337/versions/4", &json!({ "id": 4, "diffs": [file] }));
    let files = fake.gitlab().changed_files(&shipment()).await.unwrap();
    assert_eq!((files[0].new_path.as_str(), files[0].deleted_file), ("b", true));
}

#[tokio::test]
async fn spec03_case_05_files_are_read_from_the_fork_at_the_head() {
    let fake = with_shipment(&mr());
    let loaded = load_shipment(&fake.gitlab(), &shipment()).await.unwrap();
    assert_eq!((loaded.head.as_str(), loaded.files.len()), ("s1", 2));
    assert_eq!(loaded.image_files().count(), 1);
    let files = fake.asked(&Method::GET, "/repository/files/");
    assert_eq!(files.len(), 2, "README and config.yaml are no shipments");
    assert!(files.iter().all(|f| f.url.contains("/projects/20/") && f.url.ends_with("?ref=s1")));
    assert_eq!(loaded.jira_keys(), ["OCPBUGS-99001", "OCPBUGS-99002", "OCPBUGS-990021"]);
}

#[tokio::test]
async fn r16_a_shipment_of_another_release_is_refused() {
    let fake = with_shipment(&mr());
    let loaded = load_shipment(&fake.gitlab(), &shipment()).await.unwrap();
    let live = [("image".to_owned(), 1555)];
    loaded.require_release(&"4.99.3".parse().unwrap(), &live).unwrap();
    let error = loaded.require_release(&"4.99.30".parse().unwrap(), &live).unwrap_err();
    assert_eq!(error.class(), ErrorClass::PreconditionFailed);
    assert!(
        error.to_string().starts_with("not everything belongs to 4.99.30: the title"),
        "{error}"
    );
}

#[tokio::test]
async fn spec03_case_06_a_file_that_cannot_be_read_is_named() {
    let broken = with_shipment(&mr()).gitlab();
    drop(broken);
    let fake = Fake::default()
        .get("/merge_requests/337", &mr())
        .get("/merge_requests/337/diffs", &crate::fake::diffs())
        .file(IMAGE_PATH, "shipment: [")
        .file(crate::fake::FBC_PATH, crate::fake::FBC);
    let error = load_shipment(&fake.gitlab(), &shipment()).await.unwrap_err();
    assert_eq!(error.file(), Some(IMAGE_PATH));
    assert_eq!(error.class(), ErrorClass::Undetermined);
    let fake = Fake::default()
        .get("/merge_requests/337", &mr())
        .get("/merge_requests/337/diffs", &crate::fake::diffs())
        .file(IMAGE_PATH, crate::fake::IMAGE);
    let error = load_shipment(&fake.gitlab(), &shipment()).await.unwrap_err();
    assert_eq!((error.file(), error.class()), (Some(crate::fake::FBC_PATH), ErrorClass::NotFound));
}

#[tokio::test]
async fn a_merge_request_without_shipments_is_no_empty_success() {
    let fake = Fake::default()
        .get("/merge_requests/337", &mr_with(&json!({ "state": "merged" })))
        .get("/merge_requests/337/diffs", &json!([]));
    let error = load_shipment(&fake.gitlab(), &shipment()).await.unwrap_err();
    assert!(error.to_string().contains("holds no shipment file"), "{error}");
}

#[tokio::test]
async fn missing_fields_are_not_invented() {
    let mut incomplete = mr();
    incomplete.as_object_mut().unwrap().remove("labels");
    let fake = Fake::default().get("/merge_requests/337", &incomplete);
    let error = fake.gitlab().merge_request(&shipment()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Undetermined, "without labels there is no verdict");
}

#[tokio::test]
async fn errors_speak_gitlabs_words_and_not_the_token() {
    for (status, text, class) in [
        (403, r#"{"message":"403 Forbidden"}"#, ErrorClass::ForbiddenUpstream),
        (404, r#"{"message":"404 Not Found"}"#, ErrorClass::NotFound),
        (400, r#"{"error":"ref is empty: canary-gitlab-token"}"#, ErrorClass::Undetermined),
        (409, r#"{"message":["Branch exists"]}"#, ErrorClass::Conflict),
    ] {
        let fake =
            Fake::default().on(Method::GET, "/merge_requests/337", Step::answer(status, text));
        let error = fake.gitlab().merge_request(&shipment()).await.unwrap_err();
        assert_eq!(error.class(), class, "{status}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}
