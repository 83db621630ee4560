//! What can go wrong with the directory, in words. None of it means "no such person".

use std::path::PathBuf;
use std::time::Duration;

use oar_release::ErrorClass;
use oar_transport::EndpointError;

/// The directory could not be asked, or did not answer in full.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The setting of the address is not usable.
    #[error("the address of the directory is not usable")]
    Endpoint(#[from] EndpointError),
    /// A bundle of certificate authorities is not usable.
    #[error("the CA bundle {} is not usable: {problem}", path.display())]
    CaBundle {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// No connection, or it broke.
    #[error("no connection to the directory at {host}")]
    Unreachable {
        /// Which host.
        host: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It could not be reached a moment ago, and was not tried again yet.
    #[error("the directory is still taken for unreachable: {problem}")]
    StillUnreachable {
        /// What happened then.
        problem: String,
    },
    /// The server's certificate did not pass; nothing was asked.
    #[error("{host} did not pass: {problem}; checked against {store}")]
    Tls {
        /// Which host.
        host: String,
        /// What the TLS library found.
        problem: String,
        /// The certificate store in use.
        store: String,
    },
    /// No complete answer in time.
    #[error("the directory at {host} did not answer within {} s", limit.as_secs())]
    Timeout {
        /// Which host.
        host: String,
        /// The limit.
        limit: Duration,
    },
    /// The directory answered with an error of its own.
    #[error("the directory refused {what} (code {code}): {text}")]
    Refused {
        /// What was asked, without anybody's address.
        what: &'static str,
        /// LDAP's result code (RFC 4511 §4.1.9).
        code: u32,
        /// The directory's words.
        text: String,
    },
    /// There is more than what was answered, so nobody can say who is missing.
    #[error("the directory's answer to {what} is incomplete: {reason}")]
    Incomplete {
        /// What was asked, without anybody's address.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The answer is not what the protocol allows.
    #[error("the directory's answer to {what} cannot be read: {problem}")]
    Malformed {
        /// What was asked, without anybody's address.
        what: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
}

impl DirectoryError {
    /// The error's class (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Endpoint(error) => error.class(),
            Self::CaBundle { .. } => ErrorClass::NotConfigured,
            Self::Unreachable { .. } | Self::StillUnreachable { .. } | Self::Tls { .. } => {
                ErrorClass::UpstreamUnavailable
            }
            Self::Timeout { .. } => ErrorClass::Timeout,
            // busy and unavailable pass; the others are a refusal.
            Self::Refused { code: 51 | 52, .. } => ErrorClass::UpstreamUnavailable,
            Self::Refused { code: 48 | 49, .. } => ErrorClass::UnauthenticatedUpstream,
            Self::Refused { code: 50, .. } => ErrorClass::ForbiddenUpstream,
            Self::Refused { .. } | Self::Incomplete { .. } | Self::Malformed { .. } => {
                ErrorClass::Undetermined
            }
        }
    }

    /// Whether the connection is of no use any more.
    pub(crate) const fn ends_connection(&self) -> bool {
        !matches!(self, Self::Refused { .. } | Self::Incomplete { .. })
    }
}
