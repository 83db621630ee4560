//! How a project is named in requests.

use std::fmt;

use oar_transport::encode_segment;

/// A GitLab project, by number or by path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Project {
    /// Its number.
    Id(u64),
    /// Its path with groups: `group/sub/name`.
    Path(String),
}

impl Project {
    /// The project in a request's path: everything unsafe is encoded, slashes too (spec 03 §2.1).
    pub(crate) fn segment(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::Path(path) => encode_segment(path.trim_matches('/')),
        }
    }
}

impl From<u64> for Project {
    fn from(id: u64) -> Self {
        Self::Id(id)
    }
}

impl From<&str> for Project {
    fn from(path: &str) -> Self {
        Self::Path(path.trim_matches('/').to_owned())
    }
}

impl fmt::Display for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Path(path) => f.write_str(path),
        }
    }
}
