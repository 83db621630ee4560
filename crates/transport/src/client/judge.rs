//! What a failed attempt means: the error in words, and whether another attempt is allowed.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::wait_hint::wait_hint;
use crate::endpoint::{NotProcessed, Policy};
use crate::error::HttpErrorKind;
use crate::port::{Processed, SendError, SendErrorKind};

/// What happens when a call is made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// It only reads: repeat at will. The default of GET, HEAD and OPTIONS.
    Safe,
    /// It writes, and twice is the same as once: repeated like a read, but a lost answer still
    /// leaves open whether it happened.
    Idempotent,
    /// Twice may be one too many: repeated only when it certainly was not processed. The default of
    /// every other verb.
    Never,
}

/// How an attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing more to try, and nothing was sent that could have had an effect.
    Final(HttpErrorKind, Option<Box<dyn std::error::Error + Send + Sync>>),
    /// No answer.
    Send(SendError),
    /// The time limit of the attempt passed.
    Timeout,
    /// The answer broke off.
    Cut(Option<SendError>),
    /// The answer is longer than the limit.
    TooLarge,
    /// An answer that was not expected.
    Status { status: StatusCode, headers: HeaderMap, body: Option<String> },
}

/// What follows from it.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The error, if this is the end.
    pub(super) kind: HttpErrorKind,
    /// Whether another attempt is allowed.
    pub(super) again: bool,
    /// Whether a write may have happened.
    pub(super) ambiguous: bool,
    /// Whether the service wants fewer requests: all its callers wait together.
    pub(super) rate_limited: bool,
    /// How long the service asked to wait.
    pub(super) told: Option<Duration>,
}

impl Verdict {
    fn stop(kind: HttpErrorKind) -> Self {
        Self { kind, again: false, ambiguous: false, rate_limited: false, told: None }
    }
}

/// Judges failures of one call.
pub(super) struct Judge<'p> {
    pub(super) policy: &'p Policy,
    pub(super) idempotency: Idempotency,
    pub(super) now: Timestamp,
}

impl Judge<'_> {
    pub(super) fn verdict(&self, failure: &Failure) -> Verdict {
        match failure {
            Failure::Final(kind, _) => Verdict::stop(kind.clone()),
            Failure::Send(error) => self.no_answer(error),
            Failure::Timeout => self.lost(HttpErrorKind::Timeout),
            Failure::Cut(_) => self.lost(HttpErrorKind::Unavailable { status: None }),
            Failure::TooLarge => {
                Verdict::stop(HttpErrorKind::TooLarge { limit: self.policy.body_limit })
            }
            Failure::Status { status, headers, body } => {
                self.answer(*status, headers, body.as_deref())
            }
        }
    }

    fn no_answer(&self, error: &SendError) -> Verdict {
        let kind = match error.kind {
            SendErrorKind::Tls => {
                return Verdict::stop(HttpErrorKind::Tls { problem: error.message.clone() });
            }
            SendErrorKind::Proxy => HttpErrorKind::Proxy { problem: error.message.clone() },
            SendErrorKind::Timeout => HttpErrorKind::Timeout,
            SendErrorKind::Connect | SendErrorKind::Interrupted => {
                HttpErrorKind::Unavailable { status: None }
            }
        };
        match error.processed {
            Processed::Unknown => self.lost(kind),
            Processed::No => {
                let allowed = self.is_read() || self.policy.not_processed != NotProcessed::Nothing;
                Verdict { again: allowed, ..Verdict::stop(kind) }
            }
        }
    }

    /// The request left, no complete answer came: a read is repeated, a write is in doubt.
    fn lost(&self, kind: HttpErrorKind) -> Verdict {
        let (again, ambiguous) = (self.repeats(), self.idempotency != Idempotency::Safe);
        let kind = if ambiguous { HttpErrorKind::Unknown } else { kind };
        Verdict { again, ambiguous, ..Verdict::stop(kind) }
    }

    fn answer(&self, status: StatusCode, headers: &HeaderMap, body: Option<&str>) -> Verdict {
        let told = wait_hint(headers, self.now);
        match status.as_u16() {
            429 => self.rate_limited(told),
            403 if self.is_disguised_rate_limit(headers, body) => {
                // The secondary limit names no time: a minute is what its documentation advises.
                self.rate_limited(Some(told.unwrap_or(Duration::from_mins(1))))
            }
            401 => Verdict::stop(HttpErrorKind::Unauthenticated),
            403 => Verdict::stop(HttpErrorKind::Forbidden),
            404 | 410 => Verdict::stop(HttpErrorKind::NotFound),
            409 if self.is_locked(body) => {
                // Somebody works on the same thing; the request itself was not processed.
                Verdict { again: self.repeats(), told, ..Verdict::stop(HttpErrorKind::Conflict) }
            }
            409 | 412 => Verdict::stop(HttpErrorKind::Conflict),
            422 => Verdict::stop(HttpErrorKind::Unprocessable),
            503 if self.proves_not_processed(headers) => Verdict {
                again: true,
                told,
                ..Verdict::stop(HttpErrorKind::Unavailable { status: Some(status) })
            },
            code if matches!(code, 500 | 502..=504)
                || self.policy.also_transient.contains(&code) =>
            {
                let kind = HttpErrorKind::Unavailable { status: Some(status) };
                Verdict { told, ..self.lost(kind) }
            }
            500.. => {
                let kind = HttpErrorKind::Unavailable { status: Some(status) };
                Verdict { again: false, ..self.lost(kind) }
            }
            _ => Verdict::stop(HttpErrorKind::Rejected { status }),
        }
    }

    fn rate_limited(&self, told: Option<Duration>) -> Verdict {
        let again = self.repeats()
            || !matches!(
                self.policy.not_processed,
                NotProcessed::NeverSentOnly | NotProcessed::Nothing
            );
        Verdict {
            again,
            rate_limited: true,
            told,
            ..Verdict::stop(HttpErrorKind::RateLimited { retry_after: told })
        }
    }

    fn proves_not_processed(&self, headers: &HeaderMap) -> bool {
        match self.policy.not_processed {
            NotProcessed::TooManyRequestsOrUnavailable => !self.is_read(),
            NotProcessed::TooManyRequestsOrRetryAfter => {
                !self.is_read() && headers.contains_key("retry-after")
            }
            _ => false,
        }
    }

    fn is_disguised_rate_limit(&self, headers: &HeaderMap, body: Option<&str>) -> bool {
        let used_up = headers.get("x-ratelimit-remaining").is_some_and(|left| left == "0");
        let says_so = || {
            let body = body.unwrap_or_default().to_ascii_lowercase();
            body.contains("rate limit") || body.contains("abuse detection")
        };
        self.policy.forbidden_is_rate_limit
            && (used_up || headers.contains_key("retry-after") || says_so())
    }

    fn is_locked(&self, body: Option<&str>) -> bool {
        self.policy.lock_words.is_some_and(|words| body.is_some_and(|body| body.contains(words)))
    }

    fn is_read(&self) -> bool {
        self.idempotency == Idempotency::Safe
    }

    fn repeats(&self) -> bool {
        self.idempotency != Idempotency::Never
    }
}

#[cfg(test)]
mod tests;
