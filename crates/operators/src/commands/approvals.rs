//! `oarctl approvals`: the approval jobs of this machine (spec 06 §3.6).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use oar_release::ReleaseVersion;
use oar_transport::pause::sleep;
use serde::Serialize;

use crate::approval::{
    self, ApprovalError, ApprovalFolder, JobRecord, JobStatus, Lock, end_cancelled,
};
use crate::context::Context;
use crate::dry_run::Change;
use crate::error::OperatorError;
use crate::report::error_chain;

/// Records of jobs that ended are kept so long.
const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How long a job is given to stop.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks whether it has.
const LOOK: Duration = Duration::from_millis(100);

/// One job, and whether a process has it.
#[derive(Debug, Clone, Serialize)]
pub struct Job {
    /// Its record.
    #[serde(flatten)]
    pub record: JobRecord,
    /// Whether a process has it now.
    pub running: bool,
    /// Whether it should be looked after: no process has it, or it has not looked for two intervals.
    pub silent: bool,
}

/// The jobs of this machine.
#[derive(Debug, Serialize)]
pub struct Jobs {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// By release.
    pub jobs: Vec<Job>,
    /// Records that cannot be read, and why.
    pub problems: Vec<String>,
}

/// Lists the jobs; `only` that of one release.
pub fn list(context: &Context, only: Option<&ReleaseVersion>) -> Result<Jobs, OperatorError> {
    let folder = folder(context)?;
    let mut jobs = Jobs { schema: "oar.approvals/1", jobs: Vec::new(), problems: Vec::new() };
    for record in folder.all()? {
        match record.and_then(|record| look(&folder, record, context.clock.now())) {
            Ok(job) if only.is_none_or(|only| *only == job.record.release) => jobs.jobs.push(job),
            Ok(_) => {}
            Err(error) => jobs.problems.push(error_chain(&error)),
        }
    }
    Ok(jobs)
}

fn folder(context: &Context) -> Result<ApprovalFolder, OperatorError> {
    Ok(context.approval.folder.clone()?)
}

fn look(folder: &ApprovalFolder, record: JobRecord, now: Timestamp) -> Result<Job, ApprovalError> {
    let running = folder.is_held(&record.release, Lock::Job)?;
    let silent = record.needs_a_process() && (!running || record.is_overdue(now));
    Ok(Job { record, running, silent })
}

/// What became of a job that was to be resumed.
#[derive(Debug, Serialize)]
pub struct Resumed {
    /// Which release.
    pub release: ReleaseVersion,
    /// The job.
    pub id: String,
    /// Its process, when one was started.
    pub pid: Option<u32>,
    /// Where that logs.
    pub log_path: Option<String>,
    /// Why none was started.
    pub error: Option<String>,
}

/// What was resumed.
#[derive(Debug, Serialize)]
pub struct ResumedJobs {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// The jobs that no process had.
    pub jobs: Vec<Resumed>,
    /// Records that cannot be read, and why.
    pub problems: Vec<String>,
    /// What a dry run would have changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planned_changes: Vec<Change>,
}

impl ResumedJobs {
    /// Whether everything that was to be resumed runs.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty() && self.jobs.iter().all(|job| job.error.is_none())
    }
}

/// Starts a process for every job that needs one and has none, with its original deadline; `only` for
/// that of one release. Records of jobs that ended 14 days ago are removed.
pub async fn resume(
    context: &Context,
    only: Option<&ReleaseVersion>,
) -> Result<ResumedJobs, OperatorError> {
    let found = list(context, only)?;
    let mut resumed = ResumedJobs {
        schema: "oar.approvals-resumed/1",
        jobs: Vec::new(),
        problems: found.problems,
        planned_changes: Vec::new(),
    };
    let needing = |job: &&Job| job.record.needs_a_process() && !job.running;
    for job in found.jobs.iter().filter(needing) {
        let release = job.record.release.clone();
        if job.record.status.is_unfinished() && job.record.is_overdue(context.clock.now()) {
            approval::send(context, &release, approval::silence(&job.record)).await;
        }
        let mut one =
            Resumed { id: job.record.id.clone(), pid: None, log_path: None, error: None, release };
        if let Some(recorder) = &context.recorder {
            recorder.would("approval", one.release.to_string(), "resume the approval job", None);
        } else {
            match context.approval.launcher.launch(&one.release).await {
                Ok(launched) => {
                    one.pid = Some(launched.pid);
                    one.log_path = launched.log_path.map(|path| path.display().to_string());
                }
                // Somebody else resumed it meanwhile.
                Err(ApprovalError::Busy { .. }) => continue,
                Err(error) => one.error = Some(error_chain(&error)),
            }
        }
        resumed.jobs.push(one);
    }
    if only.is_none() && !context.is_dry_run() {
        forget_old(context, &found.jobs);
    }
    resumed.planned_changes = context.planned_changes();
    Ok(resumed)
}

fn forget_old(context: &Context, jobs: &[Job]) {
    let (Ok(folder), now) = (&context.approval.folder, context.clock.now()) else { return };
    for Job { record, running, .. } in jobs {
        let old = record.ended_at.is_some_and(|ended| now.duration_since(ended) > KEPT);
        if old && !running && !record.needs_a_process() {
            // It is in nobody's way.
            let _kept = folder.forget(&record.release);
        }
    }
}

/// What became of a job that was to be stopped.
#[derive(Debug, Serialize)]
pub struct Cancelled {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// The release.
    pub release: ReleaseVersion,
    /// The job.
    pub id: String,
    /// Where it is now.
    pub status: JobStatus,
    /// Whether its process has stopped; otherwise it will before it does anything else.
    pub stopped: bool,
    /// What a dry run would have changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planned_changes: Vec<Change>,
}

/// Stops the job of `release`: its task can then be started again.
pub async fn cancel(
    context: &Context,
    release: &ReleaseVersion,
) -> Result<Cancelled, OperatorError> {
    let folder = folder(context)?;
    let no_job = || ApprovalError::NoJob { release: release.clone() };
    let record = folder.load(release)?.filter(|record| record.status.is_unfinished());
    let record = record.ok_or_else(no_job)?;
    let mut report = Cancelled {
        schema: "oar.approval-cancelled/1",
        release: release.clone(),
        id: record.id.clone(),
        status: record.status,
        stopped: false,
        planned_changes: Vec::new(),
    };
    if let Some(recorder) = &context.recorder {
        recorder.would("approval", release.to_string(), "stop the approval job", None);
        report.planned_changes = context.planned_changes();
        return Ok(report);
    }
    let by = context.masker.mask(&context.actor.to_string()).into_owned();
    folder.ask_to_stop(release, &by)?;
    let mut waited = Duration::ZERO;
    loop {
        if let Some(lock) = folder.lock(release, Lock::Job)? {
            // No process has it, or not any more.
            let record = folder.load(release)?.ok_or_else(no_job)?;
            let ended = if record.status.is_unfinished() {
                end_cancelled(context, &folder, record, &by).await?
            } else {
                folder.forget_to_stop(release);
                record
            };
            drop(lock);
            (report.status, report.stopped) = (ended.status, true);
            return Ok(report);
        }
        if waited >= PATIENCE {
            return Ok(report);
        }
        // It may have begun to wait between the two: wake it each time.
        wake(&folder, release, &record);
        sleep(LOOK).await;
        waited += LOOK;
    }
}

/// Has the process of the job look at once. Only a process that runs a job is told: the number is read
/// anew, from a record whose lock is held.
fn wake(folder: &ApprovalFolder, release: &ReleaseVersion, record: &JobRecord) {
    let now = folder.load(release).ok().flatten();
    let now = now.filter(|now| now.id == record.id && now.listens);
    let here = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let pid = now.filter(|now| now.host == here).and_then(|now| i32::try_from(now.pid?).ok());
    if let Some(pid) = pid.filter(|pid| *pid > 0) {
        // Gone already is what we want.
        let _gone = kill(Pid::from_raw(pid), Signal::SIGUSR1);
    }
}
