//! Claims: before an external job is started, the state says who is about to start it, so that no
//! job is ever started twice (spec 01 §7.4, promise P2).

use jiff::{SignedDuration, Timestamp};
use oar_release::time::{parse_stamp, stamp};
use oar_release::{JobRef, JobSystem, Task, TaskStatus};

use crate::error::StateBoxError;
use crate::model::StateBox;

/// How long a claim without a job keeps others from starting one.
pub const CLAIM_VALID_FOR: SignedDuration = SignedDuration::from_mins(15);

/// A wish to start a task's external job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Which task.
    pub task: Task,
    /// Where the job will run.
    pub system: JobSystem,
    /// Which recorded job the new one takes the place of.
    pub replaces: Replaces,
}

/// What a new job may take the place of. Somebody else may have replaced an ended job a moment ago, so
/// it is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Replaces {
    /// No job that is recorded as running.
    #[default]
    Nothing,
    /// This one, which ended or is gone.
    Job(JobRef),
    /// Whatever is recorded (`--force`).
    Anything,
}

impl Replaces {
    /// The job that `state` records for `task`.
    pub fn recorded(state: &StateBox, task: Task) -> Self {
        let job = state.task(task).and_then(|record| record.job.clone());
        job.map_or(Self::Nothing, Self::Job)
    }

    fn covers(&self, job: &JobRef) -> bool {
        match self {
            Self::Nothing => false,
            Self::Anything => true,
            Self::Job(ended) => {
                let name = |job: &JobRef| (job.system, job.id.clone(), job.queue_id.clone());
                name(ended) == name(job)
            }
        }
    }
}

/// The answer to a [`ClaimRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The start is ours: the task is recorded as `In Progress` with our claim.
    Granted {
        /// The claim's id; the job's reference is stored against it.
        id: String,
        /// An older claim that never got a job: its job may exist and must be searched for before
        /// a new one is started.
        unfinished: Option<JobRef>,
    },
    /// Someone is starting the job right now: start nothing.
    InFlight(JobRef),
    /// The job runs already: look at it instead of starting one.
    Running(JobRef),
}

impl StateBox {
    /// Claims the start of a task's job as of `now`, under the fresh random `id`.
    pub fn claim_job(&mut self, request: &ClaimRequest, id: &str, now: Timestamp) -> Claim {
        let record = self.record(request.task);
        let mut unfinished = None;
        if let Some(job) = &record.job {
            if job.id.is_none() && job.claim.is_some() {
                if is_fresh(job, now) {
                    return Claim::InFlight(job.clone());
                }
                unfinished = Some(job.clone());
            } else if record.status == TaskStatus::InProgress && !request.replaces.covers(job) {
                return Claim::Running(job.clone());
            }
        }
        if record.status != TaskStatus::InProgress || record.started_at.is_none() {
            record.started_at = Some(stamp(now));
        }
        record.status = TaskStatus::InProgress;
        record.completed_at = None;
        record.job = Some(JobRef {
            system: request.system,
            id: None,
            queue_id: None,
            url: None,
            triggered_at: stamp(now),
            claim: Some(id.to_owned()),
        });
        Claim::Granted { id: id.to_owned(), unfinished }
    }

    /// Stores the reference of the job that was started under the claim `id`, and drops the claim.
    /// `lines` become the task's result until it is recorded: old readers find the job there, and
    /// nowhere else (spec 03 §11.5).
    pub fn confirm_job(
        &mut self,
        task: Task,
        id: &str,
        job: &JobRef,
        lines: &str,
    ) -> Result<(), StateBoxError> {
        let record = self.record(task);
        let stored = record.job.as_ref();
        let confirmed = JobRef { claim: None, ..job.clone() };
        if stored == Some(&confirmed) {
            // The same confirmation came through before.
            return Ok(());
        }
        if stored.and_then(|stored| stored.claim.as_deref()) != Some(id) {
            return Err(StateBoxError::ClaimLost { task: task.name().to_owned() });
        }
        record.job = Some(confirmed);
        record.result = Some(lines.to_owned());
        Ok(())
    }
}

/// A claim whose time cannot be read counts as fresh: starting twice is worse than waiting.
fn is_fresh(job: &JobRef, now: Timestamp) -> bool {
    parse_stamp(&job.triggered_at)
        .is_none_or(|claimed| now.duration_since(claimed) < CLAIM_VALID_FOR)
}
