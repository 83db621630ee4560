//! The port: what every state repository can do, whatever holds its files.

use std::fmt;

use async_trait::async_trait;

use crate::error::RepoError;

/// A file's path inside the repository: relative, `/`-separated, no empty, `.` or `..` parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(String);

impl RepoPath {
    /// Checks `path` (`_releases/4.20/statebox/4.20.7.yaml`).
    pub fn new(path: impl Into<String>) -> Result<Self, RepoError> {
        let path = path.into();
        let part_is_bad =
            |part: &str| matches!(part, "" | "." | "..") || part.contains(['\\', '\0']);
        if path.split('/').any(part_is_bad) {
            return Err(RepoError::InvalidPath { path });
        }
        Ok(Self(path))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Opaque mark of one content of one file: the git blob id in both adapters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileVersion(pub String);

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Its bytes.
    pub content: Vec<u8>,
    /// What a write must expect to replace exactly these bytes.
    pub version: FileVersion,
}

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where the file is.
    pub path: RepoPath,
    /// Its current content's mark.
    pub version: FileVersion,
}

/// What a change expects to find; the write fails with a conflict when it finds something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// The file must not exist (create-only).
    Absent,
    /// The file must still be as it was read.
    Version(FileVersion),
}

/// One file's change within a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which file.
    pub path: RepoPath,
    /// Its new bytes; `None` deletes it.
    pub content: Option<Vec<u8>>,
    /// What must be there now.
    pub expected: Expected,
}

/// Who is behind a write: the commit's author is only the owner of the token (spec 08 §1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person at a terminal or in a channel.
    Person(String),
    /// A program acting for a person: an AI client, the bot.
    Agent(String),
    /// A timer: controller, detector, approval job.
    Timer(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => write!(f, "person {name}"),
            Self::Agent(name) => write!(f, "agent {name}"),
            Self::Timer(name) => write!(f, "timer {name}"),
        }
    }
}

/// What a commit says: operation and subject in one line, then who, which command and which intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitMessage {
    /// One masked line without line breaks; [`CommitMessage::render`] cuts it at 72 characters.
    pub subject: String,
    /// Who asked for it.
    pub actor: Actor,
    /// The command that writes (`create-test-report`).
    pub command: String,
    /// The intent's id, where the write is part of one (`Intent-Id:` trailer).
    pub intent: Option<String>,
}

impl CommitMessage {
    /// The text to commit: subject, blank line, trailers.
    pub fn render(&self) -> String {
        let subject: Vec<&str> = self.subject.split_whitespace().collect();
        let subject: String = subject.join(" ").chars().take(72).collect();
        let mut text = format!("{subject}\n\nActor: {}\nCommand: {}", self.actor, self.command);
        if let Some(intent) = &self.intent {
            text.push_str("\nIntent-Id: ");
            text.push_str(intent);
        }
        text
    }
}

/// All changes of one commit, applied together or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// What the commit says.
    pub message: CommitMessage,
    /// The files; at least one.
    pub changes: Vec<Change>,
}

/// A commit that is in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// New mark of each changed file, in the order of the changes; `None` for a deleted one.
    pub versions: Vec<Option<FileVersion>>,
}

/// The largest file that is served, bytes: beyond 1 MB GitHub's contents call leaves the text out.
pub const FILE_LIMIT: u64 = 1 << 20;

/// Keeps other updates of the same repository waiting until it is dropped, where the adapter can.
#[derive(Debug, Default)]
pub struct Exclusive {
    _held: Option<Box<dyn fmt::Debug + Send>>,
}

impl Exclusive {
    /// Holds `lock` until it is dropped.
    pub fn holding(lock: impl fmt::Debug + Send + 'static) -> Self {
        Self { _held: Some(Box::new(lock)) }
    }
}

/// A branch of the state repository.
///
/// Adapters answer only when they know: a write whose reply was lost is looked up by the adapter
/// before it returns (promise P4), and an error means that the file is as it was before, except
/// [`RepoError::Unknown`], which says that it could not be found out.
#[async_trait]
pub trait StateRepo: Send + Sync + fmt::Debug {
    /// The file at `path`, or `None` when there is none.
    async fn read(&self, path: &RepoPath) -> Result<Option<StoredFile>, RepoError>;

    /// All files below `folder` (recursively), sorted by path; empty when the folder is absent.
    async fn list(&self, folder: &RepoPath) -> Result<Vec<Entry>, RepoError>;

    /// The files directly in `folder`, sorted by path; empty when the folder is absent.
    async fn list_direct(&self, folder: &RepoPath) -> Result<Vec<Entry>, RepoError> {
        Ok(crate::cache::directly_in(folder, self.list(folder).await?))
    }

    /// Many files at once, in as few requests as the adapter can; absent ones are left out.
    async fn read_many(&self, paths: &[RepoPath])
    -> Result<Vec<(RepoPath, StoredFile)>, RepoError>;

    /// All files directly in `folder`, sorted by path, in as few requests as the adapter can.
    async fn read_folder(
        &self,
        folder: &RepoPath,
    ) -> Result<Vec<(RepoPath, StoredFile)>, RepoError> {
        let listed = self.list_direct(folder).await?;
        let paths: Vec<RepoPath> = listed.into_iter().map(|entry| entry.path).collect();
        self.read_many(&paths).await
    }

    /// Applies `commit` if every expectation holds, else fails with [`RepoError::Conflict`].
    async fn commit(&self, commit: &Commit) -> Result<Committed, RepoError>;

    /// Waits for the turn of this update. An adapter that can hold off other writers does so while
    /// the answer lives, which saves them conflicts; correctness never depends on it.
    async fn exclusive(&self) -> Result<Exclusive, RepoError> {
        Ok(Exclusive::default())
    }

    /// Where the files are, for people: `openshift/release-tests, branch z-stream`.
    fn location(&self) -> String;
}
