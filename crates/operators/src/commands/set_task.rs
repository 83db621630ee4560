//! `task set`: a person records the status of a task (spec 01 §7.4, §11).

use oar_release::{ReleaseVersion, Task, TaskStatus};
use oar_statebox::{TaskRecord, TaskUpdate, Who};
use serde::Serialize;

use super::status::load;
use crate::context::Context;
use crate::error::OperatorError;

/// A task after a change.
#[derive(Debug, Serialize)]
pub struct ChangedTask {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// The release.
    pub release: ReleaseVersion,
    /// The task as stored.
    pub task: TaskRecord,
    /// What a dry run would have changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planned_changes: Vec<crate::dry_run::Change>,
}

/// Sets `status` of `task`, and its result when one is given.
pub async fn run(
    context: &Context,
    release: &ReleaseVersion,
    task: Task,
    status: TaskStatus,
    result: Option<&str>,
) -> Result<ChangedTask, OperatorError> {
    load(context, release).await?;
    let mut update = TaskUpdate::new(task).status(status);
    if let Some(result) = result {
        update = update.result(result);
    }
    let who = Who::new(context.actor.clone(), "task set");
    let record = context.boxes.update_task(release, update, &who).await?;
    Ok(ChangedTask {
        schema: "oar.task/1",
        release: release.clone(),
        task: record,
        planned_changes: context.recorder.as_ref().map(|r| r.changes()).unwrap_or_default(),
    })
}
