//! The one home of waiting.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use oar_release::Entropy;
use tokio::time::Instant;

/// How many seconds of waiting fit into one second of the machine.
static SPEED: AtomicU32 = AtomicU32::new(1);

/// From here on a second of waiting takes this process a `speed`-th of a second: for a sandbox whose
/// time passes faster than the machine's.
pub fn hasten(speed: NonZeroU32) {
    SPEED.store(speed.get(), Ordering::Relaxed);
}

fn speed() -> u32 {
    SPEED.load(Ordering::Relaxed)
}

/// Waits for `duration` on the runtime's clock, which tests pause.
#[expect(clippy::disallowed_methods, reason = "the one home of waiting")]
pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration / speed()).await;
}

/// Measures time that nobody can set, in the seconds that [`sleep`] waits for.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long it runs.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed().saturating_mul(speed())
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
