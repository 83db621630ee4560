//! Which advisories of a release count (spec 02 §2).

use futures_util::future::join_all;
use oar_release::{Flow, TaskOutcome};
use serde::Serialize;

use crate::client::ErrataRead;
use crate::error::AdvisoryError;
use crate::state::AdvisoryState;
use crate::types::Erratum;
use crate::words::{AdvisoryId, Impetus};

/// What ART's data says about a release's advisories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdvisoryMap {
    /// Those that exist, in the order of the data.
    pub created: Vec<(Impetus, AdvisoryId)>,
    /// Those that are announced and not created yet (id ≤ 0); never asked for.
    pub not_created: Vec<Impetus>,
}

impl AdvisoryMap {
    /// The map as the build data is read: numbers by key, and keys without a number.
    pub fn new<'k>(
        created: impl IntoIterator<Item = (&'k str, u64)>,
        not_created: impl IntoIterator<Item = &'k str>,
    ) -> Self {
        let created = created.into_iter().map(|(key, id)| (key.into(), AdvisoryId(id))).collect();
        Self { created, not_created: not_created.into_iter().map(Impetus::from).collect() }
    }

    /// The advisory for `impetus`.
    pub fn id(&self, impetus: &Impetus) -> Option<AdvisoryId> {
        self.created.iter().find(|(known, _)| known == impetus).map(|(_, id)| *id)
    }
}

/// An advisory of the working set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// What it is for.
    pub impetus: Impetus,
    /// The advisory.
    pub erratum: Erratum,
}

/// The advisories that a release's tasks work on: all of the map but `microshift` and those that
/// were dropped. Read once per command.
#[derive(Debug, Default)]
pub struct WorkingSet {
    /// The advisories, in the order of the map.
    pub members: Vec<Member>,
    /// Given up (`DROPPED_NO_SHIP`); left out.
    pub dropped: Vec<(Impetus, AdvisoryId)>,
    /// Placeholders; as long as there is one, nothing passes.
    pub not_created: Vec<Impetus>,
    /// Those that could not be read; as long as there is one, there is no verdict.
    pub unreadable: Vec<(Impetus, AdvisoryId, AdvisoryError)>,
}

impl WorkingSet {
    /// Reads the advisories of `map`, at the same time; `microshift` is not asked for.
    pub async fn load(read: &dyn ErrataRead, map: &AdvisoryMap) -> Self {
        Self::load_those(read, map, |impetus| *impetus != Impetus::Microshift).await
    }

    /// The same with `microshift`: CVE trackers may be attached to it.
    pub async fn load_with_microshift(read: &dyn ErrataRead, map: &AdvisoryMap) -> Self {
        Self::load_those(read, map, |_| true).await
    }

    async fn load_those(
        read: &dyn ErrataRead,
        map: &AdvisoryMap,
        counts: fn(&Impetus) -> bool,
    ) -> Self {
        let wanted: Vec<_> = map.created.iter().filter(|(impetus, _)| counts(impetus)).collect();
        let read = wanted.iter().map(|(_, id)| read.erratum(*id));
        let mut set = Self {
            not_created: map
                .not_created
                .iter()
                .filter(|impetus| counts(impetus))
                .cloned()
                .collect(),
            ..Self::default()
        };
        for ((impetus, id), answer) in wanted.iter().zip(join_all(read).await) {
            let impetus = impetus.clone();
            match answer {
                Ok(erratum) if erratum.state == AdvisoryState::DroppedNoShip => {
                    set.dropped.push((impetus, *id));
                }
                Ok(erratum) => set.members.push(Member { impetus, erratum }),
                Err(error) => set.unreadable.push((impetus, *id, error)),
            }
        }
        set
    }

    /// The numbers of the members.
    pub fn ids(&self) -> Vec<AdvisoryId> {
        self.members.iter().map(|member| member.erratum.id).collect()
    }

    /// What a task says that has nothing to work on, and why; `None` when there is something.
    ///
    /// Without any advisory the Errata flow has nothing to release, which is wrong; in the Konflux
    /// flow the shipment may be all there is. A placeholder is waited for.
    pub fn when_empty(&self, flow: &Flow) -> Option<(TaskOutcome, String)> {
        if !self.members.is_empty() || !self.unreadable.is_empty() {
            return None;
        }
        if !self.not_created.is_empty() {
            let reason = self.missing();
            return Some((TaskOutcome::Waiting { reason: reason.clone(), recheck: None }, reason));
        }
        let reason = format!("the release has no advisories to work on ({flow} flow)");
        let outcome = if flow.is_konflux() {
            TaskOutcome::Pass
        } else {
            TaskOutcome::Fail { error: reason.clone() }
        };
        Some((outcome, reason))
    }

    /// The placeholders in words.
    pub(crate) fn missing(&self) -> String {
        let names: Vec<&str> = self.not_created.iter().map(Impetus::as_str).collect();
        format!("not created yet: {}", names.join(", "))
    }

    /// The unreadable advisories in words, with the cause of each.
    pub(crate) fn unread(&self) -> Option<String> {
        let words = |(impetus, id, error): &(Impetus, AdvisoryId, AdvisoryError)| {
            format!("advisory {id} ({impetus}): {}", error.whole())
        };
        let words: Vec<String> = self.unreadable.iter().map(words).collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}

/// The state of one advisory, as the shipped-release check shows it.
#[derive(Debug)]
pub struct StateOf {
    /// What it is for.
    pub impetus: Impetus,
    /// Its number.
    pub id: AdvisoryId,
    /// Its state, or why it is not known.
    pub state: Result<AdvisoryState, AdvisoryError>,
}

/// The states of every advisory of `map`, `microshift` and dropped ones too.
pub async fn states(read: &dyn ErrataRead, map: &AdvisoryMap) -> Vec<StateOf> {
    let asked = map.created.iter().map(|(impetus, id)| async move {
        let state = read.erratum(*id).await.map(|erratum| erratum.state);
        StateOf { impetus: impetus.clone(), id: *id, state }
    });
    join_all(asked).await
}

/// Whether all advisories that count are in `REL_PREP` or beyond; `None` when one is not known and
/// none says no.
///
/// Dropped ones do not count, nor does `microshift` in the Konflux flow (spec 06 §4).
/// A placeholder says no, and so does the Errata flow without any advisory.
pub fn all_shipped_enough(
    states: &[StateOf],
    not_created: &[Impetus],
    flow: &Flow,
) -> Option<bool> {
    let counts = |impetus: &Impetus| !(flow.is_konflux() && *impetus == Impetus::Microshift);
    if not_created.iter().any(counts) {
        return Some(false);
    }
    let counted: Vec<&StateOf> = states
        .iter()
        .filter(|one| counts(&one.impetus))
        .filter(|one| !matches!(one.state, Ok(AdvisoryState::DroppedNoShip)))
        .collect();
    let says_no = |one: &&StateOf| matches!(&one.state, Ok(state) if !state.is_shipped_enough());
    if counted.iter().any(says_no) || (counted.is_empty() && !flow.is_konflux()) {
        return Some(false);
    }
    counted.iter().all(|one| one.state.is_ok()).then_some(true)
}
