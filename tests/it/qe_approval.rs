//! Story: QE approves the shipment (spec 03 §2.7).

use serde_json::json;

use crate::harness::{Place, Run};
use crate::take_ownership::{begun, effects};

fn approve(place: &Place, more: &[&str]) -> Run {
    place.sandboxed("oar", &[&["-r", "4.99.3", "add-qe-approval"], more].concat())
}

fn change_mr(place: &Place, change: impl FnOnce(&mut oar_sandbox::gitlab::MergeRequest)) {
    let changed = place.sandbox().change(|world| {
        let mr = world.gitlab.merge_requests.iter_mut().find(|mr| mr.iid == 337);
        change(mr.expect("the shipment"));
    });
    changed.expect("a change");
}

#[test]
fn spec03_case_09_an_approval_covers_the_checked_commit_and_is_given_once() {
    let place = begun();
    let done = approve(&place, &["--json"]).expect(0).json();
    assert_eq!(done["standing"], "approved");
    assert_eq!(done["commit"].as_str().map(str::len), Some(40), "{done}");
    let world = place.sandbox().world(Clone::clone);
    assert_eq!(world.count("gitlab", "approve"), 1, "{:?}", world.effects);
    // The advisories are in QE: the subtasks stay.
    assert_eq!(done["closed_subtasks"], json!([]));
    assert!(done["warnings"][0].to_string().contains("REL_PREP"), "{done}");

    let again = approve(&place, &["--json"]).expect(0).json();
    assert_eq!(again["standing"], "already-approved");
    assert_eq!(effects(&place.sandbox().world(Clone::clone)), effects(&world));
}

#[test]
fn subtasks_are_closed_when_every_advisory_is_ready() {
    let place = begun();
    let changed = place.sandbox().change(|world| {
        for id in [990_031, 990_032] {
            let advisory = world.errata.advisories.get_mut(&id).expect("an advisory");
            "REL_PREP".clone_into(&mut advisory.state);
        }
    });
    changed.expect("a change");
    let done = approve(&place, &["--json"]).expect(0).json();
    let mut closed: Vec<_> =
        done["closed_subtasks"].as_array().expect("keys").iter().map(ToString::to_string).collect();
    closed.sort();
    assert_eq!(closed, ["\"ART-99004\"", "\"ART-99005\"", "\"ART-99006\""]);
    assert_eq!(place.sandbox().world(|w| w.jira.issues["ART-99006"].status.clone()), "Closed");
}

#[test]
fn spec03_case_09_r13_merged_is_a_success_and_closed_is_none() {
    let place = begun();
    change_mr(&place, |mr| "merged".clone_into(&mut mr.state));
    assert_eq!(approve(&place, &["--json"]).expect(0).json()["standing"], "merged");
    change_mr(&place, |mr| "closed".clone_into(&mut mr.state));
    let run = approve(&place, &[]).expect(1);
    assert!(run.stderr.contains("closed"), "{}", run.stderr);
    assert_eq!(place.sandbox().world(|w| w.count("gitlab", "approve")), 0);
}

#[test]
fn a_draft_is_approved_only_when_asked_for() {
    let place = begun();
    change_mr(&place, |mr| mr.title = format!("Draft: {}", mr.title));
    let run = approve(&place, &[]).expect(1);
    assert!(run.stderr.contains("--allow-draft"), "{}", run.stderr);
    assert_eq!(
        approve(&place, &["--allow-draft", "--json"]).expect(0).json()["standing"],
        "approved"
    );
}

#[test]
fn r16_a_shipment_of_another_release_is_not_approved() {
    let place = begun();
    change_mr(&place, |mr| mr.title = mr.title.replace("4.99.3", "4.99.4"));
    let run = approve(&place, &[]).expect(1);
    assert!(run.stderr.contains("4.99.4"), "{}", run.stderr);
    assert_eq!(place.sandbox().world(|w| w.count("gitlab", "approve")), 0);
}

#[test]
fn the_errata_flow_has_nothing_to_approve() {
    let place = Place::new();
    let run = place.sandboxed("oar", &["-r", "4.98.17", "add-qe-approval"]).expect(2);
    assert!(run.stderr.contains("konflux"), "{}", run.stderr);
}

#[test]
fn a_dry_run_approves_nothing() {
    let place = begun();
    let run = approve(&place, &["--dry-run"]).expect(0);
    assert!(run.stdout.contains("would be approved"), "{}", run.stdout);
    assert_eq!(place.sandbox().world(|w| w.count("gitlab", "approve")), 0);
}
