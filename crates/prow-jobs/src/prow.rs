//! The calls to Gangway, Deck and the artefacts.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use http::{Method, StatusCode};
use oar_transport::pause::sleep;
use oar_transport::{
    HttpClient, HttpError, Reply, SecretSource, Service, ServiceClient, encode_segment,
};

use crate::operations::{ARTEFACT, DECK_RUN, EXECUTION};
use crate::order::RunOrder;
use crate::prow_error::ProwError;
use crate::report::ConsistencyReport;
use crate::run::{ProwRun, RunHandle, RunId, RunPage, RunSource};
use crate::start;
use crate::wire::{Execution, Finished, JobNameIn, prow_job};

/// Looks for the page of a run that was just started (spec 04 §6).
const PAGE_LOOKS: u32 = 5;
/// Between two of them.
const PAGE_WAIT: Duration = Duration::from_secs(5);
/// Longest ProwJob that is read, bytes.
const LONGEST_JOB: usize = 4 * 1024 * 1024;
/// Where the report of the image-consistency job is, below the run.
const REPORT: &str = "artifacts/image-consistency-check/release-qe-tests-image-consistency-check/\
                      artifacts/image-consistency-report.json";

/// Reads about runs of Prow jobs.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ProwRead: Send + Sync {
    /// The run as Deck shows it; `None` when Deck does not know it: not yet, or not any more.
    /// Needs no credential.
    async fn run(&self, id: &RunId) -> Result<Option<ProwRun>, ProwError>;

    /// The run wherever it left a trace: Deck, the artefacts of its page, Gangway. `None` when
    /// everybody was asked and nobody knows it; then [`crate::is_lost`] decides. An error when
    /// somebody could not be asked and the others know nothing (spec 04 §6).
    async fn trace(&self, run: &RunHandle) -> Result<Option<ProwRun>, ProwError>;

    /// The run of `job` that carries the id `attempt`: how a run is found whose id was lost
    /// (spec 04 §5.1). `None` only when all runs of the job were looked through.
    async fn find_attempt(&self, job: &str, attempt: &str) -> Result<Option<ProwRun>, ProwError>;

    /// Waits up to 25 s until a run that was just started has its page (spec 04 §6); the run is
    /// there also when this fails with [`ProwError::NoPageYet`].
    async fn await_page(&self, id: &RunId) -> Result<ProwRun, ProwError>;

    /// What the image-consistency job wrote about itself; `None` when it wrote nothing.
    async fn consistency_report(
        &self,
        page: &RunPage,
    ) -> Result<Option<ConsistencyReport>, ProwError>;
}

/// Starts runs of Prow jobs.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ProwWrite: Send + Sync {
    /// Starts a run, at most once per attempt id.
    ///
    /// When the answer is lost the runs of the job are searched for the attempt's annotation for a
    /// minute and the run found is adopted; only when it surely is not there it is started again,
    /// four times in sum. Where it cannot be looked up the error is [`ProwError::Unknown`].
    async fn start(&self, order: &RunOrder) -> Result<StartedRun, ProwError>;
}

/// A run that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedRun {
    /// Its id: store it before anything else is done.
    pub id: RunId,
    /// Whether it was found after its answer had been lost.
    pub adopted: bool,
}

/// Gangway, Deck and the public artefacts over HTTP. Clones share Gangway's budget of requests.
#[derive(Clone)]
pub struct HttpProw {
    pub(crate) gangway: ServiceClient,
    deck: ServiceClient,
    gcs: ServiceClient,
    pub(crate) token: SecretSource,
    pub(crate) name_in: JobNameIn,
}

impl HttpProw {
    /// A client whose `token` (`APITOKEN`) is read only by calls to Gangway.
    pub fn new(http: &HttpClient, token: SecretSource) -> Self {
        Self {
            gangway: http.service(Service::Gangway),
            deck: http.service(Service::Deck),
            gcs: http.service(Service::Gcs),
            token,
            name_in: JobNameIn::default(),
        }
    }

    /// The same, with the job's name elsewhere in the request (`gangway.job_name_in`).
    #[must_use]
    pub fn job_name_in(mut self, name_in: JobNameIn) -> Self {
        self.name_in = name_in;
        self
    }

    /// The run in Gangway's words, which know neither environment nor annotations.
    async fn execution(&self, id: &RunId) -> Result<Option<ProwRun>, ProwError> {
        let path = format!("v1/executions/{}", encode_segment(id.as_str()));
        let call = self.gangway.call(EXECUTION.name, Method::GET, path).bearer(self.token.clone());
        let Some(reply) = found(call.accept(&[404]).send().await)? else { return Ok(None) };
        let execution: Execution = reply.json()?;
        let answered = execution.id.clone();
        match execution.into_run() {
            Some(run) if run.id.as_ref() == Some(id) => Ok(Some(run)),
            _ => Err(ProwError::OtherRun { asked: id.clone(), answered }),
        }
    }

    /// An artefact of a run; `None` when it is not there. Only public buckets answer everybody.
    async fn artefact(&self, page: &RunPage, name: &str) -> Result<Option<Reply>, ProwError> {
        let call = self.gcs.call(ARTEFACT.name, Method::GET, page.object(name));
        found(call.accept(&[404]).body_limit(LONGEST_JOB).send().await)
    }

    /// The run as its artefacts tell it: the ProwJob itself, else the summary.
    async fn left_behind(&self, page: &RunPage) -> Result<Option<ProwRun>, ProwError> {
        if let Some(reply) = self.artefact(page, "prowjob.json").await? {
            let run = read_job(&reply, RunSource::ProwJobFile)?;
            // The copy may be older than the end of the run: then the summary knows more.
            if run.completed_at.is_some() {
                return Ok(Some(run));
            }
            return Ok(Some(match self.finished(page).await? {
                Some(end) => ProwRun { state: end.state, completed_at: end.completed_at, ..run },
                None => run,
            }));
        }
        self.finished(page).await
    }

    async fn finished(&self, page: &RunPage) -> Result<Option<ProwRun>, ProwError> {
        let Some(reply) = self.artefact(page, "finished.json").await? else { return Ok(None) };
        Ok(reply.json::<Finished>()?.into_run(page))
    }
}

impl fmt::Debug for HttpProw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpProw")
    }
}

#[async_trait]
impl ProwRead for HttpProw {
    #[tracing::instrument(name = "deck.run", skip_all, fields(id = %id))]
    async fn run(&self, id: &RunId) -> Result<Option<ProwRun>, ProwError> {
        let call = self.deck.call(DECK_RUN.name, Method::GET, "prowjob").query("prowjob", id);
        let sent = call.accept(&[404]).body_limit(LONGEST_JOB).send().await;
        let Some(reply) = found(sent)? else { return Ok(None) };
        let run = read_job(&reply, RunSource::Deck)?;
        match &run.id {
            Some(answered) if answered != id => {
                Err(ProwError::OtherRun { asked: id.clone(), answered: answered.to_string() })
            }
            _ => Ok(Some(ProwRun { id: Some(id.clone()), ..run })),
        }
    }

    #[tracing::instrument(name = "prow.trace", skip_all)]
    async fn trace(&self, handle: &RunHandle) -> Result<Option<ProwRun>, ProwError> {
        let mut trouble = None;
        if let Some(id) = &handle.id {
            match self.run(id).await {
                Ok(Some(run)) => return Ok(Some(run)),
                Ok(None) => {}
                Err(error) => trouble = Some(error),
            }
        }
        if let Some(page) = &handle.page {
            match self.left_behind(page).await {
                Ok(Some(run)) => {
                    return Ok(Some(ProwRun { id: run.id.or(handle.id.clone()), ..run }));
                }
                Ok(None) => {}
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        if let Some(id) = &handle.id {
            match self.execution(id).await {
                Ok(Some(run)) => return Ok(Some(run)),
                Ok(None) => {}
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        trouble.map_or(Ok(None), Err)
    }

    #[tracing::instrument(name = "gangway.find_attempt", skip_all, fields(job, attempt))]
    async fn find_attempt(&self, job: &str, attempt: &str) -> Result<Option<ProwRun>, ProwError> {
        start::Search::new(job, attempt).look(self).await
    }

    #[tracing::instrument(name = "deck.await_page", skip_all, fields(id = %id))]
    async fn await_page(&self, id: &RunId) -> Result<ProwRun, ProwError> {
        let mut trouble = None;
        for look in 1..=PAGE_LOOKS {
            match self.run(id).await {
                Ok(Some(run)) if run.url.is_some() => return Ok(run),
                Ok(_) => trouble = None,
                Err(error) => trouble = Some(error),
            }
            if look < PAGE_LOOKS {
                sleep(PAGE_WAIT).await;
            }
        }
        let waited = PAGE_WAIT * (PAGE_LOOKS - 1);
        Err(trouble.unwrap_or(ProwError::NoPageYet { id: id.clone(), waited }))
    }

    #[tracing::instrument(name = "gcs.consistency_report", skip_all)]
    async fn consistency_report(
        &self,
        page: &RunPage,
    ) -> Result<Option<ConsistencyReport>, ProwError> {
        match self.artefact(page, REPORT).await? {
            Some(reply) => Ok(Some(reply.json()?)),
            None => Ok(None),
        }
    }
}

#[async_trait]
impl ProwWrite for HttpProw {
    #[tracing::instrument(name = "gangway.start", skip_all, fields(job = order.job()))]
    async fn start(&self, order: &RunOrder) -> Result<StartedRun, ProwError> {
        start::start(self, order).await
    }
}

fn found(sent: Result<Reply, HttpError>) -> Result<Option<Reply>, ProwError> {
    let reply = sent?;
    Ok((reply.status != StatusCode::NOT_FOUND).then_some(reply))
}

fn read_job(reply: &Reply, source: RunSource) -> Result<ProwRun, ProwError> {
    let malformed = |problem: &str| reply.malformed("ProwJob", ".", problem);
    let text = std::str::from_utf8(&reply.body).map_err(|error| malformed(&error.to_string()))?;
    Ok(prow_job(text, source).map_err(|problem| malformed(&problem))?)
}
