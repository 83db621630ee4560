//! Story: the stage tests are started once and followed to their end (spec 05 §6.6).

use std::time::Duration;

use crate::harness::{Place, Run};
use crate::take_ownership::{begun, statebox};

fn stage_testing(place: &Place, more: &[&str]) -> Run {
    place.sandboxed("oar", &[&["-r", "4.99.3", "stage-testing", "--json"], more].concat())
}

/// A place whose release is promoted; builds start at once and take an hour.
fn promoted() -> Place {
    let place = begun();
    let changed = place.sandbox().change(|world| {
        world.promote("4.99.3", "RHSA-2026:9903");
        (world.jenkins.waits, world.jenkins.takes) = (0, 3600);
    });
    changed.expect("a change");
    place
}

pub(crate) fn later(place: &Place, minutes: u64) {
    let changed = place.sandbox().change(|world| world.now += Duration::from_mins(minutes));
    changed.expect("a change");
}

pub(crate) fn triggers(place: &Place) -> usize {
    place.sandbox().world(|w| w.count("jenkins", "trigger") + w.count("jenkins", "trigger-again"))
}

#[test]
fn the_tests_are_started_once_and_their_end_is_recorded() {
    let place = promoted();
    let report = stage_testing(&place, &[]).expect(0).json();
    assert_eq!(report["outcome"], "in_progress", "{report}");
    assert_eq!((&report["job"]["system"], &report["job"]["id"]), (&"jenkins".into(), &"1".into()));
    assert!(report["output"].to_string().contains("Build number: 1"));
    let stored = statebox(&place);
    assert!(stored.contains("name: stage-testing\n  status: In Progress"), "{stored}");
    assert!(stored.contains("id: '1'") && !stored.contains("claim:"), "{stored}");
    let messages = place.sandbox().world(|w| w.slack.messages.clone());
    let told = messages.iter().filter(|m| m.text.contains("Stage-Pipeline")).count();
    assert_eq!(told, 1, "{messages:?}");

    // While it runs nothing is started and nothing is written.
    let before = statebox(&place);
    assert_eq!(stage_testing(&place, &[]).expect(0).json()["outcome"], "unchanged");
    assert_eq!((statebox(&place), triggers(&place)), (before, 1));

    later(&place, 90);
    assert_eq!(stage_testing(&place, &[]).expect(0).json()["outcome"], "pass");
    let passed = statebox(&place);
    assert!(passed.contains("name: stage-testing\n  status: Pass"), "{passed}");
    assert_eq!(stage_testing(&place, &[]).expect(0).json()["outcome"], "unchanged");
    assert_eq!((statebox(&place), triggers(&place)), (passed, 1));
    assert_eq!(place.sandbox().world(|w| w.slack.messages.clone()), messages);
}

#[test]
fn before_the_promotion_and_the_stage_release_nothing_is_started() {
    let place = begun();
    let before = statebox(&place);
    let report = stage_testing(&place, &[]).expect(0).json();
    assert_eq!(report["outcome"], "waiting");
    assert!(report["findings"].to_string().contains("not in the registry"), "{report}");

    let place_two = promoted();
    let changed = place_two.sandbox().change(|world| {
        let mr = world.gitlab.merge_requests.iter_mut().find(|mr| mr.iid == 337);
        mr.expect("the shipment").labels.clear();
        for bridge in &mut world.gitlab.pipelines.get_mut(&7001).expect("a pipeline").bridges {
            "running".clone_into(&mut bridge.status);
            bridge.downstream = None;
        }
    });
    changed.expect("a change");
    let report = stage_testing(&place_two, &[]).expect(0).json();
    assert_eq!(report["outcome"], "waiting");
    let said = report["findings"].to_string();
    assert!(said.contains("merge_requests/337") && said.contains("running"), "{said}");
    assert_eq!((triggers(&place), triggers(&place_two)), (0, 0));
    assert_eq!(statebox(&place), before);
}

#[test]
fn what_waits_in_the_queue_is_adopted_and_not_started_again() {
    let place = promoted();
    stage_testing(&place, &[]).expect(0);
    // Somebody else's state knows nothing of it.
    let reset = ["-r", "4.99.3", "task", "set", "stage-testing", "Not Started"];
    place.sandboxed("oar", &reset).expect(0);
    let report = stage_testing(&place, &[]).expect(0).json();
    assert_eq!((&report["outcome"], &report["job"]["id"]), (&"in_progress".into(), &"1".into()));
    assert_eq!(triggers(&place), 1);
}

#[test]
fn a_build_that_is_named_decides_when_it_is_about_this_release() {
    let place = promoted();
    place.sandbox().change(|world| "FAILURE".clone_into(&mut world.jenkins.ends_as)).expect("ok");
    stage_testing(&place, &[]).expect(0);
    assert_eq!(stage_testing(&place, &["-n", "1"]).expect(0).json()["outcome"], "in_progress");
    later(&place, 90);
    let report = stage_testing(&place, &["--build_number", "1"]).expect(0).json();
    assert_eq!(report["outcome"], "fail");
    let stored = statebox(&place);

    let other = place.sandbox().change(|world| {
        let item = world.jenkins.items.values_mut().next().expect("an item");
        for (_, value) in &mut item.parameters {
            *value = value.replace("4.99.3", "4.99.30");
        }
    });
    other.expect("a change");
    let report = stage_testing(&place, &["-n", "1"]).expect(1).json();
    assert!(report["error"]["message"].to_string().contains("4.99.30"), "{report}");
    stage_testing(&place, &["-n", "9"]).expect(1);
    stage_testing(&place, &["-n", "0"]).expect(2);
    assert_eq!(statebox(&place), stored);
}

/// The build that 4.99.3 started, about `tag` and ended as `word`.
fn ended(place: &Place, tag: &str, word: &str) {
    let changed = place.sandbox().change(|world| {
        let now = world.now;
        let item = world.jenkins.items.values_mut().next().expect("an item");
        (item.ends_at, item.ends_as) = (now, word.to_owned());
        for (name, value) in &mut item.parameters {
            if name == "PULL_SPEC" {
                *value = format!("quay.io/openshift-release-dev/ocp-release:{tag}");
            }
        }
    });
    changed.expect("a change");
}

#[test]
fn spec05_case_40_a_named_build_decides_when_its_tag_is_this_release_s() {
    let place = promoted();
    stage_testing(&place, &[]).expect(0);
    let last_line = |report: &serde_json::Value| {
        let output = report["output"].as_str().expect("an output").to_owned();
        output.lines().last().expect("a line").to_owned()
    };
    ended(&place, "4.99.30-x86_64", "SUCCESS");
    let stored = statebox(&place);
    stage_testing(&place, &["-n", "1"]).expect(1);
    stage_testing(&place, &["-n", "0"]).expect(2);
    assert_eq!(statebox(&place), stored);

    ended(&place, "4.99.3-x86_64", "UNSTABLE");
    let report = stage_testing(&place, &["-n", "1"]).expect(0).json();
    assert!(last_line(&report).ends_with("task [Stage Testing] status is changed to [Fail]"));
    ended(&place, "4.99.3-x86_64", "SUCCESS");
    let report = stage_testing(&place, &["-n", "1"]).expect(0).json();
    assert!(last_line(&report).ends_with("task [Stage Testing] status is changed to [Pass]"));
    let passed = statebox(&place);
    stage_testing(&place, &[]).expect(0);
    assert_eq!((statebox(&place), triggers(&place)), (passed, 1));
}

#[test]
fn a_build_that_is_gone_is_started_anew() {
    let place = promoted();
    stage_testing(&place, &[]).expect(0);
    place.sandbox().change(|world| world.jenkins.items.clear()).expect("a change");
    let report = stage_testing(&place, &[]).expect(0).json();
    assert_eq!(report["outcome"], "in_progress");
    assert_eq!(triggers(&place), 2);
}

#[test]
fn a_dry_run_starts_nothing_and_claims_nothing() {
    let place = promoted();
    let before = statebox(&place);
    let report = stage_testing(&place, &["--dry-run"]).expect(0).json();
    let systems = report["planned_changes"].to_string();
    assert!(systems.contains("jenkins") && systems.contains("PULL_SPEC"), "{systems}");
    assert_eq!((statebox(&place), triggers(&place)), (before, 0));
}
