//! Starting a run at most once (spec 04 §5.1).

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use http::{Method, StatusCode};
use oar_release::effect;
use oar_transport::pause::sleep;
use oar_transport::{HttpError, HttpErrorKind, Reply, encode_segment};
use serde_json::{Map, Value};

use crate::operations::{EXECUTIONS, START};
use crate::order::{ATTEMPT_ANNOTATION, RunOrder};
use crate::prow::{HttpProw, ProwRead as _, StartedRun};
use crate::prow_error::ProwError;
use crate::run::{ProwRun, RunId, RunState};
use crate::wire::{
    Execution, JobNameIn, executions, listed_name, means_unknown_job, refusal, start_body,
};

/// Requests that start a run, in sum.
const ATTEMPTS: u32 = 4;
/// Looks for a run after its answer was lost, over a minute: a new run shows up late.
const LOOKS: u32 = 4;
/// Between two of them.
const LOOK_WAIT: Duration = Duration::from_secs(20);
/// Runs of one job that are read at most while one is searched.
const MOST_RUNS: usize = 64;

/// How one request ended.
enum Sent {
    Started(RunId),
    /// Surely no run.
    Not(ProwError),
    /// Gangway says no, but as a gateway might whose request went through: one look tells.
    SaysNo(ProwError),
    /// Nobody knows.
    Lost {
        used: u32,
        cause: Option<HttpError>,
    },
}

pub(crate) async fn start(prow: &HttpProw, order: &RunOrder) -> Result<StartedRun, ProwError> {
    let mut search = Search::new(order.job(), order.attempt());
    let mut left = ATTEMPTS;
    loop {
        effect::point("gangway.start.before");
        let sent = send(prow, order, left).await;
        effect::point("gangway.start.after");
        let cause = match sent {
            Sent::Started(id) => return Ok(StartedRun { id, adopted: false }),
            Sent::Not(error) => return Err(error),
            Sent::SaysNo(error) => {
                return match search.look(prow).await {
                    Ok(Some(run)) => adopted(run, order),
                    Ok(None) => Err(error),
                    Err(_) => Err(unknown(order, None)),
                };
            }
            Sent::Lost { used, cause } => {
                left = left.saturating_sub(used);
                cause
            }
        };
        tracing::warn!(
            job = order.job(),
            attempt = order.attempt(),
            "the answer was lost, looking"
        );
        match search.look_for_a_minute(prow).await {
            Ok(Some(run)) => return adopted(run, order),
            Ok(None) if left > 0 => {}
            // It was looked up: the last request, too, started nothing.
            Ok(None) => return Err(cause.map_or_else(|| unknown(order, None), not_there)),
            Err(_) => return Err(unknown(order, cause)),
        }
    }
}

fn adopted(run: ProwRun, order: &RunOrder) -> Result<StartedRun, ProwError> {
    let id = run.id.ok_or_else(|| unknown(order, None))?;
    tracing::info!(job = order.job(), id = %id, "the run is there, it is adopted");
    Ok(StartedRun { id, adopted: true })
}

fn unknown(order: &RunOrder, cause: Option<HttpError>) -> ProwError {
    let (job, attempt) = (order.job().to_owned(), order.attempt().to_owned());
    ProwError::Unknown { job, attempt, source: cause.map(Box::new) }
}

fn not_there(cause: HttpError) -> ProwError {
    ProwError::Unavailable { service: cause.service(), source: Box::new(cause) }
}

async fn send(prow: &HttpProw, order: &RunOrder, attempts: u32) -> Sent {
    let path = match prow.name_in {
        JobNameIn::Path => format!("v1/executions/{}", encode_segment(order.job())),
        JobNameIn::Body => "v1/executions".to_owned(),
    };
    let call = prow
        .gangway
        .call(START.name, Method::POST, path)
        .bearer(prow.token.clone())
        .idempotency(START.idempotency)
        .json(&start_body(order, prow.name_in))
        .attempts(attempts)
        // It is read for its reason: a name that nobody knows is a 500, too.
        .accept(&[500]);
    match call.send().await {
        Ok(reply) if reply.status == StatusCode::INTERNAL_SERVER_ERROR => {
            let said = reply.header("grpc-message").map(str::to_owned);
            let said = said.or_else(|| refusal(&String::from_utf8_lossy(&reply.body)));
            refused(order, said, &reply)
        }
        Ok(reply) => started(&reply),
        Err(error) => not_started(order, error),
    }
}

fn refused(order: &RunOrder, said: Option<String>, reply: &Reply) -> Sent {
    let job = order.job().to_owned();
    match said {
        Some(message) if means_unknown_job(&message) => {
            Sent::Not(ProwError::UnknownJob { job, message })
        }
        Some(message) => Sent::SaysNo(ProwError::Refused { job, message, passing: true }),
        None => {
            let cause = reply.malformed("refusal", ".", "a 500 without a reason");
            Sent::Lost { used: 1, cause: Some(cause) }
        }
    }
}

/// Reads the id in an answer that says "started".
fn started(reply: &Reply) -> Sent {
    let answer = match reply.json::<Map<String, Value>>() {
        Ok(answer) => answer,
        Err(error) => {
            let error = ProwError::from(error);
            return match error {
                // The sign-in page comes from the proxy; Gangway has not seen the request.
                ProwError::SignInPage(_) => Sent::Not(error),
                ProwError::Http { source, .. } => Sent::Lost { used: 1, cause: Some(*source) },
                error => Sent::Not(error),
            };
        }
    };
    let id = answer.get("id").and_then(Value::as_str).unwrap_or_default();
    match id.parse() {
        Ok(id) => Sent::Started(id),
        Err(error) => {
            let cause = reply.malformed("started run", "id", &error.to_string());
            Sent::Lost { used: 1, cause: Some(cause) }
        }
    }
}

fn not_started(order: &RunOrder, error: HttpError) -> Sent {
    let used = error.attempts();
    match error.kind() {
        HttpErrorKind::Unknown => {
            let says_no = !matches!(error.status().map(|s| s.as_u16()), Some(502 | 504));
            match error.body().filter(|_| says_no).and_then(refusal) {
                Some(message) => {
                    let job = order.job().to_owned();
                    Sent::SaysNo(ProwError::Refused { job, message, passing: true })
                }
                None => Sent::Lost { used, cause: Some(error) },
            }
        }
        HttpErrorKind::TooLarge { .. } => Sent::Lost { used, cause: Some(error) },
        HttpErrorKind::Rejected { status } if status.is_client_error() => {
            let message = error.body().and_then(refusal).unwrap_or_else(|| status.to_string());
            Sent::Not(ProwError::Refused { job: order.job().to_owned(), message, passing: false })
        }
        HttpErrorKind::Conflict | HttpErrorKind::Unprocessable | HttpErrorKind::NotFound => {
            let message = error.body().and_then(refusal);
            let message = message.unwrap_or_else(|| error.kind().to_string());
            Sent::Not(ProwError::Refused { job: order.job().to_owned(), message, passing: false })
        }
        _ => Sent::Not(error.into()),
    }
}

/// A search for the run of an attempt; it reads no run twice that cannot be the one.
pub(crate) struct Search<'a> {
    job: &'a str,
    attempt: &'a str,
    others: BTreeSet<String>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(job: &'a str, attempt: &'a str) -> Self {
        Self { job, attempt, others: BTreeSet::new() }
    }

    /// One look through all runs of the job, those first that are alive.
    pub(crate) async fn look(&mut self, prow: &HttpProw) -> Result<Option<ProwRun>, ProwError> {
        let mut runs = self.list(prow).await?;
        runs.retain(|run| run.job_name == self.job && !self.others.contains(&run.id));
        runs.sort_by_key(|run| has_ended(&run.job_status));
        let too_many = runs.len() > MOST_RUNS;
        runs.truncate(MOST_RUNS);
        let reads = runs.iter().map(|run| async move {
            match run.id.parse::<RunId>() {
                Ok(id) => prow.run(&id).await,
                Err(_) => Ok(None),
            }
        });
        let (mut found, mut trouble) = (None::<ProwRun>, None);
        for (listed, read) in runs.iter().zip(join_all(reads).await) {
            match read {
                Ok(Some(run)) if self.is_ours(&run) => {
                    let first =
                        found.as_ref().is_none_or(|other| run.started_at < other.started_at);
                    found = if first { Some(run) } else { found };
                }
                Ok(Some(_)) => drop(self.others.insert(listed.id.clone())),
                // Deck is behind: the next look may show it.
                Ok(None) => {}
                Err(error) => trouble = Some(error),
            }
        }
        match (found, trouble) {
            (Some(run), _) => Ok(Some(run)),
            (None, Some(error)) => Err(error),
            (None, None) if too_many => {
                Err(ProwError::TooMany { job: self.job.to_owned(), limit: MOST_RUNS })
            }
            (None, None) => Ok(None),
        }
    }

    async fn look_for_a_minute(&mut self, prow: &HttpProw) -> Result<Option<ProwRun>, ProwError> {
        for _ in 1..LOOKS {
            if let Some(run) = self.look(prow).await? {
                return Ok(Some(run));
            }
            sleep(LOOK_WAIT).await;
        }
        self.look(prow).await
    }

    fn is_ours(&self, run: &ProwRun) -> bool {
        run.job == self.job
            && run.annotations.get(ATTEMPT_ANNOTATION).is_some_and(|id| id == self.attempt)
    }

    async fn list(&self, prow: &HttpProw) -> Result<Vec<Execution>, ProwError> {
        let call = prow
            .gangway
            .call(EXECUTIONS.name, Method::GET, "v1/executions")
            .query("job_name", listed_name(self.job))
            .bearer(prow.token.clone());
        let reply = call.send().await?;
        let list = executions(reply.json()?);
        Ok(list.map_err(|problem| reply.malformed("list of runs", "job_execution", &problem))?)
    }
}

fn has_ended(status: &str) -> bool {
    matches!(
        RunState::from_word(status),
        Some(RunState::Success | RunState::Failure | RunState::Aborted | RunState::Error)
    )
}
