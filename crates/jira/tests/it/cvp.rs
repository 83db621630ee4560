//! The issue about failed CVP tests.

use http::Method;
use oar_jira::{CvpOutcome, CvpTest, JiraError, cvp_description, report_cvp};
use oar_release::Links;
use serde_json::{Value, json};

use crate::fake::{Fake, JiraFake as _, body, issue, known, me};

fn tests(ids: &[u64]) -> Vec<CvpTest> {
    ids.iter().map(|id| CvpTest { id: *id, advisory: 100, nvr: format!("nvr-{id}") }).collect()
}

async fn report(fake: &Fake, ids: &[u64]) -> Result<CvpOutcome, JiraError> {
    let jira = fake.jira();
    let release = "4.99.3".parse().unwrap();
    report_cvp(&jira, &jira, &release, &tests(ids), &Links::default()).await
}

fn described(ids: &[u64]) -> Value {
    cvp_description(&"4.99.3".parse().unwrap(), &tests(ids), &Links::default()).to_json()
}

/// An open issue whose description names test 200, and one of a similar release.
fn open(comments: &[Value]) -> Fake {
    let summary = "[4.99.3] Greenwave CVP test failures in advisories";
    let similar = "[4.99.30] Greenwave CVP test failures in advisories";
    let ours = json!({ "summary": summary, "description": described(&[200]) });
    let found = json!({ "issues": [issue(4, "CVP-4", &json!({ "summary": similar })), issue(5, "CVP-5", &ours)] });
    known()
        .post("/search/jql", &found)
        .get("/issue/CVP-5?", &issue(5, "CVP-5", &ours))
        .get("/issue/CVP-5/comment?", &json!({ "comments": comments, "total": comments.len() }))
        .post("/issue/CVP-5/comment", &json!({ "id": "70" }))
}

#[tokio::test]
async fn spec02_case_08_an_issue_is_made_once() {
    let fake = known()
        .post("/search/jql", &json!({ "issues": [] }))
        .post("/rest/api/3/issue", &json!({ "id": "5", "key": "CVP-5" }));
    let outcome = report(&fake, &[200]).await.unwrap();
    assert_eq!(outcome, CvpOutcome::Created("CVP-5".parse().unwrap()));
    let sent = body(&fake.writes()[0])["fields"].clone();
    assert_eq!(
        (&sent["project"]["key"], &sent["priority"]["name"]),
        (&json!("CVP"), &json!("Blocker"))
    );
    assert_eq!(sent["summary"], "[4.99.3] Greenwave CVP test failures in advisories");
    let jql =
        body(&fake.asked(&Method::POST, "/search/jql")[0])["jql"].as_str().unwrap().to_owned();
    assert_eq!(
        jql,
        r#"project = "CVP" AND summary ~ "\"4.99.3 Greenwave CVP test failures in advisories\"" AND statusCategory != Done"#
    );
    let again = open(&[]);
    assert_eq!(report(&again, &[200]).await.unwrap().key().as_str(), "CVP-5");
    assert!(again.writes().is_empty(), "the open issue says it already");
}

#[tokio::test]
async fn other_tests_are_added_as_one_comment() {
    let fake = open(&[]);
    assert!(matches!(report(&fake, &[200, 201]).await.unwrap(), CvpOutcome::Commented(_)));
    assert_eq!(fake.writes().len(), 1);
    let comment = |author: &Value, ids: &[u64]| json!({ "id": "70", "author": author, "created": "2026-03-02T10:00:00Z", "body": described(ids) });
    let stranger = json!({ "accountId": "x", "active": true });
    let told = open(&[comment(&me(), &[200, 201]), comment(&stranger, &[1])]);
    assert!(matches!(report(&told, &[201, 200]).await.unwrap(), CvpOutcome::Known(_)));
    assert!(told.writes().is_empty());
}

#[tokio::test]
async fn nothing_failed_is_no_report() {
    let fake = known();
    assert!(report(&fake, &[]).await.is_err());
    assert!(fake.seen().is_empty());
}
