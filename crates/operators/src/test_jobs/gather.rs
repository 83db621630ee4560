//! What is to be found out about a run (spec 04 §6, §7.3).

use jiff::Timestamp;
use oar_prow_jobs::result_file::RunFacts;
use oar_prow_jobs::verdict::REPORT_WINDOW;
use oar_prow_jobs::{ArtifactsError, ProwError, ProwRun, RecordedRun, RunHandle, RunId, is_lost};
use oar_release::ErrorClass;
use oar_release::time::stamp;

use super::Desk;
use crate::error::Classed;

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

/// Whether a run that has ended may have left a report that nobody has read.
pub(super) fn may_have_report(
    desk: &Desk,
    run: &RecordedRun,
    is_upgrade: bool,
    now: Timestamp,
) -> bool {
    let is_recent = run.ended_at().is_some_and(|at| now.duration_since(at) < REPORT_WINDOW);
    let is_asked = desk.artifacts.is_some() && !is_upgrade && !run.has_summary;
    is_asked && is_recent && run.page().is_some()
}

/// The counts in the report of a run that has ended; none where there is no report.
pub(super) async fn report(desk: &Desk, run: &RecordedRun) -> Result<RunFacts, ArtifactsError> {
    let (Some(page), Some(artifacts)) = (run.page(), &desk.artifacts) else {
        return Ok(RunFacts::default());
    };
    Ok(RunFacts { summary: artifacts.test_summary(&page).await?, ..RunFacts::default() })
}

/// How a run that has not ended stands: Deck, then the artefacts, then Gangway; one that nobody knows
/// any more has ended by an error.
pub(super) async fn look(desk: &Desk, run: &RecordedRun) -> Result<RunFacts, GatherError> {
    let now = desk.clock.now();
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
