//! A world's time that several processes share: it passes while all of them wait, and stands still
//! while one works.
//!
//! Everybody who waits writes down until when. The one with the nearest end moves the time on, a
//! piece at a time; a process that died waits for nothing and holds nobody up. So a claim is as old as
//! the work of others made it, whatever the machine was busy with, and a rehearsal is the same on a slow
//! machine as on a fast one.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use oar_release::Clock;
use oar_transport::pause::{OtherTime, Stopwatch, sleep_on_machine};

use crate::send::Sandbox;
use crate::store::StoreError;
use crate::world::World;

/// The longest piece of the machine's time between two looks.
const PIECE: Duration = Duration::from_millis(25);
/// The shortest.
const SHORTEST: Duration = Duration::from_millis(2);

/// This process in the time of a world.
#[derive(Debug)]
pub struct SharedTime {
    sandbox: Sandbox,
    speed: NonZeroU32,
    process: u32,
    waits: AtomicU64,
}

impl SharedTime {
    /// Lets this process take part in the time of `sandbox`: `speed` seconds of it pass in a second of
    /// waiting, at most.
    pub fn of(sandbox: &Sandbox, speed: NonZeroU32) -> Result<Arc<Self>, StoreError> {
        let process = std::process::id();
        sandbox.change(|world| drop(world.actors.insert(process, [].into())))?;
        let sandbox = sandbox.clone();
        Ok(Arc::new(Self { sandbox, speed, process, waits: AtomicU64::new(0) }))
    }

    /// Moves time on by what `passed` on the machine, if it is this wait's turn; whether it is over.
    fn look(&self, wait: &Wait<'_>, passed: Duration) -> bool {
        let step = passed.saturating_mul(self.speed.get());
        let looked = self.sandbox.change(|world| {
            world.actors.retain(|process, _| is_alive(*process));
            if is_next(world, wait.until) {
                let then = world.now.checked_add(step).unwrap_or(Timestamp::MAX);
                world.now = world.now.max(then.min(wait.until));
            }
            world.now >= wait.until
        });
        // A world that cannot be kept has no time to wait for.
        looked.unwrap_or(true)
    }
}

/// Whether everybody waits, and nobody for something nearer than `until`.
fn is_next(world: &World, until: Timestamp) -> bool {
    let mut nearest = world.actors.values().map(|waits| waits.values().min());
    nearest.all(|nearest| nearest.is_some_and(|nearest| until <= *nearest))
}

/// A process that ended waits for nothing, also while nobody has taken note of its end.
fn is_alive(process: u32) -> bool {
    let stat = Path::new("/proc").join(process.to_string()).join("stat");
    let Ok(stat) = std::fs::read_to_string(stat) else { return false };
    // The state follows the name, which is in parentheses and may hold anything.
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    !matches!(state, Some('Z' | 'X') | None)
}

impl Clock for SharedTime {
    fn now(&self) -> Timestamp {
        self.sandbox.clock().now()
    }
}

#[async_trait]
impl OtherTime for SharedTime {
    async fn wait(&self, duration: Duration) {
        let Some(wait) = Wait::begin(self, duration) else { return };
        let mut passed = Stopwatch::start();
        loop {
            let left = duration / self.speed.get();
            sleep_on_machine(left.clamp(SHORTEST, PIECE)).await;
            if self.look(&wait, passed.machine()) {
                return;
            }
            passed = Stopwatch::start();
        }
    }
}

/// A wait that others can see, as long as it lasts.
struct Wait<'t> {
    time: &'t SharedTime,
    number: u64,
    until: Timestamp,
}

impl<'t> Wait<'t> {
    /// `None` when the world cannot be kept.
    fn begin(time: &'t SharedTime, duration: Duration) -> Option<Self> {
        let number = time.waits.fetch_add(1, Ordering::Relaxed);
        let until = time.sandbox.change(|world| {
            let until = world.now.checked_add(duration).unwrap_or(Timestamp::MAX);
            world.actors.entry(time.process).or_default().insert(number, until);
            until
        });
        Some(Self { time, number, until: until.ok()? })
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let (process, number) = (self.time.process, self.number);
        // A wait that stays behind is over when its time has come.
        let _forgotten = self.time.sandbox.change(|world| {
            if let Some(waits) = world.actors.get_mut(&process) {
                waits.remove(&number);
            }
        });
    }
}
