//! Time that passed on weekdays (spec 02 §8.4), measured exactly and in closed form.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

const DAY: i64 = 86_400_000_000;
const WEEK: i64 = 7 * DAY;
const WORK_WEEK: i64 = 5 * DAY;
/// From Monday, 1969-12-29, to the epoch, a Thursday.
const MONDAY_BEFORE_EPOCH: i64 = 3 * DAY;

/// Which days count: Monday to Friday of one zone, less holidays.
#[derive(Debug, Clone)]
pub struct WorkCalendar {
    zone: TimeZone,
    /// Sorted, without weekends and duplicates.
    holidays: Vec<Date>,
}

impl Default for WorkCalendar {
    /// UTC, no holidays.
    fn default() -> Self {
        Self::new(TimeZone::UTC, [])
    }
}

impl WorkCalendar {
    /// The calendar of `zone` in which `holidays` do not count.
    pub fn new(zone: TimeZone, holidays: impl IntoIterator<Item = Date>) -> Self {
        let mut holidays: Vec<Date> =
            holidays.into_iter().filter(|date| is_weekday(*date)).collect();
        holidays.sort_unstable();
        holidays.dedup();
        Self { zone, holidays }
    }

    /// How much of `[from, to)` fell on weekdays; zero when `to` is not after `from`.
    pub fn weekday_time(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        if to <= from {
            return SignedDuration::ZERO;
        }
        let Ok(offset) = self.zone.to_fixed_offset() else { return self.day_by_day(from, to) };
        let shift = i64::from(offset.seconds()) * 1_000_000 + MONDAY_BEFORE_EPOCH;
        let start = from.as_microsecond() + shift;
        let end = to.as_microsecond() + shift;
        let mut worked = since_first_monday(end) - since_first_monday(start);
        for holiday in &self.holidays {
            let opens = days_since_monday(*holiday) * DAY;
            worked -= (end.min(opens + DAY) - start.max(opens)).max(0);
        }
        SignedDuration::from_micros(worked)
    }

    /// Whether more than `hours` weekday hours lie between `from` and `now`; exactly that many are
    /// not more.
    pub fn more_than_weekday_hours(&self, from: Timestamp, now: Timestamp, hours: u32) -> bool {
        self.weekday_time(from, now) > SignedDuration::from_hours(i64::from(hours))
    }

    /// The first moment at which `hours` weekday hours have passed since `from`; the end of time when
    /// no day counts.
    pub fn after_weekday_hours(&self, from: Timestamp, hours: u32) -> Timestamp {
        let wanted = SignedDuration::from_hours(i64::from(hours));
        let is_enough = |to: Timestamp| self.weekday_time(from, to) >= wanted;
        let (mut short, mut reach) = (from, SignedDuration::from_hours(i64::from(hours)));
        let mut enough = loop {
            match from.checked_add(reach) {
                Ok(to) if is_enough(to) => break to,
                Ok(to) => (short, reach) = (to, reach.saturating_add(reach)),
                Err(_) if is_enough(Timestamp::MAX) => break Timestamp::MAX,
                Err(_) => return Timestamp::MAX,
            }
        };
        while enough.as_microsecond() - short.as_microsecond() > 1 {
            let middle = i64::midpoint(short.as_microsecond(), enough.as_microsecond());
            let Ok(middle) = Timestamp::from_microsecond(middle) else { return enough };
            *(if is_enough(middle) { &mut enough } else { &mut short }) = middle;
        }
        enough
    }

    /// For zones whose days differ in length. Bounded by the days between two timestamps.
    fn day_by_day(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        let mut worked = SignedDuration::ZERO;
        let mut day = from.to_zoned(self.zone.clone()).date();
        let mut opens = from;
        while opens < to {
            let Ok(next) = day.tomorrow() else { break };
            let Ok(midnight) = next.to_zoned(self.zone.clone()) else { break };
            let closes = midnight.timestamp().min(to);
            if is_weekday(day) && self.holidays.binary_search(&day).is_err() {
                worked += closes.duration_since(opens);
            }
            (day, opens) = (next, closes);
        }
        worked
    }
}

/// Weekday microseconds between a Monday and `at`, which counts from that Monday.
const fn since_first_monday(at: i64) -> i64 {
    let within = at.rem_euclid(WEEK);
    at.div_euclid(WEEK) * WORK_WEEK + if within < WORK_WEEK { within } else { WORK_WEEK }
}

/// Days from Monday, 1969-12-29, to `date`.
fn days_since_monday(date: Date) -> i64 {
    const EPOCH_MONDAY: Date = Date::constant(1969, 12, 29);
    date.since(EPOCH_MONDAY).map_or(0, |span| i64::from(span.get_days()))
}

fn is_weekday(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// [`WorkCalendar::more_than_weekday_hours`] in UTC without holidays.
pub fn more_than_weekday_hours(from: Timestamp, now: Timestamp, hours: u32) -> bool {
    if now <= from {
        return false;
    }
    let start = since_first_monday(from.as_microsecond() + MONDAY_BEFORE_EPOCH);
    let end = since_first_monday(now.as_microsecond() + MONDAY_BEFORE_EPOCH);
    end - start > i64::from(hours) * 3_600_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// 2026-03-06 is a Friday.
    #[test]
    fn spec02_case_33_weekday_hours_are_counted_exactly() {
        for (from, now, expected) in [
            ("2026-03-03T10:00:00Z", "2026-03-04T10:00:00Z", false), // exactly 24 h
            ("2026-03-03T10:00:00Z", "2026-03-04T10:00:01Z", true),
            ("2026-03-03T10:00:00Z", "2026-03-04T09:00:00Z", false),
            ("2026-03-03T10:00:00Z", "2026-03-04T10:01:00Z", true),
            ("2026-03-03T10:00:00Z", "2026-03-04T11:00:00Z", true),
            ("2026-03-06T10:00:00Z", "2026-03-09T09:00:00Z", false),
            ("2026-03-06T10:00:00Z", "2026-03-09T11:00:00Z", true),
            ("2026-03-03T10:00:00Z", "2026-03-06T11:00:00Z", true), // 73 h
            ("2026-03-07T10:30:00Z", "2026-03-10T00:01:00Z", true),
            ("2026-03-03T10:00:00Z", "2026-03-03T09:00:00Z", false), // from after now
            ("2026-03-03T10:00:00Z", "2026-03-03T10:00:00Z", false),
            ("2026-03-06T10:00:00Z", "2026-03-09T10:00:00Z", false), // exactly 72 h over a weekend
            ("2026-03-06T10:00:00Z", "2026-03-09T10:01:00Z", true),
            ("2026-03-07T10:30:00Z", "2026-03-10T00:00:00Z", false), // weekend start
            ("2026-03-07T10:30:00Z", "2026-03-10T00:00:01Z", true),
            ("2026-03-07T00:00:00Z", "2026-03-09T00:00:00Z", false), // a whole weekend
        ] {
            let (from, now) = (at(from), at(now));
            assert_eq!(more_than_weekday_hours(from, now, 24), expected, "{from} {now}");
            let calendar = WorkCalendar::default();
            assert_eq!(calendar.more_than_weekday_hours(from, now, 24), expected, "{from} {now}");
        }
    }

    #[test]
    fn the_zone_decides_what_is_a_weekend() {
        // Friday 23:00 UTC is Saturday morning in Tokyo.
        let tokyo = WorkCalendar::new(TimeZone::fixed(jiff::tz::offset(9)), []);
        let (from, to) = (at("2026-03-06T23:00:00Z"), at("2026-03-07T01:00:00Z"));
        assert_eq!(tokyo.weekday_time(from, to), SignedDuration::ZERO);
        assert_eq!(WorkCalendar::default().weekday_time(from, to), SignedDuration::from_hours(1));
    }

    #[test]
    fn days_of_25_hours_count_in_full() {
        // A rule with clock changes on Wednesdays: fall back at the end of the second Wednesday
        // of March 2026 (the 11th), local time.
        let zone = TimeZone::posix("AAA0BBB,M1.1.3/2,M3.2.3/2").unwrap();
        let calendar = WorkCalendar::new(zone, []);
        let (from, to) = (at("2026-03-10T23:00:00Z"), at("2026-03-12T00:00:00Z"));
        assert_eq!(calendar.weekday_time(from, to), SignedDuration::from_hours(25));
    }

    #[test]
    fn holidays_do_not_count() {
        let holiday: Date = "2026-03-04".parse().unwrap();
        let saturday: Date = "2026-03-07".parse().unwrap();
        let calendar = WorkCalendar::new(TimeZone::UTC, [holiday, saturday, holiday]);
        let (from, to) = (at("2026-03-03T12:00:00Z"), at("2026-03-05T12:00:00Z"));
        assert_eq!(calendar.weekday_time(from, to), SignedDuration::from_hours(24));
        let (from, to) = (at("2026-03-04T06:00:00Z"), at("2026-03-04T07:00:00Z"));
        assert_eq!(calendar.weekday_time(from, to), SignedDuration::ZERO);
    }

    proptest! {
        /// The closed form agrees with walking through the days.
        #[test]
        fn closed_form_equals_day_by_day(
            start in -2_000_000_000_i64..4_000_000_000, length in 0_i64..40_000_000, offset in -12_i8..=12,
            holiday in 0_i64..400,
        ) {
            let zone = TimeZone::fixed(jiff::tz::offset(offset));
            let from = Timestamp::from_second(start).unwrap();
            let to = Timestamp::from_second(start + length).unwrap();
            let day = Timestamp::from_second(start + holiday * 86_400).unwrap();
            let calendar = WorkCalendar::new(zone, [day.to_zoned(TimeZone::UTC).date()]);
            prop_assert_eq!(calendar.weekday_time(from, to), calendar.day_by_day(from, to));
        }

        /// What is added is what has then passed, and a moment before it has not.
        #[test]
        fn adding_is_the_inverse_of_measuring(start in 0_i64..4_000_000_000, hours in 1_u32..200) {
            let calendar = WorkCalendar::default();
            let from = Timestamp::from_second(start).unwrap();
            let to = calendar.after_weekday_hours(from, hours);
            let wanted = SignedDuration::from_hours(i64::from(hours));
            prop_assert_eq!(calendar.weekday_time(from, to), wanted);
            prop_assert!(calendar.weekday_time(from, to - SignedDuration::from_micros(1)) < wanted);
        }

        /// More time never makes it less.
        #[test]
        fn monotone(start in 0_i64..4_000_000_000, a in 0_i64..1_000_000, b in 0_i64..1_000_000) {
            let at = |second| Timestamp::from_second(second).unwrap();
            let calendar = WorkCalendar::default();
            let short = calendar.weekday_time(at(start), at(start + a));
            prop_assert!(short <= calendar.weekday_time(at(start), at(start + a + b)));
            prop_assert!(short <= SignedDuration::from_secs(a));
        }
    }
}
