//! What the token is and may do; for the environment check.

use async_trait::async_trait;
use http::header::DATE;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use oar_transport::Reply;

use crate::api::HttpGitHub;
use crate::error::GitHubError;
use crate::name::RepoName;
use crate::operations::{LIMITS, REPOSITORY, VIEWER};
use crate::request::repo_path;
use crate::types::{RateLimit, Repository, User};

/// Who the token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The account's name.
    pub login: String,
    /// The token's scopes; `None` for kinds of tokens that have none (fine-grained, app).
    pub scopes: Option<Vec<String>>,
    /// The service's clock when it answered; far from ours means that ours is wrong.
    pub server_time: Option<Timestamp>,
}

/// How many requests are left in the current hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Requests per hour.
    pub limit: u64,
    /// Left of them.
    pub remaining: u64,
    /// The token's scopes, as in [`Viewer::scopes`].
    pub scopes: Option<Vec<String>>,
    /// The service's clock when it answered.
    pub server_time: Option<Timestamp>,
}

/// What the token may do with a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryAccess {
    /// Whether it may write; `None` when the service does not say.
    pub push: Option<bool>,
}

/// Reads about the token and its reach. None of them changes anything.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait GitHubRead: Send + Sync {
    /// Who the token belongs to (`GET /user`); an app's token has no user and is refused.
    async fn viewer(&self) -> Result<Viewer, GitHubError>;

    /// Whether the token is valid and what is left of its hour (`GET /rate_limit`, which itself
    /// does not count).
    async fn limits(&self) -> Result<Limits, GitHubError>;

    /// What the token may do with `repo`.
    async fn repository(&self, repo: &RepoName) -> Result<RepositoryAccess, GitHubError>;
}

#[async_trait]
impl GitHubRead for HttpGitHub {
    #[tracing::instrument(name = "github.viewer", skip_all)]
    async fn viewer(&self) -> Result<Viewer, GitHubError> {
        let reply = self.get(VIEWER, "/user").await?;
        let User { login } = reply.json()?;
        Ok(Viewer { login, scopes: scopes(&reply), server_time: server_time(&reply) })
    }

    #[tracing::instrument(name = "github.limits", skip_all)]
    async fn limits(&self) -> Result<Limits, GitHubError> {
        let reply = self.get(LIMITS, "/rate_limit").await?;
        let core = reply.json::<RateLimit>()?.resources.core;
        Ok(Limits {
            limit: core.limit,
            remaining: core.remaining,
            scopes: scopes(&reply),
            server_time: server_time(&reply),
        })
    }

    #[tracing::instrument(name = "github.repository", skip_all, fields(repo = %repo))]
    async fn repository(&self, repo: &RepoName) -> Result<RepositoryAccess, GitHubError> {
        let path = repo_path(repo, "");
        let reply = self.get(REPOSITORY, path.trim_end_matches('/')).await?;
        let push = reply.json::<Repository>()?.permissions.map(|permissions| permissions.push);
        Ok(RepositoryAccess { push })
    }
}

fn scopes(reply: &Reply) -> Option<Vec<String>> {
    let header = reply.header("x-oauth-scopes")?;
    let scopes = header.split(',').map(str::trim).filter(|scope| !scope.is_empty());
    Some(scopes.map(str::to_owned).collect())
}

fn server_time(reply: &Reply) -> Option<Timestamp> {
    let date = reply.header(DATE.as_str())?;
    rfc2822::DateTimeParser::new().parse_timestamp(date).ok()
}
