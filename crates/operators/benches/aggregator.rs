//! Passes of the aggregator over a data set as large as the real one, against a model of the world on
//! loopback that takes 20 or 100 ms per answer. Medians of five worlds; each figure beside its goal.
//!
//! Run with `cargo bench -p oar-operators --bench aggregator`.
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
use oar_prow_jobs::{GcsAccess, HttpGcs, HttpProw, HttpReleaseController};
use oar_release::clock::SystemEntropy;
use oar_release::{Arch, Links, Masker};
use oar_state_repo::{Actor, StateRepo};
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::testing::client_at;
use oar_transport::{Endpoints, HttpClient, Secret, pause};

/// Services and the hosts under which the model knows them.
const SERVICES: [(&str, &str); 6] = [
    ("github_api", "api.github.com"),
    ("release_controller", "amd64.ocp.releases.ci.openshift.org"),
    ("deck", "prow.ci.openshift.org"),
    ("gcs", "storage.googleapis.com"),
    ("gangway", "gangway-ci.apps.ci.l2s4.p1.openshiftapps.com"),
    ("kube_ci", "api.ci.l2s4.p1.openshiftapps.com"),
];

/// A latency and the goals at it, milliseconds.
struct Latency {
    millis: u64,
    cold: f64,
    warm: f64,
}

const LATENCIES: [Latency; 2] = [
    Latency { millis: 20, cold: 220.0, warm: 200.0 },
    Latency { millis: 100, cold: 750.0, warm: 750.0 },
];
const ROUNDS: usize = 5;

/// What one pass took.
struct Figure {
    name: &'static str,
    is_cold: bool,
    wall: f64,
    cpu: f64,
    requests: u64,
    commits: u64,
}

/// The medians, each beside its goal.
fn show(figures: &[&Figure], latency: &Latency) {
    let median = |figure: fn(&Figure) -> f64| {
        let mut all: Vec<f64> = figures.iter().map(|one| figure(one)).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let Figure { name, is_cold, requests, commits, .. } = figures[0];
    let (wall, cpu) = (median(|one| one.wall), median(|one| one.cpu));
    let (wall_goal, most) = if *is_cold { (latency.cold, 25) } else { (latency.warm, 20) };
    println!(
        "  {name:<28} {wall:>6.1} ms (goal {wall_goal})  {cpu:>5.1} ms cpu (goal 60)  \
         {requests:>2} requests (goal {most})  {commits} commits"
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("serve") {
        let latency = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(20);
        return runtime.block_on(world::serve(Duration::from_millis(latency)));
    }
    for latency in LATENCIES {
        println!("latency {} ms", latency.millis);
        let mut rounds: Vec<Vec<Figure>> = Vec::new();
        for _ in 0..ROUNDS {
            let mut figures = {
                let server = Server::start(latency.millis);
                runtime.block_on(one_world(&server.address))
            };
            let server = Server::start(latency.millis);
            figures.push(runtime.block_on(fresh_container(&server.address)));
            rounds.push(figures);
        }
        for number in 0..rounds[0].len() {
            let of_all: Vec<&Figure> = rounds.iter().map(|figures| &figures[number]).collect();
            show(&of_all, &latency);
        }
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
        artifacts: Some(Arc::new(HttpGcs::new(http, GcsAccess::Token(token())))),
        payloads: Ok(Ports::new(Arc::clone(&kube) as _, kube as _)),
        s390x_vars: String::new(),
        label_rejected: false,
        deadline: Duration::from_mins(15),
        halt: Halt::default(),
        links: Links::default(),
        recorder: None,
    }
}

/// One container after the other, with a cache that stays.
async fn one_world(address: &str) -> Vec<Figure> {
    let folder = tempfile::tempdir().expect("a folder");
    let warm = folder.path();
    // Each pass is a program of its own: new connections every time.
    let mut figures = vec![
        pass("cold, first look at 5 runs", address, warm, true).await,
        pass("warm, 3 files changed", address, warm, false).await,
        pass("warm, nothing new", address, warm, false).await,
    ];
    world::tell(address, "end").await;
    figures.push(pass("warm, 3 builds decided", address, warm, false).await);
    world::tell(address, "ten").await;
    figures.push(pass("warm, 10 files to change", address, warm, false).await);
    let other = tempfile::tempdir().expect("a folder");
    figures.push(pass("cold, nothing new", address, other.path(), true).await);
    figures
}

/// All at once: nothing is cached, every run has ended, three builds are decided.
async fn fresh_container(address: &str) -> Figure {
    let folder = tempfile::tempdir().expect("a folder");
    world::tell(address, "end").await;
    pass("cold, 3 builds decided", address, folder.path(), true).await
}

async fn pass(name: &'static str, address: &str, cache: &std::path::Path, is_cold: bool) -> Figure {
    let http = http(address);
    let desk = desk(&http, cache);
    let before = world::tell(address, "commits").await;
    let (begun, cpu) = (Instant::now(), cpu_ms());
    let report = aggregator::run(&desk).await.expect("a pass");
    let (wall, cpu) = (begun.elapsed().as_secs_f64() * 1000.0, cpu_ms() - cpu);
    assert!(report.is_sound(), "{report:?}");
    assert!(report.warnings.is_empty(), "{report:?}");
    let requests = http.metrics().iter().map(|count| count.requests).sum();
    let commits = world::tell(address, "commits").await - before;
    Figure { name, is_cold, wall, cpu, requests, commits }
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
