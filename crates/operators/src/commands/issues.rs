//! `issue add`, `issue resolve`, `issue list` (spec 01 §7.6–7.8).

use oar_release::ReleaseVersion;
use oar_statebox::{Issue, IssueFilter, NewIssue};
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
    #[serde(serialize_with = "one_issue")]
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
    #[serde(serialize_with = "all_issues")]
    pub issues: Vec<Issue>,
}

/// Reports an issue; an open one with the same text is answered instead.
pub async fn add(
    context: &Context,
    release: &ReleaseVersion,
    issue: &NewIssue,
) -> Result<ChangedIssue, OperatorError> {
    load(context, release).await?;
    let saved = context.boxes.add_issue(release, issue, &context.who("issue add")).await?;
    Ok(changed(context, release, saved.outcome))
}

/// Resolves the one open issue that `text` names.
pub async fn resolve(
    context: &Context,
    release: &ReleaseVersion,
    text: &str,
    resolution: &str,
) -> Result<ChangedIssue, OperatorError> {
    load(context, release).await?;
    let who = context.who("issue resolve");
    let saved = context.boxes.resolve_issue(release, text, resolution, &who).await?;
    Ok(changed(context, release, saved.outcome))
}

/// Lists issues.
pub async fn list(
    context: &Context,
    release: &ReleaseVersion,
    filter: &IssueFilter,
) -> Result<Issues, OperatorError> {
    let state = load(context, release).await?;
    let issues = state.issues(filter).cloned().collect();
    Ok(Issues { schema: "oar.issues/1", release: release.clone(), issues })
}

fn changed(context: &Context, release: &ReleaseVersion, issue: Issue) -> ChangedIssue {
    ChangedIssue {
        schema: "oar.issue/1",
        release: release.clone(),
        issue,
        planned_changes: context.planned_changes(),
    }
}

/// An issue with the keys of the file.
fn issue_object(issue: &Issue) -> serde_json::Value {
    serde_json::json!({
        "issue": issue.text,
        "reported_at": issue.reported_at,
        "resolved": issue.resolved,
        "resolution": issue.resolution,
        "blocker": issue.blocker,
        "related_tasks": issue.related_tasks,
        "source": issue.source,
        "resolved_at": issue.resolved_at,
    })
}

fn one_issue<S: serde::Serializer>(issue: &Issue, serializer: S) -> Result<S::Ok, S::Error> {
    issue_object(issue).serialize(serializer)
}

fn all_issues<S: serde::Serializer>(issues: &[Issue], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(issues.iter().map(issue_object))
}
