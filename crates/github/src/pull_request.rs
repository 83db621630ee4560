//! Pull requests, as far as somebody's sign-off on them is concerned (spec 02 §8.3).

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;

use crate::api::HttpGitHub;
use crate::error::GitHubError;
use crate::name::RepoName;
use crate::operations::PULL_REQUEST;
use crate::request::repo_path;
use crate::types::IssueWire;

/// A pull request's place: `https://github.com/owner/name/pull/12`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PullRequestId {
    /// `owner/name`.
    repo: String,
    number: u64,
}

impl PullRequestId {
    /// The organisation or person that owns the repository.
    pub fn owner(&self) -> &str {
        self.repo.split('/').next().unwrap_or_default()
    }
}

impl fmt::Display for PullRequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.repo, self.number)
    }
}

impl FromStr for PullRequestId {
    type Err = GitHubError;

    /// Reads the address of a pull request's page or of a page below it; anything else is an error.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || GitHubError::BadName { text: text.to_owned() };
        let rest = text.strip_prefix("https://github.com/").ok_or_else(bad)?;
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let mut parts = rest.split('/');
        let mut part = || parts.next().ok_or_else(bad);
        let repo = format!("{}/{}", part()?, part()?);
        let _checked: RepoName = repo.parse()?;
        if part()? != "pull" {
            return Err(bad());
        }
        let number = part()?.parse().map_err(|_| bad())?;
        Ok(Self { repo, number })
    }
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Names of its labels.
    pub labels: Vec<String>,
    /// Whether it was closed and not merged: what it says no longer matters.
    pub is_abandoned: bool,
}

/// Reads pull requests.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PullRequestRead: Send + Sync {
    /// The pull request `id`, in one request (`GET /repos/{repo}/issues/{number}`).
    async fn pull_request(&self, id: &PullRequestId) -> Result<PullRequest, GitHubError>;
}

#[async_trait]
impl PullRequestRead for HttpGitHub {
    #[tracing::instrument(name = "github.pull_request", skip_all, fields(%id))]
    async fn pull_request(&self, id: &PullRequestId) -> Result<PullRequest, GitHubError> {
        let repo: RepoName = id.repo.parse()?;
        let path = repo_path(&repo, &format!("issues/{}", id.number));
        let found: IssueWire = self.get(PULL_REQUEST, &path).await?.json()?;
        let is_merged = found.pull_request.is_some_and(|pull| pull.merged_at.is_some());
        Ok(PullRequest {
            labels: found.labels.into_iter().map(|label| label.name).collect(),
            is_abandoned: found.state == "closed" && !is_merged,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_pull_requests_are_taken() {
        let id: PullRequestId = "https://github.com/openshift/installer/pull/12".parse().unwrap();
        assert_eq!((id.owner(), id.to_string().as_str()), ("openshift", "openshift/installer#12"));
        let below = "https://github.com/openshift/installer/pull/12/files#diff-1";
        assert_eq!(below.parse::<PullRequestId>().unwrap(), id);
        for text in [
            "",
            "https://github.com/openshift/installer/issues/12",
            "https://github.com/openshift/installer/pull/12x",
            "https://github.com/openshift/installer/pull/",
            "https://github.com/../installer/pull/12",
            "http://github.com/openshift/installer/pull/12",
            "https://github.com.example.com/openshift/installer/pull/12",
        ] {
            assert!(text.parse::<PullRequestId>().is_err(), "{text}");
        }
    }
}
