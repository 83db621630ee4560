//! What can go wrong with the Errata Tool and Brew, in words (spec 02 §3.2).

use oar_release::ErrorClass;
use oar_transport::{HttpError, HttpErrorKind};

use crate::state::{AdvisoryState, IllegalMove};
use crate::wire;
use crate::words::AdvisoryId;

/// Longest excerpt of an answer that is no refusal in words, characters.
const EXCERPT: usize = 300;

/// Something about advisories did not work.
#[derive(Debug, thiserror::Error)]
pub enum AdvisoryError {
    /// The Errata Tool does not know who we are.
    #[error("no valid Kerberos ticket for {host} ({cache}); run kinit, or set KRB5_CLIENT_KTNAME")]
    NoTicket {
        /// The host that was asked.
        host: String,
        /// Which credential cache is in use, or why no token was sent.
        cache: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// We are known and may not.
    #[error("no permission: {what}")]
    Forbidden {
        /// What was tried.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The Errata Tool or Brew does not know it.
    #[error("not found: {what}")]
    NotFound {
        /// What was looked for.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// Understood and refused.
    #[error("{what} was refused: {reason}")]
    Refused {
        /// What was tried, with the advisory's number.
        what: String,
        /// The Errata Tool's own words.
        reason: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The push has to wait for another advisory's (spec 02 §3.3).
    #[error("advisory {id} waits for the push of other advisories: {reason}")]
    DependenciesIncomplete {
        /// Which advisory.
        id: AdvisoryId,
        /// The Errata Tool's own words.
        reason: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// No such move; nothing was sent.
    #[error(transparent)]
    IllegalMove(#[from] IllegalMove),
    /// The Errata Tool accepted a change of state, and the advisory is somewhere else.
    #[error("advisory {id} was to be in {wanted} and is in {found}")]
    StateDiffers {
        /// Which advisory.
        id: AdvisoryId,
        /// Where it was to be.
        wanted: AdvisoryState,
        /// Where it is.
        found: AdvisoryState,
    },
    /// The Errata Tool accepted a change, and reading it back shows something else.
    #[error("{what} was accepted and did not happen")]
    NotDone {
        /// What was tried.
        what: String,
    },
    /// The answer to a write was lost and could not be looked up. It was not sent again.
    #[error("whether {what} happened is unknown")]
    Unknown {
        /// What was tried.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The answer to a write was lost, and a look shows that it did not happen.
    #[error("no sign of {what} after the answer was lost")]
    Lost {
        /// What was tried.
        what: String,
        /// The call.
        #[source]
        source: Box<HttpError>,
    },
    /// The address is none.
    #[error("{email:?} is no e-mail address")]
    NotAnAddress {
        /// What was given.
        email: String,
    },
    /// A key that cannot be one of an issue.
    #[error("{key:?} is no key of an issue")]
    NotAnIssue {
        /// What was given.
        key: String,
    },
    /// A comment without text.
    #[error("a comment on advisory {id} needs a text")]
    EmptyComment {
        /// Which advisory.
        id: AdvisoryId,
    },
    /// More pages than any list has.
    #[error("the list of {what} does not end")]
    Endless {
        /// The list.
        what: String,
    },
    /// The name of a build that has no name, version and release.
    #[error("{nvr:?} is not the name of a build")]
    NotABuild {
        /// What was found.
        nvr: String,
    },
    /// An operating system image without a kernel.
    #[error("{nvr} holds none of the packages {packages}")]
    NoKernel {
        /// The image.
        nvr: String,
        /// The packages looked for.
        packages: String,
    },
    /// Koji answered with a fault.
    #[error("Koji cannot list the tags of {nvr}: {fault}")]
    Koji {
        /// The build.
        nvr: String,
        /// Koji's words.
        fault: String,
    },
    /// The call brought no usable answer.
    #[error("the Errata Tool did not answer as needed")]
    Http(#[source] Box<HttpError>),
}

impl AdvisoryError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::NoTicket { .. } => ErrorClass::UnauthenticatedUpstream,
            Self::Forbidden { .. } => ErrorClass::ForbiddenUpstream,
            Self::NotFound { .. } => ErrorClass::NotFound,
            // The Errata Tool says what must happen first.
            Self::Refused { .. } | Self::DependenciesIncomplete { .. } => {
                ErrorClass::PreconditionFailed
            }
            Self::StateDiffers { .. } | Self::NotDone { .. } => ErrorClass::Conflict,
            Self::Lost { .. } => ErrorClass::UpstreamUnavailable,
            Self::IllegalMove(_)
            | Self::NotAnAddress { .. }
            | Self::NotAnIssue { .. }
            | Self::EmptyComment { .. } => ErrorClass::InvalidArgument,
            Self::Unknown { .. }
            | Self::Endless { .. }
            | Self::NotABuild { .. }
            | Self::NoKernel { .. }
            | Self::Koji { .. } => ErrorClass::Undetermined,
            Self::Http(error) => error.class(),
        }
    }

    /// Whether a write may have happened although nothing says so (promise P4).
    pub const fn outcome_is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// The call that failed, where there was one: address, attempts, excerpt of the body.
    pub fn http(&self) -> Option<&HttpError> {
        match self {
            Self::NoTicket { source, .. }
            | Self::Forbidden { source, .. }
            | Self::NotFound { source, .. }
            | Self::Refused { source, .. }
            | Self::DependenciesIncomplete { source, .. }
            | Self::Unknown { source, .. }
            | Self::Lost { source, .. }
            | Self::Http(source) => Some(source),
            _ => None,
        }
    }

    /// The error and its causes in one line, for reports and the StateBox: the cause is what people
    /// need and what used to be lost on the way.
    pub fn whole(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            let inner_text = inner.to_string();
            if !text.contains(&inner_text) {
                text.push_str(": ");
                text.push_str(&inner_text);
            }
            cause = inner.source();
        }
        text
    }

    /// The words for `error`, which ended `what` at `host`.
    pub(crate) fn from_http(error: HttpError, what: &str, cache: &str) -> Self {
        let what = what.to_owned();
        match error.kind() {
            HttpErrorKind::Unauthenticated => {
                let host = host_of(error.url());
                Self::NoTicket { host, cache: cache.to_owned(), source: Box::new(error) }
            }
            HttpErrorKind::Forbidden => Self::Forbidden { what, source: Box::new(error) },
            HttpErrorKind::NotFound => Self::NotFound { what, source: Box::new(error) },
            HttpErrorKind::Unprocessable | HttpErrorKind::Conflict => refused(error, what),
            HttpErrorKind::Rejected { status } if status.as_u16() == 400 => refused(error, what),
            HttpErrorKind::Unknown => Self::Unknown { what, source: Box::new(error) },
            _ => Self::Http(Box::new(error)),
        }
    }
}

fn refused(error: HttpError, what: String) -> AdvisoryError {
    let body = error.body().unwrap_or_default();
    let reason = wire::refusal(body).unwrap_or_else(|| excerpt(body));
    AdvisoryError::Refused { what, reason, source: Box::new(error) }
}

/// The beginning of a body that is no refusal in words, on one line.
fn excerpt(body: &str) -> String {
    let text = body.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.chars().count() {
        0 => "no reason given".to_owned(),
        length if length <= EXCERPT => text,
        _ => text.chars().take(EXCERPT).chain(['…']).collect(),
    }
}

fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_no_refusal_is_shown_in_one_short_line() {
        assert_eq!(excerpt(" \n"), "no reason given");
        assert_eq!(excerpt("<p>\n  sorry </p>"), "<p> sorry </p>");
        let long = excerpt(&"x".repeat(5000));
        assert_eq!(long.chars().count(), EXCERPT + 1);
    }

    #[test]
    fn the_host_of_an_address_is_found() {
        assert_eq!(host_of("https://errata.example.com/api/v1?x"), "errata.example.com");
        assert_eq!(host_of("api/v1/erratum/1"), "api");
    }
}
