//! One release summed up (spec 06 §6.8, 01 §8.3): pure functions that tool, resource and dashboard
//! share. Issues come from the list of issues and from failed tasks, never from result texts.

use std::cmp::Reverse;
use std::fmt;

use jiff::Timestamp;
use oar_release::time::{countdown, parse_stamp};
use oar_release::{ReleaseVersion, Task, TaskStatus};

use crate::model::StateBox;

/// How much of an issue's text an overview shows, characters.
const ISSUE_WIDTH: usize = 80;

/// Where a release stands as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OverviewStatus {
    /// Its advisories are shipped.
    Shipped,
    /// The final approval is done.
    Complete,
    /// An open blocker, or a failed task.
    Blocked,
    /// Someone owns it.
    InProgress,
    /// Nobody owns it yet.
    NotStarted,
}

impl OverviewStatus {
    /// The word in texts and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shipped => "SHIPPED",
            Self::Complete => "COMPLETE",
            Self::Blocked => "BLOCKED",
            Self::InProgress => "IN PROGRESS",
            Self::NotStarted => "NOT STARTED",
        }
    }
}

impl fmt::Display for OverviewStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One release in a list of releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Which release.
    pub release: ReleaseVersion,
    /// Where it stands.
    pub status: OverviewStatus,
    /// True when open issues that block nothing exist.
    pub has_non_blocking: bool,
    /// What runs, or what ended last.
    pub phase: String,
    /// Workflow tasks that passed.
    pub passed: usize,
    /// Workflow tasks there are.
    pub total: usize,
    /// Whole days to the announced date, UTC; negative when overdue, absent when the date is.
    pub days_left: Option<i32>,
    /// Blockers, failed tasks and other open issues, in this order, each at most 80 characters.
    pub issues: Vec<String>,
}

impl Overview {
    /// Sums up `state` as of `now`; `shipped` is absent when it could not be looked up.
    pub fn of(state: &StateBox, shipped: Option<bool>, now: Timestamp) -> Self {
        let open = state.issues.iter().filter(|issue| !issue.resolved);
        let (blockers, others): (Vec<_>, Vec<_>) = open.partition(|issue| issue.blocker);
        let failed = state.tasks.iter().filter(|task| task.status == TaskStatus::Fail);
        let failed: Vec<_> = failed.map(|task| format!("[TASK FAILED] {}", task.name)).collect();
        let passed = |task: &Task| state.task_status(*task) == Some(TaskStatus::Pass);
        let status = if shipped == Some(true) {
            OverviewStatus::Shipped
        } else if passed(&Task::ChangeAdvisoryStatus) {
            OverviewStatus::Complete
        } else if !blockers.is_empty() || !failed.is_empty() {
            OverviewStatus::Blocked
        } else if passed(&Task::TakeOwnership) {
            OverviewStatus::InProgress
        } else {
            OverviewStatus::NotStarted
        };
        let blocking = blockers.iter().map(|issue| format!("[BLOCKER] {}", issue.text));
        let other = others.iter().map(|issue| format!("[NON-BLOCKING] {}", issue.text));
        Self {
            release: state.release.clone(),
            status,
            has_non_blocking: !others.is_empty(),
            phase: phase(state),
            passed: Task::WORKFLOW.iter().filter(|task| passed(task)).count(),
            total: Task::WORKFLOW.len(),
            days_left: state.metadata.release_date().map(|date| date.days_from(now)),
            issues: blocking.chain(failed).chain(other).map(|text| shorten(&text)).collect(),
        }
    }

    /// `in 3 days`, `TODAY`, `2 days OVERDUE`, and `2 days ago` for a release that is through: it is
    /// late for nothing. Nothing when the date is unknown.
    pub fn countdown(&self) -> Option<String> {
        let days = self.days_left?;
        let through = matches!(self.status, OverviewStatus::Complete | OverviewStatus::Shipped);
        let text = countdown(days);
        Some(if through { text.replace("OVERDUE", "ago") } else { text })
    }

    /// All issues in one line, `-` when there are none.
    pub fn issues_line(&self) -> String {
        if self.issues.is_empty() { "-".to_owned() } else { self.issues.join(", ") }
    }

    /// A coloured sign for people; it never stands without the word.
    pub const fn marker(&self) -> &'static str {
        match self.status {
            OverviewStatus::Shipped => "🚀",
            OverviewStatus::Complete => "✅",
            OverviewStatus::Blocked => "🔴",
            OverviewStatus::InProgress if self.has_non_blocking => "🟠",
            OverviewStatus::InProgress => "🟢",
            OverviewStatus::NotStarted => "⚪",
        }
    }

    /// Smaller is more urgent.
    fn urgency(&self) -> u8 {
        let overdue = self.days_left.is_some_and(|days| days < 0);
        match self.status {
            OverviewStatus::Blocked => 0,
            OverviewStatus::InProgress | OverviewStatus::NotStarted if overdue => 1,
            OverviewStatus::InProgress => 2,
            OverviewStatus::NotStarted => 3,
            OverviewStatus::Complete => 4,
            OverviewStatus::Shipped => 5,
        }
    }
}

/// Sorts by urgency: blocked, overdue, in progress, not started, complete, shipped; newest version
/// first within each.
pub fn sort(overviews: &mut [Overview]) {
    overviews.sort_by(|a, b| {
        (a.urgency(), Reverse(&a.release)).cmp(&(b.urgency(), Reverse(&b.release)))
    });
}

/// All running tasks, else the task that ended last, else nothing.
fn phase(state: &StateBox) -> String {
    let running = state.tasks.iter().filter(|task| task.status == TaskStatus::InProgress);
    let running: Vec<_> = running.map(|task| format!("{} (In Progress)", task.name)).collect();
    if !running.is_empty() {
        return running.join(", ");
    }
    let ended = state.tasks.iter().filter_map(|task| {
        let completed = parse_stamp(task.completed_at.as_ref()?)?;
        Some((completed, task))
    });
    ended.max_by_key(|(completed, _)| *completed).map_or_else(
        || "Not started".to_owned(),
        |(_, task)| format!("{} ({})", task.name, task.status),
    )
}

fn shorten(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if one_line.chars().count() <= ISSUE_WIDTH {
        return one_line;
    }
    let head: String = one_line.chars().take(ISSUE_WIDTH - 1).collect();
    format!("{}…", head.trim_end())
}

#[cfg(test)]
mod tests;
