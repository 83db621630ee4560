//! The QE subtasks of a release's ticket.

use http::Method;
use oar_jira::{JiraError, SubtaskReport, Summaries, close_subtasks, take_subtasks};
use oar_release::ErrorClass;
use oar_transport::testing::Step;
use serde_json::{Value, json};

use crate::fake::{Fake, JiraFake as _, body, issue, known, nothing};

const VERIFY: &str = "[Wed-Fri] QE does release verification";
const NOTIFY: &str = "[Mon-Wed] QE notifies ON_QA bugzilla owners and analyze ci failures";
const APPROVE: &str = "[Fri/Mon] QE moves advisories to REL_PREP";

fn subtask(number: u32, summary: &str, status: &str) -> Value {
    let fields = json!({ "summary": summary, "status": { "name": status } });
    issue(number, &format!("ART-{number}"), &fields)
}

fn ways(to: &str) -> Value {
    json!({ "transitions": [{ "id": "11", "name": "Go", "to": { "name": "Elsewhere" } },
                            { "id": "31", "name": "Done", "to": { "name": to } }] })
}

/// A ticket with three QE subtasks and one of somebody else.
fn ticket(status: &str) -> Fake {
    let parent = issue(
        1,
        "ART-1",
        &json!({ "subtasks": [
        { "key": "ART-2" }, { "key": "ART-3" }, { "key": "ART-4" }, { "key": "ART-5" }] }),
    );
    let subtasks = json!({ "issues": [
        subtask(2, VERIFY, status), subtask(3, NOTIFY, status), subtask(4, APPROVE, status),
        subtask(5, "[Mon] ART builds", status)] });
    let owner = json!({ "accountId": "lead", "displayName": "Lead", "active": true,
                        "accountType": "atlassian", "emailAddress": "lead@example.com" });
    known()
        .get("/issue/ART-1?", &parent)
        .post("/issue/bulkfetch", &subtasks)
        .get("/user/search", &json!([owner]))
        .on(Method::PUT, "/assignee", nothing())
        .on(Method::POST, "/transitions", nothing())
}

async fn take(fake: &Fake, ticket: Option<&str>) -> Result<SubtaskReport, JiraError> {
    let jira = fake.jira();
    take_subtasks(&jira, &jira, ticket, "lead@example.com", &Summaries::default()).await
}

async fn close(fake: &Fake) -> Result<SubtaskReport, JiraError> {
    let jira = fake.jira();
    close_subtasks(&jira, &jira, Some("ART-1"), &Summaries::default()).await
}

fn keys(report: &SubtaskReport) -> Vec<&str> {
    report.done.iter().map(oar_jira::IssueKey::as_str).collect()
}

#[tokio::test]
async fn the_lead_gets_the_subtasks_and_two_begin() {
    let fake = ticket("New").get("/transitions", &ways("In Progress"));
    let report = take(&fake, Some("ART-1")).await.unwrap();
    assert_eq!(keys(&report), ["ART-2", "ART-3", "ART-4"]);
    let assigned = fake.asked(&Method::PUT, "/assignee");
    assert_eq!(assigned.len(), 3);
    assert!(assigned.iter().all(|a| body(a) == json!({ "accountId": "lead" })));
    let moved = fake.asked(&Method::POST, "/transitions");
    assert_eq!(moved.len(), 2, "the approval begins later");
    assert!(moved.iter().all(|m| body(m)["transition"]["id"] == "31"));
}

#[tokio::test]
async fn spec02_case_27_what_is_there_already_is_left_alone() {
    let begun = ticket("In Progress");
    assert_eq!(take(&begun, Some("ART-1")).await.unwrap().done.len(), 3);
    assert!(begun.asked(&Method::POST, "/transitions").is_empty());
    let closed = ticket("Closed");
    assert_eq!(close(&closed).await.unwrap().done.len(), 3);
    assert!(closed.writes().is_empty());
    take(&closed, Some("ART-1")).await.unwrap();
    assert!(closed.asked(&Method::POST, "/transitions").is_empty(), "what is done stays done");
    let open = ticket("New").get("/transitions", &ways("closed"));
    assert_eq!(close(&open).await.unwrap().done.len(), 3);
    assert_eq!(open.asked(&Method::POST, "/transitions").len(), 3);
}

#[tokio::test]
async fn spec02_case_25_a_ticket_to_come_is_a_warning() {
    for missing in [None, Some(""), Some("ART-0"), Some("soon")] {
        let fake = known();
        let report = take(&fake, missing).await.unwrap();
        assert_eq!((report.done.len(), report.warnings.len()), (0, 1), "{missing:?}");
        assert!(
            report.warnings[0].starts_with("the subtasks are skipped"),
            "{:?}",
            report.warnings
        );
        assert!(fake.seen().is_empty());
    }
    let report = take(&known(), Some("ART-9")).await.unwrap();
    assert!(report.warnings[0].contains("ART-9 is not visible"), "{:?}", report.warnings);
}

#[tokio::test]
async fn spec02_case_26_an_unclear_owner_is_a_warning_and_no_assignment() {
    let other = json!([{ "accountId": "x", "active": true, "emailAddress": "lead2@example.com" }]);
    let fake = ticket("New")
        .on(Method::GET, "/user/search?query=lead%40example.com", Step::json(&other))
        .get("/transitions", &ways("In Progress"));
    let report = take(&fake, Some("ART-1")).await.unwrap();
    assert!(fake.asked(&Method::PUT, "/assignee").is_empty());
    assert!(report.warnings[0].contains("keep their assignees"), "{:?}", report.warnings);
    assert_eq!(fake.asked(&Method::POST, "/transitions").len(), 2, "the rest is done");
}

#[tokio::test]
async fn r37_one_subtask_that_fails_does_not_stop_the_others() {
    let fake = ticket("New")
        .get("/transitions", &ways("In Progress"))
        .on(Method::PUT, "/issue/ART-2/assignee", Step::answer(400, r#"{"errorMessages":["no"]}"#))
        .get("/issue/ART-3/transitions", &json!({ "transitions": [] }));
    let report = take(&fake, Some("ART-1")).await.unwrap();
    assert_eq!(keys(&report), ["ART-4"]);
    let failed: Vec<String> =
        report.failed.iter().map(|(key, error)| format!("{key}: {error}")).collect();
    assert!(failed[0].starts_with("ART-2: Jira refused to assign"), "{failed:?}");
    assert!(failed[1].contains("from here Jira offers nothing"), "{failed:?}");
    assert_eq!(report.failed[1].1.class(), ErrorClass::PreconditionFailed);
}
