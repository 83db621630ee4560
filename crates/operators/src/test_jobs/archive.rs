//! Old results are put aside (spec 04 §2.3): files that were decided long ago move into a folder of
//! their own, so that what everybody reads in every pass stays small. Nothing is deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use oar_prow_jobs::{
    FOLDER, LatestName, RecordedJob, RecordedRun, ResultFile, ResultName, ToldBuild,
};
use oar_release::{Arch, ErrorClass, YStream};
use oar_state_repo::{Change, Commit, Expected, RepoError, RepoPath, Retry, StoredFile};
use serde::Serialize;

use super::store::{Records, StoredResult};
use super::{Desk, Problem};
use crate::error::OperatorError;

/// The name of the command.
pub const COMMAND: &str = "archive-test-results";
/// Where old files go; below the folder that everybody lists without its subfolders.
pub const ARCHIVE: &str = "_releases/archive";
/// A younger result is never put aside: people still look at it, and links lead to it.
pub const YOUNGEST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Files of one commit.
const AT_ONCE: usize = 50;
/// Before the second attempt; doubled each time.
const PATIENCE: Duration = Duration::from_millis(500);

/// Which files are put aside.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Builds of this y-stream only.
    pub release: Option<YStream>,
    /// Builds whose last run ended longer ago than this; at least [`YOUNGEST`].
    pub older_than: SignedDuration,
    /// At most so many files, the oldest ones.
    pub limit: usize,
}

/// What was put aside.
#[derive(Debug, Clone, Serialize)]
pub struct Archived {
    /// `oar.archive/1`.
    pub schema: &'static str,
    /// The architecture.
    pub arch: Arch,
    /// Result files of the architecture before.
    pub files: usize,
    /// Names of the files that were moved.
    pub archived: Vec<String>,
    /// Where they are now.
    pub folder: &'static str,
    /// What went wrong; the others were moved.
    pub problems: Vec<Problem>,
    /// What a dry run would have changed.
    pub planned_changes: Vec<crate::dry_run::Change>,
}

/// Moves what is old. A file that changes meanwhile stays, and so does the build that the controller
/// saw last: it would look new without its file.
pub async fn run(desk: &Desk, options: &Options) -> Result<Archived, OperatorError> {
    let records = Records::read(desk).await?;
    let (mut old, files) = old(desk, &records, options);
    old.sort_by_key(|(last, _)| *last);
    old.truncate(options.limit);
    let mut report = Archived {
        schema: "oar.archive/1",
        arch: desk.arch,
        files,
        archived: Vec::new(),
        folder: ARCHIVE,
        problems: Vec::new(),
        planned_changes: Vec::new(),
    };
    let old: Vec<StoredResult> = old.into_iter().map(|(_, result)| result).collect();
    for batch in old.chunks(AT_ONCE) {
        if desk.halt.is_called() {
            break;
        }
        match move_all(desk, batch).await {
            Ok((moved, taken)) => {
                report.archived.extend(moved);
                for name in taken {
                    let message = "the archive has another file of this name";
                    report.problems.push(desk.problem_of(&name, ErrorClass::Conflict, message));
                }
            }
            Err(error) => report.problems.push(desk.problem(&desk.records.location(), &error)),
        }
    }
    report.planned_changes = desk.planned_changes();
    Ok(report)
}

/// The files to move with the end of their last run, and how many files there are at all.
fn old(
    desk: &Desk,
    records: &Records,
    options: &Options,
) -> (Vec<(Timestamp, StoredResult)>, usize) {
    let current: BTreeSet<String> = records
        .all()
        .filter(|(path, _)| LatestName::of_path(path).is_some_and(|name| name.arch == desk.arch))
        .filter_map(|(_, stored)| ToldBuild::parse(stored.content.clone()).ok())
        .map(|told| told.build.name().to_owned())
        .collect();
    let (now, age) = (desk.clock.now(), options.older_than.max(YOUNGEST));
    let results = records.results(desk);
    let files = results.len();
    let is_wanted = |result: &StoredResult| {
        let build = &result.name.build;
        options.release.is_none_or(|release| release == build.y_stream())
            && !current.contains(&build.to_string())
    };
    let aged = |result: StoredResult| {
        let last = last_seen(&result.stored.content)?;
        (now.duration_since(last) > age).then_some((last, result))
    };
    (results.into_iter().filter(is_wanted).filter_map(aged).collect(), files)
}

/// When the last run of a decided file ended or began; `None` for one that stays: not decided, damaged,
/// or of unknown age.
fn last_seen(content: &[u8]) -> Option<Timestamp> {
    let file = ResultFile::parse(content).ok().filter(ResultFile::is_aggregated)?;
    let jobs = file.jobs();
    let time = |run: &RecordedRun| run.ended_at().max(run.began_at());
    let times: Option<Vec<Timestamp>> = jobs.iter().flat_map(RecordedJob::runs).map(time).collect();
    times?.into_iter().max()
}

fn archive_path(name: &ResultName) -> Result<RepoPath, RepoError> {
    let path = name.path();
    RepoPath::new(format!("{ARCHIVE}{}", path.strip_prefix(FOLDER).unwrap_or(&path)))
}

/// Moves the files in one commit, each only as it was read. Answers the names of those that are moved,
/// and of those that are in the archive with another content.
async fn move_all(
    desk: &Desk,
    batch: &[StoredResult],
) -> Result<(Vec<String>, Vec<String>), RepoError> {
    let mut pause = PATIENCE;
    let mut attempt = 1;
    loop {
        let (changes, moved, taken) = plan(desk, batch).await?;
        if changes.is_empty() {
            return Ok((moved, taken));
        }
        let subject = format!("Archive {} old test results", changes.len().div_ceil(2));
        let message = desk.message(COMMAND, subject, &[]);
        oar_release::effect::point("test_jobs.archive.before");
        let done = desk.records.commit(&Commit { message, changes }).await;
        oar_release::effect::point("test_jobs.archive.after");
        match done {
            Ok(_) => return Ok((moved, taken)),
            // Planned anew on what is there then: a commit whose answer was lost leaves nothing to do.
            Err(
                RepoError::Conflict { .. }
                | RepoError::AlreadyExists { .. }
                | RepoError::ReplyLost { .. }
                | RepoError::Unknown { .. },
            ) if attempt < Retry::ATTEMPTS => {
                tracing::info!(attempt, "the branch moved, or an answer was lost");
                desk.pause.pause(pause.mul_f64(0.5 + desk.entropy.fraction())).await;
                (attempt, pause) = (attempt + 1, pause * 2);
            }
            Err(error) => return Err(error),
        }
    }
}

type Planned = (Vec<Change>, Vec<String>, Vec<String>);

/// What is left to do for the files of `batch`, which may be moved already.
async fn plan(desk: &Desk, batch: &[StoredResult]) -> Result<Planned, RepoError> {
    let mut paths = Vec::new();
    for result in batch {
        paths.extend([result.path.clone(), archive_path(&result.name)?]);
    }
    let found: BTreeMap<RepoPath, StoredFile> =
        desk.records.read_many(&paths).await?.into_iter().collect();
    let (mut changes, mut moved, mut taken) = (Vec::new(), Vec::new(), Vec::new());
    for (result, pair) in batch.iter().zip(paths.chunks_exact(2)) {
        let [from, to] = pair else { continue };
        let name = result.path.to_string();
        let is_there = found.get(to).map(|file| file.content == result.stored.content);
        match (found.get(from), is_there) {
            // Somebody wrote it meanwhile: it is not old.
            (Some(now), _) if now.version != result.stored.version => continue,
            (Some(_), Some(false)) => {
                taken.push(name);
                continue;
            }
            (None, Some(true)) => {}
            // Neither here nor there: somebody removed it.
            (None, _) => continue,
            (Some(now), is_there) => {
                if is_there.is_none() {
                    let content = Some(now.content.clone());
                    let expected = Expected::Absent;
                    changes.push(Change { path: to.clone(), content, expected });
                }
                let expected = Expected::Version(now.version.clone());
                changes.push(Change { path: from.clone(), content: None, expected });
            }
        }
        moved.push(name);
    }
    Ok((changes, moved, taken))
}

/// The file of a build that was put aside.
pub(super) async fn find(
    desk: &Desk,
    name: &ResultName,
) -> Result<Option<(RepoPath, StoredFile)>, RepoError> {
    let path = archive_path(name)?;
    Ok(desk.records.read(&path).await?.map(|stored| (path, stored)))
}
