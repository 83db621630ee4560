//! The world over HTTP: the same answers, the same faults, an orderly end.

use std::time::Duration;

use http::Method;
use oar_sandbox::Sandbox;
use oar_sandbox::fault::{Kind, Rule};
use oar_sandbox::serve::{ServeError, Server};
use oar_sandbox::world::World;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server in this process.
struct Served {
    home: String,
    sandbox: Sandbox,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

fn serve() -> Served {
    let sandbox = Sandbox::in_memory(World::seeded());
    let server = Server::listen(0).expect("a free port");
    let home = server.home();
    let (stop, told) = oneshot::channel();
    let until = async { _ = told.await };
    let server = tokio::spawn(server.run(sandbox.clone(), until));
    Served { home, sandbox, stop: Some(stop), server }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        let address = self.home.trim_start_matches("http://");
        TcpStream::connect(address).await.expect("a connection")
    }

    /// One request over a connection of its own; what came back, whole or not.
    async fn ask(&self, head: &str, body: &str) -> String {
        let mut stream = self.connect().await;
        let length = body.len();
        let request = format!(
            "{head} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        let _broken = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

const USER: &str = "GET /api.github.com/user";

#[tokio::test]
async fn faults_of_the_world_are_faults_of_the_connection() {
    let served = serve();
    assert!(served.ask(USER, "").await.starts_with("HTTP/1.1 200"));
    let push = "POST /errata.devel.redhat.com/api/v1/erratum/990031/push?defaults=stage";
    served.sandbox.plant(Rule::once("errata", Kind::ResetAfter).method(Method::POST));
    assert_eq!(served.ask(push, "").await, "", "no answer");
    assert_eq!(served.sandbox.world(|world| world.count("errata", "push")), 1, "but it was done");
    served.sandbox.plant(Rule::once("github", Kind::Truncated));
    let half = served.ask(USER, "").await;
    assert!(half.starts_with("HTTP/1.1 200") && !half.contains('}'), "{half}");
    served.sandbox.plant(Rule::once("github", Kind::Status(503)));
    assert!(served.ask(USER, "").await.starts_with("HTTP/1.1 503"));
}

#[tokio::test]
async fn a_connection_serves_many_requests_and_many_connections_are_served() {
    let served = serve();
    let mut stream = served.connect().await;
    for _ in 0..3 {
        let request = format!("{USER} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut seen = Vec::new();
        while !seen.ends_with(b"}") {
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece).await.expect("an answer");
            assert!(read > 0, "the connection is kept");
            seen.extend_from_slice(&piece[..read]);
        }
    }
    let many = (0..200).map(|_| served.ask(USER, ""));
    let answers = futures_util::future::join_all(many).await;
    assert!(answers.iter().all(|answer| answer.starts_with("HTTP/1.1 200")));
}

#[tokio::test]
async fn a_request_on_its_way_is_answered_when_the_server_ends() {
    let mut served = serve();
    served.sandbox.answer_after(Duration::from_millis(200));
    // It must have arrived before the end: the world has counted it.
    let asked = {
        let mut stream = served.connect().await;
        let request = format!("{USER} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream
    };
    while served.sandbox.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    served.stop.take().expect("it runs").send(()).expect("it listens");
    served.server.await.expect("it ends");
    let (mut asked, mut answer) = (asked, Vec::new());
    asked.read_to_end(&mut answer).await.expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    let address = served.home.trim_start_matches("http://");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens");
}

#[tokio::test]
async fn a_port_has_one_server() {
    let first = Server::listen(0).expect("a free port");
    let port = first.home().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    match Server::listen(port) {
        Err(ServeError::InUse { port: named }) => assert_eq!(named, port),
        other => panic!("{other:?}"),
    }
}
