//! Prow jobs by hand: start one, look at one, find one (spec 04 §12).

mod find;
mod order;
mod required;
mod runs;

use oar_prow_jobs::{ProwError, ProwRun, RunOrder};
use oar_release::ErrorClass;
use oar_state_repo::RepoError;
use serde::Serialize;
use serde_json::{Value, json};

use crate::dry_run::Change;

pub use find::{JobList, ListedJob, find, list};
pub use order::{RunImages, arch_of, order, stage_order};
pub use required::{RequiredRuns, read_file, run_required};
pub use runs::{get, start};

/// What is asked for cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The arguments do not fit; nothing was sent.
    #[error("{problem}")]
    Usage {
        /// What is wrong.
        problem: String,
    },
    /// Nobody knows the run.
    #[error("no trace of run {id}")]
    NoRun {
        /// Its id.
        id: String,
    },
    /// No job has the text in its name.
    #[error("no periodic job has {text:?} in its name")]
    NoJob {
        /// The text.
        text: String,
    },
    /// Several jobs have it.
    #[error("{text:?} is in the names of {count} jobs, such as {}; say more, or --first", examples.join(", "))]
    Ambiguous {
        /// The text.
        text: String,
        /// How many there are.
        count: usize,
        /// Some of them.
        examples: Vec<String>,
    },
    /// A file of job definitions is not what it should be.
    #[error("{path} is malformed: {problem}")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Prow.
    #[error(transparent)]
    Prow(#[from] ProwError),
    /// The repository of job definitions.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

impl JobError {
    fn usage(problem: impl Into<String>) -> Self {
        Self::Usage { problem: problem.into() }
    }

    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Usage { .. } | Self::Ambiguous { .. } => ErrorClass::InvalidArgument,
            Self::NoRun { .. } | Self::NoJob { .. } => ErrorClass::NotFound,
            Self::Malformed { .. } => ErrorClass::Undetermined,
            Self::Prow(error) => error.class(),
            Self::Repo(error) => error.class(),
        }
    }

    /// Whether the caller has to ask differently.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Usage { .. } | Self::Ambiguous { .. })
    }
}

/// What is known about a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunInfo {
    /// The job.
    pub job_name: String,
    /// The payload it installs, where this call asked for it.
    pub payload: Option<String>,
    /// Where its upgrade starts.
    #[serde(rename = "upgrade_from")]
    pub upgrade_from: Option<String>,
    /// Where its upgrade ends.
    #[serde(rename = "upgrade_to")]
    pub upgrade_to: Option<String>,
    /// When it started.
    pub job_start_time: Option<String>,
    /// Its id.
    #[serde(rename = "jobID")]
    pub job_id: Option<String>,
    /// Its page.
    #[serde(rename = "jobURL")]
    pub job_url: Option<String>,
    /// Its state.
    pub job_state: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_completion_time: Option<String>,
}

impl RunInfo {
    fn of(run: &ProwRun) -> Self {
        Self {
            job_name: run.job.clone(),
            job_start_time: run.started_at.clone(),
            job_id: run.id.as_ref().map(ToString::to_string),
            job_url: run.url.clone(),
            job_state: run.state.as_ref().map(ToString::to_string),
            job_completion_time: run.completed_at.clone(),
            ..Self::default()
        }
    }

    /// One line of a CSV file.
    pub fn csv(&self) -> String {
        let cell = |value: Option<&str>| {
            let value = value.unwrap_or_default();
            if value.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", value.replace('"', "\"\""))
            } else {
                value.to_owned()
            }
        };
        let cells = [
            Some(self.job_name.as_str()),
            self.payload.as_deref(),
            self.upgrade_from.as_deref(),
            self.upgrade_to.as_deref(),
            self.job_start_time.as_deref(),
            self.job_id.as_deref(),
            self.job_url.as_deref(),
            self.job_state.as_deref(),
            self.job_completion_time.as_deref(),
        ];
        cells.map(cell).join(",") + "\n"
    }
}

/// The columns of a CSV file of runs.
pub const CSV_HEADER: &str = "jobName,payload,upgrade_from,upgrade_to,jobStartTime,jobID,jobURL,jobState,jobCompletionTime\n";

/// A run that was started.
#[derive(Debug, Clone, Serialize)]
pub struct StartedJob {
    /// The job.
    pub job: String,
    /// What was sent.
    pub request: Value,
    /// Its id.
    pub id: String,
    /// Whether it was found after its answer had been lost.
    pub adopted: bool,
    /// What is known about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunInfo>,
    /// Why nothing more is known; the run is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// What a dry run would have changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planned_changes: Vec<Change>,
}

/// The request as it is sent, for people.
fn request(order: &RunOrder) -> Value {
    json!({
        "job_execution_type": "1",
        "pod_spec_options": { "envs": order.envs(), "annotations": order.annotations() },
    })
}
