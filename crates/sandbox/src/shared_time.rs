//! A world's time that several processes share: it passes while all of them wait, and stands still
//! while one works.
//!
//! Everybody who waits writes down until when. The one with the nearest end moves the time on, a
//! piece at a time; a process that died waits for nothing and holds nobody up. So a claim is as old as
//! the work of others made it, whatever the machine was busy with, and a rehearsal is the same on a slow
//! machine as on a fast one. Where the world was removed, time is the machine's.

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
    process: String,
    waits: AtomicU64,
}

impl SharedTime {
    /// Lets this process take part in the time of `sandbox`: `speed` seconds of it pass in a second of
    /// waiting, at most.
    pub fn of(sandbox: &Sandbox, speed: NonZeroU32) -> Result<Arc<Self>, StoreError> {
        let process = this_process();
        sandbox.change(|world| drop(world.actors.insert(process.clone(), [].into())))?;
        let sandbox = sandbox.clone();
        Ok(Arc::new(Self { sandbox, speed, process, waits: AtomicU64::new(0) }))
    }

    /// Moves time on by what `passed` on the machine, if it is this wait's turn; whether it is over.
    fn look(&self, wait: &Wait<'_>, passed: Duration) -> Result<bool, StoreError> {
        let step = passed.saturating_mul(self.speed.get());
        self.sandbox.change(|world| {
            world.actors.retain(|process, _| is_alive(process));
            if is_next(world, wait.until) {
                let then = world.now.checked_add(step).unwrap_or(Timestamp::MAX);
                world.now = world.now.max(then.min(wait.until));
            }
            world.now >= wait.until
        })
    }
}

/// Whether everybody waits, and nobody for something nearer than `until`.
fn is_next(world: &World, until: Timestamp) -> bool {
    let mut nearest = world.actors.values().map(|waits| waits.values().min());
    nearest.all(|nearest| nearest.is_some_and(|nearest| until <= *nearest))
}

/// The name of this process among those that share a world's time.
pub(crate) fn this_process() -> String {
    let id = std::process::id().to_string();
    let started = stat(&id).map(|(_, started)| started).unwrap_or_default();
    format!("{id}@{started}")
}

/// A process that ended waits for nothing, also while nobody has taken note of its end, and also when
/// another one has got its number.
fn is_alive(process: &str) -> bool {
    let Some((id, begun)) = process.split_once('@') else { return false };
    stat(id).is_some_and(|(state, started)| !matches!(state, 'Z' | 'X') && started == begun)
}

/// State and start (ticks since boot) of the process `id` (proc(5), fields 3 and 22 of `stat`).
fn stat(id: &str) -> Option<(char, String)> {
    let stat = std::fs::read_to_string(Path::new("/proc").join(id).join("stat")).ok()?;
    // They follow the name, which is in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.to_owned()))
}

impl Clock for SharedTime {
    fn now(&self) -> Timestamp {
        self.sandbox.clock().now()
    }
}

#[async_trait]
impl OtherTime for SharedTime {
    async fn wait(&self, duration: Duration) {
        let Some(wait) = Wait::begin(self, duration) else {
            return sleep_on_machine(duration).await;
        };
        let mut passed = Stopwatch::start();
        loop {
            let left = duration / self.speed.get();
            sleep_on_machine(left.clamp(SHORTEST, PIECE)).await;
            match self.look(&wait, passed.machine()) {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!("the sandbox's time stands still: {error}");
                    return sleep_on_machine(duration).await;
                }
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
            world.actors.entry(time.process.clone()).or_default().insert(number, until);
            until
        });
        Some(Self { time, number, until: until.ok()? })
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let (process, number) = (&self.time.process, self.number);
        // A wait that stays behind is over when its time has come.
        let _forgotten = self.time.sandbox.change(|world| {
            if let Some(waits) = world.actors.get_mut(process) {
                waits.remove(&number);
            }
        });
    }
}
