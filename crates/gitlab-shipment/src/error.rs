//! What can go wrong with GitLab, in words (spec 03 §14).

use std::time::Duration;

use oar_release::ErrorClass;
use oar_transport::{HttpError, HttpErrorKind};

use crate::types::MrState;

/// The variable that holds the token.
pub(crate) const TOKEN: &str = "GITLAB_TOKEN";

/// GitLab could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitLabError {
    /// 401: the token is missing, wrong or expired.
    #[error("GitLab does not accept {TOKEN}")]
    Token(#[source] Box<HttpError>),
    /// 403: the token may not do this.
    #[error("{TOKEN} may not {what}: {message}")]
    Forbidden {
        /// What was asked, as a verb with its object.
        what: String,
        /// GitLab's words, masked.
        message: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// 404: not there, or not visible for the token.
    #[error("cannot {what}: GitLab does not have it, or hides it from {TOKEN}")]
    NotFound {
        /// What was asked.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// 409, or a 400 that means the same: somebody else was faster.
    #[error("cannot {what}: {message}")]
    Conflict {
        /// What was asked.
        what: String,
        /// GitLab's words, masked.
        message: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// Any other refusal.
    #[error("GitLab refused to {what} ({status}): {message}")]
    Api {
        /// What was asked.
        what: String,
        /// The status.
        status: u16,
        /// GitLab's words, masked.
        message: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The merge request is not open, so nothing is written to it.
    #[error("{url} is {state}, not opened")]
    MrNotOpen {
        /// Which one.
        url: String,
        /// Its state; merged is a success of its own for some callers (spec 08 R13).
        state: MrState,
    },
    /// The merge request is a draft and drafts were not allowed.
    #[error("{url} is still a draft; approve it with --allow-draft, or wait for ART")]
    Draft {
        /// Which one.
        url: String,
    },
    /// The source branch moved after it was looked at.
    #[error("{url} moved from {expected} to {}; look at the new commits and run again", found.as_deref().unwrap_or("another commit"))]
    HeadMoved {
        /// Which one.
        url: String,
        /// The commit that was looked at.
        expected: String,
        /// The head now, where it is known.
        found: Option<String>,
    },
    /// The account may not approve.
    #[error("cannot approve {url}: {message}")]
    CannotApprove {
        /// Which one.
        url: String,
        /// GitLab's words, masked.
        message: String,
    },
    /// The merge request has no commits, or its fork is gone.
    #[error("{url} has no source commits")]
    NoCommits {
        /// Which one.
        url: String,
    },
    /// The text is no address of a merge request, or its number is not positive.
    #[error("{text:?} is no merge request of GitLab")]
    BadMergeRequest {
        /// What was given.
        text: String,
    },
    /// The address points to another server than the configured one: it gets no token.
    #[error("{url} is not on the configured GitLab {home}")]
    ForeignHost {
        /// The address.
        url: String,
        /// Where GitLab is configured to be.
        home: String,
    },
    /// A request that would be refused, or do harm.
    #[error("cannot {what}: {problem}")]
    Invalid {
        /// What was asked.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Nobody, or more than one person, has this address.
    #[error("{problem}")]
    Person {
        /// Who was looked for and what came back.
        problem: String,
    },
    /// A list does not come to an end, or brings nothing new (spec 08 R34).
    #[error("the list to {what} does not end")]
    Endless {
        /// What was asked.
        what: String,
    },
    /// Too many requests, for longer than a call may wait.
    #[error("GitLab wants fewer requests")]
    RateLimited {
        /// How long it asked to wait.
        retry_after: Option<Duration>,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// GitLab has trouble or cannot be reached; nothing was changed.
    #[error("cannot {what}: GitLab is unavailable")]
    Unavailable {
        /// What was asked.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The answer to a write was lost and it could not be looked up. It is not repeated.
    #[error("whether GitLab did {what} is unknown")]
    Unknown {
        /// What was asked.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The call brought no usable answer.
    #[error("cannot {what}: GitLab did not answer as needed")]
    Http {
        /// What was asked.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
}

impl GitLabError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Token(source) | Self::Http { source, .. } => source.class(),
            Self::Forbidden { .. } | Self::CannotApprove { .. } => ErrorClass::ForbiddenUpstream,
            Self::NotFound { .. } | Self::Person { .. } => ErrorClass::NotFound,
            Self::Conflict { .. } | Self::HeadMoved { .. } => ErrorClass::Conflict,
            Self::MrNotOpen { .. } | Self::Draft { .. } | Self::NoCommits { .. } => {
                ErrorClass::PreconditionFailed
            }
            Self::BadMergeRequest { .. } | Self::ForeignHost { .. } | Self::Invalid { .. } => {
                ErrorClass::InvalidArgument
            }
            Self::RateLimited { .. } | Self::Unavailable { .. } => ErrorClass::UpstreamUnavailable,
            Self::Api { .. } | Self::Unknown { .. } | Self::Endless { .. } => {
                ErrorClass::Undetermined
            }
        }
    }

    /// A call to `what` (a verb with its object) that brought no usable answer.
    pub(crate) fn of(what: impl Into<String>, error: HttpError) -> Self {
        let what = what.into();
        let message = message(&error);
        let status = error.status().map(|status| status.as_u16());
        let (kind, retry_after) = (error.kind().clone(), error.retry_after());
        let source = Box::new(error);
        match kind {
            HttpErrorKind::Unauthenticated => Self::Token(source),
            HttpErrorKind::Forbidden => Self::Forbidden { what, message, source },
            HttpErrorKind::NotFound => Self::NotFound { what, source },
            HttpErrorKind::Conflict => Self::Conflict { what, message, source },
            HttpErrorKind::RateLimited { .. } => Self::RateLimited { retry_after, source },
            HttpErrorKind::Unavailable { .. } => Self::Unavailable { what, source },
            HttpErrorKind::Unknown => Self::Unknown { what, source },
            HttpErrorKind::Rejected { .. } | HttpErrorKind::Unprocessable => match status {
                Some(status) => Self::Api { what, status, message, source },
                None => Self::Http { what, source },
            },
            _ => Self::Http { what, source },
        }
    }
}

/// GitLab's own words in an error's body: `error`, else `message`, else the beginning of the body.
pub(crate) fn message(error: &HttpError) -> String {
    let body = error.body().unwrap_or_default();
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let said = ["error", "message"].iter().find_map(|key| match json.get(key)? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Null => None,
        other => Some(other.to_string()),
    });
    said.unwrap_or_else(|| body.trim().to_owned())
}
