//! The journal that makes a commit one step, and the log of commits.
//!
//! A commit is decided when its journal has its final name; before that nothing happened, after that
//! whoever holds the lock next finishes it. Applying is repeatable.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};

use oar_release::effect;
use serde::{Deserialize, Serialize};

use super::folder::{Folder, sync_folder, write_whole};
use crate::error::RepoError;
use crate::port::{Commit, RepoPath};

const JOURNAL: &str = "journal";
const LOG: &str = "log";

/// A decided commit.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    message: String,
    files: Vec<FileChange>,
}

#[derive(Debug, Serialize, Deserialize)]
struct FileChange {
    path: String,
    /// The new bytes in hexadecimal digits; absent to delete the file.
    content: Option<String>,
}

/// A line of the log.
#[derive(Debug, Serialize)]
struct LogLine<'j> {
    message: &'j str,
    paths: Vec<&'j str>,
}

impl Journal {
    pub(super) fn of(commit: &Commit) -> Self {
        let file = |change: &crate::port::Change| FileChange {
            path: change.path.to_string(),
            content: change.content.as_ref().map(hex::encode),
        };
        Self { message: commit.message.render(), files: commit.changes.iter().map(file).collect() }
    }

    pub(super) fn is_pending(folder: &Folder) -> bool {
        folder.own(JOURNAL).exists()
    }

    /// Finishes the commit that someone left; the caller holds the lock.
    pub(super) fn recover(folder: &Folder) -> Result<(), RepoError> {
        let path = folder.own(JOURNAL);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            text => text.map_err(|error| folder.error(&path, error))?,
        };
        let journal: Self = serde_json::from_slice(&text).map_err(|error| {
            let problem = format!("the journal of an unfinished commit is damaged: {error}");
            RepoError::Malformed { location: path.display().to_string(), problem }
        })?;
        tracing::warn!(journal = %path.display(), "finishing a commit that was interrupted");
        journal.apply(folder, true)
    }

    /// Decides the commit.
    pub(super) fn store(&self, folder: &Folder) -> Result<(), RepoError> {
        let path = folder.own(JOURNAL);
        let temporary = folder.own("journal-next");
        let store = || -> io::Result<()> {
            let text = serde_json::to_vec(self).map_err(io::Error::other)?;
            write_whole(&temporary, &text)?;
            effect::point("state_repo.local.before_journal_rename");
            fs::rename(&temporary, &path)
        };
        store().map_err(|error| folder.error(&path, error))?;
        effect::point("state_repo.local.after_journal_rename");
        let synced = path.parent().map_or(Ok(()), sync_folder);
        synced.map_err(|source| RepoError::Unknown {
            location: path.display().to_string(),
            source: Box::new(source),
        })
    }

    /// Does what is decided and forgets the journal.
    pub(super) fn apply(&self, folder: &Folder, again: bool) -> Result<(), RepoError> {
        for file in &self.files {
            let path = RepoPath::new(file.path.clone())?;
            let content = file.content.as_ref().map(hex::decode).transpose();
            let content = content.map_err(|error| RepoError::Malformed {
                location: folder.own(JOURNAL).display().to_string(),
                problem: format!("the content of {path} is damaged: {error}"),
            })?;
            folder.put(&path, content.as_deref())?;
        }
        effect::point("state_repo.local.before_log");
        let log = folder.own(LOG);
        self.log(&log, again).map_err(|error| folder.error(&log, error))?;
        effect::point("state_repo.local.before_journal_removed");
        let path = folder.own(JOURNAL);
        fs::remove_file(&path).map_err(|error| folder.error(&path, error))?;
        effect::point("state_repo.local.after_journal_removed");
        Ok(())
    }

    /// Adds a line to the log, unless a run before this one got that far.
    fn log(&self, path: &std::path::Path, again: bool) -> io::Result<()> {
        let paths = self.files.iter().map(|file| file.path.as_str()).collect();
        let mut line = serde_json::to_vec(&LogLine { message: &self.message, paths })?;
        line.push(b'\n');
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut end = file.seek(SeekFrom::End(0))?;
        if again {
            let tail = tail(&mut file, end, line.len())?;
            if tail == line {
                return Ok(());
            }
        }
        // A line that was cut off by a crash is no line.
        end = whole_lines(&mut file, end)?;
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        // Not waited for: after a power cut the last line may be missing, the state is not.
        file.write_all(&line)
    }
}

/// The last `length` bytes of `file`, or all.
fn tail(file: &mut File, end: u64, length: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(end.saturating_sub(length as u64)))?;
    let mut tail = Vec::with_capacity(length);
    file.read_to_end(&mut tail)?;
    Ok(tail)
}

/// The length of `file` without an unfinished last line.
fn whole_lines(file: &mut File, end: u64) -> io::Result<u64> {
    const STEP: usize = 4096;
    let mut end = end;
    while end > 0 {
        let mut block = tail(file, end, STEP)?;
        block.truncate(usize::try_from(end).unwrap_or(STEP).min(STEP));
        if let Some(at) = block.iter().rposition(|b| *b == b'\n') {
            return Ok(end - block.len() as u64 + at as u64 + 1);
        }
        end -= block.len() as u64;
    }
    Ok(0)
}
