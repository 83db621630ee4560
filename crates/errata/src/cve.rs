//! Which CVE trackers of a release were missed (spec 02 §5.2, 03 §7). Pure.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use oar_release::Flow;
use serde::Serialize;

use crate::client::ErrataRead;
use crate::elliott::Trackers;
use crate::state::AdvisoryState;
use crate::words::Impetus;
use crate::working_set::{Member, WorkingSet};

/// Where a tracker belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// To an RHSA advisory of the release.
    Advisories,
    /// To the shipment.
    Shipment,
}

/// A tracker and the kinds that elliott listed it under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tracker {
    /// The Jira key.
    pub key: String,
    /// The kinds; `unknown` for one that nobody knows.
    pub kinds: Vec<String>,
    /// Where it belongs; both when it is listed under kinds of both.
    pub sides: Vec<Side>,
}

/// A tracker that is attached to something that does not ship its fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Misplaced {
    /// The tracker.
    pub tracker: Tracker,
    /// Where it is, in words.
    pub found: String,
}

/// What there is to compare with.
#[derive(Debug, Clone, Copy)]
pub struct Attached<'a> {
    /// The release's advisories, as [`WorkingSet::load_with_microshift`] reads them; one that could
    /// not be read may hold anything.
    pub advisories: &'a WorkingSet,
    /// The issues that the shipment fixes; `None` when they could not be read.
    pub shipment: Option<&'a [String]>,
}

impl Attached<'_> {
    /// Whether a key that was not found may be where nobody could look.
    fn is_partial(&self, flow: &Flow) -> bool {
        !self.advisories.unreadable.is_empty() || (flow.is_konflux() && self.shipment.is_none())
    }
}

/// The comparison. Nothing is missed only when `missed` and `undetermined` are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CveVerdict {
    /// Attached nowhere, each once, in the order elliott listed them.
    pub missed: Vec<Tracker>,
    /// Attached in the wrong place; worth a warning.
    pub misplaced: Vec<Misplaced>,
    /// Not found, and not all of the advisories and the shipment could be read.
    pub undetermined: Vec<Tracker>,
    /// Keys listed only for `MicroShift`, which this release does not have.
    pub ignored: Vec<String>,
    /// Keys that were missed and are shipped already: their fix went out before.
    pub shipped: Vec<String>,
}

impl CveVerdict {
    /// Takes out of the missed (and undetermined) those in `shipped`.
    pub fn without_shipped(&mut self, shipped: &BTreeSet<String>) {
        for list in [&mut self.missed, &mut self.undetermined] {
            let gone = list.iter().filter(|tracker| shipped.contains(&tracker.key));
            self.shipped.extend(gone.map(|tracker| tracker.key.clone()));
            list.retain(|tracker| !shipped.contains(&tracker.key));
        }
        for key in &self.shipped {
            tracing::info!(key, "this tracker is shipped already");
        }
    }

    /// The missed trackers that belong to `side`.
    pub fn missed_on(&self, side: Side) -> impl Iterator<Item = &Tracker> {
        self.missed.iter().filter(move |tracker| tracker.sides.contains(&side))
    }
}

/// Compares what elliott found with what is attached.
pub fn find_missed(flow: &Flow, trackers: &Trackers, attached: Attached<'_>) -> CveVerdict {
    let has_microshift =
        attached.advisories.members.iter().any(|one| one.impetus == Impetus::Microshift);
    let mut verdict = CveVerdict::default();
    let (belonging, ignored) = belonging(flow, trackers, has_microshift);
    for tracker in belonging {
        let on = Places::of(&tracker.key, attached);
        match on.judge(&tracker, attached.is_partial(flow)) {
            Judgement::InPlace => {}
            Judgement::Misplaced(found) => verdict.misplaced.push(Misplaced { tracker, found }),
            Judgement::Missed => verdict.missed.push(tracker),
            Judgement::Undetermined => verdict.undetermined.push(tracker),
        }
    }
    for key in ignored {
        tracing::info!(key, "listed only for MicroShift, which has no advisory in this release");
        verdict.ignored.push(key);
    }
    verdict
}

/// Every key once, in order, with its kinds and sides; and the keys that belong nowhere.
fn belonging(flow: &Flow, trackers: &Trackers, microshift: bool) -> (Vec<Tracker>, Vec<String>) {
    let mut order: Vec<Tracker> = Vec::new();
    let mut at: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, keys) in &trackers.0 {
        let (kind, side) = owner(flow, kind, microshift);
        for key in keys {
            let index = *at.entry(key).or_insert_with(|| {
                let key = key.clone();
                order.push(Tracker { key, kinds: Vec::new(), sides: Vec::new() });
                order.len() - 1
            });
            let tracker = &mut order[index];
            if !tracker.kinds.iter().any(|known| known == kind) {
                tracker.kinds.push(kind.to_owned());
            }
            tracker.sides.extend(side.filter(|side| !tracker.sides.contains(side)));
        }
    }
    let (belonging, nowhere): (Vec<_>, Vec<_>) =
        order.into_iter().partition(|tracker| !tracker.sides.is_empty());
    (belonging, nowhere.into_iter().map(|tracker| tracker.key).collect())
}

/// Which side a kind belongs to; none for `MicroShift` where the release has no such advisory.
fn owner<'k>(flow: &Flow, kind: &'k str, microshift: bool) -> (&'k str, Option<Side>) {
    let shipped_by = if flow.is_konflux() { Side::Shipment } else { Side::Advisories };
    match Impetus::from(kind) {
        Impetus::Rpm | Impetus::Rhcos => (kind, Some(Side::Advisories)),
        Impetus::Microshift => (kind, microshift.then_some(Side::Advisories)),
        Impetus::Image | Impetus::Extras | Impetus::Metadata => (kind, Some(shipped_by)),
        Impetus::Other(_) => ("unknown", Some(shipped_by)),
    }
}

/// Where a key is attached.
struct Places {
    security: bool,
    others: Vec<String>,
    shipment: bool,
}

enum Judgement {
    InPlace,
    Misplaced(String),
    Missed,
    Undetermined,
}

impl Places {
    fn of(key: &str, attached: Attached<'_>) -> Self {
        let members = attached.advisories.members.iter();
        let holding: Vec<&Member> = members.filter(|one| one.erratum.has_issue(key)).collect();
        let name = |Member { impetus, erratum }: &&Member| {
            format!("the {} advisory {} ({impetus})", erratum.kind, erratum.id)
        };
        Self {
            security: holding.iter().any(|one| one.erratum.kind.is_security()),
            others: holding.iter().map(name).collect(),
            shipment: attached.shipment.is_some_and(|keys| keys.iter().any(|known| known == key)),
        }
    }

    fn judge(&self, tracker: &Tracker, partial: bool) -> Judgement {
        let in_place = tracker.sides.iter().any(|side| match side {
            Side::Advisories => self.security,
            Side::Shipment => self.shipment,
        });
        if in_place {
            return Judgement::InPlace;
        }
        let mut found = self.others.clone();
        found.extend(self.shipment.then(|| "the shipment".to_owned()));
        if !found.is_empty() {
            return Judgement::Misplaced(found.join(", "));
        }
        if partial { Judgement::Undetermined } else { Judgement::Missed }
    }
}

/// Which of `keys` an advisory of any release has shipped. A key that cannot be looked up is told
/// and stays: it is better to ask about a fix that is out than to miss one that is not.
pub async fn shipped_keys(
    read: &dyn ErrataRead,
    keys: impl IntoIterator<Item = &str>,
) -> (BTreeSet<String>, Vec<String>) {
    let keys: Vec<&str> = keys.into_iter().collect();
    let answers = join_all(keys.iter().map(|key| read.issue_advisories(key))).await;
    let (mut shipped, mut warnings) = (BTreeSet::new(), Vec::new());
    for (key, answer) in keys.into_iter().zip(answers) {
        match answer {
            Ok(advisories) => {
                if advisories.iter().any(|one| one.state == AdvisoryState::ShippedLive) {
                    shipped.insert(key.to_owned());
                }
            }
            Err(error) => warnings.push(format!("advisories of {key}: {}", error.whole())),
        }
    }
    (shipped, warnings)
}

#[cfg(test)]
mod tests;
