//! Names of repositories.

use std::fmt;
use std::str::FromStr;

use crate::error::GitHubError;

/// A repository as `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepoName {
    owner: String,
    name: String,
}

impl RepoName {
    /// The organisation or person that owns it.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Its name without the owner.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for RepoName {
    type Err = GitHubError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_name = |part: &str| {
            !matches!(part, "" | "." | "..")
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        match text.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(GitHubError::BadName { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_owner_slash_name_is_a_repository() {
        let name: RepoName = "openshift/release-tests".parse().unwrap();
        assert_eq!((name.owner(), name.name()), ("openshift", "release-tests"));
        for text in ["", "x", "/x", "x/", "a/b/c", "a/..", "a b/c", "https://x/y", "a/b?c"] {
            assert!(text.parse::<RepoName>().is_err(), "{text}");
        }
    }
}
