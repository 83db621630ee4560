//! What can go wrong in a story, by name.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Story;

/// With [`Trouble::FlakyServices`] every read of this number fails.
pub(super) const FLAKY_EVERY: u64 = 7;

/// Something that goes wrong in a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// The first push of one advisory fails.
    FlakyPush,
    /// The shipment's release to stage fails at first.
    StageReleaseFailsOnce,
    /// The candidate's tests are rejected.
    RejectedCandidate,
    /// The promoted build's tests are rejected.
    RejectedBuildTests,
    /// A tracker is attached nowhere at first.
    MissedCveBug,
    /// The advisory's page is published late.
    LateMetadataUrl,
    /// GitLab's token expires for some hours.
    ExpiredToken,
    /// Services fail now and then.
    FlakyServices,
}

impl Trouble {
    /// Every trouble.
    pub const ALL: [Self; 8] = [
        Self::FlakyPush,
        Self::StageReleaseFailsOnce,
        Self::RejectedCandidate,
        Self::RejectedBuildTests,
        Self::MissedCveBug,
        Self::LateMetadataUrl,
        Self::ExpiredToken,
        Self::FlakyServices,
    ];

    /// Its name on command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FlakyPush => "flaky-push",
            Self::StageReleaseFailsOnce => "stage-release-fails-once",
            Self::RejectedCandidate => "rejected-candidate",
            Self::RejectedBuildTests => "rejected-build-tests",
            Self::MissedCveBug => "missed-cve-bug",
            Self::LateMetadataUrl => "late-metadata-url",
            Self::ExpiredToken => "expired-token",
            Self::FlakyServices => "flaky-services",
        }
    }

    /// What happens, in one line.
    pub const fn description(self) -> &'static str {
        match self {
            Self::FlakyPush => "the first push job of one advisory fails, the next one works",
            Self::StageReleaseFailsOnce => {
                "the shipment's release to stage fails; hours later ART has repaired it"
            }
            Self::RejectedCandidate => "the tests of the candidate build are rejected",
            Self::RejectedBuildTests => {
                "the tests of the promoted build are rejected: a person must decide"
            }
            Self::MissedCveBug => {
                "elliott finds a CVE tracker that is attached nowhere; hours later ART attaches it"
            }
            Self::LateMetadataUrl => "the advisory's page is published many hours late",
            Self::ExpiredToken => {
                "from promotion on GitLab answers 401 for some hours, then the token is renewed"
            }
            Self::FlakyServices => {
                "every seventh read is answered with 503, whichever service it is"
            }
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no trouble has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no trouble {name:?}; known are {}", names())]
pub struct UnknownTrouble {
    /// What was written.
    pub name: String,
}

fn names() -> String {
    Trouble::ALL.map(Trouble::name).join(", ")
}

impl FromStr for Trouble {
    type Err = UnknownTrouble;

    fn from_str(text: &str) -> Result<Self, UnknownTrouble> {
        let known = Self::ALL.into_iter().find(|trouble| trouble.name() == text);
        known.ok_or_else(|| UnknownTrouble { name: text.to_owned() })
    }
}

/// Whether GitLab refuses the token at `now`.
pub(super) fn token_is_dead(story: &Story, now: Timestamp) -> bool {
    let times = story.pace.times();
    let since = story.start.checked_add(times.promotion).unwrap_or(Timestamp::MAX);
    let until = since.checked_add(times.outage).unwrap_or(Timestamp::MAX);
    story.has(Trouble::ExpiredToken) && since <= now && now < until
}
