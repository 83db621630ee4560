//! Waiting between two attempts, as a port.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use oar_release::Entropy;

/// Waits. Any function from a duration to a future is one, such as `oar_transport::pause::sleep`.
#[async_trait]
pub trait Pause: Send + Sync {
    /// Waits for `duration`.
    async fn pause(&self, duration: Duration);
}

#[async_trait]
impl<F, W> Pause for F
where
    F: Fn(Duration) -> W + Send + Sync,
    W: Future<Output = ()> + Send,
{
    async fn pause(&self, duration: Duration) {
        self(duration).await;
    }
}

/// How often an update starts again, and how it waits in between (spec 00 §d, GitHub).
#[derive(Clone, Copy)]
pub struct Retry<'p> {
    /// Jitter.
    pub entropy: &'p dyn Entropy,
    /// The waiting itself.
    pub pause: &'p dyn Pause,
}

impl fmt::Debug for Retry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry").finish_non_exhaustive()
    }
}

impl Retry<'_> {
    /// How many times a change is tried before the update gives up.
    pub const ATTEMPTS: u32 = 5;
    const FIRST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(10);

    /// Waits after the failed attempt number `attempt`, from 1: 0.5 s, doubling to 10 s, ±50 %.
    pub(crate) async fn wait(&self, attempt: u32) {
        let doubled = Self::FIRST.saturating_mul(1_u32 << (attempt - 1).min(16));
        let wait = doubled.min(Self::LONGEST).mul_f64(0.5 + self.entropy.fraction());
        self.pause.pause(wait).await;
    }
}
