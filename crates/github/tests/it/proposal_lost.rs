//! Answers that were lost while a change was proposed: looked up, never repeated blindly (promise P4).

use http::Method;
use oar_github::{GitHubError, ProposalWrite as _};
use oar_release::ErrorClass;
use oar_transport::testing::{ByAddress, Step};
use oar_transport::{Processed, SendErrorKind};
use serde_json::json;

use crate::proposal::{commit, created, proposal, proposals, pull, text, with_app};

fn lost() -> [Step; 4] {
    [
        Step::Stall,
        Step::Fail(SendErrorKind::Interrupted, Processed::Unknown),
        Step::answer(502, "<html>Bad gateway</html>"),
        Step::Cut("{\"number\": ".into()),
    ]
}

fn posts(service: &ByAddress, part: &str) -> usize {
    service.asked(&Method::POST, part).len()
}

#[tokio::test(start_paused = true)]
async fn a_pull_request_whose_answer_was_lost_is_found_among_the_open_ones() {
    for step in lost() {
        let service = with_app()
            .on(Method::POST, "/repos/o/r/pulls", step)
            .get("/repos/o/r/pulls?", &json!([pull(9, &proposal().head())]));
        let opened = proposals(&service).open(&proposal(), &text()).await.unwrap();
        assert_eq!((opened.number, posts(&service, "/repos/o/r/pulls")), (9, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pull_request_that_is_not_found_stays_unknown_and_is_not_opened_again() {
    for step in lost() {
        let service = with_app()
            .on(Method::POST, "/repos/o/r/pulls", step)
            .get("/repos/o/r/pulls?", &json!([]));
        let error = proposals(&service).open(&proposal(), &text()).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Undetermined, "{error}");
        assert_eq!(posts(&service, "/repos/o/r/pulls"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_github_knows_already_is_found() {
    let said = json!({ "message": "Validation Failed", "errors": [
        { "message": "A pull request already exists for bot:autobranch." }] });
    let service = with_app()
        .on(Method::POST, "/repos/o/r/pulls", Step::answer(422, said.to_string()))
        .get("/repos/o/r/pulls?", &json!([pull(9, &proposal().head())]));
    assert_eq!(proposals(&service).open(&proposal(), &text()).await.unwrap().number, 9);
    // Refused for another reason: nothing is open, so the refusal is told.
    let said =
        json!({ "message": "Validation Failed", "errors": [{ "message": "No commits between" }] });
    let service = with_app()
        .on(Method::POST, "/repos/o/r/pulls", Step::answer(422, said.to_string()))
        .get("/repos/o/r/pulls?", &json!([]));
    let error = proposals(&service).open(&proposal(), &text()).await.unwrap_err();
    assert!(matches!(error, GitHubError::Http(_)), "{error}");
    // An answer that cannot be read was an answer all the same.
    let service = with_app()
        .on(Method::POST, "/repos/o/r/pulls", created(&json!("what?")))
        .get("/repos/o/r/pulls?", &json!([pull(9, &proposal().head())]));
    assert_eq!(proposals(&service).open(&proposal(), &text()).await.unwrap().number, 9);
    // Refusals are told at once.
    for (status, class) in
        [(403, ErrorClass::ForbiddenUpstream), (401, ErrorClass::UnauthenticatedUpstream)]
    {
        let service = with_app().on(Method::POST, "/repos/o/r/pulls", Step::answer(status, "{}"));
        let error = proposals(&service).open(&proposal(), &text()).await.unwrap_err();
        assert_eq!((error.class(), posts(&service, "/repos/o/r/pulls")), (class, 1));
    }
}

fn push() -> ByAddress {
    with_app().on(Method::POST, "/repos/bot/r/git/trees", created(&json!({ "sha": "t2" }))).on(
        Method::POST,
        "/repos/bot/r/git/commits",
        created(&json!({ "sha": "c2" })),
    )
}

#[tokio::test(start_paused = true)]
async fn a_branch_whose_answer_was_lost_is_read() {
    for step in lost() {
        let service = push()
            .on(Method::POST, "/repos/bot/r/git/refs", step)
            .get("/repos/bot/r/git/ref/heads/", &json!({ "object": { "sha": "c2" } }));
        assert_eq!(proposals(&service).push(&proposal(), &commit(false)).await.unwrap(), "c2");
        assert_eq!(posts(&service, "/git/refs"), 1);
    }
    for step in [Step::Stall, Step::answer(502, "")] {
        let service = push().on(Method::POST, "/repos/bot/r/git/refs", step);
        let error = proposals(&service).push(&proposal(), &commit(false)).await.unwrap_err();
        assert_eq!((error.class(), posts(&service, "/git/refs")), (ErrorClass::Undetermined, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_branch_that_appeared_meanwhile_is_a_conflict() {
    let said = json!({ "message": "Reference already exists" }).to_string();
    let service = push()
        .on(Method::POST, "/repos/bot/r/git/refs", Step::answer(422, said.clone()))
        .get("/repos/bot/r/git/ref/heads/", &json!({ "object": { "sha": "theirs" } }));
    let error = proposals(&service).push(&proposal(), &commit(false)).await.unwrap_err();
    assert!(matches!(error, GitHubError::BranchTaken { .. }), "{error}");
    assert_eq!(error.class(), ErrorClass::Conflict);
    // Objects that the fork does not know are another refusal.
    let said = json!({ "message": "Object does not exist" }).to_string();
    let service = push().on(Method::POST, "/repos/bot/r/git/refs", Step::answer(422, said));
    let error = proposals(&service).push(&proposal(), &commit(false)).await.unwrap_err();
    assert!(matches!(error, GitHubError::Http(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn objects_tokens_and_labels_may_be_asked_for_again() {
    let service = with_app()
        .on(Method::POST, "/repos/o/r/issues/5/labels", Step::answer(502, ""))
        .on(Method::POST, "/repos/o/r/issues/5/labels", Step::json(&json!([])));
    proposals(&service).label(&proposal(), 5, &["lgtm".to_owned()]).await.unwrap();
    assert_eq!(posts(&service, "/labels"), 2);
    let service = with_app()
        .on(Method::POST, "/repos/bot/r/git/trees", Step::answer(502, ""))
        .on(Method::POST, "/repos/bot/r/git/trees", created(&json!({ "sha": "t2" })))
        .on(Method::POST, "/repos/bot/r/git/commits", created(&json!({ "sha": "c2" })))
        .on(Method::POST, "/repos/bot/r/git/refs", created(&json!({ "ref": "x" })));
    proposals(&service).push(&proposal(), &commit(false)).await.unwrap();
    assert_eq!(posts(&service, "/git/trees"), 2);
}
