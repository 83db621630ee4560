//! One save of a release's state against a fake GitHub on loopback that takes 20 ms per answer.
//!
//! Run with `cargo bench -p oar-github`. Goals: 2 requests, 1 connection, at most 45 ms.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its figures")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oar_github::{GitHubRepo, HttpGitHub};
use oar_state_repo::{
    Actor, Change, Commit, CommitMessage, Expected, RepoPath, StateRepo as _, blob_id,
};
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::testing::{client_at, endpoints_at};
use oar_transport::{Secret, Service, pause};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const LATENCY: Duration = Duration::from_millis(20);
/// The mean size of a state file.
const SIZE: usize = 5_000;
const SAVES: usize = 20;

#[derive(Default)]
struct Counts {
    requests: AtomicUsize,
    connections: AtomicUsize,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be built").block_on(run());
}

async fn run() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
    let base = format!("http://{}", listener.local_addr().expect("it is bound"));
    let counts = Arc::new(Counts::default());
    let counted = Arc::clone(&counts);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.connections.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(serve(stream, Arc::clone(&counted)));
        }
    });

    let built = Instant::now();
    let network = Arc::new(ReqwestSend::new(NetworkSettings::default()));
    let http = client_at(network, endpoints_at(Service::GithubApi, &base));
    let github = HttpGitHub::new(&http, Secret::new("a-token").into());
    let repo = GitHubRepo::new(github, "o/r".parse().expect("a name"), "z-stream");
    println!("client built in      {:>8.2} ms", millis(built.elapsed()));

    let cold = save(&repo).await;
    let mut walls = Vec::new();
    for _ in 0..SAVES {
        walls.push(save(&repo).await);
    }
    walls.sort_unstable();
    let requests = counts.requests.load(Ordering::Relaxed);
    println!("first save           {:>8.2} ms   (with the client's TLS set-up)", millis(cold));
    println!("save, median         {:>8.2} ms   (goal 45)", millis(walls[SAVES / 2]));
    println!("save, slowest of {SAVES}  {:>8.2} ms", millis(walls[SAVES - 1]));
    println!("requests per save    {:>8}      (goal 2)", requests / (SAVES + 1));
    let connections = counts.connections.load(Ordering::Relaxed);
    println!("connections          {connections:>8}      (goal 1)");
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

async fn save(repo: &GitHubRepo) -> Duration {
    let begun = Instant::now();
    let path = RepoPath::new("_releases/4.98/statebox/4.98.1.yaml").expect("a path");
    let before = repo.read(&path).await.expect("the fake answers").expect("the file is there");
    let message = CommitMessage {
        subject: "Update task".to_owned(),
        actor: Actor::Person("lead".to_owned()),
        command: "bench".to_owned(),
        intent: None,
    };
    let content = Some(vec![b'y'; SIZE]);
    let change = Change { path, content, expected: Expected::Version(before.version) };
    let saved = repo.commit(&Commit { message, changes: vec![change] }).await;
    saved.expect("the fake accepts");
    begun.elapsed()
}

async fn serve(mut stream: TcpStream, counts: Arc<Counts>) {
    // One segment per answer, as a server that cares sends it.
    let _slower_without = stream.set_nodelay(true);
    let mut buffer = Vec::new();
    while let Some(is_put) = request(&mut stream, &mut buffer).await {
        counts.requests.fetch_add(1, Ordering::Relaxed);
        pause::sleep(LATENCY).await;
        let body = if is_put {
            "{\"content\":{\"sha\":\"1\"},\"commit\":{\"sha\":\"2\"}}".to_owned()
        } else {
            let content = vec![b'x'; SIZE];
            let (sha, content) = (blob_id(&content).0, STANDARD.encode(content));
            format!("{{\"sha\":\"{sha}\",\"encoding\":\"base64\",\"content\":\"{content}\"}}")
        };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Reads one request; answers whether it is a PUT.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<bool> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .and_then(|length| length.parse::<usize>().ok())
                .unwrap_or(0);
            if buffer.len() >= end + 4 + length {
                buffer.drain(..end + 4 + length);
                return Some(head.starts_with("put"));
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
