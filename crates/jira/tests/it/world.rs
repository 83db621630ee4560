//! Whole flows against the model of the world, with faults in the middle.

use std::sync::Arc;

use http::Method;
use oar_jira::classify::{Keep, drop_set, unfinished};
use oar_jira::{
    CvpOutcome, CvpTest, HttpJira, IssueKey, JiraError, JiraRead as _, Search, SubtaskReport,
    Summaries, close_subtasks, report_cvp, take_subtasks,
};
use oar_release::Links;
use oar_sandbox::Sandbox;
use oar_sandbox::fault::{Kind, Rule};
use oar_sandbox::world::World;
use oar_transport::testing::client_at;
use oar_transport::{Endpoints, Service};

use crate::fake::jira_over;

const TICKET: &str = "ART-99003";

fn sandbox() -> (Sandbox, HttpJira) {
    let sandbox = Sandbox::in_memory(World::seeded());
    let endpoints = Endpoints::default();
    let endpoints = endpoints.with_configured(Service::Jira, "https://jira.example.com").unwrap();
    let jira = jira_over(&client_at(Arc::new(sandbox.clone()), endpoints));
    (sandbox, jira)
}

fn count(sandbox: &Sandbox, action: &str) -> usize {
    sandbox.world(|world| world.count("jira", action))
}

fn keys(texts: &[&str]) -> Vec<IssueKey> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

async fn take(jira: &HttpJira) -> Result<SubtaskReport, JiraError> {
    take_subtasks(jira, jira, Some(TICKET), "lead@example.com", &Summaries::default()).await
}

async fn close(jira: &HttpJira) -> Result<SubtaskReport, JiraError> {
    close_subtasks(jira, jira, Some(TICKET), &Summaries::default()).await
}

#[tokio::test]
async fn r33_bugs_are_classified_and_hidden_ones_never_dropped() {
    let (sandbox, jira) = sandbox();
    sandbox
        .change(|world| world.jira.issues.get_mut("OCPBUGS-99001").unwrap().hidden = true)
        .unwrap();
    let wanted = keys(&["OCPBUGS-99001", "OCPBUGS-99002", "OCPBUGS-99003", "OCPBUGS-99033"]);
    let issues = jira.issues(&wanted).await.unwrap();
    let set = drop_set(&issues, Keep::TrackersOnly);
    assert_eq!(set.droppable[0].key.as_str(), "OCPBUGS-99002");
    assert_eq!((set.droppable.len(), set.not_visible), (1, keys(&["OCPBUGS-99001"])));
    assert_eq!(unfinished(&issues).len(), 2, "one open, one unknown");
    let ids = [issues.found[0].id.clone()];
    let history = jira.status_history(&ids).await.unwrap();
    assert_eq!(history[&ids[0]][0].to.as_deref(), Some("ON_QA"));
}

#[tokio::test]
async fn the_search_of_the_notificator_is_understood() {
    let (_, jira) = sandbox();
    let jql = "project = OCPBUGS AND issuetype in (Bug, Vulnerability) AND status = ON_QA AND \
               'Target Version' in (4.98.z, 4.99.z) AND status changed to ON_QA after 2026-02-01";
    for page_size in [1, 100] {
        let found = jira.search(&Search { jql: jql.to_owned(), page_size }).await.unwrap();
        let found: Vec<&str> = found.iter().map(|issue| issue.key.as_str()).collect();
        assert_eq!(found, ["OCPBUGS-98172", "OCPBUGS-99002"]);
    }
    let error = jira.search(&Search::new("colour = red AND")).await.unwrap_err();
    assert!(matches!(error, JiraError::Refused { status: 400, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn subtasks_are_taken_and_closed_once_whatever_fails() {
    let kinds = [Kind::StatusAfter(502), Kind::ResetAfter, Kind::ResetBefore, Kind::LoginPage];
    for kind in kinds {
        for broken in 0..12 {
            let (sandbox, jira) = sandbox();
            let rule = |method| Rule::once("jira", kind.clone()).method(method).skip(broken % 6);
            sandbox.plant(rule(if broken < 6 { Method::PUT } else { Method::POST }));
            let context = format!("{kind:?} at {broken}");
            let whole = |report: &Result<SubtaskReport, JiraError>| {
                usize::from(report.as_ref().is_ok_and(|report| report.done.len() == 3))
            };
            for (flow, transitions) in [("take", 2), ("close", 5)] {
                let (mut runs, mut good) = (0, 0);
                while good < 2 {
                    let report =
                        if flow == "take" { take(&jira).await } else { close(&jira).await };
                    good += whole(&report);
                    runs += 1;
                    assert!(runs < 6, "{context}: {flow} is never overcome: {report:?}");
                }
                assert_eq!(count(&sandbox, "transition"), transitions, "{context}: {flow}");
            }
            assert_eq!(count(&sandbox, "refused-transition"), 0, "{context}");
            let assignees = sandbox.world(|world| {
                let issues = world.jira.issues.values();
                issues.filter(|issue| issue.assignee.as_deref() == Some("lead")).count()
            });
            assert_eq!(assignees, 3, "the subtask of ART is left alone");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn spec02_case_08_one_issue_about_cvp_whatever_fails() {
    let release = "4.99.3".parse().unwrap();
    let tests = |ids: &[u64]| -> Vec<CvpTest> {
        ids.iter().map(|id| CvpTest { id: *id, advisory: 990_031, nvr: "a".to_owned() }).collect()
    };
    let links = Links::default();
    for kind in [Kind::ResetAfter, Kind::StatusAfter(502), Kind::LoginPage] {
        let (sandbox, jira) = sandbox();
        sandbox.plant(Rule::once("jira", kind.clone()).method(Method::POST).path("/issue"));
        let first = report_cvp(&jira, &jira, &release, &tests(&[1]), &links).await;
        let second = report_cvp(&jira, &jira, &release, &tests(&[1]), &links).await.unwrap();
        assert_eq!(count(&sandbox, "create"), 1, "{kind:?}: {first:?}");
        sandbox.plant(Rule::once("jira", kind.clone()).method(Method::POST).path("/comment"));
        report_cvp(&jira, &jira, &release, &tests(&[1, 2]), &links).await.ok();
        let last = report_cvp(&jira, &jira, &release, &tests(&[2, 1]), &links).await.unwrap();
        assert!(
            matches!(last, CvpOutcome::Known(ref key) | CvpOutcome::Commented(ref key) if key == second.key())
        );
        assert_eq!(count(&sandbox, "comment"), 1, "{kind:?}");
    }
}
