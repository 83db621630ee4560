//! The world of the benchmark: 527 result files as large as the real ones, served on loopback.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use oar_sandbox::Sandbox;
use oar_sandbox::prow::Run;
use oar_sandbox::seed::STATE_REPO;
use oar_sandbox::world::World;
use oar_transport::{Body, HttpSend as _, pause};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The number of every run that is open.
const BUILD: &str = "2100000000000000001";
const REPORT: &str = "openshift-e2e-test-qe-report/artifacts/test-results.yaml";
const SUMMARY: &str = "cucushift-e2e:\n  total: 90\n  failures: 0\n  errors: 0\n  skipped: 12\n";

/// The hour of the benchmark.
pub fn now() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().expect("a time")
}

fn job(stream: usize, number: usize) -> String {
    format!(
        "periodic-ci-openshift-openshift-tests-private-release-4.{stream}-automated-release-{}",
        test(number)
    )
}

/// The job's test, which names the folder of its artefacts.
fn test(number: usize) -> String {
    format!("aws-ipi-variant-{number}-f999")
}

fn run(stream: usize, number: usize, id: usize, open: bool) -> Value {
    let id = format!("{id:08x}-2222-4333-8444-555555555555");
    if open {
        return json!({ "jobID": id });
    }
    let job = job(stream, number);
    json!({
        "jobStartTime": "2026-03-01T03:05:00Z", "jobID": id,
        "jobURL": format!("https://qe-private-deck-ci.example.com/view/gs/qe-private-deck/logs/{job}/2100000000000000001"),
        "jobState": "success", "jobCompletionTime": "2026-03-01T06:01:00Z",
        "testResultSummary": {
            "openshift-extended-test": { "total": 90, "failures": 0, "errors": 0, "skipped": 12 },
            "openshift-extended-test-disruptive": { "total": 30, "failures": 0, "errors": 0, "skipped": 2 },
            "cucushift-e2e": { "total": 400, "failures": 0, "errors": 0, "skipped": 20 },
        },
    })
}

fn world() -> World {
    let mut world = World::seeded();
    world.now = now();
    let (mut files, mut registries) = (Vec::new(), Vec::new());
    world.releases.streams.clear();
    for stream in 88..100 {
        let jobs: Vec<Value> =
            (0..4).map(|number| json!({ "prowJob": job(stream, number) })).collect();
        let text = oar_prow_jobs::json_text(&json!({ "nightly": jobs, "stable": jobs }));
        registries.push((format!("_releases/ocp-4.{stream}-test-jobs-amd64.json"), text));
    }
    for at in 0..527_usize {
        let stream = 88 + at % 12;
        let (build, name) = if at < 123 {
            let build =
                format!("4.{stream}.0-0.nightly-2026-02-{:02}-06{:02}00", 28 - at % 7, at % 60);
            (build, format!("4.{stream}.0-0.nightly"))
        } else {
            (format!("4.{stream}.{}", at / 12), "4-stable".to_owned())
        };
        let open_runs = match at {
            0 | 200 => 2,
            100 => 1,
            _ => 0,
        };
        let entries: Vec<Value> = (0..4)
            .map(|number| {
                let first = run(stream, number, at * 4 + number, number < open_runs);
                json!({ "jobName": job(stream, number), "firstJob": first, "retriedJobs": [] })
            })
            .collect();
        for number in 0..open_runs {
            let id = format!("{:08x}-2222-4333-8444-555555555555", at * 4 + number);
            let job = job(stream, number);
            let folder =
                format!("test-platform-results/logs/{job}/{BUILD}/artifacts/{}", test(number));
            world.prow.objects.put_gzip(&format!("{folder}/{REPORT}"), SUMMARY);
            world.prow.runs.insert(id, alive(&job));
        }
        let mut file = json!({ "result": entries, "build": {
            "name": build, "phase": "Accepted", "pullSpec": format!("registry.ci.openshift.org/ocp/release:{build}"),
            "downloadURL": format!("https://openshift-release-artifacts.example.com/{build}") } });
        if open_runs == 0 {
            file["aggregated"] = json!(true);
            file["accepted"] = json!(true);
        }
        let text = oar_prow_jobs::json_text(&file);
        files.push((format!("_releases/ocp-test-result-{build}-amd64.json"), text));
        world.kube.add_payload("ocp", &build);
        world.releases.streams.entry(name).or_default().insert(build, "Accepted".to_owned());
    }
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    assert!((1_500_000..3_500_000).contains(&bytes), "{bytes} bytes of results");
    for (branch, files) in [("record", &files), ("main", &registries)] {
        let files: Vec<(&str, &str)> =
            files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
        world.github.seed_branch(STATE_REPO, branch, &files);
    }
    world
}

fn alive(job: &str) -> Run {
    let started = now() - SignedDuration::from_hours(1);
    Run {
        job: job.to_owned(),
        build_id: BUILD.to_owned(),
        started,
        page_at: started,
        ends_at: now(),
        ends_as: "success".to_owned(),
        forced: Some("pending".to_owned()),
        env: std::collections::BTreeMap::new(),
        annotations: std::collections::BTreeMap::new(),
        forgotten: false,
    }
}

/// Serves the world until the process is killed; prints the address when it is complete.
#[expect(clippy::print_stdout, reason = "the parent reads the address from here")]
pub async fn serve(latency: Duration) {
    let sandbox = Arc::new(Sandbox::in_memory(world()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
    println!("{}", listener.local_addr().expect("it is bound"));
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, Arc::clone(&sandbox), latency));
    }
}

/// Changes the world by hand; answers how many commits the branch of records has.
pub async fn tell(address: &str, what: &str) -> u64 {
    let mut stream = TcpStream::connect(address).await.expect("the server");
    let request = format!("POST /{what} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = vec![0; 256];
    let length = stream.read(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    answer.rsplit('\n').next().and_then(|count| count.parse().ok()).expect("a number")
}

fn by_hand(world: &mut World, what: &str) -> usize {
    match what {
        // All runs end well.
        "end" => {
            let runs = world.prow.runs.values_mut();
            runs.for_each(|run| run.forced = Some("success".to_owned()));
        }
        // Ten builds that are decided get one more run, which nobody has looked at.
        "ten" => (300..310).for_each(|at| reopen(world, at)),
        _ => {}
    }
    world.github.log("record").len()
}

fn reopen(world: &mut World, at: usize) {
    let (stream, id) = (88 + at % 12, format!("{:08x}-2222-4333-8444-666666666666", at * 4));
    let path = format!("_releases/ocp-test-result-4.{stream}.{}-amd64.json", at / 12);
    let text = world.github.branch_file("record", &path).expect("a file");
    let mut file: Value = serde_json::from_str(&text).expect("JSON");
    file["result"][0]["firstJob"] = json!({ "jobID": id });
    let members = file.as_object_mut().expect("an object");
    members.remove("aggregated");
    members.remove("accepted");
    world.github.foreign_write("record", &path, &oar_prow_jobs::json_text(&file));
    world.prow.runs.insert(id, alive(&job(stream, 0)));
}

async fn connection(mut stream: TcpStream, sandbox: Arc<Sandbox>, latency: Duration) {
    let _slower_without = stream.set_nodelay(true);
    let mut buffer = Vec::new();
    while let Some((head, body)) = request(&mut stream, &mut buffer).await {
        let told = ["end", "ten", "commits"]
            .into_iter()
            .find(|what| head.starts_with(&format!("POST /{what} ")));
        let answer = if let Some(what) = told {
            let commits = sandbox.change(|world| by_hand(world, what));
            (200, String::new(), Bytes::from(commits.expect("a world in memory").to_string()))
        } else {
            pause::sleep(latency).await;
            forward(&sandbox, &head, body).await
        };
        let head = format!(
            "HTTP/1.1 {} X\r\n{}content-length: {}\r\n\r\n",
            answer.0,
            answer.1,
            answer.2.len()
        );
        let whole = [head.as_bytes(), &answer.2].concat();
        if stream.write_all(&whole).await.is_err() {
            return;
        }
    }
}

/// Status, header lines and body of the answer.
async fn forward(sandbox: &Sandbox, head: &str, body: Vec<u8>) -> (u16, String, Bytes) {
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = http::Request::builder().method(method).uri(format!("https:/{path}"));
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        request = request.header(name, value);
    }
    let request = request.body(Bytes::from(body)).expect("a request");
    let response = sandbox.send(request).await.expect("an answer");
    let lines = response.headers.iter().map(|(name, value)| {
        format!("{name}: {}\r\n", value.to_str().expect("the model speaks ASCII"))
    });
    match response.body {
        Body::Full(bytes) => (response.status.as_u16(), lines.collect(), bytes),
        Body::Stream(_) => (500, String::new(), Bytes::new()),
    }
}

/// Reads one request: its head and its body.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let length = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, length)| length.parse::<usize>().ok())
                .unwrap_or(0);
            if buffer.len() >= end + 4 + length {
                let body = buffer[end + 4..end + 4 + length].to_vec();
                buffer.drain(..end + 4 + length);
                return Some((head, body));
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
