//! How long everything takes, at both paces, in one table.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use oar_release::ReleaseDate;
use serde::{Deserialize, Serialize};

/// How fast a story goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// As in production: the release is eight days away, and tests take hours.
    Real,
    /// The whole release in about a day.
    Brisk,
    /// The whole release in five hours: for those who go through thousands of them.
    Hasty,
}

/// The durations of a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// From the start until the candidate's result file is there.
    pub candidate_file: SignedDuration,
    /// From a result file until its tests have a verdict.
    pub tests: SignedDuration,
    /// From the start until the shipment's release to stage ends.
    pub stage_release: SignedDuration,
    /// Until ART has repaired something.
    pub repair: SignedDuration,
    /// From the start until the build is promoted.
    pub promotion: SignedDuration,
    /// From promotion until the payload is signed.
    pub signing: SignedDuration,
    /// From promotion until the build's result file is there.
    pub promoted_file: SignedDuration,
    /// A push to staging.
    pub push: SignedDuration,
    /// A new job of Jenkins waits in the queue.
    pub queue: SignedDuration,
    /// The stage tests on Jenkins.
    pub stage_testing: SignedDuration,
    /// A run on Prow.
    pub prow_run: SignedDuration,
    /// When the advisory's page is published, counted from midnight of the release date.
    pub page: SignedDuration,
    /// By how much a late page is late.
    pub page_delay: SignedDuration,
    /// From the last advisory in `REL_PREP` until ART ships.
    pub shipping: SignedDuration,
    /// ART does not ship before this, counted from midnight of the release date.
    pub ships_from: SignedDuration,
    /// From shipping until the shipment is merged.
    pub merging: SignedDuration,
    /// How long a token that expired stays that way.
    pub outage: SignedDuration,
}

const fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

const fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// Medians of production where they are known (spec 01 §12.2).
const REAL: Times = Times {
    candidate_file: hours(1),
    tests: hours(6),
    stage_release: hours(4),
    repair: hours(9),
    promotion: hours(20),
    signing: hours(1),
    promoted_file: hours(2),
    push: minutes(65),
    queue: minutes(5),
    stage_testing: hours(4),
    prow_run: hours(3),
    page: hours(-15),
    page_delay: hours(20),
    shipping: hours(6),
    ships_from: hours(12),
    merging: hours(3),
    outage: hours(5),
};

const BRISK: Times = Times {
    candidate_file: minutes(20),
    tests: hours(2),
    stage_release: hours(1),
    repair: hours(2),
    promotion: hours(3),
    signing: minutes(20),
    promoted_file: minutes(30),
    push: minutes(25),
    queue: minutes(2),
    stage_testing: hours(1),
    prow_run: minutes(45),
    page: hours(-15),
    page_delay: hours(8),
    shipping: hours(2),
    ships_from: hours(-12),
    merging: hours(1),
    outage: hours(2),
};

const HASTY: Times = Times {
    candidate_file: minutes(5),
    tests: minutes(40),
    stage_release: minutes(20),
    repair: minutes(60),
    promotion: minutes(40),
    signing: minutes(5),
    promoted_file: minutes(10),
    push: minutes(15),
    queue: minutes(2),
    stage_testing: minutes(30),
    prow_run: minutes(25),
    page: hours(-22),
    page_delay: hours(2),
    shipping: minutes(40),
    ships_from: hours(-23),
    merging: minutes(20),
    outage: minutes(60),
};

impl Pace {
    /// The durations at this pace.
    pub const fn times(self) -> Times {
        match self {
            Self::Real => REAL,
            Self::Brisk => BRISK,
            Self::Hasty => HASTY,
        }
    }

    /// When a story at this pace begins for a release of this date, UTC.
    pub fn start(self, date: ReleaseDate) -> Option<Timestamp> {
        date.midnight(0)?.checked_sub(self.ahead()).ok()
    }

    /// The release's date for a story at this pace that begins at `now`, UTC.
    pub fn release_date(self, now: Timestamp) -> Option<ReleaseDate> {
        let midnight = now.checked_add(self.ahead()).ok()?;
        Some(ReleaseDate::new(midnight.to_zoned(TimeZone::UTC).date()))
    }

    /// How long before midnight of the release's date a story begins.
    const fn ahead(self) -> SignedDuration {
        match self {
            Self::Real => hours(7 * 24 + 15),
            Self::Brisk => hours(28),
            Self::Hasty => hours(26),
        }
    }
}
