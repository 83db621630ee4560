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
    /// A system that the command needs is not set up.
    #[error(transparent)]
    NotSetUp(#[from] crate::services::NotSetUp),
    /// The Errata Tool could not do, or tell, what was asked.
    #[error(transparent)]
    Advisory(#[from] oar_errata::AdvisoryError),
    /// GitLab could not, or the shipment is not what it should be.
    #[error(transparent)]
    Shipment(#[from] oar_gitlab_shipment::ShipmentError),
    /// The command is not for releases of this flow.
    #[error("{command} is for the {wanted} flow; {release} is in the {flow} flow")]
    WrongFlow {
        /// The command.
        command: &'static str,
        /// The flow it is for.
        wanted: &'static str,
        /// The release.
        release: ReleaseVersion,
        /// Its flow.
        flow: &'static str,
    },
    /// An approval job of this machine.
    #[error(transparent)]
    Approval(#[from] crate::approval::ApprovalError),
    /// No stream of the release controller has the build.
    #[error("no release stream has the build {build}")]
    NoSuchBuild {
        /// Which build.
        build: oar_release::BuildName,
    },
    /// A repair by hand does not fit.
    #[error(transparent)]
    Repair(#[from] crate::test_jobs::repair::RepairError),
    /// Prow could not tell what was asked.
    #[error(transparent)]
    Prow(#[from] oar_prow_jobs::ProwError),
    /// Nothing waits for a person's decision.
    #[error("nothing of {release} waits for a decision: {standing}")]
    NothingToDecide {
        /// Which release.
        release: ReleaseVersion,
        /// How its two analyses stand.
        standing: String,
    },
    /// Both builds wait for a decision.
    #[error("the candidate and the promoted build of {release} wait for a decision")]
    SeveralToDecide {
        /// Which release.
        release: ReleaseVersion,
    },
    /// Somebody else works on the task.
    #[error(transparent)]
    Turn(#[from] crate::turn::TurnError),
    /// A file of this machine cannot be used.
    #[error("{} cannot be used", path.display())]
    LocalFile {
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The intent journal cannot be used.
    #[error(transparent)]
    Journal(#[from] oar_transport::journal::JournalError),
}

/// An error that knows its class.
pub trait Classed: std::error::Error {
    /// The class (spec 00 §e).
    fn class_of(&self) -> ErrorClass;
}

macro_rules! classed {
    ($($error:ty),* $(,)?) => {$(
        impl Classed for $error {
            fn class_of(&self) -> ErrorClass {
                self.class()
            }
        }
    )*};
}

classed!(
    OperatorError,
    crate::approval::ApprovalError,
    oar_errata::AdvisoryError,
    oar_errata::ElliottError,
    oar_gitlab_shipment::GitLabError,
    oar_gitlab_shipment::ShipmentError,
    oar_jenkins::JenkinsError,
    oar_jira::JiraError,
    oar_prow_jobs::ProwError,
    oar_registry::RegistryError,
    oar_state_repo::RepoError,
    oar_statebox::StateBoxError,
);

impl Classed for crate::services::NotSetUp {
    fn class_of(&self) -> ErrorClass {
        self.class
    }
}

impl OperatorError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::NoStateBox { .. } => ErrorClass::NotFound,
            Self::LegacyReport { source, .. } => source.class(),
            Self::NotConfigured { .. } | Self::LocalFile { .. } => ErrorClass::NotConfigured,
            Self::Config(error) => error.class(),
            Self::BuildData(error) => error.class(),
            Self::StateBox(error) => error.class(),
            Self::Repo(error) => error.class(),
            Self::ReleaseController(error) => error.class(),
            Self::NotSetUp(error) => error.class,
            Self::Advisory(error) => error.class(),
            Self::Shipment(error) => error.class(),
            Self::Approval(error) => error.class(),
            Self::WrongFlow { .. } | Self::NoSuchBuild { .. } | Self::SeveralToDecide { .. } => {
                ErrorClass::InvalidArgument
            }
            Self::NothingToDecide { .. } => ErrorClass::PreconditionFailed,
            Self::Repair(error) => error.class(),
            Self::Prow(error) => error.class(),
            Self::Journal(error) => error.class(),
            Self::Turn(error) => error.class_of(),
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
            Self::Approval(crate::approval::ApprovalError::NoJob { release }) => {
                Some(format!("`oar -r {release} change-advisory-status` makes one"))
            }
            Self::SeveralToDecide { .. } => {
                Some("say which: --task analyze-promoted-build".to_owned())
            }
            Self::NothingToDecide { release, .. } => {
                Some(format!("`oar -r {release} why` says what holds the release"))
            }
            Self::WrongFlow { command: "drop-bugs", release, .. } => Some(format!(
                "`oar -r {release} drop-bugs --shipment` drops them from advisories and shipment"
            )),
            _ => None,
        }
    }
}
