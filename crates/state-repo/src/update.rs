//! The loop behind every change of a file: no update is lost (promise P1), none is doubled.

use crate::error::RepoError;
use crate::pause::Retry;
use crate::port::{
    Change, Commit, CommitMessage, Expected, FileVersion, RepoPath, StateRepo, StoredFile,
};
use oar_release::ErrorClass;

/// What to do with a file, decided from its freshest content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<T> {
    /// Leave it as it is.
    Keep(T),
    /// Replace or create it.
    Write {
        /// The new bytes; when they equal the old ones nothing is committed.
        content: Vec<u8>,
        /// What the commit says.
        message: CommitMessage,
        /// The answer for the caller.
        outcome: T,
    },
}

impl<T> Decision<T> {
    /// Replaces or creates the file.
    pub const fn write(content: Vec<u8>, message: CommitMessage, outcome: T) -> Self {
        Self::Write { content, message, outcome }
    }
}

/// A file after its update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated<T> {
    /// The caller's answer.
    pub outcome: T,
    /// True when a commit was made.
    pub committed: bool,
    /// The file's mark now; `None` when there is no file.
    pub version: Option<FileVersion>,
}

/// An update did not happen.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError<E: std::error::Error + Send + Sync + 'static> {
    /// The rule of the update refused the file's content.
    #[error(transparent)]
    Refused(E),
    /// The repository could not do it.
    #[error(transparent)]
    Repo(RepoError),
    /// Someone else was faster each time.
    #[error("{path} was changed by others during each of {attempts} attempts to update it")]
    Contended {
        /// Which file.
        path: String,
        /// How often it was tried.
        attempts: u32,
    },
}

impl<E: std::error::Error + Send + Sync + 'static> UpdateError<E> {
    /// The error's class (spec 00 §e); a refusal has the class that `refused` gives it.
    pub fn class(&self, refused: impl FnOnce(&E) -> ErrorClass) -> ErrorClass {
        match self {
            Self::Refused(error) => refused(error),
            Self::Repo(error) => error.class(),
            Self::Contended { .. } => ErrorClass::Conflict,
        }
    }
}

/// A write whose answer was lost and that was not there when last looked for.
struct LostWrite<T> {
    content: Vec<u8>,
    outcome: T,
    error: RepoError,
}

impl<T> LostWrite<T> {
    fn is(&self, now: Option<&StoredFile>) -> bool {
        now.is_some_and(|file| file.content == self.content)
    }
}

/// Updates the file at `path`: reads it, lets `decide` choose from what was read, and commits
/// against exactly that version.
///
/// When someone else changed the file or moved the branch meanwhile, it waits (0.5 s doubling to
/// 10 s, ±50 %) and starts again from reading, five times in all; `decide` therefore runs once per
/// attempt and must depend on nothing but its argument. A file that `decide` saw as absent is only
/// ever created, never replaced.
///
/// A write whose answer was lost and that is not there is tried again the same way: should it still
/// arrive late, the version that both were made against lets only one of them through, and the next
/// read recognises it.
pub async fn update_file<T, E>(
    repo: &dyn StateRepo,
    path: &RepoPath,
    retry: &Retry<'_>,
    mut decide: impl FnMut(Option<&StoredFile>) -> Result<Decision<T>, E> + Send,
) -> Result<Updated<T>, UpdateError<E>>
where
    T: Send,
    E: std::error::Error + Send + Sync + 'static,
{
    let _turn = repo.exclusive().await.map_err(UpdateError::Repo)?;
    let mut lost: Option<LostWrite<T>> = None;
    for attempt in 1..=Retry::ATTEMPTS {
        if attempt > 1 {
            retry.wait(attempt - 1).await;
        }
        let before = repo.read(path).await.map_err(UpdateError::Repo)?;
        let version = before.as_ref().map(|file| file.version.clone());
        if let Some(late) = lost.take_if(|lost| lost.is(before.as_ref())) {
            return Ok(Updated { outcome: late.outcome, committed: true, version });
        }
        let (content, message, outcome) =
            match decide(before.as_ref()).map_err(UpdateError::Refused)? {
                Decision::Keep(outcome) => {
                    return Ok(Updated { outcome, committed: false, version });
                }
                Decision::Write { content, message, outcome } => (content, message, outcome),
            };
        if before.is_some_and(|file| file.content == content) {
            return Ok(Updated { outcome, committed: false, version });
        }
        let expected = version.map_or(Expected::Absent, Expected::Version);
        let change = Change { path: path.clone(), content: Some(content.clone()), expected };
        match repo.commit(&Commit { message, changes: vec![change] }).await {
            Ok(committed) => {
                let version = committed.versions.into_iter().next().flatten();
                return Ok(Updated { outcome, committed: true, version });
            }
            Err(RepoError::Conflict { .. } | RepoError::AlreadyExists { .. }) => {
                tracing::info!(path = path.as_str(), attempt, "someone else was faster");
            }
            Err(error @ RepoError::Unknown { .. }) => {
                // Look once more: the write counts when exactly its bytes are there (promise P4).
                let now = repo.read(path).await.ok().flatten();
                return match now.filter(|file| file.content == content) {
                    Some(file) => {
                        Ok(Updated { outcome, committed: true, version: Some(file.version) })
                    }
                    None => Err(UpdateError::Repo(error)),
                };
            }
            Err(error @ RepoError::ReplyLost { .. }) => {
                tracing::info!(path = path.as_str(), attempt, "the answer to a write was lost");
                lost = Some(LostWrite { content, outcome, error });
            }
            Err(error) => return Err(UpdateError::Repo(error)),
        }
    }
    if let Some(lost) = lost {
        return Err(UpdateError::Repo(lost.error));
    }
    Err(UpdateError::Contended { path: path.to_string(), attempts: Retry::ATTEMPTS })
}
