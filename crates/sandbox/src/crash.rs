//! Ends the process at the n-th effect point, for the crash sweep.
//!
//! The sweep runs a scenario once to count its points, then again and again, killed at point 1, 2,
//! 3 …, each time followed by a run that must reach the same end with no effect twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use oar_release::effect;

/// Setting that names the point: a number, or `count` to report the number of points at the end.
pub const SETTING: &str = "OAR_SANDBOX_CRASH_AT";

static SEEN: AtomicUsize = AtomicUsize::new(0);

/// Aborts the process, without unwinding or cleaning up, at effect point `number` (from 1).
pub fn abort_at(number: usize) {
    effect::listen(move |_name| {
        if SEEN.fetch_add(1, Ordering::SeqCst) + 1 == number {
            std::process::abort();
        }
    });
}

/// Only counts the points.
pub fn count() {
    effect::listen(|_name| {
        SEEN.fetch_add(1, Ordering::SeqCst);
    });
}

/// How many points this process has passed.
pub fn seen() -> usize {
    SEEN.load(Ordering::SeqCst)
}
