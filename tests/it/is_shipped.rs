//! Story: whether a release is out (spec 06 §4).

use crate::harness::{Place, Run};
use crate::take_ownership::begun;

fn shipped(place: &Place, release: &str, more: &[&str]) -> Run {
    place.sandboxed("oar", &[&["-r", release, "is-shipped", "--json"], more].concat())
}

/// Puts advisory `id` into `state`.
fn advisory(place: &Place, id: u64, state: &str) {
    let changed = place.sandbox().change(|world| {
        let advisory = world.errata.advisories.get_mut(&id).expect("the advisory");
        state.clone_into(&mut advisory.state);
    });
    changed.expect("a change");
}

/// Puts the shipment of 4.99.3 into `state`.
fn shipment(place: &Place, state: &str) {
    let changed = place.sandbox().change(|world| {
        let mut all = world.gitlab.merge_requests.iter_mut();
        let mr = all.find(|mr| mr.iid == 337).expect("the shipment");
        state.clone_into(&mut mr.state);
    });
    changed.expect("a change");
}

#[test]
fn spec06_case_19_a_merged_shipment_with_advisories_in_rel_prep_is_shipped_and_not_live() {
    let place = begun();
    let answer = shipped(&place, "4.99.3", &[]).expect(0).json();
    assert_eq!((&answer["shipped"], &answer["live"]), (&false.into(), &false.into()));
    assert_eq!(answer["determined"], true);
    advisory(&place, 990_031, "SHIPPED_LIVE");
    advisory(&place, 990_032, "REL_PREP");
    shipment(&place, "merged");
    let effects = place.sandbox().world(|world| world.effects.clone());
    let answer = shipped(&place, "4.99.3", &["--exit-code"]).expect(0).json();
    assert_eq!((&answer["shipped"], &answer["live"]), (&true.into(), &false.into()), "{answer}");
    assert_eq!(answer["details"]["shipment_mr_status"], "merged");
    assert_eq!(answer["flow_type"], "konflux");
    advisory(&place, 990_032, "DROPPED_NO_SHIP");
    let answer = shipped(&place, "4.99.3", &[]).expect(0).json();
    assert_eq!((&answer["shipped"], &answer["live"]), (&true.into(), &true.into()), "{answer}");
    assert_eq!(place.sandbox().world(|world| world.effects.clone()), effects, "it only reads");
}

#[test]
fn spec06_case_20_a_closed_shipment_is_not_shipped_and_neither_is_an_advisory_in_qe() {
    let place = begun();
    for id in [990_031, 990_032] {
        advisory(&place, id, "SHIPPED_LIVE");
    }
    shipment(&place, "closed");
    let answer = shipped(&place, "4.99.3", &["--exit-code"]).expect(1).json();
    assert_eq!(answer["shipped"], false);
    assert_eq!(answer["details"]["shipment_mr_state"], "closed");

    let answer = shipped(&place, "4.98.17", &[]).expect(0).json();
    assert_eq!((&answer["shipped"], &answer["flow_type"]), (&false.into(), &"errata".into()));
    assert_eq!(answer["details"]["image_advisory"], "QE", "{answer}");
}

#[test]
fn spec03_case_40_with_a_closed_shipment_nothing_is_shipped_and_with_a_merged_one_it_is() {
    let place = begun();
    for id in [990_031, 990_032] {
        advisory(&place, id, "SHIPPED_LIVE");
    }
    shipment(&place, "closed");
    let answer = shipped(&place, "4.99.3", &[]).expect(0).json();
    assert_eq!(answer["shipped"], false, "{answer}");
    assert_eq!(answer["details"]["shipment_mr_status"], "closed");
    shipment(&place, "merged");
    let answer = shipped(&place, "4.99.3", &[]).expect(0).json();
    assert_eq!(answer["shipped"], true, "{answer}");
}

#[test]
fn an_advisory_that_cannot_be_read_leaves_it_open() {
    let place = begun();
    advisory(&place, 990_031, "REL_PREP");
    shipment(&place, "merged");
    let gone = place.sandbox().change(|world| drop(world.errata.advisories.remove(&990_032)));
    gone.expect("a change");
    let answer = shipped(&place, "4.99.3", &[]).expect(1).json();
    assert_eq!((&answer["shipped"], &answer["determined"]), (&false.into(), &false.into()));
    assert!(answer["details"].to_string().contains("error: "), "{answer}");
    assert_eq!(shipped(&place, "4.99.3", &["--exit-code"]).code, Some(3));
    // One no decides all the same.
    advisory(&place, 990_031, "QE");
    assert_eq!(shipped(&place, "4.99.3", &["--exit-code"]).code, Some(1));
}
