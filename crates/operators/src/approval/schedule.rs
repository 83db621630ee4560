//! What an approval job does next: pure rules over its record and the time (spec 06 §3.6).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::record::{Check, CheckOutcome, JobRecord, JobStatus, whole_seconds};

/// Errors in a row after which somebody is told.
const ALARM: u32 = 5;
/// The most that a wait is moved by chance, so that jobs do not ask all at once.
const JITTER: SignedDuration = SignedDuration::from_secs(30);
/// Waits between tries that met trouble; after the last one the interval holds.
const BACKOFF_MINUTES: [i64; 5] = [1, 2, 4, 8, 16];

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Look at the page now.
    Check {
        /// The deadline is here: after this look there is no other.
        last: bool,
    },
    /// Nothing for so long.
    Wait(Duration),
    /// The job has ended.
    Over,
}

/// What a check means for the people who wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// Nothing new.
    Quiet,
    /// Five errors in a row: tell somebody, once.
    Trouble,
    /// It works again after somebody was told.
    Recovered,
}

impl JobRecord {
    /// What comes next at `now`.
    pub fn step(&self, now: Timestamp) -> Step {
        if !self.status.is_unfinished() {
            return Step::Over;
        }
        if now >= self.deadline {
            return Step::Check { last: true };
        }
        let due = self.next_check_at.min(self.deadline);
        if now >= due {
            return Step::Check { last: false };
        }
        Step::Wait(due.duration_since(now).try_into().unwrap_or_default())
    }

    /// Takes note of a check and has the next one made in an interval. `chance` is in `[0, 1)`.
    pub fn checked(&mut self, check: Check, chance: f64) -> Alarm {
        let at = check.at;
        self.checks += 1;
        let failed = check.outcome == CheckOutcome::Error;
        if self.first.is_none() {
            self.first = Some(check.clone());
        }
        self.last = Some(check);
        self.status = JobStatus::Waiting;
        self.wait_for(at, self.interval(), chance);
        if !failed {
            let warned = std::mem::take(&mut self.warned);
            self.errors_in_row = 0;
            return if warned { Alarm::Recovered } else { Alarm::Quiet };
        }
        if self.errors_in_row == 0 {
            self.trouble_since = Some(at);
        }
        self.errors_in_row += 1;
        if self.errors_in_row >= ALARM && !self.warned {
            self.warned = true;
            return Alarm::Trouble;
        }
        Alarm::Quiet
    }

    /// Takes note of a try at `now` that left the advisories where they are. After `trouble` the next
    /// one comes in 1, 2, 4, 8 and 16 minutes, never later than the interval; what people have to
    /// settle is looked at once an interval.
    pub fn held(&mut self, now: Timestamp, by: String, trouble: bool, chance: f64) {
        self.status = JobStatus::Waiting;
        self.held_by = Some(by);
        let tried = usize::try_from(self.failed_tries).unwrap_or(usize::MAX);
        let minutes = BACKOFF_MINUTES.get(tried).filter(|_| trouble);
        self.failed_tries = if trouble { self.failed_tries.saturating_add(1) } else { 0 };
        let interval = self.interval();
        let wait = minutes.map_or(interval, |wait| SignedDuration::from_mins(*wait).min(interval));
        self.wait_for(now, wait, chance);
    }

    /// Has the next check made at `now`: the job was resumed, or somebody asks for it.
    pub fn hurry(&mut self, now: Timestamp) {
        self.next_check_at = whole_seconds(now);
    }

    /// Whether `what` is to be told about now; from then on it is not.
    pub fn tell_once(&mut self, what: &str) -> bool {
        let known = self.told.iter().any(|told| told == what);
        if !known {
            self.told.push(what.to_owned());
        }
        !known
    }

    /// Ends the job at `now`.
    pub fn end(&mut self, status: JobStatus, conclusion: String, now: Timestamp) {
        (self.status, self.conclusion) = (status, Some(conclusion));
        self.ended_at = Some(whole_seconds(now));
    }

    /// The next check in `wait`, moved by chance: at most 30 seconds and a tenth of the wait.
    fn wait_for(&mut self, now: Timestamp, wait: SignedDuration, chance: f64) {
        let most = JITTER.min(wait / 10);
        let moved = most.as_secs_f64() * (2.0 * chance - 1.0);
        let wait = wait + SignedDuration::try_from_secs_f64(moved).unwrap_or_default();
        // Rounded up: a wait of less than a second must not become none.
        let at = now.checked_add(wait + SignedDuration::from_millis(999)).unwrap_or(Timestamp::MAX);
        self.next_check_at = whole_seconds(at).min(self.deadline);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::record::NewJob;
    use super::*;

    const START: &str = "2026-03-10T10:00:00Z";

    fn at(minutes: i64) -> Timestamp {
        START.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
    }

    fn job() -> JobRecord {
        JobRecord::new(NewJob {
            id: "job".to_owned(),
            release: "4.99.3".parse().unwrap(),
            flow: "konflux",
            now: at(0),
            deadline: at(48 * 60),
            interval: Duration::from_mins(30),
            slack: None,
            allow_draft: false,
        })
    }

    fn check(minutes: i64, outcome: CheckOutcome) -> Check {
        Check { at: at(minutes), outcome, http_status: None, error: None }
    }

    #[test]
    fn checks_come_at_the_interval_and_once_more_at_the_deadline() {
        let mut job = job();
        assert_eq!(job.step(at(0)), Step::Check { last: false });
        job.checked(check(0, CheckOutcome::NotYet), 0.5);
        assert_eq!(job.step(at(0)), Step::Wait(Duration::from_mins(30)));
        assert_eq!(job.step(at(30)), Step::Check { last: false });
        job.checked(check(48 * 60 - 5, CheckOutcome::NotYet), 0.5);
        // Not in 30 minutes: the deadline comes first.
        assert_eq!(job.step(at(48 * 60 - 5)), Step::Wait(Duration::from_mins(5)));
        assert_eq!(job.step(at(48 * 60)), Step::Check { last: true });
        job.end(JobStatus::TimedOut, String::new(), at(48 * 60));
        assert_eq!(job.step(at(48 * 60)), Step::Over);
    }

    #[test]
    fn five_errors_in_a_row_are_told_once_and_so_is_their_end() {
        let mut job = job();
        let mut seen = Vec::new();
        for minute in 0..7 {
            seen.push(job.checked(check(minute, CheckOutcome::Error), 0.5));
        }
        seen.push(job.checked(check(7, CheckOutcome::NotYet), 0.5));
        seen.push(job.checked(check(8, CheckOutcome::Error), 0.5));
        seen.push(job.checked(check(9, CheckOutcome::NotYet), 0.5));
        let mut wanted = [Alarm::Quiet; 10];
        (wanted[4], wanted[7]) = (Alarm::Trouble, Alarm::Recovered);
        assert_eq!(seen, wanted);
        assert_eq!((job.checks, job.errors_in_row), (10, 0));
        assert_eq!(job.trouble_since, Some(at(8)), "each row of errors has its own beginning");
        assert_eq!(job.first.map(|first| first.at), Some(at(0)));
    }

    #[test]
    fn trouble_is_tried_again_after_1_2_4_8_16_minutes_then_every_interval() {
        let mut job = job();
        let wait = |job: &JobRecord| job.next_check_at.duration_since(at(0)).as_mins();
        let mut waits = Vec::new();
        for _ in 0..7 {
            job.held(at(0), "the Errata Tool is down".to_owned(), true, 0.5);
            waits.push(wait(&job));
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        job.held(at(0), "an advisory is in NEW_FILES".to_owned(), false, 0.5);
        assert_eq!((wait(&job), job.failed_tries), (30, 0), "what people settle has the interval");
        job.interval_s = 60;
        job.failed_tries = 3;
        job.held(at(0), String::new(), true, 0.5);
        assert_eq!(wait(&job), 1, "never longer than the interval");
    }

    #[test]
    fn a_thing_is_told_once() {
        let mut job = job();
        assert!(job.tell_once("ticket") && !job.tell_once("ticket") && job.tell_once("alert"));
    }

    proptest! {
        /// A wait is never longer than what is left, and moved by 30 seconds at most.
        #[test]
        fn chance_moves_a_check_by_half_a_minute_at_most(
            chance in 0.0_f64..1.0, interval in 1_u64..10_000, minute in 0_i64..2879
        ) {
            let mut job = job();
            job.interval_s = interval;
            job.checked(check(minute, CheckOutcome::NotYet), chance);
            let due = job.next_check_at.duration_since(at(minute)).as_secs();
            let plain = i64::try_from(interval).unwrap();
            prop_assert!(job.next_check_at <= job.deadline);
            prop_assert!(due <= plain + 31);
            prop_assert!(due >= plain - 31 || job.next_check_at == job.deadline);
        }

        /// Whatever happens, a job that is not over either checks or waits for something ahead.
        #[test]
        fn there_is_always_a_next_step(minute in 0_i64..10_000, chance in 0.0_f64..1.0) {
            let mut job = job();
            job.checked(check(minute, CheckOutcome::Error), chance);
            match job.step(at(minute)) {
                Step::Wait(wait) => prop_assert!(wait > Duration::ZERO),
                Step::Check { last } => prop_assert!(last == (at(minute) >= job.deadline)),
                Step::Over => prop_assert!(false),
            }
        }
    }
}
