//! The verdict of one job.

use jiff::Timestamp;

use super::START_WINDOW;
use crate::registry::JobSpec;
use crate::result_file::RecordedJob;

/// What a job says about the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobVerdict {
    /// It passed: at once, or in the majority of its planned runs.
    Success,
    /// A majority of successes is out of reach.
    Failed,
    /// Not decided yet.
    Pending,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobStanding {
    /// What it says.
    pub verdict: JobVerdict,
    /// Retry runs that should be started now.
    pub retries_due: u32,
    /// Planned retry runs that will not be started any more although they would have decided.
    pub retries_given_up: u32,
    /// Whether all recorded runs have ended and none is due.
    pub is_collected: bool,
}

/// Judges `job` as of `now` (spec 04 §10.3).
///
/// One success at once is enough. Otherwise more than half of the planned runs have to succeed, the
/// failed first one included; a file with more runs than planned counts those it has.
pub fn judge_job(job: &RecordedJob, spec: &JobSpec, now: Timestamp) -> JobStanding {
    let recorded = count(job.retries.len());
    let successes = count(job.runs().filter(|run| run.is_success()).count());
    let failures = count(job.runs().filter(|run| run.is_failure()).count());
    let has_ended = job.runs().all(|run| run.is_success() || run.is_failure());
    let done = |verdict| JobStanding {
        verdict,
        retries_due: 0,
        retries_given_up: 0,
        is_collected: has_ended,
    };
    if job.first.is_success() {
        return done(JobVerdict::Success);
    }
    if !job.first.is_failure() {
        return JobStanding { is_collected: false, ..done(JobVerdict::Pending) };
    }
    // An optional job's failure starts no retries, and a disabled job is never started; retries that
    // are there count.
    let has_no_more = spec.optional || spec.disabled;
    let planned_retries = if has_no_more { recorded } else { spec.retries.max(recorded) };
    let runs = 1 + planned_retries;
    let needed = runs / 2 + 1;
    if successes >= needed {
        return done(JobVerdict::Success);
    }
    if failures > runs - needed {
        return done(JobVerdict::Failed);
    }
    let missing = planned_retries - recorded;
    let alive = 1 + recorded - successes - failures;
    let in_time = job.first.ended_at().is_none_or(|end| now.duration_since(end) < START_WINDOW);
    if missing > 0 && in_time {
        let standing = JobStanding { retries_due: missing, ..done(JobVerdict::Pending) };
        return JobStanding { is_collected: false, ..standing };
    }
    if successes + alive >= needed {
        return done(JobVerdict::Pending);
    }
    JobStanding { retries_given_up: missing, ..done(JobVerdict::Failed) }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX / 4)
}
