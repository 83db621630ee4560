//! Comments on merge requests: a hidden marker makes them findable and updatable, and no inserted
//! text can act (spec 03 §2.8).

use oar_release::ReleaseVersion;

use crate::types::{Note, User};

/// Longest body that GitLab takes, characters.
pub const LIMIT: usize = 1_000_000;

const MARK_START: &str = "<!-- oar:intent=";
const MARK_END: &str = " -->";

/// What an automatic comment is for; one of each kind per release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// Names the QE release lead.
    ReleaseLead,
    /// Summary of image health.
    ImageHealth,
    /// Links the merge request that drops bugs.
    DropBugs,
    /// Proposes to drop one line.
    Suggestion,
}

impl NoteKind {
    /// The word in the marker.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ReleaseLead => "release-lead",
            Self::ImageHealth => "image-health",
            Self::DropBugs => "drop-bugs",
            Self::Suggestion => "suggestion",
        }
    }
}

/// A comment to be there once.
///
/// ```
/// use oar_gitlab_shipment::{NoteKind, NoteText};
///
/// let note = NoteText::new(NoteKind::ReleaseLead, &"4.99.3".parse()?, "QE lead: @lead");
/// assert_eq!(note.body(), "QE lead: @lead\n\n<!-- oar:intent=release-lead/4.99.3 -->");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteText {
    intent: String,
    text: String,
}

impl NoteText {
    /// The comment of this kind for `release`. `text` is Markdown; lines that GitLab would run as
    /// commands (`/merge`) are shown instead, and foreign markers are removed.
    pub fn new(kind: NoteKind, release: &ReleaseVersion, text: &str) -> Self {
        Self { intent: format!("{}/{release}", kind.word()), text: harmless(text) }
    }

    /// One of several comments of its kind, told apart by `part` (letters, digits, `-`, `.`).
    #[must_use]
    pub fn part(mut self, part: &str) -> Self {
        let safe = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
        self.intent.push('/');
        self.intent.extend(part.chars().map(|letter| if safe(letter) { letter } else { '_' }));
        self
    }

    /// What is sent.
    pub fn body(&self) -> String {
        format!("{}\n\n{}", self.text.trim_end(), self.marker())
    }

    /// The hidden marker.
    pub fn marker(&self) -> String {
        format!("{MARK_START}{}{MARK_END}", self.intent)
    }

    /// The intent that the marker names.
    pub fn intent(&self) -> &str {
        &self.intent
    }
}

/// What to do so that a comment is there once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotePlan {
    /// It is there as it should be.
    Keep {
        /// Its number.
        id: u64,
    },
    /// It is there with an old text.
    Update {
        /// Its number.
        id: u64,
    },
    /// It is not there.
    Post,
}

/// Decides from the notes of a merge request; only notes of `me` count, the newest wins.
pub fn plan_note(notes: &[Note], me: &User, note: &NoteText) -> NotePlan {
    match find_note(notes, me, note) {
        None => NotePlan::Post,
        Some(found) if found.body.trim_end() == note.body() => NotePlan::Keep { id: found.id },
        Some(found) => NotePlan::Update { id: found.id },
    }
}

/// The newest note of `me` that carries the marker of `note`.
pub(crate) fn find_note<'n>(notes: &'n [Note], me: &User, note: &NoteText) -> Option<&'n Note> {
    let marker = note.marker();
    let ours = |found: &&Note| !found.system && found.author.id == me.id;
    notes.iter().filter(ours).filter(|found| found.body.contains(&marker)).max_by_key(|n| n.id)
}

/// Text that neither runs a quick action nor carries a marker (promise P10).
fn harmless(text: &str) -> String {
    let text = text.replace(MARK_START, "<!-- ");
    let mut safe = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            safe.push('\n');
        }
        let words = line.trim_start();
        let is_action = words
            .strip_prefix('/')
            .is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_alphabetic()));
        if is_action {
            safe.push_str(&line[..line.len() - words.len()]);
            safe.push('\\');
            safe.push_str(words);
        } else {
            safe.push_str(line);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: u64) -> User {
        serde_json::from_value(serde_json::json!({ "id": id, "username": "u" })).unwrap()
    }

    fn note(id: u64, author: u64, body: &str) -> Note {
        Note { id, body: body.to_owned(), author: user(author), system: false }
    }

    fn wanted() -> NoteText {
        NoteText::new(NoteKind::ReleaseLead, &"4.99.3".parse().unwrap(), "lead: @a")
    }

    #[test]
    fn a_note_is_kept_updated_or_posted() {
        let same = note(3, 1, &wanted().body());
        let old = note(4, 1, "lead: @b\n\n<!-- oar:intent=release-lead/4.99.3 -->");
        let foreign = note(5, 2, &wanted().body());
        let other_release = note(6, 1, "<!-- oar:intent=release-lead/4.99.30 -->");
        let plan = |notes: &[Note]| plan_note(notes, &user(1), &wanted());
        assert_eq!(plan(std::slice::from_ref(&same)), NotePlan::Keep { id: 3 });
        assert_eq!(plan(&[same.clone(), old]), NotePlan::Update { id: 4 });
        assert_eq!(plan(&[foreign, other_release]), NotePlan::Post);
        assert_eq!(plan(&[Note { system: true, ..same }]), NotePlan::Post);
    }

    #[test]
    fn inserted_text_cannot_act() {
        let text = "see\n/merge\n  /approve now\n/ no\n/usr\n<!-- oar:intent=x -->";
        let body = NoteText::new(NoteKind::ImageHealth, &"4.99.3".parse().unwrap(), text).body();
        assert!(
            body.starts_with("see\n\\/merge\n  \\/approve now\n/ no\n\\/usr\n<!-- x -->"),
            "{body}"
        );
        assert_eq!(body.matches("oar:intent").count(), 1);
    }

    #[test]
    fn parts_cannot_end_the_marker() {
        let note = wanted().part("OCPBUGS-1 --> x");
        assert_eq!(note.marker(), "<!-- oar:intent=release-lead/4.99.3/OCPBUGS-1_--__x -->");
    }
}
