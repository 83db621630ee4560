//! The faults that every service can have, and what every client must make of them.
//!
//! A client's test describes one of its reads and one of its writes as a [`Subject`] and lets
//! [`check_read`] and [`check_write`] play every fault against it. The faults of 404 and of conflicts
//! (G9, G10) mean something else for each operation and stay with the client's own tests.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use oar_release::ErrorClass;

use super::script::{Script, Seen, Step};
use crate::client::HttpClient;
use crate::endpoint::{Endpoints, NotProcessed, Policy, Service};
use crate::port::{Processed, SendErrorKind};

/// What a fault means for a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Passes by itself; the request certainly was not processed.
    NotProcessed,
    /// Passes by itself; the request may have been processed.
    MayBeProcessed,
    /// Passes by itself; the service wants fewer requests.
    RateLimit,
    /// Asks to wait longer than any call may.
    RateLimitTooLong,
    /// Does not pass: one request, an error of this class.
    Final(ErrorClass),
    /// The answer cannot be read: one request, undetermined. A write did happen.
    Unreadable,
    /// The write happened or not, the read is refused; nothing else is contacted.
    Redirect,
}

/// One fault.
#[derive(Debug)]
struct Fault {
    /// Its number in the fault matrix, and what happens.
    name: &'static str,
    step: Step,
    meaning: Meaning,
}

/// One operation of a client, to play faults against.
pub struct Subject {
    /// Whose policy counts.
    pub service: Service,
    /// An answer with which the operation succeeds.
    pub good: Step,
    /// Makes the client and the call; an error is told by its class.
    pub call: Box<dyn Fn(HttpClient) -> BoxFuture<'static, Result<(), ErrorClass>> + Send + Sync>,
    /// Whether the operation reads the body of its answer.
    pub reads_body: bool,
    /// Which requests write; looking up a lost answer does not.
    pub writes: fn(&Seen) -> bool,
    /// Where the services are; production unless said otherwise.
    pub endpoints: Endpoints,
    /// How often a read asks for an answer that it cannot make sense of; once unless said
    /// otherwise.
    pub unreadable_attempts: usize,
}

impl Subject {
    /// A read or write of `service` that succeeds with `good`. Requests other than GET and HEAD count
    /// as writes.
    pub fn new<F>(
        service: Service,
        good: Step,
        call: impl Fn(HttpClient) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), ErrorClass>> + Send + 'static,
    {
        Self {
            service,
            good,
            call: Box::new(move |http| Box::pin(call(http))),
            reads_body: true,
            writes: |seen| !matches!(seen.method, http::Method::GET | http::Method::HEAD),
            endpoints: Endpoints::default(),
            unreadable_attempts: 1,
        }
    }

    async fn play(&self, steps: Vec<Step>) -> (Result<(), ErrorClass>, Vec<Seen>) {
        let script = Script::new(steps);
        let http = super::client_at(Arc::new(script.clone()), self.endpoints.clone());
        let result = (self.call)(http).await;
        (result, script.seen())
    }
}

fn table() -> Vec<Fault> {
    use Meaning::{
        Final, MayBeProcessed, NotProcessed, RateLimit, RateLimitTooLong, Redirect, Unreadable,
    };
    use Processed::{No, Unknown};
    use SendErrorKind::{Connect, Interrupted, Proxy, Timeout, Tls};
    let fault = |name, step, meaning| Fault { name, step, meaning };
    let html = "<!DOCTYPE html><title>Sign in</title>";
    let mut faults = vec![
        fault("G1 connection refused", Step::Fail(Connect, No), NotProcessed),
        fault("G1 no connection in time", Step::Fail(Timeout, No), NotProcessed),
        fault("G2 TLS", Step::Fail(Tls, No), Final(ErrorClass::UpstreamUnavailable)),
        fault("G3 silence", Step::Stall, MayBeProcessed),
        fault("G5 body cut", Step::Cut("{\"ok\":".into()), MayBeProcessed),
        fault(
            "G5 body shorter than announced",
            Step::answer(200, "{}").with("content-length", "100"),
            MayBeProcessed,
        ),
        fault(
            "G6 login page",
            Step::answer(200, html).with("content-type", "text/html"),
            Unreadable,
        ),
        fault("G6 empty body", Step::answer(200, ""), Unreadable),
        fault("G6 wrong type", Step::answer(200, "\"a text\""), Unreadable),
        fault("G6 byte order mark", Step::answer(200, "\u{feff}{}"), Unreadable),
        fault("G6 not UTF-8", Step::answer(200, &b"{\"ok\":\"\xff\"}"[..]), Unreadable),
        fault("G7 endless body", Step::Endless, Unreadable),
        fault("G7 deep nesting", Step::answer(200, "[".repeat(100_000)), Unreadable),
        fault("G8 401", Step::answer(401, html), Final(ErrorClass::UnauthenticatedUpstream)),
        fault("G8 403", Step::answer(403, "{}"), Final(ErrorClass::ForbiddenUpstream)),
        fault("G11 429", Step::answer(429, ""), RateLimit),
        fault("G11 429 for 1 s", Step::answer(429, "").with("retry-after", "1"), RateLimit),
        fault("G11 429 for 0 s", Step::answer(429, "").with("retry-after", "0"), RateLimit),
        fault("G11 429 for -1 s", Step::answer(429, "").with("retry-after", "-1"), RateLimit),
        fault(
            "G11 429 until a date",
            Step::answer(429, "").with("retry-after", "Wed, 11 Mar 2026 08:00:02 GMT"),
            RateLimit,
        ),
        fault(
            "G11 429 for 10 days",
            Step::answer(429, "").with("retry-after", "864000"),
            RateLimitTooLong,
        ),
        fault("G13 reset after the effect", Step::Fail(Interrupted, Unknown), MayBeProcessed),
        fault(
            "G16 redirect to a stranger",
            Step::answer(302, "").with("location", "https://evil.example.com/"),
            Redirect,
        ),
        fault(
            "G16 redirect to the machine's own metadata",
            Step::answer(302, "").with("location", "http://169.254.169.254/latest"),
            Redirect,
        ),
        fault("G20 proxy", Step::Fail(Proxy, No), NotProcessed),
    ];
    for status in [500, 502, 503, 504] {
        faults.push(fault("G12 5xx", Step::answer(status, html), MayBeProcessed));
    }
    faults
}

/// Plays every fault against a read. Call it with paused time.
///
/// # Panics
/// Where the client does not do what the fault matrix says, naming the fault.
pub async fn check_read(subject: &Subject) {
    let policy = Policy::of(subject.service);
    for Fault { name, step, meaning } in table() {
        if meaning == Meaning::Unreadable && !subject.reads_body {
            continue;
        }
        let (result, seen) = subject.play(vec![step.clone()]).await;
        let context = format!("{name}, again and again: {result:?} after {} requests", seen.len());
        assert!(is_expected(meaning, result, ErrorClass::Timeout), "{context}");
        let expected = match meaning {
            Meaning::NotProcessed | Meaning::MayBeProcessed => policy.attempts as usize,
            Meaning::RateLimit => policy.rate_limit_attempts as usize,
            // What is too long stays too long.
            Meaning::Unreadable if name != "G7 endless body" => subject.unreadable_attempts,
            _ => 1,
        };
        assert_eq!(seen.len(), expected, "{context}");
        if passes(meaning) {
            let (result, seen) = subject.play(vec![step, subject.good.clone()]).await;
            assert_eq!(result, Ok(()), "{name}, once: after {} requests", seen.len());
            assert_eq!(seen.len(), 2, "{name}, once");
        }
    }
}

/// Plays every fault against a write. Call it with paused time.
///
/// # Panics
/// Where the client does not do what the fault matrix says, naming the fault.
pub async fn check_write(subject: &Subject) {
    let policy = Policy::of(subject.service);
    for Fault { name, step, meaning } in table() {
        if meaning == Meaning::Unreadable && !subject.reads_body {
            continue;
        }
        let (result, seen) = subject.play(vec![step]).await;
        let writes = seen.iter().filter(|seen| (subject.writes)(seen)).count();
        let context = format!("{name}: {result:?} after {writes} writes, {} requests", seen.len());
        assert!(is_expected(meaning, result, ErrorClass::Undetermined), "{context}");
        let expected = match meaning {
            Meaning::NotProcessed if policy.not_processed != NotProcessed::Nothing => {
                policy.attempts
            }
            Meaning::RateLimit if resends_after_429(&policy) => policy.rate_limit_attempts,
            // Never twice when it may have happened (promise P2).
            Meaning::MayBeProcessed if name == "G12 5xx" && resends_after_503(&policy) => continue,
            _ => 1,
        };
        assert_eq!(writes, expected as usize, "{context}");
    }
}

fn is_expected(meaning: Meaning, result: Result<(), ErrorClass>, when_lost: ErrorClass) -> bool {
    let Err(class) = result else { return false };
    match meaning {
        Meaning::NotProcessed | Meaning::RateLimit | Meaning::RateLimitTooLong => {
            matches!(class, ErrorClass::UpstreamUnavailable | ErrorClass::Timeout)
        }
        Meaning::MayBeProcessed => class == ErrorClass::UpstreamUnavailable || class == when_lost,
        Meaning::Final(expected) => class == expected,
        Meaning::Unreadable | Meaning::Redirect => class == ErrorClass::Undetermined,
    }
}

fn passes(meaning: Meaning) -> bool {
    matches!(meaning, Meaning::NotProcessed | Meaning::MayBeProcessed | Meaning::RateLimit)
}

fn resends_after_429(policy: &Policy) -> bool {
    !matches!(policy.not_processed, NotProcessed::Nothing | NotProcessed::NeverSentOnly)
}

fn resends_after_503(policy: &Policy) -> bool {
    policy.not_processed == NotProcessed::TooManyRequestsOrUnavailable
}
