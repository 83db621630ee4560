//! `image-consistency-check`: a job compares payload and shipment, then the health of the images is
//! looked at (spec 03 §11, 01 §7.4).
//!
//! The job runs on Prow; Jenkins is kept as a way back (§11.6). Without a run's name it is started, at
//! most once, wherever an earlier one runs: the start is claimed in the StateBox, and a rerun looks at
//! the job that the StateBox names. A job of another release decides nothing.

mod jenkins;
mod status;

use oar_prow_jobs::{
    CONSISTENCY_JOB, ConsistencyCheck, PayloadUrl, ProwRun, RunHandle, RunName, RunPhase, is_lost,
};
use oar_release::time::{parse_stamp, stamp};
use oar_release::workflow::recover::job_reference;
use oar_release::{
    ErrorClass, Flow, JobRef, JobSystem, MergeRequest, ReleaseVersion, Task, TaskOutcome,
    TaskStatus,
};
use oar_slack::text::{escape, link};
use oar_statebox::{CLAIM_VALID_FOR, Claim, ClaimRequest, Replaces, StateBox};

use super::jenkins_job::Known;
use super::support::{RECHECK, begun, release_data, unchanged, waits_for};
use crate::context::Context;
use crate::notify::{Audience, Notice};
use crate::report::{CommandReport, error_chain};
use crate::runner::{self, Stage, TaskError, TaskScope};

const TASK: Task = Task::ImageConsistencyCheck;

/// Where the job runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Backend {
    /// Prow.
    #[default]
    Prow,
    /// Jenkins, the way back.
    Jenkins,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Start the job.
    Start {
        /// Where.
        backend: Backend,
        /// Although it passed, or one is under way.
        force: bool,
    },
    /// Look at this run on Prow.
    Run(RunName),
    /// Look at this build on Jenkins.
    Build(u64),
    /// Look at the job that the StateBox names, and start none.
    Recorded,
}

/// Starts the check, or looks at the job that is named.
pub async fn run(context: &Context, release: &ReleaseVersion, request: &Request) -> CommandReport {
    let work = |scope| async move {
        let check = match subject(&scope).await? {
            Ok(check) => check,
            Err(waiting) => return Ok(waiting),
        };
        match request {
            Request::Run(name) => status::of_named(&scope, &check, name).await,
            Request::Build(number) => jenkins::of_build(&scope, &check, *number).await,
            Request::Start { backend, force } => trigger(&scope, &check, *backend, *force).await,
            Request::Recorded => conclude_recorded(&scope, &check).await,
        }
    };
    runner::run(context, release, TASK, work).await
}

/// What is compared with what.
struct Subject {
    check: ConsistencyCheck,
    payload: String,
    mr: MergeRequest,
    /// The numbers that ART's data reserves for the shipment.
    live_ids: Vec<(String, i64)>,
    state: StateBox,
}

/// Checks the inputs; what is to be waited for is the inner error.
async fn subject(scope: &TaskScope<'_>) -> Result<Result<Subject, TaskOutcome>, TaskError> {
    let release = scope.release();
    let invalid = |error: &dyn std::error::Error| {
        TaskError::new(ErrorClass::InvalidArgument, Stage::Reading, error)
    };
    let state = begun(scope).await?;
    let data = release_data(scope).await?;
    let mr = match &data.flow {
        Flow::Konflux { mr } => mr.clone(),
        Flow::KonfluxPending => {
            let reason = "ART has not made the shipment merge request yet".to_owned();
            return Ok(Err(TaskOutcome::Waiting { reason, recheck: Some(RECHECK) }));
        }
        Flow::Errata => {
            let what = format!("{release} has no shipment merge request to compare with");
            return Err(TaskError::said(ErrorClass::PreconditionFailed, Stage::Reading, what));
        }
    };
    let payload = PayloadUrl::of_release(release).map_err(|error| invalid(&error))?;
    let image = payload.to_string();
    let check = ConsistencyCheck::new(payload, mr.iid()).map_err(|error| invalid(&error))?;
    Ok(Ok(Subject { check, payload: image, mr, live_ids: data.live_ids.clone(), state }))
}

/// The job that the StateBox names, whatever the task's status and wherever it runs.
fn recorded(state: &StateBox) -> Option<JobRef> {
    let record = state.task(TASK)?;
    job_reference(TASK, record.job.as_ref(), record.result.as_deref())
}

/// The same when it is a run on Prow.
fn recorded_run(state: &StateBox) -> Option<JobRef> {
    recorded(state).filter(|job| job.system == JobSystem::Prow)
}

fn handle(job: &JobRef) -> RunHandle {
    RunHandle {
        id: job.id.as_deref().and_then(|id| id.parse().ok()),
        page: job.url.as_deref().and_then(|url| url.parse().ok()),
    }
}

/// The reference to `run`; what is known of it from before is kept.
fn reference(scope: &TaskScope<'_>, run: &ProwRun, before: Option<&JobRef>) -> JobRef {
    let now = || stamp(scope.context().clock.now());
    JobRef {
        system: JobSystem::Prow,
        id: run.id.as_ref().map(ToString::to_string).or_else(|| before?.id.clone()),
        queue_id: None,
        url: run.url.clone().or_else(|| before?.url.clone()),
        triggered_at: before.map_or_else(now, |job| job.triggered_at.clone()),
        claim: None,
    }
}

/// Starts the check unless it runs, passed, or has to wait.
async fn trigger(
    scope: &TaskScope<'_>,
    subject: &Subject,
    backend: Backend,
    force: bool,
) -> Result<TaskOutcome, TaskError> {
    let state = &subject.state;
    if state.task_status(TASK) == Some(TaskStatus::Pass) && !force {
        return Ok(unchanged("the image consistency check passed before"));
    }
    let replaces = if force {
        Replaces::Anything
    } else {
        match guard(scope, subject, backend).await? {
            Guard::Settled(outcome) => return Ok(outcome),
            Guard::Ended { run, job } => {
                let id = job.id.unwrap_or_default();
                scope.say(format!("the run before, {id}, ended: {}", run.shown_state()));
                Replaces::recorded(state, TASK)
            }
            Guard::Gone => Replaces::recorded(state, TASK),
            Guard::Nothing => Replaces::Nothing,
        }
    };
    if let Some(reason) = waits_for(scope, &Flow::Konflux { mr: subject.mr.clone() }).await? {
        scope.say(reason.clone());
        return Ok(TaskOutcome::Waiting { reason, recheck: Some(RECHECK) });
    }
    match backend {
        Backend::Prow => claim(scope, subject, replaces).await,
        Backend::Jenkins => jenkins::claim(scope, subject, replaces).await,
    }
}

/// The outcome of the recorded job. Somebody may have concluded it since it was last looked at, and a
/// start is another round's.
async fn conclude_recorded(
    scope: &TaskScope<'_>,
    subject: &Subject,
) -> Result<TaskOutcome, TaskError> {
    if subject.state.task_status(TASK) != Some(TaskStatus::InProgress) {
        return Ok(unchanged("no image consistency check is under way"));
    }
    let job = recorded(&subject.state);
    if let Some(job) = &job {
        scope.judges(job);
    }
    let backend = match job.map(|job| job.system) {
        Some(JobSystem::Jenkins) => Backend::Jenkins,
        _ => Backend::Prow,
    };
    match guard(scope, subject, backend).await? {
        Guard::Settled(outcome) => Ok(outcome),
        Guard::Ended { run, job } => status::conclude(scope, subject, &run, Some(&job)).await,
        Guard::Nothing => Ok(unchanged("another run is starting it")),
        Guard::Gone => Ok(TaskOutcome::Reset),
    }
}

/// Claims the start on Prow and starts.
async fn claim(
    scope: &TaskScope<'_>,
    subject: &Subject,
    replaces: Replaces,
) -> Result<TaskOutcome, TaskError> {
    let context = scope.context();
    context.services.prow_token.as_ref().map_err(TaskError::reading)?;
    let request = ClaimRequest { task: TASK, system: JobSystem::Prow, replaces };
    let who = context.who(TASK.name());
    let claimed = context.boxes.claim_job(scope.release(), &request, &who).await;
    match claimed.map_err(|error| TaskError::reading(&error))?.outcome {
        Claim::InFlight(job) => {
            Ok(unchanged(format!("another run is starting it since {}", job.triggered_at)))
        }
        Claim::Running(job) => {
            let what = job.url.or(job.id).unwrap_or_default();
            Ok(unchanged(format!("it runs already: {what}")))
        }
        Claim::Granted { id, .. } => start(scope, subject, &id).await,
    }
}

/// What is known of a job that may be under way.
enum Guard {
    /// It decides what to answer.
    Settled(TaskOutcome),
    /// This run is recorded, and ended without success.
    Ended {
        /// The run.
        run: Box<ProwRun>,
        /// What is recorded of it.
        job: JobRef,
    },
    /// A job is recorded that left no trace.
    Gone,
    /// There is none, or only a claim.
    Nothing,
}

/// The duplicate guard (spec 03 §11.5).
async fn guard(
    scope: &TaskScope<'_>,
    subject: &Subject,
    backend: Backend,
) -> Result<Guard, TaskError> {
    let state = &subject.state;
    if state.task_status(TASK) != Some(TaskStatus::InProgress) {
        return Ok(Guard::Nothing);
    }
    let Some(job) = recorded(state) else { return Ok(Guard::Gone) };
    if job.system == JobSystem::Jenkins {
        return Ok(match jenkins::known(scope, subject, &job, backend).await? {
            Known::Settled(outcome) => Guard::Settled(outcome),
            Known::Nothing => Guard::Nothing,
            Known::Gone | Known::Elsewhere => Guard::Gone,
        });
    }
    let prow = scope.context().services.prow.as_ref().map_err(TaskError::reading)?;
    let now = scope.context().clock.now();
    if let (None, Some(claim)) = (&job.id, &job.claim) {
        let begun = parse_stamp(&job.triggered_at);
        if begun.is_none_or(|begun| now.duration_since(begun) < CLAIM_VALID_FOR) {
            let what = format!("another run is starting it since {}", job.triggered_at);
            return Ok(Guard::Settled(unchanged(what)));
        }
        // The run of a claim that was never finished is looked for before another is started.
        let found = prow.read.find_attempt(CONSISTENCY_JOB, claim).await;
        return match found.map_err(|error| TaskError::reading(&error))? {
            Some(run) => {
                scope.say("found the run of a command that was ended before it could record it");
                tell(scope, &reference(scope, &run, Some(&job)));
                Ok(Guard::Settled(status::conclude(scope, subject, &run, Some(&job)).await?))
            }
            None => Ok(Guard::Nothing),
        };
    }
    let run = prow.read.trace(&handle(&job)).await.map_err(|error| TaskError::reading(&error))?;
    let Some(run) = run else {
        let lost = parse_stamp(&job.triggered_at).is_some_and(|at| is_lost(at, now));
        if lost {
            scope.say("the recorded run left no trace for two days: it is given up");
            return Ok(Guard::Gone);
        }
        let what = format!("run {} cannot be found yet", job.id.unwrap_or_default());
        return Err(TaskError::said(ErrorClass::Undetermined, Stage::Reading, what));
    };
    Ok(match run.phase() {
        RunPhase::Running | RunPhase::Unknown => {
            let known = reference(scope, &run, Some(&job));
            let shown = known.url.clone().or_else(|| known.id.clone()).unwrap_or_default();
            tell(scope, &known);
            if known == job {
                Guard::Settled(unchanged(format!("it runs ({}): {shown}", run.shown_state())))
            } else {
                Guard::Settled(TaskOutcome::InProgress { job: Some(known) })
            }
        }
        RunPhase::Passed => {
            Guard::Settled(status::conclude(scope, subject, &run, Some(&job)).await?)
        }
        RunPhase::Failed | RunPhase::Interrupted => Guard::Ended { run: Box::new(run), job },
    })
}

/// Starts the run under the claim `claim` and stores its id before anything else.
async fn start(
    scope: &TaskScope<'_>,
    subject: &Subject,
    claim: &str,
) -> Result<TaskOutcome, TaskError> {
    let (context, release) = (scope.context(), scope.release());
    let prow = context.services.prow.as_ref().map_err(TaskError::reading)?;
    let order = subject.check.order(claim).map_err(|error| {
        scope.forget_job();
        TaskError::new(ErrorClass::Internal, Stage::Acting, &error)
    })?;
    let started = match prow.write.start(&order).await {
        Ok(started) => started,
        // It may run: the claim stays, and the next run looks for it (P4).
        Err(error) if error.may_have_started() => return Err(TaskError::reading(&error)),
        Err(error) => {
            scope.forget_job();
            return Err(TaskError::acting(&error));
        }
    };
    let mut job = JobRef {
        system: JobSystem::Prow,
        id: Some(started.id.to_string()),
        queue_id: None,
        url: None,
        triggered_at: stamp(context.clock.now()),
        claim: None,
    };
    scope.say(format!("Triggered image consistency check Prow job: {}", started.id));
    let who = context.who(TASK.name());
    let lines = scope.log();
    let kept = context.boxes.confirm_job(release, TASK, claim, &job, &lines, &who).await;
    if let Err(error) = kept {
        scope.warn(format!("the run is not stored yet: {}", error_chain(&error)));
    }
    let waiting = context.progress.start("waiting for the page of the run", None);
    let page = prow.read.await_page(&started.id).await;
    drop(waiting);
    match page {
        Ok(run) => job.url = run.url,
        Err(error) => scope.warn(format!("the run has no page yet: {}", error_chain(&error))),
    }
    if let Some(url) = &job.url {
        scope.say(format!("Prow job URL: {url}"));
    }
    tell(scope, &job);
    Ok(TaskOutcome::InProgress { job: Some(job) })
}

/// Tells the release leads of the run; once it is known by its page, by that alone.
fn tell(scope: &TaskScope<'_>, job: &JobRef) {
    let id = escape(job.id.as_deref().unwrap_or("a run without id"));
    let run = job.url.as_ref().map_or_else(|| id.clone(), |url| link(url, &id));
    let text = format!("{CONSISTENCY_JOB}: {run}");
    scope.notify(Notice { kind: "image-consistency", to: Audience::ReleaseLeads, text });
}
