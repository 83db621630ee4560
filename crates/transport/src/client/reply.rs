//! Answers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use http::{HeaderMap, StatusCode};
use oar_release::Masker;
use serde::de::DeserializeOwned;

use super::lane::Place;
use crate::error::{Failed, HttpError, HttpErrorKind};
use crate::port::SendError;
use crate::secret::Secret;

/// Longest excerpt of a body in an error, bytes (spec 00 §d).
const EXCERPT: usize = 2 * 1024;
/// Longest piece that a streamed body hands out, bytes.
const PIECE: usize = 64 * 1024;

/// What an error needs to know about the call it belongs to.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) failed: Failed,
    pub(super) masker: Arc<Masker>,
    pub(super) secrets: Vec<Secret>,
}

impl Context {
    /// Masks `text`, also against the secrets of this very call, which may be newer than the masker.
    pub(super) fn mask(&self, text: &str) -> String {
        let mut masked = self.masker.mask(text).into_owned();
        for secret in &self.secrets {
            // Shorter ones occur in ordinary words.
            if secret.expose().len() >= 8 && masked.contains(secret.expose()) {
                masked = masked.replace(secret.expose(), oar_release::mask::SECRET_REDACTED);
            }
        }
        masked
    }

    /// The beginning of `body`, masked.
    pub(super) fn excerpt(&self, body: &[u8]) -> Option<String> {
        // Twice the excerpt is masked, so that a secret at the cut is not missed.
        let text = String::from_utf8_lossy(&body[..body.len().min(2 * EXCERPT)]);
        let mut masked = self.mask(&text);
        masked.truncate(masked.floor_char_boundary(EXCERPT));
        (!masked.is_empty()).then_some(masked)
    }

    pub(super) fn error(
        &self,
        kind: HttpErrorKind,
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    ) -> HttpError {
        HttpError::new(self.failed.clone(), kind, source)
    }
}

/// An answer with an accepted status and all of its body.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    pub(super) context: Box<Context>,
}

impl Reply {
    /// Reads the body as JSON. The error names the address, the type and the place in the document
    /// (fault G6); unknown fields are ignored, missing ones are not invented.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        let expected = std::any::type_name::<T>();
        if let Some(problem) = not_json(&self.headers, &self.body) {
            return Err(self.malformed(expected, ".", problem));
        }
        // The parser would not look into fields that are ignored.
        let text = std::str::from_utf8(&self.body)
            .map_err(|error| self.malformed(expected, ".", &error.to_string()))?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let field = error.path().to_string();
            self.malformed(expected, &field, &error.into_inner().to_string())
        })?;
        reader
            .end()
            .map_err(|_| self.malformed(expected, ".", "something follows the document"))?;
        Ok(value)
    }

    /// The error of an answer that the operation cannot make sense of.
    pub fn malformed(&self, expected: &'static str, field: &str, problem: &str) -> HttpError {
        let mut context = self.context.clone();
        context.failed.status = Some(self.status);
        context.failed.body = context.excerpt(&self.body);
        let kind = HttpErrorKind::Malformed {
            expected,
            field: field.to_owned(),
            problem: context.mask(problem),
        };
        context.error(kind, None)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Says in words why a body cannot be JSON, where the parser's own message would puzzle.
fn not_json(headers: &HeaderMap, body: &[u8]) -> Option<&'static str> {
    let is_html = headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/html"));
    if body.is_empty() {
        Some("the body is empty")
    } else if is_html || body.trim_ascii_start().starts_with(b"<") {
        Some("a web page came instead of data (a login page?)")
    } else {
        None
    }
}

/// An answer whose body is still arriving.
pub struct StreamingReply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    pub(super) pieces: BoxStream<'static, Result<Bytes, SendError>>,
    pub(super) pending: Bytes,
    pub(super) left: usize,
    pub(super) idle: Duration,
    pub(super) limit: usize,
    pub(super) context: Box<Context>,
    pub(super) _place: Place,
}

impl std::fmt::Debug for StreamingReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamingReply").field("status", &self.status).finish_non_exhaustive()
    }
}

impl StreamingReply {
    /// The next piece, at most 64 KiB; `None` at the end. Fails when the body breaks off, stalls for
    /// longer than an attempt may take, or exceeds the limit.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        while self.pending.is_empty() {
            let next = tokio::time::timeout(self.idle, self.pieces.next()).await;
            self.pending = match next {
                Ok(Some(Ok(piece))) => piece,
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => {
                    let kind = HttpErrorKind::Unavailable { status: None };
                    return Err(self.context.error(kind, Some(Box::new(error))));
                }
                Err(_) => return Err(self.context.error(HttpErrorKind::Timeout, None)),
            };
            self.left = self.left.checked_sub(self.pending.len()).ok_or_else(|| {
                self.context.error(HttpErrorKind::TooLarge { limit: self.limit }, None)
            })?;
        }
        let size = self.pending.len().min(PIECE);
        Ok(Some(self.pending.split_to(size)))
    }
}
