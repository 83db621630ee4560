//! One pass of the aggregator over a data set as large as the real one, against a model of the world
//! on loopback that takes 20 ms per answer.
//!
//! Run with `cargo bench -p oar-operators`. Goals: cold at most 25 requests and 0.22 s, warm at most
//! 20 requests and 0.20 s, at most 60 ms of processor time and 24 MiB, and no commit without news.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its figures")]

#[path = "aggregator/world.rs"]
mod world;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use oar_github::{GitHubRepo, HttpGitHub};
use oar_kube::HttpKube;
use oar_operators::services::Ports;
use oar_operators::test_jobs::{Desk, Halt, aggregator};
use oar_prow_jobs::{HttpProw, HttpReleaseController};
use oar_release::clock::SystemEntropy;
use oar_release::{Arch, Links, Masker};
use oar_state_repo::{Actor, StateRepo};
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::testing::client_at;
use oar_transport::{Endpoints, HttpClient, Secret, pause};

/// Services and the hosts under which the model knows them.
const SERVICES: [(&str, &str); 5] = [
    ("github_api", "api.github.com"),
    ("release_controller", "amd64.ocp.releases.ci.openshift.org"),
    ("deck", "prow.ci.openshift.org"),
    ("gangway", "gangway-ci.apps.ci.l2s4.p1.openshiftapps.com"),
    ("kube_ci", "api.ci.l2s4.p1.openshiftapps.com"),
];

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("serve") {
        let latency = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(20);
        return runtime.block_on(world::serve(Duration::from_millis(latency)));
    }
    for latency in [20, 100] {
        println!("latency {latency} ms");
        let server = Server::start(latency);
        runtime.block_on(passes(&server.address));
    }
    // Not from getrusage: that one remembers the process which this one was forked from.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or(" unknown");
    println!("peak {} (goal 24576 kB)", peak.trim());
}

/// The model of the world in a process of its own, so that the figures are the client's alone.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "the benchmark starts its own server")]
    fn start(latency: u64) -> Self {
        let program = std::env::current_exe().expect("this program's path");
        let mut child = Command::new(program)
            .args(["serve", &latency.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("its address");
        Self { child, address: line.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn http(address: &str) -> HttpClient {
    let overrides =
        SERVICES.map(|(name, host)| (name.to_owned(), format!("http://{address}/{host}")));
    let endpoints = Endpoints::new(&overrides.into(), &[]).expect("loopback addresses");
    client_at(Arc::new(ReqwestSend::new(NetworkSettings::default())), endpoints)
}

fn desk(http: &HttpClient, cache: &std::path::Path) -> Desk {
    let token = || Secret::new("a-token").into();
    let repo = |branch: &str| -> Arc<dyn StateRepo> {
        let name = "openshift/release-tests".parse().expect("a name");
        Arc::new(GitHubRepo::new(HttpGitHub::new(http, token()), name, branch))
    };
    let prow = Arc::new(HttpProw::new(http, token()));
    let kube = Arc::new(HttpKube::new(http, token()));
    Desk {
        clock: Arc::new(oar_release::clock::ManualClock::new(world::now())),
        entropy: Arc::new(SystemEntropy),
        pause: Arc::new(pause::sleep),
        masker: Arc::new(Masker::default()),
        actor: Actor::Timer("bench".to_owned()),
        arch: Arch::Amd64,
        records: repo("record"),
        registries: repo("main"),
        cache: Some(cache.to_owned()),
        releases: Arc::new(HttpReleaseController::new(http, Arch::Amd64)),
        prow: Ports::new(Arc::clone(&prow) as _, prow as _),
        artifacts: None,
        payloads: Ok(Ports::new(Arc::clone(&kube) as _, kube as _)),
        s390x_vars: String::new(),
        label_rejected: false,
        deadline: Duration::from_mins(15),
        halt: Halt::default(),
        links: Links::default(),
        recorder: None,
    }
}

async fn passes(address: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    // Each pass is a program of its own: new connections every time.
    pass("cold, first look at 5 runs", address, folder.path()).await;
    pass("warm, 3 files changed", address, folder.path()).await;
    pass("warm, nothing new", address, folder.path()).await;
    world::end_all(address).await;
    pass("warm, 3 builds decided", address, folder.path()).await;
    let other = tempfile::tempdir().expect("a folder");
    pass("cold, nothing new", address, other.path()).await;
}

async fn pass(name: &str, address: &str, cache: &std::path::Path) {
    let http = http(address);
    let desk = desk(&http, cache);
    let (begun, cpu) = (Instant::now(), cpu_ms());
    let report = aggregator::run(&desk).await.expect("a pass");
    let (wall, cpu) = (begun.elapsed().as_secs_f64() * 1000.0, cpu_ms() - cpu);
    assert!(report.is_sound(), "{report:?}");
    let requests: u64 = http.metrics().iter().map(|count| count.requests).sum();
    let committed = if report.committed { "1 commit" } else { "no commit" };
    println!("  {name:<28} {wall:>7.1} ms  {cpu:>6.1} ms cpu  {requests:>3} requests  {committed}");
}

fn cpu_ms() -> f64 {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return 0.0 };
    let millis = |time: nix::sys::time::TimeVal| {
        #[expect(clippy::cast_precision_loss, reason = "a benchmark does not run for years")]
        let seconds = time.tv_sec() as f64;
        #[expect(clippy::cast_precision_loss, reason = "below a million")]
        let micros = time.tv_usec() as f64;
        seconds * 1000.0 + micros / 1000.0
    };
    millis(usage.user_time()) + millis(usage.system_time())
}
