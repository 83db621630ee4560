//! `check-cve-tracker-bug`: CVE trackers that neither advisories nor shipment carry (spec 02 §5.2,
//! §7.4; 03 §7).
//!
//! elliott says which trackers belong to the release, at the same time the advisories and the shipment
//! are read. What is attached nowhere becomes one blocker, rewritten when the findings change and
//! resolved when a later run finds nothing. While something could not be read there is no `Pass`.

use std::collections::BTreeSet;

use oar_errata::{
    Attached, CveVerdict, ErrataRead, Side, Tracker, TrackerReport, WorkingSet, find_missed,
    shipped_keys,
};
use oar_gitlab_shipment::load_shipment;
use oar_jira::IssueKey;
use oar_release::{ErrorClass, Flow, ReleaseVersion, Task, TaskOutcome};
use oar_slack::text::link;
use oar_statebox::NewIssue;

use super::support::{advisory_map, release_data};
use crate::context::Context;
use crate::notify::{Audience, Notice};
use crate::report::{CommandReport, error_chain};
use crate::runner::{self, Stage, TaskError, TaskScope};

/// The command, and the source of the issue that it reports.
const COMMAND: &str = "check-cve-tracker-bug";

/// Checks the trackers of `release`; with `notify` ART is told of those that were missed.
pub async fn run(context: &Context, release: &ReleaseVersion, notify: bool) -> CommandReport {
    let work = |scope| async move { check(&scope, notify).await };
    runner::run(context, release, Task::CheckCveTrackerBug, work).await
}

async fn check(scope: &TaskScope<'_>, notify: bool) -> Result<TaskOutcome, TaskError> {
    let (context, release) = (scope.context(), scope.release());
    let data = release_data(scope).await?;
    let errata = context.services.errata.as_ref().map_err(TaskError::reading)?;
    if data.flow.merge_request().is_some() {
        context.services.gitlab.as_ref().map_err(TaskError::reading)?;
    }
    let map = advisory_map(&data);
    let looking = context.progress.start("elliott looks for CVE trackers", None);
    let ((), found, advisories, shipment) = tokio::join!(
        version(scope),
        context.services.trackers.trackers(release, &data.flow),
        WorkingSet::load_with_microshift(&*errata.read, &map),
        shipment_keys(scope, &data.flow),
    );
    drop(looking);
    if let Some(error) = no_credential(&found) {
        return Err(error);
    }
    scope.begin();
    for (impetus, id, error) in &advisories.unreadable {
        scope.warn(format!("advisory {id} ({impetus}) cannot be read: {}", error.whole()));
    }
    for warning in &found.warnings {
        scope.warn(format!("elliott: {warning}"));
    }
    let attached = Attached { advisories: &advisories, shipment: shipment.as_deref() };
    let mut verdict = find_missed(&data.flow, &found.trackers, attached);
    leave_out_shipped(scope, &*errata.read, &mut verdict).await;
    tell(scope, &verdict);
    if !verdict.missed.is_empty() {
        report(scope, &verdict, notify).await;
    }
    conclude(scope, &verdict, &found).await
}

/// A stale elliott has cost a release before: its version is told, whatever it is.
async fn version(scope: &TaskScope<'_>) {
    match scope.context().services.trackers.version().await {
        Ok(version) => scope.say(format!("elliott calls itself {version}")),
        Err(error) => scope.warn(format!("elliott's version is unknown: {}", error_chain(&error))),
    }
}

/// The keys that the shipment fixes; `None` when there is none to read yet, or it cannot be read.
async fn shipment_keys(scope: &TaskScope<'_>, flow: &Flow) -> Option<Vec<String>> {
    let mr = match flow {
        Flow::Errata => return None,
        Flow::KonfluxPending => {
            scope.warn("the shipment merge request does not exist yet");
            return None;
        }
        Flow::Konflux { mr } => mr,
    };
    let gitlab = scope.context().services.gitlab.as_ref().ok()?;
    match load_shipment(&*gitlab.read, mr).await {
        Ok(shipment) => Some(shipment.jira_keys()),
        Err(error) => {
            scope.warn(format!("the shipment cannot be read: {}", error_chain(&error)));
            None
        }
    }
}

/// elliott was not started for want of a credential: nothing was begun (R36).
fn no_credential(found: &TrackerReport) -> Option<TaskError> {
    let missing = |error: &&oar_errata::ElliottError| error.class() == ErrorClass::NotConfigured;
    let error = found.failures.iter().find(missing)?;
    Some(TaskError::reading(error))
}

/// Takes out what an advisory of any release has shipped, or what is closed in Jira.
async fn leave_out_shipped(
    scope: &TaskScope<'_>,
    errata: &dyn ErrataRead,
    verdict: &mut CveVerdict,
) {
    let open: Vec<String> =
        verdict.missed.iter().chain(&verdict.undetermined).map(|one| one.key.clone()).collect();
    if open.is_empty() {
        return;
    }
    let (shipped, closed) = tokio::join!(
        shipped_keys(errata, open.iter().map(String::as_str)),
        closed_keys(scope, &open),
    );
    let (mut shipped, warnings) = shipped;
    for warning in warnings {
        scope.warn(warning);
    }
    shipped.extend(closed);
    verdict.without_shipped(&shipped);
}

/// The keys that are `Closed`; when that cannot be told, none are.
async fn closed_keys(scope: &TaskScope<'_>, keys: &[String]) -> BTreeSet<String> {
    let jira = match &scope.context().services.jira {
        Ok(jira) => jira,
        Err(error) => {
            scope.warn(format!("which trackers are closed is unknown: {error}"));
            return BTreeSet::new();
        }
    };
    let keys: Vec<IssueKey> = keys.iter().filter_map(|key| key.parse().ok()).collect();
    match jira.ports.read.issues(&keys).await {
        Ok(issues) => issues
            .found
            .into_iter()
            .filter(|issue| issue.status == "Closed")
            .map(|issue| issue.key.to_string())
            .collect(),
        Err(error) => {
            scope.warn(format!("which trackers are closed is unknown: {}", error_chain(&error)));
            BTreeSet::new()
        }
    }
}

fn tell(scope: &TaskScope<'_>, verdict: &CveVerdict) {
    for tracker in &verdict.missed {
        let kinds = tracker.kinds.join(", ");
        scope.say(format!("{} ({kinds}) is attached nowhere", tracker.key));
    }
    for one in &verdict.misplaced {
        scope.warn(format!("{} is attached to {} only", one.tracker.key, one.found));
    }
    for tracker in &verdict.undetermined {
        scope.warn(format!("whether {} is attached is unknown", tracker.key));
    }
    for key in &verdict.shipped {
        scope.say(format!("{key} is shipped already"));
    }
    scope.fact("trackers", verdict);
}

fn keys<'t>(trackers: impl Iterator<Item = &'t Tracker>) -> Vec<&'t str> {
    trackers.map(|tracker| tracker.key.as_str()).collect()
}

/// Keeps the blocker and tells ART.
async fn report(scope: &TaskScope<'_>, verdict: &CveVerdict, notify: bool) {
    let (context, release) = (scope.context(), scope.release());
    let of_advisories = keys(verdict.missed_on(Side::Advisories));
    let of_shipment = keys(verdict.missed_on(Side::Shipment));
    let count = verdict.missed.len();
    let mut text =
        format!("{count} CVE trackers are attached neither to an advisory nor to the shipment");
    for (side, keys) in [("advisories", &of_advisories), ("shipment", &of_shipment)] {
        if !keys.is_empty() {
            let (count, keys) = (keys.len(), keys.join("\n"));
            text = format!("{text}\nfor the {side} ({count}):\n{keys}");
        }
    }
    let issue = NewIssue::blocker(text, &[COMMAND]).found_by(COMMAND);
    if let Err(error) = context.boxes.add_issue(release, &issue, &context.who(COMMAND)).await {
        scope.warn(format!("the blocker is not recorded: {}", error_chain(&error)));
    }
    if notify {
        let links: Vec<String> = verdict
            .missed
            .iter()
            .map(|one| link(&context.links.jira_issue(&one.key), &one.key))
            .collect();
        let text = format!(
            "these CVE trackers are attached neither to an advisory nor to the shipment:\n{}",
            links.join("\n")
        );
        scope.notify(Notice { kind: "missed-cve-trackers", to: Audience::Art, text });
    }
}

async fn conclude(
    scope: &TaskScope<'_>,
    verdict: &CveVerdict,
    found: &TrackerReport,
) -> Result<TaskOutcome, TaskError> {
    if !found.failures.is_empty() {
        let words: Vec<String> = found.failures.iter().map(|error| error_chain(error)).collect();
        let class = found.failures[0].class();
        return Err(TaskError::said(class, Stage::Acting, words.join("; ")));
    }
    if !verdict.missed.is_empty() {
        let keys = keys(verdict.missed.iter()).join(", ");
        return Ok(TaskOutcome::Fail { error: format!("missed CVE trackers: {keys}") });
    }
    if !verdict.undetermined.is_empty() {
        let keys = keys(verdict.undetermined.iter()).join(", ");
        let error = format!("whether these CVE trackers are attached is unknown: {keys}");
        return Ok(TaskOutcome::Undetermined { error });
    }
    let (context, release) = (scope.context(), scope.release());
    let resolution = "no CVE tracker is missed any more";
    let who = context.who(COMMAND);
    if let Err(error) = context.boxes.resolve_by_source(release, COMMAND, resolution, &who).await {
        scope.warn(format!("earlier findings are not resolved: {}", error_chain(&error)));
    }
    Ok(TaskOutcome::Pass)
}
