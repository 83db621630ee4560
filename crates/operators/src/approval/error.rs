//! What can go wrong with the jobs of this machine.

use std::io;
use std::path::PathBuf;

use oar_release::{ErrorClass, ReleaseVersion};

/// An approval job could not be read, kept or started.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// A file of the state folder cannot be used.
    #[error("{} cannot be used", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A record that cannot be read. It is not replaced: it may say that a job runs.
    #[error("{} is no record of an approval job; look at it and remove it", path.display())]
    Damaged {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A record of a newer program.
    #[error("{} was written by a newer version (schema {found})", path.display())]
    NewerSchema {
        /// Which one.
        path: PathBuf,
        /// Its schema.
        found: u64,
    },
    /// A process has the job already.
    #[error("the approval job of {release} is run by another process")]
    Busy {
        /// Which release.
        release: ReleaseVersion,
    },
    /// There is no job to go on with.
    #[error("{release} has no approval job to go on with")]
    NoJob {
        /// Which release.
        release: ReleaseVersion,
    },
    /// Something the job needs is not set up.
    #[error(transparent)]
    NotSetUp(#[from] crate::services::NotSetUp),
    /// The process of the job could not be started.
    #[error("the approval job could not be started: {problem}")]
    NotStarted {
        /// Why.
        problem: String,
    },
}

impl ApprovalError {
    /// The error's class (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Io { .. } | Self::Damaged { .. } => ErrorClass::NotConfigured,
            Self::NewerSchema { .. } => ErrorClass::PreconditionFailed,
            Self::Busy { .. } => ErrorClass::Busy,
            Self::NoJob { .. } => ErrorClass::NotFound,
            Self::NotSetUp(error) => error.class,
            Self::NotStarted { .. } => ErrorClass::Undetermined,
        }
    }
}
