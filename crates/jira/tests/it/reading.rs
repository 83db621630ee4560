//! Issues, searches, histories, comments.

use http::Method;
use oar_jira::{HttpJira, IssueKey, JiraError, JiraRead as _, Search};
use oar_release::ErrorClass;
use oar_transport::testing::{Step, client, client_at, endpoints_at};
use oar_transport::{Secret, SecretSource, Service, env::Environment};
use serde_json::{Value, json};
use tokio::time::Instant;
use wiremock::matchers::{body_partial_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake::{Fake, JiraFake as _, TOKEN, body, fields, issue, known, me};

fn keys(texts: &[&str]) -> Vec<IssueKey> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn bulk(issues: &[Value]) -> Value {
    json!({ "issues": issues, "issueErrors": [] })
}

#[tokio::test]
async fn a_batch_goes_over_the_wire_with_basic_and_an_explicit_list_of_fields() {
    let server = MockServer::start().await;
    let respond = |body: Value| ResponseTemplate::new(200).set_body_json(body);
    Mock::given(path("/rest/api/3/myself"))
        .respond_with(respond(me()))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path("/rest/api/3/field"))
        .respond_with(respond(fields()))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/rest/api/3/issue/bulkfetch"))
        .and(header("authorization", "Basic Ym90QGV4YW1wbGUuY29tOmNhbmFyeS1qaXJhLXRva2Vu"))
        .and(body_partial_json(json!({ "issueIdsOrKeys": ["A-1"] })))
        .respond_with(respond(bulk(&[issue(1, "A-1", &json!({}))])))
        .expect(2)
        .mount(&server)
        .await;
    let endpoints = endpoints_at(Service::Jira, &server.uri());
    let environment = Environment::from_map(std::iter::empty::<(&str, &str)>());
    let network = oar_transport::real::NetworkSettings::from_environment(&environment, &endpoints);
    let send = std::sync::Arc::new(oar_transport::real::ReqwestSend::new(network));
    let jira = crate::fake::jira_over(&client_at(send, endpoints));
    for _ in 0..2 {
        assert_eq!(jira.issues(&keys(&["A-1"])).await.unwrap().found.len(), 1);
    }
}

#[tokio::test]
async fn r33_spec02_case_24_what_is_not_visible_is_listed() {
    let fake = known().post(
        "/issue/bulkfetch",
        &bulk(&[
            issue(2, "A-3", &json!({})),
            issue(1, "A-1", &json!({})),
            json!({ "id": "9", "key": "A-4" }),
        ]),
    );
    let issues = fake.jira().issues(&keys(&["A-1", "A-2", "A-3", "A-4", "A-1"])).await.unwrap();
    let found: Vec<&str> = issues.found.iter().map(|issue| issue.key.as_str()).collect();
    assert_eq!(found, ["A-1", "A-3"], "in the order of the keys, each once");
    assert_eq!(issues.not_visible, keys(&["A-2", "A-4"]), "absent, or without a visible status");
}

#[tokio::test]
async fn a_moved_issue_is_followed() {
    let moved = issue(7, "B-9", &json!({}));
    let fake = known()
        .post("/issue/bulkfetch", &bulk(&[issue(1, "A-1", &json!({})), moved.clone()]))
        .get("/issue/A-2?", &moved);
    let issues = fake.jira().issues(&keys(&["A-1", "A-2", "A-3"])).await.unwrap();
    assert_eq!(issues.found[1].key.as_str(), "B-9");
    assert_eq!(issues.not_visible, keys(&["A-3"]));
}

#[tokio::test(start_paused = true)]
async fn r35_large_sets_go_in_batches_without_sleeps() {
    let fake = known().post("/issue/bulkfetch", &bulk(&[]));
    let many: Vec<IssueKey> = (1..=250).map(|n| format!("A-{n}").parse().unwrap()).collect();
    let begun = Instant::now();
    let issues = fake.jira().issues(&many).await.unwrap();
    assert_eq!((issues.not_visible.len(), begun.elapsed().as_millis()), (250, 0));
    let batches = fake.asked(&Method::POST, "/issue/bulkfetch");
    let sizes: Vec<usize> =
        batches.iter().map(|b| body(b)["issueIdsOrKeys"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(fake.jira().issues(&[]).await.unwrap().found.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn r35_a_rate_limit_is_waited_for_as_told() {
    let limited = Step::answer(429, "").with("retry-after", "40");
    let fake =
        known().on(Method::POST, "/issue/bulkfetch", limited).post("/issue/bulkfetch", &bulk(&[]));
    let begun = Instant::now();
    fake.jira().issues(&keys(&["A-1"])).await.unwrap();
    assert!((40..42).contains(&begun.elapsed().as_secs()));
}

#[tokio::test]
async fn r36_a_missing_credential_is_named_before_any_request() {
    let fake = known();
    let environment = Environment::from_map([("JIRA_TOKEN", "x")]);
    let secret = |name: &str| SecretSource::variable(&environment, name, "Jira");
    let http = client(std::sync::Arc::new(fake.clone()));
    let (user, token) = (secret("JIRA_USERNAME"), secret("JIRA_TOKEN"));
    let jira = HttpJira::new(&http, user, token, oar_jira::FieldIds::default());
    let error = jira.search(&Search::new("project = X")).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotConfigured);
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn r36_an_anonymous_view_is_an_error_and_not_an_empty_result() {
    let anonymous =
        Step::json(&json!({ "issues": [] })).with("x-seraph-loginreason", "AUTHENTICATED_FAILED");
    let fake = known().on(Method::POST, "/search/jql", anonymous);
    let error = fake.jira().search(&Search::new("project = X")).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream);
    let refused = Fake::default().on(Method::GET, "/myself", Step::answer(401, ""));
    let error = refused.jira().search(&Search::new("project = X")).await.unwrap_err();
    assert!(matches!(error, JiraError::Token { .. }), "{error}");
    assert_eq!(refused.seen().len(), 1, "nothing is searched");
}

#[tokio::test]
async fn r36_a_field_that_is_not_what_it_should_be_stops_reading() {
    let fake = Fake::default()
        .get("/myself", &me())
        .get("/rest/api/3/field", &json!([{ "id": "customfield_10470", "name": "Other" }]));
    let error = fake.jira().issues(&keys(&["A-1"])).await.unwrap_err();
    assert!(matches!(error, JiraError::Field { name: "qa_contact", .. }), "{error}");
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn a_search_is_read_to_its_end() {
    let page = |issues: &[Value], next: &Value| json!({ "issues": issues, "nextPageToken": next });
    let one = issue(1, "A-1", &json!({}));
    let fake = known()
        .post("/search/jql", &page(std::slice::from_ref(&one), &json!("t1")))
        // Filtered by permissions: an empty page is not the end.
        .post("/search/jql", &page(&[], &json!("t2")))
        .post("/search/jql", &page(&[one, issue(2, "A-2", &json!({}))], &Value::Null));
    let search = Search { jql: "project = \"A\"".to_owned(), page_size: 50 };
    let found = fake.jira().search(&search).await.unwrap();
    assert_eq!(found.iter().map(|i| i.key.as_str()).collect::<Vec<_>>(), ["A-1", "A-2"]);
    let asked: Vec<Value> = fake.asked(&Method::POST, "/search/jql").iter().map(body).collect();
    assert_eq!((&asked[0]["maxResults"], asked[0].get("nextPageToken")), (&json!(50), None));
    assert_eq!(
        (&asked[1]["nextPageToken"], &asked[2]["nextPageToken"]),
        (&json!("t1"), &json!("t2"))
    );
    assert!(asked[0]["fields"].as_array().unwrap().contains(&json!("customfield_10470")));
}

#[tokio::test]
async fn r34_a_search_that_goes_in_a_circle_is_given_up() {
    let again = json!({ "issues": [], "nextPageToken": "same" });
    let fake = known().post("/search/jql", &again);
    let error = fake.jira().search(&Search::new("x")).await.unwrap_err();
    assert!(matches!(error, JiraError::Endless { .. }), "{error}");
    assert!(fake.seen().len() <= 4);
}

#[tokio::test]
async fn a_refused_query_and_a_gone_interface_are_named() {
    let words = r#"{"errorMessages":["The value '9.99.z' does not exist"],"errors":{"a":"b"}}"#;
    let fake = known().on(Method::POST, "/search/jql", Step::answer(400, words));
    let shown = fake.jira().search(&Search::new("x")).await.unwrap_err().to_string();
    assert_eq!(shown, "Jira refused to search (400): The value '9.99.z' does not exist; a: b");
    let fake = known().on(Method::POST, "/search/jql", Step::answer(410, "{}"));
    let shown = fake.jira().search(&Search::new("x")).await.unwrap_err().to_string();
    assert!(
        shown.contains("no longer offers https://redhat.atlassian.net/rest/api/3/search/jql"),
        "{shown}"
    );
}

#[tokio::test]
async fn histories_are_complete_and_in_order() {
    let change = |created: &Value, to: &str| {
        json!({ "created": created, "items": [
            { "field": "status", "fieldId": "status", "fromString": "POST", "toString": to },
            { "field": "labels", "toString": "ON_QA" },
        ] })
    };
    let page = |changes: &[Value], next: Option<&str>| json!({ "issueChangeLogs": [{ "issueId": "1", "changeHistories": changes }], "nextPageToken": next });
    let fake = Fake::default()
        .post(
            "/changelog/bulkfetch",
            &page(&[change(&json!(1_772_442_000_000_i64), "ON_QA")], Some("t")),
        )
        .post(
            "/changelog/bulkfetch",
            &page(&[change(&json!("2026-03-01T09:00:00.000+0000"), "MODIFIED")], None),
        );
    let histories = fake.jira().status_history(&["1".to_owned()]).await.unwrap();
    let to: Vec<&str> = histories["1"].iter().filter_map(|change| change.to.as_deref()).collect();
    assert_eq!(to, ["MODIFIED", "ON_QA"]);
    assert_eq!(body(&fake.seen()[0])["fieldIds"], json!(["status"]));
}

fn comment(id: u32, text: &str) -> Value {
    let body = json!({ "type": "doc", "content": [
        { "type": "paragraph", "content": [{ "type": "text", "text": text }] }] });
    json!({ "id": id.to_string(), "author": me(), "created": "2026-03-02T10:00:00.000+0000", "body": body })
}

#[tokio::test]
async fn comments_are_read_by_their_total() {
    let fake = Fake::default()
        .get("startAt=0", &json!({ "comments": [comment(1, "a"), comment(2, "b")], "total": 3 }))
        .get("startAt=2", &json!({ "comments": [comment(2, "b")], "total": 4 }))
        .get("startAt=3", &json!({ "comments": [comment(3, "c")], "total": 4 }));
    let comments = fake.jira().comments(&"A-1".parse().unwrap()).await.unwrap();
    assert_eq!(comments.iter().map(|c| c.text.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    let never = Fake::default().get("startAt=", &json!({ "comments": [], "total": 9 }));
    let error = never.jira().comments(&"A-1".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, JiraError::Endless { .. }), "{error}");
    assert_eq!(never.seen().len(), 1);
}

#[tokio::test]
async fn r33_a_hidden_issue_is_not_visible_whatever_the_status() {
    for status in [403, 404] {
        let fake = known().on(Method::GET, "/issue/A-1", Step::answer(status, "{}"));
        let error = fake.jira().issue(&"A-1".parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, JiraError::NotVisible { .. }), "{error}");
        assert_eq!(error.class(), ErrorClass::NotFound);
    }
    let fake = known().on(Method::GET, "/issue/A-1", Step::answer(401, "{}"));
    let error = fake.jira().issue(&"A-1".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, JiraError::Token { .. }), "401 is about the credential: {error}");
}

#[tokio::test]
async fn small_reads_take_what_they_need() {
    let transition = json!({ "id": "31", "name": "Done", "to": { "name": "Closed" },
                             "fields": { "resolution": { "required": true } } });
    let gone = json!({ "accountId": "x", "displayName": "X", "active": false });
    let fake = Fake::default()
        .get("/issue/A-1/transitions", &json!({ "transitions": [transition] }))
        .get("/user/search", &json!([me(), gone]))
        .get(
            "/issue/A-1/remotelink",
            &json!([{ "object": { "url": "https://github.com/o/r/pull/1" } }]),
        )
        .get("/project/OCPBUGS/versions", &json!([{ "name": "4.99.z" }, { "name": "4.98.z" }]));
    let (jira, key) = (fake.jira(), "A-1".parse().unwrap());
    assert!(jira.transitions(&key).await.unwrap()[0].wants_resolution);
    assert_eq!(jira.find_users("a+b@example.com").await.unwrap().len(), 1, "only those in use");
    assert_eq!(jira.remote_links(&key).await.unwrap(), ["https://github.com/o/r/pull/1"]);
    assert_eq!(jira.versions("OCPBUGS").await.unwrap(), ["4.99.z", "4.98.z"]);
    assert!(fake.seen()[1].url.contains("query=a%2Bb%40example.com"), "{}", fake.seen()[1].url);
}

#[tokio::test]
async fn r04_no_error_shows_the_credential() {
    let words = format!("rejected {TOKEN} of bot@example.com");
    let fake = Fake::default().on(Method::GET, "/transitions", Step::answer(400, words));
    let jira = fake.jira();
    let error = jira.transitions(&"A-1".parse().unwrap()).await.unwrap_err();
    let shown = format!("{error} {error:?} {jira:?} {:?}", Secret::new(TOKEN));
    assert!(!shown.contains("canary") && !shown.contains("bot@example.com"), "{shown}");
}
