//! Who is told next about a bug that waits for verification: pure rules (spec 02 §8.5, §8.7).

use jiff::Timestamp;
use oar_release::weekday::WorkCalendar;
use serde::Serialize;

/// Weekday hours between two stages.
const PATIENCE: u32 = 24;

/// What a notification asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// The QA contact verifies.
    QaContact,
    /// The QA contact verifies, or arranges it with the team lead.
    TeamLead,
    /// The QA contact's manager gives it priority, or to somebody else.
    Manager,
    /// In the place of a missing contact: the assignee says who could verify.
    Assignee,
    /// In the place of a missing assignee: the reporter gives it to somebody.
    Reporter,
}

impl Kind {
    /// All, in the order in which labels are looked for.
    pub const ALL: [Self; 5] =
        [Self::QaContact, Self::TeamLead, Self::Manager, Self::Assignee, Self::Reporter];

    const STAGES: [Self; 3] = [Self::QaContact, Self::TeamLead, Self::Manager];

    /// Who is meant, in words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::QaContact => "QA contact",
            Self::TeamLead => "team lead",
            Self::Manager => "manager",
            Self::Assignee => "assignee",
            Self::Reporter => "reporter",
        }
    }

    /// Whether it stands in for a contact that is missing.
    pub const fn is_fallback(self) -> bool {
        matches!(self, Self::Assignee | Self::Reporter)
    }
}

/// A notification that was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notified {
    /// What it asked for.
    pub kind: Kind,
    /// When it was posted.
    pub at: Timestamp,
    /// Number of the comment.
    pub comment: String,
}

/// What the next step depends on.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'n> {
    /// Since when the bug has been `ON_QA`.
    pub on_qa: Timestamp,
    /// Our notifications since then.
    pub notified: &'n [Notified],
    /// Whether there is a QA contact who can be reached.
    pub has_contact: bool,
    /// Whether a look-up found the contact to have no manager in Jira.
    pub lacks_manager: bool,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing before this time.
    Wait {
        /// From then on something is due.
        until: Timestamp,
    },
    /// This stage is told, or whoever stands in for its contact.
    Tell(Kind),
    /// Everybody was told and had their time: the bug is marked.
    Mark,
}

impl Standing<'_> {
    fn newest(&self, fits: impl Fn(Kind) -> bool) -> Option<Timestamp> {
        self.notified.iter().filter(|known| fits(known.kind)).map(|known| known.at).max()
    }

    /// Whether nobody was told since the bug became `ON_QA`: a mark on it is from before.
    pub const fn is_fresh(&self) -> bool {
        self.notified.is_empty()
    }

    /// What is due at `now`.
    ///
    /// Each stage has its time: that of its notification or, while its contact is missing, that of
    /// the fallback, at the earliest 24 weekday hours after the stage before.
    pub fn next(&self, now: Timestamp, calendar: &WorkCalendar) -> Next {
        let due = |since: Timestamp| calendar.more_than_weekday_hours(since, now, PATIENCE);
        // Hours that are full on a Friday night are exceeded on Monday only.
        let wait = |since: Timestamp| Next::Wait {
            until: calendar.after_weekday_hours(since, PATIENCE).max(now),
        };
        let fallback = self.newest(Kind::is_fallback);
        let mut since = self.on_qa;
        for stage in Kind::STAGES {
            if let Some(own) = self.newest(|kind| kind == stage) {
                since = own;
                continue;
            }
            let stood_in = fallback.filter(|fallback| match stage {
                // Whether the manager is missing is known from a fallback of this very stage.
                Kind::Manager => !self.has_contact || self.lacks_manager || *fallback >= since,
                _ => !self.has_contact,
            });
            match stood_in {
                Some(fallback) => {
                    since = fallback.max(calendar.after_weekday_hours(since, PATIENCE));
                }
                None if due(since) => return Next::Tell(stage),
                None => return wait(since),
            }
        }
        if due(since) { Next::Mark } else { wait(since) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Monday 2026-03-02, 10:00, and `hours` later.
    fn monday(hours: i64) -> Timestamp {
        let start: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        start + jiff::SignedDuration::from_hours(hours)
    }

    fn told(kind: Kind, hours: i64) -> Notified {
        Notified { kind, at: monday(hours), comment: "1".to_owned() }
    }

    fn next(notified: &[Notified], has_contact: bool, hours: i64) -> Next {
        let standing = Standing { on_qa: monday(0), notified, has_contact, lacks_manager: false };
        standing.next(monday(hours), &WorkCalendar::default())
    }

    #[test]
    fn spec02_case_36_the_stages_follow_each_other_by_24_weekday_hours() {
        let mut notified = Vec::new();
        assert_eq!(next(&notified, true, 24), Next::Wait { until: monday(24) });
        assert_eq!(next(&notified, true, 25), Next::Tell(Kind::QaContact));
        notified.push(told(Kind::QaContact, 25));
        assert_eq!(next(&notified, true, 49), Next::Wait { until: monday(49) });
        assert_eq!(next(&notified, true, 50), Next::Tell(Kind::TeamLead));
        notified.push(told(Kind::TeamLead, 50));
        assert_eq!(next(&notified, true, 75), Next::Tell(Kind::Manager));
        notified.push(told(Kind::Manager, 75));
        // 99 h after Monday is Friday 13:00.
        assert_eq!(next(&notified, true, 99), Next::Wait { until: monday(99) });
        assert_eq!(next(&notified, true, 100), Next::Mark);
    }

    #[test]
    fn spec02_case_37_a_fallback_stands_for_all_stages_and_the_mark_comes_72_hours_later() {
        assert_eq!(next(&[], false, 25), Next::Tell(Kind::QaContact));
        let notified = [told(Kind::Assignee, 25)];
        assert_eq!(next(&notified, false, 26), Next::Wait { until: monday(73) + day() });
        // 25 h and 72 weekday hours are Friday 11:00.
        assert_eq!(next(&notified, false, 97), Next::Wait { until: monday(97) });
        assert_eq!(next(&notified, false, 98), Next::Mark);
        // A contact who appears meanwhile is told at once.
        assert_eq!(next(&notified, true, 26), Next::Tell(Kind::QaContact));
        let notified = [told(Kind::Assignee, 25), told(Kind::QaContact, 26)];
        assert_eq!(next(&notified, true, 51), Next::Tell(Kind::TeamLead));
    }

    #[test]
    fn a_wait_that_is_over_at_the_weekend_goes_on_until_more_than_its_hours_have_passed() {
        // 206 h after Monday is Wednesday, 0:00; 72 weekday hours later the weekend begins.
        let notified = [told(Kind::Assignee, 206)];
        assert_eq!(next(&notified, false, 279), Next::Wait { until: monday(279) });
        assert_eq!(next(&notified, false, 278 + 48 + 1), Next::Mark);
    }

    fn day() -> jiff::SignedDuration {
        jiff::SignedDuration::from_hours(24)
    }

    #[test]
    fn a_missing_manager_is_stood_in_for_once() {
        let mut notified = vec![told(Kind::QaContact, 25), told(Kind::TeamLead, 50)];
        assert_eq!(next(&notified, true, 75), Next::Tell(Kind::Manager));
        notified.push(told(Kind::Assignee, 75));
        assert_eq!(next(&notified, true, 76), Next::Wait { until: monday(99) });
        assert_eq!(next(&notified, true, 100), Next::Mark);
        // A fallback from before there was a contact says nothing about the manager.
        let early = [told(Kind::Assignee, 25), told(Kind::QaContact, 30), told(Kind::TeamLead, 60)];
        assert_eq!(next(&early, true, 86), Next::Tell(Kind::Manager));
        // Where there is none, it is not posted again: the mark comes when its time is over.
        let calendar = WorkCalendar::default();
        let lacking =
            Standing { on_qa: monday(0), notified: &early, has_contact: true, lacks_manager: true };
        assert_eq!(lacking.next(monday(86), &calendar), Next::Wait { until: monday(108) });
        assert_eq!(lacking.next(monday(109), &calendar), Next::Mark);
    }

    proptest! {
        /// Whatever happened: once told, never told the same again, and time only moves it on.
        #[test]
        fn nobody_is_told_twice(
            steps in prop::collection::vec((0_usize..5, 0_i64..400), 0..6),
            has_contact in any::<bool>(), hours in 0_i64..600,
        ) {
            let notified: Vec<Notified> =
                steps.into_iter().map(|(kind, at)| told(Kind::ALL[kind], at)).collect();
            match next(&notified, has_contact, hours) {
                Next::Tell(kind) => {
                    prop_assert!(!notified.iter().any(|known| known.kind == kind));
                    prop_assert!(!kind.is_fallback());
                    let later = next(&notified, has_contact, hours + 1);
                    prop_assert_eq!(later, Next::Tell(kind));
                }
                Next::Wait { until } => prop_assert!(until >= monday(hours)),
                Next::Mark => prop_assert_eq!(next(&notified, has_contact, hours + 1), Next::Mark),
            }
        }
    }
}
