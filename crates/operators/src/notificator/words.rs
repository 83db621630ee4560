//! The text of notifications. Its first line is a wire format: later runs read it (spec 02 §8.4).

use oar_jira::adf::{Adf, Inline};
use oar_jira::{Account, Comment, NewComment};
use serde_json::{Value, json};

use super::stage::Kind;

const PREFIX: &str = "Errata Reliability Team Notification - ";
/// The hidden value that says the same without the text.
pub(super) const PROPERTY: &str = "oar.notification";

/// Who is missing, in a fallback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Nobody,
    QaContact,
    Manager,
}

impl Kind {
    /// The end of the first line.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::QaContact => "QA Contact Action Request",
            Self::TeamLead => "Team Lead Action Request",
            Self::Manager => "Manager Action Request",
            Self::Assignee => "Assignee Action Request",
            Self::Reporter => "Reporter Action Request",
        }
    }

    /// The hours that the second line names.
    const fn hours(self) -> u32 {
        match self {
            Self::QaContact | Self::Assignee | Self::Reporter => 24,
            Self::TeamLead => 48,
            Self::Manager => 72,
        }
    }

    const fn request(self, missing: Missing) -> &'static str {
        match (self, missing) {
            (Self::QaContact, _) => "please verify this issue soon.",
            (Self::TeamLead, _) => {
                "please verify this issue, or arrange with your team lead who else can."
            }
            (Self::Manager, _) => {
                "please give the verification of this issue priority, or somebody else the issue."
            }
            (Self::Assignee, Missing::Manager) => {
                "the QA contact has not answered and no team lead or manager was found in Jira: \
                 who could verify this issue?"
            }
            (Self::Assignee, _) => "this issue has no QA contact: who could verify it?",
            (Self::Reporter, _) => {
                "this issue has neither QA contact nor assignee: please give it to somebody."
            }
        }
    }

    /// The word in the hidden value.
    pub(super) fn word(self) -> String {
        json!(self).as_str().unwrap_or_default().to_owned()
    }
}

/// The comment that tells `people`.
pub(super) fn comment(
    kind: Kind,
    people: &[Account],
    missing: Missing,
    on_qa: &str,
    intent: &str,
) -> NewComment {
    let second = format!("This issue has been ON_QA for more than {} hours.", kind.hours());
    let mut line = vec![
        Inline::text(format!("{PREFIX}{}", kind.label())),
        Inline::Break,
        Inline::text(second),
        Inline::Break,
    ];
    for account in people {
        line.push(Inline::mention(&account.account_id, account.name()));
        line.push(Inline::text(" "));
    }
    line.push(Inline::text(kind.request(missing)));
    let mut comment = NewComment::new(Adf::new().paragraph(line), intent);
    comment.property = Some((PROPERTY.to_owned(), json!({ "type": kind.word(), "on_qa": on_qa })));
    comment
}

/// Whether a comment may be a notification.
pub(super) fn is_notification(comment: &Comment) -> bool {
    comment.text.starts_with(PREFIX)
}

/// What a notification asked for: as its hidden value says, else as the first line does.
pub(super) fn kind_of(comment: &Comment, hidden: Option<&Value>) -> Option<Kind> {
    let word = hidden.and_then(|value| value.get("type")).and_then(Value::as_str);
    if let Some(word) = word {
        return Kind::ALL.into_iter().find(|kind| kind.word() == word);
    }
    let first = comment.text.lines().next()?;
    Kind::ALL.into_iter().find(|kind| first.contains(kind.label()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str) -> Account {
        Account {
            account_id: id.to_owned(),
            display_name: Some("A [b] {c}".to_owned()),
            email_address: None,
            active: true,
            account_type: None,
        }
    }

    fn read_back(text: &str) -> Comment {
        Comment {
            id: "1".to_owned(),
            author: None,
            created: jiff::Timestamp::UNIX_EPOCH,
            text: text.to_owned(),
            links: Vec::new(),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for kind in Kind::ALL {
            let written = comment(kind, &[account("a"), account("b")], Missing::Nobody, "T", "i");
            let text = written.body.plain();
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(
                lines[0],
                format!("Errata Reliability Team Notification - {}", kind.label())
            );
            assert!(lines[1].contains(&format!("{} hours", kind.hours())), "{text}");
            assert!(lines[2].starts_with("@A [b] {c} @A [b] {c} "), "{text}");
            let read = read_back(&text);
            assert!(is_notification(&read));
            assert_eq!(kind_of(&read, None), Some(kind));
            let (_, hidden) = written.property.expect("a hidden value");
            assert_eq!(kind_of(&read_back("changed by hand"), Some(&hidden)), Some(kind));
        }
    }

    #[test]
    fn a_label_counts_in_the_first_line_only() {
        let quoted = read_back(&format!("{PREFIX}what?\nTeam Lead Action Request"));
        assert_eq!(kind_of(&quoted, None), None);
        assert!(!is_notification(&read_back("see: Errata Reliability Team Notification - x")));
    }
}
