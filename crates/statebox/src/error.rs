//! What can go wrong with a release's state.

use oar_release::ErrorClass;
use oar_release::task::{UnknownStatus, UnknownTask};
use oar_state_repo::{RepoError, UpdateError};

/// A state could not be read or changed. Texts hold no secrets.
#[derive(Debug, thiserror::Error)]
pub enum StateBoxError {
    /// The release has no file; only `create-test-report` and the release detector make one.
    #[error("release {release} has no StateBox yet; create it with create-test-report")]
    NotInitialised {
        /// Which release.
        release: String,
    },
    /// The file is there and is no StateBox; it is never overwritten.
    #[error("corrupt StateBox {path}: {field}{}: {problem}", at_line(*.line))]
    Corrupt {
        /// The file.
        path: String,
        /// Which field (`tasks[2].status`), or `document`.
        field: String,
        /// Line in the file, from 1; absent when the whole file is meant.
        line: Option<usize>,
        /// What is wrong.
        problem: String,
    },
    /// No task has this name.
    #[error(transparent)]
    UnknownTask(#[from] UnknownTask),
    /// No status has this name.
    #[error(transparent)]
    UnknownStatus(#[from] UnknownStatus),
    /// An argument breaks a rule.
    #[error("{argument}: {problem}")]
    InvalidArgument {
        /// Which argument.
        argument: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A task has an open blocker already.
    #[error("task {task} already has an unresolved blocker: {issue}")]
    BlockerExists {
        /// Which task.
        task: String,
        /// The blocker's text.
        issue: String,
    },
    /// No open issue matches.
    #[error("no unresolved issue matches {text:?}; unresolved: {}", list(.unresolved))]
    NoSuchIssue {
        /// What was searched.
        text: String,
        /// Texts of all open issues.
        unresolved: Vec<String>,
    },
    /// More than one open issue matches.
    #[error("{text:?} matches several unresolved issues, give more of the text: {}", list(.candidates))]
    AmbiguousIssue {
        /// What was searched.
        text: String,
        /// Texts of the open issues that match.
        candidates: Vec<String>,
    },
    /// Another run took the start of the job over.
    #[error("another run claimed the start of {task} meanwhile")]
    ClaimLost {
        /// Which task.
        task: String,
    },
    /// Others changed the file during every attempt.
    #[error(
        "conflicts: {path} was changed by others during each of {attempts} attempts to save it"
    )]
    Contended {
        /// The file.
        path: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// The state repository failed.
    #[error("the state of {path} cannot be reached")]
    Repo {
        /// The file or folder.
        path: String,
        /// Why.
        #[source]
        source: RepoError,
    },
}

fn at_line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(" (line {line})"))
}

fn list(texts: &[String]) -> String {
    if texts.is_empty() {
        return "none".to_owned();
    }
    texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ")
}

impl StateBoxError {
    /// The error's class (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::NotInitialised { .. } => ErrorClass::NotConfigured,
            Self::Corrupt { .. } => ErrorClass::Undetermined,
            Self::UnknownTask(_)
            | Self::UnknownStatus(_)
            | Self::InvalidArgument { .. }
            | Self::NoSuchIssue { .. }
            | Self::AmbiguousIssue { .. } => ErrorClass::InvalidArgument,
            Self::BlockerExists { .. } | Self::ClaimLost { .. } | Self::Contended { .. } => {
                ErrorClass::Conflict
            }
            Self::Repo { source, .. } => source.class(),
        }
    }

    pub(crate) fn of_update(error: UpdateError<Self>, path: &str) -> Self {
        match error {
            UpdateError::Refused(error) => error,
            UpdateError::Contended { path, attempts } => Self::Contended { path, attempts },
            UpdateError::Repo(source) => Self::Repo { path: path.to_owned(), source },
        }
    }
}
