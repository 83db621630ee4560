//! Story: an invented release of the Konflux flow, from its announcement to the customers, through the
//! real programs (spec 02, 03, 05 §6, 06 §2–4). Every change of every service is accounted for, and a
//! second run of everything changes nothing outside.

use std::collections::BTreeMap;
use std::time::Duration;

use oar_sandbox::world::World;
use serde_json::{Value, json};

use crate::analyze_build;
use crate::harness::Place;
use crate::take_ownership::statebox;

const ADVISORY: &str = "RHSA-2026:9903";
const CANDIDATE: &str = "4.99.0-0.nightly-2026-03-01-045853";

/// The nine tasks of the flow that the StateBox keeps.
const TASKS: [&str; 9] = [
    "take-ownership",
    "check-cve-tracker-bug",
    "push-to-cdn-staging",
    "analyze-candidate-build",
    "image-consistency-check",
    "stage-testing",
    "analyze-promoted-build",
    "image-signed-check",
    "change-advisory-status",
];

fn oar(place: &Place, arguments: &[&str]) -> Value {
    place.sandboxed("oar", &[&["-r", "4.99.3", "--json"], arguments].concat()).expect(0).json()
}

fn change(place: &Place, change: impl FnOnce(&mut World)) {
    place.sandbox().change(change).expect("a change");
}

fn passes(place: &Place, task: &[&str]) {
    let report = oar(place, task);
    assert_eq!(report["outcome"], "pass", "{report}");
}

/// The commands in their order; what ART, the tests and time do in between is done by hand.
fn the_whole_release(place: &Place) {
    passes(place, &["create-test-report"]);
    passes(place, &["take-ownership", "-e", "lead@example.com"]);
    passes(place, &["check-cve-tracker-bug"]);
    assert_eq!(oar(place, &["check-rhcos-security-alerts"])["blocking"], 0);
    let pushed = (0..20).any(|_| oar(place, &["push-to-cdn-staging"])["outcome"] == "pass");
    assert!(pushed, "the push does not end");

    analyze_build::publish(place, CANDIDATE, &json!({ "aggregated": true, "accepted": true }));
    passes(place, &["analyze-candidate-build"]);

    change(place, |world| {
        world.promote("4.99.3", ADVISORY);
        (world.jenkins.waits, world.jenkins.takes) = (0, 3_600);
        (world.prow.page_after, world.prow.ends_after) = (0, 3_600);
    });
    for task in ["image-consistency-check", "stage-testing"] {
        assert_eq!(oar(place, &[task])["outcome"], "in_progress");
    }
    analyze_build::publish(place, "4.99.3", &json!({ "aggregated": true, "accepted": true }));
    passes(place, &["analyze-promoted-build"]);
    passes(place, &["image-signed-check"]);
    change(place, |world| world.now += Duration::from_mins(90));
    passes(place, &["image-consistency-check"]);
    passes(place, &["stage-testing"]);

    // The day before it is due, its page becomes public.
    change(place, |world| {
        world.now = "2026-03-09T09:00:00Z".parse().expect("a time");
        world.publish_page(ADVISORY);
    });
    assert_eq!(oar(place, &["add-qe-approval"])["standing"], "approved");
    passes(place, &["change-advisory-status"]);
    assert_eq!(oar(place, &["is-shipped"])["live"], false);

    // ART ships it.
    change(place, |world| {
        for id in [990_031, 990_032] {
            let advisory = world.errata.advisories.get_mut(&id).expect("the advisory");
            "SHIPPED_LIVE".clone_into(&mut advisory.state);
        }
        let mut all = world.gitlab.merge_requests.iter_mut();
        let mr = all.find(|mr| mr.iid == 337).expect("the shipment");
        "merged".clone_into(&mut mr.state);
    });
    let shipped = oar(place, &["is-shipped"]);
    assert_eq!((&shipped["shipped"], &shipped["live"]), (&json!(true), &json!(true)));
}

#[test]
fn a_konflux_release_goes_from_its_announcement_to_the_customers() {
    let place = Place::new();
    the_whole_release(&place);
    let stored = statebox(&place);
    for task in TASKS {
        assert!(stored.contains(&format!("name: {task}\n  status: Pass")), "{task}: {stored}");
    }
    assert!(stored.ends_with("issues: []\n") || !stored.contains("blocker: true"), "{stored}");

    let shipment = "invented/ocp-shipment-data!337";
    let expected: BTreeMap<String, usize> = [
        ("errata change-owner 990031".to_owned(), 1),
        ("errata change-owner 990032".to_owned(), 1),
        ("errata push 990031".to_owned(), 1),
        ("errata push 990032".to_owned(), 1),
        ("errata change-state 990031 REL_PREP".to_owned(), 1),
        ("errata change-state 990032 REL_PREP".to_owned(), 1),
        // The note to the lead, and the summary of image health.
        (format!("gitlab add-note {shipment}"), 2),
        (format!("gitlab approve {shipment}"), 1),
        ("jira assign ART-99004 lead".to_owned(), 1),
        ("jira assign ART-99005 lead".to_owned(), 1),
        ("jira assign ART-99006 lead".to_owned(), 1),
        ("jira transition ART-99004 In Progress".to_owned(), 1),
        ("jira transition ART-99005 In Progress".to_owned(), 1),
        ("jira transition ART-99004 Closed".to_owned(), 1),
        ("jira transition ART-99005 Closed".to_owned(), 1),
        ("jira transition ART-99006 Closed".to_owned(), 1),
        (
            "jenkins trigger zstreams/Stage-Pipeline \
             quay.io/openshift-release-dev/ocp-release:4.99.3-x86_64"
                .to_owned(),
            1,
        ),
        (
            "prow start periodic-ci-openshift-release-tests-main-image-consistency-check"
                .to_owned(),
            1,
        ),
        // The StateBox is there, the lead, the two jobs.
        ("slack post #team-release-example".to_owned(), 4),
    ]
    .into();
    assert_eq!(place.changes(), expected);
    let plan = oar(&place, &["plan"]);
    let open = plan["tasks"]
        .as_array()
        .expect("tasks")
        .iter()
        .filter(|task| !matches!(task["verdict"].as_str(), Some("done" | "not-applicable")));
    assert_eq!(open.count(), 0, "{plan}");

    // Everything again: what is done is found done.
    for arguments in [
        &["create-test-report"][..],
        &["take-ownership", "-e", "lead@example.com"],
        &["check-cve-tracker-bug"],
        &["check-rhcos-security-alerts"],
        &["push-to-cdn-staging"],
        &["analyze-candidate-build"],
        &["image-consistency-check"],
        &["stage-testing"],
        &["analyze-promoted-build"],
        &["image-signed-check"],
        &["add-qe-approval"],
        &["change-advisory-status"],
        &["is-shipped"],
    ] {
        let report = oar(&place, arguments);
        let outcome = report["outcome"].as_str().unwrap_or("pass");
        assert!(matches!(outcome, "pass" | "unchanged"), "{arguments:?}: {report}");
    }
    assert_eq!(place.changes(), expected, "the second run");
    let stored = statebox(&place);
    for task in TASKS {
        assert!(stored.contains(&format!("name: {task}\n  status: Pass")), "{task}: {stored}");
    }
}
