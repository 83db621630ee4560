//! The verdict of a build.

use jiff::Timestamp;
use serde::Serialize;

use super::START_WINDOW;
use super::job::{JobStanding, JobVerdict, judge_job};
use crate::registry::JobSpec;
use crate::result_file::{RecordedJob, RecordedRun};

/// A job that the file has, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobInBuild {
    /// How the job is to be treated: as the registry says today.
    pub spec: JobSpec,
    /// How far it is.
    pub standing: JobStanding,
}

/// A job that the registry has and the file has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingJob {
    /// The job.
    pub spec: JobSpec,
    /// Whether it is still to be started; otherwise it counts as failed.
    pub is_due: bool,
}

/// The numbers of a build, as they are logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Jobs in scope, the missing ones included.
    pub total: usize,
    /// Jobs that passed.
    pub success: usize,
    /// Jobs that failed.
    pub failed: usize,
    /// Jobs that are not decided.
    pub pending: usize,
    /// Jobs whose runs have all ended.
    pub completed: usize,
    /// Jobs whose failure rejects the build.
    pub required: usize,
    /// Those of them that passed.
    pub successful_required: usize,
}

/// How far a build is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildStanding {
    /// The jobs in scope, in the order of the file. Jobs that left the registry, and those that it
    /// disables, are out of scope.
    pub jobs: Vec<JobInBuild>,
    /// Jobs without a run.
    pub missing: Vec<MissingJob>,
    /// Jobs of the file that do not count, because the registry lists them no more or as disabled.
    pub left_out: Vec<String>,
    /// The verdict as soon as nothing can change it.
    pub accepted: Option<bool>,
    /// Whether everything that will ever be known is known: the file can be closed.
    pub is_collected: bool,
    /// The numbers.
    pub counts: Counts,
}

/// Judges a build that was tested by `recorded`, as of `now`; `registry` is today's list for this
/// stream, empty where there is none (spec 04 §10.3).
pub fn judge_build(
    recorded: &[RecordedJob],
    registry: &[JobSpec],
    now: Timestamp,
) -> BuildStanding {
    let spec_of = |job: &RecordedJob| registry.iter().find(|spec| spec.job == job.job).cloned();
    let judged = |job: &RecordedJob, spec: JobSpec| JobInBuild {
        standing: judge_job(job, &spec, now),
        spec,
    };
    // A disabled job is not expected, and its failure could not be retried: like one that is gone.
    let counts = |spec: &JobSpec| !spec.disabled;
    let (mut jobs, mut left_out) = (Vec::new(), Vec::new());
    for job in recorded {
        match spec_of(job).filter(counts) {
            Some(spec) => jobs.push(judged(job, spec)),
            None => left_out.push(job.job.clone()),
        }
    }
    let missing = missing_jobs(recorded, registry, now);
    if jobs.is_empty() {
        // Nothing of the file is in the registry: then all of it counts.
        let required = |job: &RecordedJob| {
            let spec = spec_of(job).unwrap_or_else(|| JobSpec::new(&job.job));
            judged(job, JobSpec { optional: false, ..spec })
        };
        jobs = recorded.iter().map(required).collect();
        left_out.clear();
    }
    let counts = count(&jobs, &missing);
    let is_collected = counts.total > 0
        && jobs.iter().all(|job| job.standing.is_collected)
        && missing.iter().all(|job| !job.is_due);
    let verdicts = || {
        let jobs = jobs.iter().map(|job| (&job.spec, job.standing.verdict));
        let missing = missing.iter().map(|job| (&job.spec, job.verdict()));
        jobs.chain(missing).filter(|(spec, _)| !spec.optional).map(|(_, verdict)| verdict)
    };
    let accepted = if verdicts().any(|verdict| verdict == JobVerdict::Failed) {
        Some(false)
    } else if counts.required == 0 {
        // Optional jobs alone never accept a build.
        is_collected.then_some(false)
    } else {
        (counts.successful_required == counts.required).then_some(true)
    };
    BuildStanding { jobs, missing, left_out, accepted, is_collected, counts }
}

impl BuildStanding {
    /// The jobs whose failure would have rejected this accepted build if the registry did not call
    /// them optional. It may have called them otherwise when they were started: what it says today
    /// counts, and is told (spec 04 §10.3).
    pub fn excused(&self) -> Vec<&str> {
        if self.accepted != Some(true) {
            return Vec::new();
        }
        let recorded = self.jobs.iter().map(|job| (&job.spec, job.standing.verdict));
        let missing = self.missing.iter().map(|job| (&job.spec, job.verdict()));
        let all = recorded.chain(missing);
        let excused = all.filter(|(spec, v)| spec.optional && *v == JobVerdict::Failed);
        excused.map(|(spec, _)| spec.job.as_str()).collect()
    }
}

fn missing_jobs(recorded: &[RecordedJob], registry: &[JobSpec], now: Timestamp) -> Vec<MissingJob> {
    let starts = recorded.iter().flat_map(RecordedJob::runs).filter_map(RecordedRun::began_at);
    let is_due = starts.min().is_none_or(|first| now.duration_since(first) < START_WINDOW);
    let is_missing =
        |spec: &&JobSpec| !spec.disabled && recorded.iter().all(|job| job.job != spec.job);
    let missing = registry.iter().filter(is_missing);
    missing.map(|spec| MissingJob { spec: spec.clone(), is_due }).collect()
}

impl MissingJob {
    const fn verdict(&self) -> JobVerdict {
        if self.is_due { JobVerdict::Pending } else { JobVerdict::Failed }
    }
}

fn count(jobs: &[JobInBuild], missing: &[MissingJob]) -> Counts {
    // A missing optional job that will not come is nobody's concern any more.
    let missing = || missing.iter().filter(|job| job.is_due || !job.spec.optional);
    let recorded = jobs.iter().map(|job| (&job.spec, job.standing.verdict));
    let all: Vec<(&JobSpec, JobVerdict)> =
        recorded.chain(missing().map(|job| (&job.spec, job.verdict()))).collect();
    let of = |wanted: JobVerdict| all.iter().filter(|(_, verdict)| *verdict == wanted).count();
    let required = || all.iter().filter(|(spec, _)| !spec.optional);
    Counts {
        total: all.len(),
        success: of(JobVerdict::Success),
        failed: of(JobVerdict::Failed),
        pending: of(JobVerdict::Pending),
        completed: jobs.iter().filter(|job| job.standing.is_collected).count()
            + missing().filter(|job| !job.is_due).count(),
        required: required().count(),
        successful_required: required().filter(|(_, v)| *v == JobVerdict::Success).count(),
    }
}
