//! What can go wrong with Google Sheets, in words (spec 05 §5).

use oar_release::ErrorClass;
use oar_transport::google::GoogleError;
use oar_transport::{HttpError, HttpErrorKind};

/// Whether there is a report could not be found out.
#[derive(Debug, thiserror::Error)]
pub enum WorksheetError {
    /// There is no token to ask with.
    #[error(transparent)]
    Token(#[from] GoogleError),
    /// Google does not accept the service account.
    #[error("Google does not accept the service account {account}")]
    Account {
        /// The service account.
        account: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The document is not there, or not for this account.
    #[error("the spreadsheet {document} is not there or not shared with {account}")]
    Document {
        /// The spreadsheet's id.
        document: String,
        /// The service account.
        account: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The call brought no usable answer.
    #[error("Google Sheets did not answer as needed")]
    Http(#[from] Box<HttpError>),
}

impl WorksheetError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Token(error) => error.class(),
            Self::Account { .. } => ErrorClass::UnauthenticatedUpstream,
            Self::Document { source, .. } => match source.kind() {
                HttpErrorKind::NotFound => ErrorClass::NotFound,
                _ => ErrorClass::ForbiddenUpstream,
            },
            Self::Http(error) => error.class(),
        }
    }
}
