//! A folder as state repository.
//!
//! Every access holds a kernel lock on `.oar/lock`, shared to read and exclusive to commit, so that
//! a reader never sees half a commit. The lock ends with the process, however it ends.

mod folder;
mod journal;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use oar_release::effect;

use crate::blob::blob_id;
use crate::error::RepoError;
use crate::port::{Commit, Committed, Entry, Exclusive, Expected, RepoPath, StateRepo, StoredFile};
use folder::{Folder, Turn};
use journal::Journal;

/// A folder of files with compare-and-swap, for one machine.
#[derive(Debug, Clone)]
pub struct LocalRepo {
    folder: Arc<Folder>,
    /// Lines up the updates of this process, so that at most one waits for the kernel's lock.
    updates: Arc<tokio::sync::Mutex<()>>,
}

impl LocalRepo {
    /// The folder at `root`, which must exist when it is used. Does no input or output.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { folder: Arc::new(Folder::new(root.into())), updates: Arc::default() }
    }

    /// Runs `work` where blocking is allowed.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, RepoError> + Send + 'static,
    ) -> Result<T, RepoError> {
        let folder = Arc::clone(&self.folder);
        let location = self.location();
        let task = tokio::task::spawn_blocking(move || work(&folder));
        task.await.map_err(|source| RepoError::Unknown { location, source: Box::new(source) })?
    }
}

#[async_trait]
impl StateRepo for LocalRepo {
    async fn read(&self, path: &RepoPath) -> Result<Option<StoredFile>, RepoError> {
        let path = path.clone();
        self.blocking(move |folder| {
            let _lock = readable(folder)?;
            folder.read(&path)
        })
        .await
    }

    async fn list(&self, folder: &RepoPath) -> Result<Vec<Entry>, RepoError> {
        let below = folder.clone();
        self.blocking(move |folder| {
            let _lock = readable(folder)?;
            folder.list(&below)
        })
        .await
    }

    async fn read_many(
        &self,
        paths: &[RepoPath],
    ) -> Result<Vec<(RepoPath, StoredFile)>, RepoError> {
        let paths = paths.to_vec();
        self.blocking(move |folder| {
            let _lock = readable(folder)?;
            let mut found = Vec::with_capacity(paths.len());
            for path in paths {
                found.extend(folder.read(&path)?.map(|file| (path, file)));
            }
            Ok(found)
        })
        .await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, RepoError> {
        let commit = commit.clone();
        self.blocking(move |folder| apply(folder, &commit)).await
    }

    async fn exclusive(&self) -> Result<Exclusive, RepoError> {
        let in_process = Arc::clone(&self.updates).lock_owned().await;
        let across = self.blocking(|folder| folder.lock(Turn::Update)).await?;
        // Tuples drop front to back: the kernel's lock goes first.
        Ok(Exclusive::holding((across, in_process)))
    }

    fn location(&self) -> String {
        format!("folder {}", self.folder.root().display())
    }
}

/// A lock under which the folder holds whole commits only.
fn readable(folder: &Folder) -> Result<Option<File>, RepoError> {
    loop {
        let lock = folder.lock_to_read()?;
        if !Journal::is_pending(folder) {
            return Ok(lock);
        }
        // Someone died in the middle of a commit: finish it, then look again.
        drop(lock);
        let _lock = folder.lock(Turn::Commit)?;
        Journal::recover(folder)?;
    }
}

fn apply(folder: &Folder, commit: &Commit) -> Result<Committed, RepoError> {
    let _lock = folder.lock(Turn::Commit)?;
    Journal::recover(folder)?;
    let mut versions = Vec::with_capacity(commit.changes.len());
    for change in &commit.changes {
        let now = folder.read(&change.path)?;
        let path = change.path.to_string();
        match (&change.expected, now) {
            (Expected::Absent, None) => {}
            (Expected::Absent, Some(_)) => return Err(RepoError::AlreadyExists { path }),
            (Expected::Version(expected), Some(now)) if now.version == *expected => {}
            (Expected::Version(_), _) => return Err(RepoError::Conflict { path }),
        }
        versions.push(change.content.as_deref().map(blob_id));
    }
    effect::point("state_repo.local.before_journal");
    let journal = Journal::of(commit);
    journal.store(folder)?;
    // From here on the commit is decided: whoever comes next finishes it, if this process does not.
    journal.apply(folder, false).map_err(|error| match error {
        RepoError::Unavailable { location, source } => RepoError::Unknown { location, source },
        other => other,
    })?;
    Ok(Committed { versions })
}
