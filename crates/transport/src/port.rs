//! The port through which every HTTP request leaves: real network in production, the model of the
//! world in process in tests and in the sandbox.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use http::{HeaderMap, StatusCode};

/// A request ready to leave; the body is in memory so that it can be sent again.
pub type Request = http::Request<Bytes>;

/// A response's head, and its body as it arrives.
pub struct Response {
    /// Status code.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

impl Response {
    /// A response whose body is at hand.
    pub fn full(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { status, headers, body: Body::Full(body.into()) }
    }
}

impl fmt::Debug for Response {
    /// Status only: headers and bodies may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A response body.
pub enum Body {
    /// All of it.
    Full(Bytes),
    /// Pieces as they arrive.
    Stream(BoxStream<'static, Result<Bytes, SendError>>),
}

/// Whether the service may have acted on a request that brought no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processed {
    /// Certainly not: the request never left.
    No,
    /// Nobody knows: look before acting again (promise P4).
    Unknown,
}

/// Why a request brought no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendErrorKind {
    /// No connection: refused, unreachable, name not found.
    Connect,
    /// The TLS handshake failed; the text names host and cause.
    Tls,
    /// No answer within the time limit.
    Timeout,
    /// The connection broke after the request was sent.
    Interrupted,
    /// The proxy refused.
    Proxy,
}

/// A request that brought no answer.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    /// What happened.
    pub kind: SendErrorKind,
    /// Whether the service may have acted.
    pub processed: Processed,
    /// What happened, with the host, without secrets.
    pub message: String,
    /// The cause below.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Sends one request once: no retries, no redirects, no interpretation of the status.
#[async_trait]
pub trait HttpSend: Send + Sync + fmt::Debug {
    /// Sends `request` and answers as soon as the head of the response is there.
    async fn send(&self, request: Request) -> Result<Response, SendError>;
}
