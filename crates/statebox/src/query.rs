//! Questions to a state (spec 01 §7.8).

use oar_release::{Task, TaskStatus};

use crate::model::{Issue, StateBox, TaskRecord};

/// Which issues are wanted; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssueFilter {
    /// Open ones only.
    pub unresolved: bool,
    /// Blockers only.
    pub blockers: bool,
    /// Only those that name this task.
    pub task: Option<String>,
}

impl StateBox {
    /// A task's record; `None` when it was never started.
    pub fn task(&self, task: Task) -> Option<&TaskRecord> {
        self.tasks.iter().find(|record| record.name == task.name())
    }

    /// A task's status; `None` when it was never started.
    pub fn task_status(&self, task: Task) -> Option<TaskStatus> {
        self.task(task).map(|record| record.status)
    }

    /// The first open blocker that names `task`, which may also be a name beside the 13.
    pub fn task_blocker(&self, task: &str) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.is_open_blocker() && issue.concerns(task))
    }

    /// Open blockers of the whole release.
    pub fn general_blockers(&self) -> impl Iterator<Item = &Issue> {
        self.issues.iter().filter(|issue| issue.is_open_blocker() && issue.related_tasks.is_empty())
    }

    /// The issues that pass `filter`, oldest first.
    pub fn issues(&self, filter: &IssueFilter) -> impl Iterator<Item = &Issue> {
        self.issues.iter().filter(move |issue| {
            !(filter.unresolved && issue.resolved)
                && (issue.blocker || !filter.blockers)
                && filter.task.as_ref().is_none_or(|task| issue.concerns(task))
        })
    }

    /// The whole state as JSON, with the file's keys in the file's order.
    pub fn to_json(&self) -> serde_json::Value {
        crate::json::to_json(&self.to_value())
    }
}
