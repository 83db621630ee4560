//! Freshness grades of images (spec 03 §5.3, 02 §3.10): one rule for both flows.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// How fresh an image is. The order is from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Grade {
    /// The best.
    A,
    /// Still healthy.
    B,
    /// Unhealthy from here on.
    C,
    /// Unhealthy.
    D,
    /// Unhealthy.
    E,
    /// The worst that is known.
    F,
    /// Nothing is known: unhealthy.
    Unknown,
}

impl Grade {
    /// The grade that `letter` names; whatever is no grade is unknown.
    pub fn from_letter(letter: &str) -> Self {
        match letter {
            "A" => Self::A,
            "B" => Self::B,
            "C" => Self::C,
            "D" => Self::D,
            "E" => Self::E,
            "F" => Self::F,
            _ => Self::Unknown,
        }
    }

    /// Whether an image of this grade may be shipped: `A` and `B`.
    pub const fn is_healthy(self) -> bool {
        matches!(self, Self::A | Self::B)
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::E => "E",
            Self::F => "F",
            Self::Unknown => "Unknown",
        })
    }
}

/// One grade and the time for which it holds, as the catalogue words it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct GradeEntry {
    /// The letter.
    #[serde(default)]
    pub grade: Option<String>,
    /// From when.
    #[serde(default)]
    pub start_date: Option<String>,
    /// Until when; without it, for ever.
    #[serde(default)]
    pub end_date: Option<String>,
}

impl GradeEntry {
    /// Whether the grade holds at `now`. A start that is missing or cannot be read never holds; an
    /// end that cannot be read does not end it.
    fn holds(&self, now: Timestamp) -> bool {
        let started = self.start_date.as_deref().and_then(moment).is_some_and(|start| start <= now);
        let ended = self.end_date.as_deref().and_then(moment).is_some_and(|end| end < now);
        started && !ended
    }
}

/// The grade that holds at `now`: the worst of those whose time it is, [`Grade::Unknown`] when it is
/// nobody's time.
pub fn effective_grade(entries: &[GradeEntry], now: Timestamp) -> Grade {
    let current = entries.iter().filter(|entry| entry.holds(now));
    let grade = |entry: &GradeEntry| Grade::from_letter(entry.grade.as_deref().unwrap_or_default());
    current.map(grade).max().unwrap_or(Grade::Unknown)
}

/// A time with zone or offset, a time without (then UTC), or a date (then its midnight).
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let utc = |at: DateTime| at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    if let Ok(at) = text.parse::<DateTime>() {
        return utc(at);
    }
    utc(text
        .strip_suffix('Z')
        .unwrap_or(text)
        .parse::<Date>()
        .ok()?
        .to_datetime(jiff::civil::Time::midnight()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn entry(grade: Option<&str>, start: Option<&str>, end: Option<&str>) -> GradeEntry {
        let text = |text: Option<&str>| text.map(str::to_owned);
        GradeEntry { grade: text(grade), start_date: text(start), end_date: text(end) }
    }

    fn at_noon(entries: &[GradeEntry]) -> Grade {
        effective_grade(entries, "2026-03-11T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn spec03_case_15_the_worst_grade_that_holds_now_counts() {
        let old_a = entry(Some("A"), Some("2025-01-01T00:00:00Z"), None);
        let old_c = entry(Some("C"), Some("2025-02-01T00:00:00Z"), None);
        assert_eq!(at_noon(&[old_a.clone(), old_c]), Grade::C);
        let future = entry(Some("A"), Some("2027-01-01T00:00:00Z"), None);
        assert_eq!(at_noon(std::slice::from_ref(&future)), Grade::Unknown);
        let nameless = entry(None, Some("2025-01-01T00:00:00Z"), None);
        assert_eq!(at_noon(&[nameless, old_a]), Grade::Unknown);
        let startless = entry(Some("F"), None, None);
        let b = entry(Some("B"), Some("2025-01-01T00:00:00Z"), None);
        assert_eq!(at_noon(&[startless, b.clone()]), Grade::B);
        let ended = entry(Some("A"), Some("2025-01-01T00:00:00Z"), Some("2026-03-10T12:00:00Z"));
        assert_eq!(at_noon(&[ended, b]), Grade::B);
        assert_eq!(at_noon(&[]), Grade::Unknown);
    }

    #[test]
    fn spec02_case_20_ended_and_coming_grades_do_not_count() {
        let (past, coming) = ("2025-01-01T00:00:00Z", "2026-03-12T12:00:00Z");
        let a = entry(Some("A"), Some(past), Some("2026-03-10T12:00:00Z"));
        let b = entry(Some("B"), Some(past), None);
        let c = entry(Some("C"), Some(coming), None);
        assert_eq!(at_noon(&[a, b, c]), Grade::B);
        let overlapping = [entry(Some("A"), Some(past), None), entry(Some("F"), Some(past), None)];
        assert_eq!(at_noon(&overlapping), Grade::F);
        assert!(!at_noon(&[]).is_healthy());
    }

    #[rstest]
    #[case("2026-03-11T12:00:00Z", true)]
    #[case("2026-03-11T12:00:01Z", false)]
    #[case("2026-03-11T13:00:00+01:00", true)]
    #[case("2026-03-11T12:00:00", true)]
    #[case("2026-03-11T12:00:00.500000+00:00", false)]
    #[case("2026-03-11", true)]
    #[case("2026-03-11Z", true)]
    #[case("2026-03-12", false)]
    #[case("soon", false)]
    #[case("", false)]
    fn dates_of_every_spelling_are_read(#[case] start: &str, #[case] holds: bool) {
        let grade = at_noon(&[entry(Some("A"), Some(start), None)]);
        assert_eq!(grade == Grade::A, holds, "{start}");
    }

    #[test]
    fn only_a_and_b_are_healthy() {
        let healthy = ["A", "B"].map(Grade::from_letter);
        assert!(healthy.iter().all(|grade| grade.is_healthy()));
        for letter in ["C", "D", "E", "F", "", "a", "AB", "Unknown", "G"] {
            assert!(!Grade::from_letter(letter).is_healthy(), "{letter}");
        }
    }

    #[test]
    fn an_end_that_cannot_be_read_does_not_hide_a_bad_grade() {
        let odd = entry(Some("F"), Some("2025-01-01"), Some("never"));
        let a = entry(Some("A"), Some("2025-01-01"), None);
        assert_eq!(at_noon(&[odd, a]), Grade::F);
    }
}
