//! What is to be found out about a run (spec 04 §6, §7.3).

use jiff::Timestamp;
use oar_prow_jobs::result_file::RunFacts;
use oar_prow_jobs::verdict::REPORT_WINDOW;
use oar_prow_jobs::{
    ArtifactsError, ProwError, ProwRun, RecordedRun, RunHandle, RunId, RunPage, is_lost,
};
use oar_release::ErrorClass;
use oar_release::time::{parse_stamp, stamp};

use super::Desk;
use crate::error::Classed;
use crate::report::error_chain;

/// A run that cannot be looked at. What is stored about it stays.
#[derive(Debug, thiserror::Error)]
pub(super) enum GatherError {
    #[error("{id:?} is no id of a run")]
    BadId { id: String },
    #[error(transparent)]
    Prow(#[from] ProwError),
    #[error(transparent)]
    Artifacts(#[from] ArtifactsError),
}

impl Classed for GatherError {
    fn class_of(&self) -> ErrorClass {
        match self {
            Self::BadId { .. } => ErrorClass::Undetermined,
            Self::Prow(error) => error.class(),
            Self::Artifacts(error) => error.class(),
        }
    }
}

/// What was found out about one run.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) facts: RunFacts,
    /// Why its test counts are missing.
    pub(super) warning: Option<String>,
}

/// Looks at a run that has not ended, and for the report of one that has.
pub(super) async fn gather(
    desk: &Desk,
    run: &RecordedRun,
    is_upgrade: bool,
) -> Result<Gathered, GatherError> {
    let now = desk.clock.now();
    let facts = if run.is_completed() { RunFacts::default() } else { look(desk, run, now).await? };
    let mut gathered = Gathered { facts, warning: None };
    if is_upgrade || run.has_summary {
        return Ok(gathered);
    }
    let ended = gathered.facts.completed_at.as_deref().or(run.completed_at.as_deref());
    let ended = ended.and_then(parse_stamp);
    let is_recent = ended.is_some_and(|at| now.duration_since(at) < REPORT_WINDOW);
    let page = page(run, &gathered.facts);
    if let (true, Some(page), Some(artifacts)) = (is_recent, page, &desk.artifacts) {
        match artifacts.test_summary(&page).await {
            Ok(summary) => gathered.facts.summary = summary,
            Err(error) => gathered.warning = Some(error_chain(&error)),
        }
    }
    Ok(gathered)
}

/// Whether there is anything to find out about a run that has ended.
pub(super) fn is_worth_a_look(
    desk: &Desk,
    run: &RecordedRun,
    is_upgrade: bool,
    now: Timestamp,
) -> bool {
    let may_have_report = || {
        let is_recent = run.ended_at().is_some_and(|at| now.duration_since(at) < REPORT_WINDOW);
        let is_asked = desk.artifacts.is_some() && !is_upgrade && !run.has_summary;
        is_asked && is_recent && run.page().is_some()
    };
    !run.is_completed() || may_have_report()
}

fn page(run: &RecordedRun, facts: &RunFacts) -> Option<RunPage> {
    facts.url.as_deref().and_then(|url| url.parse().ok()).or_else(|| run.page())
}

/// Deck, then the artefacts, then Gangway; a run that nobody knows any more has ended by an error.
async fn look(desk: &Desk, run: &RecordedRun, now: Timestamp) -> Result<RunFacts, GatherError> {
    let id: RunId = run.id.parse().map_err(|_| GatherError::BadId { id: run.id.clone() })?;
    if let Some(found) = desk.prow.read.run(&id).await? {
        return Ok(RunFacts::of(&found));
    }
    if let Some(found) = left_behind(desk, &id, run).await? {
        return Ok(RunFacts::of(&found));
    }
    match run.began_at() {
        Some(began) if is_lost(began, now) => {
            tracing::error!(id = %id, "the run left no trace for two days, it counts as an error");
            Ok(RunFacts {
                state: Some("error".to_owned()),
                completed_at: Some(stamp(now)),
                ..RunFacts::default()
            })
        }
        Some(_) => Ok(RunFacts::default()),
        // Nobody wrote down when it was started: it was before now.
        None => Ok(RunFacts { triggered_at: Some(stamp(now)), ..RunFacts::default() }),
    }
}

async fn left_behind(
    desk: &Desk,
    id: &RunId,
    run: &RecordedRun,
) -> Result<Option<ProwRun>, GatherError> {
    let handle = |page| RunHandle { id: Some(id.clone()), page };
    let Some(artifacts) = &desk.artifacts else {
        return Ok(desk.prow.read.trace(&handle(run.page())).await?);
    };
    let found = match run.page() {
        Some(page) => artifacts.run(&page).await,
        None => Ok(None),
    };
    match found {
        Ok(Some(found)) => Ok(Some(found)),
        Ok(None) => Ok(desk.prow.read.trace(&handle(None)).await?),
        // Gangway may know it; if not, it is not known whether the run is lost.
        Err(error) => match desk.prow.read.trace(&handle(None)).await {
            Ok(Some(found)) => Ok(Some(found)),
            _ => Err(error.into()),
        },
    }
}
