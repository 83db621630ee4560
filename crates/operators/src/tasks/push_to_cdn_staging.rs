//! `push-to-cdn-staging`: the advisories go to the staging CDN, blockers first (spec 02 §3.7, §7.5).
//!
//! Running it again is how it is polled: what is done or under way is never triggered twice.

use oar_errata::{Progress, PushEntry, WorkingSet, push_to_staging};
use oar_release::{ReleaseVersion, Task, TaskOutcome};

use super::support::{advisory_map, release_data};
use crate::context::Context;
use crate::report::CommandReport;
use crate::runner::{self, Stage, TaskError, TaskScope};

/// Pushes what can be pushed now.
pub async fn run(context: &Context, release: &ReleaseVersion) -> CommandReport {
    let work = |scope| async move { push(&scope).await };
    runner::run(context, release, Task::PushToCdnStaging, work).await
}

async fn push(scope: &TaskScope<'_>) -> Result<TaskOutcome, TaskError> {
    let data = release_data(scope).await?;
    let errata = scope.context().services.errata.as_ref().map_err(TaskError::reading)?;
    let set = WorkingSet::load(&*errata.read, &advisory_map(&data)).await;
    if let Some((outcome, reason)) = set.when_empty(&data.flow) {
        scope.say(reason);
        return Ok(outcome);
    }
    scope.begin();
    for (impetus, id) in &set.dropped {
        scope.say(format!("advisory {id} ({impetus}) was dropped: it is left out"));
    }
    let pushing = scope.context().progress.start("pushing to the staging CDN", None);
    let report = push_to_staging(&*errata.read, &*errata.write, &set).await;
    drop(pushing);
    for entry in &report.entries {
        scope.say(in_words(entry));
    }
    for warning in report.warnings.iter().chain(&report.missing) {
        scope.warn(warning.clone());
    }
    scope.fact("advisories", &report.entries);
    match (report.outcome(), report.trouble()) {
        (TaskOutcome::Fail { error }, Some(class)) => {
            Err(TaskError::said(class, Stage::Acting, error))
        }
        (outcome, _) => Ok(outcome),
    }
}

fn in_words(entry: &PushEntry) -> String {
    let id = entry.id;
    let what = match &entry.progress {
        Progress::Done => "is on staging".to_owned(),
        Progress::Running => "is being pushed".to_owned(),
        Progress::Triggered { jobs } if jobs.is_empty() => "push triggered".to_owned(),
        Progress::Triggered { jobs } => {
            let jobs: Vec<String> = jobs.iter().map(ToString::to_string).collect();
            format!("push triggered (jobs {})", jobs.join(", "))
        }
        Progress::Waiting { reason } => format!("waits: {reason}"),
        Progress::NotInQe { reason } => reason.clone(),
        Progress::Failed { reason } => format!("failed: {reason}"),
        Progress::NotAsked { reason, .. } => format!("was not pushed: {reason}"),
        Progress::Undetermined { reason } => format!("is not known: {reason}"),
    };
    let targets: Vec<String> = entry
        .targets
        .iter()
        .map(|target| format!("{}: {} (job {})", target.target, target.status.as_str(), target.job))
        .collect();
    let role = if entry.of_release { "" } else { " (blocks one of the release)" };
    match targets.as_slice() {
        [] => format!("advisory {id}{role} {what}"),
        targets => format!("advisory {id}{role} {what}; {}", targets.join(", ")),
    }
}
