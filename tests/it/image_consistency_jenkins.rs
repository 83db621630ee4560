//! Story: the image-consistency check on Jenkins, the way back from Prow (spec 03 §11.6, 05 §6).

use crate::harness::{Place, Run};
use crate::stage_testing::{later, triggers};
use crate::sweep;
use crate::take_ownership::{begun, statebox};

const CHECK: [&str; 5] = ["-r", "4.99.3", "image-consistency-check", "--backend", "jenkins"];

fn check(place: &Place, more: &[&str]) -> Run {
    place.sandboxed("oar", &[&CHECK, &["--json"][..], more].concat())
}

/// A place whose release is promoted; builds start at once and take a day.
fn promoted() -> Place {
    let place = begun();
    let changed = place.sandbox().change(|world| {
        world.promote("4.99.3", "RHSA-2026:9903");
        (world.jenkins.waits, world.jenkins.takes) = (0, 86_400);
    });
    changed.expect("a change");
    place
}

#[test]
fn spec05_case_38_the_check_is_started_with_the_merge_request_and_passes_with_healthy_images() {
    let place = promoted();
    let report = check(&place, &[]).expect(0).json();
    assert_eq!((&report["outcome"], &report["job"]["id"]), (&"in_progress".into(), &"1".into()));
    let parameters = place
        .sandbox()
        .world(|world| world.jenkins.items.values().next().map(|item| item.parameters.clone()));
    let parameters = parameters.expect("a build");
    let names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["VERSION", "PAYLOAD_URL", "SHIPMENT_MR_ID"]);
    assert_eq!((&*parameters[0].1, &*parameters[2].1), ("v4.99", "337"));
    assert_eq!(check(&place, &[]).expect(0).json()["outcome"], "unchanged");
    later(&place, 1500);
    let report = check(&place, &["-n", "1"]).expect(0).json();
    assert_eq!(report["outcome"], "pass", "{report}");
    assert!(statebox(&place).contains("name: image-consistency-check\n  status: Pass"));
    assert_eq!(triggers(&place), 1);
}

#[test]
fn the_plan_polls_the_recorded_build_on_jenkins() {
    let place = promoted();
    check(&place, &[]).expect(0);
    let plan = place.sandboxed("oar", &["-r", "4.99.3", "plan", "--json"]).expect(0).json();
    let rows = plan["tasks"].as_array().expect("tasks");
    let row = rows.iter().find(|row| row["task"] == "image-consistency-check").expect("a row");
    assert_eq!(row["verdict"], "poll", "{row}");
    assert_eq!(row["command"], "oar -r 4.99.3 image-consistency-check --backend jenkins -n 1");
}

#[test]
fn each_backend_has_names_of_its_own() {
    let place = promoted();
    for wrong in [
        &["-n", "0"][..],
        &["-n", "x"],
        &["-i", "6ec0d27e-9f0e-4d4c-bb08-0c43b4b8b7ee"],
        &["-n", "1", "--force"],
    ] {
        check(&place, wrong).expect(2);
    }
    place.sandboxed("oar", &["-r", "4.99.3", "image-consistency-check", "-n", "1"]).expect(2);
    check(&place, &["-n", "9"]).expect(1);
    assert_eq!(triggers(&place), 0);
}

#[test]
fn two_processes_at_once_start_one_build() {
    let place = promoted();
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..2).map(|_| scope.spawn(|| check(&place, &[]))).collect();
        started.into_iter().map(|run| run.join().expect("a run")).collect()
    });
    for run in runs {
        run.expect(0);
    }
    assert_eq!(triggers(&place), 1);
}

#[test]
fn a_dry_run_starts_nothing() {
    let place = promoted();
    let before = statebox(&place);
    let report = check(&place, &["--dry-run"]).expect(0).json();
    let planned = report["planned_changes"].to_string();
    assert!(planned.contains("start a build") && planned.contains("SHIPMENT_MR_ID"), "{planned}");
    assert_eq!((statebox(&place), triggers(&place)), (before, 0));
}

#[test]
fn the_start_survives_a_crash_at_every_point() {
    let points = sweep::survives(&CHECK, promoted, |place| later(place, 20), sweep::lasting);
    assert!(points >= 4, "{points}");
}
