//! How long the approval job waits for a release's advisory page (spec 06 §3.6, 08 §1).

use jiff::{SignedDuration, Timestamp};

use crate::time::ReleaseDate;

/// The longest wait, whatever the release date says: the longest that was ever seen is 316 hours.
const LONGEST: SignedDuration = SignedDuration::from_hours(14 * 24);

/// When a job that starts at `start` gives up.
///
/// The page appears when the release ships, so `patience` counts from the beginning of the announced
/// day (UTC) when that is still to come: approvals are given a day before it, and a fixed limit from
/// their start would end in the middle of the usual wait. No job waits longer than 14 days, or than
/// `patience` if that is more.
///
/// ```
/// use jiff::SignedDuration;
/// use oar_release::approval::deadline;
///
/// let (start, two_days) = ("2026-03-09T10:00:00Z".parse()?, SignedDuration::from_hours(48));
/// assert_eq!(deadline(start, two_days, Some("2026-Mar-10".parse()?)).to_string(), "2026-03-12T00:00:00Z");
/// assert_eq!(deadline(start, two_days, None).to_string(), "2026-03-11T10:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn deadline(
    start: Timestamp,
    patience: SignedDuration,
    release_date: Option<ReleaseDate>,
) -> Timestamp {
    let after = |from: Timestamp, span| from.checked_add(span).unwrap_or(Timestamp::MAX);
    let announced = release_date.and_then(|date| date.midnight(0));
    let wanted = after(announced.map_or(start, |day| day.max(start)), patience);
    wanted.min(after(start, patience.max(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(start: &str, hours: i64, date: Option<&str>) -> String {
        let date = date.map(|date| date.parse().unwrap());
        deadline(start.parse().unwrap(), SignedDuration::from_hours(hours), date).to_string()
    }

    #[test]
    fn patience_counts_from_the_release_day_when_that_is_to_come() {
        let start = "2026-03-01T10:00:00Z";
        assert_eq!(until(start, 48, Some("2026-Feb-28")), "2026-03-03T10:00:00Z");
        assert_eq!(until(start, 48, Some("2026-Mar-01")), "2026-03-03T10:00:00Z");
        assert_eq!(until(start, 48, Some("2026-Mar-02")), "2026-03-04T00:00:00Z");
        assert_eq!(until(start, 6, Some("2026-Mar-02")), "2026-03-02T06:00:00Z");
    }

    #[test]
    fn a_date_far_away_does_not_make_a_job_without_end() {
        let start = "2026-03-01T10:00:00Z";
        assert_eq!(until(start, 48, Some("2036-Mar-01")), "2026-03-15T10:00:00Z");
        assert_eq!(until(start, 500, Some("2036-Mar-01")), "2026-03-22T06:00:00Z");
        assert_eq!(until(start, i64::MAX / 3600, None), Timestamp::MAX.to_string());
    }
}
