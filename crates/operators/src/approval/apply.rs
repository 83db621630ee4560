//! The work of an approval, shared by the command and its job, in the order of spec 02 §7.7: kernels,
//! merge request, then states, alerts and kernels of all advisories, then the moves, then the subtasks.
//! Every step looks before it acts, so all of it can be repeated.

use oar_errata::{
    Action, AdvisoryError, AdvisoryMap, ApprovalReport, Approver, ErrataRead, ErrataWrite,
    TargetState, WorkingSet,
};
use oar_gitlab_shipment::{
    Approval, Drafts, GitLabError, MrState, ShipmentError, approve, load_shipment,
};
use oar_jira::close_subtasks;
use oar_release::{ErrorClass, MergeRequest, ReleaseVersion};

use crate::commands::qe_approval::Standing;
use crate::context::Context;
use crate::error::OperatorError;
use crate::report::error_chain;
use crate::services::Ports;

/// How far a try to approve came.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Every advisory is where it was to be.
    Reached,
    /// An advisory is not in a state from which it can be moved, or is not created yet.
    NotReady(String),
    /// A security alert forbids it.
    Alert(String),
    /// A kernel forbids it, or the merge request is closed: trying again changes nothing.
    Final(String),
    /// There is no Kerberos ticket.
    NoTicket(String),
    /// Something did not answer as needed: try again.
    Trouble {
        /// The error's class.
        class: ErrorClass,
        /// What, with its causes.
        error: String,
        /// Whether the task's own action met it, rather than a look.
        acting: bool,
    },
}

impl Verdict {
    fn trouble(class: ErrorClass, error: impl Into<String>, acting: bool) -> Self {
        Self::Trouble { class, error: error.into(), acting }
    }
}

/// Checks the kernels of every advisory: what must pass before anything at all is approved.
/// Answers what a person should see.
pub(crate) async fn kernels(
    approver: &Approver<'_>,
    set: &WorkingSet,
) -> Result<Vec<String>, Verdict> {
    if let Some(error) = no_ticket(set) {
        return Err(Verdict::NoTicket(error));
    }
    let report = approver.review_kernels(set, TargetState::RelPrep).await;
    if let Some(error) = reasons(&report, &[Action::Blocked]) {
        return Err(Verdict::Final(error));
    }
    if let Some(error) = reasons(&report, &[Action::Undetermined]) {
        return Err(Verdict::trouble(ErrorClass::Undetermined, error, false));
    }
    Ok(report.warnings)
}

/// What the shipment must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExpectedShipment<'e> {
    /// The release that its files are for.
    pub(crate) release: &'e ReleaseVersion,
    /// Where it is.
    pub(crate) mr: &'e MergeRequest,
    /// The advisory numbers that ART's data reserves, by kind.
    pub(crate) live_ids: &'e [(String, i64)],
}

/// Approves the shipment when it is open. Only `merged` is a success without an approval; everything
/// else that is not open, and everything that is not known, stops (R13).
pub(crate) async fn merge_request(
    context: &Context,
    expected: &ExpectedShipment<'_>,
    drafts: Drafts,
) -> Result<(Standing, Option<String>), OperatorError> {
    let ExpectedShipment { release, mr, live_ids } = *expected;
    let gitlab = context.services.gitlab.clone()?;
    let info = gitlab.read.merge_request(mr).await.map_err(ShipmentError::from)?;
    if info.state == MrState::Merged {
        return Ok((Standing::Merged, info.sha));
    }
    info.require_open().map_err(ShipmentError::from)?;
    let shipment = load_shipment(&*gitlab.read, mr).await?;
    shipment.require_release(release, live_ids)?;
    let given = approve(&*gitlab.read, &*gitlab.write, mr, &shipment.head, drafts).await;
    let standing = match given {
        Ok(Approval::Given) => Standing::Approved,
        Ok(Approval::AlreadyThere) => Standing::AlreadyApproved,
        Err(GitLabError::MrNotOpen { state: MrState::Merged, .. }) => Standing::Merged,
        Err(error) => return Err(ShipmentError::from(error).into()),
    };
    Ok((standing, Some(shipment.head)))
}

/// What an error of the merge request means: a closed one, one of another release or one that may not be
/// approved is a "no"; the rest could not be found out.
pub(crate) fn judge_merge_request(error: &OperatorError) -> Verdict {
    let text = error_chain(error);
    match error {
        OperatorError::Shipment(
            ShipmentError::GitLab(
                GitLabError::MrNotOpen { .. } | GitLabError::CannotApprove { .. },
            )
            | ShipmentError::Mismatch { .. },
        ) => Verdict::Final(text),
        error => Verdict::trouble(error.class(), text, false),
    }
}

/// Checks all advisories and moves them to `REL_PREP`, or none. The report says how each stands.
pub(crate) async fn advisories(
    approver: &Approver<'_>,
    set: &WorkingSet,
) -> (Verdict, ApprovalReport) {
    let review = approver.review(set, TargetState::RelPrep).await;
    if let Some(error) = no_ticket(set) {
        return (Verdict::NoTicket(error), review);
    }
    let report = approver.move_all(review).await;
    (judge(&report), report)
}

/// What a report of moved, or not moved, advisories means.
pub(crate) fn judge(report: &ApprovalReport) -> Verdict {
    if report.all_reached() {
        return Verdict::Reached;
    }
    if let Some(error) = reasons(report, &[Action::Blocked]) {
        return Verdict::Alert(error);
    }
    if let Some(error) = reasons(report, &[Action::Failed]) {
        return Verdict::trouble(ErrorClass::UpstreamUnavailable, error, true);
    }
    if let Some(error) = reasons(report, &[Action::Undetermined]) {
        let moved = report.entries.iter().any(|entry| entry.action == Action::Moved);
        return Verdict::trouble(ErrorClass::Undetermined, error, moved);
    }
    let waits = reasons(report, &[Action::NotReady]).into_iter().chain(report.missing.clone());
    Verdict::NotReady(waits.collect::<Vec<_>>().join("; "))
}

/// The entries with one of these actions, in words.
fn reasons(report: &ApprovalReport, wanted: &[Action]) -> Option<String> {
    let entries = report.entries.iter().filter(|entry| wanted.contains(&entry.action));
    let words: Vec<String> = entries.map(ToString::to_string).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// Why no advisory could be read, when the reason is a missing ticket.
fn no_ticket(set: &WorkingSet) -> Option<String> {
    set.unreadable.iter().find_map(|(_, _, error)| match error {
        AdvisoryError::NoTicket { .. } => Some(error.whole()),
        _ => None,
    })
}

/// Reads the advisories that count.
pub(crate) async fn working_set(read: &dyn ErrataRead, map: &AdvisoryMap) -> WorkingSet {
    WorkingSet::load(read, map).await
}

/// The approver of a context.
pub(crate) fn approver<'a>(
    context: &'a Context,
    errata: &'a Ports<dyn ErrataRead, dyn ErrataWrite>,
    brew: &'a dyn oar_errata::BrewRead,
) -> Approver<'a> {
    let rules = &context.approval.kernels;
    Approver { read: &*errata.read, write: &*errata.write, brew, rules }
}

/// Closes the QE subtasks of the release's ticket; answers which are closed and what to warn of. Only
/// for releases whose advisories are all where they should be.
pub(crate) async fn subtasks(
    context: &Context,
    ticket: Option<&str>,
) -> (Vec<String>, Vec<String>) {
    let jira = match &context.services.jira {
        Ok(jira) => jira,
        Err(error) => return (Vec::new(), vec![format!("the QE subtasks stay open: {error}")]),
    };
    let (read, write) = (&*jira.ports.read, &*jira.ports.write);
    match close_subtasks(read, write, ticket, &jira.summaries).await {
        Ok(done) => {
            let closed = done.done.iter().map(ToString::to_string).collect();
            let failed = done.failed.iter();
            let words = failed.map(|(key, error)| format!("subtask {key}: {}", error_chain(error)));
            let warnings = done.warnings.into_iter().chain(words).collect();
            (closed, warnings)
        }
        Err(error) => {
            (Vec::new(), vec![format!("the QE subtasks stay open: {}", error_chain(&error))])
        }
    }
}
