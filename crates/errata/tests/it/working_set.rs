//! Which advisories count.

use oar_errata::{
    AdvisoryId, AdvisoryMap, Approval, ErrataRead as _, ErratumKind, all_shipped_enough, states,
};
use oar_release::{ErrorClass, Flow, TaskOutcome};
use oar_sandbox::fault::{Kind, Rule};
use oar_transport::testing::Step;
use serde_json::json;

use crate::support::{ID, Lab, RHCOS, advisory, erratum, konflux, scripted};

#[tokio::test]
async fn spec02_case_01_dropped_ones_are_left_out_and_microshift_is_not_asked_for() {
    let lab = Lab::with(|world| advisory(world, RHCOS).state = "DROPPED_NO_SHIP".to_owned());
    let set = lab.set(&[("rpm", ID.0), ("rhcos", RHCOS.0), ("microshift", 990_021)], &[]).await;
    assert_eq!(set.ids(), [ID]);
    assert_eq!(set.dropped.len(), 1);
    assert_eq!(lab.requests(), 2, "990021 is never requested");
}

#[tokio::test]
async fn spec02_case_02_nothing_to_work_on_passes_in_one_flow_and_fails_in_the_other() {
    let lab = Lab::new();
    let set = lab.set(&[], &[]).await;
    let (outcome, reason) = set.when_empty(&konflux()).unwrap();
    assert_eq!(outcome, TaskOutcome::Pass);
    assert!(reason.contains("no advisories"), "{reason}");
    let (outcome, _) = set.when_empty(&Flow::Errata).unwrap();
    assert!(matches!(outcome, TaskOutcome::Fail { .. }), "{outcome:?}");
    assert_eq!(lab.requests(), 0);
}

#[tokio::test]
async fn spec02_case_03_a_placeholder_is_not_asked_for_and_nothing_passes() {
    let lab = Lab::new();
    let set = lab.set(&[], &["rhcos", "microshift"]).await;
    assert_eq!(set.not_created.len(), 1, "a missing microshift keeps nobody waiting");
    let (outcome, reason) = set.when_empty(&konflux()).unwrap();
    assert!(matches!(outcome, TaskOutcome::Waiting { .. }), "{outcome:?}");
    assert!(reason.contains("rhcos"), "{reason}");
    assert_eq!(lab.requests(), 0);
}

#[tokio::test]
async fn the_invented_example_is_read_in_words() {
    let (_, errata) = scripted([Step::json(&erratum(900_001, "QE"))]);
    let erratum = errata.erratum(AdvisoryId(900_001)).await.unwrap();
    assert_eq!(erratum.kind, ErratumKind::Rhsa);
    assert_eq!((erratum.docs, erratum.prodsec), (Approval::Approved, Approval::NotRequested));
    assert_eq!(erratum.blocking, [AdvisoryId(900_002)]);
    assert_eq!(erratum.issues, ["OCPBUGS-90001"]);
    assert_eq!(erratum.cves, ["CVE-2026-0001"]);
    assert_eq!(erratum.respins, 0, "absent on old data");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_names_the_field() {
    let whole = erratum(900_001, "QE");
    let without = |path: &str| {
        let mut cut = whole.clone();
        let (parent, key) = path.rsplit_once('/').unwrap();
        cut.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
        cut
    };
    let mut text_id = whole.clone();
    text_id["errata"]["rhsa"]["id"] = json!("900001");
    let mut two = whole.clone();
    two["errata"]["rhba"] = two["errata"]["rhsa"].clone();
    for (document, field) in [
        (erratum(900_007, "QE"), "errata.id"),
        (without("/errata/rhsa/status"), "status"),
        (without("/jira_issues"), "jira_issues"),
        (text_id, "errata.rhsa.id"),
        (two, "errata"),
        (
            json!({ "errata": { "rhxa": { "id": 900_001, "status": "QE" } }, "jira_issues": {} }),
            "rhxa",
        ),
        (
            json!({ "errata": { "rhsa": { "id": 900_001, "status": "QE" } }, "jira_issues": {} }),
            "jira_issues",
        ),
    ] {
        let (script, errata) = scripted([Step::json(&document)]);
        let error = errata.erratum(AdvisoryId(900_001)).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Undetermined);
        assert!(error.whole().contains(field), "{field}: {}", error.whole());
        assert_eq!(script.seen().len(), 1);
    }
}

#[tokio::test]
async fn one_that_cannot_be_read_does_not_hide_the_others() {
    let lab = Lab::new();
    lab.sandbox.plant(Rule::once("errata", Kind::Status(404)).path(RHCOS.to_string()));
    let set = lab.konflux_set().await;
    assert_eq!(set.ids(), [ID]);
    assert_eq!(set.unreadable.len(), 1);
    assert!(set.when_empty(&Flow::Errata).is_none(), "that is not empty");
}

#[tokio::test]
async fn shipped_looks_at_all_and_counts_what_counts() {
    let lab = Lab::with(|world| {
        advisory(world, ID).state = "REL_PREP".to_owned();
        advisory(world, RHCOS).state = "DROPPED_NO_SHIP".to_owned();
    });
    let ask = |created: Vec<(&'static str, u64)>| {
        let errata = lab.errata.clone();
        async move { states(&errata, &AdvisoryMap::new(created, [])).await }
    };
    let (rpm, rhcos, microshift) = (("rpm", ID.0), ("rhcos", RHCOS.0), ("microshift", 980_174));
    let three = ask(vec![rpm, rhcos, microshift]).await;
    assert_eq!(three.len(), 3, "microshift and dropped ones are shown");
    assert_eq!(all_shipped_enough(&three, &[], &konflux()), Some(true));
    assert_eq!(all_shipped_enough(&three, &[], &Flow::Errata), Some(false), "microshift in QE");
    let placeholder = ["rhcos".into()];
    assert_eq!(all_shipped_enough(&three, &placeholder, &konflux()), Some(false));
    assert_eq!(all_shipped_enough(&[], &[], &Flow::Errata), Some(false));
    let unknown = ask(vec![rpm, ("image", 1)]).await;
    assert_eq!(all_shipped_enough(&unknown, &[], &konflux()), None);
    let no = ask(vec![("extras", 980_171), ("image", 1)]).await;
    assert_eq!(all_shipped_enough(&no, &[], &konflux()), Some(false), "one no is enough");
}
