use super::*;
use crate::error::AdvisoryError;
use crate::state::AdvisoryState;
use crate::types::{Approval, Erratum};
use crate::words::{AdvisoryId, ErratumKind};

fn erratum(id: u64, kind: ErratumKind, issues: &[&str]) -> Erratum {
    Erratum {
        id: AdvisoryId(id),
        kind,
        state: AdvisoryState::Qe,
        name: None,
        synopsis: None,
        content_types: Vec::new(),
        docs: Approval::Approved,
        prodsec: Approval::Approved,
        blocking: Vec::new(),
        dependent: Vec::new(),
        assigned_to: None,
        package_owner: None,
        respins: 0,
        issues: keys(issues),
        cves: Vec::new(),
        publish_date: None,
    }
}

fn keys(list: &[&str]) -> Vec<String> {
    list.iter().map(|key| (*key).to_owned()).collect()
}

fn trackers(list: &[(&str, &[&str])]) -> Trackers {
    Trackers(list.iter().map(|(kind, list)| ((*kind).to_owned(), keys(list))).collect())
}

fn konflux() -> Flow {
    let mr = "https://gitlab.example.com/a/b/-/merge_requests/3".parse().unwrap();
    Flow::Konflux { mr }
}

fn compare(
    flow: &Flow,
    found: &[(&str, &[&str])],
    advisories: &[(Impetus, Erratum)],
    shipment: Option<&[&str]>,
) -> CveVerdict {
    let member = |(impetus, erratum): &(Impetus, Erratum)| Member {
        impetus: impetus.clone(),
        erratum: erratum.clone(),
    };
    let set =
        WorkingSet { members: advisories.iter().map(member).collect(), ..WorkingSet::default() };
    let shipment = shipment.map(keys);
    let attached = Attached { advisories: &set, shipment: shipment.as_deref() };
    find_missed(flow, &trackers(found), attached)
}

fn names(list: &[Tracker]) -> Vec<&str> {
    list.iter().map(|tracker| tracker.key.as_str()).collect()
}

const FOUND: &[(&str, &[&str])] = &[("rhcos", &["OCPBUGS-90012"]), ("image", &["OCPBUGS-90011"])];

#[test]
fn spec02_case_28_each_kind_is_looked_for_where_it_belongs() {
    let rhcos = [(Impetus::Rhcos, erratum(900_002, ErratumKind::Rhsa, &["OCPBUGS-90012"]))];
    let verdict = compare(&konflux(), FOUND, &rhcos, Some(&["OCPBUGS-90011"]));
    assert_eq!(verdict, CveVerdict::default());
    // Nowhere: exactly one.
    let rhcos = [(Impetus::Rhcos, erratum(900_002, ErratumKind::Rhsa, &[]))];
    let verdict = compare(&konflux(), FOUND, &rhcos, Some(&["OCPBUGS-90011"]));
    assert_eq!(names(&verdict.missed), ["OCPBUGS-90012"]);
    assert_eq!(verdict.missed[0].sides, [Side::Advisories]);
    assert_eq!(verdict.missed_on(Side::Shipment).count(), 0);
    assert!(verdict.misplaced.is_empty() && verdict.undetermined.is_empty());
}

#[test]
fn in_the_errata_flow_every_kind_belongs_to_the_advisories() {
    let image = [(Impetus::Image, erratum(1, ErratumKind::Rhsa, &["OCPBUGS-90011"]))];
    let verdict = compare(&Flow::Errata, FOUND, &image, None);
    assert_eq!(names(&verdict.missed), ["OCPBUGS-90012"]);
    assert_eq!(verdict.missed[0].sides, [Side::Advisories]);
}

#[test]
fn the_wrong_place_is_a_warning_and_no_blocker() {
    let security = |issues: &[&str]| (Impetus::Rpm, erratum(1, ErratumKind::Rhsa, issues));
    let bugfix = |issues: &[&str]| (Impetus::Rpm, erratum(2, ErratumKind::Rhba, issues));
    for (advisories, shipment, expected) in [
        // A tracker of the payload on an advisory.
        (vec![security(&["OCPBUGS-90011", "OCPBUGS-90012"])], vec![], "RHSA advisory 1 (rpm)"),
        // A tracker of the operating system in the shipment.
        (vec![], vec!["OCPBUGS-90011", "OCPBUGS-90012"], "the shipment"),
        // On an advisory that is no security advisory.
        (vec![bugfix(&["OCPBUGS-90012"])], vec!["OCPBUGS-90011"], "RHBA advisory 2 (rpm)"),
    ] {
        let verdict = compare(&konflux(), FOUND, &advisories, Some(&shipment));
        assert!(verdict.missed.is_empty(), "{expected}: {verdict:?}");
        assert_eq!(verdict.misplaced.len(), 1, "{expected}");
        assert!(verdict.misplaced[0].found.contains(expected), "{verdict:?}");
    }
}

#[test]
fn spec02_case_29_a_key_of_two_kinds_is_one_and_a_shipped_one_is_none() {
    let found: &[(&str, &[&str])] = &[
        ("rpm", &["OCPBUGS-2", "OCPBUGS-1"]),
        ("image", &["OCPBUGS-1", "OCPBUGS-3"]),
        ("rhcos", &["OCPBUGS-2"]),
    ];
    let mut verdict = compare(&konflux(), found, &[], Some(&[]));
    assert_eq!(names(&verdict.missed), ["OCPBUGS-2", "OCPBUGS-1", "OCPBUGS-3"], "in order");
    assert_eq!(verdict.missed[1].kinds, ["rpm", "image"]);
    assert_eq!(verdict.missed[1].sides, [Side::Advisories, Side::Shipment]);
    verdict.without_shipped(&["OCPBUGS-1".to_owned(), "OCPBUGS-9".to_owned()].into());
    assert_eq!(names(&verdict.missed), ["OCPBUGS-2", "OCPBUGS-3"]);
    assert_eq!(verdict.shipped, ["OCPBUGS-1"]);
}

#[test]
fn a_key_of_two_sides_is_in_place_in_either() {
    let found: &[(&str, &[&str])] = &[("rpm", &["OCPBUGS-1"]), ("image", &["OCPBUGS-1"])];
    assert_eq!(compare(&konflux(), found, &[], Some(&["OCPBUGS-1"])), CveVerdict::default());
}

#[test]
fn microshift_counts_only_when_it_has_an_advisory() {
    let found: &[(&str, &[&str])] = &[("microshift", &["OCPBUGS-1", "OCPBUGS-2"])];
    for flow in [konflux(), Flow::Errata] {
        let verdict = compare(&flow, found, &[], Some(&[]));
        assert_eq!(verdict.ignored, ["OCPBUGS-1", "OCPBUGS-2"]);
        assert!(verdict.missed.is_empty());
        let microshift = [(Impetus::Microshift, erratum(3, ErratumKind::Rhsa, &["OCPBUGS-1"]))];
        let verdict = compare(&flow, found, &microshift, Some(&[]));
        assert_eq!(names(&verdict.missed), ["OCPBUGS-2"]);
    }
}

#[test]
fn a_kind_that_nobody_knows_is_told_as_that() {
    let verdict = compare(&konflux(), &[("bootc", &["OCPBUGS-1"])], &[], Some(&[]));
    assert_eq!(verdict.missed[0].kinds, ["unknown"]);
    assert_eq!(verdict.missed[0].sides, [Side::Shipment]);
}

#[test]
fn a_shipment_that_cannot_be_read_leaves_no_verdict() {
    let rhcos = [(Impetus::Rhcos, erratum(900_002, ErratumKind::Rhsa, &["OCPBUGS-90012"]))];
    let verdict = compare(&konflux(), FOUND, &rhcos, None);
    assert!(verdict.missed.is_empty());
    assert_eq!(names(&verdict.undetermined), ["OCPBUGS-90011"]);
}

#[test]
fn an_advisory_that_cannot_be_read_leaves_no_verdict_either() {
    let id = AdvisoryId(900_002);
    let unread = (Impetus::Rhcos, id, AdvisoryError::EmptyComment { id });
    let set = WorkingSet { unreadable: vec![unread], ..WorkingSet::default() };
    let attached = Attached { advisories: &set, shipment: Some(&[]) };
    let verdict = find_missed(&konflux(), &trackers(FOUND), attached);
    assert!(verdict.missed.is_empty(), "{verdict:?}");
    assert_eq!(names(&verdict.undetermined), ["OCPBUGS-90012", "OCPBUGS-90011"]);
}
