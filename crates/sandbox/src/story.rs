//! What everybody else does while time passes: ART, the machinery of tests, whoever owns a service.
//!
//! A story is data in the world. Every deed happens once, when its time has come and what it needs is
//! there; nothing of it is an effect of ours. The clock may go on in any steps: a deed happens at its own
//! time, however late somebody looks.

mod cast;
mod deed;
mod results;
mod times;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::errata::PushClock;
use crate::world::World;

use cast::Cast;

pub use deed::Deed;
pub use times::{Pace, Times};
pub use trouble::{Trouble, UnknownTrouble};

/// The story of one release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// The release it is about.
    pub release: String,
    /// When it begins.
    pub start: Timestamp,
    /// How fast it goes.
    pub pace: Pace,
    /// What goes wrong.
    #[serde(default)]
    pub troubles: BTreeSet<Trouble>,
    /// What was done, and when.
    #[serde(default)]
    pub done: BTreeMap<Deed, Timestamp>,
    /// How many reads were answered, for [`Trouble::FlakyServices`].
    #[serde(default)]
    pub reads: u64,
}

impl Story {
    /// The story of `release` without troubles.
    pub fn of(release: impl Into<String>, start: Timestamp, pace: Pace) -> Self {
        let (troubles, done) = (BTreeSet::new(), BTreeMap::new());
        Self { release: release.into(), start, pace, troubles, done, reads: 0 }
    }

    /// The same with these troubles.
    #[must_use]
    pub fn with(mut self, troubles: &[Trouble]) -> Self {
        self.troubles.extend(troubles);
        self
    }

    /// When `deed` was done.
    pub fn done_at(&self, deed: Deed) -> Option<Timestamp> {
        self.done.get(&deed).copied()
    }

    /// Whether this goes wrong.
    pub fn has(&self, trouble: Trouble) -> bool {
        self.troubles.contains(&trouble)
    }
}

impl World {
    /// Begins the story of `release` now, at the pace of production: it is announced days before its
    /// date.
    pub fn begin_story(&mut self, release: &str, troubles: &[Trouble]) {
        self.story = Some(Story::of(release, self.now, Pace::Real).with(troubles));
        advance(self);
    }

    /// The same for somebody in a hurry: the world's time becomes 20:00 two days before the release's
    /// date, and everything happens within a day and a half.
    pub fn begin_brisk_story(&mut self, release: &str, troubles: &[Trouble]) {
        self.begin_story_with(Pace::Brisk, release, troubles);
    }

    /// The same at any pace: the world's time becomes the one that suits it.
    pub fn begin_story_with(&mut self, pace: Pace, release: &str, troubles: &[Trouble]) {
        if let Some(date) = Cast::read(self, release).release_date {
            self.now = pace.start(date).unwrap_or(self.now);
        }
        self.story = Some(Story::of(release, self.now, pace).with(troubles));
        advance(self);
    }

    /// The same with today's date: the world's time becomes `now`, and the release is announced for the
    /// day that suits the pace, so that programs with a clock of their own find nothing strange.
    pub fn begin_story_at(
        &mut self,
        now: Timestamp,
        release: &str,
        pace: Pace,
        troubles: &[Trouble],
    ) {
        self.now = now;
        if let Some(date) = pace.release_date(now) {
            cast::announce(self, release, date);
        }
        self.story = Some(Story::of(release, now, pace).with(troubles));
        advance(self);
    }
}

/// Lets everything happen that is due at the world's time. Calling it again changes nothing.
pub fn advance(world: &mut World) {
    let Some(mut story) = world.story.take() else { return };
    let cast = Cast::read(world, &story.release);
    push_jobs(world);
    while let Some((at, deed)) = deed::next(world, &story, &cast) {
        deed.happen(world, &story, &cast, at);
        story.done.insert(deed, at);
    }
    world.story = Some(story);
}

/// Push jobs go on with time.
fn push_jobs(world: &mut World) {
    let now = world.now;
    for job in world.errata.advisories.values_mut().flat_map(|advisory| &mut advisory.jobs) {
        if let Some(clock) = &job.clock {
            job.status = clock.status(now).to_owned();
        }
    }
}

/// The clock of a push job that is started now for advisory `id`, whose `pushes` were before; without a
/// story jobs have none.
pub(crate) fn push_clock(world: &World, id: u64, pushes: usize) -> Option<PushClock> {
    let story = world.story.as_ref()?;
    let takes = story.pace.times().push;
    let victim = || Cast::read(world, &story.release).advisories.first() == Some(&id);
    let fails = story.has(Trouble::FlakyPush) && pushes == 0 && victim();
    Some(PushClock { started: world.now, ends: world.now.checked_add(takes).ok()?, fails })
}

/// What `service` answers in place of the real answer, because of a trouble.
pub(crate) fn refusal(world: &mut World, service: &str, method: &http::Method) -> Option<Answer> {
    let now = world.now;
    let story = world.story.as_mut()?;
    if *method == http::Method::GET {
        story.reads += 1;
        if story.has(Trouble::FlakyServices) && story.reads % trouble::FLAKY_EVERY == 0 {
            return Some(Answer::message(503, "Service Unavailable"));
        }
    }
    let token_is_dead = service == "gitlab" && trouble::token_is_dead(story, now);
    token_is_dead.then(|| Answer::message(401, "401 Unauthorized"))
}

#[cfg(test)]
mod tests;
