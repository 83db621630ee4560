//! A GitHub App: its key becomes a token for one repository (spec 04 §13).
//!
//! The key signs a statement of five minutes, the statement is changed for a token of an hour that
//! reaches the one repository it was asked for. Neither ever leaves this room as text.

use std::fmt;
use std::path::{Path, PathBuf};

use http::Method;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use oar_release::ErrorClass;
use oar_transport::{HttpClient, HttpErrorKind, Secret, SecretSource};
use serde::Serialize;
use serde_json::json;

use crate::api::HttpGitHub;
use crate::error::GitHubError;
use crate::name::RepoName;
use crate::operations::{APP_TOKEN, INSTALLATION};
use crate::request::repo_path;
use crate::types::{Granted, Installation};

/// How far the statement's beginning lies back: clocks differ (seconds).
const BACKDATED: i64 = 60;
/// How long the statement holds (seconds); GitHub allows ten minutes.
const LIFETIME: i64 = 300;
/// A key file is no longer than this, bytes.
const LONGEST_KEY: u64 = 64 * 1024;

/// The private key of an app cannot be used. Nothing of the key is told.
#[derive(Debug, thiserror::Error)]
#[error("{variable}: {}{problem}", path.as_ref().map(|path| format!("{}: ", path.display())).unwrap_or_default())]
pub struct AppKeyError {
    variable: &'static str,
    path: Option<PathBuf>,
    problem: String,
}

impl AppKeyError {
    /// Always a missing setting (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        ErrorClass::NotConfigured
    }
}

/// Who the app is.
#[derive(Clone)]
pub struct AppIdentity(Proof);

#[derive(Clone)]
enum Proof {
    Key {
        app_id: String,
        key: Secret,
    },
    /// A statement that somebody else made; for worlds without keys.
    Statement(SecretSource),
}

impl fmt::Debug for AppIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppIdentity")
    }
}

#[derive(Serialize)]
struct Claims<'c> {
    iat: i64,
    exp: i64,
    iss: &'c str,
}

impl AppIdentity {
    /// The app `app_id` with the PEM key in the file that `variable` names.
    pub fn read(variable: &'static str, path: &str, app_id: &str) -> Result<Self, AppKeyError> {
        let unusable = |path: Option<&Path>, problem: String| AppKeyError {
            variable,
            path: path.map(Path::to_owned),
            problem,
        };
        if path.contains("-----BEGIN") {
            let problem = "it must be the path of the key's file, not the key itself";
            return Err(unusable(None, problem.to_owned()));
        }
        let path = Path::new(path);
        let size = std::fs::metadata(path).map_err(|e| unusable(Some(path), e.to_string()))?.len();
        if size > LONGEST_KEY {
            return Err(unusable(Some(path), format!("{size} bytes are no key")));
        }
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| unusable(Some(path), error.to_string()))?;
        let key = Secret::new(text);
        // Checked here, so that a wrong file is told before anything is asked or changed.
        if EncodingKey::from_rsa_pem(key.expose().as_bytes()).is_err() {
            let problem = "there is no private RSA key in PEM format in it";
            return Err(unusable(Some(path), problem.to_owned()));
        }
        Ok(Self(Proof::Key { app_id: app_id.to_owned(), key }))
    }

    /// An app whose statements come from elsewhere, as in the sandbox.
    pub const fn of_statement(statement: SecretSource) -> Self {
        Self(Proof::Statement(statement))
    }

    /// The signed statement, as of `now`.
    fn statement(&self, now: Timestamp) -> Result<SecretSource, GitHubError> {
        let (app_id, key) = match &self.0 {
            Proof::Statement(statement) => return Ok(statement.clone()),
            Proof::Key { app_id, key } => (app_id, key),
        };
        let now = now.as_second();
        let claims = Claims { iat: now - BACKDATED, exp: now + LIFETIME, iss: app_id };
        let signed = EncodingKey::from_rsa_pem(key.expose().as_bytes())
            .and_then(|key| jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key));
        match signed {
            Ok(statement) => Ok(Secret::new(statement).into()),
            Err(_) => Err(GitHubError::AppKey { app: app_id.clone() }),
        }
    }
}

/// Gets tokens for the repositories where the app is installed.
#[derive(Debug, Clone)]
pub(crate) struct AppTokens {
    http: HttpClient,
    identity: AppIdentity,
}

impl AppTokens {
    pub(crate) const fn new(http: HttpClient, identity: AppIdentity) -> Self {
        Self { http, identity }
    }

    /// The client that works in `repo` as the app; `None` when the app is not installed there.
    pub(crate) async fn client(&self, repo: &RepoName) -> Result<Option<HttpGitHub>, GitHubError> {
        let statement = self.identity.statement(self.http.clock().now())?;
        let app = HttpGitHub::new(&self.http, statement);
        let installed = match app.get(INSTALLATION, &repo_path(repo, "installation")).await {
            Ok(reply) => reply.json::<Installation>()?,
            Err(error) if error.http() == Some(&HttpErrorKind::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let path = format!("/app/installations/{}/access_tokens", installed.id);
        // No further than to the one repository.
        let wanted = json!({ "repositories": [repo.name()] });
        let granted = app.send(APP_TOKEN, Method::POST, &path, &wanted).await?;
        let token = granted.json::<Granted>()?.token;
        Ok(Some(HttpGitHub::new(&self.http, Secret::new(token).into())))
    }
}
