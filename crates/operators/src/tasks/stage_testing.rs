//! `stage-testing`: the stage tests of a release on Jenkins (spec 05 §6.6, 01 §7.4).
//!
//! Without a build number the tests are started, at most once, and a rerun finds the job and records how
//! it ended: see `jenkins_job`. With a build number that build is looked at.

use async_trait::async_trait;
use oar_jenkins::{Build, BuildOrder, BuildPhase, JenkinsJob};
use oar_release::{ErrorClass, JobRef, ReleaseVersion, Task, TaskOutcome, TaskStatus};

use super::jenkins_job::{Ending, JenkinsTask, Kind, Known, ports};
use super::support::{RECHECK, begun, release_data, unchanged, waits_for};
use crate::context::Context;
use crate::report::CommandReport;
use crate::runner::{self, Stage, TaskError};

const KIND: Kind = Kind {
    task: Task::StageTesting,
    job: JenkinsJob::StagePipeline,
    work: "the tests",
    name: "Stage-Pipeline",
    notice: "stage-testing",
};

/// Starts the stage tests, or looks at build `number`.
pub async fn run(
    context: &Context,
    release: &ReleaseVersion,
    number: Option<u64>,
) -> CommandReport {
    let work = |scope| async move {
        let tests = JenkinsTask { scope: &scope, kind: KIND, ending: &Tests };
        match number {
            Some(number) => tests.status(number).await,
            None => trigger(&tests).await,
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

/// Starts the tests unless they run, ran, or have to wait.
async fn trigger(tests: &JenkinsTask<'_, '_>) -> Result<TaskOutcome, TaskError> {
    let scope = tests.scope;
    let release = scope.release();
    let state = begun(scope).await?;
    if state.task_status(KIND.task) == Some(TaskStatus::Pass) {
        return Ok(unchanged("the stage tests passed before"));
    }
    let jenkins = ports(scope)?;
    let data = release_data(scope).await?;
    let order = BuildOrder::stage_testing(release, &data.flow, data.advisory("metadata"))
        .map_err(|error| TaskError::new(ErrorClass::PreconditionFailed, Stage::Reading, &error))?;
    let restart = match tests.known_job(&order, &state).await? {
        Known::Settled(outcome) => return Ok(outcome),
        Known::Nothing => false,
        Known::Gone | Known::Elsewhere => true,
    };
    let (waits, look) = tokio::join!(waits_for(scope, &data.flow), jenkins.read.look(&order));
    if let Some(reason) = waits? {
        scope.say(reason.clone());
        return Ok(TaskOutcome::Waiting { reason, recheck: Some(RECHECK) });
    }
    let look = look.map_err(|error| TaskError::reading(&error))?;
    tests.claim(&order, &state, &look, restart).await
}
