//! Story: final approval through the real programs (spec 06 §3, §11 cases 9 to 11, 13, 16; 08 R8 to R11).
//!
//! A job is a real process here. Nothing waits by the clock: its lock says when it has ended, SIGUSR1
//! makes it look, and the time of the sandbox is moved by hand.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use oar_sandbox::crash;
use serde_json::{Value, json};

use crate::harness::{Place, Run, program_path};
use crate::take_ownership::{begun, effects, statebox};

const ADVISORY: &str = "RHSA-2026:9903";
const APPROVE: [&str; 3] = ["-r", "4.99.3", "change-advisory-status"];

/// Ends the job's process when the test does, however that ends.
pub(crate) struct Jobs<'a>(pub(crate) &'a Place);

impl Drop for Jobs<'_> {
    fn drop(&mut self) {
        kill_job(self.0);
    }
}

/// The record of the job of 4.99.3, if there is one.
fn found(place: &Place) -> Option<Value> {
    let text = std::fs::read(place.path("world/approval/4.99.3.json")).ok()?;
    Some(serde_json::from_slice(&text).expect("a record"))
}

fn record(place: &Place) -> Value {
    found(place).expect("a record")
}

fn lock(place: &Place) -> File {
    let path = place.path("world/approval/4.99.3.lock");
    File::options().write(true).open(path).expect("the job's lock")
}

/// Whether a process has the job.
fn is_running(place: &Place) -> bool {
    place.path("world/approval/4.99.3.lock").exists() && lock(place).try_lock().is_err()
}

/// Waits until no process has the job.
fn wait_for_end(place: &Place) {
    lock(place).lock().expect("the kernel gives it to us");
}

#[expect(clippy::disallowed_methods, reason = "the test sends signals to a real process")]
fn signal(place: &Place, signal: &str) {
    let pid = record(place)["pid"].as_u64().expect("a process").to_string();
    let sent = Command::new("kill").args(["-s", signal, &pid]).status().expect("kill");
    assert!(sent.success(), "SIG{signal}");
}

/// Kills the job's process, if one has the job, and waits until it is gone.
pub(crate) fn kill_job(place: &Place) {
    if is_running(place) {
        signal(place, "KILL");
        wait_for_end(place);
    }
}

fn approve(place: &Place, more: &[&str]) -> Run {
    place.sandboxed("oar", &[&APPROVE, more].concat())
}

fn oarctl(place: &Place, arguments: &[&str]) -> Run {
    place.sandboxed("oarctl", &[&["approvals"], arguments].concat())
}

fn change(place: &Place, change: impl FnOnce(&mut oar_sandbox::world::World)) {
    place.sandbox().change(change).expect("a change");
}

fn publish(place: &Place) {
    change(place, |world| world.publish_page(ADVISORY));
}

/// A place where 4.99.3 is promoted and its page is not public.
fn promoted() -> Place {
    let place = begun();
    change(&place, |world| world.promote("4.99.3", ADVISORY));
    place
}

/// The same with a job that waits, in a process of its own.
fn scheduled(place: &Place) -> Value {
    let report = approve(place, &["--json"]).expect(0).json();
    assert_eq!(report["facts"]["approval"]["outcome"], "scheduled", "{report}");
    assert!(is_running(place));
    report
}

#[track_caller]
fn is_approved(place: &Place) {
    let world = place.sandbox().world(Clone::clone);
    for id in [990_031, 990_032] {
        assert_eq!(world.errata.advisories[&id].state, "REL_PREP");
    }
    for key in ["ART-99004", "ART-99005", "ART-99006"] {
        assert_eq!(world.jira.issues[key].status, "Closed");
    }
    assert_eq!(world.count("gitlab", "approve"), 1);
    assert_eq!(world.count("errata", "change-state"), 2);
    let told = world.slack.messages.iter().filter(|m| m.text.contains("approval is completed"));
    assert_eq!(told.count(), 1);
    let stored = statebox(place);
    assert!(stored.contains("name: change-advisory-status\n  status: Pass"), "{stored}");
}

#[test]
fn r08_an_approval_waits_for_the_page_in_a_process_of_its_own_and_ends_once() {
    let place = promoted();
    let _jobs = Jobs(&place);
    let report = scheduled(&place);
    assert_eq!(
        (&report["task_status"], &report["job"]["system"]),
        (&json!("In Progress"), &json!("approval"))
    );
    let job = record(&place);
    assert_eq!((&report["job"]["id"], &job["status"]), (&job["id"], &json!("waiting")));
    // Due on 2026-03-10: two days from the beginning of that day.
    assert_eq!(report["facts"]["approval"]["deadline"], "2026-03-12T00:00:00Z");
    let stored = statebox(&place);
    assert!(stored.contains("status: In Progress"), "{stored}");
    assert!(stored.contains(job["id"].as_str().expect("an id")), "{stored}");
    // A session and a log of its own.
    let log = report["facts"]["approval"]["log_path"].as_str().expect("a log").to_owned();
    assert!(std::fs::read_to_string(&log).expect("the log").starts_with("Started: 2026-03-02T"));
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", job["pid"])).expect("a process");
    let session = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(3));
    assert_eq!(session, Some(job["pid"].to_string().as_str()), "{stat}");
    let shown = std::fs::read_to_string(place.path("world/oar_scheduler_4.99.3.lock"));
    assert_eq!(shown.expect("shown"), job["pid"].to_string());

    let list = oarctl(&place, &["list"]).expect(0);
    assert!(list.stdout.contains("waiting"), "{}", list.stdout);
    let again = approve(&place, &["--json"]).expect(0).json();
    assert_eq!(again["facts"]["approval"]["outcome"], "already_running");
    assert_eq!(again["facts"]["approval"]["pid"], job["pid"]);

    publish(&place);
    signal(&place, "USR1");
    wait_for_end(&place);
    is_approved(&place);
    let ended = record(&place);
    assert_eq!(
        (&ended["status"], &ended["checks"], &ended["recorded"]),
        (&json!("done"), &json!(2), &json!(true))
    );
    assert!(!place.path("world/oar_scheduler_4.99.3.lock").exists());

    // Again: nothing is left to do.
    let before = place.sandbox().world(Clone::clone);
    let again = approve(&place, &["--json"]).expect(0).json();
    assert_eq!(again["outcome"], "unchanged", "{again}");
    let after = place.sandbox().world(Clone::clone);
    assert_eq!((effects(&after), after.effects.len()), (effects(&before), before.effects.len()));
}

#[test]
fn spec06_case_16_r09_a_killed_job_is_resumed_and_keeps_its_deadline() {
    let place = promoted();
    let _jobs = Jobs(&place);
    scheduled(&place);
    let before = record(&place);
    kill_job(&place);
    let listed = oarctl(&place, &["list", "--json"]).expect(0).json();
    assert_eq!(
        (&listed["jobs"][0]["running"], &listed["jobs"][0]["silent"]),
        (&json!(false), &json!(true))
    );

    let planned = oarctl(&place, &["resume", "--dry-run"]).expect(0);
    assert!(planned.stdout.contains("would be resumed"), "{}", planned.stdout);
    assert!(!is_running(&place), "a dry run starts nothing");
    let resumed = oarctl(&place, &["resume", "--json"]).expect(0).json();
    assert_eq!(resumed["jobs"][0]["id"], before["id"]);
    assert_ne!(resumed["jobs"][0]["pid"], before["pid"]);
    let nothing = oarctl(&place, &["resume", "--json"]).expect(0).json();
    assert_eq!(nothing["jobs"], json!([]), "it runs");
    publish(&place);
    signal(&place, "USR1");
    wait_for_end(&place);
    is_approved(&place);
    let ended = record(&place);
    assert_eq!((&ended["deadline"], &ended["id"]), (&before["deadline"], &before["id"]));
}

#[expect(clippy::disallowed_methods, reason = "the test starts two programs at once")]
fn start(place: &Place, program: &str, arguments: &[&str]) -> Child {
    Command::new(program_path(program))
        .arg(format!("--sandbox={}", place.path("world").display()))
        .args(arguments)
        .env_clear()
        .env("XDG_STATE_HOME", place.path("state"))
        .env("USER", "tester")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

#[test]
fn spec06_case_11_of_two_programs_at_once_one_starts_a_job() {
    for _ in 0..3 {
        let place = promoted();
        let _jobs = Jobs(&place);
        let both = [0, 1].map(|_| start(&place, "oar", &[&APPROVE[..], &["--json"]].concat()));
        let mut outcomes = both.map(|child| {
            let output = child.wait_with_output().expect("its end");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
            report["facts"]["approval"]["outcome"].to_string()
        });
        outcomes.sort();
        assert_eq!(outcomes, ["\"already_running\"", "\"scheduled\""]);
        let logs = std::fs::read_dir(place.path("world/oar_logs")).expect("logs").count();
        assert_eq!((logs, is_running(&place)), (1, true), "one process");
        assert_eq!(place.sandbox().world(|world| world.count("gitlab", "approve")), 1);
        assert!(statebox(&place).contains("status: In Progress"));
    }
}

#[test]
fn spec06_case_13_a_job_whose_time_is_over_looks_once_more_and_fails() {
    let place = promoted();
    let _jobs = Jobs(&place);
    scheduled(&place);
    kill_job(&place);
    change(&place, |world| world.now += std::time::Duration::from_hours(11 * 24));
    let run = oarctl(&place, &["run", "-r", "4.99.3", "--foreground", "--json"]).expect(1).json();
    assert_eq!((&run["status"], &run["checks"]), (&json!("timed_out"), &json!(2)), "{run}");
    let stored = statebox(&place);
    assert!(stored.contains("name: change-advisory-status\n  status: Fail"), "{stored}");
    assert!(stored.contains("ended: timed_out"), "{stored}");
    let texts = place.sandbox().world(|world| world.slack.messages.clone());
    assert_eq!(texts.iter().filter(|m| m.text.contains("timed out")).count(), 1);
    assert!(!is_running(&place));
    // Said again it answers the same and tells nobody.
    let again = oarctl(&place, &["run", "-r", "4.99.3", "--foreground", "--json"]).expect(1).json();
    assert_eq!(again, run);
    let texts = place.sandbox().world(|world| world.slack.messages.clone());
    assert_eq!(texts.iter().filter(|m| m.text.contains("timed out")).count(), 1);
    // There is nothing to go on with, and the command starts anew.
    let none = oarctl(&place, &["run", "-r", "4.99.3"]).expect(1);
    assert!(none.stderr.contains("change-advisory-status"), "{}", none.stderr);
    scheduled(&place);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test sends signals to a real process")]
fn sigterm_leaves_a_job_that_waits() {
    let place = promoted();
    let _jobs = Jobs(&place);
    scheduled(&place);
    signal(&place, "TERM");
    wait_for_end(&place);
    let left = record(&place);
    assert_eq!((&left["status"], &left["recorded"]), (&json!("waiting"), &json!(false)));
    assert!(statebox(&place).contains("status: In Progress"));

    // In the foreground the documented code says so.
    let mut child = start(&place, "oarctl", &["approvals", "run", "-r", "4.99.3", "--foreground"]);
    let mut stderr = std::io::BufReader::new(child.stderr.take().expect("its stderr"));
    let mut line = String::new();
    while !line.contains("the next check is at") {
        line.clear();
        let read = std::io::BufRead::read_line(&mut stderr, &mut line).expect("a line");
        assert!(read > 0, "it ended before it waited");
    }
    assert_eq!(record(&place)["checks"], 2, "a resumed job looks at once");
    let sent = Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill").success());
    assert_eq!(child.wait().expect("its end").code(), Some(143));
    assert_eq!(record(&place)["status"], "waiting");
}

#[test]
fn a_cancelled_job_ends_its_process_and_can_be_started_again() {
    let place = promoted();
    let _jobs = Jobs(&place);
    scheduled(&place);
    let planned = oarctl(&place, &["cancel", "-r", "4.99.3", "--dry-run"]).expect(0);
    assert!(
        planned.stdout.contains("would be stopped") && is_running(&place),
        "{}",
        planned.stdout
    );
    let cancelled = oarctl(&place, &["cancel", "-r", "4.99.3", "--json"]).expect(0).json();
    assert_eq!((&cancelled["status"], &cancelled["stopped"]), (&json!("cancelled"), &json!(true)));
    assert!(!is_running(&place));
    assert!(statebox(&place).contains("name: change-advisory-status\n  status: Not Started"));
    oarctl(&place, &["cancel", "-r", "4.99.3"]).expect(1);
    let old = record(&place)["id"].clone();
    scheduled(&place);
    assert_ne!(record(&place)["id"], old);
}

#[test]
fn r11_the_thread_of_whoever_asked_gets_the_log() {
    let place = begun()
        .with("OAR_SLACK_CHANNEL", "forum-qe-example")
        .with("OAR_SLACK_THREAD", "1700000000.000100");
    let _jobs = Jobs(&place);
    change(&place, |world| world.promote("4.99.3", ADVISORY));
    scheduled(&place);
    publish(&place);
    signal(&place, "USR1");
    wait_for_end(&place);
    let posts = place.sandbox().world(|world| world.slack.messages.clone());
    let thread = posts.iter().filter(|m| m.thread_ts.as_deref() == Some("1700000000.000100"));
    let thread: Vec<_> = thread.collect();
    assert_eq!(thread.len(), 1, "{posts:?}");
    assert!(
        thread[0].text.starts_with("```\n2026-03-0") && thread[0].channel == "forum-qe-example"
    );
    assert_eq!(posts.iter().filter(|m| m.text.contains("approval is completed")).count(), 1);
}

#[test]
fn the_errata_flow_is_approved_without_a_job() {
    let place = Place::new();
    place.sandboxed("oar", &["-r", "4.98.17", "create-test-report"]).expect(0);
    let run = ["-r", "4.98.17", "change-advisory-status"];
    let report = place.sandboxed("oar", &[&run[..], &["--json"]].concat()).expect(0).json();
    assert_eq!(report["facts"]["approval"]["outcome"], "approved", "{report}");
    let states = place.sandbox().world(|world| world.count("errata", "change-state"));
    assert_eq!((states, found(&place)), (5, None));
}

#[test]
fn a_dry_run_changes_nothing_and_starts_nothing() {
    for public in [false, true] {
        let place = promoted();
        let _jobs = Jobs(&place);
        if public {
            publish(&place);
        }
        let (before, stored) = (place.sandbox().world(|w| w.effects.len()), statebox(&place));
        let run = approve(&place, &["--dry-run"]).expect(0);
        let wanted = if public { "to REL_PREP" } else { "start a job" };
        assert!(run.stdout.contains(wanted), "{}", run.stdout);
        assert_eq!(place.sandbox().world(|w| w.effects.len()), before);
        assert_eq!((statebox(&place), place.path("world/approval").exists()), (stored, false));
    }
}

#[test]
fn spec02_case_19_another_status_is_a_usage_error_before_any_request() {
    let place = Place::new();
    let before = place.sandbox().world(Clone::clone);
    let run = approve(&place, &["-s", "SHIPPED_LIVE"]).expect(2);
    assert!(run.stderr.contains("REL_PREP"), "{}", run.stderr);
    assert_eq!(place.sandbox().world(Clone::clone), before);
}

#[test]
fn the_plan_polls_a_job_of_this_machine() {
    let place = promoted();
    let _jobs = Jobs(&place);
    scheduled(&place);
    let plan = place.sandboxed("oar", &["-r", "4.99.3", "plan"]).expect(0);
    assert!(plan.stdout.contains("the approval job of this machine is waiting"), "{}", plan.stdout);
}

/// P5: killed anywhere between the first look and the process of the job, the next run ends with one job
/// that the StateBox knows.
#[test]
fn a_crash_at_any_point_of_scheduling_ends_with_one_job() {
    let calm = promoted();
    let wanted = {
        let _jobs = Jobs(&calm);
        let world = format!("--sandbox={}", calm.path("world").display());
        let arguments = [&[world.as_str()], &APPROVE[..]].concat();
        let counted = calm.run_with("oar", &arguments, &[(crash::SETTING, "count")]).expect(0);
        let points = counted.stderr.lines().find_map(|line| line.strip_prefix("effect points: "));
        let points: usize = points.and_then(|count| count.parse().ok()).expect("points");
        assert!(points > 5, "{points}");
        (points, effects(&calm.sandbox().world(Clone::clone)))
    };
    for point in 1..=wanted.0 {
        let place = promoted();
        let _jobs = Jobs(&place);
        let world = format!("--sandbox={}", place.path("world").display());
        let arguments = [&[world.as_str()], &APPROVE[..]].concat();
        let crashed = place.run_with("oar", &arguments, &[(crash::SETTING, &point.to_string())]);
        assert_eq!(crashed.code, None, "it did not crash at {point}");
        approve(&place, &[]).expect(0);
        let job = record(&place);
        assert!(is_running(&place), "after a crash at point {point}");
        assert_eq!(job["status"], "waiting");
        let stored = statebox(&place);
        assert!(stored.contains(job["id"].as_str().expect("an id")), "point {point}:\n{stored}");
        assert!(stored.contains("name: change-advisory-status\n  status: In Progress"), "{stored}");
        assert_eq!(effects(&place.sandbox().world(Clone::clone)), wanted.1, "point {point}");
    }
}
