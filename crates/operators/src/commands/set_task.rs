//! `task set`: a person records the status of a task (spec 01 §7.4, §11).

use oar_release::{ReleaseVersion, Task, TaskStatus};
use oar_statebox::{TaskRecord, TaskUpdate};
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
    #[serde(serialize_with = "task_object")]
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
    let mut update = TaskUpdate::status(task, status);
    update.result = result.map(str::to_owned);
    let saved = context.boxes.update_task(release, &update, &context.who("task set")).await?;
    let record = saved.state.task(task).cloned().unwrap_or_else(|| TaskRecord::new(task));
    Ok(ChangedTask {
        schema: "oar.task/1",
        release: release.clone(),
        task: record,
        planned_changes: context.planned_changes(),
    })
}

/// A task with the keys of the file.
fn task_object<S: serde::Serializer>(task: &TaskRecord, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::json!({
        "name": task.name,
        "status": task.status,
        "started_at": task.started_at,
        "completed_at": task.completed_at,
        "result": task.result,
        "job": task.job,
    })
    .serialize(serializer)
}
