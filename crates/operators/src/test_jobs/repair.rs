//! What people put right by hand: a promotion, a run in the place of another (spec 04 §11).

use oar_prow_jobs::result_file::{BuildVerdict, EditError, ResultFile};
use oar_prow_jobs::{ResultName, RunId};
use oar_release::{BuildName, ErrorClass};
use oar_state_repo::{Decision, RepoPath, StoredFile, UpdateError, update_file};
use serde::Serialize;

use super::label::{self, ACCEPTED, Labelled};
use super::{Desk, Problem};
use crate::dry_run::Change;
use crate::error::{Classed, OperatorError};

/// The name of the command that promotes a build.
pub const PROMOTE: &str = "promote-test-results";
/// The name of the command that replaces a run.
pub const REPLACE: &str = "update-retried-job-run";

/// A repair that does not fit; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The build was not tested, or its file is called otherwise.
    #[error("there is no test result of {build} in {location}")]
    NoFile {
        /// The build.
        build: BuildName,
        /// Where it was looked for.
        location: String,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Malformed(#[from] oar_prow_jobs::result_file::MalformedResultFile),
    /// Job or run are not in the file, or the new run is already.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Nobody knows the new run.
    #[error("nobody knows run {id}")]
    NoSuchRun {
        /// Its id.
        id: RunId,
    },
    /// The new run is one of another job.
    #[error("run {id} is one of {found}, not of {job}")]
    OtherJob {
        /// The run.
        id: RunId,
        /// Its job.
        found: String,
        /// The job that was named.
        job: String,
    },
}

impl RepairError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::NoFile { .. } | Self::NoSuchRun { .. } => ErrorClass::NotFound,
            Self::Edit(EditError::NoSuchJob { .. } | EditError::NoSuchRun { .. }) => {
                ErrorClass::NotFound
            }
            Self::Malformed(error) => error.class_of(),
            Self::Edit(EditError::RunInUse { .. }) | Self::OtherJob { .. } => {
                ErrorClass::InvalidArgument
            }
        }
    }
}

/// What a repair did.
#[derive(Debug, Clone, Serialize)]
pub struct Repaired {
    /// `oar.repair/1`.
    pub schema: &'static str,
    /// The build.
    pub build: BuildName,
    /// What was done, in words.
    pub done: String,
    /// What readers of the file are told now.
    pub verdict: BuildVerdict,
    /// Whether the file was changed: it may have been so before.
    pub changed: bool,
    /// What went wrong with the label; the file is right.
    pub problems: Vec<Problem>,
    /// What a dry run would have changed.
    pub planned_changes: Vec<Change>,
}

/// Accepts a build by hand: the file says so, and the payload gets its label at once.
pub async fn promote(desk: &Desk, build: &BuildName) -> Result<Repaired, OperatorError> {
    let (verdict, changed) = edit(desk, build, PROMOTE, "promote", |file| {
        file.promote();
        Ok(())
    })
    .await?;
    let mut problems = Vec::new();
    let done = match label::ensure(desk, build, ACCEPTED, true).await {
        Ok(Labelled::Set | Labelled::Before) => "promoted, its payload is labelled",
        Ok(Labelled::Gone) => "promoted; its payload is gone",
        Err(error) => {
            problems.push(desk.problem(&build.to_string(), &error));
            "promoted; the label is left to the aggregator"
        }
    };
    Ok(repaired(desk, build, done.to_owned(), verdict, changed, problems))
}

/// Puts the run `new` in the place of `current`. The run has to exist and to be one of the job.
pub async fn replace_run(
    desk: &Desk,
    build: &BuildName,
    job: &str,
    current: &str,
    new: &RunId,
) -> Result<Repaired, OperatorError> {
    // First the file, read only: a wrong name is told before anybody is asked.
    let (path, _) = place(desk, build)?;
    let mut before = read(desk, build, desk.records.read(&path).await?.as_ref())?;
    before.replace_run(job, current, new).map_err(RepairError::from)?;
    let handle = oar_prow_jobs::RunHandle { id: Some(new.clone()), page: None };
    let run = desk.prow.read.trace(&handle).await?;
    let run = run.ok_or_else(|| RepairError::NoSuchRun { id: new.clone() })?;
    if run.job != job {
        let (id, job) = (new.clone(), job.to_owned());
        return Err(RepairError::OtherJob { id, found: run.job, job }.into());
    }
    let subject = format!("replace run {current}");
    let (verdict, changed) =
        edit(desk, build, REPLACE, &subject, |file| file.replace_run(job, current, new)).await?;
    let done = format!("run {new} counts instead of {current}");
    Ok(repaired(desk, build, done, verdict, changed, Vec::new()))
}

fn repaired(
    desk: &Desk,
    build: &BuildName,
    done: String,
    verdict: BuildVerdict,
    changed: bool,
    problems: Vec<Problem>,
) -> Repaired {
    let (build, planned_changes) = (build.clone(), desk.planned_changes());
    Repaired { schema: "oar.repair/1", build, done, verdict, changed, problems, planned_changes }
}

fn place(desk: &Desk, build: &BuildName) -> Result<(RepoPath, ResultName), OperatorError> {
    let name = ResultName { build: build.clone(), arch: desk.arch };
    Ok((RepoPath::new(name.path())?, name))
}

fn read(
    desk: &Desk,
    build: &BuildName,
    stored: Option<&StoredFile>,
) -> Result<ResultFile, RepairError> {
    let no_file =
        || RepairError::NoFile { build: build.clone(), location: desk.records.location() };
    Ok(ResultFile::parse(&stored.ok_or_else(no_file)?.content)?)
}

/// Applies `change` to the freshest file.
async fn edit(
    desk: &Desk,
    build: &BuildName,
    command: &str,
    subject: &str,
    mut change: impl FnMut(&mut ResultFile) -> Result<(), EditError> + Send,
) -> Result<(BuildVerdict, bool), OperatorError> {
    let (path, _) = place(desk, build)?;
    let message = desk.message(command, format!("{build}: {subject}"), &[]);
    let updated = update_file(&*desk.records, &path, &desk.retry(), |before| {
        let mut file = read(desk, build, before)?;
        let as_it_was = file.clone();
        change(&mut file)?;
        let verdict = file.verdict();
        if file == as_it_was {
            return Ok::<_, RepairError>(Decision::Keep(verdict));
        }
        Ok(Decision::write(file.text().into_bytes(), message.clone(), verdict))
    })
    .await;
    match updated {
        Ok(updated) => Ok((updated.outcome, updated.committed)),
        Err(UpdateError::Refused(error)) => Err(error.into()),
        Err(UpdateError::Repo(error)) => Err(error.into()),
        Err(UpdateError::Contended { path, .. }) => {
            Err(oar_state_repo::RepoError::Conflict { path }.into())
        }
    }
}
