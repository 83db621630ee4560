//! What all callers of one service share: places in flight, and the wait it asked for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::endpoint::Policy;

/// After this long at the latest a service is asked again, whatever it said.
const LONGEST_HOLD: Duration = Duration::from_hours(1);

const NEVER_CLOSED: &str = "the semaphores of a lane are never closed";

/// One service's lane.
#[derive(Debug)]
pub(super) struct Lane {
    all: Arc<Semaphore>,
    writes: Arc<Semaphore>,
    hold: Mutex<Option<Instant>>,
}

/// A place in flight; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    _write: Option<OwnedSemaphorePermit>,
    _any: OwnedSemaphorePermit,
}

impl Lane {
    pub(super) fn new(policy: &Policy) -> Self {
        Self {
            all: Arc::new(Semaphore::new(policy.in_flight)),
            writes: Arc::new(Semaphore::new(policy.writes_in_flight)),
            hold: Mutex::new(None),
        }
    }

    /// Waits for a place in flight.
    pub(super) async fn place(&self, write: bool) -> Place {
        let take = |semaphore: &Arc<Semaphore>| Arc::clone(semaphore).acquire_owned();
        let write = if write { Some(take(&self.writes).await.expect(NEVER_CLOSED)) } else { None };
        Place { _write: write, _any: take(&self.all).await.expect(NEVER_CLOSED) }
    }

    /// Keeps all callers back for `wait`: the service asked for it.
    pub(super) fn hold_for(&self, wait: Duration) {
        let until = Instant::now() + wait.min(LONGEST_HOLD);
        let mut hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        *hold = Some(hold.map_or(until, |earlier| earlier.max(until)));
    }

    /// How long callers are kept back from now.
    pub(super) fn held_for(&self) -> Option<Duration> {
        let hold = *self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        hold?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}
