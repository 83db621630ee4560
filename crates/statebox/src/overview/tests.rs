//! The overview's rules.

use oar_release::time::stamp;

use super::*;
use crate::{InitialState, NewIssue, TaskUpdate};
use oar_release::Masker;

fn now() -> Timestamp {
    "2026-03-08T23:00:00Z".parse().expect("a time")
}

fn state(release: &str, date: &str) -> StateBox {
    let initial = InitialState {
        release: release.parse().expect("a version"),
        jira_ticket: None,
        advisory_ids: Vec::new(),
        release_date: date.parse().expect("a date"),
        candidate_builds: Vec::new(),
        shipment_mr: None,
    };
    initial.state(now())
}

fn with(mut state: StateBox, tasks: &[(Task, TaskStatus)]) -> StateBox {
    for (minute, (task, status)) in (0_i64..).zip(tasks) {
        let at = now() + jiff::SignedDuration::from_mins(minute);
        state.update_task(&TaskUpdate::status(*task, *status), at, &Masker::default());
    }
    state
}

fn with_issue(mut state: StateBox, text: &str, blocker: bool) -> StateBox {
    let issue = NewIssue { blocker, ..NewIssue::blocker(text, &[]) };
    state.add_issue(&issue, now(), &Masker::default()).expect("a new issue");
    state
}

#[test]
fn spec01_case_42_the_first_matching_status_counts() {
    let failed = with(state("4.99.3", "2026-Mar-10"), &[(Task::StageTesting, TaskStatus::Fail)]);
    let overview = Overview::of(&failed, None, now());
    assert_eq!(overview.status, OverviewStatus::Blocked);
    assert_eq!(overview.issues_line(), "[TASK FAILED] stage-testing");
    let done = with(failed, &[(Task::ChangeAdvisoryStatus, TaskStatus::Pass)]);
    assert_eq!(Overview::of(&done, Some(false), now()).status, OverviewStatus::Complete);
    assert_eq!(Overview::of(&done, None, now()).status, OverviewStatus::Complete);
    let blocked = with_issue(done, "open", true);
    assert_eq!(Overview::of(&blocked, Some(true), now()).status, OverviewStatus::Shipped);
}

#[test]
fn ownership_makes_the_difference_between_begun_and_not() {
    let fresh = state("4.99.3", "2026-Mar-10");
    let overview = Overview::of(&fresh, None, now());
    assert_eq!((overview.status, overview.marker()), (OverviewStatus::NotStarted, "⚪"));
    assert_eq!((overview.phase.as_str(), overview.passed, overview.total), ("Not started", 0, 9));
    assert_eq!(overview.issues_line(), "-");
    let owned =
        with(fresh, &[(Task::TakeOwnership, TaskStatus::Pass), (Task::DropBugs, TaskStatus::Pass)]);
    let overview = Overview::of(&owned, None, now());
    assert_eq!(
        (overview.status, overview.marker(), overview.passed),
        (OverviewStatus::InProgress, "🟢", 1)
    );
    assert_eq!(overview.phase, "drop-bugs (Pass)", "the task that ended last");
    let noted = with_issue(owned, &format!("line\nbreak {}", "x".repeat(100)), false);
    let overview = Overview::of(&noted, None, now());
    assert_eq!((overview.marker(), overview.has_non_blocking), ("🟠", true));
    assert_eq!(overview.issues[0].chars().count(), 80);
    assert!(
        overview.issues[0].starts_with("[NON-BLOCKING] line break xxx"),
        "{:?}",
        overview.issues
    );
}

#[test]
fn running_tasks_are_the_phase() {
    let running = with(
        state("4.99.3", "2026-Mar-10"),
        &[
            (Task::TakeOwnership, TaskStatus::Pass),
            (Task::StageTesting, TaskStatus::InProgress),
            (Task::PushToCdnStaging, TaskStatus::InProgress),
        ],
    );
    let overview = Overview::of(&running, None, now());
    assert_eq!(overview.phase, "stage-testing (In Progress), push-to-cdn-staging (In Progress)");
    // Old files hold times in several forms; they are compared as times.
    let mut old = with(
        state("4.99.3", "2026-Mar-10"),
        &[(Task::TakeOwnership, TaskStatus::Pass), (Task::DropBugs, TaskStatus::Pass)],
    );
    old.tasks[0].completed_at = Some("2026-03-09T08:00:00.123+02:00".to_owned());
    old.tasks[1].completed_at = Some("2026-03-09T07:00:00Z".to_owned());
    assert_eq!(Overview::of(&old, None, now()).phase, "drop-bugs (Pass)");
}

#[test]
fn the_countdown_counts_utc_days() {
    assert_eq!(stamp(now()), "2026-03-08T23:00:00Z");
    let cases = [
        ("2026-Mar-11", "in 3 days"),
        ("2026-Mar-9", "in 1 day"),
        ("2026-MAR-08", "TODAY"),
        ("2026-Mar-07", "1 day OVERDUE"),
        ("2026-Feb-26", "10 days OVERDUE"),
    ];
    for (date, expected) in cases {
        let overview = Overview::of(&state("4.99.3", date), None, now());
        assert_eq!(overview.countdown().as_deref(), Some(expected), "{date}");
    }
    let done =
        with(state("4.99.3", "2026-Feb-26"), &[(Task::ChangeAdvisoryStatus, TaskStatus::Pass)]);
    assert_eq!(Overview::of(&done, None, now()).countdown().as_deref(), Some("10 days ago"));
    let mut undated = state("4.99.3", "2026-Mar-10");
    undated.metadata.release_date = Some("soon".to_owned());
    assert_eq!(Overview::of(&undated, None, now()).countdown(), None);
}

#[test]
fn r26_the_most_urgent_stands_first_then_the_newest() {
    let begun = [(Task::TakeOwnership, TaskStatus::Pass)];
    let done = [(Task::ChangeAdvisoryStatus, TaskStatus::Pass)];
    let overview = |state: &StateBox, shipped| Overview::of(state, Some(shipped), now());
    let mut all = [
        overview(&state("4.99.1", "2026-Mar-01"), true),
        overview(&with(state("4.99.2", "2026-Mar-01"), &done), false),
        overview(&state("4.99.9", "2026-Mar-10"), false),
        overview(&state("4.99.10", "2026-Mar-10"), false),
        overview(&with(state("4.98.4", "2026-Mar-20"), &begun), false),
        overview(&with(state("5.0.0", "2026-Mar-20"), &begun), false),
        overview(&state("4.99.6", "2026-Mar-01"), false),
        overview(&with_issue(state("4.99.7", "2026-Mar-20"), "x", true), false),
    ];
    sort(&mut all);
    let order: Vec<String> = all.iter().map(|overview| overview.release.to_string()).collect();
    assert_eq!(
        order,
        ["4.99.7", "4.99.6", "5.0.0", "4.98.4", "4.99.10", "4.99.9", "4.99.2", "4.99.1"]
    );
}
