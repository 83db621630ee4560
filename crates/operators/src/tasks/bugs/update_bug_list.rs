//! `update-bug-list`: how far the verification of the release's bugs is (spec 02 §7.2; Errata flow).
//!
//! The list is kept in the task's record. Bugs that were dropped are no longer attached and so no longer
//! listed. As long as one is not finished, or not visible, the task is in progress.

use std::fmt::Write as _;

use oar_config::ReleaseData;
use oar_errata::WorkingSet;
use oar_jira::classify::{triage, unfinished, unverified_trackers};
use oar_jira::{Contact, Issue, IssueKey, Issues};
use oar_release::{ReleaseVersion, Task, TaskOutcome};
use oar_slack::People;
use serde_json::json;

use super::{errata_flow, list, words};
use crate::context::Context;
use crate::error::OperatorError;
use crate::notify::{Audience, Notice};
use crate::report::{CommandReport, error_chain};
use crate::runner::{self, TaskError, TaskScope};
use crate::tasks::support::advisory_map;

const COMMAND: &str = "update-bug-list";

/// Who is told of bugs, and of which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tell {
    /// The QA contacts of all bugs that wait for verification.
    #[default]
    Contacts,
    /// The QA contacts of bugs of high severity: may they be dropped?
    ConfirmDroppable,
    /// The managers of the contacts of unverified CVE trackers.
    Managers,
    /// Nobody.
    Nobody,
}

/// Lists the bugs of `release`. An error before the work begins: another flow, a release that is kept in
/// a Google Sheet, no build data.
pub async fn run(
    context: &Context,
    release: &ReleaseVersion,
    tell: Tell,
) -> Result<CommandReport, OperatorError> {
    let data = errata_flow(context, release, COMMAND).await?;
    let work = |scope| async move { update(&scope, &data, tell).await };
    Ok(runner::run(context, release, Task::UpdateBugList, work).await)
}

async fn update(
    scope: &TaskScope<'_>,
    data: &ReleaseData,
    tell: Tell,
) -> Result<TaskOutcome, TaskError> {
    let errata = scope.context().services.errata.as_ref().map_err(TaskError::reading)?;
    let set = WorkingSet::load(&*errata.read, &advisory_map(data)).await;
    if let Some((outcome, reason)) = set.when_empty(&data.flow) {
        scope.say(reason);
        return Ok(outcome);
    }
    let (keys, strange) = list::combined(list::of_advisories(&set), []);
    let issues = list::read(scope, &keys, &strange).await?;
    scope.begin();
    list::tell_left_out(scope, &set);
    show(scope, &issues);
    announce(scope, &issues.found, tell).await;
    Ok(judge(&set, &issues))
}

/// Finished is said only of what was seen.
fn judge(set: &WorkingSet, issues: &Issues) -> TaskOutcome {
    if !unfinished(issues).is_empty() || !set.not_created.is_empty() {
        return TaskOutcome::InProgress { job: None };
    }
    let unread: Vec<String> =
        set.unreadable.iter().map(|(_, id, _)| format!("the bugs of advisory {id}")).collect();
    if unread.is_empty() {
        return TaskOutcome::Pass;
    }
    TaskOutcome::Undetermined { error: format!("not known: {}", unread.join(", ")) }
}

fn show(scope: &TaskScope<'_>, issues: &Issues) {
    for issue in &issues.found {
        let mut line = format!("{}: {}", issue.key, issue.status);
        // Writing to a String cannot fail.
        let _infallible = match issue.contact() {
            Contact::Known { account, .. } | Contact::Hidden { account } => {
                write!(line, ", QA contact {}", account.name())
            }
            Contact::Inactive { account } => {
                write!(line, ", QA contact {} is no longer active", account.name())
            }
            Contact::Missing => write!(line, ", no QA contact"),
        };
        if issue.is_cve_tracker() {
            line.push_str(", a CVE tracker");
        }
        scope.say(line);
    }
    let open = issues.found.iter().filter(|issue| !issue.is_finished()).count();
    scope.say(format!("{open} of {} bugs are not finished", issues.found.len()));
    let all: Vec<_> = issues
        .found
        .iter()
        .map(|issue| {
            let severity: Vec<String> = issue.severity().iter().map(ToString::to_string).collect();
            json!({ "key": issue.key.as_str(), "status": issue.status,
                    "finished": issue.is_finished(), "severity": severity })
        })
        .collect();
    let hidden: Vec<&str> = issues.not_visible.iter().map(IssueKey::as_str).collect();
    scope.fact("bugs", json!({ "listed": all, "not_visible": hidden }));
}

async fn announce(scope: &TaskScope<'_>, issues: &[Issue], tell: Tell) {
    let links = &scope.context().links;
    let (kind, text) = match tell {
        Tell::Nobody => return,
        Tell::Contacts => {
            let waiting: Vec<&Issue> = issues.iter().filter(|issue| issue.is_on_qa()).collect();
            let people = look_up(scope, waiting.iter().map(|issue| words::contact(issue))).await;
            let heading = "please verify these bugs:";
            ("bugs-to-verify", words::to_verify(heading, waiting, &people, links))
        }
        Tell::ConfirmDroppable => {
            let severe: Vec<&Issue> =
                triage(issues).high_severity.into_iter().map(|(issue, _)| issue).collect();
            let waiting = severe.iter().filter(|issue| issue.is_on_qa());
            let people = look_up(scope, waiting.map(|issue| words::contact(issue))).await;
            let heading =
                "these bugs of high severity are not verified: may they be dropped, CVEs excepted?";
            ("high-severity-bugs", words::to_verify(heading, severe, &people, links))
        }
        Tell::Managers => {
            let mut trackers = Vec::new();
            for issue in unverified_trackers(issues) {
                trackers.push((issue, manager(scope, issue).await));
            }
            let managers = trackers.iter().filter_map(|(_, manager)| manager.as_deref());
            let people = look_up(scope, managers).await;
            ("unverified-cves", words::to_managers(&trackers, &people, links))
        }
    };
    match text {
        Some(text) => scope.notify(Notice { kind, to: Audience::Forum, text }),
        None => scope.say("nobody is to be told of anything"),
    }
}

/// Who the addresses belong to in Slack; without a messenger nobody is asked.
async fn look_up<'a>(scope: &TaskScope<'_>, addresses: impl Iterator<Item = &'a str>) -> People {
    let Ok(messenger) = &scope.context().messenger else { return People::default() };
    let people = People::look_up(&*messenger.read, addresses).await;
    for warning in &people.warnings {
        scope.warn(warning.clone());
    }
    people
}

/// The address of the manager of the issue's contact; whatever keeps it from being known is a warning.
async fn manager(scope: &TaskScope<'_>, issue: &Issue) -> Option<String> {
    let Contact::Known { email, .. } = issue.contact() else {
        scope.warn(format!("{}: no manager is known without the QA contact's address", issue.key));
        return None;
    };
    let directory = match &scope.context().services.directory {
        Ok(directory) => directory,
        Err(error) => {
            scope.warn(format!("{}: no manager is known: {error}", issue.key));
            return None;
        }
    };
    match directory.manager_email(email).await {
        Ok(Some(manager)) => Some(manager),
        Ok(None) => {
            scope.warn(format!("{}: the directory names no manager of its contact", issue.key));
            None
        }
        Err(error) => {
            let why = error_chain(&error);
            scope.warn(format!("{}: the manager could not be looked up: {why}", issue.key));
            None
        }
    }
}
