//! What can go wrong with the catalogue, in words.

use std::time::Duration;

use oar_registry::Digest;
use oar_release::ErrorClass;
use oar_transport::{HttpError, HttpErrorKind};

/// The catalogue did not give what was asked for. Never a grade, and never "not released".
#[derive(Debug, thiserror::Error)]
pub enum PyxisError {
    /// Images are known by sha256 only; nothing was sent.
    #[error("{digest} is no sha256 digest")]
    BadDigest {
        /// What was given.
        digest: Digest,
    },
    /// No Kerberos ticket, or none that is taken.
    #[error("the catalogue does not accept the Kerberos ticket")]
    Ticket(#[source] Box<HttpError>),
    /// The catalogue has trouble or cannot be reached.
    #[error("the container catalogue is unavailable")]
    Unavailable {
        /// How long it asked to wait.
        retry_after: Option<Duration>,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The call brought no usable answer.
    #[error("the container catalogue did not answer as needed")]
    Http(#[source] Box<HttpError>),
}

impl PyxisError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::BadDigest { .. } => ErrorClass::InvalidArgument,
            Self::Ticket(source) | Self::Http(source) => source.class(),
            Self::Unavailable { .. } => ErrorClass::UpstreamUnavailable,
        }
    }

    /// The reason in one line, the cause included: for lists of what could not be looked up.
    pub(crate) fn one_line(&self) -> String {
        match self {
            Self::BadDigest { .. } => self.to_string(),
            Self::Ticket(cause) | Self::Unavailable { source: cause, .. } | Self::Http(cause) => {
                cause.to_string()
            }
        }
    }
}

impl From<HttpError> for PyxisError {
    fn from(error: HttpError) -> Self {
        let (kind, retry_after) = (error.kind().clone(), error.retry_after());
        let source = Box::new(error);
        match kind {
            HttpErrorKind::Unauthenticated | HttpErrorKind::NotConfigured => Self::Ticket(source),
            HttpErrorKind::Unavailable { .. } | HttpErrorKind::RateLimited { .. } => {
                Self::Unavailable { retry_after, source }
            }
            _ => Self::Http(source),
        }
    }
}
