//! Names and statuses of release tasks (spec 01 §1.1, §1.2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::version::serde_as_text;

/// A task that a StateBox may record. The text form is the StateBox key and the CLI command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// `create-test-report`: make the release's StateBox.
    CreateTestReport,
    /// `take-ownership`: make the release lead owner of advisories and Jira subtasks.
    TakeOwnership,
    /// `update-bug-list` (Errata flow): notify contacts of bugs to verify.
    UpdateBugList,
    /// `image-consistency-check`: compare payload and shipment, check image health.
    ImageConsistencyCheck,
    /// `analyze-candidate-build`: verdict on the candidate nightly's test results.
    AnalyzeCandidateBuild,
    /// `analyze-promoted-build`: verdict on the promoted build's test results; the gate.
    AnalyzePromotedBuild,
    /// `check-greenwave-cvp-tests` (Errata flow).
    CheckGreenwaveCvpTests,
    /// `check-cve-tracker-bug`: find CVE trackers that no advisory covers.
    CheckCveTrackerBug,
    /// `push-to-cdn-staging`: push advisories to the staging CDN.
    PushToCdnStaging,
    /// `stage-testing`: run the stage pipeline.
    StageTesting,
    /// `image-signed-check`: verify the release image's signature.
    ImageSignedCheck,
    /// `drop-bugs`: drop unverified bugs from the advisories.
    DropBugs,
    /// `change-advisory-status`: final approval.
    ChangeAdvisoryStatus,
}

impl Task {
    /// The 13 supported tasks in the order of spec 01 §1.1.
    pub const ALL: [Self; 13] = [
        Self::CreateTestReport,
        Self::TakeOwnership,
        Self::UpdateBugList,
        Self::ImageConsistencyCheck,
        Self::AnalyzeCandidateBuild,
        Self::AnalyzePromotedBuild,
        Self::CheckGreenwaveCvpTests,
        Self::CheckCveTrackerBug,
        Self::PushToCdnStaging,
        Self::StageTesting,
        Self::ImageSignedCheck,
        Self::DropBugs,
        Self::ChangeAdvisoryStatus,
    ];

    /// The 9 workflow tasks in canonical order.
    pub const WORKFLOW: [Self; 9] = [
        Self::TakeOwnership,
        Self::ImageConsistencyCheck,
        Self::AnalyzeCandidateBuild,
        Self::AnalyzePromotedBuild,
        Self::CheckCveTrackerBug,
        Self::PushToCdnStaging,
        Self::StageTesting,
        Self::ImageSignedCheck,
        Self::ChangeAdvisoryStatus,
    ];

    /// StateBox key and CLI command.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateTestReport => "create-test-report",
            Self::TakeOwnership => "take-ownership",
            Self::UpdateBugList => "update-bug-list",
            Self::ImageConsistencyCheck => "image-consistency-check",
            Self::AnalyzeCandidateBuild => "analyze-candidate-build",
            Self::AnalyzePromotedBuild => "analyze-promoted-build",
            Self::CheckGreenwaveCvpTests => "check-greenwave-cvp-tests",
            Self::CheckCveTrackerBug => "check-cve-tracker-bug",
            Self::PushToCdnStaging => "push-to-cdn-staging",
            Self::StageTesting => "stage-testing",
            Self::ImageSignedCheck => "image-signed-check",
            Self::DropBugs => "drop-bugs",
            Self::ChangeAdvisoryStatus => "change-advisory-status",
        }
    }

    /// Name in the status marker line; tasks without a command use their own name.
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::CreateTestReport => "Create Test Report",
            Self::TakeOwnership => "Take Ownership",
            Self::UpdateBugList => "Update Bug List",
            Self::ImageConsistencyCheck => "Image Consistency Check",
            Self::CheckGreenwaveCvpTests => "Check Greenwave CVP Tests",
            Self::CheckCveTrackerBug => "Check CVE Tracker Bug",
            Self::PushToCdnStaging => "Push to CDN Staging",
            Self::StageTesting => "Stage Testing",
            Self::ImageSignedCheck => "Image Signed Check",
            Self::DropBugs => "Drop Bugs",
            Self::ChangeAdvisoryStatus => "Change Advisory Status",
            Self::AnalyzeCandidateBuild | Self::AnalyzePromotedBuild => self.name(),
        }
    }

    /// True for the 9 tasks whose outcome the runner records.
    pub fn is_workflow(self) -> bool {
        Self::WORKFLOW.contains(&self)
    }
}

/// A task name that an issue may refer to beside the 13: it is never a StateBox task (spec 01 §1.1).
pub const SECURITY_ALERTS: &str = "check-rhcos-security-alerts";

/// A text that names no supported task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown task {text:?}; valid tasks: {}", Task::ALL.map(Task::name).join(", "))]
pub struct UnknownTask {
    /// What was given.
    pub text: String,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Task {
    type Err = UnknownTask;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|task| task.name() == text)
            .ok_or_else(|| UnknownTask { text: text.to_owned() })
    }
}

/// Status of a task as the StateBox stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskStatus {
    /// `Not Started`.
    NotStarted,
    /// `In Progress`.
    InProgress,
    /// `Pass`.
    Pass,
    /// `Fail`.
    Fail,
}

impl TaskStatus {
    /// All four, in the order a task goes through them.
    pub const ALL: [Self; 4] = [Self::NotStarted, Self::InProgress, Self::Pass, Self::Fail];

    /// The stored text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "Not Started",
            Self::InProgress => "In Progress",
            Self::Pass => "Pass",
            Self::Fail => "Fail",
        }
    }
}

/// A text that is no task status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown task status {text:?}; valid statuses: {}", TaskStatus::ALL.map(TaskStatus::name).join(", "))]
pub struct UnknownStatus {
    /// What was given.
    pub text: String,
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TaskStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.name() == text)
            .ok_or_else(|| UnknownStatus { text: text.to_owned() })
    }
}

/// The status marker, the line other programs search for (spec 01 §10.3):
/// `task [Stage Testing] status is changed to [Pass]`.
pub fn status_marker(task: Task, status: TaskStatus) -> String {
    format!("task [{}] status is changed to [{status}]", task.display_name())
}

serde_as_text!(Task, TaskStatus);
