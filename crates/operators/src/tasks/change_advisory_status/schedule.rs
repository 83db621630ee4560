//! Leaving a job behind, once per release.

use oar_release::approval::deadline;
use oar_release::time::{parse_stamp, stamp};
use oar_release::{JobSystem, ReleaseDate, ReleaseVersion, Task, TaskOutcome, TaskStatus};
use oar_statebox::StateBox;

use super::Approval;
use crate::approval::{
    ApprovalError, ApprovalFolder, Check, Held, JobRecord, KnownPayload, NewJob, former_checker,
    silence,
};
use crate::context::Context;
use crate::report::error_chain;
use crate::runner::{TaskError, TaskScope};
use crate::tasks::support::unchanged;

/// What a job is made of.
pub(super) struct Plan {
    pub(super) flow: &'static str,
    pub(super) date: Option<ReleaseDate>,
    pub(super) allow_draft: bool,
    pub(super) check: Check,
    pub(super) payload: Option<KnownPayload>,
}

/// Leaves a job behind, or goes on with the one that a killed process left.
pub(super) async fn schedule(
    scope: &TaskScope<'_>,
    folder: &ApprovalFolder,
    state: Option<&StateBox>,
    plan: Plan,
    lock: Option<Held>,
) -> Result<TaskOutcome, TaskError> {
    let (context, release) = (scope.context(), scope.release());
    if let Some(pid) = former_checker(folder, release, context.is_dry_run()) {
        let reason =
            format!("a checker of the former tool runs for {} (process {pid})", release.y_stream());
        let pid = Some(pid);
        let running = Approval::AlreadyRunning { job_id: None, pid, since: None, deadline: None };
        scope.fact("approval", running);
        return Ok(unchanged(reason));
    }
    let found = folder.load(release).map_err(|error| TaskError::reading(&error))?;
    let left = found.clone().filter(|record| record.status.is_unfinished());
    let known = found.map(|record| record.id);
    if left.is_none()
        && let Some(outcome) = elsewhere(scope, state, known.as_deref(), &plan)
    {
        return Ok(outcome);
    }
    if let Some(left) = left.as_ref().filter(|left| left.is_overdue(context.clock.now())) {
        scope.notify(silence(left));
    }
    let mut record = left.unwrap_or_else(|| new_job(context, release, &plan));
    if record.checks == 0 && !context.is_dry_run() {
        // Whoever asked a job before this one to stop did not mean this one.
        folder.forget_to_stop(release);
    }
    record.payload = record.payload.take().or(plan.payload);
    record.checked(plan.check, context.entropy.fraction());
    let job = record.reference();
    let (id, until) = (record.id.clone(), stamp(record.deadline));
    let every = record.interval_s;
    let mut log_path = None;
    if let Some(recorder) = &context.recorder {
        let what = format!("start a job that looks every {every} s until {until}");
        recorder.would("approval", release.to_string(), what, None);
    } else {
        folder.save(&record).map_err(|error| TaskError::reading(&error))?;
        if let Err(error) = scope.record_job(&job).await {
            scope.warn(format!("the job is not in the StateBox yet: {}", error_chain(&error)));
        }
        // The job's process takes this lock; nobody else starts one, for the command's lock is ours.
        drop(lock);
        match context.approval.launcher.launch(release).await {
            Ok(launched) => log_path = launched.log_path.map(|path| path.display().to_string()),
            Err(ApprovalError::Busy { .. }) => {
                let record = folder.load(release).map_err(|error| TaskError::reading(&error))?;
                return Ok(already_running(scope, record));
            }
            Err(error) => {
                let hint = format!("`oarctl approvals resume -r {release}` starts it");
                return Err(TaskError::reading(&error).hint(hint));
            }
        }
    }
    let place = log_path.as_ref().map(|path| format!(", log {path}")).unwrap_or_default();
    scope.say(format!("approval job {id} looks every {every} s until {until}{place}"));
    scope.fact("approval", Approval::Scheduled { job_id: id, deadline: until, log_path });
    Ok(TaskOutcome::InProgress { job: Some(job) })
}

fn new_job(context: &Context, release: &ReleaseVersion, plan: &Plan) -> JobRecord {
    let (now, setup) = (context.clock.now(), &context.approval);
    let patience = setup.timeout.try_into().unwrap_or(jiff::SignedDuration::MAX);
    JobRecord::new(NewJob {
        id: context.entropy.id(),
        release: release.clone(),
        flow: plan.flow,
        now,
        deadline: deadline(now, patience, plan.date),
        interval: setup.interval,
        slack: setup.slack.clone(),
        allow_draft: plan.allow_draft,
    })
}

/// A job that the StateBox knows and this machine does not: it runs elsewhere until its time is over.
fn elsewhere(
    scope: &TaskScope<'_>,
    state: Option<&StateBox>,
    known: Option<&str>,
    plan: &Plan,
) -> Option<TaskOutcome> {
    let name = Task::ChangeAdvisoryStatus.name();
    let task = state?.tasks.iter().find(|task| task.name == name)?;
    let job = task.job.as_ref().filter(|job| job.system == JobSystem::Approval)?;
    let id = job.id.as_deref().filter(|id| Some(*id) != known)?;
    let begun = parse_stamp(&job.triggered_at)?;
    let context = scope.context();
    let patience = context.approval.timeout.try_into().unwrap_or(jiff::SignedDuration::MAX);
    let until = deadline(begun, patience, plan.date);
    if task.status != TaskStatus::InProgress || context.clock.now() >= until {
        return None;
    }
    let (since, until) = (job.triggered_at.clone(), stamp(until));
    let reason = format!(
        "approval job {id} runs on another machine since {since}, until {until} at the latest; if that \
         machine is gone, `oar -r {} task set {name} \"Not Started\"` forgets it",
        scope.release()
    );
    scope.fact(
        "approval",
        Approval::AlreadyRunning {
            job_id: Some(id.to_owned()),
            pid: None,
            since: Some(since),
            deadline: Some(until),
        },
    );
    Some(unchanged(reason))
}

/// Somebody is at it: nothing was done.
pub(super) fn already_running(scope: &TaskScope<'_>, record: Option<JobRecord>) -> TaskOutcome {
    let Some(record) = record else {
        let running =
            Approval::AlreadyRunning { job_id: None, pid: None, since: None, deadline: None };
        scope.fact("approval", running);
        return unchanged("another command approves this release right now");
    };
    let (since, until) = (stamp(record.started_at), stamp(record.deadline));
    let process =
        record.pid.map(|pid| format!(" (process {pid}; `kill -USR1 {pid}` makes it look now)"));
    let process = process.unwrap_or_default();
    let id = &record.id;
    let reason =
        format!("approval job {id} runs since {since}, until {until} at the latest{process}");
    scope.fact(
        "approval",
        Approval::AlreadyRunning {
            job_id: Some(record.id),
            pid: record.pid,
            since: Some(since),
            deadline: Some(until),
        },
    );
    unchanged(reason)
}
