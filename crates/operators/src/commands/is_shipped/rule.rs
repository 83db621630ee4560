//! When a release counts as shipped, and as live (spec 06 §4). Pure rules.

use std::collections::BTreeMap;

use oar_errata::{AdvisoryState, Impetus};
use oar_gitlab_shipment::MrState;
use oar_release::Flow;
use serde::Serialize;

/// An advisory, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advisory {
    /// What it is for.
    pub impetus: Impetus,
    /// Its number; none while it is announced and not created.
    pub id: Option<u64>,
    /// Its state, or why it is not known. Without a number there is none to know.
    pub state: Result<Option<AdvisoryState>, String>,
}

/// The shipment merge request, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shipment {
    /// The flow has none.
    NotApplicable,
    /// ART has not made it yet.
    NotCreated,
    /// It could not be read.
    Unread(String),
    /// It was read.
    Read {
        /// Its state.
        state: MrState,
        /// Whether its production release succeeded, or why that is not known.
        production: Result<bool, String>,
    },
}

/// One advisory in the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedAdvisory {
    /// What it is for.
    pub impetus: String,
    /// Its number.
    pub id: Option<u64>,
    /// Its state; none when it is not known, or the advisory is not created.
    pub state: Option<AdvisoryState>,
    /// Whether it decides.
    pub counted: bool,
}

/// The answer. `None` stands for "not known": something could not be read, and nothing says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// QE is done with it: every advisory that counts is in `REL_PREP` or beyond, and in the Konflux
    /// flow the shipment is in production or merged.
    pub shipped: Option<bool>,
    /// Users have it: every advisory that counts is `SHIPPED_LIVE`, and the shipment is merged.
    pub live: Option<bool>,
    /// One text per question, under keys that are the same whatever the answers are.
    pub details: BTreeMap<String, String>,
    /// The advisories.
    pub advisories: Vec<ListedAdvisory>,
}

/// Judges what was read.
///
/// Dropped advisories do not count, nor does `microshift` in the Konflux flow. A merge request that
/// was closed without being merged ships nothing, whatever its labels say. The Errata flow has
/// something to ship, so no counted advisory at all is a no there.
pub fn judge(flow: &Flow, advisories: &[Advisory], shipment: &Shipment) -> Verdict {
    let mut details = BTreeMap::new();
    let mut listed = Vec::new();
    let (mut shipped, mut live) = (Vec::new(), Vec::new());
    for one in advisories {
        details.insert(format!("{}_advisory", one.impetus), advisory_text(one));
        let counted = counts(flow, one);
        if counted {
            shipped.push(known(one, AdvisoryState::is_shipped_enough));
            live.push(known(one, |state| *state == AdvisoryState::ShippedLive));
        }
        let state = one.state.as_ref().ok().cloned().flatten();
        listed.push(ListedAdvisory {
            impetus: one.impetus.to_string(),
            id: one.id,
            state,
            counted,
        });
    }
    if shipped.is_empty() && !flow.is_konflux() {
        shipped.push(Some(false));
        live.push(Some(false));
    }
    if flow.is_konflux() {
        shipped.push(delivered(shipment));
        live.push(merged(shipment));
    }
    details.extend(shipment_details(shipment).map(|(key, text)| (key.to_owned(), text)));
    Verdict { shipped: all(&shipped), live: all(&live), details, advisories: listed }
}

fn counts(flow: &Flow, one: &Advisory) -> bool {
    let dropped = matches!(one.state, Ok(Some(AdvisoryState::DroppedNoShip)));
    let left_out = flow.is_konflux() && one.impetus == Impetus::Microshift;
    !(dropped || left_out)
}

fn known(one: &Advisory, holds: impl Fn(&AdvisoryState) -> bool) -> Option<bool> {
    match &one.state {
        Ok(Some(state)) => Some(holds(state)),
        // Announced and not created.
        Ok(None) => Some(false),
        Err(_) => None,
    }
}

/// One no is enough; a yes needs everybody.
fn all(answers: &[Option<bool>]) -> Option<bool> {
    if answers.contains(&Some(false)) {
        return Some(false);
    }
    answers.iter().all(Option::is_some).then_some(true)
}

fn delivered(shipment: &Shipment) -> Option<bool> {
    match shipment {
        Shipment::NotApplicable | Shipment::Read { state: MrState::Merged, .. } => Some(true),
        Shipment::NotCreated | Shipment::Read { state: MrState::Closed, .. } => Some(false),
        Shipment::Unread(_) => None,
        Shipment::Read { production, .. } => production.as_ref().ok().copied(),
    }
}

fn merged(shipment: &Shipment) -> Option<bool> {
    match shipment {
        Shipment::NotApplicable => Some(true),
        Shipment::NotCreated => Some(false),
        Shipment::Unread(_) => None,
        Shipment::Read { state, .. } => Some(*state == MrState::Merged),
    }
}

fn advisory_text(one: &Advisory) -> String {
    match &one.state {
        Ok(Some(state)) => state.to_string(),
        Ok(None) => "not created".to_owned(),
        Err(why) => format!("error: {why}"),
    }
}

/// The four keys of the shipment; `shipment_mr_status` is kept for old readers.
fn shipment_details(shipment: &Shipment) -> impl Iterator<Item = (&'static str, String)> {
    let texts = match shipment {
        Shipment::NotApplicable => ["not applicable"; 4].map(str::to_owned),
        Shipment::NotCreated => {
            let none = "not created".to_owned();
            [none.clone(), "no".to_owned(), none, "not yet".to_owned()]
        }
        Shipment::Unread(why) => [(); 4].map(|()| format!("error: {why}")),
        Shipment::Read { state, production } => {
            let merged = if *state == MrState::Merged { "yes" } else { "no" };
            let production = match production {
                Ok(true) => "success".to_owned(),
                Ok(false) => "not yet".to_owned(),
                Err(why) => format!("error: {why}"),
            };
            [state.to_string(), merged.to_owned(), state.to_string(), production]
        }
    };
    let keys = ["shipment_mr_state", "shipment_mr_merged", "shipment_mr_status", "prod_release"];
    keys.into_iter().zip(texts)
}

#[cfg(test)]
mod tests;
