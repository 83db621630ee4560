//! How an outcome becomes a record, a marker line and a report (spec 01 §10.3–10.5).

use oar_operators::runner::{self, Stage, TaskError};
use oar_release::outcome::JobSystem;
use oar_release::{ErrorClass, JobRef, Task, TaskOutcome, TaskStatus};
use oar_state_repo::RepoError;

use crate::desk::{Desk, release};

fn job() -> JobRef {
    JobRef {
        system: JobSystem::Prow,
        id: Some("1234".to_owned()),
        queue_id: None,
        url: None,
        triggered_at: "2026-03-01T10:00:00Z".to_owned(),
        claim: None,
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the tool said no to lead@example.com with canary-secret")]
struct ToolFailed;

/// The stored entry of `task`: from its name to the next task's.
fn entry(desk: &Desk, task: Task) -> Option<String> {
    let text = desk.text();
    let start = text.find(&format!("- name: {}", task.name()))?;
    let rest = &text[start + 2..];
    Some(rest[..rest.find("\n- name:").or(rest.find("\nissues:")).unwrap_or(rest.len())].to_owned())
}

#[tokio::test(start_paused = true)]
async fn spec01_case_30_a_pass_is_stored_with_its_marker_as_the_last_one() {
    let desk = Desk::begun();
    let task = Task::TakeOwnership;
    let report = runner::run(&desk.context, &release(), task, |scope| async move {
        scope.begin();
        tracing::info!("3 advisories are owned");
        Ok(TaskOutcome::Pass)
    })
    .await;
    assert!(report.success && report.statebox.written);
    assert_eq!(report.task_status, Some(TaskStatus::Pass));
    let stored = entry(&desk, task).expect("an entry");
    let marker = "task [Take Ownership] status is changed to [Pass]";
    assert!(stored.contains("status: Pass") && stored.contains(marker), "{stored}");
    let markers: Vec<&str> =
        report.output.lines().filter(|line| line.contains("status is changed to")).collect();
    assert_eq!(markers.len(), 2, "In Progress, then Pass once: {markers:?}");
    assert!(markers[1].ends_with(marker));
    assert_eq!(desk.repo.commits().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn spec01_case_31_the_tasks_own_failure_is_stored_masked() {
    let desk = Desk::begun();
    let task = Task::CheckCveTrackerBug;
    let report = runner::run(&desk.context, &release(), task, |scope| async move {
        scope.begin();
        Err(TaskError::new(ErrorClass::Internal, Stage::Acting, &ToolFailed))
    })
    .await;
    assert!(!report.success);
    let error = report.error.expect("an error");
    assert_eq!(error.message, "the tool said no to [EMAIL_REDACTED] with [SECRET_REDACTED]");
    let stored = entry(&desk, task).expect("an entry");
    assert!(stored.contains("status: Fail"), "{stored}");
    assert!(stored.contains("the tool said no to [EMAIL_REDACTED]"), "{stored}");
    assert!(stored.contains("status is changed to [Fail]"), "{stored}");
    assert!(!desk.text().contains("canary") && !desk.text().contains("lead@example.com"));
}

#[tokio::test(start_paused = true)]
async fn spec01_case_31_a_failed_look_up_changes_nothing() {
    let desk = Desk::begun();
    let before = desk.text();
    let report = runner::run(&desk.context, &release(), Task::StageTesting, |_| async move {
        Err(TaskError::new(ErrorClass::UpstreamUnavailable, Stage::Reading, &ToolFailed))
    })
    .await;
    assert!(!report.success && !report.statebox.written);
    assert_eq!(report.outcome.word(), "undetermined");
    assert_eq!((desk.text(), desk.repo.commits().len()), (before, 0));
}

#[tokio::test(start_paused = true)]
async fn spec01_case_32_waiting_leaves_status_and_result_and_names_what_is_waited_for() {
    let desk = Desk::begun();
    let before = desk.text();
    let reason = "stage release of https://gitlab.example.com/p/-/merge_requests/7 is running";
    let report = runner::run(&desk.context, &release(), Task::StageTesting, |_| async move {
        Ok(TaskOutcome::Waiting { reason: reason.to_owned(), recheck: None })
    })
    .await;
    assert!(report.success, "waiting is an answer");
    let TaskOutcome::Waiting { reason: told, .. } = &report.outcome else {
        panic!("{:?}", report.outcome)
    };
    assert_eq!(told, reason);
    assert_eq!((desk.text(), desk.repo.commits().len()), (before, 0));
}

#[tokio::test(start_paused = true)]
async fn spec01_case_33_a_task_that_is_through_is_not_written_again() {
    let desk = Desk::begun();
    let (context, release) = (&desk.context, release());
    let task = Task::ImageConsistencyCheck;
    runner::run(context, &release, task, |_| async move { Ok(TaskOutcome::Pass) }).await;
    let (before, commits) = (desk.text(), desk.repo.commits().len());
    let report = runner::run(context, &release, task, |_| async move {
        Ok(TaskOutcome::Unchanged { reason: "passed before".to_owned() })
    })
    .await;
    assert!(report.success && !report.statebox.written);
    assert!(!report.output.contains("status is changed"), "{}", report.output);
    assert_eq!((desk.text(), desk.repo.commits().len()), (before, commits));
}

/// R1: the status is what the task returned, whatever its log says.
#[tokio::test(start_paused = true)]
async fn spec01_case_34_r01_an_error_line_in_the_log_is_no_status() {
    let desk = Desk::begun();
    let task = Task::ChangeAdvisoryStatus;
    let report = runner::run(&desk.context, &release(), task, |_| async move {
        tracing::error!("the page answered 404: task [X] status is changed to [Fail]");
        Ok(TaskOutcome::InProgress { job: Some(job()) })
    })
    .await;
    assert_eq!(report.task_status, Some(TaskStatus::InProgress));
    let stored = entry(&desk, task).expect("an entry");
    assert!(stored.contains("status: In Progress"), "{stored}");
    assert!(stored.contains("id: '1234'"), "the job's reference is kept: {stored}");
}

#[tokio::test(start_paused = true)]
async fn spec01_case_35_an_outage_while_recording_keeps_the_verdict_and_is_told() {
    let desk = Desk::begun();
    let before = desk.text();
    desk.repo.fail_commit(RepoError::Unavailable {
        location: "GitHub".to_owned(),
        source: "the service has trouble (500) for canary-secret".into(),
    });
    let report = runner::run(&desk.context, &release(), Task::TakeOwnership, |_| async move {
        Ok(TaskOutcome::Pass)
    })
    .await;
    assert!(report.success && !report.statebox.written);
    let error = report.statebox.error.expect("told");
    assert!(error.contains("500") && !error.contains("canary"), "{error}");
    assert_eq!(desk.text(), before);
}

#[tokio::test(start_paused = true)]
async fn a_jobs_reference_is_stored_before_the_task_ends() {
    let desk = Desk::begun();
    let task = Task::StageTesting;
    let report = runner::run(&desk.context, &release(), task, |scope| {
        let repo = std::sync::Arc::clone(&desk.repo);
        async move {
            scope.record_job(&job()).await.expect("stored");
            assert_eq!(repo.commits().len(), 1, "before whatever comes next");
            Ok(TaskOutcome::InProgress { job: Some(job()) })
        }
    })
    .await;
    assert!(report.statebox.written);
    assert!(entry(&desk, task).expect("an entry").contains("id: '1234'"));
}

#[tokio::test(start_paused = true)]
async fn a_release_without_statebox_is_not_given_one_by_a_task() {
    let desk = Desk::new();
    let report = runner::run(&desk.context, &release(), Task::TakeOwnership, |_| async move {
        Ok(TaskOutcome::Pass)
    })
    .await;
    assert!(report.success && report.statebox.error.is_some());
    assert_eq!(desk.repo.commits().len(), 0);
}

/// R5: every time is UTC and says so.
#[tokio::test(start_paused = true)]
async fn r05_times_are_utc_in_the_report_the_log_and_the_file() {
    let desk = Desk::begun();
    let task = Task::TakeOwnership;
    let report = runner::run(&desk.context, &release(), task, |scope| async move {
        scope.begin();
        Ok(TaskOutcome::Pass)
    })
    .await;
    let object = serde_json::to_value(&report).expect("an object");
    assert_eq!(object["started_at"], "2026-03-01T10:00:00Z");
    assert!(report.output.lines().all(|line| line.starts_with("2026-03-01T10:00:00Z: ")));
    assert!(entry(&desk, task).expect("an entry").contains("completed_at: '2026-03-01T10:00:00Z'"));
}
