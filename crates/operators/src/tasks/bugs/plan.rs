//! What a run of `drop-bugs` set out to do, in lines that it stores before it begins.
//!
//! A bug that was detached leaves no trace at the advisory, and neither does the approval that this
//! cost. So the plan is in the task's record before the first change, and a run after one that was
//! ended in the middle still asks for the approvals and tells of all bugs. A record of `Pass` closes
//! the plan.

use std::collections::{BTreeMap, BTreeSet};

use oar_errata::AdvisoryId;
use oar_jira::IssueKey;

const ADVISORY: &str = "to drop from advisory ";
const SHIPMENT: &str = "to drop from the shipment: ";
const DOCS: &str = "docs";
const PRODSEC: &str = "prodsec";

/// What is to go from one advisory, and what was approved before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) keys: BTreeSet<IssueKey>,
    pub(super) docs: bool,
    pub(super) prodsec: bool,
}

/// What is to go, by place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) advisories: BTreeMap<AdvisoryId, Share>,
    pub(super) shipment: BTreeSet<IssueKey>,
}

impl Plan {
    pub(super) fn is_empty(&self) -> bool {
        self.advisories.is_empty() && self.shipment.is_empty()
    }

    /// All keys, each once.
    pub(super) fn keys(&self) -> BTreeSet<&IssueKey> {
        let of_advisories = self.advisories.values().flat_map(|share| &share.keys);
        of_advisories.chain(&self.shipment).collect()
    }

    /// One line per place, for people and for [`Plan::remembered`].
    pub(super) fn lines(&self) -> Vec<String> {
        let listed = |keys: &BTreeSet<IssueKey>| {
            keys.iter().map(IssueKey::as_str).collect::<Vec<_>>().join(", ")
        };
        let of_advisory = |(id, share): (&AdvisoryId, &Share)| {
            let approved: Vec<&str> = [(share.docs, DOCS), (share.prodsec, PRODSEC)]
                .into_iter()
                .filter_map(|(is_approved, who)| is_approved.then_some(who))
                .collect();
            format!("{ADVISORY}{id} (approved: {}): {}", approved.join(" "), listed(&share.keys))
        };
        let mut lines: Vec<String> = self.advisories.iter().map(of_advisory).collect();
        if !self.shipment.is_empty() {
            lines.push(format!("{SHIPMENT}{}", listed(&self.shipment)));
        }
        lines
    }

    /// The plan in a stored log. A line that is not one of ours, or that somebody edited, is not read.
    pub(super) fn remembered(log: &str) -> Self {
        let mut plan = Self::default();
        for line in log.lines() {
            if let Some((_, rest)) = line.split_once(ADVISORY)
                && let Some((id, share)) = share(rest)
            {
                let known = plan.advisories.entry(id).or_default();
                known.keys.extend(share.keys);
                known.docs |= share.docs;
                known.prodsec |= share.prodsec;
            } else if let Some((_, rest)) = line.split_once(SHIPMENT)
                && let Some(keys) = keys(rest)
            {
                plan.shipment.extend(keys);
            }
        }
        plan
    }
}

/// `980172 (approved: docs prodsec): OCPBUGS-1, OCPBUGS-2`.
fn share(text: &str) -> Option<(AdvisoryId, Share)> {
    let (id, rest) = text.split_once(" (approved: ")?;
    let (approved, list) = rest.split_once("): ")?;
    let has = |who: &str| approved.split(' ').any(|word| word == who);
    let share = Share { keys: keys(list)?, docs: has(DOCS), prodsec: has(PRODSEC) };
    Some((AdvisoryId(id.parse().ok()?), share))
}

fn keys(list: &str) -> Option<BTreeSet<IssueKey>> {
    list.split(", ").map(|key| key.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn a_key() -> impl Strategy<Value = IssueKey> {
        "[A-Z]{1,8}-[1-9][0-9]{0,5}".prop_map(|key| key.parse().expect("a key"))
    }

    fn a_share() -> impl Strategy<Value = Share> {
        let keys = prop::collection::btree_set(a_key(), 1..4);
        (keys, any::<bool>(), any::<bool>()).prop_map(|(keys, docs, prodsec)| Share {
            keys,
            docs,
            prodsec,
        })
    }

    proptest! {
        #[test]
        fn a_plan_is_read_back_from_the_log_that_it_was_written_to(
            advisories in prop::collection::btree_map((1..999_999_u64).prop_map(AdvisoryId), a_share(), 0..4),
            shipment in prop::collection::btree_set(a_key(), 0..4),
        ) {
            let plan = Plan { advisories, shipment };
            let mut lines = plan.lines();
            lines.insert(0, "something else".to_owned());
            let logged = |line: &String| format!("2026-03-02T09:00:00Z: INFO: {line}");
            let log: Vec<String> = lines.iter().map(logged).collect();
            prop_assert_eq!(Plan::remembered(&log.join("\n")), plan);
        }

        #[test]
        fn no_log_is_too_strange_to_be_read(log in "\\PC{0,80}", rest in "\\PC{0,40}") {
            Plan::remembered(&log);
            Plan::remembered(&format!("{log}{ADVISORY}{rest}\n{SHIPMENT}{rest}"));
        }
    }
}
