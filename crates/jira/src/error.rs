//! What can go wrong with Jira, in words.

use std::time::Duration;

use oar_release::ErrorClass;
use oar_transport::{HttpError, HttpErrorKind};
use serde_json::Value;

use crate::key::IssueKey;

/// The variables that hold the credential.
pub(crate) const TOKEN: &str = "JIRA_USERNAME and JIRA_TOKEN";

/// Jira could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum JiraError {
    /// The pair of user and token is wrong. Jira may say so with a 401, or show an anonymous view.
    #[error("Jira does not accept {TOKEN}")]
    Token {
        /// The call, where it was refused.
        #[source]
        source: Option<Box<HttpError>>,
    },
    /// 403: the account may not do this.
    #[error("the account of {TOKEN} may not {what}: {message}")]
    Forbidden {
        /// What was asked, as a verb with its object.
        what: String,
        /// Jira's words, masked.
        message: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// 403 or 404 on one issue: embargoed, deleted, or never there (spec 08 R33).
    #[error("{key} is not visible for the account of {TOKEN}")]
    NotVisible {
        /// Which issue.
        key: IssueKey,
    },
    /// 404 on anything else.
    #[error("cannot {what}: Jira does not have it")]
    NotFound {
        /// What was asked.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// 410: the service no longer has this part of its interface.
    #[error("Jira no longer offers {endpoint}; this version of OAR is too old for it")]
    Gone {
        /// Which part, masked.
        endpoint: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// A custom field is not what its id is configured to be (spec 08 R36).
    #[error("{problem}; set jira.fields.{name} in the settings file")]
    Field {
        /// The field's name in the settings.
        name: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A setting names a field that does not exist here.
    #[error("there is no field {name:?} to set an id for; known: {known}")]
    UnknownField {
        /// The name found.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A request that would be refused, or do harm.
    #[error("cannot {what}: {problem}")]
    Invalid {
        /// What was asked.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The workflow does not lead to a status from here.
    #[error("{key} cannot be moved to {target}; from here Jira offers {offered}")]
    NoTransition {
        /// Which issue.
        key: IssueKey,
        /// Where to.
        target: String,
        /// What is offered.
        offered: String,
    },
    /// 400, 409, 422: understood and refused.
    #[error("Jira refused to {what} ({status}): {message}")]
    Refused {
        /// What was asked.
        what: String,
        /// The status.
        status: u16,
        /// Jira's words, masked.
        message: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// A list does not come to an end (spec 08 R34).
    #[error("the list to {what} does not end")]
    Endless {
        /// What was asked.
        what: String,
    },
    /// Too many requests, for longer than a call may wait.
    #[error("Jira wants fewer requests")]
    RateLimited {
        /// How long it asked to wait.
        retry_after: Option<Duration>,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// Jira has trouble or cannot be reached; nothing was changed.
    #[error("cannot {what}: Jira is unavailable")]
    Unavailable {
        /// What was asked.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The answer to a write was lost and it could not be looked up. It is not repeated.
    #[error("whether Jira did {what} is unknown")]
    Unknown {
        /// What was asked.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The call brought no usable answer.
    #[error("cannot {what}: Jira did not answer as needed")]
    Http {
        /// What was asked.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
}

impl JiraError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Token { .. } => ErrorClass::UnauthenticatedUpstream,
            Self::Forbidden { .. } => ErrorClass::ForbiddenUpstream,
            Self::NotVisible { .. } | Self::NotFound { .. } => ErrorClass::NotFound,
            Self::Field { .. } | Self::UnknownField { .. } => ErrorClass::NotConfigured,
            Self::Invalid { .. } => ErrorClass::InvalidArgument,
            Self::NoTransition { .. } => ErrorClass::PreconditionFailed,
            Self::RateLimited { .. } | Self::Unavailable { .. } => ErrorClass::UpstreamUnavailable,
            Self::Refused { status: 409, .. } => ErrorClass::Conflict,
            Self::Gone { .. }
            | Self::Refused { .. }
            | Self::Endless { .. }
            | Self::Unknown { .. } => ErrorClass::Undetermined,
            Self::Http { source, .. } => source.class(),
        }
    }

    /// A call to `what` (a verb with its object) that brought no usable answer.
    pub(crate) fn of(what: impl Into<String>, error: HttpError) -> Self {
        let what = what.into();
        let message = message(&error);
        let status = error.status().map_or(0, |status| status.as_u16());
        let (kind, retry_after) = (error.kind().clone(), error.retry_after());
        let endpoint = error.url().to_owned();
        let source = Box::new(error);
        match kind {
            HttpErrorKind::Unauthenticated => Self::Token { source: Some(source) },
            HttpErrorKind::Forbidden => Self::Forbidden { what, message, source },
            HttpErrorKind::NotFound if status == 410 => Self::Gone { endpoint, source },
            HttpErrorKind::NotFound => Self::NotFound { what, source },
            HttpErrorKind::RateLimited { .. } => Self::RateLimited { retry_after, source },
            HttpErrorKind::Unavailable { .. } => Self::Unavailable { what, source },
            HttpErrorKind::Unknown => Self::Unknown { what, source },
            HttpErrorKind::Rejected { .. }
            | HttpErrorKind::Conflict
            | HttpErrorKind::Unprocessable => Self::Refused { what, status, message, source },
            _ => Self::Http { what, source },
        }
    }

    /// The same for a call about one issue: refused and absent are "not visible" (spec 02 §4.5).
    pub(crate) fn of_issue(key: &IssueKey, what: &str, error: HttpError) -> Self {
        match Self::of(format!("{what} {key}"), error) {
            Self::Forbidden { .. } | Self::NotFound { .. } => Self::NotVisible { key: key.clone() },
            other => other,
        }
    }
}

/// Jira's own words in an error's body, else the beginning of the body (spec 02 §4.1).
fn message(error: &HttpError) -> String {
    let body = error.body().unwrap_or_default();
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let mut words: Vec<String> = Vec::new();
    let texts = json.get("errorMessages").and_then(Value::as_array).into_iter().flatten();
    words.extend(texts.filter_map(Value::as_str).map(str::to_owned));
    for (field, problem) in json.get("errors").and_then(Value::as_object).into_iter().flatten() {
        let problem = problem.as_str().map_or_else(|| problem.to_string(), str::to_owned);
        words.push(format!("{field}: {problem}"));
    }
    for key in ["message", "errorMessage"] {
        words.extend(json.get(key).and_then(Value::as_str).map(str::to_owned));
    }
    if words.is_empty() { body.trim().to_owned() } else { words.join("; ") }
}
