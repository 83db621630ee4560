//! Story: the sandbox is served, and programs that know nothing of it work in it with the environment
//! that it prints, through a real shell.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use oar_sandbox::story::{Pace, Trouble};
use serde_json::{Value, json};

use crate::harness::{Place, Run, program_path};
use crate::take_ownership::statebox;

/// A server in a place of its own, ended with the test.
struct Served {
    place: Place,
    child: Child,
    address: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ended_before = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the test starts a real process")]
fn command(place: &Place, program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("XDG_STATE_HOME", place.path("state"))
        .env("XDG_CONFIG_HOME", place.path("config"))
        .env("USER", "tester")
        .current_dir(place.path(""));
    command
}

/// Starts the server over the world of the place; its environment goes to the file `sandbox.env`.
fn serve(place: Place, more: &[&str]) -> Served {
    let program = program_path("oarctl").display().to_string();
    let world = place.path("world").display().to_string();
    let mut child = command(&place, &program)
        .args(["sandbox", "serve", "--folder", &world])
        .args(more)
        .stdout(File::create(place.path("sandbox.env")).expect("a file"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // What it says on stderr comes after what it prints.
    let mut stderr = BufReader::new(child.stderr.take().expect("its stderr"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("a line");
    let address = line.split_once("listens on ").and_then(|(_, rest)| rest.split_once(';'));
    let Some((address, _)) = address else { panic!("it does not listen: {line}") };
    Served { place, child, address: address.to_owned() }
}

impl Served {
    /// Runs `program` without `--sandbox`, as the shell does that has read the environment.
    fn run(&self, program: &str, arguments: &[&str]) -> Run {
        let output = command(&self.place, "/bin/sh")
            .args(["-c", ". ./sandbox.env && exec \"$@\"", "sh"])
            .arg(program_path(program))
            .args(arguments)
            .output()
            .expect("a shell");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        Run { code: output.status.code(), stdout, stderr }
    }

    fn oar(&self, arguments: &[&str]) -> Value {
        self.run("oar", &[&["-r", "4.99.3", "--json"], arguments].concat()).expect(0).json()
    }

    /// Tells it to end; its exit code.
    #[expect(clippy::disallowed_methods, reason = "the test sends a signal to a real process")]
    fn end(&mut self, signal: &str) -> Option<i32> {
        let sent = Command::new("kill").args(["-s", signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill").success());
        self.child.wait().expect("its end").code()
    }

    /// A raw request over a connection of its own; the whole answer.
    fn raw(&self, request: &str) -> String {
        let host = self.address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).expect("a connection");
        let request = format!("{request}\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }
}

#[test]
fn programs_work_in_a_served_world_as_they_do_in_their_own() {
    let served = serve(Place::new(), &[]);
    assert_eq!(served.oar(&["create-test-report"])["outcome"], "pass");
    let status = served.oar(&["status"]);
    assert_eq!(status["release"], "4.99.3", "{status}");
    let plan = served.oar(&["plan"]);
    let offered = plan["tasks"].as_array().expect("tasks").iter();
    let offered = offered.filter(|task| task["verdict"] == "run").map(|task| &task["task"]);
    assert_eq!(offered.collect::<Vec<_>>(), [&json!("take-ownership")], "{plan}");
    assert_eq!(served.oar(&["take-ownership", "-e", "lead@example.com"])["outcome"], "pass");
    // elliott is a program, and a program stands in for it.
    assert_eq!(served.oar(&["check-cve-tracker-bug"])["outcome"], "pass");
    assert_eq!(served.oar(&["check-rhcos-security-alerts"])["blocking"], 0);
    assert_eq!(served.oar(&["push-to-cdn-staging"])["outcome"], "in_progress");
    assert_eq!(served.oar(&["add-qe-approval"])["standing"], "approved");
    served.place.sandbox().change(|world| world.promote("4.99.3", "RHSA-2026:9903")).expect("it");
    for task in ["image-consistency-check", "stage-testing"] {
        assert_eq!(served.oar(&[task])["outcome"], "in_progress", "{task}");
    }
    assert_eq!(served.oar(&["image-signed-check"])["outcome"], "pass");
    assert_eq!(served.oar(&["is-shipped"])["shipped"], false);
    served.place.sandbox().change(|world| world.publish_page("RHSA-2026:9903")).expect("it");
    assert_eq!(served.oar(&["change-advisory-status"])["outcome"], "pass");

    let stored = statebox(&served.place);
    for task in ["take-ownership", "check-cve-tracker-bug", "image-signed-check"] {
        assert!(stored.contains(&format!("name: {task}\n  status: Pass")), "{task}: {stored}");
    }
    let sandbox = served.place.sandbox();
    let count = |service: &str, action: &str| sandbox.world(|world| world.count(service, action));
    assert_eq!(count("errata", "change-owner"), 2);
    assert_eq!(count("errata", "change-state"), 2);
    assert_eq!(count("jenkins", "trigger"), 1);
    assert_eq!(count("prow", "start"), 1);
    assert!(count("slack", "post") > 0 && count("jira", "assign") > 0);
}

#[test]
fn scripts_reach_every_service_with_plain_requests() {
    let served = serve(Place::new(), &[]);
    let answer = served.raw("GET /slack.com/api/auth.test HTTP/1.1\r\nAuthorization: Bearer x");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"ok\":true"), "{answer}");
    // Services behind Kerberos want no ticket here.
    let path = "/errata.devel.redhat.com/api/v1/erratum/990031";
    let answer = served.raw(&format!("GET {path} HTTP/1.1"));
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"status\":\"QE\""), "{answer}");
    // What a service refuses is refused.
    let answer = served.raw("GET /api.github.com/user HTTP/1.1");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    // Where an answer leads, the server is, too.
    let page = "/gitlab.example.com/invented/ocp-shipment-data";
    let answer = served.raw(&format!("GET {page} HTTP/1.1")).to_lowercase();
    let login = format!("location: {}/gitlab.example.com/users/sign_in", served.address);
    assert!(answer.contains(&login), "{answer}");
    let answer = served.raw("GET /elsewhere.example.com/ HTTP/1.1");
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.contains(&format!("{}/api.github.com", served.address)), "{answer}");
    let answer = served.raw("POST /api.github.com/graphql HTTP/1.1\r\nContent-Length: 99999999");
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[test]
fn one_world_for_a_server_and_for_programs_with_sandbox() {
    let served = serve(Place::new(), &[]);
    served.oar(&["create-test-report"]);
    let status = served.place.sandboxed("oar", &["-r", "4.99.3", "status", "--json"]);
    assert_eq!(status.expect(0).json()["release"], "4.99.3");
    // And it is there after the server.
    let mut served = served;
    assert_eq!(served.end("TERM"), Some(0));
    assert!(statebox(&served.place).contains("4.99.3") || !statebox(&served.place).is_empty());
}

#[test]
fn told_to_stop_it_ends_well() {
    for signal in ["INT", "TERM"] {
        let mut served = serve(Place::new(), &[]);
        assert_eq!(served.end(signal), Some(0), "SIG{signal}");
        let host = served.address.trim_start_matches("http://");
        assert!(TcpStream::connect(host).is_err(), "nobody listens any more");
    }
}

#[test]
fn a_port_in_use_is_told_before_anything_is_made() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let world = place.path("world").display().to_string();
    let run = place.run("oarctl", &["sandbox", "serve", "--port", &port, "--folder", &world]);
    let run = run.expect(1);
    assert!(run.stderr.contains(&format!("port {port}")), "{}", run.stderr);
    assert!(run.stderr.contains("in use"), "{}", run.stderr);
    assert!(!place.path("world").exists());
}

#[test]
fn a_story_is_begun_once() {
    let place = Place::new();
    let world = place.path("world").display().to_string();
    let told = ["--story", "--trouble", "flaky-services", "--trouble", "late-metadata-url"];
    let mut served = serve(place, &told);
    let story = served.place.sandbox().world(|world| world.story.clone()).expect("a story");
    assert_eq!((story.release.as_str(), story.pace), ("4.99.3", Pace::Brisk));
    assert!(story.has(Trouble::LateMetadataUrl) && !story.has(Trouble::FlakyPush));
    served.oar(&["create-test-report"]);
    served.end("TERM");
    let again = ["sandbox", "serve", "--folder", &world];
    let other = served.place.run("oarctl", &[&again[..], &["--story=real"]].concat()).expect(1);
    assert!(other.stderr.contains("another story"), "{}", other.stderr);
    let unknown = [&again[..], &["--story", "--trouble", "no-such"]].concat();
    let unknown = served.place.run("oarctl", &unknown).expect(2);
    assert!(unknown.stderr.contains("late-metadata-url"), "{}", unknown.stderr);
    served.place.run("oarctl", &[&again[..], &["--trouble", "flaky-push"]].concat()).expect(2);

    // In a world that is in use no story begins.
    let used = Place::new();
    used.sandboxed("oar", &["-r", "4.99.3", "create-test-report"]).expect(0);
    let folder = used.path("world").display().to_string();
    let run = used.run("oarctl", &["sandbox", "serve", "--folder", &folder, "--story"]).expect(1);
    assert!(run.stderr.contains("fresh world"), "{}", run.stderr);
}

#[test]
fn the_environment_is_told_to_programs_too() {
    let served = serve(Place::new(), &["--output", "json"]);
    let text = std::fs::read_to_string(served.place.path("sandbox.env")).expect("the file");
    let told: Value = serde_json::from_str(&text).expect("an object");
    assert_eq!(
        (&told["schema"], &told["address"]),
        (&json!("oar.sandbox/1"), &json!(served.address))
    );
    let base = &told["environment"]["OAR_ENDPOINT_GITHUB_API"];
    assert_eq!(base, &json!(format!("{}/api.github.com", served.address)));
    assert_eq!(told["environment"]["GITHUB_TOKEN"], oar_sandbox::CREDENTIAL);
}
