//! What the planner answers; the JSON names are those of spec 01 §12.7.

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::node::Node;
use crate::time::stamp;
use crate::version::ReleaseVersion;

/// What to do for a release now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The release.
    pub release: ReleaseVersion,
    /// Where the release stands as a whole.
    pub phase: Phase,
    /// `errata`, `konflux`, `konflux-pending` or `unknown`.
    pub flow: &'static str,
    /// Phase of the release controller, `not found` or `unknown`.
    pub promotion: String,
    /// Whole days to the release date, negative when overdue; `null` when it is not known.
    pub days_to_release: Option<i32>,
    /// Every node, in the order of [`Node::ALL`].
    pub tasks: Vec<TaskPlan>,
    /// What a person should see although it stops nothing.
    pub warnings: Vec<String>,
}

impl Plan {
    /// The row of `node`.
    pub fn row(&self, node: Node) -> &TaskPlan {
        self.tasks.iter().find(|row| row.task == node).expect("a plan has a row for every node")
    }
}

/// Verdict on one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskPlan {
    /// The node.
    pub task: Node,
    /// What to do with it.
    pub verdict: Verdict,
    /// Why, for people.
    pub reason: String,
    /// The command that does it, where the verdict offers one.
    pub command: Option<String>,
    /// Not before this time, UTC.
    #[serde(serialize_with = "optional_stamp")]
    pub not_before: Option<Timestamp>,
    /// Seconds after which another look makes sense.
    pub recheck_after_s: Option<u64>,
    /// Texts of the open blockers that hold it up, sorted.
    pub blockers: Vec<String>,
    /// Since when it stands like this, UTC, as far as the StateBox tells.
    #[serde(serialize_with = "optional_stamp")]
    pub since: Option<Timestamp>,
    /// True when it waits only because something could not be read.
    pub unknown: bool,
}

#[expect(clippy::ref_option, reason = "the shape that serde calls")]
pub(super) fn optional_stamp<S: Serializer>(
    at: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.serialize_some(&stamp(*at)),
        None => serializer.serialize_none(),
    }
}

/// What to do with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing more to do.
    Done,
    /// Start it.
    Run,
    /// Its job runs: look at it.
    Poll,
    /// Something must happen first that nobody here can hurry.
    Waiting,
    /// An open blocker holds it up.
    Blocked,
    /// Something before it failed.
    Stopped,
    /// It failed and may be tried again.
    Retry,
    /// A person must decide.
    NeedsDecision,
    /// This release does not have it.
    NotApplicable,
}

impl Verdict {
    /// The word in text and JSON output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Run => "run",
            Self::Poll => "poll",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Stopped => "stopped",
            Self::Retry => "retry",
            Self::NeedsDecision => "needs-decision",
            Self::NotApplicable => "not-applicable",
        }
    }

    /// True when the plan offers to do something now.
    pub const fn is_offer(self) -> bool {
        matches!(self, Self::Run | Self::Poll | Self::Retry)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where a release stands (spec 01 §12.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// A fact that decides it could not be read.
    Unknown,
    /// 1: `take-ownership` has not passed.
    Initialisation,
    /// 2: the build is not promoted.
    WaitingForPromotion,
    /// 3: `analyze-promoted-build` has not passed.
    AsyncTasksAndTestEvaluation,
    /// 4: one of the three tasks with external jobs has not passed.
    WaitingForAsyncTasks,
    /// 5: the signature check and the approval are left.
    FinalApproval,
    /// 6: out.
    Shipped,
}

impl Phase {
    /// Number of the phase, 1 to 6; `None` when it is not known.
    pub const fn number(self) -> Option<u8> {
        match self {
            Self::Unknown => None,
            Self::Initialisation => Some(1),
            Self::WaitingForPromotion => Some(2),
            Self::AsyncTasksAndTestEvaluation => Some(3),
            Self::WaitingForAsyncTasks => Some(4),
            Self::FinalApproval => Some(5),
            Self::Shipped => Some(6),
        }
    }
}
