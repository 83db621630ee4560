//! `add-qe-approval`: QE approves the shipment merge request (spec 03 §2.7).
//!
//! The approval covers exactly the commit whose files were checked to be this release's. QE subtasks are
//! closed only when every advisory that counts is in `REL_PREP` or beyond.

use oar_errata::{AdvisoryMap, all_shipped_enough, states};
use oar_gitlab_shipment::Drafts;
use oar_release::{Flow, ReleaseVersion};
use serde::Serialize;

use crate::approval::{ExpectedShipment, merge_request, subtasks as close_subtasks};
use crate::context::Context;
use crate::dry_run::Change;
use crate::error::OperatorError;

/// The command's name.
pub const COMMAND: &str = "add-qe-approval";

/// How the merge request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Approved by this run.
    Approved,
    /// Approved before.
    AlreadyApproved,
    /// Merged already: nothing to approve.
    Merged,
    /// ART has not made the merge request yet.
    Waiting,
}

/// What the command did.
#[derive(Debug, Serialize)]
pub struct QeApproval {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// The release.
    pub release: ReleaseVersion,
    /// The merge request; none while ART has not made it.
    pub merge_request: Option<String>,
    /// The commit that the approval covers.
    pub commit: Option<String>,
    /// How it stands.
    pub standing: Standing,
    /// QE subtasks that are closed now.
    pub closed_subtasks: Vec<String>,
    /// What did not happen, and why; it changes nothing about the approval.
    pub warnings: Vec<String>,
    /// What a dry run would have changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planned_changes: Vec<Change>,
}

/// Approves the shipment of `release`; a draft only when `allow_draft` is given.
pub async fn run(
    context: &Context,
    release: &ReleaseVersion,
    allow_draft: bool,
) -> Result<QeApproval, OperatorError> {
    let data = context.build_data.release(release).await?;
    let mut report = QeApproval {
        schema: "oar.qe-approval/1",
        release: release.clone(),
        merge_request: None,
        commit: None,
        standing: Standing::Waiting,
        closed_subtasks: Vec::new(),
        warnings: Vec::new(),
        planned_changes: Vec::new(),
    };
    let mr = match &data.flow {
        Flow::Konflux { mr } => mr,
        Flow::KonfluxPending => return Ok(report),
        flow @ Flow::Errata => {
            let (release, flow) = (release.clone(), flow.word());
            let command = COMMAND;
            return Err(OperatorError::WrongFlow { command, wanted: "konflux", release, flow });
        }
    };
    report.merge_request = Some(mr.to_string());
    let drafts = if allow_draft { Drafts::Allow } else { Drafts::Refuse };
    let shipment = ExpectedShipment { release, mr, live_ids: &data.live_ids };
    (report.standing, report.commit) = merge_request(context, &shipment, drafts).await?;
    let map = crate::tasks::advisory_map(&data);
    subtasks(context, &map, &data.flow, data.jira_ticket.as_deref(), &mut report).await;
    for warning in &mut report.warnings {
        *warning = context.masker.mask(warning).into_owned();
        tracing::warn!("{warning}");
    }
    report.planned_changes = context.planned_changes();
    Ok(report)
}

/// Closes the QE subtasks when the advisories are where they should be; trouble is a warning.
async fn subtasks(
    context: &Context,
    map: &AdvisoryMap,
    flow: &Flow,
    ticket: Option<&str>,
    report: &mut QeApproval,
) {
    let errata = match &context.services.errata {
        Ok(errata) => errata,
        Err(error) => {
            report.warnings.push(format!("the QE subtasks stay open: {error}"));
            return;
        }
    };
    let found = states(&*errata.read, map).await;
    match all_shipped_enough(&found, &map.not_created, flow) {
        Some(true) => {}
        Some(false) => {
            let what = "not every advisory is in REL_PREP or beyond";
            report.warnings.push(format!("the QE subtasks stay open: {what}"));
            return;
        }
        None => {
            let what = "an advisory could not be read";
            report.warnings.push(format!("the QE subtasks stay open: {what}"));
            return;
        }
    }
    let (closed, warnings) = close_subtasks(context, ticket).await;
    report.closed_subtasks = closed;
    report.warnings.extend(warnings);
}

impl Standing {
    /// How it stands, as the rest of a sentence.
    pub(crate) const fn in_words(self, dry_run: bool) -> &'static str {
        match self {
            Self::Approved if dry_run => "would be approved",
            Self::Approved => "approved",
            Self::AlreadyApproved => "was approved before",
            Self::Merged => "is merged already",
            Self::Waiting => "does not exist yet",
        }
    }
}
