//! The task rules on states in memory.

use oar_release::JobSystem;
use oar_release::clock::SeededEntropy;
use oar_release::{Entropy, ErrorClass};

use super::*;
use crate::InitialState;

fn state() -> StateBox {
    let initial = InitialState {
        release: "4.99.3".parse().expect("a version"),
        jira_ticket: None,
        advisory_ids: Vec::new(),
        release_date: "2026-Mar-10".parse().expect("a date"),
        candidate_builds: Vec::new(),
        shipment_mr: None,
    };
    initial.state(at("09:00:00"))
}

/// A time on the day of the tests.
fn at(time: &str) -> Timestamp {
    format!("2026-01-01T{time}Z").parse().expect("a time")
}

fn log(times: &[&str]) -> String {
    times.iter().map(|time| format!("2026-01-01T{time}Z: INFO: x\n")).collect::<Vec<_>>().concat()
}

/// Status and times of the task after updates.
#[track_caller]
fn assert_after(
    updates: &[(TaskStatus, Option<&str>, &str)],
    started: Option<&str>,
    completed: Option<&str>,
) {
    let mut state = state();
    for (status, result, now) in updates {
        let mut update = TaskUpdate::status(Task::StageTesting, *status);
        update.result = result.map(str::to_owned);
        state.update_task(&update, at(now), &Masker::default());
    }
    let record = state.task(Task::StageTesting).expect("it was updated");
    let full = |time: Option<&str>| time.map(|time| format!("2026-01-01T{time}Z"));
    assert_eq!((&record.started_at, &record.completed_at), (&full(started), &full(completed)));
    assert_eq!(Some(record.status), updates.last().map(|(status, _, _)| *status));
}

use TaskStatus::{Fail, InProgress, NotStarted, Pass};

#[test]
fn spec01_case_20_times_come_from_the_new_log() {
    let log = log(&["10:00:00", "10:02:00", "10:05:00"]);
    assert_after(&[(Pass, Some(&log), "11:00:00")], Some("10:00:00"), Some("10:05:00"));
}

#[test]
fn spec01_case_21_polling_keeps_the_start() {
    assert_after(
        &[(InProgress, None, "10:00:00"), (InProgress, None, "11:00:00")],
        Some("10:00:00"),
        None,
    );
}

#[test]
fn spec01_case_22_a_bare_status_does_not_look_at_the_old_log() {
    let log = log(&["09:00:00"]);
    assert_after(
        &[
            (InProgress, None, "10:00:00"),
            (InProgress, Some(&log), "10:30:00"),
            (Pass, None, "12:00:00"),
        ],
        Some("10:00:00"),
        Some("12:00:00"),
    );
}

#[test]
fn a_new_attempt_has_a_new_start() {
    let second = log(&["12:00:00", "12:01:00"]);
    assert_after(
        &[(Fail, None, "10:00:00"), (InProgress, None, "11:00:00")],
        Some("11:00:00"),
        None,
    );
    assert_after(
        &[(Fail, None, "10:00:00"), (Pass, Some(&second), "12:30:00")],
        Some("12:00:00"),
        Some("12:01:00"),
    );
    // A person who corrects the verdict starts nothing.
    assert_after(
        &[(Fail, None, "10:00:00"), (Pass, None, "11:00:00")],
        Some("10:00:00"),
        Some("11:00:00"),
    );
}

#[test]
fn the_end_is_never_before_the_start() {
    let earlier = log(&["09:00:00"]);
    assert_after(
        &[(InProgress, None, "10:00:00"), (Pass, Some(&earlier), "10:30:00")],
        Some("10:00:00"),
        Some("10:00:00"),
    );
}

#[test]
fn a_reset_forgets_times_and_job() {
    assert_after(&[(Pass, None, "10:00:00"), (NotStarted, None, "11:00:00")], None, None);
    let mut state = state();
    let request = ClaimRequest {
        task: Task::StageTesting,
        system: JobSystem::Jenkins,
        replaces: Replaces::Nothing,
    };
    state.claim_job(&request, "c1", at("10:00:00"));
    let reset = TaskUpdate::status(Task::StageTesting, NotStarted);
    state.update_task(&reset, at("11:00:00"), &Masker::default());
    assert_eq!(state.task(Task::StageTesting).and_then(|record| record.job.clone()), None);
}

#[test]
fn a_result_without_status_leaves_the_times() {
    let mut state = state();
    state.update_task(
        &TaskUpdate::status(Task::StageTesting, Fail),
        at("10:00:00"),
        &Masker::default(),
    );
    let update = TaskUpdate::new(Task::StageTesting).with_result("");
    state.update_task(&update, at("11:00:00"), &Masker::default());
    let record = state.task(Task::StageTesting).expect("it is there");
    assert_eq!((record.status, record.result.as_deref()), (Fail, Some("")));
    assert_eq!(record.completed_at.as_deref(), Some("2026-01-01T10:00:00Z"));
}

#[test]
fn a_long_result_keeps_its_head_and_its_tail() {
    let line = |n: usize| format!("2026-01-01T10:00:00Z: INFO: line {n} é\n");
    let long = (0..4000).map(line).collect::<Vec<_>>().concat();
    let mut state = state();
    let update = TaskUpdate::status(Task::StageTesting, Pass).with_result(long.clone());
    state.update_task(&update, at("11:00:00"), &Masker::default());
    let result = state.task(Task::StageTesting).and_then(|r| r.result.clone()).expect("stored");
    assert!(result.len() <= RESULT_LIMIT, "{}", result.len());
    assert!(result.len() > RESULT_LIMIT - 200, "nearly all of the room is used: {}", result.len());
    assert!(result.starts_with(&line(0)) && result.ends_with(&line(3999)));
    let (head, tail) = result.split_once("[... ").expect("the gap is marked");
    let (count, tail) = tail.split_once(" bytes left out ...]\n").expect("with its size");
    assert_eq!(count.parse::<usize>().ok(), Some(long.len() - head.len() - tail.len()));
    assert!(long.starts_with(head) && long.ends_with(tail), "whole lines on both sides");
    // A single endless line is cut between characters.
    let update = TaskUpdate::new(Task::StageTesting).with_result("é".repeat(RESULT_LIMIT));
    state.update_task(&update, at("11:00:00"), &Masker::default());
    let result = state.task(Task::StageTesting).and_then(|r| r.result.clone()).expect("stored");
    assert!(result.len() <= RESULT_LIMIT && result.starts_with('é') && result.ends_with('é'));
}

#[test]
fn spec01_case_23_names_are_checked() {
    let text = parse_task("foo").expect_err("no such task").to_string();
    assert!(text.contains("take-ownership") && text.contains("change-advisory-status"), "{text}");
    for bad in ["", "  ", &"x".repeat(201)] {
        let error = parse_task(bad).expect_err(bad);
        assert_eq!(error.class(), ErrorClass::InvalidArgument);
    }
    assert_eq!(parse_task("drop-bugs").ok(), Some(Task::DropBugs));
    let status: Result<TaskStatus, StateBoxError> = "Done".parse().map_err(StateBoxError::from);
    let text = status.expect_err("no such status").to_string();
    assert!(TaskStatus::ALL.iter().all(|status| text.contains(status.name())), "{text}");
}

use crate::job::{Claim, ClaimRequest, Replaces};

fn request(replaces: Replaces) -> ClaimRequest {
    ClaimRequest { task: Task::ImageConsistencyCheck, system: JobSystem::Prow, replaces }
}

fn job(id: &str) -> JobRef {
    JobRef {
        system: JobSystem::Prow,
        id: Some(id.to_owned()),
        queue_id: None,
        url: Some("https://prow.example.com/view/1".to_owned()),
        triggered_at: "2026-01-01T10:00:00Z".to_owned(),
        claim: None,
    }
}

#[test]
fn a_claim_keeps_others_away_for_a_quarter_of_an_hour() {
    let mut state = state();
    let granted = state.claim_job(&request(Replaces::Nothing), "one", at("10:00:00"));
    assert_eq!(granted, Claim::Granted { id: "one".to_owned(), unfinished: None });
    assert_eq!(state.task_status(Task::ImageConsistencyCheck), Some(InProgress));
    for replaces in [Replaces::Nothing, Replaces::Job(job("p0")), Replaces::Anything] {
        let second = state.clone().claim_job(&request(replaces), "two", at("10:14:59"));
        assert!(matches!(second, Claim::InFlight(job) if job.claim.as_deref() == Some("one")));
    }
    let late = state.claim_job(&request(Replaces::Nothing), "two", at("10:15:00"));
    let Claim::Granted { id, unfinished: Some(old) } = late else { panic!("{late:?}") };
    assert_eq!((id.as_str(), old.claim.as_deref()), ("two", Some("one")));
    // Whoever was slower than the claim lasts must not record a job any more.
    let error = state
        .confirm_job(Task::ImageConsistencyCheck, "one", &job("p1"), "line")
        .expect_err("lost");
    assert_eq!(error.class(), ErrorClass::Conflict);
}

#[test]
fn a_recorded_job_is_found_by_the_next_run() {
    let mut state = state();
    let entropy = SeededEntropy::new(3);
    let id = entropy.id();
    state.claim_job(&request(Replaces::Nothing), &id, at("10:00:00"));
    state
        .confirm_job(Task::ImageConsistencyCheck, &id, &job("p1"), "line")
        .expect("the claim is ours");
    state.confirm_job(Task::ImageConsistencyCheck, &id, &job("p1"), "line").expect("twice is once");
    let record = state.task(Task::ImageConsistencyCheck).expect("a record");
    assert_eq!(record.result.as_deref(), Some("line"), "old readers find the job here");
    let again = state.claim_job(&request(Replaces::Nothing), "two", at("12:00:00"));
    assert_eq!(again, Claim::Running(job("p1")));
    let forced = state.clone().claim_job(&request(Replaces::Anything), "two", at("12:00:00"));
    assert_eq!(forced, Claim::Granted { id: "two".to_owned(), unfinished: None });
    // Two saw that a job had ended; only the first may start another in its place.
    let ended = request(Replaces::Job(job("p1")));
    assert!(matches!(
        state.clone().claim_job(&ended, "two", at("12:00:00")),
        Claim::Granted { .. }
    ));
    let replaced = request(Replaces::Job(job("p0")));
    let late = state.clone().claim_job(&replaced, "two", at("12:00:00"));
    assert_eq!(late, Claim::Running(job("p1")));
    // After a verdict another attempt starts by itself.
    let verdict = TaskUpdate::status(Task::ImageConsistencyCheck, Fail);
    state.update_task(&verdict, at("12:30:00"), &Masker::default());
    let next = state.claim_job(&request(Replaces::Nothing), "three", at("13:00:00"));
    assert_eq!(next, Claim::Granted { id: "three".to_owned(), unfinished: None });
    let record = state.task(Task::ImageConsistencyCheck).expect("it is there");
    assert_eq!(record.started_at.as_deref(), Some("2026-01-01T13:00:00Z"));
}

#[test]
fn a_claim_and_a_job_look_as_the_format_says() {
    let mut state = state();
    state.claim_job(&request(Replaces::Nothing), "c1", at("10:00:00"));
    let text = state.render();
    let expected = "  result: null\n  job:\n    system: prow\n    triggered_at: '2026-01-01T10:00:00Z'\n    claim: c1\n";
    assert!(text.contains(expected), "{text}");
    state
        .confirm_job(Task::ImageConsistencyCheck, "c1", &job("p1"), "line")
        .expect("the claim is ours");
    let text = state.render();
    let expected = "  job:\n    system: prow\n    id: p1\n    url: https://prow.example.com/view/1\n    triggered_at: '2026-01-01T10:00:00Z'\nissues";
    assert!(text.contains(expected), "{text}");
    assert_eq!(StateBox::parse("f", &text).expect("valid").tasks[0].job, Some(job("p1")));
}

#[test]
fn what_somebody_else_recorded_meanwhile_stays() {
    let task = Task::ImageConsistencyCheck;
    let mut state = state();
    let set = |state: &mut StateBox, update: TaskUpdate| {
        state.update_task(&update, at("12:00:00"), &Masker::default())
    };
    let begun =
        TaskUpdate { job: JobChange::Set(job("p1")), ..TaskUpdate::status(task, InProgress) };
    assert!(set(&mut state, begun.clone()));
    let of = |id: &str, status| {
        let expects = Expected { unpassed: true, job: Some(job(id)) };
        let notifications = vec![("kind".to_owned(), "hash".to_owned())];
        TaskUpdate { notifications, expects, ..TaskUpdate::status(task, status) }
    };
    assert!(!set(&mut state, of("p0", Fail)), "another job is recorded");
    assert_eq!(state.task_status(task), Some(InProgress));
    assert_eq!(state.notifications.len(), 1, "what was told was told");
    assert!(set(&mut state.clone(), of("p1", Fail)));
    assert!(set(&mut state, TaskUpdate::status(task, Pass)), "a person waives it");
    for status in [Fail, InProgress, NotStarted] {
        assert!(!set(&mut state, of("p1", status)), "{status}");
    }
    assert_eq!(state.task_status(task), Some(Pass));
    assert!(set(&mut state, TaskUpdate::status(task, Fail)), "whoever says so expects nothing");
}
