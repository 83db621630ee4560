//! Faults that the world answers with instead of, or after, the real answer.

use std::sync::Arc;

use http::header;
use oar_release::Entropy;
use oar_transport::{Processed, Request, SendError, SendErrorKind};

use crate::answer::{Answer, service_of};
use crate::world::World;

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Kind {
    /// The service answers this status and does nothing.
    Status(u16),
    /// The service answers this status with these words and does nothing.
    Message(u16, &'static str),
    /// 429 with `Retry-After` seconds.
    RateLimited(u32),
    /// The service acts, and answers this status nevertheless.
    StatusAfter(u16),
    /// The connection breaks before the service has seen the request.
    ResetBefore,
    /// The service acts, then the connection breaks.
    ResetAfter,
    /// Nothing comes back within the client's time limit; the service has not acted.
    Stall,
    /// The service acts; half of the body arrives.
    Truncated,
    /// 200 with a login page; the service has not acted.
    LoginPage,
    /// An error page that shows the request it was sent, credentials included.
    Echo(u16),
    /// The process is killed with this request on its way: no answer ever comes, and
    /// [`crate::Sandbox::until_death`] ends.
    Dies {
        /// Whether the service had acted.
        acts: bool,
    },
    /// Right before the request somebody else commits to another file of the branch. A write of one
    /// file is answered with 409, as when the head moved under it; GraphQL then answers as it must.
    HeadMoved {
        /// Branch of the state repository.
        branch: &'static str,
    },
    /// Right before the request somebody else commits this text to a file of the state repository;
    /// then the service answers as it must.
    Write {
        /// Branch of the state repository.
        branch: &'static str,
        /// The file.
        path: String,
        /// Its new text.
        text: String,
    },
}

/// Which requests a fault hits.
#[derive(Debug, Clone)]
pub struct Rule {
    service: Option<&'static str>,
    method: Option<http::Method>,
    path_contains: String,
    body_contains: String,
    kind: Kind,
    skip: u32,
    times: u32,
}

impl Rule {
    /// The next request to `service` meets `kind`.
    pub fn once(service: &'static str, kind: Kind) -> Self {
        Self { service: Some(service), ..Self::next(kind) }
    }

    /// The next request to whatever service meets `kind`.
    pub const fn next(kind: Kind) -> Self {
        let service = None;
        let path_contains = String::new();
        let body_contains = String::new();
        Self { service, method: None, path_contains, body_contains, kind, skip: 0, times: 1 }
    }

    /// Only requests with this verb.
    #[must_use]
    pub fn method(mut self, method: http::Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Only requests whose URL contains `text`.
    #[must_use]
    pub fn path(mut self, text: impl Into<String>) -> Self {
        self.path_contains = text.into();
        self
    }

    /// Only requests whose body contains `text`.
    #[must_use]
    pub fn body(mut self, text: impl Into<String>) -> Self {
        self.body_contains = text.into();
        self
    }

    /// The first `skip` such requests pass.
    #[must_use]
    pub const fn skip(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// As many requests meet it; `u32::MAX` for all.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    fn hits(&mut self, request: &Request) -> bool {
        let uri = request.uri().to_string();
        let service = request.uri().host().and_then(service_of);
        let ours = self.service.is_none_or(|wanted| service == Some(wanted))
            && self.method.as_ref().is_none_or(|method| method == request.method())
            && uri.contains(&self.path_contains)
            && has_words(request.body(), &self.body_contains)
            && self.times > 0;
        if ours && self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times = self.times.saturating_sub(u32::from(ours && self.times < u32::MAX));
        ours
    }
}

fn has_words(body: &[u8], words: &str) -> bool {
    words.is_empty() || String::from_utf8_lossy(body).contains(words)
}

/// Random faults: `permille` of the requests with this verb meet one of `kinds`.
#[derive(Debug, Clone)]
pub struct RandomFaults {
    /// Where the randomness comes from; a seed makes a run repeatable.
    pub entropy: Arc<dyn Entropy>,
    /// How many of a thousand requests.
    pub permille: u16,
    /// Only requests with this verb, where one is named.
    pub method: Option<http::Method>,
    /// What may happen.
    pub kinds: Vec<Kind>,
}

/// All faults of a sandbox.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Planned ones; the first that hits is used.
    pub rules: Vec<Rule>,
    /// Random ones.
    pub random: Option<RandomFaults>,
}

impl Faults {
    /// The fault that this request meets, if any.
    pub(crate) fn pick(&mut self, request: &Request) -> Option<Kind> {
        if let Some(rule) =
            self.rules.iter_mut().find_map(|rule| rule.hits(request).then_some(&*rule))
        {
            return Some(rule.kind.clone());
        }
        let random = self.random.as_ref()?;
        let counts = random.method.as_ref().is_none_or(|method| method == request.method());
        let drawn = counts && random.entropy.next_u64() % 1000 < u64::from(random.permille);
        let kinds = u64::try_from(random.kinds.len().max(1)).unwrap_or(1);
        let at = usize::try_from(random.entropy.next_u64() % kinds).unwrap_or(0);
        drawn.then(|| random.kinds.get(at).cloned()).flatten()
    }
}

/// Lets `request` meet `kind`; `act` is the service's real answer, called if it acts.
pub(crate) fn meet(
    kind: &Kind,
    world: &mut World,
    request: &Request,
    act: impl FnOnce(&mut World) -> Option<Answer>,
) -> Option<Result<Answer, SendError>> {
    let broken = |processed, send_kind, text: &str| SendError {
        kind: send_kind,
        processed,
        message: text.to_owned(),
        source: None,
    };
    Some(match kind {
        Kind::Status(status) => Ok(Answer::message(*status, "planted by the sandbox")),
        Kind::Message(status, words) => Ok(Answer::message(*status, words)),
        Kind::RateLimited(seconds) => {
            Ok(Answer::message(429, "slow down").with(header::RETRY_AFTER, &seconds.to_string()))
        }
        Kind::StatusAfter(status) => {
            act(world)?;
            Ok(Answer::message(*status, "planted by the sandbox after the effect"))
        }
        Kind::ResetBefore => {
            Err(broken(Processed::Unknown, SendErrorKind::Interrupted, "connection reset"))
        }
        Kind::ResetAfter => {
            act(world)?;
            Err(broken(Processed::Unknown, SendErrorKind::Interrupted, "connection reset"))
        }
        Kind::Stall => Err(broken(Processed::Unknown, SendErrorKind::Timeout, "no answer in time")),
        Kind::Truncated => {
            let mut answer = act(world)?;
            answer.cut = true;
            Ok(answer)
        }
        Kind::Echo(status) => {
            let page = format!("cannot serve {} with {:?}", request.uri(), request.headers());
            Ok(Answer::text(*status, "text/plain; charset=utf-8", page))
        }
        Kind::Dies { acts } => {
            if *acts {
                act(world)?;
            }
            Err(broken(Processed::Unknown, SendErrorKind::Interrupted, "the process was killed"))
        }
        Kind::LoginPage => Ok(Answer::text(200, "text/html", "<html><title>Log in</title></html>")),
        Kind::Write { branch, path, text } => {
            world.github.foreign_write(branch, path, text);
            Ok(act(world)?)
        }
        Kind::HeadMoved { branch } => {
            let text = format!("moved at {}\n", world.now);
            world.github.foreign_write(branch, "elsewhere.txt", &text);
            if request.uri().path() == "/graphql" {
                return act(world).map(Ok);
            }
            Ok(Answer::message(409, "is at another commit but expected an older one"))
        }
    })
}
