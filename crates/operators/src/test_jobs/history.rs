//! How the jobs of a y-stream did over its newest builds: which are flaky, which are broken.

use std::collections::BTreeMap;

use oar_prow_jobs::StreamKind;
use oar_release::{Arch, YStream};
use serde::Serialize;

use super::status::{self, BuildStatus, JobStatus, Letter};
use super::{Desk, Problem};
use crate::error::OperatorError;

/// One job over the builds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct JobHistory {
    /// The job.
    pub job: String,
    /// Builds that it passed with its first run.
    pub at_once: usize,
    /// Builds that it passed with its retries: flakes.
    pub rescued: usize,
    /// Builds that it failed.
    pub failed: usize,
    /// Builds that it is not done with.
    pub open: usize,
    /// One letter for each build, the newest first; a dot where the build has no such job.
    pub letters: String,
}

/// The jobs of one y-stream.
#[derive(Debug, Clone, Serialize)]
pub struct History {
    /// `oar.test-history/1`.
    pub schema: &'static str,
    /// The architecture.
    pub arch: Arch,
    /// The y-stream.
    pub release: YStream,
    /// `nightly` or `stable`.
    pub stream: &'static str,
    /// The builds, the newest first.
    pub builds: Vec<String>,
    /// The jobs, those first that failed most.
    pub jobs: Vec<JobHistory>,
    /// Files that cannot be read.
    pub problems: Vec<Problem>,
}

/// The newest `limit` builds of a stream.
pub async fn run(
    desk: &Desk,
    release: YStream,
    kind: StreamKind,
    limit: usize,
) -> Result<History, OperatorError> {
    let status = status::all(desk, Some(release)).await?;
    let is_of_kind = |build: &&BuildStatus| StreamKind::of(&build.build) == kind;
    let builds: Vec<&BuildStatus> = status.builds.iter().filter(is_of_kind).take(limit).collect();
    let mut jobs = BTreeMap::<&str, JobHistory>::new();
    for (at, build) in builds.iter().enumerate() {
        for job in &build.jobs {
            let history = jobs.entry(&job.job).or_default();
            history.add(at, job);
        }
    }
    let finished = |(job, history): (&str, JobHistory)| {
        let dots = ".".repeat(builds.len() - history.letters.len());
        let letters = history.letters + &dots;
        JobHistory { job: job.to_owned(), letters, ..history }
    };
    let mut jobs: Vec<JobHistory> = jobs.into_iter().map(finished).collect();
    jobs.sort_by_key(|job| std::cmp::Reverse((job.failed, job.rescued)));
    Ok(History {
        schema: "oar.test-history/1",
        arch: desk.arch,
        release,
        stream: kind.word(),
        builds: builds.iter().map(|build| build.build.to_string()).collect(),
        jobs,
        problems: status.problems,
    })
}

impl JobHistory {
    /// Counts the job of build number `at`.
    fn add(&mut self, at: usize, job: &JobStatus) {
        let missing = at.saturating_sub(self.letters.len());
        self.letters.push_str(&".".repeat(missing));
        self.letters.push(job.letter.as_char());
        match job.letter {
            Letter::S if job.runs.len() <= 1 => self.at_once += 1,
            Letter::S => self.rescued += 1,
            Letter::F => self.failed += 1,
            Letter::P => self.open += 1,
        }
    }
}
