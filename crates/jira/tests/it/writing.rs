//! Comments, transitions, edits: what is sent, what is never sent twice.

use http::Method;
use oar_jira::adf::{Adf, Inline};
use oar_jira::{IssueKey, JiraError, JiraWrite as _, Move, NewComment, NewIssue};
use oar_release::ErrorClass;
use oar_transport::testing::Step;
use oar_transport::{Processed, SendErrorKind};
use serde_json::{Value, json};

use crate::fake::{Fake, JiraFake as _, body, issue, known, me, nothing};

fn key() -> IssueKey {
    "A-1".parse().unwrap()
}

fn hello() -> NewComment {
    let text = Adf::new().paragraph([Inline::mention("q", "Q"), Inline::text(" hello")]);
    NewComment::new(text, "intent-1")
}

fn lost() -> Step {
    Step::Fail(SendErrorKind::Interrupted, Processed::Unknown)
}

#[tokio::test]
async fn a_comment_is_a_document_with_a_hidden_intent() {
    let fake = Fake::default().post("/issue/A-1/comment", &json!({ "id": "100" }));
    assert_eq!(fake.jira().comment(&key(), &hello()).await.unwrap(), "100");
    let sent = body(&fake.writes()[0]);
    assert_eq!(sent["body"]["content"][0]["content"][0]["attrs"]["id"], "q");
    assert_eq!(sent["properties"][0]["value"]["intent"], "intent-1");
}

#[tokio::test]
async fn an_empty_comment_is_refused_before_any_request() {
    let fake = Fake::default();
    let empty = NewComment::new(Adf::new().paragraph([Inline::text("  ")]), "i");
    let error = fake.jira().comment(&key(), &empty).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::InvalidArgument);
    assert!(fake.seen().is_empty());
}

/// The answer to the comment is lost; the issue has one comment of `author` with `intent`.
fn lost_comment(answer: &Step, author: &str, intent: &str) -> Fake {
    let mut by = me();
    by["accountId"] = json!(author);
    let comment = json!({ "id": "100", "author": by, "created": "2026-03-02T10:00:00.000+0000" });
    let property = json!({ "key": "oar.intent", "value": { "intent": intent } });
    known()
        .on(Method::POST, "/issue/A-1/comment", answer.clone())
        .get("/issue/A-1/comment?", &json!({ "comments": [comment], "total": 1 }))
        .post("/comment/list", &json!({ "values": [{ "id": "100", "properties": [property] }] }))
}

#[tokio::test(start_paused = true)]
async fn a_lost_comment_is_found_by_its_intent_and_not_sent_again() {
    for answer in [lost(), Step::answer(502, ""), Step::answer(200, "<html>")] {
        let there = lost_comment(&answer, "bot", "intent-1");
        assert_eq!(there.jira().comment(&key(), &hello()).await.unwrap(), "100");
        assert_eq!(there.writes().len(), 1);
        for other in
            [lost_comment(&answer, "bot", "intent-2"), lost_comment(&answer, "x", "intent-1")]
        {
            let error = other.jira().comment(&key(), &hello()).await.unwrap_err();
            assert_eq!(error.class(), ErrorClass::UpstreamUnavailable, "not there: {error}");
            assert_eq!(other.writes().len(), 1);
        }
        let blind = known().on(Method::POST, "/issue/A-1/comment", answer);
        let error = blind.jira().comment(&key(), &hello()).await.unwrap_err();
        assert!(matches!(error, JiraError::Unknown { .. }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_jira_did_not_take_is_sent_again() {
    for refusal in [Step::answer(429, ""), Step::answer(503, "")] {
        let fake = Fake::default()
            .on(Method::POST, "/issue/A-1/comment", refusal)
            .post("/issue/A-1/comment", &json!({ "id": "100" }));
        fake.jira().comment(&key(), &hello()).await.unwrap();
        assert_eq!(fake.writes().len(), 2);
    }
}

fn step() -> Move {
    Move { transition: "31".to_owned(), target: "Closed".to_owned(), resolution: None }
}

fn with_status(status: &str) -> Value {
    issue(1, "A-1", &json!({ "status": { "name": status } }))
}

#[tokio::test(start_paused = true)]
async fn a_lost_transition_is_seen_in_the_status() {
    let fake = Fake::default().on(Method::POST, "/issue/A-1/transitions", nothing());
    fake.jira().transition(&key(), &step()).await.unwrap();
    assert_eq!(body(&fake.writes()[0]), json!({ "transition": { "id": "31" } }));
    for answer in [lost(), Step::answer(200, "<html>Log in</html>")] {
        let moved = |status: &str| {
            known()
                .on(Method::POST, "/issue/A-1/transitions", answer.clone())
                .get("/issue/A-1?", &with_status(status))
        };
        moved("Closed").jira().transition(&key(), &step()).await.unwrap();
        let stays = moved("New");
        let error = stays.jira().transition(&key(), &step()).await.unwrap_err();
        assert_eq!((error.class(), stays.writes().len()), (ErrorClass::UpstreamUnavailable, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn assignments_and_edits_may_be_repeated_and_are_looked_up() {
    let assigned = issue(1, "A-1", &json!({ "assignee": { "accountId": "q", "active": true } }));
    let fake = known().on(Method::PUT, "/issue/A-1/assignee", lost()).get("/issue/A-1?", &assigned);
    fake.jira().assign(&key(), "q").await.unwrap();
    assert_eq!(body(&fake.writes()[0]), json!({ "accountId": "q" }));
    let labelled = issue(1, "A-1", &json!({ "labels": ["a", "kept"] }));
    let fake = known().on(Method::PUT, "/issue/A-1?", lost()).get("/issue/A-1?", &labelled);
    let (add, remove) = (["a".to_owned()], ["b".to_owned()]);
    fake.jira().edit_labels(&key(), &add, &remove).await.unwrap();
    let expected = json!({ "update": { "labels": [{ "add": "a" }, { "remove": "b" }] } });
    assert_eq!(body(&fake.writes()[0]), expected);
    let error = fake.jira().edit_labels(&key(), &["a b".to_owned()], &[]).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::InvalidArgument);
}

#[tokio::test]
async fn need_info_holds_account_ids_once() {
    let fake = known().on(Method::PUT, "/issue/A-1?", nothing());
    let people = ["b", "a", "b"].map(str::to_owned);
    fake.jira().set_need_info(&key(), &people).await.unwrap();
    let expected =
        json!({ "fields": { "customfield_10482": [{ "accountId": "a" }, { "accountId": "b" }] } });
    assert_eq!(body(&fake.writes()[0]), expected);
}

fn new_issue() -> NewIssue {
    NewIssue {
        project: "CVP".to_owned(),
        issue_type: "Bug".to_owned(),
        priority: "Blocker".to_owned(),
        summary: "[4.99.3] x".to_owned(),
        description: Adf::new().paragraph([Inline::text("d")]),
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_issue_is_searched_and_never_made_twice() {
    let found = |summary: &str| {
        known().on(Method::POST, "/rest/api/3/issue", lost()).post(
            "/search/jql",
            &json!({ "issues": [issue(5, "CVP-5", &json!({ "summary": summary }))] }),
        )
    };
    assert_eq!(
        found("[4.99.3] x").jira().create_issue(&new_issue()).await.unwrap().as_str(),
        "CVP-5"
    );
    let other = found("[4.99.30] x");
    let error = other.jira().create_issue(&new_issue()).await.unwrap_err();
    assert!(matches!(error, JiraError::Unknown { .. }), "the index lags, so nothing is proved");
    assert_eq!(other.writes().len(), 1);
}

#[tokio::test]
async fn refusals_are_told_by_field() {
    let words = r#"{"errorMessages":[],"errors":{"resolution":"Resolution is required."}}"#;
    let fake = Fake::default().on(Method::POST, "/transitions", Step::answer(400, words));
    let shown = fake.jira().transition(&key(), &step()).await.unwrap_err().to_string();
    assert_eq!(
        shown,
        "Jira refused to move A-1 to Closed (400): resolution: Resolution is required."
    );
}
