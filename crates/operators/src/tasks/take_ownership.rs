//! `take-ownership`: the release lead becomes owner of advisories and subtasks (spec 02 §7.1).
//!
//! The steps are independent: advisories, subtasks and the comment on the shipment merge request are
//! done at the same time, and one that fails leaves the others done. Only the advisories decide.

use oar_errata::{Abnormal, AdvisoryId, OwnersReport, WorkingSet, change_owners};
use oar_gitlab_shipment::{GitLabError, MrState, NoteOutcome, put_lead_note};
use oar_jira::{SubtaskReport, take_subtasks};
use oar_release::{ErrorClass, Flow, MergeRequest, Task, TaskOutcome};
use oar_slack::text::{escape, link};
use oar_statebox::NewIssue;
use serde_json::json;

use super::support::{advisory_map, listed, release_data};
use crate::context::Context;
use crate::notify::{Audience, Notice};
use crate::report::{CommandReport, error_chain};
use crate::runner::{self, Stage, TaskError, TaskScope};
use crate::services::Jira;

/// The command, and the source of the issues that it reports.
const COMMAND: &str = "take-ownership";

/// Makes `email` the owner of everything of `release`. The address is one: the face checks it.
pub async fn run(
    context: &Context,
    release: &oar_release::ReleaseVersion,
    email: &str,
) -> CommandReport {
    let work = |scope| async move { take(&scope, email).await };
    runner::run(context, release, Task::TakeOwnership, work).await
}

/// What the steps did, for the messages.
struct Done {
    owners: OwnersReport,
    subtasks: SubtaskReport,
}

async fn take(scope: &TaskScope<'_>, email: &str) -> Result<TaskOutcome, TaskError> {
    let services = &scope.context().services;
    let data = release_data(scope).await?;
    let errata = services.errata.as_ref().map_err(TaskError::reading)?;
    let ticket = data.jira_ticket.as_deref();
    // What is missing is named before anything is changed.
    let jira = match ticket {
        Some(_) => Some(services.jira.as_ref().map_err(TaskError::reading)?),
        None => None,
    };
    let merge_request = data.flow.merge_request();
    if merge_request.is_some() {
        services.gitlab.as_ref().map_err(TaskError::reading)?;
    }
    scope.begin();
    let owners = async {
        let set = WorkingSet::load(&*errata.read, &advisory_map(&data)).await;
        let unread: Vec<AdvisoryId> = set.unreadable.iter().map(|(_, id, _)| *id).collect();
        let report = change_owners(&*errata.read, &*errata.write, set, email).await;
        (report, unread)
    };
    let (owners, subtasks, ()) = tokio::join!(
        owners,
        subtasks(scope, jira, ticket, email),
        name_the_lead(scope, merge_request, email),
    );
    let (owners, unread) = owners;
    let owners = owners.map_err(|error| TaskError::reading(&error))?;
    tell(scope, &owners, &subtasks);
    keep_issue(scope, &owners, &unread).await;
    let verdict = judge(&owners, &unread, &data.flow);
    announce(scope, email, merge_request, &Done { owners, subtasks });
    verdict
}

/// Takes the QE subtasks over; whatever goes wrong is a warning.
async fn subtasks(
    scope: &TaskScope<'_>,
    jira: Option<&Jira>,
    ticket: Option<&str>,
    email: &str,
) -> SubtaskReport {
    let Some(Jira { ports, summaries }) = jira else {
        scope.warn("the release has no Jira ticket: its subtasks are skipped");
        return SubtaskReport::default();
    };
    match take_subtasks(&*ports.read, &*ports.write, ticket, email, summaries).await {
        Ok(report) => report,
        Err(error) => {
            scope.warn(format!("the subtasks were not taken over: {}", error_chain(&error)));
            SubtaskReport::default()
        }
    }
}

/// Names the lead on the merge request; whatever goes wrong is a warning.
async fn name_the_lead(scope: &TaskScope<'_>, mr: Option<&MergeRequest>, email: &str) {
    let (Some(mr), Ok(gitlab)) = (mr, &scope.context().services.gitlab) else { return };
    let put = put_lead_note(&*gitlab.read, &*gitlab.write, mr, scope.release(), email).await;
    match put {
        Ok(NoteOutcome::Kept { .. }) => scope.say(format!("{mr} names the release lead already")),
        Ok(NoteOutcome::Updated { .. } | NoteOutcome::Posted { .. }) => {
            scope.say(format!("named the release lead on {mr}"));
        }
        Err(GitLabError::MrNotOpen { state: MrState::Merged, .. }) => {
            scope.warn(format!("{mr} is merged already: the release lead is not named on it"));
        }
        Err(error) => {
            let why = error_chain(&error);
            scope.warn(format!("the release lead is not named on {mr}: {why}"));
        }
    }
}

fn tell(scope: &TaskScope<'_>, owners: &OwnersReport, subtasks: &SubtaskReport) {
    if !owners.changed.is_empty() {
        scope.say(format!("took over advisories {}", listed(&owners.changed)));
    }
    if !owners.already.is_empty() {
        scope.say(format!("advisories with this owner already: {}", listed(&owners.already)));
    }
    for abnormal in &owners.abnormal {
        scope.warn(in_words(abnormal));
    }
    if !subtasks.done.is_empty() {
        scope.say(format!("took over subtasks {}", keys(subtasks).join(", ")));
    }
    for (key, error) in &subtasks.failed {
        scope.warn(format!("subtask {key}: {}", error_chain(error)));
    }
    for warning in &subtasks.warnings {
        scope.warn(warning.clone());
    }
    scope.fact(
        "advisories",
        json!({ "changed": owners.changed, "already": owners.already, "abnormal": owners.abnormal,
                "failed": owners.failed.iter().map(|(id, _)| id).collect::<Vec<_>>() }),
    );
    scope.fact("subtasks", keys(subtasks));
}

fn in_words(Abnormal { impetus, id, why }: &Abnormal) -> String {
    match id {
        Some(id) => format!("advisory {id} ({impetus}) is {why}"),
        None => format!("the advisory for {impetus} is {why}"),
    }
}

/// The subtasks that are as they should be, sorted.
fn keys(subtasks: &SubtaskReport) -> Vec<String> {
    let mut keys: Vec<String> = subtasks.done.iter().map(ToString::to_string).collect();
    keys.sort();
    keys
}

/// Reports the abnormal advisories as a blocker of the push, or resolves the report of an earlier
/// run. As long as an advisory cannot be read nothing is resolved.
async fn keep_issue(scope: &TaskScope<'_>, owners: &OwnersReport, unread: &[AdvisoryId]) {
    let (context, release) = (scope.context(), scope.release());
    let who = context.who(COMMAND);
    let kept = if owners.abnormal.is_empty() {
        if !unread.is_empty() {
            return;
        }
        let resolution = "all advisories are in QE or beyond";
        context.boxes.resolve_by_source(release, COMMAND, resolution, &who).await.map(|_| ())
    } else {
        let lines: Vec<String> = owners.abnormal.iter().map(in_words).collect();
        let task = Task::PushToCdnStaging.name();
        let issue = NewIssue::blocker(lines.join("\n"), &[task]).found_by(COMMAND);
        context.boxes.add_issue(release, &issue, &who).await.map(|_| ())
    };
    if let Err(error) = kept {
        scope.warn(format!("the issue about advisories is not kept: {}", error_chain(&error)));
    }
}

/// The outcome: that of the advisories.
fn judge(
    owners: &OwnersReport,
    unread: &[AdvisoryId],
    flow: &Flow,
) -> Result<TaskOutcome, TaskError> {
    let Some(failure) = owners.failure() else {
        let nothing =
            owners.changed.is_empty() && owners.already.is_empty() && owners.abnormal.is_empty();
        if nothing && !flow.is_konflux() {
            let error = "the release has no advisories to take over".to_owned();
            return Ok(TaskOutcome::Fail { error });
        }
        return Ok(TaskOutcome::Pass);
    };
    // Where only reading failed, or nobody knows whether a change happened, nothing is decided.
    let is_verdict = |(id, error): &&(AdvisoryId, oar_errata::AdvisoryError)| {
        !unread.contains(id) && !error.outcome_is_unknown()
    };
    let failed = owners.failed.iter().find(is_verdict);
    let stage = if failed.is_some() { Stage::Acting } else { Stage::Reading };
    let class = failed
        .or(owners.failed.first())
        .map_or(ErrorClass::Undetermined, |(_, error)| error.class());
    Err(TaskError::said(class, stage, failure))
}

/// The messages: who leads the release, and to ART what is not as it should be.
fn announce(scope: &TaskScope<'_>, email: &str, mr: Option<&MergeRequest>, done: &Done) {
    let links = &scope.context().links;
    let advisory = |id: &AdvisoryId| link(&links.advisory(id.0), &id.to_string());
    let Done { owners, subtasks } = done;
    let mut text = vec![format!("{} owns the release now.", escape(email))];
    if let Some(mr) = mr {
        text.push(format!("Shipment: {}", link(&mr.to_string(), "merge request")));
    }
    let mut owned: Vec<AdvisoryId> = [&*owners.changed, &*owners.already].concat();
    owned.sort_unstable();
    if !owned.is_empty() {
        let all: Vec<String> = owned.iter().map(advisory).collect();
        text.push(format!("Advisories: {}", all.join(", ")));
    }
    let keys = keys(subtasks);
    if !keys.is_empty() {
        let all: Vec<String> = keys.iter().map(|key| link(&links.jira_issue(key), key)).collect();
        text.push(format!("Subtasks: {}", all.join(", ")));
    }
    let strange: Vec<String> = owners
        .abnormal
        .iter()
        .map(|abnormal| match &abnormal.id {
            Some(id) => format!("{} {}", advisory(id), escape(&abnormal.why)),
            None => format!("{} {}", escape(abnormal.impetus.as_str()), escape(&abnormal.why)),
        })
        .collect();
    if !strange.is_empty() {
        text.push(format!("Not in QE: {}", strange.join("; ")));
    }
    let to = Audience::ReleaseLeads;
    scope.notify(Notice { kind: "ownership", to, text: text.join("\n") });
    if !strange.is_empty() {
        let text = format!(
            "these advisories of {} should be in QE: {}",
            scope.release(),
            strange.join("; ")
        );
        scope.notify(Notice { kind: "abnormal-advisories", to: Audience::Art, text });
    }
}
