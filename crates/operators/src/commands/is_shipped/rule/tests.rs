use super::*;

fn konflux() -> Flow {
    let mr = "https://gitlab.example.com/group/data/-/merge_requests/337";
    Flow::Konflux { mr: mr.parse().expect("a merge request") }
}

fn advisory(impetus: &str, state: AdvisoryState) -> Advisory {
    Advisory { impetus: impetus.into(), id: Some(990_031), state: Ok(Some(state)) }
}

fn read(state: MrState, production: bool) -> Shipment {
    Shipment::Read { state, production: Ok(production) }
}

/// Every shipment there can be, and what it says about shipped and live.
fn shipments() -> Vec<(Shipment, Option<bool>, Option<bool>)> {
    let no_answer = |state| Shipment::Read { state, production: Err("time-out".to_owned()) };
    vec![
        (Shipment::NotCreated, Some(false), Some(false)),
        (Shipment::Unread("503".to_owned()), None, None),
        (read(MrState::Opened, false), Some(false), Some(false)),
        (read(MrState::Opened, true), Some(true), Some(false)),
        (no_answer(MrState::Opened), None, Some(false)),
        (read(MrState::Merged, false), Some(true), Some(true)),
        // A failed check is not fatal where the other one says yes.
        (no_answer(MrState::Merged), Some(true), Some(true)),
        (read(MrState::Closed, false), Some(false), Some(false)),
        (read(MrState::Closed, true), Some(false), Some(false)),
        (read(MrState::Locked, true), Some(true), Some(false)),
    ]
}

#[test]
fn spec06_case_19_a_dropped_advisory_does_not_count_and_rel_prep_is_shipped_but_not_live() {
    let advisories = [
        advisory("rpm", AdvisoryState::ShippedLive),
        advisory("rhcos", AdvisoryState::RelPrep),
        advisory("extras", AdvisoryState::DroppedNoShip),
    ];
    let verdict = judge(&konflux(), &advisories, &read(MrState::Merged, true));
    assert_eq!((verdict.shipped, verdict.live), (Some(true), Some(false)));
    assert_eq!(verdict.details["shipment_mr_status"], "merged");
    let counted: Vec<bool> = verdict.advisories.iter().map(|one| one.counted).collect();
    assert_eq!(counted, [true, true, false]);
    assert_eq!(verdict.details["extras_advisory"], "DROPPED_NO_SHIP");
}

#[test]
fn spec06_case_20_a_closed_merge_request_and_an_advisory_in_qe_are_not_shipped() {
    let live = [advisory("rpm", AdvisoryState::ShippedLive)];
    let verdict = judge(&konflux(), &live, &read(MrState::Closed, true));
    assert_eq!((verdict.shipped, verdict.live), (Some(false), Some(false)));

    let advisories =
        [advisory("rpm", AdvisoryState::RelPrep), advisory("image", AdvisoryState::Qe)];
    let verdict = judge(&Flow::Errata, &advisories, &Shipment::NotApplicable);
    assert_eq!(verdict.shipped, Some(false));
    assert_eq!(verdict.details["image_advisory"], "QE");
}

#[test]
fn every_state_of_the_shipment_has_the_same_keys() {
    let live = [advisory("rpm", AdvisoryState::ShippedLive)];
    let keys = |verdict: &Verdict| verdict.details.keys().cloned().collect::<Vec<_>>();
    let wanted = keys(&judge(&Flow::Errata, &live, &Shipment::NotApplicable));
    assert_eq!(wanted.len(), 5);
    for (shipment, shipped, is_live) in shipments() {
        let verdict = judge(&konflux(), &live, &shipment);
        assert_eq!(keys(&verdict), wanted, "{shipment:?}");
        assert_eq!((verdict.shipped, verdict.live), (shipped, is_live), "{shipment:?}");
    }
}

#[test]
fn microshift_is_reported_and_decides_only_in_the_errata_flow() {
    let advisories =
        [advisory("rpm", AdvisoryState::RelPrep), advisory("microshift", AdvisoryState::NewFiles)];
    let verdict = judge(&konflux(), &advisories, &read(MrState::Merged, true));
    assert_eq!(verdict.shipped, Some(true));
    assert_eq!(verdict.details["microshift_advisory"], "NEW_FILES");
    let verdict = judge(&Flow::Errata, &advisories, &Shipment::NotApplicable);
    assert_eq!(verdict.shipped, Some(false));
}

#[test]
fn what_is_not_known_is_no_yes_and_a_no_beside_it_is_a_no() {
    let unread =
        Advisory { impetus: "rhcos".into(), id: Some(1), state: Err("no ticket".to_owned()) };
    let yes = advisory("rpm", AdvisoryState::ShippedLive);
    let no = advisory("image", AdvisoryState::Qe);
    let merged = read(MrState::Merged, true);
    let verdict = judge(&konflux(), &[yes.clone(), unread.clone()], &merged);
    assert_eq!((verdict.shipped, verdict.live), (None, None));
    assert_eq!(verdict.details["rhcos_advisory"], "error: no ticket");
    assert_eq!(judge(&konflux(), &[unread, no], &merged).shipped, Some(false));
    // A word that this version does not know satisfies nothing.
    let odd = advisory("rpm", AdvisoryState::Unknown("PARKED".to_owned()));
    assert_eq!(judge(&konflux(), &[odd], &merged).shipped, Some(false));
    let planned = Advisory { impetus: "rpm".into(), id: None, state: Ok(None) };
    assert_eq!(judge(&konflux(), &[yes, planned], &merged).shipped, Some(false));
}

#[test]
fn without_an_advisory_only_the_konflux_flow_can_be_shipped() {
    assert_eq!(judge(&konflux(), &[], &read(MrState::Merged, true)).shipped, Some(true));
    let verdict = judge(&Flow::Errata, &[], &Shipment::NotApplicable);
    assert_eq!((verdict.shipped, verdict.live), (Some(false), Some(false)));
}
