//! What is known about builds: one in full, or all in a table (spec 04 §11, §15.2).

use std::collections::BTreeMap;

use jiff::Timestamp;
use oar_prow_jobs::result_file::{BuildVerdict, RecordedJob, RecordedRun};
use oar_prow_jobs::verdict::{Counts, JobVerdict, judge_build};
use oar_prow_jobs::{FOLDER, JobSpec, ResultFile, ResultName, RunState};
use oar_release::{Arch, BuildName, YStream};
use serde::Serialize;

use super::archive;
use super::repair::RepairError;
use super::store::{Records, Registries, StoredResult};
use super::{Desk, Problem};
use crate::error::OperatorError;

/// One letter for a job: passed, failed, or not decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Letter {
    /// It passed.
    S,
    /// It failed.
    F,
    /// It is not decided.
    P,
}

impl Letter {
    /// The letter itself.
    pub const fn as_char(self) -> char {
        match self {
            Self::S => 'S',
            Self::F => 'F',
            Self::P => 'P',
        }
    }
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct RunStatus {
    /// Its id.
    pub id: String,
    /// Its state, in words.
    pub state: String,
    /// Its page.
    pub url: Option<String>,
    /// When it started (RFC 3339).
    pub started_at: Option<Timestamp>,
    /// When it ended, as Prow wrote it.
    pub completed_at: Option<String>,
}

/// One job of a build.
#[derive(Debug, Clone, Serialize)]
pub struct JobStatus {
    /// The job.
    pub job: String,
    /// Its verdict.
    pub letter: Letter,
    /// Whether its failure is tolerated.
    pub optional: bool,
    /// Whether the registry still has it.
    pub in_registry: bool,
    /// Its runs, the first one first; none for a job that was not started.
    pub runs: Vec<RunStatus>,
}

/// One build.
#[derive(Debug, Clone, Serialize)]
pub struct BuildStatus {
    /// The build.
    pub build: BuildName,
    /// Its y-stream.
    pub release: YStream,
    /// What readers are told.
    pub verdict: BuildVerdict,
    /// The machine's verdict that the file will get, where it is certain before the file is closed.
    pub expected: Option<bool>,
    /// The numbers.
    pub counts: Counts,
    /// The jobs.
    pub jobs: Vec<JobStatus>,
    /// The file, for people.
    pub page: String,
}

/// What is known about builds.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// `oar.test-results/1`.
    pub schema: &'static str,
    /// The architecture.
    pub arch: Arch,
    /// The builds, the newest first.
    pub builds: Vec<BuildStatus>,
    /// Files that cannot be read.
    pub problems: Vec<Problem>,
}

/// The status of one build, also of one whose result was put aside.
pub async fn one(desk: &Desk, build: &BuildName) -> Result<Status, OperatorError> {
    let mut status = all(desk, None).await?;
    status.builds.retain(|found| found.build == *build);
    let name = ResultName { build: build.clone(), arch: desk.arch };
    status.problems.retain(|problem| problem.subject == name.path());
    if status.builds.is_empty() && status.problems.is_empty() {
        if let Some((path, stored)) = archive::find(desk, &name).await? {
            let file = ResultFile::parse(&stored.content).map_err(RepairError::from)?;
            let page = desk.links.test_result(build, desk.arch);
            let page = page.replacen(&format!("/{FOLDER}/"), &format!("/{}/", archive::ARCHIVE), 1);
            let result = StoredResult { name, path, stored };
            status.builds.push(BuildStatus { page, ..status_of(desk, &result, &file, &[]) });
            return Ok(status);
        }
        let location = desk.records.location();
        return Err(RepairError::NoFile { build: build.clone(), location }.into());
    }
    Ok(status)
}

/// The status of all builds, or of those of one y-stream.
pub async fn all(desk: &Desk, stream: Option<YStream>) -> Result<Status, OperatorError> {
    let reads = futures_util::future::join(Records::read(desk), Registries::read(desk)).await;
    let (records, (registries, mut problems)) = (reads.0?, reads.1?);
    let mut builds = Vec::new();
    let results = records.results(desk).into_iter();
    for result in results.filter(|r| stream.is_none_or(|s| r.name.build.y_stream() == s)) {
        match ResultFile::parse(&result.stored.content) {
            Ok(file) => {
                let specs = registries.of_build(&result.name.build).unwrap_or_default();
                let mut status = status_of(desk, &result, &file, specs);
                if registries.is_unreadable(&result.name.build) {
                    // Nobody knows which jobs are missing.
                    status.expected = None;
                }
                builds.push(status);
            }
            Err(error) => problems.push(desk.problem(result.path.as_str(), &error)),
        }
    }
    builds.sort_by(|a, b| (b.release, &b.build).cmp(&(a.release, &a.build)));
    Ok(Status { schema: "oar.test-results/1", arch: desk.arch, builds, problems })
}

fn status_of(
    desk: &Desk,
    result: &StoredResult,
    file: &ResultFile,
    specs: &[JobSpec],
) -> BuildStatus {
    let recorded = file.jobs();
    // A decided build is shown by its own runs: jobs that came later are none of its business.
    let in_file: Vec<JobSpec> = if file.is_aggregated() {
        let spec = |job| JobSpec { disabled: false, ..spec_of(job, specs) };
        recorded.iter().map(spec).collect()
    } else {
        specs.to_vec()
    };
    let standing = judge_build(&recorded, &in_file, desk.clock.now());
    let judged: BTreeMap<&str, JobVerdict> =
        standing.jobs.iter().map(|job| (job.spec.job.as_str(), job.standing.verdict)).collect();
    let mut jobs: Vec<JobStatus> = recorded
        .iter()
        .map(|job| JobStatus {
            letter: judged.get(job.job.as_str()).copied().map_or_else(|| letter_of(job), letter),
            optional: spec_of(job, specs).optional,
            in_registry: specs.iter().any(|spec| spec.job == job.job),
            runs: job.runs().map(run_status).collect(),
            job: job.job.clone(),
        })
        .collect();
    jobs.extend(standing.missing.iter().map(|missing| JobStatus {
        job: missing.spec.job.clone(),
        letter: if missing.is_due { Letter::P } else { Letter::F },
        optional: missing.spec.optional,
        in_registry: true,
        runs: Vec::new(),
    }));
    let build = result.name.build.clone();
    BuildStatus {
        release: build.y_stream(),
        page: desk.links.test_result(&build, result.name.arch),
        build,
        verdict: file.verdict(),
        expected: standing.accepted.filter(|_| !file.is_aggregated()),
        counts: standing.counts,
        jobs,
    }
}

fn spec_of(job: &RecordedJob, specs: &[JobSpec]) -> JobSpec {
    specs.iter().find(|spec| spec.job == job.job).cloned().unwrap_or_else(|| JobSpec::new(&job.job))
}

/// A job outside of the registry, judged by itself.
fn letter_of(job: &RecordedJob) -> Letter {
    let standing = oar_prow_jobs::verdict::judge_job(job, &JobSpec::new(&job.job), Timestamp::MAX);
    letter(standing.verdict)
}

const fn letter(verdict: JobVerdict) -> Letter {
    match verdict {
        JobVerdict::Success => Letter::S,
        JobVerdict::Failed => Letter::F,
        JobVerdict::Pending => Letter::P,
    }
}

fn run_status(run: &RecordedRun) -> RunStatus {
    let state = match &run.state {
        Some(RunState::Other(word)) => format!("unknown: {word}"),
        Some(state) => state.to_string(),
        None => "just triggered".to_owned(),
    };
    RunStatus {
        id: run.id.clone(),
        state,
        url: run.url.clone(),
        started_at: run.began_at(),
        completed_at: run.completed_at.clone(),
    }
}
