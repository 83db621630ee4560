//! What can go wrong with the Kubernetes interface.

use oar_release::ErrorClass;
use oar_transport::{HttpError, HttpErrorKind};

/// The cluster could not do, or could not tell, what was asked.
#[derive(Debug, thiserror::Error)]
pub enum KubeError {
    /// The token or the certificate is missing, expired or of another cluster.
    #[error("the cluster does not accept the token or certificate")]
    Unauthenticated(#[source] Box<HttpError>),
    /// The account may not do this.
    #[error("the cluster refuses this to the account")]
    Forbidden(#[source] Box<HttpError>),
    /// The server has no such objects at all: it is another cluster, or another address.
    #[error("the server at this address knows no release payloads: {said}")]
    NoSuchKind {
        /// What it answered, cut.
        said: String,
    },
    /// The payload was removed between the look and the change.
    #[error("the payload {payload} is gone")]
    Gone {
        /// Namespace and name.
        payload: String,
    },
    /// The call brought no usable answer.
    #[error("the cluster did not answer as needed")]
    Http(#[source] Box<HttpError>),
}

impl KubeError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Unauthenticated(source)
                if matches!(source.kind(), HttpErrorKind::NotConfigured) =>
            {
                ErrorClass::NotConfigured
            }
            Self::Unauthenticated(_) => ErrorClass::UnauthenticatedUpstream,
            Self::Forbidden(_) => ErrorClass::ForbiddenUpstream,
            Self::NoSuchKind { .. } => ErrorClass::NotConfigured,
            Self::Gone { .. } => ErrorClass::NotFound,
            Self::Http(error) => error.class(),
        }
    }
}

impl From<HttpError> for KubeError {
    fn from(error: HttpError) -> Self {
        match error.kind() {
            HttpErrorKind::NotConfigured | HttpErrorKind::Unauthenticated => {
                Self::Unauthenticated(Box::new(error))
            }
            HttpErrorKind::Forbidden => Self::Forbidden(Box::new(error)),
            _ => Self::Http(Box::new(error)),
        }
    }
}
