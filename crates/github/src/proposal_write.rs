//! Makes a proposal as a GitHub App: in the fork and upstream, each with the token of that place.

use async_trait::async_trait;
use http::Method;
use oar_release::effect;
use oar_transport::{HttpClient, HttpErrorKind};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::api::HttpGitHub;
use crate::app::{AppIdentity, AppTokens};
use crate::error::GitHubError;
use crate::name::RepoName;
use crate::operations::{ADD_LABELS, CREATE_BRANCH, CREATE_OBJECT, OPEN_PULL, REPLACE_BRANCH};
use crate::proposal::{NewCommit, OpenPull, Proposal, ProposalRead as _, ProposalWrite, PullText};
use crate::request::{encode_path, repo_path};
use crate::types::{Object, PullSummary};

/// Proposes changes in the name of an app; it gets its tokens when it first writes.
#[derive(Debug)]
pub struct HttpProposals {
    tokens: AppTokens,
    in_fork: OnceCell<HttpGitHub>,
    upstream: OnceCell<HttpGitHub>,
}

impl HttpProposals {
    /// Works as `app`; nothing is sent yet.
    pub fn new(http: &HttpClient, app: AppIdentity) -> Self {
        let tokens = AppTokens::new(http.clone(), app);
        Self { tokens, in_fork: OnceCell::new(), upstream: OnceCell::new() }
    }

    async fn in_fork(&self, proposal: &Proposal) -> Result<&HttpGitHub, GitHubError> {
        let client = async || {
            let client = self.tokens.client(&proposal.fork).await?;
            client.ok_or_else(|| GitHubError::NotInstalled { repo: proposal.fork.to_string() })
        };
        self.in_fork.get_or_try_init(client).await
    }

    /// An app that is installed in the fork only may have been given rights upstream all the same.
    async fn upstream(&self, proposal: &Proposal) -> Result<&HttpGitHub, GitHubError> {
        let client = async || match self.tokens.client(&proposal.upstream).await? {
            Some(client) => Ok(client),
            None => self.in_fork(proposal).await.cloned(),
        };
        self.upstream.get_or_try_init(client).await
    }
}

#[async_trait]
impl ProposalWrite for HttpProposals {
    #[tracing::instrument(name = "github.push", skip_all, fields(repo = %proposal.fork, branch = proposal.branch))]
    async fn push(&self, proposal: &Proposal, commit: &NewCommit) -> Result<String, GitHubError> {
        let (github, fork) = (self.in_fork(proposal).await?, &proposal.fork);
        let entry = json!({ "path": proposal.path.as_str(), "mode": "100644", "type": "blob",
                            "content": commit.content });
        let tree = json!({ "base_tree": commit.tree, "tree": [entry] });
        let tree = github.create_object(fork, "git/trees", &tree).await?;
        let (name, email) = &commit.author;
        let body = json!({ "message": commit.message, "tree": tree, "parents": [commit.parent],
                           "author": { "name": name, "email": email } });
        let id = github.create_object(fork, "git/commits", &body).await?;
        effect::point("github.push.before");
        github.point_branch(fork, &proposal.branch, &id, commit.replaces).await?;
        effect::point("github.push.after");
        Ok(id)
    }

    #[tracing::instrument(name = "github.open", skip_all, fields(repo = %proposal.upstream, branch = proposal.branch))]
    async fn open(&self, proposal: &Proposal, text: &PullText) -> Result<OpenPull, GitHubError> {
        let github = self.upstream(proposal).await?;
        let body = json!({ "title": text.title, "body": text.body, "base": proposal.base,
                           "head": proposal.head(), "maintainer_can_modify": false });
        effect::point("github.open.before");
        let path = repo_path(&proposal.upstream, "pulls");
        let sent = github.send(OPEN_PULL, Method::POST, &path, &body).await;
        effect::point("github.open.after");
        let failed = match sent {
            Ok(reply) => match reply.json::<PullSummary>() {
                Ok(pull) => return Ok(pull.into()),
                // It is there; only the answer is unreadable.
                Err(error) => error.into(),
            },
            Err(error) => error,
        };
        let may_be_there = failed.outcome_is_unknown()
            || matches!(
                failed.http(),
                Some(HttpErrorKind::Malformed { .. } | HttpErrorKind::Unprocessable)
            );
        if !may_be_there {
            return Err(failed);
        }
        // The answer was lost, or says that there is one already: the open ones tell.
        match github.open_pull(proposal).await {
            Ok(Some(pull)) => {
                tracing::info!(number = pull.number, "the pull request is there");
                Ok(pull)
            }
            _ => Err(failed),
        }
    }

    #[tracing::instrument(name = "github.label", skip_all, fields(repo = %proposal.upstream, number))]
    async fn label(
        &self,
        proposal: &Proposal,
        number: u64,
        labels: &[String],
    ) -> Result<(), GitHubError> {
        let github = self.upstream(proposal).await?;
        let path = repo_path(&proposal.upstream, &format!("issues/{number}/labels"));
        effect::point("github.label.before");
        github.send(ADD_LABELS, Method::POST, &path, &json!({ "labels": labels })).await?;
        effect::point("github.label.after");
        Ok(())
    }
}

impl HttpGitHub {
    /// Creates a tree or commit that nothing points to yet.
    async fn create_object(
        &self,
        repo: &RepoName,
        kind: &str,
        body: &serde_json::Value,
    ) -> Result<String, GitHubError> {
        let reply = self.send(CREATE_OBJECT, Method::POST, &repo_path(repo, kind), body).await?;
        Ok(reply.json::<Object>()?.sha)
    }

    /// Lets `branch` point to `commit`: a new branch, or one that is there.
    async fn point_branch(
        &self,
        repo: &RepoName,
        branch: &str,
        commit: &str,
        replaces: bool,
    ) -> Result<(), GitHubError> {
        let sent = if replaces {
            let path = repo_path(repo, &format!("git/refs/heads/{}", encode_path(branch)));
            let body = json!({ "sha": commit, "force": true });
            self.send(REPLACE_BRANCH, Method::PATCH, &path, &body).await
        } else {
            let body = json!({ "ref": format!("refs/heads/{branch}"), "sha": commit });
            let path = repo_path(repo, "git/refs");
            self.send(CREATE_BRANCH, Method::POST, &path, &body).await
        };
        let Err(failed) = sent else { return Ok(()) };
        let exists = failed.http() == Some(&HttpErrorKind::Unprocessable)
            && failed.words().contains("already exists");
        if !exists && !failed.outcome_is_unknown() {
            return Err(failed);
        }
        match self.branch_head(repo, branch).await {
            Ok(Some(head)) if head == commit => Ok(()),
            // Somebody else is at the same work: theirs is looked at by whoever comes next.
            Ok(Some(_)) if exists => {
                let (repo, branch) = (repo.to_string(), branch.to_owned());
                Err(GitHubError::BranchTaken { repo, branch })
            }
            _ => Err(failed),
        }
    }
}
