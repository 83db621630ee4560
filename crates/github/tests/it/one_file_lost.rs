//! The answer to a save is lost: the file is looked at before anything is said (promise P4).

use oar_release::ErrorClass;
use oar_state_repo::{Expected, RepoError, StateRepo as _};
use oar_transport::testing::Step;
use oar_transport::{Processed, SendErrorKind};
use serde_json::json;

use crate::fake::{
    FILE, Fake, Mishap, contents, holding, repo_at, requests, save, scripted, version,
};

fn lost() -> [Step; 3] {
    [
        Step::Stall,
        Step::Fail(SendErrorKind::Interrupted, Processed::Unknown),
        Step::answer(504, "<html>Gateway timeout</html>"),
    ]
}

#[tokio::test]
async fn spec01_case_18_a_stored_save_whose_answer_was_lost_is_one_commit() {
    let (fake, server) = Fake::start(&[(FILE, "old\n")]).await;
    fake.mishap(Mishap::StoredButLost);
    let saved = repo_at(&server).commit(&save("new\n", holding("old\n"))).await.unwrap();
    assert_eq!(saved.versions, [Some(version("new\n"))]);
    assert_eq!(fake.commits().len(), 1);
    let file = format!("/repos/o/r/contents/{FILE}");
    assert_eq!(requests(&server).await, [format!("PUT {file}"), format!("GET {file}")]);
}

#[tokio::test(start_paused = true)]
async fn spec01_case_18_also_after_a_timeout_or_a_reset() {
    for step in lost() {
        let (script, repo) = scripted([step, Step::json(&contents(b"new\n"))]);
        let saved = repo.commit(&save("new\n", holding("old\n"))).await.unwrap();
        assert_eq!(saved.versions, [Some(version("new\n"))]);
        assert_eq!(script.seen().len(), 2);
    }
}

#[tokio::test]
async fn spec01_case_35_a_save_that_was_not_stored_says_so() {
    let (fake, server) = Fake::start(&[(FILE, "old\n")]).await;
    fake.mishap(Mishap::Answer(500));
    let error = repo_at(&server).commit(&save("new\n", holding("old\n"))).await.unwrap_err();
    assert!(matches!(error, RepoError::ReplyLost { .. }), "{error}");
    assert_eq!(fake.text(FILE).unwrap(), "old\n");
    assert_eq!(requests(&server).await.len(), 2, "one PUT and one look");
}

#[tokio::test(start_paused = true)]
async fn a_save_that_was_overtaken_meanwhile_is_a_conflict() {
    for step in lost() {
        let (_, repo) = scripted([step, Step::json(&contents(b"someone else's\n"))]);
        let error = repo.commit(&save("new\n", holding("old\n"))).await.unwrap_err();
        assert!(matches!(error, RepoError::Conflict { .. }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_up_is_unknown() {
    for step in lost() {
        let (_, repo) = scripted([step, Step::answer(503, "")]);
        let error = repo.commit(&save("new\n", holding("old\n"))).await.unwrap_err();
        assert!(matches!(error, RepoError::Unknown { .. }), "{error}");
        assert_eq!(error.class(), ErrorClass::Undetermined);
    }
}

#[tokio::test]
async fn a_lost_create_that_did_not_happen_is_unavailable() {
    let gone = Step::answer(404, json!({ "message": "Not Found" }).to_string());
    let branch = Step::json(&json!({ "object": { "sha": "h" } }));
    let (script, repo) = scripted([Step::answer(502, ""), gone, branch]);
    let error = repo.commit(&save("new\n", Expected::Absent)).await.unwrap_err();
    assert!(matches!(error, RepoError::ReplyLost { .. }), "{error}");
    assert_eq!(script.seen().len(), 3);
}

#[tokio::test]
async fn an_unreadable_answer_to_a_save_is_looked_up_too() {
    let (_, repo) = scripted([Step::answer(200, "<html>"), Step::json(&contents(b"new\n"))]);
    let saved = repo.commit(&save("new\n", holding("old\n"))).await.unwrap();
    assert_eq!(saved.versions, [Some(version("new\n"))]);
}
