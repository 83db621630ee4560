//! `stage-testing`: the stage tests of a release on Jenkins (spec 05 §6.6, 01 §7.4).
//!
//! Without a build number the tests are started, at most once: the start is claimed in the StateBox
//! before Jenkins is asked, and what Jenkins answers is stored at once. A rerun finds the job, looks at
//! it, and records how it ended. With a build number that build is looked at.

use oar_jenkins::{
    Build, BuildOrder, BuildPhase, JenkinsError, JenkinsJob, JenkinsRead, JenkinsWrite, Look,
    Pending, QueueState,
};
use oar_release::time::stamp;
use oar_release::workflow::recover::job_reference;
use oar_release::{
    Arch, ErrorClass, JobRef, JobSystem, ReleaseVersion, Task, TaskOutcome, TaskStatus,
};
use oar_slack::text::{escape, link};
use oar_statebox::{Claim, ClaimRequest, StateBox};

use super::support::{RECHECK, release_data, unchanged, waits_for};
use crate::context::Context;
use crate::notify::{Audience, Notice};
use crate::report::{CommandReport, error_chain};
use crate::runner::{self, Stage, TaskError, TaskScope};
use crate::services::Ports;

const TASK: Task = Task::StageTesting;
const JOB: JenkinsJob = JenkinsJob::StagePipeline;

type Jenkins = Ports<dyn JenkinsRead, dyn JenkinsWrite>;

/// Starts the stage tests, or looks at build `number`.
pub async fn run(
    context: &Context,
    release: &ReleaseVersion,
    number: Option<u64>,
) -> CommandReport {
    let work = |scope| async move {
        match number {
            Some(number) => status(&scope, number).await,
            None => trigger(&scope).await,
        }
    };
    runner::run(context, release, TASK, work).await
}

fn jenkins<'a>(scope: &TaskScope<'a>) -> Result<&'a Jenkins, TaskError> {
    scope.context().services.jenkins.as_ref().map_err(TaskError::reading)
}

/// What build `number` says.
async fn status(scope: &TaskScope<'_>, number: u64) -> Result<TaskOutcome, TaskError> {
    let build = jenkins(scope)?.read.build(JOB, number).await;
    judge(scope, &build.map_err(|error| TaskError::reading(&error))?).await
}

/// The outcome that a build means; one of another release decides nothing.
async fn judge(scope: &TaskScope<'_>, build: &Build) -> Result<TaskOutcome, TaskError> {
    let release = scope.release();
    // Without ART's data only the release's own tag counts.
    let data = scope.context().build_data.release(release).await.ok();
    let candidate = data.as_ref().and_then(|data| data.candidate(Arch::Amd64)?.parse().ok());
    build
        .check_payload(release, candidate.as_ref())
        .map_err(|error| TaskError::new(ErrorClass::InvalidArgument, Stage::Reading, &error))?;
    let word = build.result.as_ref().map_or_else(|| "none yet".to_owned(), ToString::to_string);
    let minutes = build.duration.as_secs() / 60;
    scope.say(format!("Build number: {}", build.number));
    scope.say(format!("{}: result {word}, {minutes} min", build.url));
    let job = reference(scope, Some(build.number), build.queue_id, &build.url);
    Ok(match build.phase() {
        BuildPhase::Running => TaskOutcome::InProgress { job: Some(job) },
        BuildPhase::Passed => TaskOutcome::Pass,
        BuildPhase::Failed => {
            TaskOutcome::Fail { error: format!("{} ended with {word}", build.url) }
        }
        BuildPhase::Interrupted => {
            let error = format!(
                "{} ended with {word}: it was not finished, which says nothing about the product",
                build.url
            );
            TaskOutcome::Fail { error }
        }
        BuildPhase::Unknown => {
            scope.warn(format!("the result {word} is not known: taken for not ended"));
            TaskOutcome::InProgress { job: Some(job) }
        }
    })
}

fn reference(
    scope: &TaskScope<'_>,
    number: Option<u64>,
    queue_id: Option<u64>,
    url: &str,
) -> JobRef {
    JobRef {
        system: JobSystem::Jenkins,
        id: number.map(|number| number.to_string()),
        queue_id: queue_id.map(|id| id.to_string()),
        url: Some(url.to_owned()),
        triggered_at: stamp(scope.context().clock.now()),
        claim: None,
    }
}

/// Starts the tests unless they run, ran, or have to wait.
async fn trigger(scope: &TaskScope<'_>) -> Result<TaskOutcome, TaskError> {
    let (context, release) = (scope.context(), scope.release());
    let state = context.boxes.require(release).await.map_err(|error| {
        TaskError::reading(&error).hint(format!("`oar -r {release} create-test-report` creates it"))
    })?;
    if state.task_status(TASK) == Some(TaskStatus::Pass) {
        return Ok(unchanged("the stage tests passed before"));
    }
    let jenkins = jenkins(scope)?;
    let data = release_data(scope).await?;
    let order = BuildOrder::stage_testing(release, &data.flow, data.advisory("metadata"))
        .map_err(|error| TaskError::new(ErrorClass::PreconditionFailed, Stage::Reading, &error))?;
    let restart = match known_job(scope, jenkins, &order, &state).await? {
        Known::Settled(outcome) => return Ok(outcome),
        Known::Nothing => false,
        Known::Gone => true,
    };
    let (waits, look) = tokio::join!(waits_for(scope, &data.flow), jenkins.read.look(&order));
    if let Some(reason) = waits? {
        scope.say(reason.clone());
        return Ok(TaskOutcome::Waiting { reason, recheck: Some(RECHECK) });
    }
    let look = look.map_err(|error| TaskError::reading(&error))?;
    let request = ClaimRequest { task: TASK, system: JobSystem::Jenkins, restart };
    let claimed = context.boxes.claim_job(release, &request, &context.who(TASK.name())).await;
    match claimed.map_err(|error| TaskError::reading(&error))?.outcome {
        Claim::InFlight(job) => {
            let since = job.triggered_at;
            Ok(unchanged(format!("another run is starting the tests since {since}")))
        }
        Claim::Running(job) => {
            let url = job.url.or(job.id).unwrap_or_default();
            Ok(unchanged(format!("the tests run already: {url}")))
        }
        Claim::Granted { id, unfinished } => {
            if let Some(build) = unfinished.and_then(|_| unrecorded(&look, &state)) {
                scope.say("a run was ended before it could record the job that it started");
                scope.forget_job();
                return judge(scope, build).await;
            }
            start(scope, jenkins, &order, &look, &id).await
        }
    }
}

/// The build that an unfinished claim started, where it ended meanwhile: the newest, unless an
/// earlier attempt recorded it.
fn unrecorded<'l>(look: &'l Look, state: &StateBox) -> Option<&'l Build> {
    if look.pending().is_some() {
        return None;
    }
    let result = state.task(TASK).and_then(|record| record.result.as_deref());
    let recorded = job_reference(TASK, None, result).and_then(|job| job.id);
    let recorded = recorded.and_then(|id| id.parse::<u64>().ok()).unwrap_or(0);
    look.newest().filter(|build| build.number > recorded)
}

/// What became of the job that the StateBox names.
enum Known {
    /// It decides what to answer.
    Settled(TaskOutcome),
    /// There is none, or only a claim.
    Nothing,
    /// Jenkins has neither build nor queue item of it.
    Gone,
}

async fn known_job(
    scope: &TaskScope<'_>,
    jenkins: &Jenkins,
    order: &BuildOrder,
    state: &StateBox,
) -> Result<Known, TaskError> {
    let record = state.task(TASK).filter(|record| record.status == TaskStatus::InProgress);
    let Some(record) = record else { return Ok(Known::Nothing) };
    let Some(job) = job_reference(TASK, record.job.as_ref(), record.result.as_deref()) else {
        return Ok(Known::Nothing);
    };
    let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<u64>().ok());
    if let Some(build) = number(&job.id) {
        return look_at(scope, jenkins, build, true).await;
    }
    let Some(item) = number(&job.queue_id) else { return Ok(Known::Nothing) };
    let found = jenkins.read.queue_item(item).await.map_err(|error| TaskError::reading(&error))?;
    match found.map(|item| item.state) {
        Some(QueueState::Waiting { why }) => {
            let why = why.unwrap_or_else(|| "no reason given".to_owned());
            Ok(Known::Settled(unchanged(format!("the tests wait in the queue: {why}"))))
        }
        Some(QueueState::Building { number, .. }) => look_at(scope, jenkins, number, false).await,
        Some(QueueState::Cancelled) => {
            scope.say(format!("queue item {item} was cancelled"));
            Ok(Known::Gone)
        }
        None => from_queue(scope, jenkins, order, item).await,
    }
}

/// A queue item is forgotten some minutes after it left: its build is among the newest.
async fn from_queue(
    scope: &TaskScope<'_>,
    jenkins: &Jenkins,
    order: &BuildOrder,
    item: u64,
) -> Result<Known, TaskError> {
    let pending = Pending {
        job: JOB,
        queue_id: Some(item),
        number: None,
        url: String::new(),
        why: None,
        adopted: true,
    };
    match jenkins.read.follow(order, &pending).await {
        Ok(Pending { number: Some(number), .. }) => look_at(scope, jenkins, number, false).await,
        Ok(_) => Ok(Known::Settled(unchanged("the tests wait in the queue"))),
        Err(JenkinsError::NotFound { .. }) => {
            scope.say(format!("Jenkins has no trace of queue item {item}"));
            Ok(Known::Gone)
        }
        Err(error) => Err(TaskError::reading(&error)),
    }
}

/// Looks at a build; `stored`: the StateBox knows its number.
async fn look_at(
    scope: &TaskScope<'_>,
    jenkins: &Jenkins,
    number: u64,
    stored: bool,
) -> Result<Known, TaskError> {
    match jenkins.read.build(JOB, number).await {
        Ok(build) if build.phase() == BuildPhase::Running && stored => {
            // The run that started it may have been ended before it told anybody.
            scope.notify(building(&build.url, number));
            Ok(Known::Settled(unchanged(format!("build {number} runs: {}", build.url))))
        }
        Ok(build) if build.phase() == BuildPhase::Running => {
            scope.notify(building(&build.url, number));
            Ok(Known::Settled(judge(scope, &build).await?))
        }
        Ok(build) => Ok(Known::Settled(judge(scope, &build).await?)),
        Err(JenkinsError::NotFound { .. }) => {
            scope.say(format!("Jenkins has no build {number}"));
            Ok(Known::Gone)
        }
        Err(error) => Err(TaskError::reading(&error)),
    }
}

/// Asks Jenkins, under the claim `claim`.
async fn start(
    scope: &TaskScope<'_>,
    jenkins: &Jenkins,
    order: &BuildOrder,
    look: &Look,
    claim: &str,
) -> Result<TaskOutcome, TaskError> {
    let pending = match jenkins.write.trigger(order, look).await {
        Ok(pending) => pending,
        // It may run: the claim stays, and the next run looks before it starts anything (P4).
        Err(error) if error.may_have_started() => return Err(TaskError::reading(&error)),
        Err(error) => {
            scope.forget_job();
            return Err(TaskError::acting(&error));
        }
    };
    keep(scope, claim, &pending).await;
    let pending = match jenkins.read.follow(order, &pending).await {
        Ok(followed) => followed,
        Err(error @ JenkinsError::Cancelled { .. }) => {
            scope.forget_job();
            return Err(TaskError::acting(&error));
        }
        Err(error) => {
            scope.warn(format!("the tests were not followed: {}", error_chain(&error)));
            pending
        }
    };
    tell(scope, &pending);
    let job = reference(scope, pending.number, pending.queue_id, &pending.url);
    Ok(TaskOutcome::InProgress { job: Some(job) })
}

/// Stores what Jenkins answered before anything else is done.
async fn keep(scope: &TaskScope<'_>, claim: &str, pending: &Pending) {
    let (context, release) = (scope.context(), scope.release());
    let job = reference(scope, pending.number, pending.queue_id, &pending.url);
    let who = context.who(TASK.name());
    if let Err(error) = context.boxes.confirm_job(release, TASK, claim, &job, &who).await {
        scope.warn(format!("the job is not stored yet: {}", error_chain(&error)));
    }
}

fn tell(scope: &TaskScope<'_>, pending: &Pending) {
    let verb = if pending.adopted { "found" } else { "triggered" };
    scope.say(format!("{verb} {JOB}: {}", pending.url));
    if let Some(number) = pending.number {
        scope.say(format!("Build number: {number}"));
        scope.notify(building(&pending.url, number));
        return;
    }
    let why = pending.why.as_deref().unwrap_or("no reason given");
    scope.say(format!("it waits in the queue: {why}"));
    let text =
        format!("Stage-Pipeline waits ({}): {}", escape(why), link(&pending.url, "queue item"));
    scope.notify(Notice { kind: "stage-testing", to: Audience::ReleaseLeads, text });
}

fn building(url: &str, number: u64) -> Notice {
    let text = format!("Stage-Pipeline: {}", link(url, &format!("build {number}")));
    Notice { kind: "stage-testing", to: Audience::ReleaseLeads, text }
}
