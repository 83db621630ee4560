//! What holds a release.

use super::*;
use crate::links::Links;

fn answer(facts: &Facts) -> Why {
    why(facts, &Links::default())
}

fn at(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

#[test]
fn before_there_is_a_statebox_its_creation_holds_everything() {
    let facts = Facts { state: Fact::Known(State::Missing), ..facts() };
    let why = answer(&facts);
    assert_eq!(why.standing, Standing::Ready);
    assert_eq!(why.task, Some(Node::Task(Task::CreateTestReport)));
    assert_eq!(why.command.as_deref(), Some("oar -r 4.99.3 create-test-report"));
    assert_eq!(why.holds.first(), Some(&Node::Task(Task::TakeOwnership)));
    assert_eq!(why.holds.last(), Some(&Node::Shipped));
    assert_eq!((why.evidence, why.also), (None, Vec::new()));
}

#[test]
fn a_blocker_comes_before_everything_that_waits() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    let mut issue = blocker("the staging CDN doesn't answer", &["push-to-cdn-staging"]);
    issue.reported_at = at("2026-02-27T10:00:00Z");
    view(&mut facts).issues.push(issue);
    let why = answer(&facts);
    assert_eq!((why.standing, why.turn), (Standing::Blocked, Turn::BlockerOwner));
    assert_eq!(why.task, Some(Node::Task(Task::PushToCdnStaging)));
    assert_eq!(why.reason, "the staging CDN doesn't answer");
    assert_eq!(why.since, at("2026-02-27T10:00:00Z"));
    let command = why.command.unwrap();
    assert!(command.contains("issue resolve 'the staging CDN doesn' --resolution"), "{command}");
    assert!(why.also.contains(&Node::Promotion), "{:?}", why.also);
}

#[test]
fn an_open_promotion_is_the_release_controllers_move() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::PushToCdnStaging]);
    let mut cve = TaskView::new(TaskStatus::Pass);
    cve.changed_at = at("2026-02-28T10:00:00Z");
    view(&mut facts).tasks.insert(Task::CheckCveTrackerBug, cve);
    let why = answer(&facts);
    assert_eq!((why.standing, why.turn), (Standing::Waiting, Turn::ReleaseController));
    assert_eq!(why.task, Some(Node::Promotion));
    assert_eq!(why.since, at("2026-02-28T10:00:00Z"), "since it could have happened");
    assert_eq!(why.next_check, at("2026-03-01T08:30:00Z"));
    assert!(why.evidence.unwrap().ends_with("/releasestream/4-stable/release/4.99.3"));
    let names: Vec<&str> = why.holds.iter().map(|node| node.name()).collect();
    assert_eq!(
        names,
        ["image-consistency-check", "image-signed-check", "change-advisory-status", "shipped"]
    );
}

#[test]
fn a_running_job_is_the_move_of_the_system_that_runs_it() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug, Task::PushToCdnStaging]);
    promoted(&mut facts);
    pass(&mut facts, [Task::AnalyzePromotedBuild, Task::ImageConsistencyCheck]);
    let url = "https://jenkins.example.com/job/77/".to_owned();
    let stage = JobRef { system: JobSystem::Jenkins, url: Some(url.clone()), ..job("77") };
    running(&mut facts, Task::StageTesting, Some(stage));
    let runs = answer(&facts);
    assert_eq!((runs.standing, runs.turn), (Standing::Running, Turn::Jenkins));
    assert_eq!(runs.evidence, Some(url));
    assert_eq!(runs.since, at("2026-03-01T07:55:00Z"));
    assert!(runs.also.is_empty(), "{:?}", runs.also);

    let ended = JobState { word: "SUCCESS".to_owned(), ended: true };
    facts.jobs.insert(Task::StageTesting, Fact::Known(ended));
    assert_eq!(answer(&facts).turn, Turn::Driver, "somebody has to record it");
}

#[test]
fn rejected_results_ask_for_a_decision() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    promoted(&mut facts);
    facts.promoted_tests = Fact::Known(TestResult::Rejected);
    facts.stage_release = Fact::Known(StageGate::Running);
    running(&mut facts, Task::PushToCdnStaging, None);
    let why = answer(&facts);
    assert_eq!((why.standing, why.turn), (Standing::NeedsDecision, Turn::Lead));
    assert!(why.command.unwrap().contains("decide accept|reject"));
    assert!(why.evidence.unwrap().ends_with("ocp-test-result-4.99.3-amd64.json"));
    let also: Vec<&str> = why.also.iter().map(|node| node.name()).collect();
    assert_eq!(also, ["image-consistency-check", "stage-testing", "push-to-cdn-staging"]);
}

#[test]
fn what_cannot_be_read_is_said_to_be_unknown() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug, Task::PushToCdnStaging]);
    facts.promotion = Fact::Unknown { why: "503".to_owned() };
    let why = answer(&facts);
    assert_eq!((why.standing, why.turn), (Standing::Unknown, Turn::Access));
    assert_eq!(why.command.as_deref(), Some("oar doctor"));
    assert_eq!(why.next_check, at("2026-03-01T08:05:00Z"));
}

#[test]
fn the_calendar_holds_the_approval_and_art_the_rest() {
    let mut facts = facts();
    pass(&mut facts, Task::WORKFLOW.into_iter().filter(|task| *task != Task::ChangeAdvisoryStatus));
    promoted(&mut facts);
    let waits = answer(&facts);
    assert_eq!((waits.standing, waits.turn), (Standing::Waiting, Turn::Calendar));
    assert_eq!(waits.next_check, at("2026-03-14T00:00:00Z"));

    pass(&mut facts, [Task::ChangeAdvisoryStatus]);
    let out_soon = answer(&facts);
    assert_eq!((out_soon.task, out_soon.turn), (Some(Node::Shipped), Turn::Art));
    assert!(out_soon.evidence.unwrap().contains("/merge_requests/1"));

    facts.shipped = Fact::Known(true);
    let out = answer(&facts);
    assert_eq!((out.standing, out.turn, out.task), (Standing::Shipped, Turn::Nobody, None));
}
