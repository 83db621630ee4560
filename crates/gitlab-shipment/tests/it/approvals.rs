//! QE approval.

use http::Method;
use oar_gitlab_shipment::{Approval, Drafts, GitLabError, MrState, approve};
use oar_release::ErrorClass;
use oar_transport::testing::Step;
use oar_transport::{Processed, SendErrorKind};
use serde_json::{Value, json};

use crate::fake::{Fake, GitLabFake as _, body, me, mr, mr_with, shipment, with_shipment};

fn approvals(ids: &[u64]) -> Value {
    let by = |id: &u64| json!({ "user": { "id": id, "username": "x" } });
    json!({ "approved_by": ids.iter().map(by).collect::<Vec<_>>(), "approvals_left": 1 })
}

async fn run(fake: &Fake, sha: &str) -> Result<Approval, GitLabError> {
    let gitlab = fake.gitlab();
    approve(&gitlab, &gitlab, &shipment(), sha, Drafts::Refuse).await
}

#[tokio::test]
async fn spec03_case_09_an_approval_that_is_there_is_not_repeated() {
    let fake = with_shipment(&mr()).get("/approvals", &approvals(&[7, 1]));
    assert_eq!(run(&fake, "s1").await.unwrap(), Approval::AlreadyThere);
    assert_eq!(fake.asked(&Method::GET, "/approvals").len(), 1);
    assert!(fake.writes().is_empty());
}

#[tokio::test]
async fn spec03_case_09_an_approval_covers_the_checked_commit() {
    let fake = with_shipment(&mr())
        .get("/approvals", &approvals(&[7]))
        .post("/approve", &approvals(&[7, 1]));
    assert_eq!(run(&fake, "s1").await.unwrap(), Approval::Given);
    let writes = fake.writes();
    assert_eq!(writes.len(), 1);
    assert_eq!(body(&writes[0]), json!({ "sha": "s1" }));
}

#[tokio::test]
async fn spec03_case_09_r13_a_merge_request_that_is_not_open_is_named_by_its_state() {
    for (word, state) in [
        ("merged", MrState::Merged),
        ("closed", MrState::Closed),
        ("locked", MrState::Locked),
        ("frozen", MrState::Unknown("frozen".to_owned())),
    ] {
        let fake = with_shipment(&mr_with(&json!({ "state": word })));
        match run(&fake, "s1").await {
            Err(GitLabError::MrNotOpen { state: found, .. }) => assert_eq!(found, state),
            other => panic!("{word}: {other:?}"),
        }
        assert!(fake.writes().is_empty());
    }
}

#[tokio::test]
async fn spec03_case_09_a_head_that_moved_is_not_approved() {
    // Before the request: the checks looked at another commit.
    let fake = with_shipment(&mr()).get("/approvals", &approvals(&[]));
    let error = run(&fake, "s0").await.unwrap_err();
    assert!(error.to_string().contains("moved from s0 to s1"), "{error}");
    assert!(fake.writes().is_empty());
    // Between our look and the request: GitLab refuses, and the new head is read.
    let fake = with_shipment(&mr())
        .get("/merge_requests/337", &mr_with(&json!({ "sha": "s2" })))
        .get("/approvals", &approvals(&[]))
        .on(
            Method::POST,
            "/approve",
            Step::answer(409, r#"{"message":"SHA does not match HEAD"}"#),
        );
    let error = run(&fake, "s1").await.unwrap_err();
    assert!(error.to_string().contains("moved from s1 to s2"), "{error}");
    assert_eq!((error.class(), fake.writes().len()), (ErrorClass::Conflict, 1));
}

#[tokio::test]
async fn drafts_are_approved_on_demand_only() {
    for draft in [json!({ "draft": true }), json!({ "title": "Draft: Shipment for 4.99.3" })] {
        let fake = with_shipment(&mr_with(&draft))
            .get("/approvals", &approvals(&[]))
            .post("/approve", &approvals(&[1]));
        let error = run(&fake, "s1").await.unwrap_err();
        assert!(matches!(error, GitLabError::Draft { .. }), "{error}");
        assert!(fake.writes().is_empty());
        let gitlab = fake.gitlab();
        let given = approve(&gitlab, &gitlab, &shipment(), "s1", Drafts::Allow).await.unwrap();
        assert_eq!(given, Approval::Given);
    }
}

#[tokio::test]
async fn a_refusal_is_told_from_a_bad_token() {
    let refused = || Step::answer(401, r#"{"message":"401 Unauthorized"}"#);
    let fake = with_shipment(&mr()).get("/approvals", &approvals(&[7])).on(
        Method::POST,
        "/approve",
        refused(),
    );
    let error = run(&fake, "s1").await.unwrap_err();
    assert!(matches!(error, GitLabError::CannotApprove { .. }), "{error}");
    assert_eq!(error.class(), ErrorClass::ForbiddenUpstream);
    // Somebody used the same account in between.
    let fake = with_shipment(&mr())
        .get("/approvals", &approvals(&[7]))
        .get("/approvals", &approvals(&[7, 1]))
        .on(Method::POST, "/approve", refused());
    assert_eq!(run(&fake, "s1").await.unwrap(), Approval::Given);
    let fake = Fake::default()
        .get("/merge_requests/337", &mr())
        .get("/api/v4/user", &me())
        .get("/approvals", &approvals(&[]))
        .on(Method::GET, "/approvals", refused())
        .on(Method::POST, "/approve", refused());
    assert!(matches!(run(&fake, "s1").await.unwrap_err(), GitLabError::Token(_)));
}

#[tokio::test(start_paused = true)]
async fn a_lost_approval_is_looked_up_and_not_repeated() {
    for answer in [
        Step::Fail(SendErrorKind::Interrupted, Processed::Unknown),
        Step::answer(502, "<html>"),
        Step::answer(200, "<html>Sign in</html>"),
    ] {
        let lost = || {
            with_shipment(&mr()).get("/approvals", &approvals(&[])).on(
                Method::POST,
                "/approve",
                answer.clone(),
            )
        };
        let happened =
            lost().get("/approvals", &approvals(&[])).get("/approvals", &approvals(&[1]));
        assert_eq!(run(&happened, "s1").await.unwrap(), Approval::Given, "it shows up late");
        assert_eq!(happened.writes().len(), 1);
        let error = run(&lost(), "s1").await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::UpstreamUnavailable, "it did not happen: {error}");
        let blind = lost().on(Method::GET, "/approvals", Step::answer(500, ""));
        let error = run(&blind, "s1").await.unwrap_err();
        assert!(matches!(error, GitLabError::Unknown { .. }), "{error}");
        assert_eq!(blind.writes().len(), 1);
    }
}
