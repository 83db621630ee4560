//! The QE subtasks of a release's ticket (spec 02 §4.6).

use futures_util::future::join_all;

use crate::error::JiraError;
use crate::key::IssueKey;
use crate::people::choose_account;
use crate::port::{JiraRead, JiraWrite};
use crate::types::{Account, Issue};
use crate::workflow::step_to;

const IN_PROGRESS: &str = "In Progress";
const CLOSED: &str = "Closed";
/// Beginnings of the summaries of subtasks that are in work as soon as somebody owns them.
const BEGUN_AT_ONCE: [&str; 2] = ["[Wed-Fri]", "[Mon-Wed]"];

/// The exact summaries of QE subtasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summaries(pub Vec<String>);

impl Default for Summaries {
    fn default() -> Self {
        Self(
            [
                "[Fri/Mon] QE moves advisories to REL_PREP",
                "[Wed-Fri] QE does release verification",
                "[Mon-Wed] QE notifies ON_QA bugzilla owners and analyze ci failures",
            ]
            .map(str::to_owned)
            .into(),
        )
    }
}

impl Summaries {
    fn include(&self, issue: &Issue) -> bool {
        self.0.iter().any(|summary| summary == issue.title())
    }
}

/// What was done with the subtasks. One that fails does not stop the others.
#[derive(Debug, Default)]
pub struct SubtaskReport {
    /// The QE subtasks that are as they should be now.
    pub done: Vec<IssueKey>,
    /// Those that are not, each with what failed first.
    pub failed: Vec<(IssueKey, JiraError)>,
    /// What was skipped, and why.
    pub warnings: Vec<String>,
}

/// Makes the person with `email` the assignee of the QE subtasks of `ticket`, and begins those that
/// are due. A ticket that does not exist yet is a warning (spec 02 §4.1).
pub async fn take_subtasks(
    read: &dyn JiraRead,
    write: &dyn JiraWrite,
    ticket: Option<&str>,
    email: &str,
    summaries: &Summaries,
) -> Result<SubtaskReport, JiraError> {
    let (subtasks, mut report) = qe_subtasks(read, ticket, summaries).await?;
    if subtasks.is_empty() {
        return Ok(report);
    }
    let found = read.find_users(email).await?;
    let owner = match choose_account(email, &found) {
        Ok(owner) => Some(owner),
        Err(problem) => {
            report.warnings.push(format!("the subtasks keep their assignees: {problem}"));
            None
        }
    };
    let take = |issue: &'_ Issue| {
        let issue = issue.clone();
        async move {
            let taken = take_one(read, write, &issue, owner).await;
            (issue.key, taken)
        }
    };
    report.collect(join_all(subtasks.iter().map(take)).await);
    Ok(report)
}

/// Closes the QE subtasks of `ticket`.
pub async fn close_subtasks(
    read: &dyn JiraRead,
    write: &dyn JiraWrite,
    ticket: Option<&str>,
    summaries: &Summaries,
) -> Result<SubtaskReport, JiraError> {
    let (subtasks, mut report) = qe_subtasks(read, ticket, summaries).await?;
    let close = |issue: &'_ Issue| {
        let issue = issue.clone();
        async move {
            let closed = move_to(read, write, &issue, CLOSED).await;
            (issue.key, closed)
        }
    };
    report.collect(join_all(subtasks.iter().map(close)).await);
    Ok(report)
}

impl SubtaskReport {
    fn collect(&mut self, results: Vec<(IssueKey, Result<(), JiraError>)>) {
        for (key, result) in results {
            match result {
                Ok(()) => self.done.push(key),
                Err(error) => self.failed.push((key, error)),
            }
        }
    }
}

/// The QE subtasks of a ticket, and what there is to say about those that could not be read.
async fn qe_subtasks(
    read: &dyn JiraRead,
    ticket: Option<&str>,
    summaries: &Summaries,
) -> Result<(Vec<Issue>, SubtaskReport), JiraError> {
    let mut report = SubtaskReport::default();
    let skipped = |problem: String| format!("the subtasks are skipped: {problem}");
    let ticket = ticket.map(str::trim).filter(|ticket| !ticket.is_empty());
    let key = match ticket.map(str::parse::<IssueKey>) {
        None => Err("the release has no ticket".to_owned()),
        Some(Err(error)) => Err(error.to_string()),
        Some(Ok(key)) if key.is_placeholder() => Err(format!("{key} stands for a ticket to come")),
        Some(Ok(key)) => Ok(key),
    };
    let key = match key {
        Ok(key) => key,
        Err(problem) => {
            report.warnings.push(skipped(problem));
            return Ok((Vec::new(), report));
        }
    };
    let parent = match read.issue(&key).await {
        Ok(parent) => parent,
        Err(error @ JiraError::NotVisible { .. }) => {
            report.warnings.push(skipped(error.to_string()));
            return Ok((Vec::new(), report));
        }
        Err(error) => return Err(error),
    };
    let subtasks = read.issues(&parent.subtasks).await?;
    for hidden in &subtasks.not_visible {
        report.warnings.push(format!("subtask {hidden} of {key} is not visible"));
    }
    let ours: Vec<Issue> =
        subtasks.found.into_iter().filter(|issue| summaries.include(issue)).collect();
    if ours.is_empty() {
        report.warnings.push(format!("{key} has no QE subtasks"));
    }
    Ok((ours, report))
}

async fn take_one(
    read: &dyn JiraRead,
    write: &dyn JiraWrite,
    issue: &Issue,
    owner: Option<&Account>,
) -> Result<(), JiraError> {
    if let Some(owner) = owner {
        let now = issue.assignee.as_ref().map(|account| account.account_id.as_str());
        if now != Some(owner.account_id.as_str()) {
            write.assign(&issue.key, &owner.account_id).await?;
        }
    }
    // A subtask that is done stays done.
    let is_due = BEGUN_AT_ONCE.iter().any(|start| issue.title().starts_with(start));
    if is_due && !issue.status.eq_ignore_ascii_case(CLOSED) {
        move_to(read, write, issue, IN_PROGRESS).await?;
    }
    Ok(())
}

/// Moves an issue unless it is there already.
async fn move_to(
    read: &dyn JiraRead,
    write: &dyn JiraWrite,
    issue: &Issue,
    target: &str,
) -> Result<(), JiraError> {
    if issue.status.eq_ignore_ascii_case(target) {
        return Ok(());
    }
    let transitions = read.transitions(&issue.key).await?;
    let step = step_to(&issue.key, &transitions, target)?;
    write.transition(&issue.key, &step).await
}
