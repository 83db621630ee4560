//! `drop-bugs`: bugs that are not verified leave the release (spec 02 §7.6, 03 §4.2).
//!
//! From the advisories of a release in the Errata flow; in the Konflux flow only on request, and then from
//! the shipment too, by a merge request. Every place is tried, and what was done is recorded and told
//! whatever failed elsewhere (spec 06 §2.1).

mod advisory;
mod shipment;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use oar_config::ReleaseData;
use oar_errata::{AdvisoryId, WorkingSet};
use oar_gitlab_shipment::Project;
use oar_jira::classify::{DropSet, Droppable, Keep, drop_set};
use oar_jira::{IssueKey, Issues};
use oar_release::{ErrorClass, MergeRequest, ReleaseVersion, Task, TaskOutcome, TaskStatus};
use oar_slack::People;
use oar_statebox::{StateBox, TaskUpdate};
use serde::Serialize;
use serde_json::json;

use super::plan::{Plan, Share};
use super::words::{Asked, Told};
use super::{errata_flow, list, no_sheet, words, wrong_flow};
use crate::context::Context;
use crate::error::OperatorError;
use crate::notify::{self, Audience, Notice};
use crate::report::{CommandReport, error_chain};
use crate::runner::{self, Stage, TaskError, TaskScope};
use crate::tasks::support::advisory_map;

const COMMAND: &str = "drop-bugs";

/// What the command was told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// High severity protects a bug too.
    pub keep_high_severity: bool,
    /// The release is in the Konflux flow: drop from advisories and shipment.
    pub shipment: bool,
    /// Where the branch is made; the shipment's own project when there is no fork.
    pub fork: Option<Project>,
}

/// Drops the bugs of `release` that may go. An error before the work begins: a flow that does not fit the
/// options, a release that is kept in a Google Sheet, no build data.
pub async fn run(
    context: &Context,
    release: &ReleaseVersion,
    options: &Options,
) -> Result<CommandReport, OperatorError> {
    let data = if options.shipment {
        konflux_flow(context, release).await?
    } else {
        errata_flow(context, release, COMMAND).await?
    };
    let work = |scope| async move { drop_all(&scope, &data, options).await };
    Ok(runner::run(context, release, Task::DropBugs, work).await)
}

async fn konflux_flow(
    context: &Context,
    release: &ReleaseVersion,
) -> Result<Arc<ReleaseData>, OperatorError> {
    let data = context.build_data.release(release).await?;
    if !data.flow.is_konflux() {
        return Err(wrong_flow(&data, release, "drop-bugs --shipment", "konflux"));
    }
    no_sheet(context, release).await?;
    Ok(data)
}

/// Something that was to be done and was not.
#[derive(Debug, Serialize)]
struct Failed {
    source: &'static str,
    target: String,
    error: String,
    #[serde(skip)]
    class: ErrorClass,
    /// Nothing was tried: it could not even be read.
    #[serde(skip)]
    unread: bool,
}

/// What became of one place, or of all of them.
#[derive(Debug, Default)]
struct Done {
    /// Gone, by this run or the one before it.
    dropped: BTreeSet<IssueKey>,
    /// Advisories whose documentation must be approved again, and was asked for.
    docs: Vec<AdvisoryId>,
    /// The same of Product Security.
    prodsec: Vec<AdvisoryId>,
    failed: Vec<Failed>,
}

impl Done {
    fn unite(&mut self, other: Self) {
        self.dropped.extend(other.dropped);
        self.docs.extend(other.docs);
        self.prodsec.extend(other.prodsec);
        self.failed.extend(other.failed);
    }
}

async fn drop_all(
    scope: &TaskScope<'_>,
    data: &ReleaseData,
    options: &Options,
) -> Result<TaskOutcome, TaskError> {
    let services = &scope.context().services;
    let errata = services.errata.as_ref().map_err(TaskError::reading)?;
    services.jira.as_ref().map_err(TaskError::reading)?;
    let mr = data.flow.merge_request();
    match (options.shipment, mr) {
        (true, None) => {
            let reason = "ART has not made the shipment merge request yet".to_owned();
            return Ok(TaskOutcome::Waiting { reason, recheck: None });
        }
        (true, Some(_)) => drop(services.gitlab.as_ref().map_err(TaskError::reading)?),
        (false, _) => {}
    }
    let state = scope.context().boxes.load(scope.release()).await;
    let state = state.map_err(|error| TaskError::reading(&error))?;
    let earlier = earlier_plan(state.as_ref());
    let map = advisory_map(data);
    let (set, shipped) =
        tokio::join!(WorkingSet::load(&*errata.read, &map), shipment::keys(scope, mr));
    if mr.is_none()
        && let Some((outcome, reason)) = set.when_empty(&data.flow)
    {
        scope.say(reason);
        return Ok(outcome);
    }
    let in_shipment = shipped.as_ref().map(Vec::as_slice).unwrap_or_default();
    let before: Vec<&str> = earlier.keys().into_iter().map(IssueKey::as_str).collect();
    let attached = list::of_advisories(&set).chain(before);
    let (keys, strange) = list::combined(attached, in_shipment.iter().map(String::as_str));
    let issues = list::read(scope, &keys, &strange).await?;
    let keep = if options.keep_high_severity { Keep::HighSeverity } else { Keep::TrackersOnly };
    let drops = drop_set(&issues, keep);
    let plan = make_plan(&set, in_shipment, &drops, &earlier);
    scope.begin();
    list::tell_left_out(scope, &set);
    remember(scope, &plan, state.is_some()).await?;

    let mut done = Done::default();
    let of_advisories = plan.advisories.iter().map(|(id, share)| {
        let carried = earlier.advisories.get(id);
        advisory::drop_from(scope, errata, *id, share, carried)
    });
    let of_shipment =
        shipment::drop_from(scope, mr, options.fork.clone(), &plan.shipment, &earlier);
    let (of_advisories, of_shipment) = tokio::join!(join_all(of_advisories), of_shipment);
    for part in of_advisories {
        done.unite(part);
    }
    done.unite(of_shipment);
    // An earlier run's merge request is merged: what it removed is in the shipment no more.
    let is_there = |key: &&IssueKey| in_shipment.iter().any(|known| known == key.as_str());
    if shipped.is_ok() && options.shipment {
        done.dropped.extend(earlier.shipment.iter().filter(|key| !is_there(key)).cloned());
    }
    done.failed.extend(unread(&set));
    if let Err(failed) = shipped {
        done.failed.push(failed);
    }
    tell(scope, &keys, &drops, &done);
    announce(scope, &issues, &drops, &done).await;
    judge(&set, &done)
}

/// What a run before this one set out to do and did not end with `Pass`.
fn earlier_plan(state: Option<&StateBox>) -> Plan {
    let mut tasks = state.into_iter().flat_map(|state| &state.tasks);
    let task = tasks.find(|task| task.name == COMMAND && task.status != TaskStatus::Pass);
    Plan::remembered(task.and_then(|task| task.result.as_deref()).unwrap_or_default())
}

/// What may go from where, together with what an earlier run may have removed there already.
fn make_plan(set: &WorkingSet, in_shipment: &[String], drops: &DropSet, earlier: &Plan) -> Plan {
    let may_go: BTreeSet<&IssueKey> = drops.droppable.iter().map(|one| &one.key).collect();
    let may_go = |text: &String| {
        let key: IssueKey = text.parse().ok()?;
        may_go.contains(&key).then_some(key)
    };
    let mut plan = Plan::default();
    for member in &set.members {
        let erratum = &member.erratum;
        let mut share = advisory::approved(erratum);
        share.keys = erratum.issues.iter().filter_map(may_go).collect();
        if let Some(before) = earlier.advisories.get(&erratum.id) {
            let gone = before.keys.iter().filter(|key| !erratum.has_issue(key.as_str()));
            share.keys.extend(gone.cloned());
            share.docs |= before.docs;
            share.prodsec |= before.prodsec;
        }
        if !share.keys.is_empty() {
            plan.advisories.insert(erratum.id, share);
        }
    }
    plan.shipment = in_shipment.iter().filter_map(may_go).collect();
    plan.shipment.extend(earlier.shipment.iter().cloned());
    plan
}

/// Stores the plan before the first change.
async fn remember(scope: &TaskScope<'_>, plan: &Plan, has_statebox: bool) -> Result<(), TaskError> {
    if plan.is_empty() {
        return Ok(());
    }
    for line in plan.lines() {
        scope.say(line);
    }
    if !has_statebox {
        scope.warn("without a StateBox a run that is cut off is not made up for");
        return Ok(());
    }
    let (context, release) = (scope.context(), scope.release());
    let update =
        TaskUpdate::status(Task::DropBugs, TaskStatus::InProgress).with_result(scope.log());
    let stored = context.boxes.update_task(release, &update, &context.who(COMMAND)).await;
    stored.map(drop).map_err(|error| TaskError::reading(&error))
}

/// The advisories whose bugs nobody knows.
fn unread(set: &WorkingSet) -> impl Iterator<Item = Failed> {
    set.unreadable.iter().map(|(impetus, id, error)| Failed {
        source: "errata",
        target: format!("advisory {id} ({impetus})"),
        error: error.whole(),
        class: error.class(),
        unread: true,
    })
}

fn tell(scope: &TaskScope<'_>, keys: &[IssueKey], drops: &DropSet, done: &Done) {
    let reasons = |one: &Droppable| {
        let reasons: Vec<String> = one.severity.iter().map(ToString::to_string).collect();
        if reasons.is_empty() { String::new() } else { format!(", {}", reasons.join(", ")) }
    };
    for one in &drops.kept {
        scope.say(format!("{} ({}{}) is kept", one.key, one.status, reasons(one)));
    }
    for one in drops.droppable.iter().filter(|one| done.dropped.contains(&one.key)) {
        scope.say(format!("dropped {} ({}{})", one.key, one.status, reasons(one)));
    }
    if done.dropped.is_empty() && done.failed.is_empty() {
        scope.say("there is no bug to drop");
    }
    for failed in &done.failed {
        scope.warn(format!("{}: {}", failed.target, failed.error));
    }
    let text = |keys: &mut dyn Iterator<Item = &IssueKey>| -> Vec<String> {
        keys.map(ToString::to_string).collect()
    };
    scope.fact("bugs", text(&mut keys.iter()));
    scope.fact("kept", text(&mut drops.kept.iter().map(|one| &one.key)));
    scope.fact("not_visible", text(&mut drops.not_visible.iter()));
    let ok = text(&mut done.dropped.iter());
    scope.fact("dropped", json!({ "ok": ok, "failed": done.failed }));
}

/// The messages: what left the release, and who must approve again (N13, N14).
async fn announce(scope: &TaskScope<'_>, issues: &Issues, drops: &DropSet, done: &Done) {
    let context = scope.context();
    let severity: BTreeMap<&IssueKey, _> =
        issues.found.iter().map(|issue| (&issue.key, issue.severity())).collect();
    let of = |key: &IssueKey| Told {
        key: key.to_string(),
        severity: severity.get(key).cloned().unwrap_or_default(),
    };
    let dropped: Vec<Told> = done.dropped.iter().map(of).collect();
    let kept: Vec<Told> = drops.kept.iter().map(|one| of(&one.key)).collect();
    if let Some(text) = words::dropped(&dropped, &kept, &context.links) {
        let to = if dropped.is_empty() { Audience::ReleaseLeads } else { Audience::LeadsAndDocs };
        scope.notify(Notice { kind: "dropped-bugs", to, text });
    }
    if done.docs.is_empty() && done.prodsec.is_empty() {
        return;
    }
    let (docs, prodsec) = approvers(scope).await;
    let docs = Asked { advisories: &done.docs, mention: docs };
    let prodsec = Asked { advisories: &done.prodsec, mention: prodsec };
    if let Some(text) = words::approvals(&docs, &prodsec, &context.links) {
        scope.notify(Notice { kind: "approval-request", to: Audience::Approvers, text });
    }
}

/// How the documentation team and Product Security are mentioned. A value with an `@` is a person, any
/// other a group (spec 05 §3).
async fn approvers(scope: &TaskScope<'_>) -> (String, String) {
    let Ok(messenger) = &scope.context().messenger else { return Default::default() };
    let Ok(approvers) = &messenger.approvers else { return Default::default() };
    let mut warnings = Vec::new();
    let mut docs = String::new();
    if let Some(handle) = &approvers.docs {
        docs = notify::mention(messenger, handle, &mut warnings).await;
    }
    let people =
        People::look_up(&*messenger.read, approvers.prodsec.iter().map(String::as_str)).await;
    let mut prodsec = Vec::new();
    for who in &approvers.prodsec {
        prodsec.push(if who.contains('@') {
            people.mention(who)
        } else {
            notify::mention(messenger, who, &mut warnings).await
        });
    }
    for warning in warnings.into_iter().chain(people.warnings) {
        scope.warn(warning);
    }
    (docs, prodsec.join(" "))
}

/// Every removal is required; what could only not be read leaves the record as it is.
fn judge(set: &WorkingSet, done: &Done) -> Result<TaskOutcome, TaskError> {
    let acted = done.failed.iter().find(|failed| !failed.unread);
    if let Some(failed) = acted.or(done.failed.first()) {
        let words: Vec<String> =
            done.failed.iter().map(|one| format!("{}: {}", one.target, one.error)).collect();
        let stage = if acted.is_some() { Stage::Acting } else { Stage::Reading };
        return Err(TaskError::said(failed.class, stage, words.join("; ")));
    }
    if !set.not_created.is_empty() {
        let reason = "advisories that are not created yet may get bugs to drop".to_owned();
        return Ok(TaskOutcome::Waiting { reason, recheck: None });
    }
    Ok(TaskOutcome::Pass)
}

/// `error` as a failure at `target`.
fn failure(
    source: &'static str,
    target: String,
    class: ErrorClass,
    error: &dyn std::error::Error,
) -> Failed {
    Failed { source, target, error: error_chain(error), class, unread: false }
}
