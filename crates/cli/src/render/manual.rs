//! Results of `job` and of `jobctl failures` as text.

use std::fmt::Write as _;

use oar_operators::failures::FailureReport;
use oar_operators::job::{JobList, RequiredRuns, RunInfo, StartedJob};
use oar_prow_jobs::Build;
use oar_release::ReleaseVersion;
use serde::Serialize;

use super::Render;
use super::jobs::problems;
use super::reports::changes;
use super::table::{WARN, paint};

/// What is known about a run.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct ShownRun(pub RunInfo);

impl Render for ShownRun {
    fn text(&self) -> String {
        lines(&self.0)
    }
}

fn lines(run: &RunInfo) -> String {
    let mut text = String::new();
    let lines = [
        ("job", Some(&run.job_name)),
        ("id", run.job_id.as_ref()),
        ("state", run.job_state.as_ref()),
        ("page", run.job_url.as_ref()),
        ("payload", run.payload.as_ref()),
        ("upgrade from", run.upgrade_from.as_ref()),
        ("upgrade to", run.upgrade_to.as_ref()),
        ("started", run.job_start_time.as_ref()),
        ("ended", run.job_completion_time.as_ref()),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            let _ = writeln!(text, "{name:<13} {value}");
        }
    }
    text
}

impl Render for StartedJob {
    fn text(&self) -> String {
        let mut text = format!("request       {}\n", self.request);
        if !self.planned_changes.is_empty() {
            return text + &changes(&self.planned_changes);
        }
        match &self.run {
            Some(run) => text.push_str(&lines(run)),
            None => {
                let _ = writeln!(text, "job           {}\nid            {}", self.job, self.id);
            }
        }
        if let Some(warning) = &self.warning {
            let _ = writeln!(text, "{} {warning}", paint(WARN, "warning:"));
        }
        text
    }
}

impl Render for RequiredRuns {
    fn text(&self) -> String {
        if !self.planned_changes.is_empty() {
            return changes(&self.planned_changes) + &problems(&self.problems);
        }
        let mut text = String::new();
        for started in &self.started {
            let _ = writeln!(text, "started {} {}", started.id, started.job);
        }
        text + &problems(&self.problems)
    }
}

impl Render for JobList {
    fn text(&self) -> String {
        let mut text = String::new();
        for job in &self.jobs {
            let _ = writeln!(text, "{} true", job.test);
        }
        let _ = writeln!(text, "{} tests in {} files", self.jobs.len(), self.files);
        for problem in &self.problems {
            let _ = writeln!(text, "{} {problem}", paint(WARN, "warning:"));
        }
        text
    }
}

/// The newest releases at or above some versions.
#[derive(Debug, Default, Serialize)]
pub struct PayloadList {
    payloads: Vec<Payload>,
}

#[derive(Debug, Serialize)]
struct Payload {
    version: String,
    release: Option<String>,
    pull_spec: Option<String>,
}

impl PayloadList {
    /// Adds what was found for `version`.
    pub fn add(&mut self, version: &ReleaseVersion, found: Option<&Build>) {
        self.payloads.push(Payload {
            version: version.to_string(),
            release: found.map(|build| build.name().to_owned()),
            pull_spec: found.map(|build| build.pull_spec().to_owned()),
        });
    }

    /// Whether each version has one.
    pub fn is_complete(&self) -> bool {
        self.payloads.iter().all(|payload| payload.release.is_some())
    }
}

impl Render for PayloadList {
    fn text(&self) -> String {
        let mut text = String::new();
        for payload in &self.payloads {
            let found = payload.pull_spec.as_deref().unwrap_or("no accepted release");
            let _ = writeln!(text, "{} {found}", payload.version);
        }
        text
    }
}

impl Render for FailureReport {
    /// For programs also where text is asked for: that is what they have always got.
    fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
