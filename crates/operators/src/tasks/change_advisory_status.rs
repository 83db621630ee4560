//! `change-advisory-status`: final approval (spec 06 §3, 02 §7.7). What can be done now is done; a
//! release whose advisory's page is not public yet gets a job that waits for it.
//!
//! One process at a time decides about a release: the command holds the command's lock until its outcome
//! is recorded, and the job's lock until it hands it over to the job's process.

mod schedule;

use oar_errata::{ApprovalEntry, ApprovalReport, TargetState, WorkingSet};
use oar_gitlab_shipment::Drafts;
use oar_release::{ErrorClass, Flow, ReleaseVersion, Task, TaskOutcome, TaskStatus};
use oar_statebox::StateBox;
use serde::Serialize;

use schedule::{Plan, already_running, schedule};

use super::support::{advisory_map, release_data, unchanged};
use crate::approval::{
    self, ApprovalError, ApprovalFolder, CheckOutcome, Held, JobRecord, JobStatus, Lock, Verdict,
};
use crate::context::Context;
use crate::report::{CommandReport, error_chain};
use crate::runner::{self, Stage, TaskError, TaskScope};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Where the advisories go; `QE` approves nothing.
    pub target: TargetState,
    /// Approve also a merge request that is a draft.
    pub allow_draft: bool,
}

/// What became of the approval; `facts.approval` of the report (spec 06 §3.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Approval {
    /// Every advisory is in `REL_PREP` or beyond.
    Approved {
        /// Each of them.
        advisories: Vec<ApprovalEntry>,
    },
    /// Nothing was moved: an advisory is not where it could be moved from.
    NotReady {
        /// Each of them.
        advisories: Vec<ApprovalEntry>,
    },
    /// A job waits for the page.
    Scheduled {
        /// Its id.
        job_id: String,
        /// When it gives up.
        deadline: String,
        /// Where it logs.
        log_path: Option<String>,
    },
    /// A job, or another command, is at it.
    AlreadyRunning {
        /// The job's id, where it is known.
        job_id: Option<String>,
        /// Its process, where it is known.
        pid: Option<u32>,
        /// Since when.
        since: Option<String>,
        /// When it gives up.
        deadline: Option<String>,
    },
}

/// Approves `release`, or leaves a job behind that will.
pub async fn run(context: &Context, release: &ReleaseVersion, options: Options) -> CommandReport {
    let (command, job) = match Locks::take(context, release) {
        Ok(Locks { command, job }) => (command, Ok(job)),
        Err(error) => (None, Err(error)),
    };
    let work = |scope| async move {
        let job = job.map_err(|error| TaskError::reading(&error))?;
        approve(&scope, options, job).await
    };
    let report = runner::run(context, release, Task::ChangeAdvisoryStatus, work).await;
    // Until the outcome is recorded: the job writes its own end after it.
    drop(command);
    report
}

/// The locks of a command.
struct Locks {
    command: Option<Held>,
    job: Turn,
}

/// Whether this command may act.
enum Turn {
    /// It may. None in a dry run, which locks nothing.
    Ours(Option<Held>),
    /// Somebody else is at it.
    Theirs,
}

impl Locks {
    fn take(context: &Context, release: &ReleaseVersion) -> Result<Self, ApprovalError> {
        let folder = context.approval.folder.as_ref().map_err(Clone::clone)?;
        if context.is_dry_run() {
            let taken =
                folder.is_held(release, Lock::Command)? || folder.is_held(release, Lock::Job)?;
            let job = if taken { Turn::Theirs } else { Turn::Ours(None) };
            return Ok(Self { command: None, job });
        }
        let Some(command) = folder.lock(release, Lock::Command)? else {
            return Ok(Self { command: None, job: Turn::Theirs });
        };
        let job = folder.lock(release, Lock::Job)?;
        let job = job.map_or(Turn::Theirs, |held| Turn::Ours(Some(held)));
        Ok(Self { command: Some(command), job })
    }
}

async fn approve(
    scope: &TaskScope<'_>,
    options: Options,
    turn: Turn,
) -> Result<TaskOutcome, TaskError> {
    let context = scope.context();
    let folder = context.approval.folder.as_ref().map_err(TaskError::reading)?;
    let lock = match turn {
        Turn::Ours(lock) => lock,
        Turn::Theirs => {
            let record =
                folder.load(scope.release()).map_err(|error| TaskError::reading(&error))?;
            return Ok(already_running(scope, record.filter(JobRecord::needs_a_process)));
        }
    };
    let data = release_data(scope).await?;
    let state = context.boxes.load(scope.release()).await;
    let state = state.map_err(|error| TaskError::reading(&error))?;
    let errata = context.services.errata.as_ref().map_err(TaskError::reading)?;
    let brew = context.services.brew.as_ref().map_err(TaskError::reading)?;
    let set = approval::working_set(&*errata.read, &advisory_map(&data)).await;
    let approver = approval::approver(context, errata, &**brew);
    for (impetus, id) in &set.dropped {
        scope.say(format!("advisory {id} ({impetus}) was dropped: it is left out"));
    }
    if options.target == TargetState::Qe {
        let review = approver.review(&set, TargetState::Qe).await;
        return Ok(hand_over(scope, &approver.move_all(review).await));
    }
    if passed_before(state.as_ref(), &set) {
        close_left_job(scope, folder)?;
        let (_, warnings) = approval::subtasks(context, data.jira_ticket.as_deref()).await;
        warn(scope, warnings);
        return Ok(unchanged("every advisory is in REL_PREP or beyond, and that is recorded"));
    }
    let empty = set.when_empty(&data.flow);
    let mr = match (&data.flow, &empty) {
        (Flow::KonfluxPending, _) => {
            let reason = "ART has not made the shipment merge request yet".to_owned();
            return Ok(TaskOutcome::Waiting { reason, recheck: None });
        }
        (Flow::Errata, Some((outcome, reason))) => {
            scope.say(reason);
            return Ok(outcome.clone());
        }
        (Flow::Errata, None) => None,
        (Flow::Konflux { mr }, _) => Some(mr),
    };
    scope.begin();
    match approval::kernels(&approver, &set).await {
        Ok(warnings) => warn(scope, warnings),
        Err(verdict) => return refused(verdict),
    }
    if let Some(mr) = mr {
        let drafts = if options.allow_draft { Drafts::Allow } else { Drafts::Refuse };
        let (release, live_ids) = (scope.release(), &data.live_ids);
        let shipment = approval::ExpectedShipment { release, mr, live_ids };
        let given = approval::merge_request(context, &shipment, drafts).await;
        let (standing, commit) = given.map_err(|error| stopped(&error))?;
        let commit = commit.map(|commit| format!(" at commit {commit}")).unwrap_or_default();
        scope.say(format!("{mr}: {}{commit}", standing.in_words(context.is_dry_run())));
        scope.fact(
            "merge_request",
            serde_json::json!({ "url": mr.to_string(), "standing": standing }),
        );
        if let Some((TaskOutcome::Pass, reason)) = empty {
            scope.say(reason);
            close_left_job(scope, folder)?;
            return Ok(reached(scope, data.jira_ticket.as_deref(), Vec::new()).await);
        }
        let known = folder.load(scope.release()).ok().flatten();
        let known = known.filter(|record| record.status.is_unfinished());
        let payload = known.as_ref().and_then(|record| record.payload.as_ref());
        let looked = approval::look(context, scope.release(), payload).await;
        scope.fact("page", &looked.check);
        scope.say(looked.check.in_words());
        if let Some(problem) = looked.mismatch {
            return Err(TaskError::said(ErrorClass::PreconditionFailed, Stage::Acting, problem));
        }
        if looked.check.outcome != CheckOutcome::Accessible {
            let plan = Plan {
                flow: data.flow.word(),
                date: data.date,
                allow_draft: options.allow_draft,
                check: looked.check,
                payload: looked.payload,
            };
            return schedule(scope, folder, state.as_ref(), plan, lock).await;
        }
    }
    let (verdict, report) = approval::advisories(&approver, &set).await;
    tell(scope, &report);
    match report.outcome() {
        TaskOutcome::Pass => {
            close_left_job(scope, folder)?;
            Ok(reached(scope, data.jira_ticket.as_deref(), report.entries).await)
        }
        TaskOutcome::InProgress { .. } => {
            scope.fact("approval", Approval::NotReady { advisories: report.entries });
            Ok(TaskOutcome::InProgress { job: None })
        }
        _ => refused(verdict),
    }
}

/// Whether the approval is recorded and everything still stands as it says.
fn passed_before(state: Option<&StateBox>, set: &WorkingSet) -> bool {
    let name = Task::ChangeAdvisoryStatus.name();
    let passed = state.is_some_and(|state| {
        state.tasks.iter().any(|task| task.name == name && task.status == TaskStatus::Pass)
    });
    passed
        && set.unreadable.is_empty()
        && set.not_created.is_empty()
        && set.members.iter().all(|member| member.erratum.state.is_shipped_enough())
}

/// A job that a killed process left has nothing to wait for any more: this command did its work, or
/// somebody else has.
fn close_left_job(scope: &TaskScope<'_>, folder: &ApprovalFolder) -> Result<(), TaskError> {
    let failed = |error: ApprovalError| TaskError::reading(&error);
    let left = folder.load(scope.release()).map_err(failed)?;
    let left = left.filter(|record| record.status.is_unfinished());
    let Some(mut record) = left.filter(|_| !scope.context().is_dry_run()) else { return Ok(()) };
    let words = "the command found every advisory in REL_PREP or beyond, or moved it".to_owned();
    record.end(JobStatus::Done, words, scope.context().clock.now());
    // The command's own record says so.
    record.recorded = true;
    folder.save(&record).map_err(failed)
}

/// Tells how each advisory stands.
fn tell(scope: &TaskScope<'_>, report: &ApprovalReport) {
    for entry in &report.entries {
        let action = serde_json::to_value(entry.action).unwrap_or_default();
        let action = action.as_str().unwrap_or_default().replace('_', " ");
        let from = entry.from.as_ref().map_or("unknown", |state| state.as_str());
        scope.say(format!("{entry}: {action} ({from} to {})", entry.to));
    }
    if let Some(missing) = &report.missing {
        scope.say(missing);
    }
    warn(scope, report.warnings.clone());
    scope.fact("advisories", &report.entries);
}

/// `QE` only hands the advisories over: the approval's own record stays as it is, unless the Errata Tool
/// refused.
fn hand_over(scope: &TaskScope<'_>, report: &ApprovalReport) -> TaskOutcome {
    tell(scope, report);
    match report.outcome() {
        TaskOutcome::Pass => unchanged("every advisory is in QE or beyond; nothing is approved"),
        TaskOutcome::InProgress { .. } => unchanged("not every advisory can go to QE; see above"),
        other => other,
    }
}

/// All advisories are there: only now Jira says so too.
async fn reached(
    scope: &TaskScope<'_>,
    ticket: Option<&str>,
    advisories: Vec<ApprovalEntry>,
) -> TaskOutcome {
    let context = scope.context();
    let (closed, warnings) = approval::subtasks(context, ticket).await;
    if !closed.is_empty() {
        scope.say(format!("closed subtasks {}", closed.join(", ")));
    }
    warn(scope, warnings);
    scope.fact("closed_subtasks", closed);
    scope.fact("approval", Approval::Approved { advisories });
    let (source, who) = (approval::SOURCE, context.who(Task::ChangeAdvisoryStatus.name()));
    let resolution = "the advisories are in REL_PREP or beyond";
    let resolved = context.boxes.resolve_by_source(scope.release(), source, resolution, &who).await;
    match resolved {
        Ok(_) | Err(oar_statebox::StateBoxError::NotInitialised { .. }) => {}
        Err(error) => scope.warn(format!("an issue stays open: {}", error_chain(&error))),
    }
    TaskOutcome::Pass
}

/// What stopped the approval.
fn refused(verdict: Verdict) -> Result<TaskOutcome, TaskError> {
    match verdict {
        // The check answered, and its answer is no.
        Verdict::Final(error) | Verdict::Alert(error) => Ok(TaskOutcome::Fail { error }),
        Verdict::NoTicket(error) => {
            let class = ErrorClass::UnauthenticatedUpstream;
            Err(TaskError::said(class, Stage::Reading, error).hint("kinit, then run it again"))
        }
        Verdict::Trouble { class, error, acting } => {
            let stage = if acting { Stage::Acting } else { Stage::Reading };
            Err(TaskError::said(class, stage, error))
        }
        Verdict::NotReady(reason) => Ok(TaskOutcome::Waiting { reason, recheck: None }),
        Verdict::Reached => Ok(TaskOutcome::InProgress { job: None }),
    }
}

/// The merge request stopped it: a closed one fails the task, one that cannot be read leaves it.
fn stopped(error: &crate::error::OperatorError) -> TaskError {
    let stage = match approval::judge_merge_request(error) {
        Verdict::Final(_) => Stage::Acting,
        _ => Stage::Reading,
    };
    TaskError::new(error.class(), stage, error)
}

fn warn(scope: &TaskScope<'_>, warnings: Vec<String>) {
    for warning in warnings {
        scope.warn(warning);
    }
}
