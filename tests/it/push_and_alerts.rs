//! Stories: pushing to the staging CDN (spec 02 §7.5) and the alerts of the operating system's
//! advisory (spec 02 §3.8).

use oar_sandbox::errata::Alert;
use serde_json::{Value, json};

use crate::harness::Place;
use crate::take_ownership::{begun, effects, statebox};

fn push(place: &Place, release: &str) -> crate::harness::Run {
    place.sandboxed("oar", &["-r", release, "push-to-cdn-staging", "--json"])
}

/// A place with the StateBox of 4.98.17, which is in the Errata flow.
fn errata_flow() -> Place {
    let place = Place::new();
    place.sandboxed("oar", &["-r", "4.98.17", "create-test-report"]).expect(0);
    place
}

#[test]
fn spec02_case_11_12_blockers_are_pushed_first_and_everything_once() {
    let place = begun();
    let mut reports: Vec<Value> = Vec::new();
    for _ in 0..15 {
        let report = push(&place, "4.99.3").expect(0).json();
        let done = report["outcome"] == "pass";
        reports.push(report);
        if done {
            break;
        }
    }
    let first = &reports[0]["facts"]["advisories"];
    assert_eq!(reports[0]["outcome"], "in_progress");
    assert_eq!(
        (&first[0]["id"], &first[0]["progress"]["state"]),
        (&json!(990_031), &json!("triggered"))
    );
    assert_eq!(
        (&first[1]["id"], &first[1]["progress"]["state"]),
        (&json!(990_032), &json!("waiting"))
    );
    assert_eq!(reports.last().expect("a report")["outcome"], "pass");
    let world = place.sandbox().world(Clone::clone);
    let pushes: Vec<String> =
        effects(&world).into_iter().filter(|e| e.starts_with("errata")).collect();
    assert_eq!(pushes, ["errata push 990031", "errata push 990032"]);
    let stored = statebox(&place);
    assert!(stored.contains("name: push-to-cdn-staging\n  status: Pass"), "{stored}");
}

#[test]
fn spec02_case_13_one_refused_push_does_not_stop_the_others() {
    let place = errata_flow();
    let changed = place.sandbox().change(|world| {
        world.errata.advisories.get_mut(&980_171).expect("the advisory").is_signed = false;
    });
    changed.expect("a change");
    let report = push(&place, "4.98.17").expect(0).json();
    assert_eq!(report["outcome"], "fail");
    let said = report["findings"].to_string();
    assert!(said.contains("980171 failed") && said.contains("Packages are not signed"), "{said}");
    let world = place.sandbox().world(Clone::clone);
    assert_eq!(world.count("errata", "push"), 4, "{:?}", world.effects);
}

#[test]
fn spec02_case_02_nothing_to_push_passes_with_a_reason_in_the_konflux_flow_only() {
    let without = |place: &Place, branch: &str, line: &str| {
        let changed = place.sandbox().change(|world| {
            let data = world.build_data.get_mut(branch).expect("the data");
            *data = data.replace(line, "upgrades_from: none");
        });
        changed.expect("a change");
    };
    let konflux = begun();
    // The assembly inherits from the release before it.
    for line in
        ["advisories: {rpm: 990031, rhcos: 990032}", "advisories: {rpm: 990021, rhcos: 990022}"]
    {
        without(&konflux, "openshift-4.99", line);
    }
    let report = push(&konflux, "4.99.3").expect(0).json();
    assert_eq!(report["outcome"], "pass");
    assert!(report["findings"].to_string().contains("no advisories"), "{report}");

    let errata = errata_flow();
    let line =
        "advisories: {extras: 980171, image: 980172, metadata: 980173, rpm: 980174, rhcos: 980175}";
    without(&errata, "openshift-4.98", line);
    assert_eq!(push(&errata, "4.98.17").expect(0).json()["outcome"], "fail");
}

#[test]
fn spec02_case_03_a_placeholder_is_waited_for() {
    let place = begun();
    let changed = place.sandbox().change(|world| {
        let data = world.build_data.get_mut("openshift-4.99").expect("the data");
        *data = data.replace("{rpm: 990031, rhcos: 990032}", "{rpm: -1, rhcos: -1}");
    });
    changed.expect("a change");
    let before = statebox(&place);
    let report = push(&place, "4.99.3").expect(0).json();
    assert_eq!(report["outcome"], "waiting");
    assert_eq!(statebox(&place), before, "neither status nor result");
}

#[test]
fn a_dry_run_of_the_push_pushes_nothing() {
    let place = begun();
    let before = place.sandbox().world(|w| w.effects.clone());
    let run = ["-r", "4.99.3", "push-to-cdn-staging", "--dry-run", "--json"];
    let report = place.sandboxed("oar", &run).expect(0).json();
    assert_eq!(report["planned_changes"][0]["target"], "advisory 990031");
    assert_eq!(place.sandbox().world(|w| w.effects.clone()), before);
}

fn alerts(place: &Place, more: &[&str]) -> crate::harness::Run {
    place.sandboxed("oar", &[&["-r", "4.99.3", "check-rhcos-security-alerts"], more].concat())
}

#[test]
fn alerts_that_block_are_told_and_become_an_issue_that_does_not_block() {
    let place = begun();
    assert!(alerts(&place, &[]).expect(0).stdout.contains("0 security alerts"));
    let set = |list: Vec<Alert>| {
        let changed = place.sandbox().change(|world| {
            world.errata.advisories.get_mut(&990_032).expect("the advisory").alerts = list;
        });
        changed.expect("a change");
    };
    let alert = |name: &str, blocking| Alert {
        name: name.to_owned(),
        text: "found something".to_owned(),
        blocking,
    };
    set(vec![alert("cve-mismatch", true), alert("note", false)]);
    let found = alerts(&place, &["--json"]).expect(0).json();
    assert_eq!((&found["advisory"], &found["blocking"]), (&json!(990_032), &json!(1)));
    alerts(&place, &["--exit-code"]).expect(1);
    let stored = statebox(&place);
    assert!(stored.contains("cve-mismatch") && stored.contains("blocker: false"), "{stored}");
    assert!(!stored.contains("name: check-rhcos-security-alerts"), "no task: {stored}");

    set(vec![alert("note", false)]);
    assert!(alerts(&place, &[]).expect(0).stdout.contains("1 security alerts, 0 of them block"));
    let open = ["-r", "4.99.3", "issue", "list", "--json"];
    assert_eq!(place.sandboxed("oar", &open).expect(0).json()["issues"], json!([]));
}
