//! What can go wrong with Gangway, Deck and the artefacts, in words.

use std::time::Duration;

use oar_release::ErrorClass;
use oar_transport::{HttpError, HttpErrorKind, Service};

use crate::order::OrderError;
use crate::run::RunId;

/// The variable that holds the token of the CI cluster.
pub(crate) const TOKEN: &str = "APITOKEN";

/// Prow could not do, or could not tell, what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProwError {
    /// The order is not one that Gangway takes; nothing was sent.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The token is missing, expired or of somebody who is not known there.
    #[error("Gangway does not accept {TOKEN}: log in to the CI cluster and renew it")]
    Token(#[source] Box<HttpError>),
    /// The account may not start this job.
    #[error("{TOKEN} may not do this on Gangway")]
    Forbidden(#[source] Box<HttpError>),
    /// A web page came instead of data: usually the sign-in page, when the token has expired.
    #[error("Gangway answered with a web page: {TOKEN} may have expired")]
    SignInPage(#[source] Box<HttpError>),
    /// No periodic job has this name: a mistake in the configuration, not trouble of the service.
    #[error("Prow has no periodic job {job:?}: {message}")]
    UnknownJob {
        /// The name.
        job: String,
        /// Gangway's words, masked.
        message: String,
    },
    /// Gangway answered that it did not start the run.
    #[error("Gangway refused to start {job}: {message}")]
    Refused {
        /// The job.
        job: String,
        /// Gangway's words, masked.
        message: String,
        /// Whether trying later may help: a 5xx, not a 4xx.
        passing: bool,
    },
    /// Gangway wants fewer requests, for longer than a call may wait. Nothing was started.
    #[error("Gangway wants fewer requests")]
    RateLimited {
        /// How long it asked to wait.
        retry_after: Option<Duration>,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// Gangway, Deck or the storage has trouble. Nothing was started.
    #[error("{service} is unavailable")]
    Unavailable {
        /// Which one.
        service: Service,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The answer to a start was lost, and whether the run exists could not be looked up. It is not
    /// started again; [`crate::ProwRead::find_attempt`] finds it later.
    #[error("whether attempt {attempt} of {job} was started is unknown")]
    Unknown {
        /// The job.
        job: String,
        /// The attempt.
        attempt: String,
        /// The call.
        #[source]
        source: Option<Box<HttpError>>,
    },
    /// The run has no page yet, after all the waiting that is due.
    #[error("run {id} has no page after {waited:?}; it may show up later")]
    NoPageYet {
        /// The run.
        id: RunId,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The answer is about another run.
    #[error("asked for run {asked}, the answer is about {answered:?}")]
    OtherRun {
        /// What was asked for.
        asked: RunId,
        /// What came.
        answered: String,
    },
    /// There are more runs of the job than are looked through (spec 08 R34).
    #[error("{job} has more than {limit} runs to look through")]
    TooMany {
        /// The job.
        job: String,
        /// How many are looked through.
        limit: usize,
    },
    /// The call brought no usable answer.
    #[error("{service} did not answer as needed")]
    Http {
        /// Which one.
        service: Service,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
}

impl ProwError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Token(source) if matches!(source.kind(), HttpErrorKind::NotConfigured) => {
                ErrorClass::NotConfigured
            }
            Self::Token(_) => ErrorClass::UnauthenticatedUpstream,
            Self::Forbidden(_) => ErrorClass::ForbiddenUpstream,
            Self::UnknownJob { .. } => ErrorClass::NotConfigured,
            Self::Refused { passing: true, .. }
            | Self::RateLimited { .. }
            | Self::Unavailable { .. } => ErrorClass::UpstreamUnavailable,
            Self::Order(_) | Self::Refused { passing: false, .. } => ErrorClass::InvalidArgument,
            Self::NoPageYet { .. } => ErrorClass::Timeout,
            Self::SignInPage(_)
            | Self::Unknown { .. }
            | Self::OtherRun { .. }
            | Self::TooMany { .. } => ErrorClass::Undetermined,
            Self::Http { source, .. } => source.class(),
        }
    }

    /// Whether a start was turned down, so that the task's own action failed (spec 03 §11.5). Other
    /// errors leave the task as it is.
    pub fn was_refused(&self) -> bool {
        match self {
            // Without a token nothing was asked.
            Self::Token(source) => !matches!(source.kind(), HttpErrorKind::NotConfigured),
            Self::Forbidden(_)
            | Self::SignInPage(_)
            | Self::UnknownJob { .. }
            | Self::Refused { .. } => true,
            _ => false,
        }
    }

    /// Whether a run may exist although its id is not known: keep the claim, look later (P4).
    pub const fn may_have_started(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

impl From<HttpError> for ProwError {
    fn from(error: HttpError) -> Self {
        let (service, kind) = (error.service(), error.kind().clone());
        let retry_after = error.retry_after();
        let gangway = service == Service::Gangway;
        let source = Box::new(error);
        match kind {
            HttpErrorKind::NotConfigured | HttpErrorKind::Unauthenticated if gangway => {
                Self::Token(source)
            }
            HttpErrorKind::Forbidden if gangway => Self::Forbidden(source),
            HttpErrorKind::RateLimited { .. } if gangway => {
                Self::RateLimited { retry_after, source }
            }
            HttpErrorKind::Malformed { .. } if gangway && is_page(source.body()) => {
                Self::SignInPage(source)
            }
            // An OAuth proxy sends those whom it does not know to its sign-in page.
            HttpErrorKind::Rejected { status } if gangway && status.is_redirection() => {
                Self::SignInPage(source)
            }
            HttpErrorKind::Unavailable { .. } | HttpErrorKind::RateLimited { .. } => {
                Self::Unavailable { service, source }
            }
            _ => Self::Http { service, source },
        }
    }
}

fn is_page(body: Option<&str>) -> bool {
    body.is_some_and(|body| body.trim_start().starts_with('<'))
}
