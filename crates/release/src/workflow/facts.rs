//! What the planner is told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::flow::Flow;
use crate::outcome::JobRef;
use crate::task::{Task, TaskStatus};
use crate::time::ReleaseDate;
use crate::version::ReleaseVersion;

/// Something outside the program, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fact<T> {
    /// It was read.
    Known(T),
    /// It was asked for and could not be read.
    Unknown {
        /// Why, masked, in words that fit after "unknown: ".
        why: String,
    },
    /// Nobody asked.
    #[default]
    NotLookedUp,
}

impl<T> Fact<T> {
    /// The value, if it is known.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown { .. } | Self::NotLookedUp => None,
        }
    }

    /// The value, or the reason of a `waiting` verdict; `what` names the fact.
    pub(super) fn require(&self, what: &str) -> Result<&T, String> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown { why } => Err(format!("unknown: {what}: {why}")),
            Self::NotLookedUp => Err(format!("unknown: {what} was not looked up")),
        }
    }
}

impl<T, E: std::fmt::Display> From<Result<T, E>> for Fact<T> {
    fn from(read: Result<T, E>) -> Self {
        match read {
            Ok(value) => Self::Known(value),
            Err(error) => Self::Unknown { why: error.to_string() },
        }
    }
}

/// Everything a decision depends on (spec 01 §12.3). Start from [`Facts::new`] and fill in.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The release to plan for.
    pub release: ReleaseVersion,
    /// Now.
    pub now: Timestamp,
    /// The release's StateBox.
    pub state: Fact<State>,
    /// How the release is shipped.
    pub flow: Fact<Flow>,
    /// E-mail of the release lead, from the argument or the configuration; `None` when neither
    /// names one.
    pub owner: Fact<Option<String>>,
    /// The announced date.
    pub release_date: Fact<ReleaseDate>,
    /// The candidate `x86_64` nightly; `None` when the release has none.
    pub candidate: Fact<Option<String>>,
    /// The release controller's answer about the release.
    pub promotion: Fact<Promotion>,
    /// Stage release of the shipment merge request (Konflux).
    pub stage_release: Fact<StageGate>,
    /// Test result of the candidate build.
    pub candidate_tests: Fact<TestResult>,
    /// Test result of the promoted build.
    pub promoted_tests: Fact<TestResult>,
    /// State of the external job that a task's reference names.
    pub jobs: BTreeMap<Task, Fact<JobState>>,
    /// Security alerts of the `rhcos` advisory (Konflux).
    pub alerts: Fact<Alerts>,
    /// Whether the approval job's record is on this host.
    pub approval_job_here: Fact<bool>,
    /// Whether every counted advisory is in `REL_PREP` or a later state.
    pub advisories_ready: Fact<bool>,
    /// Whether the release is shipped (spec 06 §4).
    pub shipped: Fact<bool>,
    /// Tasks a person wants started despite a blocker that names them.
    pub overridden: BTreeSet<Task>,
}

impl Facts {
    /// Facts of which only the release and the time are known.
    pub fn new(release: ReleaseVersion, now: Timestamp) -> Self {
        Self {
            release,
            now,
            state: Fact::NotLookedUp,
            flow: Fact::NotLookedUp,
            owner: Fact::NotLookedUp,
            release_date: Fact::NotLookedUp,
            candidate: Fact::NotLookedUp,
            promotion: Fact::NotLookedUp,
            stage_release: Fact::NotLookedUp,
            candidate_tests: Fact::NotLookedUp,
            promoted_tests: Fact::NotLookedUp,
            jobs: BTreeMap::new(),
            alerts: Fact::NotLookedUp,
            approval_job_here: Fact::NotLookedUp,
            advisories_ready: Fact::NotLookedUp,
            shipped: Fact::NotLookedUp,
            overridden: BTreeSet::new(),
        }
    }

    /// The recorded status of `task`; not started where nothing is recorded.
    pub fn status(&self, task: Task) -> TaskStatus {
        let recorded = self.view().and_then(|view| view.tasks.get(&task));
        recorded.map_or(TaskStatus::NotStarted, |recorded| recorded.status)
    }

    /// The StateBox's content, if there is one and it could be read.
    pub(super) const fn view(&self) -> Option<&StateView> {
        match &self.state {
            Fact::Known(State::Present(view)) => Some(view),
            _ => None,
        }
    }
}

/// Whether the release has a StateBox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// No file yet.
    Missing,
    /// What it says.
    Present(StateView),
}

/// The parts of a StateBox that decisions depend on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StateView {
    /// Recorded tasks; an absent one counts as not started.
    pub tasks: BTreeMap<Task, TaskView>,
    /// Recorded issues, resolved ones too, in any order.
    pub issues: Vec<Issue>,
}

/// One recorded task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskView {
    /// Recorded status.
    pub status: TaskStatus,
    /// The `job` key, or what [`super::recover::job_reference`] found in the result text.
    pub job: Option<JobRef>,
    /// When it completed, else when it began, where that is recorded.
    pub changed_at: Option<Timestamp>,
}

impl TaskView {
    /// A task in `status` without a job reference.
    pub const fn new(status: TaskStatus) -> Self {
        Self { status, job: None, changed_at: None }
    }
}

/// One recorded issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What is wrong.
    pub text: String,
    /// Whether it stops work.
    pub blocker: bool,
    /// Whether it is settled.
    pub resolved: bool,
    /// Names of the tasks concerned; none means the whole release. Unknown names are kept.
    pub related_tasks: Vec<String>,
    /// When it was reported, where that is recorded.
    pub reported_at: Option<Timestamp>,
    /// The check that found it; none for a person's.
    pub source: Option<String>,
}

impl Issue {
    /// True for a blocker of the whole release that is not settled.
    pub(super) const fn is_open_general_blocker(&self) -> bool {
        self.is_open_blocker() && self.related_tasks.is_empty()
    }

    /// True for a blocker that is not settled.
    pub(super) const fn is_open_blocker(&self) -> bool {
        self.blocker && !self.resolved
    }

    /// True when the issue names `task`.
    pub(super) fn names(&self, task: &str) -> bool {
        self.related_tasks.iter().any(|name| name == task)
    }
}

/// The release controller's word on a release (spec 01 §12.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Promotion {
    /// Phase `Accepted`: promoted.
    Accepted,
    /// Another phase, as the release controller spells it.
    Other(String),
    /// The release controller does not know the release.
    Absent,
}

impl Promotion {
    /// The phase as text.
    pub fn word(&self) -> &str {
        match self {
            Self::Accepted => "Accepted",
            Self::Other(phase) => phase,
            Self::Absent => "not found",
        }
    }
}

/// Stage release of the shipment merge request (spec 03 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageGate {
    /// Done.
    Success,
    /// Created, pending, running or waiting.
    Running,
    /// A job failed or was canceled.
    Failed,
    /// All its jobs wait for a person.
    NotStarted,
    /// The pipeline has no such stage, or there is no pipeline.
    NotPresent,
}

/// Result file of one build (spec 01 §12.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestResult {
    /// The file does not exist yet.
    Missing,
    /// Jobs run; not aggregated yet.
    Running,
    /// Accepted by the rules, or promoted by hand.
    Accepted {
        /// True when a person promoted it.
        manual: bool,
    },
    /// Rejected by the rules: a person decides.
    Rejected,
}

/// State of an external job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState {
    /// The word of the system that runs it; unknown words are shown as they are (R22).
    pub word: String,
    /// Whether the job has come to an end.
    pub ended: bool,
}

/// Security alerts of the `rhcos` advisory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alerts {
    /// The release has no `rhcos` advisory (yet).
    NoAdvisory,
    /// They were read.
    Read {
        /// How many there are.
        total: usize,
        /// How many say that they block; never stops the release by itself.
        blocking: usize,
    },
}
