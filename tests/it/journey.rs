//! Story: a release drives itself through the real programs, from its announcement to the customers,
//! with and without each trouble. Every change of every service is accounted for, and a second drive
//! changes nothing.

use std::collections::BTreeMap;

use oar_sandbox::story::Trouble;
use serde_json::Value;

use crate::harness::{Place, Run};
use crate::take_ownership::statebox;
use crate::trial::RELEASE;

/// As fast as the machine is: nobody watches.
const SPEED: &str = "--sandbox-speed=10000000";

/// A place where the release is two days away and `troubles` will come.
fn brisk(troubles: &[Trouble]) -> Place {
    let place = Place::new();
    let begun = place.sandbox().change(|world| world.begin_brisk_story(RELEASE, troubles));
    begun.expect("a story");
    place
}

fn oar(place: &Place, arguments: &[&str]) -> Run {
    place.sandboxed("oar", &[&[SPEED, "-r", RELEASE, "--json", "--exit-code"], arguments].concat())
}

/// Drives until the driver stops; its exit code and its answer.
fn drive(place: &Place) -> (Option<i32>, Value) {
    let run = oar(place, &["drive", "--execute", "--watch"]);
    let driven = run.json()["releases"][0].clone();
    (run.code, driven)
}

#[track_caller]
fn ships(place: &Place) -> Value {
    let (code, driven) = drive(place);
    assert_eq!((code, &driven["ending"]), (Some(0), &Value::from("shipped")), "{driven:#}");
    driven
}

/// The changes of a release without trouble.
fn expected() -> BTreeMap<String, usize> {
    let shipment = "invented/ocp-shipment-data!337";
    let stage = "jenkins trigger zstreams/Stage-Pipeline \
                 quay.io/openshift-release-dev/ocp-release:4.99.3-x86_64";
    let images = "prow start periodic-ci-openshift-release-tests-main-image-consistency-check";
    let once = [
        "errata change-owner 990031",
        "errata change-owner 990032",
        "errata push 990031",
        "errata push 990032",
        "errata change-state 990031 REL_PREP",
        "errata change-state 990032 REL_PREP",
        "jira assign ART-99004 lead",
        "jira assign ART-99005 lead",
        "jira assign ART-99006 lead",
        "jira transition ART-99004 In Progress",
        "jira transition ART-99005 In Progress",
        "jira transition ART-99004 Closed",
        "jira transition ART-99005 Closed",
        "jira transition ART-99006 Closed",
        stage,
        images,
    ];
    let mut expected: BTreeMap<String, usize> =
        once.iter().map(|name| ((*name).to_owned(), 1)).collect();
    // The note to the lead, and the summary of image health.
    expected.insert(format!("gitlab add-note {shipment}"), 2);
    expected.insert(format!("gitlab approve {shipment}"), 1);
    // The StateBox is there, the lead, the image check, the stage tests in the queue and then as a
    // build, the approval.
    expected.insert("slack post #team-release-example".to_owned(), 6);
    expected
}

/// That exactly these changes were made.
#[track_caller]
fn changed(place: &Place, expected: &BTreeMap<String, usize>) {
    let mut actual = place.changes();
    // Whether the stage tests have left the queue before anybody is told that they wait there depends
    // on what else goes on.
    if let Some(posts) = actual.get_mut("slack post #team-release-example").filter(|n| **n == 5) {
        *posts += 1;
    }
    let names = actual.keys().chain(expected.keys());
    let differ = names.filter(|name| actual.get(*name) != expected.get(*name));
    let differ: BTreeMap<&String, _> =
        differ.map(|name| (name, (actual.get(name), expected.get(name)))).collect();
    assert!(differ.is_empty(), "what was done, and what was expected: {differ:#?}");
}

/// After the release is out a second drive does nothing at all.
#[track_caller]
fn a_second_drive_changes_nothing(place: &Place) {
    let before = place.sandbox().world(|world| world.effects.len());
    let driven = ships(place);
    assert_eq!(driven["steps"], Value::Array(Vec::new()), "{driven:#}");
    assert_eq!(place.sandbox().world(|world| world.effects.len()), before);
}

#[test]
fn a_release_drives_itself_to_the_customers() {
    let place = brisk(&[]);
    let driven = ships(&place);
    changed(&place, &expected());
    assert_eq!(driven["why"]["standing"], "shipped");
    let stored = statebox(&place);
    for task in oar_release::Task::WORKFLOW {
        assert!(stored.contains(&format!("name: {task}\n  status: Pass")), "{task}: {stored}");
    }
    a_second_drive_changes_nothing(&place);
}

/// Trouble that needs no person: the same changes, `more` aside.
#[track_caller]
fn ships_all_the_same(trouble: Trouble, more: &[(&str, usize)]) {
    let place = brisk(&[trouble]);
    ships(&place);
    let mut expected = expected();
    expected.extend(more.iter().map(|(name, count)| ((*name).to_owned(), *count)));
    changed(&place, &expected);
    a_second_drive_changes_nothing(&place);
}

#[test]
fn a_flaky_push_is_pushed_again() {
    ships_all_the_same(Trouble::FlakyPush, &[("errata push 990031", 2)]);
}

#[test]
fn a_stage_release_that_fails_once_is_waited_for() {
    ships_all_the_same(Trouble::StageReleaseFailsOnce, &[]);
}

#[test]
fn a_late_page_is_waited_for() {
    ships_all_the_same(Trouble::LateMetadataUrl, &[]);
}

#[test]
fn an_expired_token_is_waited_out() {
    ships_all_the_same(Trouble::ExpiredToken, &[]);
}

#[test]
fn flaky_services_cost_time_only() {
    ships_all_the_same(Trouble::FlakyServices, &[]);
}

/// The candidate's verdict informs; nobody has to decide about it.
#[test]
fn a_rejected_candidate_holds_nothing() {
    ships_all_the_same(Trouble::RejectedCandidate, &[]);
}

/// Spec 01 §12.5: a person decides, and who and why are recorded.
#[test]
fn rejected_tests_ask_a_person_and_go_on_with_the_answer() {
    let place = brisk(&[Trouble::RejectedBuildTests]);
    let (code, driven) = drive(&place);
    assert_eq!((code, &driven["ending"]), (Some(7), &Value::from("needs-decision")), "{driven:#}");
    let why = oar(&place, &["why"]).expect(7).json();
    assert_eq!((&why["standing"], &why["turn"]), (&"needs-decision".into(), &"lead".into()));
    assert_eq!(why["task"], "analyze-promoted-build");
    let reason = "the storage tests are flaky, see OCPQE-1";
    let decided = oar(&place, &["decide", "accept", "--reason", reason]).expect(0).json();
    assert_eq!(decided["outcome"], "pass", "{decided}");
    assert!(statebox(&place).contains("accepted by person tester: the storage tests are flaky"));
    ships(&place);
    changed(&place, &expected());
    let again = oar(&place, &["decide", "reject", "--reason", reason]).expect(7).json();
    assert_eq!(again["error"]["code"], "precondition_failed", "{again}");
    a_second_drive_changes_nothing(&place);
}

/// Spec 02 §7.4: a missed tracker is a blocker until ART attached it.
#[test]
fn a_missed_tracker_blocks_until_it_is_attached() {
    let place = brisk(&[Trouble::MissedCveBug]);
    let (code, driven) = drive(&place);
    assert_eq!((code, &driven["ending"]), (Some(7), &Value::from("blocked")), "{driven:#}");
    let why = oar(&place, &["why"]).expect(7).json();
    assert_eq!((&why["standing"], &why["turn"]), (&"blocked".into(), &"blocker-owner".into()));
    assert!(why["reason"].to_string().contains("OCPBUGS-99034"), "{why}");
    let later = place.sandbox().change(|world| world.now += std::time::Duration::from_hours(3));
    later.expect("time");
    assert_eq!(oar(&place, &["check-cve-tracker-bug"]).expect(0).json()["outcome"], "pass");
    ships(&place);
    let mut expected = expected();
    expected.insert("slack post #art-example".to_owned(), 1);
    changed(&place, &expected);
    a_second_drive_changes_nothing(&place);
}
