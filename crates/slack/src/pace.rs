//! One post per second and channel (spec 05 §2.2).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use oar_transport::pause;
use tokio::time::Instant;

/// Time between two posts to one channel.
const GAP: Duration = Duration::from_secs(1);

/// Hands out places in each channel's queue.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<HashMap<String, Instant>>);

impl Pace {
    /// Returns when `channel` may be posted to; callers get their turn in the order of their calls.
    pub(crate) async fn turn(&self, channel: &str) {
        let wait = {
            let mut free_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            free_at.retain(|_, at| *at > now);
            let turn = free_at.get(channel).copied().unwrap_or(now);
            free_at.insert(channel.to_owned(), turn + GAP);
            turn - now
        };
        if !wait.is_zero() {
            pause::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_channel_gets_one_post_a_second() {
        let pace = Pace::default();
        let start = Instant::now();
        for expected in [0, 1, 2] {
            pace.turn("#a").await;
            assert_eq!(start.elapsed(), Duration::from_secs(expected));
        }
        pace.turn("#b").await;
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }
}
