//! How far long work is, for people who wait. It is no part of any result.
//!
//! A task says what it does and how far it is; where that is shown is the face's business: a bar on a
//! terminal, now and then a line in a log.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use oar_release::Clock;

/// Between two lines in a log.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Shows long work.
pub trait Progress: Send + Sync + fmt::Debug {
    /// Work begins; `total` is how many steps it has, where that is known. It ends when the meter is
    /// dropped.
    fn start(&self, work: &str, total: Option<usize>) -> Box<dyn Meter>;
}

/// One piece of work that is shown.
pub trait Meter: Send + Sync {
    /// So many of so many steps are done.
    fn at(&self, done: usize, total: usize);
}

/// Shows nothing: tests, and callers that have a display of their own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _work: &str, _total: Option<usize>) -> Box<dyn Meter> {
        Box::new(Self)
    }
}

impl Meter for Silent {
    fn at(&self, _done: usize, _total: usize) {}
}

/// Plain lines in the log: one when a wait begins, and for counted work at most one in 10 s, so that
/// short work says nothing.
#[derive(Debug)]
pub struct Logged {
    clock: Arc<dyn Clock>,
}

impl Logged {
    /// Lines by `clock`'s time.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl Progress for Logged {
    fn start(&self, work: &str, total: Option<usize>) -> Box<dyn Meter> {
        if total.is_none() {
            tracing::info!("{work}");
        }
        let clock = Arc::clone(&self.clock);
        let last = Mutex::new(clock.now());
        Box::new(LoggedMeter { clock, work: work.to_owned(), last })
    }
}

struct LoggedMeter {
    clock: Arc<dyn Clock>,
    work: String,
    last: Mutex<Timestamp>,
}

impl Meter for LoggedMeter {
    fn at(&self, done: usize, total: usize) {
        let now = self.clock.now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if done < total && is_due(*last, now) {
            *last = now;
            tracing::info!("{}: {done} of {total}", self.work);
        }
    }
}

/// Whether another line may be written at `now`. A clock that was set back owes none.
fn is_due(last: Timestamp, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(last)).is_ok_and(|since| since >= LOG_EVERY)
}

#[cfg(test)]
mod tests {
    use oar_release::clock::ManualClock;
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::task_log::{TaskLog, TaskLogLayer, format_line};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    impl<S: tracing::Subscriber> Layer<S> for Lines {
        fn on_event(
            &self,
            event: &tracing::Event<'_>,
            _context: tracing_subscriber::layer::Context<'_, S>,
        ) {
            let line = format_line(Timestamp::UNIX_EPOCH, event);
            self.0.lock().unwrap().push(line);
        }
    }

    #[test]
    fn long_work_is_a_line_in_ten_seconds_and_never_part_of_a_result() {
        let clock = Arc::new(ManualClock::new("2026-03-01T10:00:00Z".parse().unwrap()));
        let (lines, result) = (Lines::default(), TaskLog::new());
        let subscriber = tracing_subscriber::registry()
            .with(lines.clone())
            .with(TaskLogLayer::new(Arc::clone(&clock) as _));
        tracing::subscriber::with_default(subscriber, || {
            result.span("image-consistency-check").in_scope(|| {
                let meter = Logged::new(Arc::clone(&clock) as _).start("grading images", Some(300));
                for done in 0..=300 {
                    meter.at(done, 300);
                    clock.advance(jiff::SignedDuration::from_millis(100));
                }
            });
        });
        let lines = lines.0.lock().unwrap().clone();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].ends_with("grading images: 100 of 300"), "{lines:?}");
        assert_eq!(result.text(), "");
    }

    #[test]
    fn a_wait_is_one_line_when_it_begins() {
        let clock = Arc::new(ManualClock::new("2026-03-01T10:00:00Z".parse().unwrap()));
        let lines = Lines::default();
        let subscriber = tracing_subscriber::registry().with(lines.clone());
        tracing::subscriber::with_default(subscriber, || {
            drop(Logged::new(clock).start("waiting in the queue", None));
        });
        assert_eq!(lines.0.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_clock_that_was_set_back_writes_nothing() {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        assert!(!is_due(now, now - Duration::from_hours(1)));
        assert!(is_due(now, now + LOG_EVERY));
    }
}
