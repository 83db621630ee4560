//! The end of a job: people are told, the StateBox is written, each on its own (spec 06 §3.6).

use std::time::Duration;

use oar_release::{Task, TaskStatus};
use oar_statebox::{StateBox, StateBoxError, TaskUpdate};
use oar_transport::pause::{Backoff, sleep};

use super::error::ApprovalError;
use super::folder::{ApprovalFolder, Held, Lock};
use super::record::{JobRecord, JobStatus};
use super::{tell, text};
use crate::context::Context;
use crate::notify;
use crate::report::error_chain;

/// Tries to write the end into the StateBox.
const TRIES: u32 = 5;
/// Between two tries to get the command's lock.
const TURN: Duration = Duration::from_millis(200);

/// Tells of the end that `record` has, writes it into the StateBox and notes in the record whether that
/// worked. Safe to repeat.
pub(super) async fn finish(
    context: &Context,
    folder: &ApprovalFolder,
    record: &mut JobRecord,
    log: &str,
) -> Result<(), ApprovalError> {
    // A command that has just scheduled or looks at this job writes its own outcome first.
    let _turn = our_turn(folder, record).await?;
    let notice = tell::end(context, record);
    let summary = notice.as_ref().map(|notice| notice.text.clone()).unwrap_or_default();
    let told = notify::send(context, &record.release, notice.into_iter().collect()).await;
    if let Some(thread) = record.slack.clone().filter(|_| !summary.is_empty()) {
        for problem in tell::thread(context, record, &thread, &summary, log).await {
            tracing::warn!("{problem}");
        }
    }
    record.recorded = into_statebox(context, record, &told.sent).await;
    folder.save(record)
}

async fn our_turn(folder: &ApprovalFolder, record: &JobRecord) -> Result<Held, ApprovalError> {
    loop {
        if let Some(held) = folder.lock(&record.release, Lock::Command)? {
            return Ok(held);
        }
        sleep(TURN).await;
    }
}

/// Writes the end, five tries; whether nothing is left to write.
async fn into_statebox(context: &Context, record: &JobRecord, sent: &[(String, String)]) -> bool {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(16));
    for left in (0..TRIES).rev() {
        match write(context, record, sent).await {
            Ok(()) => return true,
            Err(StateBoxError::NotInitialised { .. }) => {
                tracing::warn!(
                    "{} has no StateBox: its approval is recorded nowhere",
                    record.release
                );
                return true;
            }
            Err(error) => {
                tracing::warn!("the StateBox was not written: {}", error_chain(&error));
                if left > 0 {
                    sleep(backoff.next_wait(&*context.entropy)).await;
                }
            }
        }
    }
    tracing::error!("the end is kept in the job's record; `oarctl approvals resume` writes it");
    false
}

async fn write(
    context: &Context,
    record: &JobRecord,
    sent: &[(String, String)],
) -> Result<(), StateBoxError> {
    let (who, release) = (context.who(Task::ChangeAdvisoryStatus.name()), &record.release);
    let status = status(record.status);
    let subject = format!("update task {} to {status}", Task::ChangeAdvisoryStatus);
    let saved = context
        .boxes
        .apply(release, &subject, &who, |state| {
            if let Some(update) = update(record, state, sent) {
                state.update_task(&update, context.clock.now(), &context.masker);
            }
            Ok(())
        })
        .await;
    saved.map(drop)?;
    if record.status == JobStatus::Done {
        let resolution = format!("the approval job {} moved the advisories", record.id);
        context
            .boxes
            .resolve_by_source(release, super::SOURCE, &resolution, &who)
            .await
            .map(drop)?;
    }
    Ok(())
}

/// What to change; nothing when the StateBox knows of this end, or of something newer.
fn update(record: &JobRecord, state: &StateBox, sent: &[(String, String)]) -> Option<TaskUpdate> {
    let task = Task::ChangeAdvisoryStatus;
    let stored = state.tasks.iter().find(|stored| stored.name == task.name());
    let before = stored.and_then(|stored| stored.result.as_deref()).unwrap_or_default();
    let other = stored.and_then(|stored| stored.job.as_ref()?.id.as_deref());
    if before.contains(&text::ending(record)) || other.is_some_and(|id| id != record.id) {
        return None;
    }
    // A pass that somebody recorded is not undone by a job that gave up.
    let passed = stored.is_some_and(|stored| stored.status == TaskStatus::Pass);
    if passed && record.status != JobStatus::Done {
        return None;
    }
    let status = status(record.status);
    let mut update = TaskUpdate::status(task, status);
    update.result = Some(text::result(record, before, status));
    update.notifications = sent.to_vec();
    Some(update)
}

/// The task's status after a job; one that was stopped leaves a task to start again.
const fn status(end: JobStatus) -> TaskStatus {
    match end {
        JobStatus::Done => TaskStatus::Pass,
        JobStatus::Failed | JobStatus::TimedOut => TaskStatus::Fail,
        JobStatus::Cancelled => TaskStatus::NotStarted,
        JobStatus::Waiting | JobStatus::Applying => TaskStatus::InProgress,
    }
}
