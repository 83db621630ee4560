//! Real sockets: what goes wrong on a wire, through the network adapter.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use oar_transport::real::{NetworkSettings, ProxyChoice, ReqwestSend};
use oar_transport::testing::{client, client_at, endpoints_at};
use oar_transport::{HttpClient, HttpError, HttpErrorKind, Service};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a server does with a connection once the request has arrived.
#[derive(Clone)]
enum Then {
    /// Sends these bytes and closes.
    Say(Vec<u8>),
    /// Resets the connection.
    Reset,
    /// Holds the connection without a word.
    Hold,
    /// Sends the head and then one byte every 20 ms.
    Drip,
}

struct Server {
    base: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn start(then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, then.clone(), counter.clone()));
            }
        });
        Self { base, requests }
    }

    fn http(&self) -> HttpClient {
        let network = Arc::new(ReqwestSend::new(NetworkSettings::default()));
        client_at(network, endpoints_at(Service::Deck, &self.base))
    }

    async fn ask(&self, method: Method) -> HttpError {
        let http = self.http();
        let call = http.service(Service::Deck).call("x", method, "x").attempts(1);
        call.timeout(Duration::from_millis(300)).send().await.unwrap_err()
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, then: Then, requests: Arc<AtomicUsize>) {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read_buf(&mut head).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
    requests.fetch_add(1, Ordering::SeqCst);
    match then {
        Then::Say(bytes) => {
            let _gone = stream.write_all(&bytes).await;
            let _gone = stream.shutdown().await;
        }
        Then::Reset => stream.set_zero_linger().unwrap(),
        Then::Hold => {
            let _until_the_client_leaves = stream.read_buf(&mut head).await;
        }
        Then::Drip => {
            let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec();
            while stream.write_all(&bytes).await.is_ok() {
                bytes = b"x".to_vec();
                oar_transport::pause::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

fn says(text: &str) -> Then {
    Then::Say(text.replace('\n', "\r\n").into_bytes())
}

fn chain(error: &HttpError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[tokio::test]
async fn a_plain_answer_arrives() {
    let server = Server::start(says("HTTP/1.1 200 OK\ncontent-length: 2\n\n{}")).await;
    let reply = server.http().service(Service::Deck).call("x", Method::GET, "x").send().await;
    assert_eq!(&reply.unwrap().body[..], b"{}");
}

#[tokio::test]
async fn g01_a_refused_connection_was_certainly_not_processed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = Server { base, requests: Arc::default() };
    for method in [Method::GET, Method::POST] {
        let error = server.ask(method).await;
        assert_eq!(error.kind(), &HttpErrorKind::Unavailable { status: None });
        let text = chain(&error);
        assert!(text.contains("no connection to 127.0.0.1"), "{text}");
        assert!(text.to_lowercase().contains("refused"), "{text}");
    }
}

#[tokio::test]
async fn lost_answers_leave_a_write_in_doubt_and_a_read_untouched() {
    for (name, then) in [
        ("G3 silence", Then::Hold),
        ("G4 drip", Then::Drip),
        ("G5 short body", says("HTTP/1.1 200 OK\ncontent-length: 100\n\n{}")),
        ("G5 bad chunk", says("HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\nzz\n{}\n")),
        ("G5 chunks without end", says("HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\n{}\n")),
        ("G13 reset", Then::Reset),
        ("closed without a word", says("")),
        ("no HTTP", says("SSH-2.0-OpenSSH_9\n")),
    ] {
        let server = Server::start(then).await;
        let error = server.ask(Method::POST).await;
        assert!(error.outcome_is_unknown(), "{name}: {error}");
        assert_eq!(server.requests(), 1, "{name}");
        let error = server.ask(Method::GET).await;
        let expected =
            matches!(error.kind(), HttpErrorKind::Unavailable { .. } | HttpErrorKind::Timeout);
        assert!(expected, "{name}: {error}");
    }
}

#[tokio::test]
async fn g07_a_compressed_bomb_is_cut_at_the_limit() {
    let zeros = include_bytes!("zeros.gz");
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        zeros.len()
    );
    let server = Server::start(Then::Say([head.as_bytes(), zeros].concat())).await;
    let http = server.http();
    let deck = http.service(Service::Deck);
    let call = deck.call("x", Method::GET, "x").body_limit(64 * 1024);
    let error = call.send().await.unwrap_err();
    assert_eq!(error.kind(), &HttpErrorKind::TooLarge { limit: 64 * 1024 });
    // It is a real one: unpacked it has a mebibyte.
    let call = deck.call("x", Method::GET, "x");
    assert_eq!(call.send().await.unwrap().body.len(), 1 << 20);
}

#[tokio::test]
async fn an_announced_length_over_the_limit_is_not_even_read() {
    let server = Server::start(says("HTTP/1.1 200 OK\ncontent-length: 99999999\n\n")).await;
    let error = server.ask(Method::GET).await;
    assert!(matches!(error.kind(), HttpErrorKind::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn g20_a_proxys_refusal_is_called_a_proxy_error() {
    let proxy = Server::start(says("HTTP/1.1 407 Proxy Authentication Required\n\n")).await;
    let proxies = [(Service::Jira, ProxyChoice::Url(proxy.base.clone()))].into();
    let network = NetworkSettings { proxies, ..NetworkSettings::default() };
    let http = client(Arc::new(ReqwestSend::new(network)));
    let call = http.service(Service::Jira).call("x", Method::POST, "x").attempts(1);
    let error = call.send().await.unwrap_err();
    assert!(matches!(error.kind(), HttpErrorKind::Proxy { .. }), "{}", chain(&error));
    assert_eq!(proxy.requests(), 1);
}

#[tokio::test]
async fn this_machine_is_never_asked_through_a_proxy() {
    let server = Server::start(says("HTTP/1.1 200 OK\ncontent-length: 0\n\n")).await;
    let nowhere = ProxyChoice::Url("http://127.0.0.1:1".to_owned());
    let network = NetworkSettings {
        proxies: [(Service::Deck, nowhere)].into(),
        ..NetworkSettings::default()
    };
    let endpoints = endpoints_at(Service::Deck, &server.base);
    let http = client_at(Arc::new(ReqwestSend::new(network)), endpoints);
    http.service(Service::Deck).call("x", Method::GET, "x").send().await.unwrap();
}
