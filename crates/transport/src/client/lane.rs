//! What all callers of one service share: places in flight, and the wait it asked for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::endpoint::{Policy, Rate};

/// After this long at the latest a service is asked again, whatever it said.
const LONGEST_HOLD: Duration = Duration::from_hours(1);

const NEVER_CLOSED: &str = "the semaphores of a lane are never closed";

/// One service's lane.
#[derive(Debug)]
pub(super) struct Lane {
    all: Arc<Semaphore>,
    writes: Arc<Semaphore>,
    hold: Mutex<Option<Instant>>,
    budget: Option<Budget>,
}

/// A [`Rate`] being spent: requests take their turns in the order in which they ask.
#[derive(Debug)]
struct Budget {
    /// Between two requests in the long run.
    interval: Duration,
    /// How far ahead of that pace a burst may be.
    ahead: Duration,
    /// When the next request would leave at the steady pace.
    next: Mutex<Option<Instant>>,
}

impl Budget {
    fn new(rate: Rate) -> Self {
        let interval = Duration::from_mins(1) / rate.per_minute.max(1);
        let ahead = interval * rate.burst.saturating_sub(1);
        Self { interval, ahead, next: Mutex::new(None) }
    }

    fn turn(&self, patience: Duration) -> Result<Duration, Duration> {
        let now = Instant::now();
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let pace = next.map_or(now, |next| next.max(now));
        let wait = pace.duration_since(now).saturating_sub(self.ahead);
        if !wait.is_zero() && wait >= patience {
            return Err(wait);
        }
        *next = Some(pace + self.interval);
        Ok(wait)
    }
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
            budget: policy.rate.map(Budget::new),
        }
    }

    /// Takes a turn of the service's budget: how long to wait for it, or, when that is longer than
    /// `patience`, the same as an error and no turn taken.
    pub(super) fn turn(&self, patience: Duration) -> Result<Duration, Duration> {
        self.budget.as_ref().map_or(Ok(Duration::ZERO), |budget| budget.turn(patience))
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
