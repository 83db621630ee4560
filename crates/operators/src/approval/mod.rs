//! Final approval, and the job that waits for it (spec 06 §3, 02 §7.7).
//!
//! The advisories of a release in the Konflux flow may be moved once the page of its advisory is public,
//! which takes a day and more. The command `change-advisory-status` looks once; when the page is not
//! there it leaves a job behind: a record on disk, a lock of the kernel, and a process that looks every
//! half hour. The process may die at any moment; whoever resumes the job goes on with the same deadline.
//!
//! | module | holds |
//! |---|---|
//! | `record` | the job's record, as it is on disk |
//! | `schedule` | what comes next, as pure rules over record and time |
//! | `folder` | records and locks on disk |
//! | `display` | the files that people of the former tool look for; logs |
//! | `check` | one look at the page |
//! | `apply` | kernels, merge request, advisories, subtasks |
//! | `job` | the loop of a process |
//! | `ending` | the end of a job: messages and StateBox |
//! | `text` | the bounded text for the StateBox |
//! | `tell` | messages |

mod apply;
mod check;
mod display;
mod ending;
mod error;
mod folder;
mod job;
mod launch;
mod record;
mod schedule;
mod tell;
mod text;

use std::time::Duration;

use oar_errata::StopShipRule;

pub use display::{former_checker, open_log};
pub use error::ApprovalError;
pub use folder::{ApprovalFolder, Held, Lock};
pub use job::{RunOptions, end_cancelled, run};
pub use launch::{LaunchJob, Launched, NoLauncher};
pub use record::{
    AdvisoryLine, Check, CheckOutcome, JobRecord, JobStatus, KnownPayload, NewJob, SCHEMA, Thread,
};
pub use schedule::{Alarm, Step};

pub(crate) use apply::{
    ExpectedShipment, Verdict, advisories, approver, judge_merge_request, kernels, merge_request,
    subtasks, working_set,
};
pub(crate) use check::look;
pub(crate) use tell::{send, silence};

use crate::services::{NotSetUp, Reach};

/// The name of the task's checks, as the source of issues they find.
pub(crate) const SOURCE: &str = "change-advisory-status";

/// What approvals need of this machine.
#[derive(Debug, Clone)]
pub struct ApprovalSetup {
    /// Where jobs are kept; why nowhere, when there is no state folder.
    pub folder: Reach<ApprovalFolder>,
    /// Between two looks (setting `approval.interval`).
    pub interval: Duration,
    /// How long a job waits (setting `approval.timeout`); see [`oar_release::approval::deadline`].
    pub timeout: Duration,
    /// The thread of whoever asks.
    pub slack: Option<Thread>,
    /// The kernels that must not ship; empty for the default.
    pub kernels: Vec<StopShipRule>,
    /// Starts the process of a job.
    pub launcher: std::sync::Arc<dyn LaunchJob>,
}

impl ApprovalSetup {
    /// Nothing is set up, for the reason `why`; tests fill in what they need.
    pub fn none(why: &str) -> Self {
        Self {
            folder: Err(NotSetUp::new(why)),
            interval: Duration::from_mins(30),
            timeout: Duration::from_hours(48),
            slack: None,
            kernels: Vec::new(),
            launcher: std::sync::Arc::new(NoLauncher(why.to_owned())),
        }
    }
}
