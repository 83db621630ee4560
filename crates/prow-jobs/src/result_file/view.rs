//! The typed view of a result file.

use jiff::Timestamp;
use oar_release::time::parse_stamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::ResultFile;
use crate::run::{RunPage, RunState};

/// One run as the file remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRun {
    /// Its id; empty in a damaged entry.
    pub id: String,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When we started it, or when a run without trace was first missed.
    pub triggered_at: Option<Timestamp>,
    /// Its page.
    pub url: Option<String>,
    /// Its state; `None` before it was first looked at.
    pub state: Option<RunState>,
    /// When it ended, as written.
    pub completed_at: Option<String>,
    /// Whether the counts of its tests are stored.
    pub has_summary: bool,
}

impl RecordedRun {
    /// Ended, so that nobody needs to look at it again.
    pub const fn is_completed(&self) -> bool {
        self.completed_at.is_some()
    }

    /// Ended well.
    pub fn is_success(&self) -> bool {
        self.is_completed() && self.state == Some(RunState::Success)
    }

    /// Ended badly: an infrastructure error counts as well (spec 04 §10.3).
    pub fn is_failure(&self) -> bool {
        let bad = [RunState::Failure, RunState::Aborted, RunState::Error];
        self.is_completed() && self.state.as_ref().is_some_and(|state| bad.contains(state))
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.completed_at.as_deref().and_then(parse_stamp)
    }

    /// When it began, as well as it is known.
    pub fn began_at(&self) -> Option<Timestamp> {
        self.triggered_at.or(self.started_at)
    }

    /// The place of its artefacts.
    pub fn page(&self) -> Option<RunPage> {
        self.url.as_deref()?.parse().ok()
    }
}

/// Who is about to start runs (spec 04 §16). Written before the first start, so that a second
/// program holds back, and so that whoever comes after a crash knows under which id to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// When it was made.
    pub at: Timestamp,
    /// A random id; the runs that are started under it carry it.
    pub by: String,
}

/// One job of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedJob {
    /// The job.
    pub job: String,
    /// Its first run.
    pub first: RecordedRun,
    /// Its retry runs.
    pub retries: Vec<RecordedRun>,
    /// Who is starting retries.
    pub claim: Option<Claim>,
}

impl RecordedJob {
    /// All runs, the first one first.
    pub fn runs(&self) -> impl Iterator<Item = &RecordedRun> {
        std::iter::once(&self.first).chain(&self.retries)
    }
}

/// What a file says about its build (spec 04 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildVerdict {
    /// The tests passed.
    Accepted,
    /// A person accepted it.
    AcceptedByHand,
    /// The tests failed.
    Rejected,
    /// Not decided yet.
    Pending,
}

impl BuildVerdict {
    /// The words of the dashboard.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::AcceptedByHand => "Accepted (Manually Promoted)",
            Self::Rejected => "Rejected",
            Self::Pending => "Pending",
        }
    }
}

impl ResultFile {
    /// The jobs, in the order of the file.
    pub fn jobs(&self) -> Vec<RecordedJob> {
        let list = self.document.get("result").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_object).map(job).collect()
    }

    /// The name of the build.
    pub fn build_name(&self) -> &str {
        self.build_text("name")
    }

    /// Where the build's image is.
    pub fn pull_spec(&self) -> &str {
        self.build_text("pullSpec")
    }

    fn build_text(&self, key: &str) -> &str {
        self.document
            .get("build")
            .and_then(|build| build.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Whether the aggregator is done with it.
    pub fn is_aggregated(&self) -> bool {
        self.flag("aggregated") == Some(true)
    }

    /// The verdict of the machine, once there is one.
    pub fn accepted(&self) -> Option<bool> {
        self.flag("accepted")
    }

    /// Whether a person promoted it: the key's presence says so, not its value.
    pub fn is_promoted(&self) -> bool {
        self.document.contains_key("manual_promotion")
    }

    /// Who is starting first runs.
    pub fn start_claim(&self) -> Option<Claim> {
        claim(&self.document)
    }

    /// What a reader is told (spec 04 §2.3).
    pub fn verdict(&self) -> BuildVerdict {
        match (self.accepted(), self.is_promoted()) {
            (Some(true), _) => BuildVerdict::Accepted,
            (_, true) => BuildVerdict::AcceptedByHand,
            (Some(false), false) => BuildVerdict::Rejected,
            (None, false) => BuildVerdict::Pending,
        }
    }

    fn flag(&self, key: &str) -> Option<bool> {
        self.document.get(key).and_then(Value::as_bool)
    }
}

fn job(entry: &Map<String, Value>) -> RecordedJob {
    let retries = entry.get("retriedJobs").and_then(Value::as_array);
    RecordedJob {
        job: text(entry, "jobName").unwrap_or_default(),
        first: entry.get("firstJob").and_then(Value::as_object).map_or_else(empty, run),
        retries: retries.into_iter().flatten().filter_map(Value::as_object).map(run).collect(),
        claim: claim(entry),
    }
}

fn empty() -> RecordedRun {
    run(&Map::new())
}

fn run(run: &Map<String, Value>) -> RecordedRun {
    let time = |key: &str| text(run, key).as_deref().and_then(parse_stamp);
    RecordedRun {
        id: text(run, "jobID").unwrap_or_default(),
        started_at: time("jobStartTime"),
        triggered_at: time("triggeredAt"),
        url: text(run, "jobURL"),
        state: text(run, "jobState").as_deref().and_then(RunState::from_word),
        completed_at: text(run, "jobCompletionTime"),
        has_summary: run.contains_key("testResultSummary"),
    }
}

fn claim(of: &Map<String, Value>) -> Option<Claim> {
    let claim = of.get("retryClaim")?.as_object()?;
    Some(Claim { at: parse_stamp(&text(claim, "at")?)?, by: text(claim, "by")? })
}

fn text(of: &Map<String, Value>, key: &str) -> Option<String> {
    of.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// Tells what is not as every reader expects it.
pub(super) fn check(document: &Map<String, Value>) -> Result<(), String> {
    let Some(result) = document.get("result").and_then(Value::as_array) else {
        return Err("result is no list".to_owned());
    };
    for (at, entry) in result.iter().enumerate() {
        let place = format!("result[{at}]");
        let Some(entry) = entry.as_object() else { return Err(format!("{place} is no object")) };
        if text(entry, "jobName").is_none() {
            return Err(format!("{place}.jobName is no text"));
        }
        check_run(entry.get("firstJob"), &format!("{place}.firstJob"))?;
        match entry.get("retriedJobs") {
            None => {}
            Some(Value::Array(runs)) => {
                for (number, run) in runs.iter().enumerate() {
                    check_run(Some(run), &format!("{place}.retriedJobs[{number}]"))?;
                }
            }
            Some(_) => return Err(format!("{place}.retriedJobs is no list")),
        }
    }
    let name = document.get("build").and_then(|build| build.get("name"));
    if name.and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err("build.name is no text".to_owned());
    }
    for key in ["aggregated", "accepted"] {
        if !matches!(document.get(key), None | Some(Value::Bool(_) | Value::Null)) {
            return Err(format!("{key} is neither true nor false"));
        }
    }
    Ok(())
}

fn check_run(run: Option<&Value>, place: &str) -> Result<(), String> {
    let Some(run) = run.and_then(Value::as_object) else {
        return Err(format!("{place} is no run"));
    };
    match run.get("jobID") {
        Some(Value::String(_)) => Ok(()),
        _ => Err(format!("{place}.jobID is no text")),
    }
}
