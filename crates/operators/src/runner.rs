//! The one place where a task's outcome becomes a record, a marker line and a report.
//!
//! Command line, bot, planner and AI clients run tasks through here, so a task is recorded the same
//! way whoever asked (spec 00 §e and §g, 01 §10.3–10.5). The rules:
//!
//! - status and result change only for `Pass`, `Fail`, `In Progress` and `Not Started`;
//! - an error changes the record (to `Fail`) only when the task's own action or tool failed;
//! - if recording fails, the command keeps its own verdict and the report says what is not saved.

use std::future::Future;

use oar_release::task::status_marker;
use oar_release::{ErrorClass, JobRef, ReleaseVersion, Task, TaskOutcome, TaskStatus};
use oar_statebox::{JobChange, StateBoxError, TaskUpdate};
use tracing::Instrument as _;

use crate::context::Context;
use crate::report::{CommandReport, ReportedError, StateBoxWrite, error_chain, within_budget};
use crate::task_log::TaskLog;

/// What a task was doing when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading, or work that had not begun: the stored status stays.
    Reading,
    /// The task's own action or tool: the task failed.
    Acting,
}

/// A task could not determine its outcome.
#[derive(Debug)]
pub struct TaskError {
    class: ErrorClass,
    stage: Stage,
    message: String,
    hint: Option<String>,
}

impl TaskError {
    /// `error` of class `class`, met at `stage`.
    pub fn new(class: ErrorClass, stage: Stage, error: &dyn std::error::Error) -> Self {
        Self { class, stage, message: error_chain(error), hint: None }
    }

    /// The same error with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What a running task may use besides its context.
#[derive(Debug)]
pub struct TaskScope<'a> {
    context: &'a Context,
    release: &'a ReleaseVersion,
    task: Task,
}

impl TaskScope<'_> {
    /// Logs the marker that work has begun; the two trigger commands do so only after the external
    /// job was accepted.
    pub fn begin(&self) {
        tracing::info!("{}", status_marker(self.task, TaskStatus::InProgress));
    }

    /// Stores that an external job runs, at once: a crash after this cannot lose it (promise P2).
    pub async fn record_job(&self, job: &JobRef) -> Result<(), StateBoxError> {
        let mut update = TaskUpdate::status(self.task, TaskStatus::InProgress);
        update.job = JobChange::Set(job.clone());
        let who = self.context.who(self.task.name());
        self.context.boxes.update_task(self.release, &update, &who).await.map(|_| ())
    }
}

/// Runs `work` as `task` of `release`, records its outcome and reports it.
pub async fn run<'a, W, F>(
    context: &'a Context,
    release: &'a ReleaseVersion,
    task: Task,
    work: W,
) -> CommandReport
where
    W: FnOnce(TaskScope<'a>) -> F,
    F: Future<Output = Result<TaskOutcome, TaskError>>,
{
    let started_at = context.clock.now();
    let operation_id = context.entropy.id();
    let log = TaskLog::new();
    let span = log.span(task.name());
    let scope = TaskScope { context, release, task };
    let result = work(scope).instrument(span.clone()).await;
    let (outcome, failure) = span.in_scope(|| judge(result));
    if let Some(status) = outcome.stored_status() {
        span.in_scope(|| tracing::info!("{}", status_marker(task, status)));
    }
    let text = context.masker.mask(&log.text()).into_owned();
    let statebox = record(context, release, task, &outcome, &text).await;
    let finished_at = context.clock.now();
    let (output, output_truncated, output_total_chars) = within_budget(&text);
    let error = failure.map(|failure| ReportedError {
        code: failure.class,
        message: context.masker.mask(&failure.message).into_owned(),
        retryable: failure.class.is_retryable(),
        hint: failure.hint,
        correlation_id: operation_id.clone(),
    });
    CommandReport {
        success: error.is_none() && !matches!(outcome, TaskOutcome::Undetermined { .. }),
        command: task.name().to_owned(),
        release: release.to_string(),
        task: Some(task),
        task_status: outcome.stored_status(),
        job: match &outcome {
            TaskOutcome::InProgress { job } => job.clone(),
            _ => None,
        },
        outcome,
        statebox,
        operation_id,
        started_at,
        finished_at,
        duration_ms: finished_at
            .duration_since(started_at)
            .as_millis()
            .try_into()
            .unwrap_or(i64::MAX),
        output,
        output_truncated,
        output_total_chars,
        warnings: Vec::new(),
        planned_changes: context.planned_changes(),
        error,
    }
}

/// The outcome to store, and the failure to report.
fn judge(result: Result<TaskOutcome, TaskError>) -> (TaskOutcome, Option<TaskError>) {
    match result {
        Ok(outcome) => (outcome, None),
        Err(failure) => {
            tracing::error!("{}", failure.message);
            let error = failure.message.clone();
            let outcome = match failure.stage {
                Stage::Acting => TaskOutcome::Fail { error },
                Stage::Reading => TaskOutcome::Undetermined { error },
            };
            (outcome, Some(failure))
        }
    }
}

/// Stores what is to be stored; trouble here never changes the verdict.
async fn record(
    context: &Context,
    release: &ReleaseVersion,
    task: Task,
    outcome: &TaskOutcome,
    text: &str,
) -> StateBoxWrite {
    let Some(status) = outcome.stored_status() else { return StateBoxWrite::default() };
    let mut update = TaskUpdate::status(task, status).with_result(text);
    if let TaskOutcome::InProgress { job: Some(job) } = outcome {
        update.job = JobChange::Set(job.clone());
    }
    match context.boxes.update_task(release, &update, &context.who(task.name())).await {
        Ok(saved) => {
            StateBoxWrite { written: saved.committed && !context.is_dry_run(), error: None }
        }
        Err(error) => {
            let error = context.masker.mask(&error_chain(&error)).into_owned();
            StateBoxWrite { written: false, error: Some(error) }
        }
    }
}
