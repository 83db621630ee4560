//! Kerberos tokens for `Authorization: Negotiate` (RFC 4559, spec 02 §3.1).

#[expect(unsafe_code, reason = "Kerberos is a C library that is loaded at run time")]
mod gssapi;

use std::fmt::Debug;

use async_trait::async_trait;
use oar_release::ErrorClass;

use crate::secret::Secret;

pub use gssapi::Gssapi;

/// Makes a fresh token for one request to one host.
///
/// An interface, so that everything builds and is tested without a Kerberos installation.
#[async_trait]
pub trait NegotiateTokens: Send + Sync + Debug {
    /// A token for the service `HTTP@host`, base64. May ask the ticket server.
    async fn token(&self, host: &str) -> Result<Secret, NegotiateError>;
}

/// No token could be made.
#[derive(Debug, thiserror::Error)]
pub enum NegotiateError {
    /// The Kerberos library is not installed.
    #[error(
        "the Kerberos library {library} cannot be loaded; install krb5-libs or libgssapi-krb5-2"
    )]
    LibraryMissing {
        /// The file looked for.
        library: &'static str,
        /// Why.
        #[source]
        source: libloading::Error,
    },
    /// The library refused: usually no ticket, or an expired one.
    #[error("no Kerberos token for {host}: {problem}; run kinit or set KRB5_CLIENT_KTNAME")]
    NoToken {
        /// For which host.
        host: String,
        /// What the library says.
        problem: String,
    },
}

impl NegotiateError {
    /// The error's class (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::LibraryMissing { .. } => ErrorClass::NotConfigured,
            Self::NoToken { .. } => ErrorClass::UnauthenticatedUpstream,
        }
    }
}

/// Hands out one fixed token; for tests and for the sandbox.
#[derive(Debug, Clone)]
pub struct FixedToken(pub Secret);

#[async_trait]
impl NegotiateTokens for FixedToken {
    async fn token(&self, _host: &str) -> Result<Secret, NegotiateError> {
        Ok(self.0.clone())
    }
}
