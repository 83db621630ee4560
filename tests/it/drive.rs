//! Story: what a release lead meets who drives: the plan, one round, a goal, all releases, a dry run,
//! wrong options, a driver that is killed.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Place, Run};
use crate::sweep::{lasting, survives};
use crate::take_ownership::{begun, statebox};

const KONFLUX: &str = "4.99.3";
const ERRATA: &str = "4.98.17";

fn oar(place: &Place, arguments: &[&str]) -> Run {
    place.sandboxed("oar", arguments)
}

fn steps(driven: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = driven["steps"].as_array().expect("steps").iter();
    all.map(|step| (text(&step["task"]), text(&step["outcome"]))).collect()
}

#[test]
fn without_execute_the_plan_is_all_there_is() {
    let place = begun();
    let before = place.sandbox().world(|world| world.effects.clone());
    let plan = oar(&place, &["-r", KONFLUX, "drive", "--json"]).expect(0).json();
    assert_eq!(plan["schema"], "oar.plan/1");
    assert_eq!(plan["phase"], "initialisation");
    let run = oar(&place, &["-r", KONFLUX, "drive", "--exit-code"]).expect(5);
    assert!(run.stdout.contains("May run now"), "{}", run.stdout);
    assert_eq!(place.sandbox().world(|world| world.effects.clone()), before);
}

#[test]
fn one_round_does_what_may_be_done_now_and_says_what_it_waits_for() {
    let place = Place::new();
    let options = ["-r", KONFLUX, "drive", "--execute", "--json", "--exit-code"];
    let run = oar(&place, &options).expect(3);
    let driven = run.json()["releases"][0].clone();
    assert_eq!(driven["ending"], "waiting");
    let done = steps(&driven);
    let names: Vec<&str> = done.iter().map(|(task, _)| task.as_str()).collect();
    let expected =
        ["create-test-report", "take-ownership", "check-cve-tracker-bug", "push-to-cdn-staging"];
    assert_eq!(&names[..4], expected, "{done:?}");
    assert_eq!(driven["why"]["task"], "promotion", "{driven:#}");
    assert_eq!(driven["why"]["turn"], "release-controller");
    // One line for each event, and nothing else, where nobody watches a terminal.
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert!(lines.iter().all(|line| line.contains(KONFLUX)), "{lines:#?}");
    assert!(lines.iter().any(|line| line.ends_with("take-ownership: pass")), "{lines:#?}");
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
}

#[test]
fn a_goal_ends_the_drive() {
    let place = Place::new();
    let goal = ["-r", KONFLUX, "drive", "--execute", "--until", "take-ownership", "--json"];
    let driven = oar(&place, &goal).expect(0).json()["releases"][0].clone();
    assert_eq!(driven["ending"], "reached", "{driven:#}");
    assert!(steps(&driven).iter().all(|(task, _)| task != "check-cve-tracker-bug"));
    let unknown = ["-r", KONFLUX, "drive", "--execute", "--until", "stage-tests"];
    let refused = oar(&place, &unknown).expect(2);
    assert!(refused.stderr.contains("stage-testing"), "{}", refused.stderr);
}

#[test]
fn all_active_releases_are_driven_at_once() {
    let place = Place::new();
    for release in [KONFLUX, ERRATA] {
        oar(&place, &["-r", release, "create-test-report"]).expect(0);
    }
    let plans = oar(&place, &["drive", "--all", "--json"]).expect(0).json();
    assert_eq!(plans["releases"].as_array().map(Vec::len), Some(2), "{plans}");
    let run = oar(&place, &["drive", "--all", "--execute", "--json"]).expect(0).json();
    let driven = run["releases"].as_array().expect("releases");
    let names: BTreeSet<&str> =
        driven.iter().filter_map(|driven| driven["release"].as_str()).collect();
    assert_eq!(names, BTreeSet::from([KONFLUX, ERRATA]));
    for driven in driven {
        let owned = ("take-ownership".to_owned(), "pass".to_owned());
        assert!(steps(driven).contains(&owned), "{driven:#}");
    }
}

#[test]
fn a_dry_run_lists_the_changes_and_makes_none() {
    let place = begun();
    let before = place.sandbox().world(|world| (world.effects.clone(), world.github.clone()));
    let options = ["-r", KONFLUX, "drive", "--execute", "--dry-run", "--json"];
    let driven = oar(&place, &options).expect(0).json()["releases"][0].clone();
    let systems: BTreeSet<&str> = driven["planned_changes"]
        .as_array()
        .expect("changes")
        .iter()
        .filter_map(|change| change["system"].as_str())
        .collect();
    assert!(systems.contains("errata") && systems.contains("jira"), "{driven:#}");
    assert_eq!(
        place.sandbox().world(|world| (world.effects.clone(), world.github.clone())),
        before
    );
}

#[test]
fn wrong_options_are_told_before_anything_is_done() {
    let place = begun();
    for (arguments, words) in [
        (&["drive"][..], "drive what?"),
        (&["-r", KONFLUX, "drive", "--all"], "not both"),
        (&["-r", KONFLUX, "drive", "--watch"], "--execute"),
        (&["-r", KONFLUX, "drive", "--execute", "--watch"], "--sandbox-speed"),
        (&["-r", KONFLUX, "drive", "--execute", "--watch", "--dry-run"], "leave --watch out"),
        (&["-r", KONFLUX, "decide", "accept", "--reason", "no"], "10 to 1000 characters"),
        (
            &["-r", KONFLUX, "decide", "accept", "--reason", "looked at it", "--task", "x"],
            "unknown task",
        ),
        (&["--sandbox-speed", "9", "--sandbox-trouble", "rain", "status"], "rain"),
    ] {
        let run = oar(&place, arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{arguments:?}: {}", run.stderr);
    }
    let nothing = oar(&place, &["-r", KONFLUX, "decide", "accept", "--reason", "looked at it"]);
    assert_eq!(nothing.code, Some(1));
    assert!(
        nothing.stderr.contains("nothing of 4.99.3 waits for a decision"),
        "{}",
        nothing.stderr
    );
}

#[test]
fn why_is_an_answer_of_at_most_six_lines() {
    let place = Place::new();
    let fresh = oar(&place, &["-r", KONFLUX, "why"]).expect(0);
    assert!(fresh.stdout.lines().count() <= 6, "{}", fresh.stdout);
    assert!(fresh.stdout.starts_with("4.99.3  READY at create-test-report"), "{}", fresh.stdout);
    oar(&place, &["-r", KONFLUX, "drive", "--execute"]).expect(0);
    let text = "the staging CDN does not answer";
    oar(&place, &["-r", KONFLUX, "issue", "add", text, "--task", "push-to-cdn-staging"]).expect(0);
    let blocked = oar(&place, &["-r", KONFLUX, "why", "--exit-code"]).expect(7);
    assert!(blocked.stdout.lines().count() <= 6, "{}", blocked.stdout);
    for words in ["BLOCKED at", text, "whoever works on the blocker", "issue resolve"] {
        assert!(blocked.stdout.contains(words), "{words}: {}", blocked.stdout);
    }
}

/// P5: killed at any effect point of a round, the next round ends where an undisturbed one ends.
#[test]
fn a_driver_that_is_killed_anywhere_is_made_up_for() {
    let command =
        ["-r", KONFLUX, "drive", "--execute", "--until", "check-cve-tracker-bug", "--json"];
    let end = |place: &Place| {
        let (_, messages, effects) = lasting(place);
        let stored = statebox(place);
        let passed = ["take-ownership", "check-cve-tracker-bug"]
            .map(|task| stored.contains(&format!("name: {task}\n  status: Pass")));
        (messages, effects, passed)
    };
    let later = |place: &Place| {
        let minutes = Duration::from_mins(20);
        place.sandbox().change(|world| world.now += minutes).expect("time");
    };
    let points = survives(&command, Place::new, later, end);
    assert!(points > 20, "{points}");
}
