//! The bugs that a release fixes, from its advisories and its shipment.

use std::collections::BTreeSet;

use oar_errata::WorkingSet;
use oar_jira::{IssueKey, Issues};

use crate::runner::{TaskError, TaskScope};

/// The keys of both sources, each once, sorted (spec 06 §2.3). What is no key of an issue comes second,
/// as it was written.
pub(super) fn combined<'k>(
    advisories: impl IntoIterator<Item = &'k str>,
    shipment: impl IntoIterator<Item = &'k str>,
) -> (Vec<IssueKey>, Vec<String>) {
    let (mut keys, mut strange) = (BTreeSet::new(), BTreeSet::new());
    for text in advisories.into_iter().chain(shipment) {
        match text.parse::<IssueKey>() {
            Ok(key) => drop(keys.insert(key)),
            Err(_) => drop(strange.insert(text.to_owned())),
        }
    }
    (keys.into_iter().collect(), strange.into_iter().collect())
}

/// The keys attached to the advisories of `set`, an issue of two advisories twice.
pub(super) fn of_advisories(set: &WorkingSet) -> impl Iterator<Item = &str> {
    set.members.iter().flat_map(|member| member.erratum.issues.iter().map(String::as_str))
}

/// Reads the issues; whatever is strange about a key is a warning.
pub(super) async fn read(
    scope: &TaskScope<'_>,
    keys: &[IssueKey],
    strange: &[String],
) -> Result<Issues, TaskError> {
    for text in strange {
        scope.warn(format!("{text:?} is no key of a Jira issue: left alone"));
    }
    let jira = scope.context().services.jira.as_ref().map_err(TaskError::reading)?;
    let issues = jira.ports.read.issues(keys).await;
    let issues = issues.map_err(|error| TaskError::reading(&error))?;
    for key in &issues.not_visible {
        scope.warn(format!("{key} is not visible in Jira: nothing is decided about it"));
    }
    Ok(issues)
}

/// Tells which advisories are not part of the list: dropped, not created, unreadable.
pub(super) fn tell_left_out(scope: &TaskScope<'_>, set: &WorkingSet) {
    for (impetus, id) in &set.dropped {
        scope.say(format!("advisory {id} ({impetus}) was dropped: it is left out"));
    }
    for impetus in &set.not_created {
        scope.warn(format!("the advisory for {impetus} is not created yet"));
    }
    for (impetus, id, error) in &set.unreadable {
        scope.warn(format!("advisory {id} ({impetus}) cannot be read: {}", error.whole()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spec06_case_03_the_keys_of_both_sources_come_once_and_sorted() {
        let (keys, strange) = combined(["OCPBUGS-2", "OCPBUGS-1"], ["OCPBUGS-1"]);
        let keys: Vec<&str> = keys.iter().map(IssueKey::as_str).collect();
        assert_eq!(keys, ["OCPBUGS-1", "OCPBUGS-2"]);
        assert_eq!(strange, [""; 0]);
    }

    #[test]
    fn what_is_no_key_is_told_and_left_alone() {
        let (keys, strange) = combined(["2345678", "OCPBUGS-1"], []);
        assert_eq!((keys.len(), strange), (1, vec!["2345678".to_owned()]));
    }
}
