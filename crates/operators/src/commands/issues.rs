//! `issue add`, `issue resolve`, `issue list` (spec 01 §7.6–7.8).

use oar_release::ReleaseVersion;
use oar_statebox::{Issue, IssueFilter, NewIssue, Who};
use serde::Serialize;

use super::status::load;
use crate::context::Context;
use crate::error::OperatorError;

/// One issue after a change.
#[derive(Debug, Serialize)]
pub struct ChangedIssue {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// The release.
    pub release: ReleaseVersion,
    /// The issue as stored.
    pub issue: Issue,
    /// What a dry run would have changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planned_changes: Vec<crate::dry_run::Change>,
}

/// The issues of a release.
#[derive(Debug, Serialize)]
pub struct Issues {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// The release.
    pub release: ReleaseVersion,
    /// Those that were asked for, in the order of the file.
    pub issues: Vec<Issue>,
}

/// Reports an issue; an open one with the same text is answered instead.
pub async fn add(
    context: &Context,
    release: &ReleaseVersion,
    issue: NewIssue,
) -> Result<ChangedIssue, OperatorError> {
    load(context, release).await?;
    let who = Who::new(context.actor.clone(), "issue add");
    let issue = context.boxes.add_issue(release, issue, &who).await?;
    Ok(changed(context, release, issue))
}

/// Resolves the one open issue that `text` names.
pub async fn resolve(
    context: &Context,
    release: &ReleaseVersion,
    text: &str,
    resolution: &str,
) -> Result<ChangedIssue, OperatorError> {
    load(context, release).await?;
    let who = Who::new(context.actor.clone(), "issue resolve");
    let issue = context.boxes.resolve_issue(release, text, resolution, &who).await?;
    Ok(changed(context, release, issue))
}

/// Lists issues.
pub async fn list(
    context: &Context,
    release: &ReleaseVersion,
    filter: &IssueFilter,
) -> Result<Issues, OperatorError> {
    let state = load(context, release).await?;
    let issues = state.issues(filter).into_iter().cloned().collect();
    Ok(Issues { schema: "oar.issues/1", release: release.clone(), issues })
}

fn changed(context: &Context, release: &ReleaseVersion, issue: Issue) -> ChangedIssue {
    ChangedIssue {
        schema: "oar.issue/1",
        release: release.clone(),
        issue,
        planned_changes: context.recorder.as_ref().map(|r| r.changes()).unwrap_or_default(),
    }
}
