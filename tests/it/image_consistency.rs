//! Story: the image-consistency check is started once and followed to its end (spec 03 §11).

use std::time::Duration;

use crate::harness::{Place, Run};
use crate::take_ownership::{begun, statebox};

fn check(place: &Place, more: &[&str]) -> Run {
    place.sandboxed("oar", &[&["-r", "4.99.3", "image-consistency-check", "--json"], more].concat())
}

/// A place whose release is promoted; runs have a page at once and take an hour.
fn promoted() -> Place {
    let place = begun();
    let changed = place.sandbox().change(|world| {
        world.promote("4.99.3", "RHSA-2026:9903");
        (world.prow.page_after, world.prow.ends_after) = (0, 3600);
    });
    changed.expect("a change");
    place
}

fn later(place: &Place) {
    let changed = place.sandbox().change(|world| world.now += Duration::from_mins(90));
    changed.expect("a change");
}

fn runs(place: &Place) -> usize {
    place.sandbox().world(|world| world.prow.runs.len())
}

#[test]
fn spec03_case_27_28_the_check_is_started_once_and_passes_with_healthy_images() {
    let place = promoted();
    let report = check(&place, &[]).expect(0).json();
    assert_eq!(report["outcome"], "in_progress", "{report}");
    let id = report["job"]["id"].as_str().expect("an id").to_owned();
    let output = report["output"].to_string();
    assert!(output.contains(&format!("Triggered image consistency check Prow job: {id}")));
    assert!(output.contains("Prow job URL: https://prow.ci.openshift.org/"), "{output}");
    for _ in 0..3 {
        assert_eq!(check(&place, &[]).expect(0).json()["outcome"], "unchanged");
    }
    assert_eq!(runs(&place), 1);
    assert!(statebox(&place).contains(&id));

    later(&place);
    let report = check(&place, &[]).expect(0).json();
    assert_eq!(report["outcome"], "pass", "{report}");
    let passed = statebox(&place);
    assert_eq!(check(&place, &[]).expect(0).json()["outcome"], "unchanged");
    assert_eq!((statebox(&place), runs(&place)), (passed, 1));
}

#[test]
fn spec03_case_31_failure_fails_and_an_interrupted_run_starts_anew() {
    let place = promoted();
    let ends = |word: &str| {
        let changed = place.sandbox().change(|world| word.clone_into(&mut world.prow.ends_as));
        changed.expect("a change");
    };
    ends("aborted");
    let id = check(&place, &[]).expect(0).json()["job"]["id"].as_str().expect("an id").to_owned();
    later(&place);
    assert_eq!(check(&place, &["-i", &id]).expect(0).json()["outcome"], "reset");
    assert!(statebox(&place).contains("name: image-consistency-check\n  status: Not Started"));
    ends("failure");
    check(&place, &[]).expect(0);
    assert_eq!(runs(&place), 2);
    later(&place);
    let run = place.sandbox().world(|w| w.prow.runs.keys().find(|key| **key != id).cloned());
    let report = check(&place, &["-i", &run.expect("a run")]).expect(0).json();
    assert_eq!(report["outcome"], "fail", "{report}");
}

#[test]
fn spec03_case_32_a_run_of_another_release_decides_nothing() {
    let place = promoted();
    let id = check(&place, &[]).expect(0).json()["job"]["id"].as_str().expect("an id").to_owned();
    let changed = place.sandbox().change(|world| {
        for value in world.prow.runs.get_mut(&id).expect("the run").env.values_mut() {
            *value = value.replace("4.99.3", "4.99.30");
        }
    });
    changed.expect("a change");
    let before = statebox(&place);
    let report = check(&place, &["-i", &id]).expect(1).json();
    assert!(report["error"]["message"].to_string().contains("4.99.30"), "{report}");
    assert_eq!(statebox(&place), before);
    check(&place, &["-i", "../x"]).expect(2);
}

#[test]
fn before_the_promotion_nothing_is_started() {
    let place = begun();
    let before = statebox(&place);
    assert_eq!(check(&place, &[]).expect(0).json()["outcome"], "waiting");
    assert_eq!((statebox(&place), runs(&place)), (before, 0));
}

#[test]
fn a_dry_run_starts_no_run() {
    let place = promoted();
    let before = statebox(&place);
    let report = check(&place, &["--dry-run"]).expect(0).json();
    assert!(report["planned_changes"].to_string().contains("start a run"), "{report}");
    assert_eq!((statebox(&place), runs(&place)), (before, 0));
}
