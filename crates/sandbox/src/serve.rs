//! The world over plain HTTP on this machine, for programs that cannot be given the in-process port.
//!
//! One address serves all services: below it the first part of the path is the host that would be
//! asked in the world (`http://127.0.0.1:8080/api.github.com/user`). A server for rehearsals: it
//! listens on loopback only and believes every credential.

mod addresses;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::header::{AUTHORIZATION, HeaderName, LINK, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use oar_release::ErrorClass;
use oar_transport::{Body, HttpSend as _, SendError, SendErrorKind, pause};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::Sandbox;
use crate::answer::service_of;

pub use addresses::{endpoints, served};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;
/// Longest body of a request, bytes.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
/// How long requests on their way may take once the server was told to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// How long the head of a request may take.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// The pause after a connection that could not be accepted, such as for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another program has the port.
    #[error("port {port} of 127.0.0.1 is in use by another program")]
    InUse {
        /// The port asked for.
        port: u16,
    },
    /// Anything else.
    #[error("cannot listen on port {port} of 127.0.0.1")]
    Listen {
        /// The port asked for.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl ServeError {
    /// The error's class (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::InUse { .. } => ErrorClass::Conflict,
            Self::Listen { .. } => ErrorClass::Internal,
        }
    }
}

/// A server that listens already and answers nobody yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    port: u16,
}

impl Server {
    /// Listens on `port` of loopback; 0 stands for any that is free. Must be called in a runtime.
    pub fn listen(port: u16) -> Result<Self, ServeError> {
        let listener = listen(port).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::InUse { port },
            _ => ServeError::Listen { port, source },
        })?;
        let address = listener.local_addr();
        let address = address.map_err(|source| ServeError::Listen { port, source })?;
        Ok(Self { listener, port: address.port() })
    }

    /// The base of all addresses: `http://127.0.0.1:PORT`.
    pub fn home(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers requests from `sandbox` until `stop` ends; requests on their way are finished.
    pub async fn run(self, sandbox: Sandbox, stop: impl Future<Output = ()>) {
        let home: std::sync::Arc<str> = self.home().into();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
        let open = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = self.listener.accept() => accepted,
            };
            let stream = match accepted.and_then(|(stream, _)| at_once(stream)) {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::warn!("a connection could not be accepted: {error}");
                    pause::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (sandbox, home) = (sandbox.clone(), std::sync::Arc::clone(&home));
            let service = service_fn(move |request| {
                let (sandbox, home) = (sandbox.clone(), std::sync::Arc::clone(&home));
                async move { answer(&sandbox, &home, request).await }
            });
            let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!("a connection broke: {error}");
                }
            });
        }
        drop(self.listener);
        tokio::select! {
            () = open.shutdown() => {}
            () = pause::sleep(LAST_REQUESTS) => tracing::warn!("requests were cut off"),
        }
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // A server that was just stopped may have left connections that the kernel remembers.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(BACKLOG)
}

fn at_once(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    Ok(stream)
}

type Answered = http::Response<UnsyncBoxBody<Bytes, SendError>>;

/// One request. An error breaks the connection, as the world did.
async fn answer(
    sandbox: &Sandbox,
    home: &str,
    request: http::Request<Incoming>,
) -> Result<Answered, SendError> {
    let (mut head, body) = request.into_parts();
    let Some(uri) = addresses::meant(&head.uri) else { return Ok(nobody(home, &head.uri)) };
    head.uri = uri;
    let too_long = || text(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long\n".to_owned());
    // What is announced need not be waited for.
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        return Ok(too_long());
    }
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Ok(too_long()),
        Err(_) => return Ok(text(StatusCode::BAD_REQUEST, "the body is broken\n".to_owned())),
    };
    let_in(&mut head);
    // What the world did not understand says so on stderr with --debug; nothing of it is secret here.
    tracing::debug!("{} {}", head.method, head.uri);
    let response = match sandbox.send(http::Request::from_parts(head, body)).await {
        Ok(response) => response,
        Err(error) if error.kind == SendErrorKind::Connect => {
            return Ok(text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")));
        }
        Err(error) => return Err(error),
    };
    let body = match response.body {
        Body::Full(bytes) => Full::new(bytes).map_err(|never| match never {}).boxed_unsync(),
        Body::Stream(pieces) => {
            // What came before a break is sent before the connection breaks.
            let one_by_one = pieces.then(|piece| async {
                tokio::task::yield_now().await;
                piece
            });
            BodyExt::boxed_unsync(StreamBody::new(one_by_one.map_ok(Frame::data)))
        }
    };
    let mut answered = http::Response::new(body);
    *answered.status_mut() = response.status;
    *answered.headers_mut() = at_home(home, response.headers);
    Ok(answered)
}

/// Lets requests without a ticket pass at the services that want one: nobody has tickets for a world
/// that is not there.
fn let_in(head: &mut http::request::Parts) {
    let service = head.uri.host().and_then(service_of);
    let wants_ticket = matches!(service, Some("errata" | "brew" | "pyxis_internal"));
    if wants_ticket && !head.headers.contains_key(AUTHORIZATION) {
        let ticket = HeaderValue::from_static("Negotiate c2FuZGJveA==");
        head.headers.insert(AUTHORIZATION, ticket);
    }
}

/// Headers that lead somewhere lead back to this server.
fn at_home(home: &str, mut headers: HeaderMap) -> HeaderMap {
    for name in [LOCATION, LINK] {
        let led = headers.get(&name).and_then(|value| value.to_str().ok());
        let led = led.and_then(|text| addresses::translate(home, text).parse().ok());
        if let Some(value) = led {
            headers.insert(name, value);
        }
    }
    headers
}

/// The answer where no service lives: which there are.
fn nobody(home: &str, asked: &http::Uri) -> Answered {
    use std::fmt::Write as _;

    let mut page = format!("No service of the sandbox lives at {}. There are:\n\n", asked.path());
    for (service, address) in endpoints(home) {
        let _infallible = writeln!(page, "{service:<20}{address}");
    }
    text(StatusCode::NOT_FOUND, page)
}

fn text(status: StatusCode, text: String) -> Answered {
    let body = Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync();
    let mut answered = http::Response::new(body);
    *answered.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answered.headers_mut().insert(HeaderName::from_static("content-type"), plain);
    answered
}
