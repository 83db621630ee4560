//! What can go wrong with the state repository.

use oar_release::ErrorClass;

/// A state repository could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// The path is not one inside the repository.
    #[error("{path:?} is not a path inside the state repository")]
    InvalidPath {
        /// What was given.
        path: String,
    },
    /// The file is not as expected, or the branch moved: read again and retry.
    #[error("{path} was changed by someone else")]
    Conflict {
        /// Which file, or the branch.
        path: String,
    },
    /// A create-only write found the file there.
    #[error("{path} exists already")]
    AlreadyExists {
        /// Which file.
        path: String,
    },
    /// The file is larger than the repository serves in one piece (1 MB on GitHub).
    #[error("{path} is larger than {limit} bytes")]
    TooLarge {
        /// Which file.
        path: String,
        /// The limit, bytes.
        limit: u64,
    },
    /// Repository or branch do not exist or are hidden from this token.
    #[error("{location} does not exist or this token may not see it")]
    NotAccessible {
        /// Which repository or branch.
        location: String,
    },
    /// A setting that is needed to reach the repository is missing, usually the token.
    #[error("{location} cannot be used without a setting that is missing")]
    NotConfigured {
        /// Which repository.
        location: String,
        /// Which setting.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The token is not accepted.
    #[error("{location} does not accept the token")]
    Unauthenticated {
        /// Which repository.
        location: String,
    },
    /// The token may not do this.
    #[error("{location} refuses the operation to this token")]
    Forbidden {
        /// Which repository.
        location: String,
    },
    /// The repository cannot be reached or has trouble; nothing was changed.
    #[error("{location} is unavailable")]
    Unavailable {
        /// Which repository.
        location: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A write's reply was lost, and a look afterwards found everything as it was before.
    #[error("the answer of {location} to a write was lost, and the write is not there")]
    ReplyLost {
        /// Which repository.
        location: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A write's reply was lost and looking it up failed too: it may or may not have happened.
    #[error("whether the write to {location} happened is unknown")]
    Unknown {
        /// Which repository.
        location: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The repository answered something that makes no sense.
    #[error("unexpected answer from {location}: {problem}")]
    Malformed {
        /// Which repository.
        location: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl RepoError {
    /// The error's class (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::InvalidPath { .. } => ErrorClass::InvalidArgument,
            Self::Conflict { .. } | Self::AlreadyExists { .. } => ErrorClass::Conflict,
            Self::TooLarge { .. } | Self::Malformed { .. } | Self::Unknown { .. } => {
                ErrorClass::Undetermined
            }
            Self::NotAccessible { .. } => ErrorClass::NotFound,
            Self::NotConfigured { .. } => ErrorClass::NotConfigured,
            Self::Unauthenticated { .. } => ErrorClass::UnauthenticatedUpstream,
            Self::Forbidden { .. } => ErrorClass::ForbiddenUpstream,
            Self::Unavailable { .. } | Self::ReplyLost { .. } => ErrorClass::UpstreamUnavailable,
        }
    }
}
