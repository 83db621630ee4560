//! What this process knows of the branch, all as of one commit.

use std::collections::BTreeMap;

use oar_state_repo::{Change, Expected, FileVersion, RepoPath};

/// The head of the branch as it was last seen, and files of exactly that commit.
///
/// A commit on this head finds these files: so a change that expects nothing else needs no further
/// look, and GitHub refuses it if the head is another one by then.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    head: Option<String>,
    /// `None` for a file that is not there.
    files: BTreeMap<RepoPath, Option<FileVersion>>,
}

impl Seen {
    /// Files as they are at `head`. What was known of another head is forgotten.
    pub(crate) fn learn(
        &mut self,
        head: String,
        files: impl IntoIterator<Item = (RepoPath, Option<FileVersion>)>,
    ) {
        if self.head.as_ref() != Some(&head) {
            self.files.clear();
            self.head = Some(head);
        }
        self.files.extend(files);
    }

    /// Our own commit is the head now.
    pub(crate) fn advance(
        &mut self,
        from: &str,
        to: String,
        files: impl IntoIterator<Item = (RepoPath, Option<FileVersion>)>,
    ) {
        if self.head.as_deref() == Some(from) {
            self.head = Some(to);
            self.files.extend(files);
        } else {
            self.forget();
            self.learn(to, files);
        }
    }

    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The head at which every expectation of `changes` is known to hold.
    pub(crate) fn head_for(&self, changes: &[Change]) -> Option<&str> {
        let holds = |change: &Change| match (self.files.get(&change.path)?, &change.expected) {
            (None, Expected::Absent) => Some(()),
            (Some(found), Expected::Version(expected)) if found == expected => Some(()),
            _ => None,
        };
        changes.iter().all(|change| holds(change).is_some()).then_some(self.head.as_deref())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> RepoPath {
        RepoPath::new(name).unwrap()
    }

    fn version(name: &str) -> FileVersion {
        FileVersion(name.to_owned())
    }

    fn change(name: &str, expected: Option<&str>) -> Change {
        let expected = expected.map_or(Expected::Absent, |name| Expected::Version(version(name)));
        Change { path: path(name), content: Some(Vec::new()), expected }
    }

    fn seen() -> Seen {
        let mut seen = Seen::default();
        seen.learn("h1".to_owned(), [(path("a"), Some(version("a1"))), (path("b"), None)]);
        seen
    }

    #[test]
    fn a_head_counts_only_where_every_expectation_is_known_to_hold() {
        let seen = seen();
        assert_eq!(seen.head_for(&[change("a", Some("a1")), change("b", None)]), Some("h1"));
        for unknown in [change("a", Some("a0")), change("a", None), change("b", Some("b1"))] {
            assert_eq!(seen.head_for(&[change("b", None), unknown]), None);
        }
        assert_eq!(seen.head_for(&[change("c", None)]), None, "nobody looked for c");
        assert_eq!(Seen::default().head_for(&[change("a", None)]), None);
    }

    #[test]
    fn files_of_another_head_are_forgotten() {
        let mut seen = seen();
        seen.learn("h2".to_owned(), [(path("b"), Some(version("b1")))]);
        assert_eq!(seen.head_for(&[change("a", Some("a1"))]), None);
        assert_eq!(seen.head_for(&[change("b", Some("b1"))]), Some("h2"));
        seen.forget();
        assert_eq!(seen.head_for(&[change("b", Some("b1"))]), None);
    }

    #[test]
    fn an_own_commit_keeps_what_it_did_not_touch_only_on_the_head_that_was_known() {
        let mut same = seen();
        same.advance("h1", "h2".to_owned(), [(path("b"), Some(version("b1")))]);
        let both = [change("a", Some("a1")), change("b", Some("b1"))];
        assert_eq!(same.head_for(&both), Some("h2"));
        let mut other = seen();
        other.advance("h0", "h2".to_owned(), [(path("b"), Some(version("b1")))]);
        assert_eq!(other.head_for(&both), None);
        assert_eq!(other.head_for(&both[1..]), Some("h2"));
    }
}
