//! The nodes of the release graph and what must be done before each (spec 01 §12.1, §12.2).

use std::fmt;

use serde::{Serialize, Serializer};

use crate::task::{SECURITY_ALERTS, Task};

/// A step of a release: a task, or something the planner only watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// A task that the StateBox records.
    Task(Task),
    /// `check-rhcos-security-alerts`: read and shown, never recorded as a task.
    SecurityAlerts,
    /// The release controller accepts the build.
    Promotion,
    /// The release is out.
    Shipped,
}

impl Node {
    /// Every node, in the order a plan lists them.
    pub const ALL: [Self; 16] = [
        Self::Task(Task::CreateTestReport),
        Self::Task(Task::TakeOwnership),
        Self::Task(Task::UpdateBugList),
        Self::Task(Task::CheckCveTrackerBug),
        Self::SecurityAlerts,
        Self::Task(Task::CheckGreenwaveCvpTests),
        Self::Task(Task::PushToCdnStaging),
        Self::Task(Task::AnalyzeCandidateBuild),
        Self::Promotion,
        Self::Task(Task::ImageConsistencyCheck),
        Self::Task(Task::StageTesting),
        Self::Task(Task::AnalyzePromotedBuild),
        Self::Task(Task::ImageSignedCheck),
        Self::Task(Task::DropBugs),
        Self::Task(Task::ChangeAdvisoryStatus),
        Self::Shipped,
    ];

    /// Name in a plan: the task's name, `check-rhcos-security-alerts`, `promotion`, `shipped`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Task(task) => task.name(),
            Self::SecurityAlerts => SECURITY_ALERTS,
            Self::Promotion => "promotion",
            Self::Shipped => "shipped",
        }
    }

    /// What must be done before this node may start.
    pub const fn predecessors(self) -> &'static [Self] {
        const TAKE_OWNERSHIP: Node = Node::Task(Task::TakeOwnership);
        const CVE_CHECK: Node = Node::Task(Task::CheckCveTrackerBug);
        const CDN_PUSH: Node = Node::Task(Task::PushToCdnStaging);
        const IMAGES: Node = Node::Task(Task::ImageConsistencyCheck);
        const STAGE: Node = Node::Task(Task::StageTesting);
        const GATE: Node = Node::Task(Task::AnalyzePromotedBuild);
        const SIGNATURE: Node = Node::Task(Task::ImageSignedCheck);
        const APPROVAL: Node = Node::Task(Task::ChangeAdvisoryStatus);
        match self {
            Self::Task(
                Task::CreateTestReport | Task::TakeOwnership | Task::AnalyzeCandidateBuild,
            ) => &[],
            Self::Task(Task::UpdateBugList | Task::CheckCveTrackerBug) => &[TAKE_OWNERSHIP],
            Self::SecurityAlerts
            | Self::Promotion
            | Self::Task(Task::CheckGreenwaveCvpTests | Task::PushToCdnStaging) => &[CVE_CHECK],
            Self::Task(
                Task::ImageConsistencyCheck | Task::StageTesting | Task::AnalyzePromotedBuild,
            ) => &[CVE_CHECK, Self::Promotion],
            Self::Task(Task::DropBugs) => &[GATE],
            Self::Task(Task::ImageSignedCheck) => &[GATE, CDN_PUSH, IMAGES, STAGE],
            Self::Task(Task::ChangeAdvisoryStatus) => {
                &[TAKE_OWNERSHIP, CVE_CHECK, CDN_PUSH, IMAGES, STAGE, GATE, SIGNATURE]
            }
            Self::Shipped => &[APPROVAL],
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
