//! `stage-testing`: the stage tests of a release on Jenkins (spec 05 §6.6, 01 §7.4).
//!
//! The tests are started, at most once, and a rerun finds the job and records how it ended: see
//! `jenkins_job`.

use async_trait::async_trait;
use oar_config::ReleaseData;
use oar_jenkins::{Build, BuildOrder, BuildPhase, JenkinsJob};
use oar_release::{ErrorClass, JobRef, ReleaseVersion, Task, TaskOutcome, TaskStatus};

use oar_statebox::Replaces;

use super::jenkins_job::{Ending, JenkinsTask, Kind, Known, ports};
use super::support::{RECHECK, begun, release_data, unchanged, waits_for};
use crate::context::Context;
use crate::report::CommandReport;
use crate::runner::{self, Stage, TaskError, TaskScope};

const KIND: Kind = Kind {
    task: Task::StageTesting,
    job: JenkinsJob::StagePipeline,
    work: "the tests",
    name: "Stage-Pipeline",
    notice: "stage-testing",
};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Start the tests, or find out what became of those that were started.
    Start,
    /// Look at this build.
    Build(u64),
    /// Look at the build that the StateBox names, and start none.
    Recorded,
}

/// Starts the stage tests, or looks at those that are named.
pub async fn run(context: &Context, release: &ReleaseVersion, request: Request) -> CommandReport {
    let work = |scope| async move {
        let tests = JenkinsTask { scope: &scope, kind: KIND, ending: &Tests };
        match request {
            Request::Start => trigger(&tests).await,
            Request::Build(number) => tests.status(number).await,
            Request::Recorded => conclude_recorded(&tests).await,
        }
    };
    runner::run(context, release, KIND.task, work).await
}

/// What the end of the tests means (spec 05 §6.5).
struct Tests;

#[async_trait]
impl Ending for Tests {
    async fn outcome(
        &self,
        build: &Build,
        phase: BuildPhase,
        word: &str,
        _job: JobRef,
    ) -> Result<TaskOutcome, TaskError> {
        let mut error = format!("{} ended with {word}", build.url);
        match phase {
            BuildPhase::Passed => return Ok(TaskOutcome::Pass),
            BuildPhase::Interrupted => {
                error =
                    format!("{error}: it was not finished, which says nothing about the product");
            }
            _ => {}
        }
        Ok(TaskOutcome::Fail { error })
    }
}

/// The outcome of the recorded build. Somebody may have concluded it since it was last looked at, and a
/// start is another round's.
async fn conclude_recorded(tests: &JenkinsTask<'_, '_>) -> Result<TaskOutcome, TaskError> {
    let state = begun(tests.scope).await?;
    if state.task_status(KIND.task) != Some(TaskStatus::InProgress) {
        return Ok(unchanged("no stage tests are under way"));
    }
    if let Some(job) = state.task(KIND.task).and_then(|record| record.job.as_ref()) {
        tests.scope.judges(job);
    }
    let data = release_data(tests.scope).await?;
    match tests.known_job(&order(tests.scope, &data)?, &state).await? {
        Known::Settled(outcome) => Ok(outcome),
        Known::Nothing => Ok(unchanged("another run is starting the stage tests")),
        Known::Gone | Known::Elsewhere => Ok(TaskOutcome::Reset),
    }
}

fn order(scope: &TaskScope<'_>, data: &ReleaseData) -> Result<BuildOrder, TaskError> {
    BuildOrder::stage_testing(scope.release(), &data.flow, data.advisory("metadata"))
        .map_err(|error| TaskError::new(ErrorClass::PreconditionFailed, Stage::Reading, &error))
}

/// Starts the tests unless they run, ran, or have to wait.
async fn trigger(tests: &JenkinsTask<'_, '_>) -> Result<TaskOutcome, TaskError> {
    let scope = tests.scope;
    let state = begun(scope).await?;
    if state.task_status(KIND.task) == Some(TaskStatus::Pass) {
        return Ok(unchanged("the stage tests passed before"));
    }
    let jenkins = ports(scope)?;
    let data = release_data(scope).await?;
    let order = order(scope, &data)?;
    let replaces = match tests.known_job(&order, &state).await? {
        Known::Settled(outcome) => return Ok(outcome),
        Known::Nothing => Replaces::Nothing,
        Known::Gone | Known::Elsewhere => Replaces::recorded(&state, KIND.task),
    };
    let (waits, look) = tokio::join!(waits_for(scope, &data.flow), jenkins.read.look(&order));
    if let Some(reason) = waits? {
        scope.say(reason.clone());
        return Ok(TaskOutcome::Waiting { reason, recheck: Some(RECHECK) });
    }
    let look = look.map_err(|error| TaskError::reading(&error))?;
    tests.claim(&order, &state, &look, replaces).await
}
