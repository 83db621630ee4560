//! What a run of the check means, and the health of the images (spec 03 §5.1, §11.4).

use futures_util::future::join_all;
use oar_gitlab_shipment::{GitLabRead, NoteKind, NoteText, Shipment, put_note, stage_release};
use oar_images::health::{
    HealthQuestion, HealthReport, HealthVerdict, ShippedImage, watched_image_health,
};
use oar_images::summary::summary_comment;
use oar_prow_jobs::{
    Belongs, CONSISTENCY_JOB, ConsistencyVerdict, ProwRun, RunHandle, RunName, RunPage, RunPhase,
    RunState,
};
use oar_release::time::stamp;
use oar_release::{ErrorClass, JobRef, TaskOutcome};

use super::{Subject, recorded_run, reference};
use crate::report::error_chain;
use crate::runner::{Stage, TaskError, TaskScope};

/// The bucket of the runs that everybody may read.
const BUCKET: &str = "test-platform-results";
/// Images that are listed in the record; the comment has all.
const LISTED: usize = 50;

/// The outcome of the run that a person names.
pub(super) async fn of_named(
    scope: &TaskScope<'_>,
    subject: &Subject,
    name: &RunName,
) -> Result<TaskOutcome, TaskError> {
    let prow = scope.context().services.prow.as_ref().map_err(TaskError::reading)?;
    let known = recorded_run(&subject.state).filter(|job| names(job, name));
    let handle = match name {
        RunName::Id(id) => RunHandle {
            id: Some(id.clone()),
            page: known.as_ref().and_then(|job| job.url.as_deref()?.parse().ok()),
        },
        RunName::Build(number) => {
            RunHandle { id: None, page: RunPage::new(BUCKET, CONSISTENCY_JOB, number) }
        }
    };
    let run = prow.read.trace(&handle).await.map_err(|error| TaskError::reading(&error))?;
    let run = run.ok_or_else(|| {
        let what = "nobody knows this run: not Deck, not its artefacts, not Gangway";
        TaskError::said(ErrorClass::NotFound, Stage::Reading, what)
    })?;
    conclude(scope, subject, &run, known.as_ref()).await
}

/// Whether the recorded job is the one that is named.
fn names(job: &JobRef, name: &RunName) -> bool {
    match name {
        RunName::Id(id) => job.id.as_deref() == Some(id.as_str()),
        RunName::Build(number) => {
            let page = job.url.as_deref().and_then(|url| url.parse::<RunPage>().ok());
            page.is_some_and(|page| page.build_id() == number)
        }
    }
}

/// The outcome of `run`; `known` is what the StateBox remembers of it.
pub(super) async fn conclude(
    scope: &TaskScope<'_>,
    subject: &Subject,
    run: &ProwRun,
    known: Option<&JobRef>,
) -> Result<TaskOutcome, TaskError> {
    match subject.check.belongs(run) {
        Ok(Belongs::Surely) => {}
        Ok(Belongs::JobOnly) if known.is_some() => {}
        Ok(Belongs::JobOnly) => {
            let what = "what is left of this run does not tell which payload it looked at";
            return Err(TaskError::said(ErrorClass::Undetermined, Stage::Reading, what));
        }
        Err(error) => {
            return Err(TaskError::new(ErrorClass::InvalidArgument, Stage::Reading, &error));
        }
    }
    if run.state.is_none() {
        let what = format!("the run has no state: {}", run.shown_state());
        return Err(TaskError::said(ErrorClass::Undetermined, Stage::Reading, what));
    }
    let job = reference(scope, run, known);
    // The lines that other programs look for stay in the record.
    if let Some(id) = &job.id {
        scope.say(format!("Triggered image consistency check Prow job: {id}"));
    }
    if let Some(url) = &job.url {
        scope.say(format!("Prow job URL: {url}"));
    }
    scope.say(format!("the consistency job is {}", run.shown_state()));
    match run.phase() {
        RunPhase::Running => Ok(TaskOutcome::InProgress { job: Some(job) }),
        RunPhase::Unknown => {
            scope.warn("the state of the run is not known: taken for not ended");
            Ok(TaskOutcome::InProgress { job: Some(job) })
        }
        RunPhase::Interrupted => {
            scope.warn("the run was interrupted: the next run of this command starts another");
            Ok(TaskOutcome::Reset)
        }
        RunPhase::Failed => Ok(failed(scope, &job).await),
        RunPhase::Passed => health(scope, subject, job).await,
    }
}

/// The job said no, unless its report says that it could not tell.
async fn failed(scope: &TaskScope<'_>, job: &JobRef) -> TaskOutcome {
    let ended = RunState::Failure;
    let error = format!("the consistency job ended with {ended}");
    let page = job.url.as_deref().and_then(|url| url.parse::<RunPage>().ok());
    let (Some(page), Ok(prow)) = (page, &scope.context().services.prow) else {
        return TaskOutcome::Fail { error };
    };
    match prow.read.consistency_report(&page).await {
        Ok(Some(report)) if report.verdict == ConsistencyVerdict::Undetermined => {
            scope.warn("the job could not look everything up: it is to be run again");
            TaskOutcome::Reset
        }
        Ok(Some(report)) => {
            let missing: Vec<&str> = report.not_found().map(|image| image.name.as_str()).collect();
            for name in missing.iter().take(LISTED) {
                scope.say(format!("neither shipped nor released: {name}"));
            }
            let count = missing.len();
            TaskOutcome::Fail { error: format!("{error}: {count} images are not shipped") }
        }
        Ok(None) => TaskOutcome::Fail { error },
        Err(problem) => {
            scope.warn(format!("the job's report cannot be read: {}", error_chain(&problem)));
            TaskOutcome::Fail { error }
        }
    }
}

/// The second part of the check: every image of the shipment is graded, and well.
pub(super) async fn health(
    scope: &TaskScope<'_>,
    subject: &Subject,
    job: JobRef,
) -> Result<TaskOutcome, TaskError> {
    let services = &scope.context().services;
    let gitlab = services.gitlab.as_ref().map_err(TaskError::reading)?;
    let pyxis = services.pyxis.as_ref().map_err(TaskError::reading)?;
    let release = stage_release(&*gitlab.read, &subject.mr, None).await;
    let release = release.map_err(|error| TaskError::reading(&error))?;
    let (true, Some(shipment)) = (release.report.is_success(), &release.shipment) else {
        scope.warn(format!("image health waits: {}", release.report));
        return Ok(TaskOutcome::InProgress { job: Some(job) });
    };
    shipment
        .require_release(scope.release(), &subject.live_ids)
        .map_err(|error| TaskError::reading(&error))?;
    let question = question(&*gitlab.read, shipment).await;
    let now = scope.context().clock.now();
    let meter = scope.context().progress.start("grading images", Some(question.images.len()));
    let seen = |done, total| meter.at(done, total);
    let report = watched_image_health(&**pyxis, question, now, &seen).await;
    drop(meter);
    tell(scope, &report);
    let text = summary_comment(&report, &scope.release().to_string(), &stamp(now));
    let note = NoteText::new(NoteKind::ImageHealth, scope.release(), &text);
    if let Err(error) = put_note(&*gitlab.read, &*gitlab.write, &subject.mr, &note).await {
        scope.warn(format!("the summary is not on {}: {}", subject.mr, error_chain(&error)));
    }
    Ok(match report.verdict() {
        HealthVerdict::Healthy => TaskOutcome::Pass,
        HealthVerdict::Unhealthy => {
            let count = report.unhealthy.len();
            TaskOutcome::Fail { error: format!("image health: {count} images are unhealthy") }
        }
        HealthVerdict::Undetermined => {
            scope.warn("image health is undetermined: run this command again");
            TaskOutcome::InProgress { job: Some(job) }
        }
    })
}

/// The images of the shipment's stage advisories, and what is missing from them.
async fn question(gitlab: &dyn GitLabRead, shipment: &Shipment) -> HealthQuestion {
    let mut question = HealthQuestion::default();
    let files: Vec<_> = shipment.image_files().filter(|file| file.needs_advisory()).collect();
    let fetched = files.iter().map(|file| async {
        match &file.environments.stage.internal_url {
            None => Err(format!("{} has no stage advisory", file.path)),
            Some(url) => gitlab
                .advisory(url)
                .await
                .map_err(|error| format!("{}: {}", file.path, error_chain(&error))),
        }
    });
    for content in join_all(fetched).await {
        match content {
            Ok(content) => {
                let images = content.images.into_iter().map(|image| ShippedImage {
                    name: image.component.unwrap_or_else(|| "unnamed".to_owned()),
                    pull_spec: image.container_image,
                    architecture: image.architecture.unwrap_or_else(|| "unknown".to_owned()),
                });
                question.images.extend(images);
            }
            Err(gap) => question.gaps.push(gap),
        }
    }
    question
}

fn tell(scope: &TaskScope<'_>, report: &HealthReport) {
    let (found, scanned) = (report.found, report.scanned);
    let (bad, unknown) = (report.unhealthy.len(), report.unknown());
    let counts = format!("{found} found, {scanned} scanned, {bad} unhealthy ({unknown} unknown)");
    scope.say(format!("image health: {counts}"));
    for bad in report.unhealthy.iter().take(LISTED) {
        let image = &bad.image;
        scope.say(format!("unhealthy: {} {} grade {}", image.name, image.architecture, bad.grade));
    }
    for image in report.unavailable.iter().take(LISTED) {
        scope.warn(format!("not looked up: {}: {}", image.image.name, image.reason));
    }
    for gap in &report.gaps {
        scope.warn(gap.clone());
    }
}
