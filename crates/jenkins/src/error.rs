//! What can go wrong with Jenkins, in words; never with the web page it answered.

use std::time::Duration;

use oar_release::ErrorClass;
use oar_transport::{HttpError, HttpErrorKind};

use crate::order::{JenkinsJob, UnsupportedJob};

/// Jenkins could not do, or could not tell, what was asked.
#[derive(Debug, thiserror::Error)]
pub enum JenkinsError {
    /// The job is not one that this client knows; nothing was sent.
    #[error(transparent)]
    UnsupportedJob(#[from] UnsupportedJob),
    /// User or token is missing or wrong, or no server is configured.
    #[error("Jenkins does not accept JENKINS_USER and JENKINS_TOKEN")]
    Credential(#[source] Box<HttpError>),
    /// A secret or the server's address is missing; nothing was sent.
    #[error("Jenkins is not configured")]
    NotConfigured(#[source] Box<HttpError>),
    /// The account may not do this.
    #[error("JENKINS_USER may not do this")]
    Forbidden(#[source] Box<HttpError>),
    /// The job or the build does not exist, or the account may not see it.
    #[error("Jenkins has no {what}")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// Somebody took the job out of the queue.
    #[error("{job} was cancelled in the queue, see {item_url}")]
    Cancelled {
        /// The job.
        job: JenkinsJob,
        /// Its queue item.
        item_url: String,
    },
    /// Jenkins refused to build: a parameter is missing, the job is disabled.
    #[error("Jenkins refused to build {job}")]
    Refused {
        /// The job.
        job: JenkinsJob,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// Jenkins has trouble or cannot be reached; nothing was triggered.
    #[error("Jenkins is unavailable")]
    Unavailable {
        /// How long it asked to wait.
        retry_after: Option<Duration>,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The answer to a trigger was lost, and whether it went through could not be looked up. It is
    /// not triggered again; [`crate::JenkinsRead::look`] finds it later.
    #[error("whether {job} was triggered is unknown")]
    Unknown {
        /// The job.
        job: JenkinsJob,
        /// The call.
        #[source]
        source: Option<Box<HttpError>>,
    },
    /// The look that was shown is about something else than the order.
    #[error("{job} with this payload was not looked for before it was to be triggered")]
    NotLooked {
        /// The job.
        job: JenkinsJob,
    },
    /// The call brought no usable answer.
    #[error("Jenkins did not answer as needed")]
    Http(#[source] Box<HttpError>),
}

impl JenkinsError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::UnsupportedJob(_) | Self::Refused { .. } => ErrorClass::InvalidArgument,
            Self::Credential(_) => ErrorClass::UnauthenticatedUpstream,
            Self::NotConfigured(_) => ErrorClass::NotConfigured,
            Self::Forbidden(_) => ErrorClass::ForbiddenUpstream,
            Self::NotFound { .. } => ErrorClass::NotFound,
            Self::Cancelled { .. } => ErrorClass::Cancelled,
            Self::Unavailable { .. } => ErrorClass::UpstreamUnavailable,
            Self::Unknown { .. } => ErrorClass::Undetermined,
            Self::NotLooked { .. } => ErrorClass::Internal,
            Self::Http(source) => source.class(),
        }
    }

    /// Whether a trigger was turned down, so that the task's own action failed (spec 05 §6.6).
    pub const fn was_refused(&self) -> bool {
        matches!(
            self,
            Self::Credential(_)
                | Self::Forbidden(_)
                | Self::NotFound { .. }
                | Self::Cancelled { .. }
                | Self::Refused { .. }
        )
    }

    /// Whether the job may run although nothing of it is known: keep the claim, look later (P4).
    pub const fn may_have_started(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

impl From<HttpError> for JenkinsError {
    fn from(error: HttpError) -> Self {
        let (kind, retry_after) = (error.kind().clone(), error.retry_after());
        let source = Box::new(error);
        match kind {
            HttpErrorKind::NotConfigured => Self::NotConfigured(source),
            HttpErrorKind::Unauthenticated => Self::Credential(source),
            HttpErrorKind::Forbidden => Self::Forbidden(source),
            HttpErrorKind::Unavailable { .. } | HttpErrorKind::RateLimited { .. } => {
                Self::Unavailable { retry_after, source }
            }
            _ => Self::Http(source),
        }
    }
}
