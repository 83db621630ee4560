//! Merge requests that merge themselves.

use http::Method;
use oar_gitlab_shipment::{AutoMerge, GitLabError, GitLabWrite as _, NewMergeRequest, auto_merge};
use oar_release::ErrorClass;
use oar_transport::testing::Step;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::fake::{Fake, GitLabFake as _, HOME, body, mr_with, shipment};

fn mr(status: &str) -> Value {
    mr_with(&json!({ "detailed_merge_status": status }))
}

fn put(status: u16, answer: &Value) -> Step {
    Step::answer(status, answer.to_string())
}

async fn run(fake: &Fake) -> Result<AutoMerge, GitLabError> {
    let gitlab = fake.gitlab();
    auto_merge(&gitlab, &gitlab, &shipment()).await
}

#[tokio::test(start_paused = true)]
async fn it_waits_until_gitlab_has_looked() {
    let scheduled = mr_with(&json!({ "merge_when_pipeline_succeeds": true }));
    let fake = Fake::default()
        .get("/merge_requests/337", &mr("preparing"))
        .get("/merge_requests/337", &mr("checking"))
        .get("/merge_requests/337", &mr("ci_still_running"))
        .on(Method::PUT, "/merge_requests/337/merge", put(405, &json!({ "message": "405" })))
        .on(Method::PUT, "/merge_requests/337/merge", put(200, &scheduled));
    let begun = Instant::now();
    assert_eq!(run(&fake).await.unwrap(), AutoMerge::Set);
    assert_eq!(begun.elapsed().as_secs(), 30, "405 means not yet");
    let sent = body(&fake.writes()[1]);
    let expected = json!({ "auto_merge": true, "merge_when_pipeline_succeeds": true, "sha": "s1" });
    assert_eq!(sent, expected);
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_another_request_holds_is_waited_for_and_a_conflict_is_not() {
    let lock = json!({ "message": "409 Conflict: Resource lock" });
    let scheduled = mr_with(&json!({ "merge_when_pipeline_succeeds": true }));
    let fake = Fake::default()
        .on(Method::GET, "/merge_requests/337", put(409, &lock))
        .get("/merge_requests/337", &mr("mergeable"))
        .on(Method::PUT, "/merge_requests/337/merge", put(409, &lock))
        .on(Method::PUT, "/merge_requests/337/merge", put(200, &scheduled));
    assert_eq!(run(&fake).await.unwrap(), AutoMerge::Set);
    assert_eq!(fake.writes().len(), 2);

    let moved = json!({ "message": "SHA does not match HEAD of source branch" });
    let fake = Fake::default().get("/merge_requests/337", &mr("mergeable")).on(
        Method::PUT,
        "/merge_requests/337/merge",
        put(409, &moved),
    );
    assert!(run(&fake).await.is_err());
    assert_eq!(fake.writes().len(), 1, "somebody pushed: nothing to wait for");
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_after_five_minutes_and_keeps_the_merge_request() {
    let fake = Fake::default().get("/merge_requests/337", &mr("unchecked"));
    let begun = Instant::now();
    let given_up = run(&fake).await.unwrap();
    assert_eq!(given_up, AutoMerge::TimedOut { status: "unchecked".to_owned() });
    assert_eq!(begun.elapsed().as_secs(), 300);
    assert!(fake.writes().is_empty());
}

#[tokio::test]
async fn it_stops_where_waiting_cannot_help() {
    for status in ["conflict", "need_rebase", "not_open", "draft_status"] {
        let fake = Fake::default().get("/merge_requests/337", &mr(status));
        let error = run(&fake).await.unwrap_err();
        assert!(error.to_string().contains(status), "{error}");
        assert_eq!(fake.seen().len(), 1);
    }
    let merged =
        Fake::default().get("/merge_requests/337", &mr_with(&json!({ "state": "merged" })));
    assert_eq!(run(&merged).await.unwrap(), AutoMerge::Merged);
}

#[tokio::test]
async fn a_head_that_moved_and_a_conflict_are_told_apart() {
    for (status, class) in [(409, ErrorClass::Conflict), (422, ErrorClass::Undetermined)] {
        let fake = Fake::default().get("/merge_requests/337", &mr("mergeable")).on(
            Method::PUT,
            "/merge_requests/337/merge",
            put(status, &json!({ "message": "no" })),
        );
        assert_eq!(run(&fake).await.unwrap_err().class(), class, "{status}");
    }
}

fn wish() -> NewMergeRequest {
    NewMergeRequest {
        source_project: 30.into(),
        source_branch: "b".to_owned(),
        target_project_id: Some(20),
        target_branch: "t".to_owned(),
        title: "4.99.3 drop bugs".to_owned(),
        description: "d".to_owned(),
        squash: true,
        labels: vec!["qe".to_owned()],
    }
}

fn made(title: &str) -> Value {
    let iid = if title == "other" { 8 } else { 9 };
    let url = format!("{HOME}/fork/data/-/merge_requests/{iid}");
    mr_with(&json!({ "iid": iid, "title": title, "web_url": url }))
}

#[tokio::test]
async fn a_merge_request_is_made_in_the_source_project() {
    let fake = Fake::default().post("/projects/30/merge_requests", &made("4.99.3 drop bugs"));
    let created = fake.gitlab().create_merge_request(&wish()).await.unwrap();
    assert_eq!(created.address().unwrap().project(), "fork/data");
    let sent = body(&fake.writes()[0]);
    assert_eq!((&sent["target_project_id"], &sent["labels"]), (&json!(20), &json!("qe")));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_there_is_found_instead_of_made_twice() {
    for answer in [Step::answer(409, r#"{"message":["exists"]}"#), Step::answer(502, "")] {
        let fake = Fake::default()
            .on(Method::POST, "/merge_requests", answer.clone())
            .get("/projects/20/merge_requests", &json!([made("other"), made("4.99.3 drop bugs")]));
        let found = fake.gitlab().create_merge_request(&wish()).await.unwrap();
        assert_eq!(found.title, "4.99.3 drop bugs");
        let asked = &fake.asked(&Method::GET, "/merge_requests?")[0].url;
        assert!(asked.contains("source_branch=b&target_branch=t&state=opened"), "{asked}");
        let foreign = Fake::default()
            .on(Method::POST, "/merge_requests", answer)
            .get("/projects/20/merge_requests", &json!([made("other")]));
        assert!(foreign.gitlab().create_merge_request(&wish()).await.is_err());
        assert_eq!(foreign.writes().len(), 1);
    }
}
