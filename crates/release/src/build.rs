//! Build names and architectures, read with a grammar instead of substring tests (R24, R26).

use std::fmt;
use std::str::FromStr;

use crate::version::{ReleaseVersion, VersionError, YStream, serde_as_text};
use serde::{Deserialize, Serialize};

/// A processor architecture of a release payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arch {
    /// `amd64` in URLs and file names, `x86_64` in ART's data.
    Amd64,
    /// `arm64`, `aarch64`.
    Arm64,
    /// `ppc64le` in both spellings.
    Ppc64le,
    /// `s390x` in both spellings.
    S390x,
    /// `multi`: one payload for all of the above.
    Multi,
}

impl Arch {
    /// All architectures, in the order reports list them.
    pub const ALL: [Self; 5] = [Self::Amd64, Self::Arm64, Self::Ppc64le, Self::S390x, Self::Multi];

    /// The spelling of URLs, file names and container platforms: `amd64`.
    pub const fn go_name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
            Self::Ppc64le => "ppc64le",
            Self::S390x => "s390x",
            Self::Multi => "multi",
        }
    }

    /// The spelling of ART's build data and of RPMs: `x86_64`.
    pub const fn rpm_name(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
            other => other.go_name(),
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.go_name())
    }
}

impl FromStr for Arch {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|a| text == a.go_name() || text == a.rpm_name()).ok_or_else(
            || VersionError {
                text: text.to_owned(),
                expected: "an architecture: amd64, arm64, ppc64le, s390x or multi",
            },
        )
    }
}

/// The name of one build: a release (`4.20.7`) or a nightly
/// (`4.20.0-0.nightly-2025-01-28-123456`, `4.20.0-0.nightly-arm64-2025-01-28-123456`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuildName {
    /// A released or candidate version.
    Release(ReleaseVersion),
    /// A nightly build.
    Nightly(Nightly),
}

/// The parts of a nightly build's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nightly {
    stream: YStream,
    /// `YYYY-MM-DD-HHMMSS`; sorts as text, and before the architecture so that order is time.
    stamp: String,
    arch: Arch,
}

impl Nightly {
    /// When the build was made, UTC.
    pub fn built_at(&self) -> Option<jiff::Timestamp> {
        let (date, time) = self.stamp.split_at_checked(10)?;
        let date: jiff::civil::Date = date.parse().ok()?;
        let time = time.strip_prefix('-')?;
        let field = |range: std::ops::Range<usize>| time.get(range)?.parse::<i8>().ok();
        let time = jiff::civil::Time::new(field(0..2)?, field(2..4)?, field(4..6)?, 0).ok()?;
        Some(date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    }

    /// The architecture named in the build; names without one are amd64.
    pub const fn arch(&self) -> Arch {
        self.arch
    }
}

impl BuildName {
    /// The y-stream the build belongs to.
    pub const fn y_stream(&self) -> YStream {
        match self {
            Self::Release(version) => version.y_stream(),
            Self::Nightly(nightly) => nightly.stream,
        }
    }

    /// The nightly's parts, if it is one.
    pub const fn nightly(&self) -> Option<&Nightly> {
        match self {
            Self::Release(_) => None,
            Self::Nightly(nightly) => Some(nightly),
        }
    }
}

impl fmt::Display for BuildName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release(version) => version.fmt(f),
            Self::Nightly(Nightly { stream, stamp, arch: Arch::Amd64 }) => {
                write!(f, "{stream}.0-0.nightly-{stamp}")
            }
            Self::Nightly(Nightly { stream, stamp, arch }) => {
                write!(f, "{stream}.0-0.nightly-{arch}-{stamp}")
            }
        }
    }
}

impl FromStr for BuildName {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || VersionError {
            text: text.to_owned(),
            expected: "a build such as 4.20.7 or 4.20.0-0.nightly-2025-01-28-123456",
        };
        let Some((stream, rest)) = text.split_once(".0-0.nightly-") else {
            let version: ReleaseVersion = text.parse().map_err(|_| error())?;
            // A nightly of a malformed shape must not pass as a release.
            let plain = version.is_z_stream() || version.candidate().is_some();
            return if plain { Ok(Self::Release(version)) } else { Err(error()) };
        };
        let stream = stream.parse().map_err(|_| error())?;
        let (arch, stamp) = if is_stamp(rest) {
            (Arch::Amd64, rest)
        } else {
            let (arch, stamp) = rest.split_once('-').ok_or_else(error)?;
            (arch.parse().map_err(|_| error())?, stamp)
        };
        if !is_stamp(stamp) || arch == Arch::Amd64 && stamp != rest {
            return Err(error());
        }
        Ok(Self::Nightly(Nightly { stream, stamp: stamp.to_owned(), arch }))
    }
}

/// True for `YYYY-MM-DD-HHMMSS`.
fn is_stamp(text: &str) -> bool {
    const SHAPE: &[u8] = b"dddd-dd-dd-dddddd";
    text.len() == SHAPE.len()
        && text.bytes().zip(SHAPE).all(|(b, shape)| match shape {
            b'd' => b.is_ascii_digit(),
            dash => b == *dash,
        })
}

serde_as_text!(Arch, BuildName);
