//! Story: the tests' verdict on a build is recorded, and a rejected one is decided by a person (spec
//! 01 §12.2 and §12.5, 04 §2.3).

use serde_json::{Value, json};

use crate::harness::{Place, Run};
use crate::sweep;
use crate::take_ownership::{begun, statebox};

const CANDIDATE: &str = "analyze-candidate-build";
const PROMOTED: &str = "analyze-promoted-build";

fn analyze(place: &Place, task: &str, more: &[&str]) -> Run {
    place.sandboxed("oar", &[&["-r", "4.99.3", task, "--json"], more].concat())
}

/// The result file of `build`, with `more` keys; two jobs, one of which failed twice.
pub fn results(build: &str, more: &Value) -> String {
    let run = |id: u32, state: &str, failing: &[&str]| {
        json!({
            "jobID": format!("run-{id}"), "jobState": state,
            "jobURL": format!("https://prow.ci.openshift.org/view/{id}"),
            "testResultSummary": { "suite": { "total": 9, "failures": failing.len(),
                "errors": 0, "skipped": 0, "failingScenarios": failing } },
        })
    };
    let mut file = json!({
        "result": [
            { "jobName": "aws", "firstJob": run(1, "failure", &["login", "flake"]),
              "retriedJobs": [run(2, "failure", &["login"]), run(3, "success", &[])] },
            { "jobName": "gcp", "firstJob": run(4, "success", &[]), "retriedJobs": [] },
        ],
        "build": { "name": build, "phase": "Accepted" },
    });
    let keys = file.as_object_mut().expect("an object");
    keys.extend(more.as_object().expect("an object").clone());
    file.to_string()
}

/// Puts the results of `build` on the branch of test results.
pub fn publish(place: &Place, build: &str, more: &Value) {
    let path = format!("_releases/ocp-test-result-{build}-amd64.json");
    let text = results(build, more);
    let changed =
        place.sandbox().change(|world| world.github.foreign_write("record", &path, &text));
    changed.expect("a change");
}

fn accepted() -> Value {
    json!({ "aggregated": true, "accepted": true })
}

fn rejected() -> Value {
    json!({ "aggregated": true, "accepted": false })
}

/// A place whose promoted build was rejected by its tests.
fn turned_down() -> Place {
    let place = begun();
    publish(&place, "4.99.3", &rejected());
    place
}

#[test]
fn results_that_are_missing_or_not_aggregated_are_waited_for() {
    let place = begun();
    let before = statebox(&place);
    let report = analyze(&place, PROMOTED, &[]).expect(0).json();
    assert_eq!(report["outcome"], "waiting");
    assert!(report["findings"].to_string().contains("not promoted"), "{report}");
    place.sandbox().change(|world| world.promote("4.99.3", "RHSA-2026:9903")).expect("a change");
    let report = analyze(&place, PROMOTED, &[]).expect(0).json();
    assert!(report["findings"].to_string().contains("no test results yet"), "{report}");
    for unfinished in [json!({}), json!({ "aggregated": false, "accepted": true })] {
        publish(&place, "4.99.3", &unfinished);
        assert_eq!(analyze(&place, PROMOTED, &[]).expect(0).json()["outcome"], "waiting");
    }
    // Nothing can be decided that is not there, and nothing was recorded.
    let reason = ["--accept", "known flake of the console tests"];
    let report = analyze(&place, PROMOTED, &reason).expect(1).json();
    assert!(report["error"]["message"].to_string().contains("nothing to decide"), "{report}");
    assert_eq!(statebox(&place), before);
}

#[test]
fn accepted_results_pass_once() {
    let place = begun();
    publish(&place, "4.99.3", &accepted());
    assert_eq!(analyze(&place, PROMOTED, &[]).expect(0).json()["outcome"], "pass");
    let stored = statebox(&place);
    assert!(stored.contains("name: analyze-promoted-build\n  status: Pass"), "{stored}");
    assert!(stored.contains("4.99.3 was accepted"), "{stored}");
    assert_eq!(analyze(&place, PROMOTED, &[]).expect(0).json()["outcome"], "unchanged");
    assert_eq!(statebox(&place), stored);
    let reason = ["--reject", "I do not like this build"];
    let report = analyze(&place, PROMOTED, &reason).expect(1).json();
    assert!(report["error"]["message"].to_string().contains("were accepted"), "{report}");
    assert_eq!(statebox(&place), stored);
}

#[test]
fn a_build_promoted_by_hand_counts_as_accepted_whatever_the_key_says() {
    let place = begun();
    let more = json!({ "aggregated": true, "accepted": false, "manual_promotion": false });
    publish(&place, "4.99.3", &more);
    let report = analyze(&place, PROMOTED, &[]).expect(0).json();
    assert_eq!(report["outcome"], "pass", "{report}");
    assert!(statebox(&place).contains("promoted by hand"));
}

#[test]
fn rejected_results_are_shown_and_wait_for_a_person() {
    let place = turned_down();
    let before = statebox(&place);
    let report = analyze(&place, PROMOTED, &[]).expect(0).json();
    assert_eq!(report["outcome"], "waiting");
    let analysis = &report["facts"]["analysis"];
    assert_eq!(analysis["jobs"], 2);
    assert_eq!(analysis["failed"][0]["lasting"], json!(["login"]));
    assert_eq!(analysis["recommendation"]["word"], "reject");
    assert!(report["findings"].to_string().contains("failed again: login"), "{report}");
    assert_eq!(analyze(&place, PROMOTED, &["--exit-code"]).code, Some(3));
    assert_eq!(statebox(&place), before);
}

#[test]
fn who_accepted_rejected_results_and_why_is_recorded() {
    let place = turned_down();
    let reason = ["--accept", "known flake, told by lead@example.com"];
    let report = analyze(&place, PROMOTED, &reason).expect(0).json();
    assert_eq!(report["outcome"], "pass", "{report}");
    let stored = statebox(&place);
    assert!(stored.contains("accepted by person tester: known flake"), "{stored}");
    assert!(!stored.contains("lead@example.com"), "{stored}");
    assert_eq!(analyze(&place, PROMOTED, &reason).expect(0).json()["outcome"], "unchanged");
    assert_eq!(analyze(&place, PROMOTED, &[]).expect(0).json()["outcome"], "unchanged");
    assert_eq!(statebox(&place), stored);
}

#[test]
fn a_rejection_is_one_blocker_that_a_later_acceptance_resolves() {
    let place = turned_down();
    let reject = ["--reject", "upgrades lose their volumes"];
    for _ in 0..2 {
        analyze(&place, PROMOTED, &reject).expect(0);
    }
    let stored = statebox(&place);
    assert!(stored.contains("name: analyze-promoted-build\n  status: Fail"), "{stored}");
    assert_eq!(stored.matches("blocker: true").count(), 1, "{stored}");
    assert!(stored.contains("rejected by person tester: upgrades lose"), "{stored}");
    assert_eq!(analyze(&place, PROMOTED, &["--exit-code"]).code, Some(0), "it is decided");

    analyze(&place, PROMOTED, &["--accept", "volumes were lost by the lab"]).expect(0);
    let stored = statebox(&place);
    assert!(stored.contains("name: analyze-promoted-build\n  status: Pass"), "{stored}");
    assert!(stored.contains("resolved: true"), "{stored}");
}

#[test]
fn a_reason_is_written_and_only_one_of_the_two_is_said() {
    let place = turned_down();
    for wrong in [
        &["--accept", ""][..],
        &["--accept", "  ok  "],
        &["--reject"],
        &["--accept", "a good long reason", "--reject", "a good long reason"],
    ] {
        analyze(&place, PROMOTED, wrong).expect(2);
    }
    let timer = place.with("OAR_ACTOR", "timer:nightly");
    let before = statebox(&timer);
    analyze(&timer, PROMOTED, &["--accept", "a good long reason"]).expect(1);
    assert_eq!(statebox(&timer), before);
}

#[test]
fn the_candidate_build_is_the_nightly_of_the_build_data() {
    let place = begun();
    let plan = place.sandboxed("oar", &["-r", "4.99.3", "plan", "--json"]).expect(0).json();
    let rows = plan["tasks"].as_array().expect("tasks");
    let row = rows.iter().find(|row| row["task"] == CANDIDATE).expect("the task");
    assert_eq!(row["verdict"], "waiting", "{row}");
    let state = statebox(&place);
    let line = state.lines().find(|line| line.contains("x86_64:")).expect("a candidate");
    let build = line.split(':').nth(1).expect("a name").trim().trim_matches('\'').to_owned();
    publish(&place, &build, &accepted());
    let report = analyze(&place, CANDIDATE, &[]).expect(0).json();
    assert_eq!(report["outcome"], "pass", "{report}");
    assert!(statebox(&place).contains("name: analyze-candidate-build\n  status: Pass"));
}

/// R16: every source must speak of the same build.
#[test]
fn r16_results_of_another_build_decide_nothing() {
    let place = begun();
    let path = "_releases/ocp-test-result-4.99.3-amd64.json";
    for text in [results("4.99.30", &accepted()), "<html>".to_owned()] {
        let changed =
            place.sandbox().change(|world| world.github.foreign_write("record", path, &text));
        changed.expect("a change");
        let before = statebox(&place);
        assert_eq!(analyze(&place, PROMOTED, &[]).expect(1).json()["outcome"], "undetermined");
        assert_eq!(statebox(&place), before);
    }
}

#[test]
fn a_dry_run_of_a_rejection_changes_nothing() {
    let place = turned_down();
    let before = statebox(&place);
    let more = ["--reject", "upgrades lose their volumes", "--dry-run"];
    let report = analyze(&place, PROMOTED, &more).expect(0).json();
    let planned = report["planned_changes"].to_string();
    assert!(planned.contains("upgrades lose their volumes"), "{planned}");
    assert_eq!(statebox(&place), before);
}

#[test]
fn the_plan_names_the_command_and_asks_for_a_decision() {
    let place = turned_down();
    place.sandbox().change(|world| world.promote("4.99.3", "RHSA-2026:9903")).expect("a change");
    for task in ["take-ownership", "check-cve-tracker-bug"] {
        place.sandboxed("oar", &["-r", "4.99.3", "task", "set", task, "Pass"]).expect(0);
    }
    let row = || {
        let plan = place.sandboxed("oar", &["-r", "4.99.3", "plan", "--json"]).expect(0).json();
        let rows = plan["tasks"].as_array().expect("tasks").clone();
        rows.into_iter().find(|row| row["task"] == PROMOTED).expect("the task")
    };
    assert_eq!(row()["verdict"], "needs-decision");
    publish(&place, "4.99.3", &accepted());
    let offered = row();
    assert_eq!(offered["command"], "oar -r 4.99.3 analyze-promoted-build", "{offered}");
}

#[test]
fn decisions_survive_a_crash_at_every_point() {
    for more in [["--reject", "upgrades lose their volumes"], ["--accept", "a lab without power"]] {
        let command = [&["-r", "4.99.3", PROMOTED][..], &more].concat();
        let points = sweep::survives(&command, turned_down, |_| {}, sweep::lasting);
        assert!(points >= 2, "{points}");
    }
}
