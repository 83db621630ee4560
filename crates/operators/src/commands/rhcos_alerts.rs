//! `check-rhcos-security-alerts`: what the security checks say about the operating system's advisory
//! (spec 02 §3.8, 01 §12.2).
//!
//! It informs and never stops a release: it is no task of the StateBox, and what it finds becomes an
//! issue that is no blocker. Only an alert's own flag counts.

use oar_errata::{AdvisoryId, SecurityAlert};
use oar_release::ReleaseVersion;
use oar_release::task::SECURITY_ALERTS;
use oar_statebox::NewIssue;
use serde::Serialize;

use crate::context::Context;
use crate::dry_run::Change;
use crate::error::OperatorError;
use crate::report::error_chain;

/// What was found.
#[derive(Debug, Serialize)]
pub struct RhcosAlerts {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// The release.
    pub release: ReleaseVersion,
    /// The advisory; none when the release has none, or none yet.
    pub advisory: Option<AdvisoryId>,
    /// Its page.
    pub url: Option<String>,
    /// All alerts.
    pub alerts: Vec<SecurityAlert>,
    /// How many of them say that they block.
    pub blocking: usize,
    /// Trouble that changes nothing about what was found.
    pub warnings: Vec<String>,
    /// What a dry run would have changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planned_changes: Vec<Change>,
}

/// Reads the alerts of the `rhcos` advisory and keeps the release's issue about them up to date.
pub async fn run(
    context: &Context,
    release: &ReleaseVersion,
) -> Result<RhcosAlerts, OperatorError> {
    let data = context.build_data.release(release).await?;
    let mut report = RhcosAlerts {
        schema: "oar.rhcos-alerts/1",
        release: release.clone(),
        advisory: data.advisory("rhcos").map(AdvisoryId),
        url: None,
        alerts: Vec::new(),
        blocking: 0,
        warnings: Vec::new(),
        planned_changes: Vec::new(),
    };
    let Some(id) = report.advisory else { return Ok(report) };
    let errata = context.services.errata.clone()?;
    let found = errata.read.security_alerts(id).await?;
    report.url = Some(context.links.advisory(id.0));
    report.blocking = found.blockers().count();
    if let Err(problem) = keep_issue(context, release, id, &found.alerts).await {
        tracing::warn!("{problem}");
        report.warnings.push(problem);
    }
    report.alerts = found.alerts;
    report.planned_changes = context.planned_changes();
    Ok(report)
}

/// Reports the alerts that block as an issue that does not, or resolves what was reported before.
async fn keep_issue(
    context: &Context,
    release: &ReleaseVersion,
    id: AdvisoryId,
    alerts: &[SecurityAlert],
) -> Result<(), String> {
    let who = context.who(SECURITY_ALERTS);
    let blocking: Vec<&str> =
        alerts.iter().filter(|alert| alert.blocking).map(|alert| alert.name.as_str()).collect();
    let kept = if blocking.is_empty() {
        let resolution = "no security alert of the advisory blocks";
        context.boxes.resolve_by_source(release, SECURITY_ALERTS, resolution, &who).await.map(drop)
    } else {
        let names = blocking.join(", ");
        let text = format!(
            "Security alerts of the rhcos advisory {id} say that they block: {names}. \
             Ask Product Security."
        );
        let issue = NewIssue {
            blocker: false,
            ..NewIssue::blocker(text, &[SECURITY_ALERTS]).found_by(SECURITY_ALERTS)
        };
        context.boxes.add_issue(release, &issue, &who).await.map(drop)
    };
    kept.map_err(|error| {
        let why = context.masker.mask(&error_chain(&error)).into_owned();
        format!("the issue about the alerts is not kept: {why}")
    })
}
