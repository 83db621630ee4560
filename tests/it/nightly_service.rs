//! The aggregator as a service: it repeats, one leads, SIGTERM ends it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::harness::{Place, program_path};

/// A service and its log.
struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Running {
    #[expect(clippy::disallowed_methods, reason = "the test starts and signals real processes")]
    fn start(place: &Place) -> Self {
        let mut child = Command::new(program_path("jobctl"))
            .arg(format!("--sandbox={}", place.path("world").display()))
            .args(["start-aggregator", "--interval", "6h"])
            .env_clear()
            .env("XDG_STATE_HOME", place.path("state"))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        let log = BufReader::new(child.stderr.take().expect("its stderr"));
        Self { child, log }
    }

    /// Reads the log up to a line that contains `text`.
    fn until(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            let read = self.log.read_line(&mut line).expect("a line");
            assert!(read > 0, "it ended before it said {text:?}");
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the test starts and signals real processes")]
    fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", "TERM", &pid]).status().expect("kill");
        assert!(sent.success());
        self.child.wait().expect("its end").code()
    }
}

#[test]
fn one_service_leads_the_next_takes_over_and_sigterm_ends_each_with_143() {
    let place = Place::new();
    place.sandboxed("jobctl", &["start-controller", "-r", "4.99"]).expect(0);
    let mut first = Running::start(&place);
    first.until("this process leads");
    first.until("aggregated");
    let mut second = Running::start(&place);
    second.until("another process leads");
    // A pass by hand does not wait for the lock.
    place.sandboxed("jobctl", &["start-aggregator"]).expect(0);
    assert_eq!(first.terminate(), Some(143));
    second.until("this process leads");
    second.until("aggregated");
    assert_eq!(second.terminate(), Some(143));
}

#[test]
fn told_to_stop_in_the_middle_of_a_pass_it_stores_what_it_began() {
    let place = Place::new();
    place.sandboxed("jobctl", &["start-controller", "-r", "4.99"]).expect(0);
    let fail = |world: &mut oar_sandbox::world::World| {
        for run in world.prow.runs.values_mut() {
            run.forced = Some("failure".to_owned());
            run.ends_at = world.now;
        }
    };
    place.sandbox().change(fail).expect("the world");
    let mut service = Running::start(&place);
    // Four retries are due; the first one has just been started.
    service.until("started");
    assert_eq!(service.terminate(), Some(143));
    let sandbox = place.sandbox();
    let text = sandbox.world(|world| {
        let path = format!("_releases/ocp-test-result-{}-amd64.json", oar_sandbox::seed::NIGHTLY);
        world.github.branch_file("record", &path).expect("the file")
    });
    // Every run that was started is in the file: nobody has to look for it.
    let ids = sandbox.world(|world| world.prow.runs.keys().cloned().collect::<Vec<_>>());
    assert!(ids.len() > 3, "{ids:?}");
    assert!(ids.iter().all(|id| text.contains(id)), "{ids:?} {text}");
    assert!(!text.contains("retryClaim"), "{text}");
}
