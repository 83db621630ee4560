//! One run: start it, look at it.

use oar_prow_jobs::{ProwError, ProwRead, ProwWrite, RunHandle, RunId, RunOrder};

use super::{JobError, RunImages, RunInfo, StartedJob, request};
use crate::dry_run::Recorder;
use crate::report::error_chain;
use crate::services::Ports;

/// What is known about the run `id`; with `poll` it is waited for until it has a page.
pub async fn get(prow: &dyn ProwRead, id: &RunId, poll: bool) -> Result<RunInfo, JobError> {
    if poll {
        return Ok(RunInfo::of(&prow.await_page(id).await?));
    }
    let handle = RunHandle { id: Some(id.clone()), page: None };
    let found = prow.trace(&handle).await?;
    let found = found.ok_or_else(|| JobError::NoRun { id: id.to_string() })?;
    Ok(RunInfo::of(&found))
}

/// Starts a run and waits for its page. That the page does not come in time is a warning: the run
/// is there. With `needs_page` it is an error, which names the run.
pub async fn start(
    prow: &Ports<dyn ProwRead, dyn ProwWrite>,
    order: &RunOrder,
    images: &RunImages,
    needs_page: bool,
    recorder: Option<&Recorder>,
) -> Result<StartedJob, JobError> {
    let started = prow.write.start(order).await?;
    tracing::info!("started {} as {}", order.job(), started.id);
    let shown = prow.read.await_page(&started.id).await;
    let (run, warning) = match shown {
        Ok(run) => {
            let run = RunInfo {
                job_name: order.job().to_owned(),
                payload: images.payload.clone(),
                upgrade_from: images.upgrade_from.clone(),
                upgrade_to: images.upgrade_to.clone(),
                ..RunInfo::of(&run)
            };
            (Some(run), None)
        }
        Err(error @ ProwError::NoPageYet { .. }) if needs_page => return Err(error.into()),
        Err(error) => (None, Some(error_chain(&error))),
    };
    Ok(StartedJob {
        job: order.job().to_owned(),
        request: request(order),
        id: started.id.to_string(),
        adopted: started.adopted,
        run,
        warning,
        planned_changes: recorder.map(Recorder::changes).unwrap_or_default(),
    })
}
