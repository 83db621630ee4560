//! Release versions and y-streams: one type for every comparison (spec 01 §2, requirement R26).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not a version of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct VersionError {
    /// What was given.
    pub text: String,
    /// What would be right, with an example.
    pub expected: &'static str,
}

/// A minor release stream such as `4.20` or `5.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct YStream {
    major: u16,
    minor: u16,
}

impl YStream {
    /// The stream `major.minor`; `minor` has at most two digits in every known stream.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// First number, `4` in `4.20`.
    pub const fn major(self) -> u16 {
        self.major
    }

    /// Second number, `20` in `4.20`.
    pub const fn minor(self) -> u16 {
        self.minor
    }
}

impl fmt::Display for YStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for YStream {
    type Err = VersionError;

    /// Reads `^\d+\.\d{1,2}$` without leading zeros (spec 01 §10.2).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || VersionError { text: text.to_owned(), expected: "a y-stream such as 4.20" };
        let (major, minor) = text.split_once('.').ok_or_else(error)?;
        if minor.len() > 2 {
            return Err(error());
        }
        Ok(Self {
            major: number(major).ok_or_else(error)?,
            minor: number(minor).ok_or_else(error)?,
        })
    }
}

/// A decimal number as semantic versions write it: digits only, no leading zero.
fn number(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// A release as its tag names it: `4.20.7`, `4.22.0-rc.1`, also a nightly build's full name.
///
/// Ordered by semantic versioning: `4.9.0 < 4.10.0-ec.1 < 4.10.0-rc.2 < 4.10.0-rc.10 < 4.10.0`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReleaseVersion {
    version: semver::Version,
    stream: YStream,
}

impl ReleaseVersion {
    /// The y-stream the release belongs to.
    pub const fn y_stream(&self) -> YStream {
        self.stream
    }

    /// First number.
    pub const fn major(&self) -> u16 {
        self.stream.major
    }

    /// Third number.
    pub const fn patch(&self) -> u64 {
        self.version.patch
    }

    /// True for exactly three numbers (`4.20.7`), the form announced as a z-stream release.
    pub fn is_z_stream(&self) -> bool {
        self.version.pre.is_empty() && self.version.build.is_empty()
    }

    /// The kind of pre-release, if this is an engineering, feature or release candidate.
    pub fn candidate(&self) -> Option<Candidate> {
        let (kind, number) = self.version.pre.as_str().split_once('.')?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        match kind {
            "ec" => Some(Candidate::Engineering),
            "fc" => Some(Candidate::Feature),
            "rc" => Some(Candidate::Release),
            _ => None,
        }
    }

    /// The name of this release's assembly in ART's `releases.yml` (spec 01 §2): `rc.1` for
    /// `4.22.0-rc.1`, otherwise the whole version.
    pub fn assembly_key(&self) -> String {
        if self.candidate().is_some() {
            self.version.pre.as_str().to_owned()
        } else {
            self.version.to_string()
        }
    }
}

/// The pre-release kinds that ART announces; ordered as they appear in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Candidate {
    /// `ec.N`, published in the `{major}-dev-preview` stream.
    Engineering,
    /// `fc.N`.
    Feature,
    /// `rc.N`.
    Release,
}

impl fmt::Display for ReleaseVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.version.fmt(f)
    }
}

/// Longest version, bytes: it becomes part of file names, tags (128 characters) and branches.
const LONGEST: usize = 64;

impl FromStr for ReleaseVersion {
    type Err = VersionError;

    /// Strict semantic version of the whole text (spec 01 §2); y-streams keep their two-digit minor.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || VersionError {
            text: text.to_owned(),
            expected: "a release version such as 4.20.7 or 4.22.0-rc.1",
        };
        if text.len() > LONGEST {
            return Err(error());
        }
        let version = semver::Version::parse(text).map_err(|_| error())?;
        let narrow = |n: u64| u16::try_from(n).map_err(|_| error());
        let stream = YStream::new(narrow(version.major)?, narrow(version.minor)?);
        Ok(Self { version, stream })
    }
}

impl Ord for ReleaseVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.version.cmp(&other.version)
    }
}

impl PartialOrd for ReleaseVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

macro_rules! serde_as_text {
    ($($name:ty),*) => {$(
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
pub(crate) use serde_as_text;

serde_as_text!(YStream, ReleaseVersion);
