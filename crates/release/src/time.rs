//! Times as the StateBox and the logs write them, and release dates (spec 01 §1.3, §6.2).

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::version::{VersionError, serde_as_text};

/// `YYYY-MM-DDTHH:MM:SSZ`: UTC, whole seconds, literal `Z` (spec 01 §1.3).
pub fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads any RFC 3339 time with an offset, as older files hold them (microseconds, `+00:00`).
pub fn parse_stamp(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// `in 3 days`, `TODAY`, `2 days OVERDUE` (spec 01 §8.3).
pub fn countdown(days: i32) -> String {
    let unit = if days.abs() == 1 { "day" } else { "days" };
    match days {
        0 => "TODAY".to_owned(),
        1.. => format!("in {days} {unit}"),
        _ => format!("{} {unit} OVERDUE", days.unsigned_abs()),
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The announced date of a release, written `2026-Mar-10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReleaseDate(Date);

impl ReleaseDate {
    /// The date `date`.
    pub const fn new(date: Date) -> Self {
        Self(date)
    }

    /// The calendar date.
    pub const fn date(self) -> Date {
        self.0
    }

    /// Whole days from `now`'s UTC date to this one; negative when overdue (spec 06 §6.8).
    pub fn days_from(self, now: Timestamp) -> i32 {
        let today = now.to_zoned(TimeZone::UTC).date();
        self.0.since(today).map_or(0, |span| span.get_days())
    }

    /// Midnight UTC at the start of the date moved by `days`.
    pub fn midnight(self, days: i32) -> Option<Timestamp> {
        let date = self.0.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }
}

impl fmt::Display for ReleaseDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let month = MONTHS[usize::try_from(self.0.month() - 1).unwrap_or_default()];
        write!(f, "{:04}-{month}-{:02}", self.0.year(), self.0.day())
    }
}

impl FromStr for ReleaseDate {
    type Err = VersionError;

    /// Case-insensitive month, one- or two-digit day: `2026-MAY-14`, `2026-Feb-3` (spec 01 §6.2).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || VersionError {
            text: text.to_owned(),
            expected: "a release date such as 2026-Mar-10",
        };
        let mut parts = text.split('-');
        let (Some(year), Some(month), Some(day), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(error());
        };
        let digits = |part: &str, widths: std::ops::RangeInclusive<usize>| {
            let plain = widths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| part.parse::<i16>().ok()).flatten()
        };
        let year = digits(year, 4..=4).ok_or_else(error)?;
        let day = digits(day, 1..=2).and_then(|day| i8::try_from(day).ok()).ok_or_else(error)?;
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month));
        let month = month.and_then(|at| i8::try_from(at + 1).ok()).ok_or_else(error)?;
        Date::new(year, month, day).map(Self).map_err(|_| error())
    }
}

serde_as_text!(ReleaseDate);
