//! What a task run found out, as data (spec 00 §g): statuses are never read from log text (R1).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mask::Masker;
use crate::task::TaskStatus;

/// The system an external job runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobSystem {
    /// A ProwJob, started through Gangway.
    Prow,
    /// A Jenkins build.
    Jenkins,
    /// Our own durable approval job.
    Approval,
}

/// Reference to a job in another system, or the claim on starting one (spec 01 §7.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRef {
    /// Where the job runs.
    pub system: JobSystem,
    /// ProwJob UUID, Jenkins build number or approval job id; absent while unknown.
    pub id: Option<String>,
    /// Jenkins queue item.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub queue_id: Option<String>,
    /// Page of the job for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    /// When it was triggered, `YYYY-MM-DDTHH:MM:SSZ`.
    pub triggered_at: String,
    /// Random id of the process that is starting the job; present only while that is in flight.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub claim: Option<String>,
}

/// What a task run determined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskOutcome {
    /// The check passed, or the work is done.
    Pass,
    /// The check answered no, or the task's own action or tool failed.
    Fail {
        /// Why, masked.
        error: String,
    },
    /// An external or background job runs, or part of the work is accepted and more is needed.
    InProgress {
        /// The job, where there is one.
        job: Option<JobRef>,
    },
    /// The task is to start again: stored as `Not Started`.
    Reset,
    /// Nothing was started and nothing is wrong.
    Unchanged {
        /// Why there was nothing to do.
        reason: String,
    },
    /// Something else must happen first.
    Waiting {
        /// What for.
        reason: String,
        /// When another look makes sense.
        recheck: Option<Duration>,
    },
    /// Something could not be looked up, so there is no verdict.
    Undetermined {
        /// What could not be looked up and why.
        error: String,
    },
}

impl TaskOutcome {
    /// The status to store; `None` leaves the stored one alone (spec 00 §g).
    pub const fn stored_status(&self) -> Option<TaskStatus> {
        match self {
            Self::Pass => Some(TaskStatus::Pass),
            Self::Fail { .. } => Some(TaskStatus::Fail),
            Self::InProgress { .. } => Some(TaskStatus::InProgress),
            Self::Reset => Some(TaskStatus::NotStarted),
            Self::Unchanged { .. } | Self::Waiting { .. } | Self::Undetermined { .. } => None,
        }
    }

    /// Why it is no plain pass, in words; none for those that say all by themselves.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Fail { error } | Self::Undetermined { error } => Some(error),
            Self::Unchanged { reason } | Self::Waiting { reason, .. } => Some(reason),
            Self::Pass | Self::InProgress { .. } | Self::Reset => None,
        }
    }

    /// The same outcome with its words masked.
    #[must_use]
    pub fn masked(self, masker: &Masker) -> Self {
        let mask = |text: String| masker.mask(&text).into_owned();
        match self {
            Self::Fail { error } => Self::Fail { error: mask(error) },
            Self::Undetermined { error } => Self::Undetermined { error: mask(error) },
            Self::Unchanged { reason } => Self::Unchanged { reason: mask(reason) },
            Self::Waiting { reason, recheck } => Self::Waiting { reason: mask(reason), recheck },
            plain @ (Self::Pass | Self::InProgress { .. } | Self::Reset) => plain,
        }
    }

    /// The word in JSON output (spec 06 §6.2).
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail { .. } => "fail",
            Self::InProgress { .. } => "in_progress",
            Self::Reset => "reset",
            Self::Unchanged { .. } => "unchanged",
            Self::Waiting { .. } => "waiting",
            Self::Undetermined { .. } => "undetermined",
        }
    }
}
