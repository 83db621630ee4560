//! How runs make a verdict: best of an odd number for each job, all required jobs for the build
//! (spec 04 §10.2, §10.3). Pure functions of the file, the registry and the time.

mod build;
mod job;

#[cfg(test)]
mod tests;

use jiff::SignedDuration;

pub use build::{BuildStanding, Counts, JobInBuild, MissingJob, judge_build};
pub use job::{JobStanding, JobVerdict, judge_job};

/// How long missing first runs and missing retries are started: after the first recorded start of
/// the build, after the end of the job's first run (spec 04 §9, §10.3).
pub const START_WINDOW: SignedDuration = SignedDuration::from_hours(6);
/// How long after a run's end its report is looked for (spec 04 §7.3).
pub const REPORT_WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// How long a claim holds others back (spec 04 §16).
pub const CLAIM_VALID: SignedDuration = SignedDuration::from_mins(15);
/// A nightly is recycled only when it is at least this old (spec 04 §4).
pub const RECYCLED_AFTER: SignedDuration = SignedDuration::from_hours(72);
