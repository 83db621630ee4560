//! The token that every call carries, kept until shortly before it ends.

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::account::ServiceAccount;
use super::error::GoogleError;
use crate::client::{HttpClient, Idempotency, ServiceClient};
use crate::endpoint::{Policy, Service};
use crate::error::HttpErrorKind;
use crate::probe::Operation;
use crate::secret::Secret;

/// A token is no change of the world: asking twice gives two.
pub const TOKEN: Operation =
    Operation { name: "token", idempotency: Idempotency::Safe, probe: None };

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Gives out the account's token; one of these per process and scope is enough.
#[derive(Debug)]
pub struct GoogleTokens {
    oauth: ServiceClient,
    account: ServiceAccount,
    scope: &'static str,
    renew_before: SignedDuration,
    current: Mutex<Option<Token>>,
}

#[derive(Debug)]
struct Token {
    value: Secret,
    ends: Timestamp,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Seconds,
}

/// A number, also as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(i64),
    Text(String),
}

impl Seconds {
    fn get(&self) -> Option<i64> {
        match self {
            Self::Number(seconds) => Some(*seconds),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

impl GoogleTokens {
    /// Tokens of `account` with the rights of `scope`; one that ends in less than `renew_before` is
    /// renewed.
    pub fn new(
        http: &HttpClient,
        account: ServiceAccount,
        scope: &'static str,
        renew_before: SignedDuration,
    ) -> Self {
        let policy = Policy { also_transient: &[408], ..Policy::of(Service::GoogleOauth) };
        let oauth = http.service(Service::GoogleOauth).with_policy(policy);
        Self { oauth, account, scope, renew_before, current: Mutex::default() }
    }

    /// The account.
    pub const fn account(&self) -> &ServiceAccount {
        &self.account
    }

    /// A token with some time left.
    pub async fn get(&self) -> Result<Secret, GoogleError> {
        let mut current = self.current.lock().await;
        let now = self.oauth.http().clock().now();
        let lasts = |token: &&Token| token.ends.duration_since(now) > self.renew_before;
        if let Some(token) = current.as_ref().filter(lasts) {
            return Ok(token.value.clone());
        }
        let token = self.fetch(now).await?;
        let value = token.value.clone();
        *current = Some(token);
        Ok(value)
    }

    /// Forgets the token: the service did not accept it.
    pub async fn forget(&self) {
        *self.current.lock().await = None;
    }

    async fn fetch(&self, now: Timestamp) -> Result<Token, GoogleError> {
        let assertion = self.account.assertion(self.scope, now)?;
        let form = [("grant_type", GRANT), ("assertion", assertion.expose())];
        let call = self.oauth.call(TOKEN.name, Method::POST, "");
        let sent = call.idempotency(TOKEN.idempotency).form(form).send().await;
        let reply = sent.map_err(Box::new).map_err(|error| match error.kind() {
            HttpErrorKind::Unauthenticated
            | HttpErrorKind::Forbidden
            | HttpErrorKind::Rejected { .. } => {
                GoogleError::Account { account: self.account.email().to_owned(), source: error }
            }
            _ => GoogleError::Http(error),
        })?;
        let granted: Granted = reply.json().map_err(|error| GoogleError::Http(Box::new(error)))?;
        let seconds = granted.expires_in.get().unwrap_or(0).clamp(0, 86_400);
        let ends = now + SignedDuration::from_secs(seconds);
        Ok(Token { value: Secret::new(granted.access_token), ends })
    }
}
