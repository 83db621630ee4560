//! Jobs that are started on paper only.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use oar_jenkins::{BuildOrder, JenkinsError, JenkinsWrite, Look, Pending};
use oar_prow_jobs::{
    ConsistencyReport, OrderError, ProwError, ProwRead, ProwRun, ProwWrite, RunHandle, RunId,
    RunOrder, RunPage, RunSource, RunState, StartedRun,
};

use super::Recorder;

/// The id of a run that was not started.
const PLACEHOLDER: &str = "dry-run";

/// A Jenkins that starts nothing.
#[derive(Debug)]
pub struct DryRunJenkins {
    recorder: Recorder,
}

impl DryRunJenkins {
    /// Notes triggers in `recorder`.
    pub const fn new(recorder: Recorder) -> Self {
        Self { recorder }
    }
}

#[async_trait]
impl JenkinsWrite for DryRunJenkins {
    async fn trigger(&self, order: &BuildOrder, before: &Look) -> Result<Pending, JenkinsError> {
        if let Some(pending) = before.pending() {
            return Ok(pending);
        }
        let parameters: Vec<String> =
            order.parameters().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let job = order.job();
        self.recorder.would("jenkins", job.name(), "start a build", Some(parameters.join("\n")));
        let url = PLACEHOLDER.to_owned();
        Ok(Pending { job, queue_id: None, number: None, url, why: None, adopted: false })
    }
}

/// A Prow that starts nothing. What it promised while writing it shows while reading.
pub struct DryRunProw {
    read: Arc<dyn ProwRead>,
    recorder: Recorder,
    /// Runs that were promised.
    promised: AtomicUsize,
}

impl DryRunProw {
    /// Notes starts in `recorder`; everything else is read from `read`.
    pub const fn new(read: Arc<dyn ProwRead>, recorder: Recorder) -> Self {
        Self { read, recorder, promised: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl ProwWrite for DryRunProw {
    async fn start(&self, order: &RunOrder) -> Result<StartedRun, ProwError> {
        let envs: Vec<String> =
            order.envs().iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.recorder.would("prow", order.job(), "start a run", Some(envs.join("\n")));
        // Several runs of one command need names of their own.
        let id = match self.promised.fetch_add(1, Ordering::Relaxed) {
            0 => PLACEHOLDER.to_owned(),
            number => format!("{PLACEHOLDER}-{}", number + 1),
        };
        let id: RunId = id.parse().map_err(OrderError::from)?;
        Ok(StartedRun { id, adopted: false })
    }
}

#[async_trait]
impl ProwRead for DryRunProw {
    async fn run(&self, id: &RunId) -> Result<Option<ProwRun>, ProwError> {
        self.read.run(id).await
    }

    async fn trace(&self, run: &RunHandle) -> Result<Option<ProwRun>, ProwError> {
        self.read.trace(run).await
    }

    async fn find_attempt(&self, job: &str, attempt: &str) -> Result<Option<ProwRun>, ProwError> {
        self.read.find_attempt(job, attempt).await
    }

    async fn await_page(&self, id: &RunId) -> Result<ProwRun, ProwError> {
        if !id.as_str().starts_with(PLACEHOLDER) {
            return self.read.await_page(id).await;
        }
        Ok(ProwRun {
            id: Some(id.clone()),
            job: String::new(),
            state: Some(RunState::Triggered),
            url: None,
            started_at: None,
            completed_at: None,
            env: Vec::new(),
            annotations: BTreeMap::new(),
            source: RunSource::Deck,
        })
    }

    async fn consistency_report(
        &self,
        page: &RunPage,
    ) -> Result<Option<ConsistencyReport>, ProwError> {
        self.read.consistency_report(page).await
    }
}
