//! The notificator: bugs that wait too long for verification are brought to the people who can do
//! something about it (spec 02 §8).
//!
//! One run reads everything first, decides with the pure rules of [`stage`], and reads an issue again
//! right before it writes to it. Each issue stands alone. A notification is a comment and then the
//! question to the people it mentions; an intent in the journal joins the two, so that a run that
//! was ended between them is completed by the next one, without a second comment.

mod act;
mod people;
mod query;
pub mod stage;
mod verified;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use jiff::civil::Date;
use oar_github::PullRequestRead;
use oar_jira::{Comment, Issue, IssueKey, JiraError, JiraRead, JiraWrite, Search, StatusChange};
use oar_ldap::DirectoryRead;
use oar_release::weekday::WorkCalendar;
use oar_release::{Clock, ErrorClass};
use oar_transport::journal::IntentJournal;
use serde::Serialize;
use serde_json::Value;

use crate::dry_run::{Change, Recorder};
use crate::report::error_chain;
use crate::services::{Ports, Reach};
use act::Work;
use stage::{Kind, Notified};

pub use query::jql;

/// The label of bugs that nobody verified although everybody was told (spec 02 §1).
pub const PENDING_LABEL: &str = "ert:pending-onqa-over-96hrs";
/// Issues that are worked on at the same time.
const AT_ONCE: usize = 8;
const ON_QA: &str = "ON_QA";

/// What the notificator works with.
pub struct Notificator {
    /// Jira.
    pub jira: Ports<dyn JiraRead, dyn JiraWrite>,
    /// Who is whose manager.
    pub directory: Reach<Arc<dyn DirectoryRead>>,
    /// Pull requests; without them no bug counts as verified before its merge.
    pub pulls: Reach<Arc<dyn PullRequestRead>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What was begun and not finished.
    pub journal: Arc<dyn IntentJournal>,
    /// Notes what a dry run would change.
    pub recorder: Option<Recorder>,
    /// What is searched, and which hours count.
    pub scope: Scope,
}

/// What is searched, and which hours count.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Target versions (`4.20.z`).
    pub versions: Vec<String>,
    /// Only bugs that became `ON_QA` after this date.
    pub from_date: Option<Date>,
    /// Issues per search request, 1 to 100.
    pub page_size: u16,
    /// Which hours count.
    pub calendar: WorkCalendar,
    /// Organisations whose pull requests count.
    pub organisations: Vec<String>,
    /// Accounts under which notifications were posted before: theirs count too (spec 02 §8.7).
    pub former_accounts: Vec<String>,
}

/// What a run did.
#[derive(Debug, Serialize)]
pub struct NotificatorReport {
    /// Name and version of this object.
    pub schema: &'static str,
    /// The search.
    pub jql: String,
    /// How many bugs it found.
    pub issues: usize,
    /// Who was told about what.
    pub sent: Vec<Sent>,
    /// Bugs whose mark was added or removed.
    pub marks: Vec<Mark>,
    /// Bugs for which nothing was due, or for which there was nobody.
    pub skipped: Vec<Skipped>,
    /// Bugs that could not be dealt with; the others were.
    pub failed: Vec<Failed>,
    /// Trouble that concerns no single bug.
    pub warnings: Vec<String>,
    /// What a dry run would have changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planned_changes: Vec<Change>,
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// The bug.
    pub key: String,
    /// What was asked for.
    pub kind: Kind,
    /// Names of the people who are mentioned.
    pub to: Vec<String>,
}

/// A mark that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// The bug.
    pub key: String,
    /// Whether it was added; else it was removed.
    pub added: bool,
}

/// A bug for which nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The bug.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// A bug that could not be dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The bug.
    pub key: String,
    /// The error's class.
    pub code: &'static str,
    /// Why.
    pub error: String,
}

/// What was read about a bug before anything is decided.
struct Bug {
    issue: Issue,
    on_qa: Timestamp,
    notified: Vec<Notified>,
}

impl Notificator {
    /// One run over all bugs that the search finds.
    ///
    /// # Errors
    /// When the search itself, or what belongs to all bugs, cannot be read. What fails for a single
    /// bug is in the report.
    pub async fn run(&self) -> Result<NotificatorReport, JiraError> {
        let jira = &*self.jira.read;
        let (versions, mut warnings) = query::known_versions(jira, &self.scope.versions).await?;
        if let Err(why) = &self.pulls {
            warnings.push(format!("no bug counts as verified before its merge: {why}"));
        }
        let jql = jql(&versions, self.scope.from_date);
        tracing::info!("searching {jql}");
        let issues = if versions.is_empty() {
            Vec::new()
        } else {
            jira.search(&Search { jql: jql.clone(), page_size: self.scope.page_size }).await?
        };
        let mut report = NotificatorReport {
            schema: "oar.notificator/1",
            jql,
            issues: issues.len(),
            sent: Vec::new(),
            marks: Vec::new(),
            skipped: Vec::new(),
            failed: Vec::new(),
            warnings,
            planned_changes: Vec::new(),
        };
        for warning in &report.warnings {
            tracing::warn!("{warning}");
        }
        let bugs = self.read(issues, &mut report).await?;
        let work = Work::new(self);
        let outcomes = stream::iter(&bugs).map(|bug| work.on(bug)).buffered(AT_ONCE);
        let outcomes: Vec<act::Outcome> = outcomes.collect().await;
        for outcome in outcomes {
            report.add(outcome);
        }
        report.planned_changes = self.recorder.as_ref().map(Recorder::changes).unwrap_or_default();
        tracing::info!(
            "{} bugs: {} notifications, {} marks, {} skipped, {} failed",
            report.issues,
            report.sent.len(),
            report.marks.len(),
            report.skipped.len(),
            report.failed.len()
        );
        Ok(report)
    }

    /// Histories and comments of `issues`.
    async fn read(
        &self,
        issues: Vec<Issue>,
        report: &mut NotificatorReport,
    ) -> Result<Vec<Bug>, JiraError> {
        let jira = &*self.jira.read;
        let accounts = self.accounts().await?;
        let ids: Vec<String> = issues.iter().map(|issue| issue.id.clone()).collect();
        let histories = jira.status_history(&ids).await?;
        let comments: Vec<Result<Vec<Comment>, JiraError>> = stream::iter(&issues)
            .map(|issue| jira.comments(&issue.key))
            .buffered(AT_ONCE)
            .collect()
            .await;
        let mut read = Vec::new();
        for (issue, comments) in issues.into_iter().zip(comments) {
            match comments {
                Ok(comments) => read.push((issue, ours(comments, &accounts))),
                Err(error) => report.fail(&issue.key, error.class(), &error),
            }
        }
        let hidden = self.hidden(read.iter().flat_map(|(_, comments)| comments)).await?;
        let bug = |(issue, comments): (Issue, Vec<Comment>)| {
            let history = histories.get(&issue.id).map_or(&[][..], Vec::as_slice);
            let Some(on_qa) = on_qa_since(&issue, history) else {
                tracing::error!("{}: since when it is ON_QA cannot be told", issue.key);
                let reason = "since when it is ON_QA cannot be told".to_owned();
                report.skipped.push(Skipped { key: issue.key.to_string(), reason });
                return None;
            };
            let notified = notified_since(on_qa, &comments, &hidden);
            Some(Bug { issue, on_qa, notified })
        };
        Ok(read.into_iter().filter_map(bug).collect())
    }

    /// The ids of the accounts whose notifications count: our own, and those of before.
    async fn accounts(&self) -> Result<Vec<String>, JiraError> {
        let mut accounts = self.scope.former_accounts.clone();
        accounts.push(self.jira.read.myself().await?.account_id);
        Ok(accounts)
    }

    /// The hidden values of `comments`.
    async fn hidden(&self, comments: impl Iterator<Item = &Comment>) -> Result<Hidden, JiraError> {
        let ids: Vec<String> = comments.map(|comment| comment.id.clone()).collect();
        if ids.is_empty() {
            return Ok(Hidden::new());
        }
        self.jira.read.comment_properties(&ids).await
    }
}

/// The hidden values of comments, by comment.
type Hidden = BTreeMap<String, BTreeMap<String, Value>>;

/// The comments that one of our accounts wrote and that look like notifications: anybody can write
/// the words.
fn ours(comments: Vec<Comment>, accounts: &[String]) -> Vec<Comment> {
    let is_ours = |comment: &Comment| {
        words::is_notification(comment)
            && comment.author.as_ref().is_some_and(|author| accounts.contains(&author.account_id))
    };
    comments.into_iter().filter(is_ours).collect()
}

/// When the bug last became `ON_QA`; when its history does not say, when it was made.
fn on_qa_since(issue: &Issue, history: &[StatusChange]) -> Option<Timestamp> {
    let moved = history.iter().filter(|change| change.to.as_deref() == Some(ON_QA));
    let newest = moved.map(|change| change.at).max();
    if newest.is_none() {
        tracing::info!("{}: no change to ON_QA is visible, its creation counts", issue.key);
    }
    newest.or(issue.created)
}

/// The notifications since `on_qa`; one of the same moment counts.
fn notified_since(on_qa: Timestamp, comments: &[Comment], hidden: &Hidden) -> Vec<Notified> {
    let kind = |comment: &Comment| {
        let value = hidden.get(&comment.id).and_then(|values| values.get(words::PROPERTY));
        words::kind_of(comment, value)
    };
    let recent = comments.iter().filter(|comment| comment.created >= on_qa);
    let notified = recent.filter_map(|comment| {
        Some(Notified { kind: kind(comment)?, at: comment.created, comment: comment.id.clone() })
    });
    notified.collect()
}

impl NotificatorReport {
    /// Whether every bug was dealt with.
    pub const fn is_sound(&self) -> bool {
        self.failed.is_empty()
    }

    fn fail(&mut self, key: &IssueKey, class: ErrorClass, error: &dyn std::error::Error) {
        let error = error_chain(error);
        tracing::error!("{key}: {error}");
        self.failed.push(Failed { key: key.to_string(), code: class.code(), error });
    }

    fn add(&mut self, outcome: act::Outcome) {
        let key = outcome.key.to_string();
        self.marks.extend(outcome.marked.map(|added| Mark { key: key.clone(), added }));
        if let Some((kind, to)) = outcome.told {
            self.sent.push(Sent { key: key.clone(), kind, to });
        }
        if let Some(reason) = outcome.skipped {
            tracing::info!("{key}: {reason}");
            self.skipped.push(Skipped { key, reason });
        }
        if let Some(error) = outcome.failed {
            self.fail(&outcome.key, error.class(), &error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without the account of before a bot that gets another one tells everybody again.
    #[test]
    fn notifications_of_our_accounts_count_and_those_of_others_do_not() {
        let comment = |id: &str, author: &str| Comment {
            id: id.to_owned(),
            author: Some(oar_jira::Account {
                account_id: author.to_owned(),
                display_name: None,
                email_address: None,
                active: true,
                account_type: None,
            }),
            created: Timestamp::UNIX_EPOCH,
            text: "Errata Reliability Team Notification - QA Contact Action Request".to_owned(),
            links: Vec::new(),
        };
        let comments = vec![comment("1", "bot"), comment("2", "old-bot"), comment("3", "member")];
        let kept = |accounts: &[&str]| {
            let accounts: Vec<String> = accounts.iter().map(|id| (*id).to_owned()).collect();
            let ours = ours(comments.clone(), &accounts);
            ours.into_iter().map(|comment| comment.id).collect::<Vec<_>>()
        };
        assert_eq!(kept(&["bot"]), ["1"]);
        assert_eq!(kept(&["old-bot", "bot"]), ["1", "2"]);
    }
}
