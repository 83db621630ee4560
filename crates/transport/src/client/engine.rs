//! Makes a call: attempts, waits, redirects, reading of bodies.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::{ACCEPT, LOCATION, USER_AGENT};
use http::{HeaderValue, Method, StatusCode};
use oar_release::effect;
use tokio::time::Instant;
use tracing::Instrument as _;
use url::Url;

use super::body::{Unread, content_length, read};
use super::call::{Call, Redirects};
use super::credential::CredentialError;
use super::judge::{Failure, Idempotency, Judge, Verdict};
use super::lane::{Lane, Place};
use super::reply::{Context, Reply, StreamingReply};
use crate::error::{Failed, HttpError, HttpErrorKind};
use crate::metrics::Counters;
use crate::pause::{Backoff, sleep};
use crate::port::{Body, Request, Response, SendError};

/// How we introduce ourselves.
const OUR_NAME: &str = concat!("oar/", env!("CARGO_PKG_VERSION"));
/// Redirects that are followed (fault G16).
const HOPS: usize = 3;
/// How much of an unexpected answer's body is read, bytes.
const ERROR_BODY: usize = 64 * 1024;
/// The longest of our own waits between attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

pub(super) async fn whole(call: Call) -> Result<Reply, HttpError> {
    let span = span(&call);
    let run = async {
        let mut run = Run::new(&call);
        let (answer, place) = run.answer(Mode::Whole).await?;
        drop(place);
        let Body::Full(body) = answer.body else {
            unreachable!("in this mode the body was read within the attempt")
        };
        let context = Box::new(run.context);
        Ok(Reply { status: answer.status, headers: answer.headers, body, context })
    };
    run.instrument(span).await
}

pub(super) async fn streaming(call: Call) -> Result<StreamingReply, HttpError> {
    let span = span(&call);
    let run = async {
        let mut run = Run::new(&call);
        let (answer, place) = run.answer(Mode::Streaming).await?;
        let pieces = match answer.body {
            Body::Full(bytes) => futures_util::stream::iter([Ok(bytes)]).boxed(),
            Body::Stream(pieces) => pieces,
        };
        let limit = call.policy.body_limit;
        Ok(StreamingReply {
            status: answer.status,
            headers: answer.headers,
            pieces,
            pending: Bytes::new(),
            left: limit,
            idle: call.policy.total,
            limit,
            context: Box::new(run.context),
            _place: place,
        })
    };
    run.instrument(span).await
}

fn span(call: &Call) -> tracing::Span {
    tracing::debug_span!(
        "http",
        otel.name = %format_args!("{}.{}", call.service, call.operation),
        method = %call.method,
        attempts = tracing::field::Empty,
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Whole,
    Streaming,
}

/// One call under way.
struct Run<'c> {
    call: &'c Call,
    counters: Arc<Counters>,
    context: Context,
    started: Instant,
    backoff: Backoff,
    wait_left: Duration,
    renewed_credential: bool,
    may_have_happened: bool,
    failures: u32,
    rate_limits: u32,
}

impl<'c> Run<'c> {
    fn new(call: &'c Call) -> Self {
        let failed = Failed {
            service: call.service,
            operation: call.operation,
            method: call.method.clone(),
            url: call.path.clone(),
            attempts: 0,
            body: None,
            status: None,
        };
        Self {
            call,
            counters: call.shared.metrics.of(call.service, call.operation),
            context: Context {
                failed,
                masker: Arc::clone(&call.shared.masker),
                secrets: Vec::new(),
            },
            started: Instant::now(),
            backoff: Backoff::new(call.policy.first_wait, LONGEST_WAIT),
            wait_left: call.policy.wait_sum,
            renewed_credential: false,
            may_have_happened: false,
            failures: 0,
            rate_limits: 0,
        }
    }

    /// Attempts until there is an answer or the end of what the policy allows.
    async fn answer(&mut self, mode: Mode) -> Result<(Response, Place), HttpError> {
        let result = self.attempts(mode).await;
        tracing::Span::current().record("attempts", self.context.failed.attempts);
        if result.is_err() {
            self.counters.error();
        }
        result
    }

    async fn attempts(&mut self, mode: Mode) -> Result<(Response, Place), HttpError> {
        loop {
            self.wait_for_turn().await?;
            let place = self.lane().place(self.is_write()).await;
            let limit = self.call.policy.total.min(self.time_left());
            self.context.failed.attempts += 1;
            self.context.failed.status = None;
            self.context.failed.body = None;
            let begun = Instant::now();
            let attempt = tokio::time::timeout(limit, self.attempt(mode)).await;
            self.counters.latency(begun.elapsed());
            let failure = match attempt {
                Ok(Ok(answer)) => return Ok((answer, place)),
                Ok(Err(failure)) => failure,
                Err(_) => Failure::Timeout,
            };
            drop(place);
            self.recover(failure).await?;
            self.counters.retry();
        }
    }

    /// Returns when another attempt is due, or the error when there is none.
    async fn recover(&mut self, failure: Failure) -> Result<(), HttpError> {
        if let Failure::Status { status, body, .. } = &failure {
            self.context.failed.status = Some(*status);
            self.context.failed.body.clone_from(body);
            if *status == StatusCode::UNAUTHORIZED && self.renews_credential() {
                return Ok(());
            }
        }
        let now = self.call.shared.clock.now();
        let judge = Judge { policy: &self.call.policy, idempotency: self.call.idempotency, now };
        let verdict = judge.verdict(&failure);
        self.may_have_happened |= verdict.ambiguous;
        let wait = self.next_wait(&verdict);
        let allowed = verdict.again && self.has_attempts_left(&verdict);
        if verdict.rate_limited {
            self.lane().hold_for(wait);
        }
        if !allowed || wait > self.wait_left || wait >= self.time_left() {
            return Err(self.finish(verdict.kind, failure));
        }
        tracing::debug!(
            attempt = self.context.failed.attempts,
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            reason = %verdict.kind,
            "trying again"
        );
        if !verdict.rate_limited {
            self.wait_left -= wait;
            sleep(wait).await;
        }
        Ok(())
    }

    fn next_wait(&mut self, verdict: &Verdict) -> Duration {
        let own = self.backoff.next_wait(&*self.call.shared.entropy);
        // "At once" is taken for "soon": a service in trouble is not helped by a tight loop.
        verdict.told.map_or(own, |told| told.max(Duration::from_millis(100)))
    }

    fn has_attempts_left(&mut self, verdict: &Verdict) -> bool {
        if verdict.rate_limited {
            self.rate_limits += 1;
            self.rate_limits < self.call.policy.rate_limit_attempts
        } else {
            self.failures += 1;
            self.failures < self.call.policy.attempts
        }
    }

    /// Waits for a turn of the service's budget, and while the service keeps all its callers back
    /// (fault G11), each a little differently so that they do not return in one crowd.
    async fn wait_for_turn(&mut self) -> Result<(), HttpError> {
        match self.lane().turn(self.time_left()) {
            Ok(wait) if wait.is_zero() => {}
            Ok(wait) => sleep(wait).await,
            Err(wait) => {
                let kind = HttpErrorKind::RateLimited { retry_after: Some(wait) };
                return Err(self.context.error(self.final_kind(kind), None));
            }
        }
        while let Some(held) = self.lane().held_for() {
            if held > self.wait_left || held >= self.time_left() {
                let kind = HttpErrorKind::RateLimited { retry_after: Some(held) };
                return Err(self.context.error(self.final_kind(kind), None));
            }
            let spread = held.mul_f64(0.1).min(Duration::from_secs(1));
            let wait = held + spread.mul_f64(self.call.shared.entropy.fraction());
            self.wait_left = self.wait_left.saturating_sub(wait);
            sleep(wait).await;
        }
        Ok(())
    }

    /// One try: the request, its redirects, the answer's body.
    async fn attempt(&mut self, mode: Mode) -> Result<Response, Failure> {
        let mut url = self.first_url()?;
        for _ in 0..=HOPS {
            self.context.failed.url = self.context.mask(url.as_str());
            let request = self.request(&url).await?;
            let answer = self.exchange(request).await?;
            if answer.status.is_success() || self.call.accept.contains(&answer.status) {
                return match mode {
                    Mode::Streaming => Ok(answer),
                    Mode::Whole => self.with_whole_body(answer).await,
                };
            }
            match self.redirect(&url, &answer)? {
                Some(next) => url = next,
                None => return Err(self.unexpected(answer).await),
            }
        }
        Err(self.refused_redirect(&url, "too many redirects"))
    }

    fn first_url(&self) -> Result<Url, Failure> {
        let call = self.call;
        if let Some(problem) = &call.problem {
            let kind = HttpErrorKind::InvalidRequest { problem: problem.clone() };
            return Err(Failure::Final(kind, None));
        }
        let endpoints = &call.shared.endpoints;
        let resolved = endpoints.resolve(call.service, &call.variable, &call.path);
        let mut url = resolved.map_err(|error| {
            let kind = match error.class() {
                oar_release::ErrorClass::NotConfigured => HttpErrorKind::NotConfigured,
                _ => {
                    HttpErrorKind::InvalidRequest { problem: self.context.mask(&error.to_string()) }
                }
            };
            Failure::Final(kind, Some(Box::new(error)))
        })?;
        url.set_fragment(None);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        Ok(url)
    }

    async fn request(&mut self, url: &Url) -> Result<Request, Failure> {
        let call = self.call;
        let invalid =
            |problem: String| Failure::Final(HttpErrorKind::InvalidRequest { problem }, None);
        let mut request = Request::new(call.body.clone());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() =
            url.as_str().parse().map_err(|_| invalid("the address is no URI".to_owned()))?;
        request.extensions_mut().insert(call.service);
        let at_home = call.shared.endpoints.is_home(call.service, &call.variable, url);
        let headers = request.headers_mut();
        if at_home {
            headers.clone_from(&call.headers);
        } else if let Some(accept) = call.headers.get(ACCEPT) {
            // A header of ours may be as good as a credential: a stranger sees none.
            headers.insert(ACCEPT, accept.clone());
        }
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(OUR_NAME));
        if at_home {
            let proof = call.credential.proof(url).await.map_err(CredentialError::into_failure)?;
            if let Some(proof) = proof {
                request.headers_mut().insert(proof.name, proof.value);
                self.context.secrets = proof.secrets;
            }
        }
        Ok(request)
    }

    async fn exchange(&self, request: Request) -> Result<Response, Failure> {
        self.counters.request();
        if !self.is_write() {
            return self.call.shared.send.send(request).await.map_err(Failure::Send);
        }
        effect::point("http.send.before");
        let answer = self.call.shared.send.send(request).await.map_err(Failure::Send);
        effect::point("http.send.after");
        answer
    }

    async fn with_whole_body(&self, answer: Response) -> Result<Response, Failure> {
        let limit = self.call.policy.body_limit;
        let announced =
            content_length(&answer.headers).filter(|_| self.call.method != Method::HEAD);
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(Failure::TooLarge);
        }
        let body = match read(answer.body, limit).await {
            Ok(body) => body,
            Err(Unread::TooLong(_)) => return Err(Failure::TooLarge),
            Err(Unread::Broken(error)) => return Err(Failure::Cut(Some(error))),
        };
        let has_body = answer.status != StatusCode::NOT_MODIFIED;
        if has_body && announced.is_some_and(|length| length != body.len() as u64) {
            return Err(Failure::Cut(None));
        }
        Ok(Response::full(answer.status, answer.headers, body))
    }

    /// Reads the beginning of an unexpected answer; that it breaks off changes nothing.
    async fn unexpected(&self, answer: Response) -> Failure {
        let body = match read(answer.body, ERROR_BODY).await {
            Ok(body) | Err(Unread::TooLong(body)) => self.context.excerpt(&body),
            Err(Unread::Broken(_)) => None,
        };
        Failure::Status { status: answer.status, headers: answer.headers, body }
    }

    /// Where a redirect of a read leads, `None` when the answer is none to follow.
    fn redirect(&self, from: &Url, answer: &Response) -> Result<Option<Url>, Failure> {
        let call = self.call;
        let follows = matches!(call.method, Method::GET | Method::HEAD)
            && matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308);
        let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let Some(location) = location.filter(|_| follows) else { return Ok(None) };
        let endpoints = &call.shared.endpoints;
        let Ok(next) = from.join(location) else {
            return Err(self.refused_redirect(from, "the new address is no URL"));
        };
        if !endpoints.is_encrypted_or_local(&next) {
            return Err(self.refused_redirect(&next, "it leads out of encryption"));
        }
        let next = endpoints
            .resolve(call.service, &call.variable, next.as_str())
            .map_err(|_| self.refused_redirect(&next, "the new address is not usable"))?;
        let known = next.origin() == from.origin() || endpoints.is_known(&call.variable, &next);
        if call.redirects == Redirects::Known && !known {
            return Err(self.refused_redirect(&next, "the host is none of ours"));
        }
        Ok(Some(next))
    }

    fn refused_redirect(&self, to: &Url, problem: &'static str) -> Failure {
        let to = self.context.mask(to.as_str());
        Failure::Final(HttpErrorKind::RedirectRefused { to, problem }, None)
    }

    /// After a 401: once, when the credential is another one by now.
    fn renews_credential(&mut self) -> bool {
        let first = !std::mem::replace(&mut self.renewed_credential, true);
        first && self.call.credential.has_changed_since(&self.context.secrets)
    }

    fn finish(&self, kind: HttpErrorKind, failure: Failure) -> HttpError {
        let source: Option<Box<dyn std::error::Error + Send + Sync>> = match failure {
            Failure::Final(_, source) => source,
            Failure::Send(error) | Failure::Cut(Some(error)) => {
                let message = self.context.mask(&error.message);
                Some(Box::new(SendError { message, ..error }))
            }
            _ => None,
        };
        let kind = match self.final_kind(kind) {
            HttpErrorKind::Tls { problem } => {
                HttpErrorKind::Tls { problem: self.context.mask(&problem) }
            }
            HttpErrorKind::Proxy { problem } => {
                HttpErrorKind::Proxy { problem: self.context.mask(&problem) }
            }
            kind => kind,
        };
        self.context.error(kind, source)
    }

    /// A later failure does not make an earlier doubt go away.
    fn final_kind(&self, kind: HttpErrorKind) -> HttpErrorKind {
        match kind {
            HttpErrorKind::Unavailable { .. }
            | HttpErrorKind::RateLimited { .. }
            | HttpErrorKind::Proxy { .. }
            | HttpErrorKind::Tls { .. }
            | HttpErrorKind::Timeout
                if self.may_have_happened =>
            {
                HttpErrorKind::Unknown
            }
            kind => kind,
        }
    }

    fn is_write(&self) -> bool {
        self.call.idempotency != Idempotency::Safe
    }

    fn lane(&self) -> &'c Lane {
        self.call.shared.lane(self.call.service)
    }

    fn time_left(&self) -> Duration {
        let spent = self.started.elapsed();
        self.call.deadline.map_or(Duration::MAX, |deadline| deadline.saturating_sub(spent))
    }
}
