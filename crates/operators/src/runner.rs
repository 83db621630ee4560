//! The one place where a task's outcome becomes a record, a marker line and a report.
//!
//! Command line, bot, planner and AI clients run tasks through here, so a task is recorded the same
//! way whoever asked (spec 00 §e and §g, 01 §10.3–10.5). The rules:
//!
//! - status and result change only for `Pass`, `Fail`, `In Progress` and `Not Started`;
//! - an error changes the record (to `Fail`) only when the task's own action or tool failed;
//! - messages go out after the work and before the record, and change no outcome;
//! - if recording fails, the command keeps its own verdict and the report says what is not saved.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use oar_release::task::status_marker;
use oar_release::{ErrorClass, JobRef, ReleaseVersion, Task, TaskOutcome, TaskStatus};
use oar_statebox::{Expected, JobChange, StateBox, StateBoxError, TaskUpdate};
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::Instrument as _;

use crate::context::Context;
use crate::error::Classed;
use crate::notify::{self, Notice};
use crate::report::{CommandReport, ReportedError, StateBoxWrite, error_chain, within_budget};
use crate::task_log::TaskLog;
use crate::turn::{Turn, TurnError};

/// What a task was doing when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading, work that had not begun, or an action of which nobody knows whether it happened: the
    /// stored status stays.
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

    /// An error that is fully said in `message`.
    pub fn said(class: ErrorClass, stage: Stage, message: impl Into<String>) -> Self {
        Self { class, stage, message: message.into(), hint: None }
    }

    /// `error`, met while the stored status must stay: see [`Stage::Reading`].
    pub fn reading<E: Classed>(error: &E) -> Self {
        Self::new(error.class_of(), Stage::Reading, error)
    }

    /// `error` of the task's own action or tool.
    pub fn acting<E: Classed>(error: &E) -> Self {
        Self::new(error.class_of(), Stage::Acting, error)
    }

    /// The same error with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What a running task may use besides its context, and where it leaves what it found. Clones share
/// that.
#[derive(Debug, Clone)]
pub struct TaskScope<'a> {
    context: &'a Context,
    release: &'a ReleaseVersion,
    task: Task,
    gathered: Arc<Mutex<Gathered>>,
    log: Arc<TaskLog>,
}

/// What a task left for its report.
#[derive(Debug, Default)]
struct Gathered {
    findings: Vec<String>,
    warnings: Vec<String>,
    facts: Map<String, Value>,
    notices: Vec<Notice>,
    forget_job: bool,
    expects: Expected,
}

impl<'a> TaskScope<'a> {
    /// The context the task runs in.
    pub const fn context(&self) -> &'a Context {
        self.context
    }

    /// The release.
    pub const fn release(&self) -> &'a ReleaseVersion {
        self.release
    }

    fn gather(&self, add: impl FnOnce(&mut Gathered)) {
        add(&mut self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Tells what was found or done, in one line: for the log, the record and the report.
    pub fn say(&self, line: impl Into<String>) {
        let line = line.into();
        tracing::info!("{line}");
        self.gather(|gathered| gathered.findings.push(line));
    }

    /// Tells of trouble that changes no verdict.
    pub fn warn(&self, line: impl Into<String>) {
        let line = line.into();
        tracing::warn!("{line}");
        self.gather(|gathered| gathered.warnings.push(line));
    }

    /// Puts `value` under `name` into the report; what cannot be shown as data is left out.
    pub fn fact(&self, name: &str, value: impl Serialize) {
        if let Ok(value) = serde_json::to_value(value) {
            self.gather(|gathered| drop(gathered.facts.insert(name.to_owned(), value)));
        }
    }

    /// Has `notice` sent when the work is over, whatever its outcome.
    pub fn notify(&self, notice: Notice) {
        self.gather(|gathered| gathered.notices.push(notice));
    }

    /// Has the outcome recorded without a job: the claimed one was not started.
    pub fn forget_job(&self) {
        self.gather(|gathered| gathered.forget_job = true);
    }

    /// Notes how the task stood when the work began: a `Pass` that somebody records meanwhile stays.
    pub fn began_at(&self, state: &StateBox) {
        let passed = state.task_status(self.task) == Some(TaskStatus::Pass);
        self.gather(|gathered| gathered.expects.unpassed = !passed);
    }

    /// Has the outcome recorded only while `job` is the recorded one.
    pub fn judges(&self, job: &JobRef) {
        self.gather(|gathered| gathered.expects.job = Some(job.clone()));
    }

    /// What was logged so far, masked: what the record will begin with.
    pub fn log(&self) -> String {
        self.context.masker.mask(&self.log.text()).into_owned()
    }

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
    let log = Arc::new(TaskLog::new());
    let span = log.span(task.name());
    let gathered = Arc::<Mutex<Gathered>>::default();
    let (shared, lines) = (Arc::clone(&gathered), Arc::clone(&log));
    let scope = TaskScope { context, release, task, gathered: shared, log: lines };
    let turn = my_turn(context, release, task).await;
    let (_turn, result) = match turn {
        Ok(turn) => (turn, work(scope).instrument(span.clone()).await),
        Err(error) => (None, Err(TaskError::reading(&error))),
    };
    let (outcome, failure) = span.in_scope(|| judge(result));
    let outcome = outcome.masked(&context.masker);
    let found = std::mem::take(&mut *gathered.lock().unwrap_or_else(PoisonError::into_inner));
    let told = notify::send(context, release, found.notices).instrument(span.clone()).await;
    if let Some(status) = outcome.stored_status() {
        span.in_scope(|| tracing::info!("{}", status_marker(task, status)));
    }
    let text = context.masker.mask(&log.text()).into_owned();
    let mut update = TaskUpdate::new(task);
    update.notifications.clone_from(&told.sent);
    update.job = if found.forget_job { JobChange::Clear } else { JobChange::Keep };
    update.expects = found.expects;
    update.expects.unpassed &= outcome != TaskOutcome::Pass;
    let statebox = record(context, release, update, &outcome, &text).await;
    let finished_at = context.clock.now();
    let masked = |line: &str| context.masker.mask(line).into_owned();
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
        reason: outcome.reason().map(str::to_owned),
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
        findings: found.findings.iter().map(|line| masked(line)).collect(),
        facts: masked_facts(context, found.facts),
        warnings: found.warnings.iter().map(|line| masked(line)).chain(told.warnings).collect(),
        planned_changes: context.planned_changes(),
        error,
    }
}

/// The right to work on `task`; final approval has locks of its own.
async fn my_turn(
    context: &Context,
    release: &ReleaseVersion,
    task: Task,
) -> Result<Option<Turn>, TurnError> {
    match task {
        Task::ChangeAdvisoryStatus => Ok(None),
        task => Turn::take(context, release, task).await.map(Some),
    }
}

/// The same data with every text masked.
fn masked_facts(context: &Context, facts: Map<String, Value>) -> Map<String, Value> {
    fn mask(context: &Context, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(context.masker.mask(&text).into_owned()),
            Value::Array(list) => list.into_iter().map(|value| mask(context, value)).collect(),
            Value::Object(map) => {
                Value::Object(map.into_iter().map(|(key, v)| (key, mask(context, v))).collect())
            }
            other => other,
        }
    }
    facts.into_iter().map(|(name, value)| (name, mask(context, value))).collect()
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
    mut update: TaskUpdate,
    outcome: &TaskOutcome,
    text: &str,
) -> StateBoxWrite {
    let who = context.who(update.task.name());
    let Some(status) = outcome.stored_status() else {
        return remember(context, release, &update.notifications).await;
    };
    update.status = Some(status);
    update.result = Some(text.to_owned());
    if let TaskOutcome::InProgress { job: Some(job) } = outcome {
        update.job = JobChange::Set(job.clone());
    }
    match context.boxes.update_task(release, &update, &who).await {
        Ok(saved) if saved.outcome => {
            StateBoxWrite { written: saved.committed && !context.is_dry_run(), error: None }
        }
        Ok(saved) => {
            let stored = saved.state.task_status(update.task).unwrap_or(TaskStatus::NotStarted);
            let error = format!("somebody recorded {stored} meanwhile, and that stays");
            StateBoxWrite { written: false, error: Some(error) }
        }
        Err(error) => not_written(context, &error),
    }
}

/// Stores only which messages are out: the task's record stays as it is.
async fn remember(
    context: &Context,
    release: &ReleaseVersion,
    sent: &[(String, String)],
) -> StateBoxWrite {
    let mut written = StateBoxWrite::default();
    for (kind, hash) in sent {
        let who = context.who("notify");
        match context.boxes.record_notification(release, kind, hash, &who).await {
            Ok(saved) => written.written |= saved.committed && !context.is_dry_run(),
            Err(error) => return not_written(context, &error),
        }
    }
    written
}

fn not_written(context: &Context, error: &StateBoxError) -> StateBoxWrite {
    let error = context.masker.mask(&error_chain(error)).into_owned();
    StateBoxWrite { written: false, error: Some(error) }
}
