//! Whole edited documents.

use jiff::Timestamp;
use oar_release::{Masker, Task, TaskStatus};
use oar_statebox::{NewIssue, StateBox, TaskUpdate, merge};

use crate::{Desk, initial, release, who};

fn at(time: &str) -> Timestamp {
    format!("2026-03-01T{time}Z").parse().expect("a time")
}

fn base() -> StateBox {
    let mut state = initial().state(at("09:00:00"));
    set(&mut state, Task::TakeOwnership, TaskStatus::Pass);
    set(&mut state, Task::StageTesting, TaskStatus::InProgress);
    report(&mut state, "X", "09:10:00");
    // As if it came from the repository.
    StateBox::parse("f", &state.render()).expect("valid")
}

fn set(state: &mut StateBox, task: Task, status: TaskStatus) {
    state.update_task(&TaskUpdate::status(task, status), at("10:00:00"), &Masker::default());
}

fn report(state: &mut StateBox, text: &str, time: &str) {
    state.add_issue(&NewIssue::blocker(text, &[]), at(time), &Masker::default()).expect("new");
}

fn edited(change: impl FnOnce(&mut StateBox)) -> StateBox {
    let mut state = base();
    change(&mut state);
    state
}

#[test]
fn changes_of_different_fields_unite() {
    let local = edited(|state| {
        set(state, Task::StageTesting, TaskStatus::Pass);
        state.metadata.shipment_mr =
            Some("https://gitlab.example.com/-/merge_requests/1".to_owned());
        state.metadata.advisory_ids.push(("microshift".to_owned(), 7));
        report(state, "local", "10:10:00");
    });
    let remote = edited(|state| {
        set(state, Task::ImageSignedCheck, TaskStatus::Fail);
        state.tasks[0].result = Some("remote's words".to_owned());
        state.metadata.advisory_ids[0].1 = 8;
        report(state, "remote", "10:20:00");
        state.updated_at = "2026-03-01T10:20:00Z".to_owned();
    });
    let merged = merge(&base(), &local, &remote).expect("mergeable");
    assert_eq!(merged.warnings, [""; 0]);
    let state = merged.state;
    assert_eq!(state.task_status(Task::StageTesting), Some(TaskStatus::Pass));
    assert_eq!(state.task_status(Task::ImageSignedCheck), Some(TaskStatus::Fail));
    assert_eq!(state.tasks[0].result.as_deref(), Some("remote's words"));
    assert_eq!(
        (state.metadata.advisory("rpm"), state.metadata.advisory("microshift")),
        (Some(8), Some(7))
    );
    assert!(state.metadata.shipment_mr.is_some());
    let issues: Vec<_> = state.issues.iter().map(|issue| issue.text.as_str()).collect();
    assert_eq!(issues, ["X", "remote", "local"]);
}

#[test]
fn the_local_value_wins_for_a_single_field_with_a_warning() {
    let local = edited(|state| {
        state.metadata.jira_ticket = Some("ART-1".to_owned());
        state.tasks[1].status = TaskStatus::Pass;
    });
    let remote = edited(|state| {
        state.metadata.jira_ticket = Some("ART-2".to_owned());
        state.tasks[1].result = Some("remote".to_owned());
        state.updated_at = "2026-03-01T10:20:00Z".to_owned();
    });
    let merged = merge(&base(), &local, &remote).expect("mergeable");
    assert_eq!(merged.state.metadata.jira_ticket.as_deref(), Some("ART-1"));
    assert_eq!(merged.state.tasks[1].status, TaskStatus::Pass);
    assert_eq!(merged.state.tasks[1].result.as_deref(), Some("remote"));
    assert_eq!(
        merged.warnings,
        ["metadata.jira_ticket was changed on both sides; the local value is kept"]
    );
}

#[test]
fn deletions_are_honoured() {
    let local = edited(|state| state.issues.clear());
    let remote = edited(|state| drop(state.tasks.remove(0)));
    let merged = merge(&base(), &local, &remote).expect("mergeable");
    assert_eq!(merged.warnings, [""; 0]);
    assert_eq!(merged.state.issues, []);
    let names: Vec<_> = merged.state.tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["stage-testing"]);
}

#[test]
fn spec01_case_28_a_reported_again_issue_is_another_issue() {
    let resolved = edited(|state| {
        state.issues[0].resolved = true;
        state.issues[0].resolution = Some("done".to_owned());
        state.issues[0].resolved_at = Some("2026-03-01T09:20:00Z".to_owned());
    });
    // Locally the old one was resolved and the same text reported again.
    let mut local = resolved.clone();
    report(&mut local, "X", "10:30:00");
    for remote in [base(), resolved.clone(), local.clone()] {
        let merged = merge(&base(), &local, &remote).expect("mergeable");
        let found: Vec<_> =
            merged.state.issues.iter().map(|i| (i.reported_at.as_str(), i.resolved)).collect();
        assert_eq!(found, [("2026-03-01T09:10:00Z", true), ("2026-03-01T10:30:00Z", false)]);
    }
    // The other way round: the remote side resolved the old one while it was reported again here.
    let merged = merge(&resolved, &local, &resolved).expect("mergeable");
    assert!(!merged.state.issues[1].resolved);
}

#[test]
fn twins_are_not_lost() {
    let twice = edited(|state| {
        let mut twin = state.issues[0].clone();
        twin.resolved = true;
        state.issues.push(twin);
    });
    let merged = merge(&twice, &twice, &twice).expect("mergeable");
    assert_eq!(merged.state, twice);
    let local = {
        let mut local = twice.clone();
        local.metadata.jira_ticket = None;
        local
    };
    let remote = {
        let mut remote = twice.clone();
        remote.issues[1].resolution = Some("done".to_owned());
        remote
    };
    let merged = merge(&twice, &local, &remote).expect("mergeable").state;
    assert_eq!((merged.issues.len(), merged.issues[1].resolution.as_deref()), (2, Some("done")));
}

#[tokio::test]
async fn an_edited_document_is_saved_into_what_others_wrote() {
    let desk = Desk::begun();
    let loaded = desk.store.load_file(&release()).await.expect("readable").expect("there").state;
    desk.store
        .update_task(&release(), &TaskUpdate::status(Task::StageTesting, TaskStatus::Pass), &who())
        .await
        .expect("another writer");
    let mut mine = loaded.clone();
    mine.metadata.jira_ticket = Some("ART-2".to_owned());
    let saved = desk.store.save_edited(&loaded, &mine, &who()).await.expect("saved");
    assert_eq!(saved.outcome, [""; 0]);
    assert_eq!(saved.state.task_status(Task::StageTesting), Some(TaskStatus::Pass));
    assert_eq!(
        StateBox::parse("f", &desk.text()).expect("valid").to_value(),
        saved.state.to_value()
    );
    let again = desk.store.save_edited(&loaded, &loaded, &who()).await.expect("nothing of mine");
    assert!(!again.committed);
}
