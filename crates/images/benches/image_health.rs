//! Health of 858 images, 39 of them bad, at 100 ms per answer, over loopback: `cargo bench -p oar-images`.
//!
//! The catalogue runs as a process of its own, so that CPU time and peak are those of the client.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its figures")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use oar_images::health::{HealthQuestion, ShippedImage, image_health};
use oar_images::pyxis::HttpPyxis;
use oar_registry::Digest;
use oar_tests::usage::{cpu_time, peak};
use oar_transport::Service;
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::testing::{NOW, client_at, endpoints_at};

const IMAGES: usize = 858;
const BAD: usize = 39;
const LATENCY: Duration = Duration::from_millis(100);
/// About the size of a real answer.
const PADDING: usize = 6_500;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("serve") => serve(),
        _ => measure(),
    }
}

fn measure() {
    let mut catalogue = Catalogue::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let mut walls = Vec::new();
    let (idle, cpu) = (peak(), cpu_time());
    for _ in 0..3 {
        walls.push(runtime.block_on(one(&catalogue.base)));
    }
    let cpu = cpu_time().saturating_sub(cpu) / 3;
    walls.sort_unstable();
    let (requests, connections) = catalogue.counts();
    println!("image health, {IMAGES} images, {} ms each", LATENCY.as_millis());
    println!("wall, median   {:>8.2} s    (goal 4.9)", walls[1].as_secs_f64());
    println!("requests       {:>8}      (goal 902)", requests / 3);
    println!("connections    {:>8}      (goal 21)", connections / 3);
    println!("CPU            {:>8} ms   (goal 150)", cpu.as_millis());
    println!("peak           {:>8} KiB  (goal 16384; {idle} before the first request)", peak());
}

async fn one(base: &str) -> Duration {
    let image = |number: usize| ShippedImage {
        name: format!("component-{number}"),
        pull_spec: format!("registry.example.com/x@{}", digest(number)),
        architecture: "amd64".to_owned(),
    };
    let network = Arc::new(ReqwestSend::new(NetworkSettings::default()));
    let pyxis = HttpPyxis::stage(&client_at(network, endpoints_at(Service::PyxisStage, base)));
    let question = HealthQuestion { images: (0..IMAGES).map(image).collect(), gaps: vec![] };
    let begun = Instant::now();
    let report = image_health(&pyxis, question, NOW.parse().expect("a time")).await;
    assert_eq!((report.scanned, report.unhealthy.len()), (IMAGES, BAD));
    begun.elapsed()
}

fn digest(number: usize) -> Digest {
    Digest::of(&number.to_be_bytes())
}

/// The catalogue, seen from the client.
struct Catalogue {
    process: Child,
    lines: BufReader<std::process::ChildStdout>,
    base: String,
}

impl Catalogue {
    #[expect(clippy::disallowed_methods, reason = "the benchmark starts its own server")]
    fn start() -> Self {
        let own = std::env::current_exe().expect("this benchmark's own path");
        let started =
            Command::new(own).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = started.expect("it starts");
        let mut lines = BufReader::new(process.stdout.take().expect("its output"));
        let mut base = String::new();
        lines.read_line(&mut base).expect("its address");
        Self { process, lines, base: base.trim().to_owned() }
    }

    /// Requests and connections; ends it.
    fn counts(&mut self) -> (usize, usize) {
        drop(self.process.stdin.take());
        let mut text = String::new();
        self.lines.read_to_string(&mut text).expect("its counts");
        let mut counts = text.split_whitespace().filter_map(|count| count.parse().ok());
        let _ended = self.process.wait();
        (counts.next().unwrap_or(0), counts.next().unwrap_or(0))
    }
}

/// The catalogue itself: ends, and tells what it counted, when its input is closed.
fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
    println!("http://{}/", listener.local_addr().expect("it is bound"));
    let (requests, connections) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, accepted) = (Arc::clone(&requests), Arc::clone(&connections));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            accepted.fetch_add(1, Ordering::Relaxed);
            let counted = Arc::clone(&counted);
            std::thread::spawn(move || answer_all(stream, &counted));
        }
    });
    let mut rest = Vec::new();
    let _closed = std::io::stdin().read_to_end(&mut rest);
    println!("{} {}", requests.load(Ordering::Relaxed), connections.load(Ordering::Relaxed));
}

#[expect(clippy::disallowed_methods, reason = "the latency of the fake")]
fn answer_all(stream: TcpStream, counted: &AtomicUsize) {
    let bad: Vec<String> = (0..BAD).map(|number| digest(number).hex().to_owned()).collect();
    let padding = "x".repeat(PADDING);
    let _slower_without = stream.set_nodelay(true);
    let mut writer = stream.try_clone().expect("a second handle");
    let mut reader = BufReader::new(stream);
    loop {
        let mut address = String::new();
        if reader.read_line(&mut address).unwrap_or(0) == 0 {
            return;
        }
        let mut header = String::new();
        while reader.read_line(&mut header).unwrap_or(0) > 0 && header != "\r\n" {
            header.clear();
        }
        counted.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(LATENCY);
        let grade = if bad.iter().any(|digest| address.contains(digest)) { "F" } else { "A" };
        let body = if address.contains("vulnerabilities") {
            r#"{"data": [], "total": 0}"#.to_owned()
        } else {
            format!(
                r#"{{"data": [{{"freshness_grades": [{{"grade": "{grade}", "start_date": "2026-01-01T00:00:00Z"}}],
                "parsed_data": "{padding}", "_links": {{"vulnerabilities": {{"href": "/v1/images/id/1/vulnerabilities"}}}}}}], "total": 1}}"#
            )
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if writer.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}
