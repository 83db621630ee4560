//! A network that answers from a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::pause::sleep;
use crate::port::{Body, HttpSend, Processed, Request, Response, SendError, SendErrorKind};

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Step {
    /// An answer.
    Answer {
        /// Status code.
        status: u16,
        /// Headers.
        headers: Vec<(&'static str, String)>,
        /// Body.
        body: Bytes,
    },
    /// No answer.
    Fail(SendErrorKind, Processed),
    /// The request arrives, nothing comes back, ever.
    Stall,
    /// The head comes, then one byte of the body per second.
    Drip(Bytes),
    /// The head and a part of the body come, then the connection breaks.
    Cut(Bytes),
    /// The body never ends.
    Endless,
}

impl Step {
    /// An answer with a body and no headers.
    pub fn answer(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.into() }
    }

    /// 200 with a JSON body.
    pub fn json(body: &serde_json::Value) -> Self {
        Self::answer(200, body.to_string()).with("content-type", "application/json")
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name, value.into()));
        }
        self
    }

    async fn play(self) -> Result<Response, SendError> {
        match self {
            Self::Answer { status, headers, body } => {
                let status = StatusCode::from_u16(status).expect("tests use real statuses");
                let headers = headers.iter().map(|(name, value)| {
                    let value = HeaderValue::from_str(value).expect("tests use real headers");
                    (HeaderName::from_static(name), value)
                });
                Ok(Response::full(status, headers.collect(), body))
            }
            Self::Fail(kind, processed) => Err(broken(kind, processed)),
            Self::Stall => std::future::pending().await,
            Self::Drip(body) => Ok(streamed(drip(body))),
            Self::Cut(part) => {
                let cut = Err(broken(SendErrorKind::Interrupted, Processed::Unknown));
                Ok(streamed(stream::iter([Ok(part), cut]).boxed()))
            }
            Self::Endless => {
                let piece = Bytes::from(vec![b' '; 64 * 1024]);
                Ok(streamed(stream::repeat_with(move || Ok(piece.clone())).boxed()))
            }
        }
    }
}

fn broken(kind: SendErrorKind, processed: Processed) -> SendError {
    SendError { kind, processed, message: format!("scripted {kind:?}"), source: None }
}

fn streamed(pieces: BoxStream<'static, Result<Bytes, SendError>>) -> Response {
    let body = Body::Stream(pieces);
    Response { status: StatusCode::OK, headers: HeaderMap::new(), body }
}

fn drip(body: Bytes) -> BoxStream<'static, Result<Bytes, SendError>> {
    stream::unfold(body, |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        sleep(Duration::from_secs(1)).await;
        let letter = rest.split_to(1);
        Some((Ok(letter), rest))
    })
    .boxed()
}

/// A request that was sent.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its verb.
    pub method: Method,
    /// Its whole address.
    pub url: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Seen {
    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Answers request after request with the steps given; the last step repeats for ever.
#[derive(Debug, Clone)]
pub struct Script(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    steps: VecDeque<Step>,
    seen: Vec<Seen>,
}

impl Script {
    /// A script of at least one step.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let state = State { steps: steps.into_iter().collect(), seen: Vec::new() };
        assert!(!state.steps.is_empty(), "a script needs a step");
        Self(Arc::new(Mutex::new(state)))
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).seen.clone()
    }

    fn next(&self, request: Request) -> Step {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string();
        state.seen.push(Seen { method: parts.method, url, headers: parts.headers, body });
        if state.steps.len() > 1 {
            state.steps.pop_front().expect("there are at least two")
        } else {
            state.steps[0].clone()
        }
    }
}

#[async_trait]
impl HttpSend for Script {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        self.next(request).play().await
    }
}
