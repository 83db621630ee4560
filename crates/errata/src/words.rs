//! What advisories are called: their number, what they are for, their type (spec 02 §1).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of an advisory in the Errata Tool; never a placeholder (ids ≤ 0 mean "not created").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AdvisoryId(pub u64);

impl fmt::Display for AdvisoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an advisory of a release is for: the key of ART's advisory map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Impetus {
    /// Operators and other images that are no part of the payload.
    Extras,
    /// The payload.
    Image,
    /// Operator bundles.
    Metadata,
    /// `MicroShift`; it goes its own way and is no part of the working set.
    Microshift,
    /// RPMs.
    Rpm,
    /// The operating system of the nodes.
    Rhcos,
    /// Any other key, as the data has it (`advance`, `prerelease`, `bootimage`).
    Other(String),
}

impl Impetus {
    /// The key in the build data.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Extras => "extras",
            Self::Image => "image",
            Self::Metadata => "metadata",
            Self::Microshift => "microshift",
            Self::Rpm => "rpm",
            Self::Rhcos => "rhcos",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for Impetus {
    fn from(key: &str) -> Self {
        match key {
            "extras" => Self::Extras,
            "image" => Self::Image,
            "metadata" => Self::Metadata,
            "microshift" => Self::Microshift,
            "rpm" => Self::Rpm,
            "rhcos" => Self::Rhcos,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Impetus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Impetus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The type of an advisory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ErratumKind {
    /// A security advisory: has alerts, wants the approval of Product Security.
    Rhsa,
    /// A bug fix advisory.
    Rhba,
    /// An enhancement advisory.
    Rhea,
}

impl ErratumKind {
    /// The kind with this key in the wire's `errata` object, in any case.
    pub(crate) fn from_key(key: &str) -> Option<Self> {
        [("rhsa", Self::Rhsa), ("rhba", Self::Rhba), ("rhea", Self::Rhea)]
            .into_iter()
            .find_map(|(name, kind)| name.eq_ignore_ascii_case(key).then_some(kind))
    }

    /// True for a security advisory.
    pub const fn is_security(self) -> bool {
        matches!(self, Self::Rhsa)
    }
}

impl fmt::Display for ErratumKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rhsa => "RHSA",
            Self::Rhba => "RHBA",
            Self::Rhea => "RHEA",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_build_data_survive_the_way_through() {
        for key in ["extras", "image", "metadata", "microshift", "rpm", "rhcos", "bootimage"] {
            assert_eq!(Impetus::from(key).to_string(), key);
        }
        assert_eq!(Impetus::from("RPM"), Impetus::Other("RPM".to_owned()), "whole names only");
    }

    #[test]
    fn types_are_known_in_any_case() {
        assert_eq!(ErratumKind::from_key("rhsa"), Some(ErratumKind::Rhsa));
        assert_eq!(ErratumKind::from_key("RHBA").unwrap().to_string(), "RHBA");
        assert_eq!(ErratumKind::from_key("rhxa"), None);
    }
}
