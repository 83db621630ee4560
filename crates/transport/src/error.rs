//! Why a call brought no usable answer, in words.

use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};
use oar_release::ErrorClass;

use crate::endpoint::Service;

/// What went wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpErrorKind {
    /// A secret, a ticket or an address is missing; nothing was sent.
    NotConfigured,
    /// The request could not be built; nothing was sent.
    InvalidRequest {
        /// What is wrong with it.
        problem: String,
    },
    /// 401: the service does not know the credential.
    Unauthenticated,
    /// 403: the service knows us and refuses.
    Forbidden,
    /// 404 or 410.
    NotFound,
    /// 409 or 412: the thing is not as the request expected.
    Conflict,
    /// 422: understood and refused.
    Unprocessable,
    /// The service wants fewer requests, for longer than a call may wait.
    RateLimited {
        /// How long it asked to wait, if it said so.
        retry_after: Option<Duration>,
    },
    /// The body is longer than the operation reads.
    TooLarge {
        /// The limit, bytes.
        limit: usize,
    },
    /// Any other answer that was not expected.
    Rejected {
        /// The status.
        status: StatusCode,
    },
    /// A redirect that is not followed: too many, to an unknown host, or out of encryption.
    RedirectRefused {
        /// Where to, masked.
        to: String,
        /// Why not.
        problem: &'static str,
    },
    /// Trouble at the service or on the way; a write certainly did not happen.
    Unavailable {
        /// The status, when there was an answer.
        status: Option<StatusCode>,
    },
    /// No complete answer in time; reads only, a write's time-out is [`HttpErrorKind::Unknown`].
    Timeout,
    /// The answer to a write was lost: it may have happened. Look before acting again.
    Unknown,
    /// The TLS handshake failed. Verification is never turned off (spec 08 R18).
    Tls {
        /// Host, reason and the certificate store that was used.
        problem: String,
    },
    /// The proxy refused or is broken, whatever the service.
    Proxy {
        /// What it said.
        problem: String,
    },
    /// The answer is not what the operation can read.
    Malformed {
        /// The type that was expected.
        expected: &'static str,
        /// Where in the document: `tasks[2].name`; `.` is the document itself.
        field: String,
        /// What is wrong there.
        problem: String,
    },
}

impl fmt::Display for HttpErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured => f.write_str("a setting is missing"),
            Self::InvalidRequest { problem } => write!(f, "the request is invalid: {problem}"),
            Self::Unauthenticated => f.write_str("the credential is not accepted"),
            Self::Forbidden => f.write_str("the credential may not do this"),
            Self::NotFound => f.write_str("not found"),
            Self::Conflict => f.write_str("conflict with another change"),
            Self::Unprocessable => f.write_str("understood and refused"),
            Self::RateLimited { retry_after: Some(wait) } => {
                write!(f, "too many requests, try again in {} s", wait.as_secs())
            }
            Self::RateLimited { retry_after: None } => f.write_str("too many requests"),
            Self::TooLarge { limit } => write!(f, "the answer is longer than {limit} bytes"),
            Self::Rejected { status } => write!(f, "unexpected answer {}", status.as_u16()),
            Self::RedirectRefused { to, problem } => {
                write!(f, "redirect to {to} not followed: {problem}")
            }
            Self::Unavailable { status: Some(status) } => {
                write!(f, "the service has trouble ({})", status.as_u16())
            }
            Self::Unavailable { status: None } => f.write_str("the service cannot be reached"),
            Self::Timeout => f.write_str("no complete answer in time"),
            Self::Unknown => f.write_str("the answer was lost, the change may have happened"),
            Self::Tls { problem } => write!(f, "TLS: {problem}"),
            Self::Proxy { problem } => write!(f, "proxy: {problem}"),
            Self::Malformed { expected, field, problem } => {
                write!(f, "the answer is no {expected}: at {field}: {problem}")
            }
        }
    }
}

/// Which call failed and how far it came.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub(crate) service: Service,
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// Masked.
    pub(crate) url: String,
    pub(crate) attempts: u32,
    /// Masked, at most 2 KiB.
    pub(crate) body: Option<String>,
    pub(crate) status: Option<StatusCode>,
}

/// A call that brought no usable answer.
#[derive(Debug)]
pub struct HttpError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    failed: Failed,
    kind: HttpErrorKind,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl HttpError {
    pub(crate) fn new(
        failed: Failed,
        kind: HttpErrorKind,
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self(Box::new(Inner { failed, kind, source }))
    }

    /// What went wrong.
    pub fn kind(&self) -> &HttpErrorKind {
        &self.0.kind
    }

    /// The status, when there was an answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.failed.status
    }

    /// The beginning of the answer's body: masked, at most 2 KiB.
    pub fn body(&self) -> Option<&str> {
        self.0.failed.body.as_deref()
    }

    /// The service that was called.
    pub fn service(&self) -> Service {
        self.0.failed.service
    }

    /// The address asked last, masked.
    pub fn url(&self) -> &str {
        &self.0.failed.url
    }

    /// How many times the request was sent, or tried to be.
    pub fn attempts(&self) -> u32 {
        self.0.failed.attempts
    }

    /// How long the service asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind() {
            HttpErrorKind::RateLimited { retry_after } => *retry_after,
            _ => None,
        }
    }

    /// Whether a write may have happened although no answer says so (promise P4).
    pub fn outcome_is_unknown(&self) -> bool {
        matches!(self.kind(), HttpErrorKind::Unknown)
    }

    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self.kind() {
            HttpErrorKind::NotConfigured => ErrorClass::NotConfigured,
            HttpErrorKind::InvalidRequest { .. } | HttpErrorKind::Unprocessable => {
                ErrorClass::InvalidArgument
            }
            HttpErrorKind::Unauthenticated => ErrorClass::UnauthenticatedUpstream,
            HttpErrorKind::Forbidden => ErrorClass::ForbiddenUpstream,
            HttpErrorKind::NotFound => ErrorClass::NotFound,
            HttpErrorKind::Conflict => ErrorClass::Conflict,
            HttpErrorKind::RateLimited { .. }
            | HttpErrorKind::Unavailable { .. }
            | HttpErrorKind::Tls { .. }
            | HttpErrorKind::Proxy { .. } => ErrorClass::UpstreamUnavailable,
            HttpErrorKind::Timeout => ErrorClass::Timeout,
            HttpErrorKind::TooLarge { .. }
            | HttpErrorKind::Rejected { .. }
            | HttpErrorKind::RedirectRefused { .. }
            | HttpErrorKind::Unknown
            | HttpErrorKind::Malformed { .. } => ErrorClass::Undetermined,
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failed { service, operation, method, url, attempts, .. } = &self.0.failed;
        write!(f, "{service}.{operation}: {} ({method} {url}", self.0.kind)?;
        if *attempts > 1 {
            write!(f, ", {attempts} attempts")?;
        }
        f.write_str(")")
    }
}

impl std::error::Error for HttpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
