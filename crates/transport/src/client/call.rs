//! One call in the making.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;

use super::credential::Credential;
use super::judge::Idempotency;
use super::reply::{Reply, StreamingReply};
use super::{ServiceClient, Shared, engine};
use crate::endpoint::{Policy, Service};
use crate::error::HttpError;
use crate::negotiate::NegotiateTokens;
use crate::secret::SecretSource;

/// Where a redirect of a read may lead. Never out of encryption, never with the credential to
/// another host, never more than three hops (fault G16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// To the address of any service of ours.
    Known,
    /// To any host: registries hand out blobs through other people's networks.
    AnyHost,
}

/// A call in the making; [`Call::send`] makes it.
#[must_use = "a call does nothing until it is sent"]
pub struct Call {
    pub(super) shared: Arc<Shared>,
    pub(super) service: Service,
    pub(super) variable: Arc<str>,
    pub(super) policy: Policy,
    pub(super) operation: &'static str,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) credential: Credential,
    pub(super) body: Bytes,
    pub(super) idempotency: Idempotency,
    pub(super) accept: Vec<StatusCode>,
    pub(super) redirects: Redirects,
    pub(super) deadline: Option<Duration>,
    pub(super) problem: Option<String>,
}

impl fmt::Debug for Call {
    /// Neither headers nor body: they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("service", &self.service)
            .field("operation", &self.operation)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl Call {
    pub(super) fn new(
        client: &ServiceClient,
        operation: &'static str,
        method: Method,
        path: String,
    ) -> Self {
        let reads = matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
        Self {
            shared: Arc::clone(&client.shared),
            service: client.service,
            variable: Arc::clone(&client.variable),
            policy: client.policy,
            operation,
            method,
            path,
            query: Vec::new(),
            headers: HeaderMap::new(),
            credential: Credential::None,
            body: Bytes::new(),
            idempotency: if reads { Idempotency::Safe } else { Idempotency::Never },
            accept: Vec::new(),
            redirects: Redirects::Known,
            deadline: None,
            problem: None,
        }
    }

    /// Adds one pair to the query, encoded.
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a header; never a credential, which has methods of its own.
    pub fn header(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        match HeaderValue::try_from(value.as_ref()) {
            Ok(value) => drop(self.headers.insert(name, value)),
            Err(_) => self.problem = Some(format!("header {name} holds control characters")),
        }
        self
    }

    /// Asks for an answer of this media type.
    pub fn accept_type(self, media_type: &str) -> Self {
        self.header(ACCEPT, media_type)
    }

    /// Proves identity with `Authorization: Bearer`. Like every credential it is read when the call
    /// is sent, and goes only to the address that its service is configured to have.
    pub fn bearer(mut self, token: impl Into<SecretSource>) -> Self {
        self.credential = Credential::Bearer(token.into());
        self
    }

    /// Proves identity with user and password.
    pub fn basic(
        mut self,
        user: impl Into<SecretSource>,
        password: impl Into<SecretSource>,
    ) -> Self {
        self.credential = Credential::Basic { user: user.into(), password: password.into() };
        self
    }

    /// Proves identity with GitLab's header.
    pub fn private_token(mut self, token: impl Into<SecretSource>) -> Self {
        let name = HeaderName::from_static("private-token");
        self.credential = Credential::Header { name, value: token.into() };
        self
    }

    /// Proves identity with a Kerberos token, a fresh one for every request.
    pub fn negotiate(mut self, tokens: Arc<dyn NegotiateTokens>) -> Self {
        self.credential = Credential::Negotiate(tokens);
        self
    }

    /// Sends `body` as JSON.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self = self.bytes("application/json", bytes),
            Err(error) => self.problem = Some(format!("the body is not JSON: {error}")),
        }
        self
    }

    /// Sends pairs as a form.
    pub fn form<'f>(self, pairs: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.bytes("application/x-www-form-urlencoded", body)
    }

    /// Sends `body` as it is.
    pub fn bytes(self, media_type: &str, body: impl Into<Bytes>) -> Self {
        let mut call = self.header(CONTENT_TYPE, media_type);
        call.body = body.into();
        call
    }

    /// Says what happens when the call is made twice; the default comes from the verb.
    pub fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = idempotency;
        self
    }

    /// At most so many attempts, the first one included.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.policy.attempts = attempts.max(1);
        self.policy.rate_limit_attempts = attempts.max(1);
        self
    }

    /// Longest body that is read, bytes.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.policy.body_limit = bytes;
        self
    }

    /// Time for one attempt, head and body.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.policy.total = total;
        self
    }

    /// Time for the whole call, all attempts and waits.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Takes these statuses for an answer, besides 2xx.
    pub fn accept(mut self, statuses: &[u16]) -> Self {
        self.accept.extend(statuses.iter().filter_map(|code| StatusCode::from_u16(*code).ok()));
        self
    }

    /// Where redirects may lead.
    pub fn redirects(mut self, redirects: Redirects) -> Self {
        self.redirects = redirects;
        self
    }

    /// Makes the call and reads all of the body.
    pub async fn send(self) -> Result<Reply, HttpError> {
        engine::whole(self).await
    }

    /// Makes the call and hands out the body as it arrives.
    pub async fn send_streaming(self) -> Result<StreamingReply, HttpError> {
        engine::streaming(self).await
    }
}
