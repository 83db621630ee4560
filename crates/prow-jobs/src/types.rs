//! What the release controller says.

use std::fmt;

use serde::Deserialize;

/// The phase of a tag. A word that is not known here is kept and shown (spec 08 R22).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Phase {
    /// Tests have not begun.
    Pending,
    /// Tests run.
    Ready,
    /// Promoted.
    Accepted,
    /// Tests failed or a person refused it.
    Rejected,
    /// The release could not be made.
    Failed,
    /// Any other word.
    Other(String),
}

impl From<String> for Phase {
    fn from(word: String) -> Self {
        match word.as_str() {
            "Pending" => Self::Pending,
            "Ready" => Self::Ready,
            "Accepted" => Self::Accepted,
            "Rejected" => Self::Rejected,
            "Failed" => Self::Failed,
            _ => Self::Other(word),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "Pending",
            Self::Ready => "Ready",
            Self::Accepted => "Accepted",
            Self::Rejected => "Rejected",
            Self::Failed => "Failed",
            Self::Other(word) => word,
        })
    }
}

/// Whether a release is promoted (spec 01 §12.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Promotion {
    /// It is.
    Accepted,
    /// It is not, or not yet.
    NotPromoted {
        /// The phase shown; `None` when no stream has the release.
        phase: Option<Phase>,
    },
    /// It could not be found out: wait, never a failure.
    Unknown {
        /// Why, masked, in one line.
        problem: String,
    },
}

/// A tag of a release stream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// Its name: the release.
    pub name: String,
    /// Its phase.
    pub phase: Phase,
    /// Where its image is.
    #[serde(default)]
    pub pull_spec: Option<String>,
}

/// What the release controller tells about the digest of a release's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToldDigest {
    /// It is this one, as the service words it: `sha256:<hexadecimal digits>`.
    Known(String),
    /// The service has the release and does not tell its digest: the changes are not rendered, or
    /// there is no release before it to compare with.
    NotRendered,
    /// No stream has the release.
    NoSuchRelease,
}

/// A tag with what changed since the one before.
#[derive(Debug, Deserialize)]
pub(crate) struct ChangedTag {
    pub(crate) name: String,
    #[serde(default, rename = "changeLogJson")]
    pub(crate) changes: Option<Changes>,
}

/// The two ends of the changes, as far as they are read.
#[derive(Debug, Deserialize)]
pub(crate) struct Changes {
    #[serde(default)]
    pub(crate) to: Option<ChangesEnd>,
}

/// One end.
#[derive(Debug, Deserialize)]
pub(crate) struct ChangesEnd {
    #[serde(default)]
    pub(crate) digest: Option<String>,
}
