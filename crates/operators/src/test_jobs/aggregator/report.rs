//! What a pass did.

use oar_prow_jobs::verdict::Counts;
use oar_release::Arch;
use serde::Serialize;

use crate::dry_run::Change;
use crate::test_jobs::Problem;
use crate::test_jobs::start::Started;

/// What a pass did.
#[derive(Debug, Clone, Serialize)]
pub struct AggregatorReport {
    /// `oar.aggregator/1`.
    pub schema: &'static str,
    /// The architecture.
    pub arch: Arch,
    /// Result files of the architecture.
    pub files: usize,
    /// Those that were decided before.
    pub decided_before: usize,
    /// The others.
    pub builds: Vec<BuildReport>,
    /// Builds that were recycled and whose files were removed.
    pub recycled: Vec<String>,
    /// Whether anything was committed.
    pub committed: bool,
    /// What the deadline, or a registry that cannot be read, left for a later pass.
    pub left_undone: Vec<String>,
    /// What is missing and does not matter for a verdict.
    pub warnings: Vec<String>,
    /// What went wrong.
    pub problems: Vec<Problem>,
    /// What a dry run would have changed.
    pub planned_changes: Vec<Change>,
}

impl AggregatorReport {
    /// Whether everything was done.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty() && self.left_undone.is_empty()
    }
}

/// One build that was not decided before the pass.
#[derive(Debug, Clone, Serialize)]
pub struct BuildReport {
    /// The build.
    pub build: String,
    /// The numbers.
    pub counts: Counts,
    /// The verdict, as soon as there is one.
    pub accepted: Option<bool>,
    /// Whether a person promoted it.
    pub promoted: bool,
    /// Whether the file is closed now.
    pub closed: bool,
    /// Runs that were started or found.
    pub started: Vec<Started>,
    /// Why the verdict is what it is, where that is not plain.
    pub remarks: Vec<String>,
}
