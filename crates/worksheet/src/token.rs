//! The token that every call carries, kept until shortly before it ends (spec 05 §5.1).

use http::Method;
use jiff::{SignedDuration, Timestamp};
use oar_transport::{HttpClient, HttpErrorKind, Policy, Secret, Service, ServiceClient};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::account::ServiceAccount;
use crate::error::WorksheetError;
use crate::operations::TOKEN;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// A token with less time left is renewed.
const RENEW: SignedDuration = SignedDuration::from_secs(225);

/// Gives out the account's token.
#[derive(Debug)]
pub(crate) struct Tokens {
    oauth: ServiceClient,
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

impl Tokens {
    pub(crate) fn new(http: &HttpClient) -> Self {
        let policy = Policy { also_transient: &[408], ..Policy::of(Service::GoogleOauth) };
        let oauth = http.service(Service::GoogleOauth).with_policy(policy);
        Self { oauth, current: Mutex::default() }
    }

    /// A token with some time left.
    pub(crate) async fn get(&self, account: &ServiceAccount) -> Result<Secret, WorksheetError> {
        let mut current = self.current.lock().await;
        let now = self.oauth.http().clock().now();
        if let Some(token) = current.as_ref().filter(|token| token.ends.duration_since(now) > RENEW)
        {
            return Ok(token.value.clone());
        }
        let token = self.fetch(account, now).await?;
        let value = token.value.clone();
        *current = Some(token);
        Ok(value)
    }

    /// Forgets the token: the service did not accept it.
    pub(crate) async fn forget(&self) {
        *self.current.lock().await = None;
    }

    async fn fetch(
        &self,
        account: &ServiceAccount,
        now: Timestamp,
    ) -> Result<Token, WorksheetError> {
        let assertion = account.assertion(now)?;
        let form = [("grant_type", GRANT), ("assertion", assertion.expose())];
        let call = self.oauth.call(TOKEN.name, Method::POST, "");
        let sent = call.idempotency(TOKEN.idempotency).form(form).send().await;
        let reply = sent.map_err(Box::new).map_err(|error| match error.kind() {
            HttpErrorKind::Unauthenticated
            | HttpErrorKind::Forbidden
            | HttpErrorKind::Rejected { .. } => {
                WorksheetError::Account { account: account.email().to_owned(), source: error }
            }
            _ => WorksheetError::Http(error),
        })?;
        let granted: Granted = reply.json().map_err(Box::new)?;
        let seconds = granted.expires_in.get().unwrap_or(0).clamp(0, 86_400);
        let ends = now + SignedDuration::from_secs(seconds);
        Ok(Token { value: Secret::new(granted.access_token), ends })
    }
}
