//! Whether stage or production release of a shipment has happened (spec 03 §2.6). Pure rules.

use std::fmt;

use jiff::Timestamp;
use oar_release::workflow;

use crate::types::{Job, JobStatus, MrInfo, Pipeline};

/// Which release of the shipment is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReleaseStage {
    /// To the staging environment.
    Stage,
    /// To production.
    Prod,
}

impl ReleaseStage {
    /// The label that the shipment's CI sets when it is done.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Stage => "stage-release-success",
            Self::Prod => "prod-release-success",
        }
    }

    /// The stage of the pipeline that does it.
    pub const fn pipeline_stage(self) -> &'static str {
        match self {
            Self::Stage => "stage-release-triggers",
            Self::Prod => "prod-release-triggers",
        }
    }
}

/// The verdict on a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// Done.
    Success,
    /// Under way, or in a status that this version does not know (spec 08 R22).
    Running {
        /// What is not done yet.
        jobs: Vec<JobNote>,
    },
    /// A job failed or was canceled.
    Failed {
        /// Which, and why.
        jobs: Vec<JobNote>,
    },
    /// All jobs wait for a person, or were left out.
    NotStarted,
    /// No pipeline, or no such stage in it.
    NotPresent,
}

/// One job in a verdict, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobNote {
    /// Its name.
    pub name: String,
    /// Its status; of the pipeline it started, where that one decides.
    pub status: JobStatus,
    /// GitLab's reason for a failure.
    pub reason: Option<String>,
    /// Page for people: the started pipeline's, where that one decides.
    pub url: Option<String>,
}

impl fmt::Display for JobNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.status)?;
        if let Some(reason) = &self.reason {
            write!(f, " ({reason})")?;
        }
        self.url.as_ref().map_or(Ok(()), |url| write!(f, ", {url}"))
    }
}

/// Where a verdict comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The label, which outranks every pipeline (spec 08 R14).
    Label,
    /// The newest pipeline.
    Pipeline {
        /// Its number.
        id: u64,
        /// Page for people.
        url: String,
    },
    /// There is no pipeline.
    Nothing,
}

/// A verdict with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateReport {
    /// Which release.
    pub stage: ReleaseStage,
    /// The verdict.
    pub gate: Gate,
    /// Where it comes from.
    pub source: Source,
    /// Why a success that was seen before does not count any more.
    pub revoked: Option<String>,
}

/// A success that was stored by an earlier look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenSuccess {
    /// When the label was seen last.
    pub at: Timestamp,
}

impl GateReport {
    /// The verdict where the label is set; no pipeline is asked then.
    pub fn by_label(stage: ReleaseStage, mr: &MrInfo) -> Option<Self> {
        mr.has_label(stage.label()).then_some(Self {
            stage,
            gate: Gate::Success,
            source: Source::Label,
            revoked: None,
        })
    }

    /// The verdict of the newest pipeline's jobs, for a merge request without the label.
    ///
    /// `before` is the label's success, if an earlier look saw it: that the label is gone revokes
    /// it, and a pipeline of that time cannot bring it back; a newer one can (spec 08 R14).
    pub fn by_pipeline(
        stage: ReleaseStage,
        pipeline: Option<(&Pipeline, &[Job])>,
        before: Option<SeenSuccess>,
    ) -> Self {
        let Some((pipeline, jobs)) = pipeline else {
            let revoked = before.map(|_| cleared(stage));
            return Self { stage, gate: Gate::NotPresent, source: Source::Nothing, revoked };
        };
        let source = Source::Pipeline { id: pipeline.id, url: pipeline.web_url.clone() };
        let gate = judge(stage, jobs);
        let is_newer = before.is_none_or(|seen| pipeline.created_at > seen.at);
        let revoked = before.filter(|_| gate != Gate::Success || !is_newer).map(|_| cleared(stage));
        let gate = if gate == Gate::Success && !is_newer { Gate::NotStarted } else { gate };
        Self { stage, gate, source, revoked }
    }

    /// Whether the release is done.
    pub fn is_success(&self) -> bool {
        self.gate == Gate::Success
    }
}

fn cleared(stage: ReleaseStage) -> String {
    format!("the label {} was removed: its success does not count any more", stage.label())
}

impl From<&Gate> for workflow::StageGate {
    fn from(gate: &Gate) -> Self {
        match gate {
            Gate::Success => Self::Success,
            Gate::Running { .. } => Self::Running,
            Gate::Failed { .. } => Self::Failed,
            Gate::NotStarted => Self::NotStarted,
            Gate::NotPresent => Self::NotPresent,
        }
    }
}

impl fmt::Display for GateReport {
    /// One line for people: `stage release failed: extras failed (script_failure), https://…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.stage {
            ReleaseStage::Stage => "stage release",
            ReleaseStage::Prod => "production release",
        };
        match &self.gate {
            Gate::Success => write!(f, "{name} succeeded"),
            Gate::NotStarted => write!(f, "{name} is not started"),
            Gate::NotPresent => write!(f, "{name} has no jobs yet"),
            Gate::Running { jobs } => write!(f, "{name} is running: {}", listed(jobs)),
            Gate::Failed { jobs } => write!(f, "{name} failed: {}", listed(jobs)),
        }?;
        self.revoked.as_ref().map_or(Ok(()), |why| write!(f, "; {why}"))
    }
}

fn listed(jobs: &[JobNote]) -> String {
    jobs.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The newest pipeline by its time.
pub fn newest(pipelines: &[Pipeline]) -> Option<&Pipeline> {
    pipelines.iter().max_by_key(|pipeline| (pipeline.created_at, pipeline.id))
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Done,
    Moving,
    Broken,
    Waiting,
}

fn progress(status: &JobStatus) -> Progress {
    match status {
        JobStatus::Success => Progress::Done,
        JobStatus::Failed | JobStatus::Canceled => Progress::Broken,
        JobStatus::Manual | JobStatus::Skipped => Progress::Waiting,
        JobStatus::Created
        | JobStatus::WaitingForResource
        | JobStatus::Preparing
        | JobStatus::Pending
        | JobStatus::Running
        | JobStatus::Canceling
        | JobStatus::Scheduled
        | JobStatus::Unknown(_) => Progress::Moving,
    }
}

/// A bridge is as far as the pipeline that it started.
fn look(job: &Job) -> (Progress, JobNote) {
    let own = progress(&job.status);
    let note = |status: &JobStatus, url: &Option<String>| JobNote {
        name: job.name.clone(),
        status: status.clone(),
        reason: job.failure_reason.clone(),
        url: url.clone().or_else(|| job.web_url.clone()),
    };
    match &job.downstream_pipeline {
        Some(downstream) if matches!(own, Progress::Done | Progress::Broken) => {
            let below = progress(&downstream.status);
            if own == Progress::Broken {
                return (own, note(&job.status, &downstream.web_url));
            }
            (below, note(&downstream.status, &downstream.web_url))
        }
        _ => (own, note(&job.status, &None)),
    }
}

/// The verdict of one stage's jobs and bridges.
fn judge(stage: ReleaseStage, jobs: &[Job]) -> Gate {
    let of_stage: Vec<&Job> = latest(jobs, stage.pipeline_stage());
    let required: Vec<&Job> = of_stage.iter().copied().filter(|job| !job.allow_failure).collect();
    // A stage of which nothing is required would succeed whatever happens: then all of it is.
    let counted = if required.is_empty() { of_stage } else { required };
    if counted.is_empty() {
        return Gate::NotPresent;
    }
    let looks: Vec<(Progress, JobNote)> = counted.into_iter().map(look).collect();
    let is_all = |wanted: Progress| looks.iter().all(|(progress, _)| *progress == wanted);
    let not_done = || looks.iter().filter(|(progress, _)| *progress != Progress::Done);
    if is_all(Progress::Done) {
        Gate::Success
    } else if looks.iter().any(|(progress, _)| *progress == Progress::Broken) {
        let broken = not_done().filter(|(progress, _)| *progress == Progress::Broken);
        Gate::Failed { jobs: broken.map(|(_, note)| note.clone()).collect() }
    } else if is_all(Progress::Waiting) {
        Gate::NotStarted
    } else {
        Gate::Running { jobs: not_done().map(|(_, note)| note.clone()).collect() }
    }
}

/// The jobs of a stage; of those with one name the newest, which is the retry.
fn latest<'j>(jobs: &'j [Job], stage: &str) -> Vec<&'j Job> {
    let of_stage = || jobs.iter().filter(|job| job.stage == stage);
    of_stage()
        .filter(|job| !of_stage().any(|other| other.name == job.name && other.id > job.id))
        .collect()
}

#[cfg(test)]
mod tests;
