//! The loop behind a change of many files in one commit: no update is lost, none is doubled.

use std::collections::BTreeMap;

use crate::error::RepoError;
use crate::pause::Retry;
use crate::port::{
    Change, Commit, CommitMessage, Expected, FileVersion, RepoPath, StateRepo, StoredFile,
};

/// What shall become of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// It stays as it is.
    Keep,
    /// It is replaced or created.
    Write(Vec<u8>),
    /// It is removed.
    Delete,
}

/// A function from the freshest content of a file to what shall become of it. It may run several
/// times and must depend on nothing but its argument and itself.
pub type Decide<'d> = Box<dyn FnMut(Option<&StoredFile>) -> Edit + Send + 'd>;

/// One file of a change.
pub struct FileEdit<'d> {
    /// Which file.
    pub path: RepoPath,
    /// The file as it was read; `None` for one that was not there.
    pub before: Option<StoredFile>,
    /// What shall become of it.
    pub decide: Decide<'d>,
}

impl std::fmt::Debug for FileEdit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileEdit").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A file after the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNow {
    /// Which file.
    pub path: RepoPath,
    /// Its content now; `None` when it is not there.
    pub file: Option<StoredFile>,
    /// True when this change made it so.
    pub changed: bool,
}

/// Changes all of `edits` in one commit, and makes none when nothing changes.
///
/// The first attempt builds on what the caller has read. When someone else changed one of the files
/// or moved the branch meanwhile, it waits (0.5 s doubling to 10 s, ±50 %), reads all of them anew and
/// decides again, five times in all.
pub async fn update_files(
    repo: &dyn StateRepo,
    mut edits: Vec<FileEdit<'_>>,
    message: &CommitMessage,
    retry: &Retry<'_>,
) -> Result<Vec<FileNow>, RepoError> {
    let _turn = repo.exclusive().await?;
    let mut failure = None;
    for attempt in 1..=Retry::ATTEMPTS {
        if attempt > 1 {
            retry.wait(attempt - 1).await;
            read_again(repo, &mut edits).await?;
        }
        let (changes, places) = changes_of(&mut edits);
        if changes.is_empty() {
            return Ok(as_they_are(edits, &places, &[]));
        }
        let commit = Commit { message: message.clone(), changes };
        match repo.commit(&commit).await {
            Ok(done) => return Ok(as_they_are(edits, &places, &merged(commit, done.versions))),
            Err(error @ (RepoError::Conflict { .. } | RepoError::AlreadyExists { .. })) => {
                tracing::info!(attempt, "someone else was faster");
                failure = Some(error);
            }
            Err(error @ (RepoError::ReplyLost { .. } | RepoError::Unknown { .. })) => {
                // If it is there the next decision finds nothing left to change.
                tracing::info!(attempt, "the answer to a commit was lost");
                failure = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(failure.unwrap_or_else(|| RepoError::Conflict { path: repo.location() }))
}

/// The changes, and for each the number of its edit.
fn changes_of(edits: &mut [FileEdit<'_>]) -> (Vec<Change>, Vec<usize>) {
    let (mut changes, mut places) = (Vec::new(), Vec::new());
    for (place, edit) in edits.iter_mut().enumerate() {
        let content = match ((edit.decide)(edit.before.as_ref()), &edit.before) {
            (Edit::Keep, _) | (Edit::Delete, None) => continue,
            (Edit::Write(content), Some(before)) if before.content == content => continue,
            (Edit::Write(content), _) => Some(content),
            (Edit::Delete, Some(_)) => None,
        };
        let version = edit.before.as_ref().map(|before| before.version.clone());
        let expected = version.map_or(Expected::Absent, Expected::Version);
        changes.push(Change { path: edit.path.clone(), content, expected });
        places.push(place);
    }
    (changes, places)
}

async fn read_again(repo: &dyn StateRepo, edits: &mut [FileEdit<'_>]) -> Result<(), RepoError> {
    if let [edit] = edits {
        edit.before = repo.read(&edit.path).await?;
        return Ok(());
    }
    let paths: Vec<RepoPath> = edits.iter().map(|edit| edit.path.clone()).collect();
    let mut found: BTreeMap<RepoPath, StoredFile> =
        repo.read_many(&paths).await?.into_iter().collect();
    for edit in edits {
        edit.before = found.remove(&edit.path);
    }
    Ok(())
}

/// The files that a commit left behind, in the order of its changes.
fn merged(commit: Commit, versions: Vec<Option<FileVersion>>) -> Vec<Option<StoredFile>> {
    let file = |(change, version): (Change, Option<FileVersion>)| {
        Some(StoredFile { content: change.content?, version: version? })
    };
    commit.changes.into_iter().zip(versions).map(file).collect()
}

fn as_they_are(
    edits: Vec<FileEdit<'_>>,
    places: &[usize],
    after: &[Option<StoredFile>],
) -> Vec<FileNow> {
    let now = |(place, edit): (usize, FileEdit<'_>)| match places
        .iter()
        .position(|at| *at == place)
        .and_then(|at| after.get(at))
    {
        Some(file) => FileNow { path: edit.path, file: file.clone(), changed: true },
        None => FileNow { path: edit.path, file: edit.before, changed: false },
    };
    edits.into_iter().enumerate().map(now).collect()
}
