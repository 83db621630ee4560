//! What can keep a command from its work.

use std::sync::Arc;

use oar_release::{ErrorClass, ReleaseVersion};

/// A command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The release has no StateBox.
    #[error("{release} has no StateBox in {location}")]
    NoStateBox {
        /// Which release.
        release: ReleaseVersion,
        /// Where it was looked for.
        location: String,
    },
    /// The release may have a report from before StateBoxes, and it could not be looked up.
    #[error("whether {release} has a legacy report in Google Sheets is unknown")]
    LegacyReport {
        /// Which release.
        release: ReleaseVersion,
        /// Why.
        #[source]
        source: oar_worksheet::WorksheetError,
    },
    /// Something the command needs is not set up.
    #[error("{problem}")]
    NotConfigured {
        /// What, and what needs it.
        problem: String,
    },
    /// The configuration is broken.
    #[error(transparent)]
    Config(#[from] oar_config::DocumentError),
    /// The build data cannot be had or does not know the release.
    #[error(transparent)]
    BuildData(#[from] Arc<oar_config::BuildDataError>),
    /// The StateBox cannot be read or changed.
    #[error(transparent)]
    StateBox(#[from] oar_statebox::StateBoxError),
    /// The state repository cannot be read.
    #[error(transparent)]
    Repo(#[from] oar_state_repo::RepoError),
    /// The release controller did not answer.
    #[error(transparent)]
    ReleaseController(#[from] oar_prow_jobs::ReleaseControllerError),
    /// The intent journal cannot be used.
    #[error(transparent)]
    Journal(#[from] oar_transport::journal::JournalError),
}

impl OperatorError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::NoStateBox { .. } => ErrorClass::NotFound,
            Self::LegacyReport { source, .. } => source.class(),
            Self::NotConfigured { .. } => ErrorClass::NotConfigured,
            Self::Config(error) => error.class(),
            Self::BuildData(error) => error.class(),
            Self::StateBox(error) => error.class(),
            Self::Repo(error) => error.class(),
            Self::ReleaseController(error) => error.class(),
            Self::Journal(error) => error.class(),
        }
    }

    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoStateBox { release, .. } => {
                Some(format!("`oar -r {release} create-test-report` creates it"))
            }
            Self::LegacyReport { .. } => Some(
                "repair the access, or unset GCP_SA_FILE to take it that there is no legacy report"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
