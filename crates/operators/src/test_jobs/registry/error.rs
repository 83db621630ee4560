//! Why a registry is not listed or not proposed.

use oar_github::GitHubError;
use oar_prow_jobs::{MalformedPeriodics, RefusedChange};
use oar_release::{ErrorClass, YStream};
use oar_state_repo::RepoError;

use crate::error::Classed;

/// Nothing was listed, or no pull request is known to be there.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The y-stream has no automated jobs.
    #[error("{stream} has no automated jobs: {location} has no file {path}")]
    NotDefined {
        /// The y-stream.
        stream: YStream,
        /// Where it was looked for.
        location: String,
        /// The file that would define them.
        path: String,
    },
    /// The definitions cannot be read.
    #[error(transparent)]
    Malformed(#[from] MalformedPeriodics),
    /// The new content is not for the registry.
    #[error(transparent)]
    Refused(#[from] RefusedChange),
    /// It is no text.
    #[error("the new content is no UTF-8 text")]
    NoText,
    /// Somebody put something else on our branch.
    #[error(
        "the branch {branch} of the fork holds something else (commit {head}); remove it first"
    )]
    OtherContent {
        /// The branch.
        branch: String,
        /// Its newest commit.
        head: String,
    },
    /// GitHub.
    #[error(transparent)]
    GitHub(#[from] GitHubError),
    /// The repository of definitions.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

impl RegistryError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::NotDefined { .. } => ErrorClass::NotFound,
            Self::Malformed(_) => ErrorClass::Undetermined,
            Self::Refused(_) | Self::NoText => ErrorClass::InvalidArgument,
            Self::OtherContent { .. } => ErrorClass::Conflict,
            Self::GitHub(error) => error.class(),
            Self::Repo(error) => error.class(),
        }
    }

    /// Whether the arguments were wrong: nothing was sent that changes anything.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::NoText)
    }

    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::GitHub(error) if error.outcome_is_unknown() => {
                Some("run the same command again: it finds what is there")
            }
            Self::GitHub(GitHubError::NotInstalled { .. }) => {
                Some("selector.fork and selector.app_id say which app works in which fork")
            }
            _ => None,
        }
    }
}

impl Classed for RegistryError {
    fn class_of(&self) -> ErrorClass {
        self.class()
    }
}
