//! States of an advisory, and the moves between them that are legal (spec 02 §1, §3.3; R30).

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::words::AdvisoryId;

/// Where an advisory is on its way to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AdvisoryState {
    /// Being put together.
    NewFiles,
    /// With QE.
    Qe,
    /// QE is done.
    RelPrep,
    /// Waiting to be pushed.
    PushReady,
    /// Being pushed.
    InPush,
    /// Published.
    ShippedLive,
    /// Given up; never part of a release.
    DroppedNoShip,
    /// A word this program does not know; it satisfies nothing and fails nothing (R22).
    Unknown(String),
}

impl AdvisoryState {
    /// The wire's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::NewFiles => "NEW_FILES",
            Self::Qe => "QE",
            Self::RelPrep => "REL_PREP",
            Self::PushReady => "PUSH_READY",
            Self::InPush => "IN_PUSH",
            Self::ShippedLive => "SHIPPED_LIVE",
            Self::DroppedNoShip => "DROPPED_NO_SHIP",
            Self::Unknown(word) => word,
        }
    }

    /// `REL_PREP` or higher: as far as QE is concerned it is shipped.
    pub const fn is_shipped_enough(&self) -> bool {
        matches!(self, Self::RelPrep | Self::PushReady | Self::InPush | Self::ShippedLive)
    }

    /// Past the need of a push to staging.
    pub const fn is_past_staging(&self) -> bool {
        matches!(self, Self::PushReady | Self::InPush | Self::ShippedLive)
    }

    /// Nothing moves it any more.
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::ShippedLive | Self::DroppedNoShip)
    }

    /// The legal moves. A state without any can be left only by somebody outside of QE.
    const fn legal_targets(&self) -> &'static [AdvisoryState] {
        match self {
            Self::NewFiles => &[Self::Qe],
            Self::Qe => &[Self::NewFiles, Self::RelPrep],
            Self::RelPrep => &[Self::NewFiles, Self::Qe],
            _ => &[],
        }
    }
}

impl From<&str> for AdvisoryState {
    fn from(word: &str) -> Self {
        match word {
            "NEW_FILES" => Self::NewFiles,
            "QE" => Self::Qe,
            "REL_PREP" => Self::RelPrep,
            "PUSH_READY" => Self::PushReady,
            "IN_PUSH" => Self::InPush,
            "SHIPPED_LIVE" => Self::ShippedLive,
            "DROPPED_NO_SHIP" => Self::DroppedNoShip,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl fmt::Display for AdvisoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for AdvisoryState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The states that `change-advisory-status` may ask for (spec 02 §7.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum TargetState {
    /// Hand over to QE; approves nothing.
    #[serde(rename = "QE")]
    Qe,
    /// QE is done.
    #[serde(rename = "REL_PREP")]
    RelPrep,
}

impl TargetState {
    /// The state meant.
    pub const fn state(self) -> AdvisoryState {
        match self {
            Self::Qe => AdvisoryState::Qe,
            Self::RelPrep => AdvisoryState::RelPrep,
        }
    }

    /// Whether an advisory in `state` is there already or further on.
    pub const fn is_reached_by(self, state: &AdvisoryState) -> bool {
        state.is_shipped_enough() || matches!((self, state), (Self::Qe, AdvisoryState::Qe))
    }
}

impl fmt::Display for TargetState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Qe => "QE",
            Self::RelPrep => "REL_PREP",
        })
    }
}

/// A state that nobody may ask for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is no state to move advisories to; QE and REL_PREP are")]
pub struct NotATarget {
    /// What was asked for.
    pub word: String,
}

impl FromStr for TargetState {
    type Err = NotATarget;

    fn from_str(word: &str) -> Result<Self, NotATarget> {
        match word {
            "QE" => Ok(Self::Qe),
            "REL_PREP" => Ok(Self::RelPrep),
            other => Err(NotATarget { word: other.to_owned() }),
        }
    }
}

/// A move that the transition table does not have; no request was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("advisory {id} cannot go from {from} to {to}")]
pub struct IllegalMove {
    /// Which advisory.
    pub id: AdvisoryId,
    /// Where it is.
    pub from: AdvisoryState,
    /// Where it was to go.
    pub to: AdvisoryState,
}

/// A legal move of one advisory. Only [`StateMove::plan`] makes one, so an illegal request cannot
/// be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateMove {
    id: AdvisoryId,
    from: AdvisoryState,
    to: AdvisoryState,
}

impl StateMove {
    /// The move of advisory `id` from `from` to `to`; `None` when it is there already.
    ///
    /// ```
    /// use oar_errata::{AdvisoryId, AdvisoryState, StateMove};
    ///
    /// let id = AdvisoryId(990_031);
    /// assert!(StateMove::plan(id, &AdvisoryState::Qe, &AdvisoryState::RelPrep).unwrap().is_some());
    /// assert!(StateMove::plan(id, &AdvisoryState::Qe, &AdvisoryState::Qe).unwrap().is_none());
    /// assert!(StateMove::plan(id, &AdvisoryState::Qe, &AdvisoryState::PushReady).is_err());
    /// ```
    pub fn plan(
        id: AdvisoryId,
        from: &AdvisoryState,
        to: &AdvisoryState,
    ) -> Result<Option<Self>, IllegalMove> {
        if from == to {
            return Ok(None);
        }
        let (from, to) = (from.clone(), to.clone());
        if from.legal_targets().contains(&to) {
            Ok(Some(Self { id, from, to }))
        } else {
            Err(IllegalMove { id, from, to })
        }
    }

    /// Which advisory.
    pub const fn id(&self) -> AdvisoryId {
        self.id
    }

    /// Where it is.
    pub const fn from(&self) -> &AdvisoryState {
        &self.from
    }

    /// Where it goes.
    pub const fn to(&self) -> &AdvisoryState {
        &self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 8] = [
        "NEW_FILES",
        "QE",
        "REL_PREP",
        "PUSH_READY",
        "IN_PUSH",
        "SHIPPED_LIVE",
        "DROPPED_NO_SHIP",
        "HELD_BACK",
    ];

    #[test]
    fn r30_the_transition_table_has_five_moves_and_no_other() {
        let legal = [
            ("NEW_FILES", "QE"),
            ("QE", "NEW_FILES"),
            ("QE", "REL_PREP"),
            ("REL_PREP", "NEW_FILES"),
            ("REL_PREP", "QE"),
        ];
        for from in WORDS {
            for to in WORDS {
                let plan = StateMove::plan(AdvisoryId(1), &from.into(), &to.into());
                match plan {
                    Ok(None) => assert_eq!(from, to),
                    Ok(Some(step)) => {
                        assert!(legal.contains(&(from, to)), "{from} to {to}");
                        assert_eq!((step.from().as_str(), step.to().as_str()), (from, to));
                    }
                    Err(error) => {
                        assert!(!legal.contains(&(from, to)) && from != to, "{error}");
                        assert!(error.to_string().contains(from), "{error}");
                    }
                }
            }
        }
    }

    #[test]
    fn r30_terminal_states_are_recognised() {
        let terminal: Vec<&str> =
            WORDS.into_iter().filter(|word| AdvisoryState::from(*word).is_terminal()).collect();
        assert_eq!(terminal, ["SHIPPED_LIVE", "DROPPED_NO_SHIP"]);
    }

    #[test]
    fn r22_an_unknown_state_keeps_its_word_and_satisfies_nothing() {
        let state = AdvisoryState::from("HELD_BACK");
        assert_eq!(state.to_string(), "HELD_BACK");
        assert!(!state.is_shipped_enough() && !state.is_past_staging() && !state.is_terminal());
        assert!(!TargetState::Qe.is_reached_by(&state));
    }

    #[test]
    fn spec02_case_19_only_qe_and_rel_prep_can_be_asked_for() {
        assert_eq!("QE".parse(), Ok(TargetState::Qe));
        assert_eq!("REL_PREP".parse(), Ok(TargetState::RelPrep));
        for word in ["SHIPPED_LIVE", "NEW_FILES", "qe", ""] {
            let error = word.parse::<TargetState>().unwrap_err();
            assert!(error.to_string().contains("REL_PREP"), "{error}");
        }
    }

    #[test]
    fn a_target_is_reached_by_itself_and_by_what_comes_after() {
        let reached = |target: TargetState| -> Vec<&str> {
            WORDS.into_iter().filter(|word| target.is_reached_by(&(*word).into())).collect()
        };
        assert_eq!(
            reached(TargetState::RelPrep),
            ["REL_PREP", "PUSH_READY", "IN_PUSH", "SHIPPED_LIVE"]
        );
        assert_eq!(
            reached(TargetState::Qe),
            ["QE", "REL_PREP", "PUSH_READY", "IN_PUSH", "SHIPPED_LIVE"]
        );
    }
}
