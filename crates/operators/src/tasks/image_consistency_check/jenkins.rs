//! The check on Jenkins: the way back from Prow (spec 03 §11.6).

use async_trait::async_trait;
use oar_jenkins::{Build, BuildOrder, BuildPhase, JenkinsJob, Shipment};
use oar_release::{ErrorClass, JobRef, Task, TaskOutcome};
use oar_statebox::Replaces;

use super::{Backend, Subject, status};
use crate::runner::{Stage, TaskError, TaskScope};
use crate::tasks::jenkins_job::{Ending, JenkinsTask, Kind, Known, ports};

const KIND: Kind = Kind {
    task: Task::ImageConsistencyCheck,
    job: JenkinsJob::ImageConsistency,
    work: "the image consistency checks",
    name: "image-consistency-check",
    notice: "image-consistency",
};

/// What the end of the job means: after a success the images are graded.
struct Images<'s, 'a> {
    scope: &'s TaskScope<'a>,
    subject: &'s Subject,
}

#[async_trait]
impl Ending for Images<'_, '_> {
    async fn outcome(
        &self,
        build: &Build,
        phase: BuildPhase,
        word: &str,
        job: JobRef,
    ) -> Result<TaskOutcome, TaskError> {
        match phase {
            BuildPhase::Passed => status::health(self.scope, self.subject, job).await,
            BuildPhase::Interrupted => {
                let next = "the next run of this command starts another";
                self.scope.warn(format!("{} ended with {word}: {next}", build.url));
                Ok(TaskOutcome::Reset)
            }
            _ => Ok(TaskOutcome::Fail { error: format!("{} ended with {word}", build.url) }),
        }
    }
}

fn order(scope: &TaskScope<'_>, subject: &Subject) -> BuildOrder {
    let shipment = Shipment::MergeRequest(&subject.mr);
    BuildOrder::image_consistency(scope.release(), &subject.payload, &shipment)
}

/// What build `number` says.
pub(super) async fn of_build(
    scope: &TaskScope<'_>,
    subject: &Subject,
    number: u64,
) -> Result<TaskOutcome, TaskError> {
    let ending = Images { scope, subject };
    JenkinsTask { scope, kind: KIND, ending: &ending }.status(number).await
}

/// What became of the Jenkins job that the StateBox names, whichever backend is asked for now.
pub(super) async fn known(
    scope: &TaskScope<'_>,
    subject: &Subject,
    job: &JobRef,
    backend: Backend,
) -> Result<Known, TaskError> {
    let ending = Images { scope, subject };
    let task = JenkinsTask { scope, kind: KIND, ending: &ending };
    let order = order(scope, subject);
    let only_a_claim = job.id.is_none() && job.queue_id.is_none();
    if only_a_claim && backend != Backend::Jenkins {
        // The build of that claim may run; only Jenkins knows, and Prow would start a second check.
        let look = ports(scope)?.read.look(&order).await;
        let look = look.map_err(|error| TaskError::reading(&error))?;
        if let Some(pending) = look.pending() {
            let what = format!("Jenkins has one that may be ours: {}", pending.url);
            let error = TaskError::said(ErrorClass::Undetermined, Stage::Reading, what);
            return Err(error.hint("`--backend jenkins` records it"));
        }
    }
    task.known_job(&order, &subject.state).await
}

/// Claims the start on Jenkins and starts. What is pending there about this payload is adopted, also
/// when another is forced: Jenkins never checks one payload twice at the same time.
pub(super) async fn claim(
    scope: &TaskScope<'_>,
    subject: &Subject,
    replaces: Replaces,
) -> Result<TaskOutcome, TaskError> {
    let order = order(scope, subject);
    let look = ports(scope)?.read.look(&order).await;
    let look = look.map_err(|error| TaskError::reading(&error))?;
    let ending = Images { scope, subject };
    let task = JenkinsTask { scope, kind: KIND, ending: &ending };
    task.claim(&order, &subject.state, &look, replaces).await
}
