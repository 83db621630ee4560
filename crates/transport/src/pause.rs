//! The one home of waiting.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::{SignedDuration, Timestamp};
use oar_release::{Clock, Entropy};
use tokio::time::Instant;

/// A time that is not the machine's: that of a model of the world, which several processes share.
#[async_trait]
pub trait OtherTime: Clock {
    /// Waits until `duration` has passed there.
    async fn wait(&self, duration: Duration);
}

/// The time this process waits by, if it is not the machine's.
static OTHER: OnceLock<Arc<dyn OtherTime>> = OnceLock::new();

/// From here on this process waits by `time`. Only the first call counts.
pub fn wait_by(time: Arc<dyn OtherTime>) {
    let _was_set = OTHER.set(time);
}

/// Waits for `duration`: on the runtime's clock, which tests pause, or by what [`wait_by`] was told.
#[expect(clippy::disallowed_methods, reason = "the one home of waiting")]
pub async fn sleep(duration: Duration) {
    match OTHER.get() {
        Some(time) => time.wait(duration).await,
        None => tokio::time::sleep(duration).await,
    }
}

/// Waits on the machine's clock, whatever [`wait_by`] was told.
#[expect(clippy::disallowed_methods, reason = "the one home of waiting")]
pub async fn sleep_on_machine(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Measures time that nobody can set, in the seconds that [`sleep`] waits for.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    machine: Instant,
    other: Option<Timestamp>,
}

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self { machine: Instant::now(), other: OTHER.get().map(|time| time.now()) }
    }

    /// How long it runs on the machine.
    pub fn machine(&self) -> Duration {
        self.machine.elapsed()
    }

    /// How long it runs.
    pub fn elapsed(&self) -> Duration {
        match (self.other, OTHER.get()) {
            (Some(start), Some(time)) => {
                let passed: SignedDuration = time.now().duration_since(start);
                Duration::try_from(passed).unwrap_or_default()
            }
            _ => self.machine.elapsed(),
        }
    }
}

/// Waits that double from `first` to at most `longest`, each ±50 % (spec 00 §d), without end.
#[derive(Debug)]
pub struct Backoff {
    waits: backon::ExponentialBackoff,
    longest: Duration,
}

impl Backoff {
    /// A fresh schedule.
    pub fn new(first: Duration, longest: Duration) -> Self {
        let waits = ExponentialBuilder::new()
            .with_factor(2.0)
            .with_min_delay(first)
            .with_max_delay(longest)
            .without_max_times()
            .build();
        Self { waits, longest }
    }

    /// The next wait.
    pub fn next_wait(&mut self, entropy: &dyn Entropy) -> Duration {
        let wait = self.waits.next().unwrap_or(self.longest);
        wait.mul_f64(0.5 + entropy.fraction())
    }
}

#[cfg(test)]
mod tests {
    use oar_release::clock::SeededEntropy;

    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_stay_within_half_of_it() {
        let entropy = SeededEntropy::new(7);
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
        for expected in [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0] {
            let wait = backoff.next_wait(&entropy).as_secs_f64();
            assert!((0.5 * expected..=1.5 * expected).contains(&wait), "{wait} for {expected}");
        }
    }
}
