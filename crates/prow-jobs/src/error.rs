//! What can go wrong with the release controller.

use oar_release::{ErrorClass, YStream};
use oar_transport::HttpError;

/// The release controller could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseControllerError {
    /// The call brought no usable answer.
    #[error("the release controller did not answer as needed")]
    Http(#[from] HttpError),
    /// The answer is about something else than was asked for.
    #[error("asked the release controller for {asked}, it answered {answered:?}")]
    OtherStream {
        /// What was asked for.
        asked: YStream,
        /// The name in the answer.
        answered: String,
    },
}

impl ReleaseControllerError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Http(error) => error.class(),
            Self::OtherStream { .. } => ErrorClass::Undetermined,
        }
    }
}
