//! What can go wrong with a registry, in words.

use std::time::Duration;

use oar_release::ErrorClass;
use oar_transport::{HttpError, HttpErrorKind};

use crate::auth_file::AuthFileError;
use crate::digest::Digest;

/// A registry did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It is not there, or not there yet.
    #[error("{what} does not exist")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// The registry wants a credential: there is none for it, or it does not take ours. Many
    /// registries answer the same for what does not exist.
    #[error("{what} needs a credential: {problem}")]
    Denied {
        /// What was asked for.
        what: String,
        /// None found, or not taken.
        problem: &'static str,
    },
    /// The account may not read this.
    #[error("the credential may not read {what}")]
    Forbidden {
        /// What was asked for.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// Names come from data of others, and only hosts that are known are asked.
    #[error("{host} is not a known registry; add it to registry.hosts in oar.toml")]
    UnknownHost {
        /// The host.
        host: String,
    },
    /// A registry wants its credential to go to a host that is not known to belong to it.
    #[error("{registry} wants credentials sent to {realm}, which is not known to belong to it")]
    UnknownRealm {
        /// The registry.
        registry: String,
        /// Where it points to.
        realm: String,
    },
    /// The content is not what its digest names.
    #[error("{what} has the digest {found}, not {expected}")]
    WrongDigest {
        /// What was asked for.
        what: String,
        /// What it should be.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// The content is of a kind that is not read here.
    #[error("{what} cannot be read: {problem}")]
    Unsupported {
        /// What was asked for.
        what: String,
        /// Why.
        problem: String,
    },
    /// An index has nothing for the platform.
    #[error("{what} has no image for {platform}")]
    NoPlatform {
        /// What was asked for.
        what: String,
        /// The platform.
        platform: String,
    },
    /// A file of credentials cannot be used.
    #[error(transparent)]
    AuthFile(#[from] AuthFileError),
    /// The registry has trouble or cannot be reached.
    #[error("the registry of {what} is unavailable")]
    Unavailable {
        /// What was asked for.
        what: String,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The call brought no usable answer.
    #[error("the registry did not answer as needed about {what}")]
    Http {
        /// What was asked for.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
}

impl RegistryError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::NotFound { .. } => ErrorClass::NotFound,
            Self::Denied { .. } => ErrorClass::UnauthenticatedUpstream,
            Self::Forbidden { .. } => ErrorClass::ForbiddenUpstream,
            Self::UnknownHost { .. } | Self::AuthFile(_) => ErrorClass::NotConfigured,
            Self::UnknownRealm { .. }
            | Self::WrongDigest { .. }
            | Self::Unsupported { .. }
            | Self::NoPlatform { .. } => ErrorClass::Undetermined,
            Self::Unavailable { .. } => ErrorClass::UpstreamUnavailable,
            Self::Http { source, .. } => source.class(),
        }
    }

    /// Whether the thing is surely not there; everything else leaves that open.
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    pub(crate) fn of(what: String, error: HttpError) -> Self {
        let (kind, retry_after) = (error.kind().clone(), error.retry_after());
        let source = Box::new(error);
        match kind {
            HttpErrorKind::Forbidden => Self::Forbidden { what, source },
            HttpErrorKind::NotFound => Self::NotFound { what },
            HttpErrorKind::Unavailable { .. } | HttpErrorKind::RateLimited { .. } => {
                Self::Unavailable { what, retry_after, source }
            }
            _ => Self::Http { what, source },
        }
    }

    /// Whether the answer was damaged on the way, so that asking again may help.
    pub(crate) fn is_damaged(&self) -> bool {
        match self {
            Self::WrongDigest { .. } => true,
            Self::Http { source, .. } => matches!(source.kind(), HttpErrorKind::Malformed { .. }),
            _ => false,
        }
    }
}
