//! Comments and suggestions.

use http::Method;
use oar_gitlab_shipment::{
    DiffRefs, GitLabError, GitLabWrite as _, NoteKind, NoteOutcome, NoteText, Suggestion,
    put_lead_note, put_note, suggestion,
};
use oar_release::ErrorClass;
use oar_transport::testing::Step;
use serde_json::{Value, json};

use crate::fake::{Fake, GitLabFake as _, body, me, mr, mr_with, shipment, with_shipment};

fn note(text: &str) -> NoteText {
    NoteText::new(NoteKind::ImageHealth, &"4.99.3".parse().unwrap(), text)
}

fn existing(id: u64, body: &str) -> Value {
    json!({ "id": id, "body": body, "author": me(), "system": false })
}

async fn put(fake: &Fake, text: &str) -> Result<NoteOutcome, GitLabError> {
    let gitlab = fake.gitlab();
    put_note(&gitlab, &gitlab, &shipment(), &note(text)).await
}

#[tokio::test]
async fn a_comment_is_there_once() {
    let fake = with_shipment(&mr())
        .get("/notes", &json!([]))
        .post("/notes", &json!({ "id": 50 }))
        .on(Method::PUT, "/notes/50", Step::json(&json!({ "id": 50 })));
    assert_eq!(put(&fake, "A").await.unwrap(), NoteOutcome::Posted { id: 50 });
    let fake = fake.get("/notes", &json!([existing(50, &note("A").body())]));
    assert_eq!(put(&fake, "A").await.unwrap(), NoteOutcome::Kept { id: 50 });
    assert_eq!(put(&fake, "B").await.unwrap(), NoteOutcome::Updated { id: 50 });
    let writes = fake.writes();
    assert_eq!(writes.iter().map(|w| w.method.as_str()).collect::<Vec<_>>(), ["POST", "PUT"]);
    assert_eq!(body(&writes[1])["body"], note("B").body());
}

#[tokio::test]
async fn nothing_is_written_to_a_merged_merge_request() {
    let fake = with_shipment(&mr_with(&json!({ "state": "merged" })));
    let error = put(&fake, "A").await.unwrap_err();
    assert!(error.to_string().ends_with("is merged, not opened"), "{error}");
    assert!(fake.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn spec03_case_03_a_comment_is_not_sent_again_after_a_502() {
    let lost = || {
        with_shipment(&mr()).get("/notes", &json!([])).on(
            Method::POST,
            "/notes",
            Step::answer(502, "<html>"),
        )
    };
    let error = put(&lost(), "A").await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UpstreamUnavailable);
    let there = lost().get("/notes", &json!([existing(51, &note("A").body())]));
    assert_eq!(put(&there, "A").await.unwrap(), NoteOutcome::Posted { id: 51 });
    assert_eq!(there.writes().len(), 1);
}

#[tokio::test]
async fn a_comment_that_is_too_long_is_not_sent() {
    let fake = with_shipment(&mr()).get("/notes", &json!([]));
    let error = put(&fake, &"x".repeat(1_000_001)).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::InvalidArgument);
    assert!(fake.writes().is_empty());
}

async fn lead(fake: &Fake, email: &str) -> Result<NoteOutcome, GitLabError> {
    let gitlab = fake.gitlab();
    let release = "4.99.3".parse().unwrap();
    put_lead_note(&gitlab, &gitlab, &shipment(), &release, email).await
}

#[tokio::test]
async fn spec03_case_10_the_lead_is_mentioned_once() {
    let users = json!([
        { "id": 2, "username": "lead", "state": "blocked" },
        { "id": 3, "username": "lead2", "state": "active" },
    ]);
    let fake = with_shipment(&mr())
        .get("/api/v4/users", &users)
        .get("/notes", &json!([]))
        .post("/notes", &json!({ "id": 60 }));
    lead(&fake, "lead@example.com").await.unwrap();
    let sent = body(&fake.writes()[0])["body"].as_str().unwrap().to_owned();
    assert!(sent.contains("@lead2") && !sent.contains("lead@example.com"), "{sent}");
    assert!(fake.asked(&Method::GET, "/api/v4/users?search=lead%40example.com").len() == 1);
    let again = fake.get("/notes", &json!([existing(60, &sent)]));
    assert_eq!(lead(&again, "lead@example.com").await.unwrap(), NoteOutcome::Kept { id: 60 });
    assert_eq!(again.writes().len(), 1, "run twice, one comment");
}

#[tokio::test]
async fn spec03_case_10_nobody_and_nonsense_are_errors() {
    let fake = with_shipment(&mr()).get("/api/v4/users", &json!([]));
    let error = lead(&fake, "lead@example.com").await.unwrap_err();
    assert!(matches!(error, GitLabError::Person { .. }), "{error}");
    assert!(fake.writes().is_empty());
    let fake = with_shipment(&mr());
    assert_eq!(lead(&fake, "bad").await.unwrap_err().class(), ErrorClass::InvalidArgument);
    assert!(fake.seen().is_empty(), "before any request");
}

#[tokio::test]
async fn a_suggestion_stands_at_its_line() {
    let fake = with_shipment(&mr()).post("/discussions", &json!({ "id": "d1" }));
    let refs =
        DiffRefs { base_sha: "b".to_owned(), start_sha: "s".to_owned(), head_sha: "h".to_owned() };
    let text = suggestion("Not verified.", (0, 1), &[]);
    let release = "4.99.3".parse().unwrap();
    let wish = Suggestion {
        note: NoteText::new(NoteKind::Suggestion, &release, &text).part("OCPBUGS-1"),
        refs,
        old_path: "a.yaml".to_owned(),
        new_path: "a.yaml".to_owned(),
        old_line: None,
        new_line: 12,
    };
    fake.gitlab().suggest(&shipment(), &wish).await.unwrap();
    let sent = body(&fake.writes()[0]);
    assert_eq!(sent["position"]["position_type"], "text");
    assert_eq!(
        (&sent["position"]["new_line"], &sent["position"]["old_line"]),
        (&json!(12), &Value::Null)
    );
    assert!(sent["body"].as_str().unwrap().contains("```suggestion:-0+1\n```\n"));
}
