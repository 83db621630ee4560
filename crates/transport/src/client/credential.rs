//! Credentials, and the header each of them becomes.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use oar_release::ErrorClass;
use url::Url;

use super::judge::Failure;
use crate::endpoint::is_loopback;
use crate::error::HttpErrorKind;
use crate::negotiate::{NegotiateError, NegotiateTokens};
use crate::secret::{Secret, SecretError, SecretSource};

/// What a call proves its identity with.
#[derive(Debug, Clone)]
pub(super) enum Credential {
    None,
    Bearer(SecretSource),
    Basic { user: SecretSource, password: SecretSource },
    Header { name: HeaderName, value: SecretSource },
    Negotiate(Arc<dyn NegotiateTokens>),
}

/// A credential as one header, with the secrets that went into it.
pub(super) struct Proof {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
    pub(super) secrets: Vec<Secret>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum CredentialError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Negotiate(#[from] NegotiateError),
    #[error("the secret holds characters that a header cannot carry")]
    NotAHeader,
    #[error("a Kerberos token is only sent encrypted")]
    PlainText,
}

impl CredentialError {
    /// The failure of a call that needs the credential; nothing was sent.
    pub(super) fn into_failure(self) -> Failure {
        let kind = match &self {
            CredentialError::Secret(_) => HttpErrorKind::NotConfigured,
            CredentialError::Negotiate(inner) if inner.class() == ErrorClass::NotConfigured => {
                HttpErrorKind::NotConfigured
            }
            CredentialError::Negotiate(_) => HttpErrorKind::Unauthenticated,
            CredentialError::NotAHeader | CredentialError::PlainText => {
                HttpErrorKind::InvalidRequest { problem: self.to_string() }
            }
        };
        let source: Box<dyn std::error::Error + Send + Sync> = match self {
            CredentialError::Secret(inner) => Box::new(inner),
            CredentialError::Negotiate(inner) => Box::new(inner),
            other => return Failure::Final(kind, Some(other.to_string().into())),
        };
        Failure::Final(kind, Some(source))
    }
}

impl Credential {
    /// The header for a request to `url`; reads the secret now.
    pub(super) async fn proof(&self, url: &Url) -> Result<Option<Proof>, CredentialError> {
        let (name, text, secrets) = match self {
            Self::None => return Ok(None),
            Self::Bearer(source) => {
                let token = source.read()?;
                (AUTHORIZATION, format!("Bearer {}", token.expose()), vec![token])
            }
            Self::Basic { user, password } => {
                let (user, password) = (user.read()?, password.read()?);
                let pair = Secret::new(STANDARD.encode(format!(
                    "{}:{}",
                    user.expose(),
                    password.expose()
                )));
                (AUTHORIZATION, format!("Basic {}", pair.expose()), vec![password, pair, user])
            }
            Self::Header { name, value } => {
                let token = value.read()?;
                (name.clone(), token.expose().to_owned(), vec![token])
            }
            Self::Negotiate(tokens) => {
                let token = negotiate(tokens, url).await?;
                (AUTHORIZATION, format!("Negotiate {}", token.expose()), vec![token])
            }
        };
        let mut value = HeaderValue::try_from(text).map_err(|_| CredentialError::NotAHeader)?;
        value.set_sensitive(true);
        Ok(Some(Proof { name, value, secrets }))
    }

    /// Whether another try may succeed after a 401: the secret was rotated, or a fresh Kerberos
    /// context can be made (fault G8).
    pub(super) fn has_changed_since(&self, used: &[Secret]) -> bool {
        let differs = |source: &SecretSource| {
            source.read().is_ok_and(|now| used.iter().all(|then| then.expose() != now.expose()))
        };
        match self {
            Self::None => false,
            Self::Bearer(source) | Self::Header { value: source, .. } => differs(source),
            Self::Basic { user, password } => differs(user) || differs(password),
            Self::Negotiate(_) => true,
        }
    }
}

/// A token for the host of `url`, which nobody on the way can read.
async fn negotiate(
    tokens: &Arc<dyn NegotiateTokens>,
    url: &Url,
) -> Result<Secret, CredentialError> {
    if url.scheme() != "https" && !is_loopback(url) {
        return Err(CredentialError::PlainText);
    }
    Ok(tokens.token(url.host_str().unwrap_or_default()).await?)
}
