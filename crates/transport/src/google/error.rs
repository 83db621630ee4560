//! What can go wrong on the way to a token.

use std::path::PathBuf;

use oar_release::ErrorClass;

use crate::error::HttpError;

/// There is no token.
#[derive(Debug, thiserror::Error)]
pub enum GoogleError {
    /// The key file of the service account cannot be used.
    #[error("{variable}: {path}: {problem}")]
    KeyFile {
        /// The variable that names the file.
        variable: &'static str,
        /// Which file.
        path: PathBuf,
        /// What is wrong with it; never its content.
        problem: String,
    },
    /// The assertion could not be signed with the key of the file.
    #[error("{variable}: the private key of {account} cannot sign")]
    Key {
        /// The variable that names the file.
        variable: &'static str,
        /// The service account.
        account: String,
        /// Why.
        #[source]
        source: jsonwebtoken::errors::Error,
    },
    /// Google does not accept the service account.
    #[error("Google does not accept the service account {account}")]
    Account {
        /// The service account.
        account: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The call brought no usable answer.
    #[error("Google gave no token")]
    Http(#[source] Box<HttpError>),
}

impl GoogleError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::KeyFile { .. } | Self::Key { .. } => ErrorClass::NotConfigured,
            Self::Account { .. } => ErrorClass::UnauthenticatedUpstream,
            Self::Http(error) => error.class(),
        }
    }
}
