//! The service account, and the assertion that proves it.

use std::path::Path;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};

use super::error::GoogleError;
use crate::secret::Secret;

/// Whom assertions are made for, wherever they are sent.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
/// How long an assertion holds, seconds.
const LIFETIME: i64 = 3600;

/// A Google service account, read from its key file.
#[derive(Debug, Clone)]
pub struct ServiceAccount {
    variable: &'static str,
    email: String,
    key_id: Option<String>,
    key: Secret,
}

#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    token_uri: String,
    private_key: String,
    private_key_id: Option<String>,
}

#[derive(Serialize)]
struct Claims<'c> {
    iat: i64,
    exp: i64,
    iss: &'c str,
    aud: &'static str,
    scope: &'c str,
}

impl ServiceAccount {
    /// Reads the key file at `path`, which `variable` names. A file that others may read is used with
    /// a warning.
    pub fn read(variable: &'static str, path: &Path) -> Result<Self, GoogleError> {
        let unusable =
            |problem: String| GoogleError::KeyFile { variable, path: path.to_owned(), problem };
        let text = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        warn_if_open(variable, path);
        // Only where in the file, never what is there: an excerpt may hold the key.
        let file: KeyFile = serde_json::from_slice(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            unusable(format!(
                "no key of a service account at line {line}, column {column}: client_email, \
                 token_uri and private_key are needed"
            ))
        })?;
        if file.token_uri != AUDIENCE {
            return Err(unusable(format!("token_uri must be {AUDIENCE}")));
        }
        Ok(Self {
            variable,
            email: file.client_email,
            key_id: file.private_key_id,
            key: Secret::new(file.private_key),
        })
    }

    /// The account's address: with whom things must be shared.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// A signed statement, good for an hour from `now`, to be changed for a token with the rights of
    /// `scope`.
    pub(super) fn assertion(&self, scope: &str, now: Timestamp) -> Result<Secret, GoogleError> {
        let issued_at = now.as_second();
        let claims = Claims {
            iat: issued_at,
            exp: issued_at + LIFETIME,
            iss: &self.email,
            aud: AUDIENCE,
            scope,
        };
        let header = Header { kid: self.key_id.clone(), ..Header::new(Algorithm::RS256) };
        let signed = EncodingKey::from_rsa_pem(self.key.expose().as_bytes())
            .and_then(|key| jsonwebtoken::encode(&header, &claims, &key));
        let (variable, account) = (self.variable, self.email.clone());
        signed.map(Secret::new).map_err(|source| GoogleError::Key { variable, account, source })
    }
}

#[cfg(unix)]
fn warn_if_open(variable: &str, path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = std::fs::metadata(path).map(|about| about.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        tracing::warn!("{variable}: {} can be read by others: chmod 600", path.display());
    }
}

#[cfg(not(unix))]
fn warn_if_open(_variable: &str, _path: &Path) {}
