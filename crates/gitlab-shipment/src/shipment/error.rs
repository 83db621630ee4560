//! What can be wrong with a shipment.

use oar_release::ErrorClass;
use oar_transport::HttpError;

use super::identity::Mismatch;
use crate::error::GitLabError;

/// A shipment could not be read, or is not what it should be (spec 03 §14).
#[derive(Debug, thiserror::Error)]
pub enum ShipmentError {
    /// GitLab could not do what was asked.
    #[error(transparent)]
    GitLab(#[from] GitLabError),
    /// A file could not be fetched.
    #[error("shipment file {file} cannot be read")]
    Unreadable {
        /// Its path.
        file: String,
        /// Why.
        #[source]
        source: GitLabError,
    },
    /// A file is not a shipment as ART writes it.
    #[error("shipment file {file}: {reason}")]
    Data {
        /// Its path.
        file: String,
        /// What is wrong, with line and column where that helps.
        reason: String,
    },
    /// The merge request changes no shipment file.
    #[error("{url} holds no shipment file")]
    NoFiles {
        /// Which merge request.
        url: String,
    },
    /// Title, branch, files or advisories name another release (spec 08 R16).
    #[error("not everything belongs to {release}: {}", mismatches.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Mismatch {
        /// The release that was asked for.
        release: String,
        /// What differs.
        mismatches: Vec<Mismatch>,
    },
    /// An advisory could not be had. The address is shown by its host alone.
    #[error("the advisory on {host}: the host {problem}")]
    Advisory {
        /// Whose answer.
        host: String,
        /// Its status, when it was asked.
        status: Option<u16>,
        /// What is wrong, as the rest of a sentence.
        problem: String,
        /// The call.
        #[source]
        source: Option<Box<HttpError>>,
    },
}

impl ShipmentError {
    /// The error's class (spec 00 §e): what cannot be looked at is no verdict.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::GitLab(error) | Self::Unreadable { source: error, .. } => error.class(),
            Self::Mismatch { .. } => ErrorClass::PreconditionFailed,
            Self::Advisory { source: Some(error), .. } => error.class(),
            Self::Advisory { status: None, .. } => ErrorClass::InvalidArgument,
            Self::Data { .. } | Self::NoFiles { .. } | Self::Advisory { .. } => {
                ErrorClass::Undetermined
            }
        }
    }

    /// The file at fault, if it is one.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Unreadable { file, .. } | Self::Data { file, .. } => Some(file),
            _ => None,
        }
    }

    pub(crate) fn fetch(host: &str, error: HttpError) -> Self {
        Self::Advisory {
            host: host.to_owned(),
            status: error.status().map(|status| status.as_u16()),
            problem: "did not send it".to_owned(),
            source: Some(Box::new(error)),
        }
    }
}
