//! What can go wrong with Slack, in words (spec 05 §2.2).

use std::time::Duration;

use oar_release::ErrorClass;
use oar_transport::{HttpError, HttpErrorKind};

use crate::types::Envelope;

/// The variable that holds the bot's token.
pub(crate) const TOKEN: &str = "SLACK_BOT_TOKEN";

/// Slack could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SlackError {
    /// The token is missing, wrong, revoked or of the wrong kind.
    #[error("Slack does not accept {TOKEN} ({code})")]
    Token {
        /// Slack's word for it.
        code: String,
    },
    /// The token lacks a scope.
    #[error("{TOKEN} lacks the scope {needed}")]
    MissingScope {
        /// The scope.
        needed: String,
    },
    /// This channel cannot be posted to.
    #[error("cannot post to {channel} ({code}): {remedy}")]
    Channel {
        /// Which channel.
        channel: String,
        /// Slack's word for it.
        code: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The text is longer than Slack takes.
    #[error("the message to {channel} is too long, split it")]
    TooLong {
        /// Which channel.
        channel: String,
    },
    /// The text is empty.
    #[error("nothing to post to {channel}")]
    Empty {
        /// Which channel.
        channel: String,
    },
    /// Too many requests, for longer than a call may wait.
    #[error("Slack wants fewer requests")]
    RateLimited {
        /// How long it asked to wait.
        retry_after: Option<Duration>,
        /// The call.
        #[source]
        source: Option<Box<HttpError>>,
    },
    /// Slack has trouble or cannot be reached; nothing was posted.
    #[error("Slack is unavailable ({code})")]
    Unavailable {
        /// Slack's word, or the transport's.
        code: String,
        /// The call.
        #[source]
        source: Option<Box<HttpError>>,
    },
    /// The answer to a post was lost and could not be looked up. It is not sent again.
    #[error("whether the message to {channel} was posted is unknown")]
    Unknown {
        /// Which channel.
        channel: String,
        /// The call.
        #[source]
        source: Option<Box<HttpError>>,
    },
    /// Any other refusal.
    #[error("Slack refused {method}: {code}")]
    Refused {
        /// The method.
        method: &'static str,
        /// Slack's word for it.
        code: String,
    },
    /// The call brought no usable answer.
    #[error("Slack did not answer as needed")]
    Http(#[source] Box<HttpError>),
}

impl SlackError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Token { .. } => ErrorClass::UnauthenticatedUpstream,
            Self::Channel { code, .. } if code == "channel_not_found" => ErrorClass::NotFound,
            Self::MissingScope { .. } | Self::Channel { .. } => ErrorClass::ForbiddenUpstream,
            Self::TooLong { .. } | Self::Empty { .. } => ErrorClass::InvalidArgument,
            Self::RateLimited { .. } | Self::Unavailable { .. } => ErrorClass::UpstreamUnavailable,
            Self::Unknown { .. } | Self::Refused { .. } => ErrorClass::Undetermined,
            Self::Http(error) => error.class(),
        }
    }

    /// A refusal in the body of an answer.
    pub(crate) fn refused(method: &'static str, channel: &str, answer: &Envelope) -> Self {
        let code = answer.error.clone().unwrap_or_else(|| "no reason given".to_owned());
        let channel = channel.to_owned();
        match code.as_str() {
            "invalid_auth"
            | "not_authed"
            | "account_inactive"
            | "token_revoked"
            | "token_expired"
            | "not_allowed_token_type"
            | "no_permission" => Self::Token { code },
            "missing_scope" => {
                let needed = answer.needed.clone().unwrap_or_else(|| "(not named)".to_owned());
                Self::MissingScope { needed }
            }
            "channel_not_found" => {
                let remedy = "check the name, or invite the bot if the channel is private";
                Self::Channel { channel, code, remedy }
            }
            "not_in_channel" => {
                Self::Channel { channel, code, remedy: "invite the bot to the channel" }
            }
            "is_archived" => {
                Self::Channel { channel, code, remedy: "choose another channel or unarchive it" }
            }
            restricted if restricted.starts_with("restricted_action") => {
                Self::Channel { channel, code, remedy: "ask an admin to let the bot post" }
            }
            "msg_too_long" => Self::TooLong { channel },
            "no_text" => Self::Empty { channel },
            "ratelimited" | "rate_limited" => Self::RateLimited { retry_after: None, source: None },
            "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => {
                Self::Unavailable { code, source: None }
            }
            _ => Self::Refused { method, code },
        }
    }
}

impl From<HttpError> for SlackError {
    fn from(error: HttpError) -> Self {
        let retry_after = error.retry_after();
        let code = error.kind().to_string();
        let kind = error.kind().clone();
        let source = Box::new(error);
        match kind {
            HttpErrorKind::Unauthenticated => Self::Token { code },
            HttpErrorKind::RateLimited { .. } => {
                Self::RateLimited { retry_after, source: Some(source) }
            }
            HttpErrorKind::Unavailable { .. } => Self::Unavailable { code, source: Some(source) },
            _ => Self::Http(source),
        }
    }
}
