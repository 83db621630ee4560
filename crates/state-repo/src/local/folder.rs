//! The folder itself: paths that stay inside, whole files, locks.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use oar_release::effect;

use crate::blob::blob_id;
use crate::error::RepoError;
use crate::port::{Entry, FILE_LIMIT, RepoPath, StoredFile};

/// The folder for bookkeeping; no path of the repository leads into it.
const OWN: &str = ".oar";
/// Folders that a listing leaves out.
const HIDDEN: [&str; 2] = [OWN, ".git"];

/// What an exclusive lock is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    /// One commit.
    Commit,
    /// Reading and committing as one update.
    Update,
}

#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// A file of the bookkeeping.
    pub(super) fn own(&self, name: &str) -> PathBuf {
        self.root.join(OWN).join(name)
    }

    /// Says in the domain's words what an I/O error at `path` means.
    pub(super) fn error(&self, path: &Path, error: io::Error) -> RepoError {
        let location = path.display().to_string();
        match error.kind() {
            ErrorKind::PermissionDenied => RepoError::Forbidden { location },
            _ if !self.root.is_dir() => {
                RepoError::NotAccessible { location: self.root.display().to_string() }
            }
            _ => RepoError::Unavailable { location, source: Box::new(error) },
        }
    }

    /// Waits for an exclusive lock.
    pub(super) fn lock(&self, turn: Turn) -> Result<File, RepoError> {
        let name = match turn {
            Turn::Commit => "lock",
            Turn::Update => "update-lock",
        };
        let path = self.own(name);
        let lock = || -> io::Result<File> {
            let file = self.lock_file(&path)?;
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                tracing::debug!("waiting for another update of {}", self.root.display());
                file.lock()?;
            }
            Ok(file)
        };
        lock().map_err(|error| self.error(&path, error))
    }

    /// Waits for a lock to read; none where the folder cannot be written, so that nobody commits.
    pub(super) fn lock_to_read(&self) -> Result<Option<File>, RepoError> {
        let path = self.own("lock");
        let lock = || -> io::Result<File> {
            let file = self.lock_file(&path)?;
            file.lock_shared()?;
            Ok(file)
        };
        match lock() {
            Ok(file) => Ok(Some(file)),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(self.error(&path, error)),
        }
    }

    fn lock_file(&self, path: &Path) -> io::Result<File> {
        let open =
            || OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // Only the own folder is made, never the root: a mistyped path must not look empty.
                match fs::create_dir(self.root.join(OWN)) {
                    Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
                    _ => open(),
                }
            }
            other => other,
        }
    }

    /// Where `path` is, if no part of it is a symbolic link or the bookkeeping.
    fn resolve(&self, path: &RepoPath) -> Result<PathBuf, RepoError> {
        let refuse = || RepoError::InvalidPath { path: path.to_string() };
        let mut full = self.root.clone();
        for (number, part) in path.as_str().split('/').enumerate() {
            if number == 0 && part == OWN {
                return Err(refuse());
            }
            full.push(part);
            match fs::symlink_metadata(&full) {
                Ok(found) if found.is_symlink() => return Err(refuse()),
                _ => {}
            }
        }
        Ok(full)
    }

    /// The file at `path`; the caller holds a lock.
    pub(super) fn read(&self, path: &RepoPath) -> Result<Option<StoredFile>, RepoError> {
        let full = self.resolve(path)?;
        let read = || -> io::Result<Option<Vec<u8>>> {
            let file = File::open(&full)?;
            if !file.metadata()?.is_file() {
                return Ok(None);
            }
            let mut content = Vec::new();
            file.take(FILE_LIMIT + 1).read_to_end(&mut content)?;
            Ok(Some(content))
        };
        match read() {
            Ok(None) => Ok(None),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                if self.root.is_dir() { Ok(None) } else { Err(self.error(&full, error)) }
            }
            Err(error) => Err(self.error(&full, error)),
            Ok(Some(content)) if content.len() as u64 > FILE_LIMIT => {
                Err(RepoError::TooLarge { path: path.to_string(), limit: FILE_LIMIT })
            }
            Ok(Some(content)) => Ok(Some(StoredFile { version: blob_id(&content), content })),
        }
    }

    /// All files below `folder`; the caller holds a lock. Symbolic links are left out.
    pub(super) fn list(&self, folder: &RepoPath) -> Result<Vec<Entry>, RepoError> {
        let full = self.resolve(folder)?;
        let mut entries = Vec::new();
        self.collect(&full, folder.as_str(), &mut entries)?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn collect(
        &self,
        full: &Path,
        prefix: &str,
        entries: &mut Vec<Entry>,
    ) -> Result<(), RepoError> {
        let found = match fs::read_dir(full) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
                    && self.root.is_dir() =>
            {
                return Ok(());
            }
            found => found.map_err(|error| self.error(full, error))?,
        };
        for entry in found {
            let entry = entry.map_err(|error| self.error(full, error))?;
            let kind = entry.file_type().map_err(|error| self.error(full, error))?;
            let name = entry.file_name();
            // A name that is no text cannot be a path of the repository.
            let Some(name) = name.to_str().filter(|name| !HIDDEN.contains(name)) else { continue };
            let Ok(path) = RepoPath::new(format!("{prefix}/{name}")) else { continue };
            if kind.is_dir() {
                self.collect(&entry.path(), path.as_str(), entries)?;
            } else if kind.is_file() {
                let at = entry.path();
                let content = fs::read(&at).map_err(|error| self.error(&at, error))?;
                entries.push(Entry { path, version: blob_id(&content) });
            }
        }
        Ok(())
    }

    /// Puts `content` at `path`, or deletes the file: all of it or nothing, on the disk when it
    /// returns. Doing it twice is the same as once.
    pub(super) fn put(&self, path: &RepoPath, content: Option<&[u8]>) -> Result<(), RepoError> {
        let full = self.resolve(path)?;
        let put = || -> io::Result<()> {
            let parent = full.parent().unwrap_or(&self.root);
            let Some(content) = content else {
                match fs::remove_file(&full) {
                    Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                    removed => removed?,
                }
                return sync_folder(parent);
            };
            self.make_folders(parent)?;
            let temporary = self.own("next");
            write_whole(&temporary, content)?;
            effect::point("state_repo.local.before_rename");
            fs::rename(&temporary, &full)?;
            effect::point("state_repo.local.after_rename");
            sync_folder(parent)
        };
        put().map_err(|error| self.error(&full, error))
    }

    /// Makes missing folders, each of them on the disk.
    fn make_folders(&self, folder: &Path) -> io::Result<()> {
        if folder == self.root || folder.is_dir() {
            return Ok(());
        }
        let Some(parent) = folder.parent() else { return Ok(()) };
        self.make_folders(parent)?;
        match fs::create_dir(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => sync_folder(parent),
        }
    }
}

/// Waits until names in `folder` are on the disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes a file of the bookkeeping and waits until it is on the disk.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}
