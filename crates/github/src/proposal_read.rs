//! What is there of a proposal.

use async_trait::async_trait;
use oar_state_repo::RepoPath;
use oar_transport::{HttpErrorKind, encode_segment};

use crate::api::HttpGitHub;
use crate::error::GitHubError;
use crate::name::RepoName;
use crate::operations::{LIST_PULLS, READ_COMMIT, READ_FILE, READ_REF};
use crate::proposal::{BranchFile, OpenPull, Proposal, ProposalRead};
use crate::request::{contents_at, decode, encode_path, repo_path};
use crate::types::{ContentsFile, ParentedCommit, PullSummary, Reference};

#[async_trait]
impl ProposalRead for HttpGitHub {
    #[tracing::instrument(name = "github.proposal_base", skip_all, fields(repo = %proposal.upstream))]
    async fn base(&self, proposal: &Proposal) -> Result<BranchFile, GitHubError> {
        let found = self.branch_file(&proposal.upstream, &proposal.base, &proposal.path).await?;
        found.ok_or_else(|| GitHubError::NoBranch {
            repo: proposal.upstream.to_string(),
            branch: proposal.base.clone(),
        })
    }

    #[tracing::instrument(name = "github.proposal_branch", skip_all, fields(branch = proposal.branch))]
    async fn pushed(&self, proposal: &Proposal) -> Result<Option<BranchFile>, GitHubError> {
        self.branch_file(&proposal.fork, &proposal.branch, &proposal.path).await
    }

    #[tracing::instrument(name = "github.open_pull", skip_all, fields(branch = proposal.branch))]
    async fn open_pull(&self, proposal: &Proposal) -> Result<Option<OpenPull>, GitHubError> {
        let head = proposal.head();
        let (filter, base) = (encode_segment(&head), encode_segment(&proposal.base));
        let query = format!("pulls?state=open&head={filter}&base={base}&per_page=100");
        let reply = self.get(LIST_PULLS, &repo_path(&proposal.upstream, &query)).await?;
        let pulls: Vec<PullSummary> = reply.json()?;
        // A filter that the service does not understand is no filter.
        let is_ours = |pull: &PullSummary| {
            pull.state == "open" && pull.head.label == head && pull.base.name == proposal.base
        };
        Ok(pulls.into_iter().find(is_ours).map(OpenPull::from))
    }
}

impl From<PullSummary> for OpenPull {
    fn from(pull: PullSummary) -> Self {
        let labels = pull.labels.into_iter().map(|label| label.name).collect();
        Self { number: pull.number, url: pull.html_url, labels }
    }
}

impl HttpGitHub {
    /// The commit that `branch` points to; `None` when there is no such branch.
    pub(crate) async fn branch_head(
        &self,
        repo: &RepoName,
        branch: &str,
    ) -> Result<Option<String>, GitHubError> {
        let path = repo_path(repo, &format!("git/ref/heads/{}", encode_path(branch)));
        match self.get(READ_REF, &path).await {
            Ok(reply) => Ok(Some(reply.json::<Reference>()?.object.sha)),
            Err(error) if error.http() == Some(&HttpErrorKind::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn branch_file(
        &self,
        repo: &RepoName,
        branch: &str,
        path: &RepoPath,
    ) -> Result<Option<BranchFile>, GitHubError> {
        let Some(head) = self.branch_head(repo, branch).await? else { return Ok(None) };
        let commit = repo_path(repo, &format!("git/commits/{head}"));
        let (commit, content) = futures_util::future::try_join(
            async { Ok(self.get(READ_COMMIT, &commit).await?.json::<ParentedCommit>()?) },
            self.file_at(repo, &head, path),
        )
        .await?;
        let parents = commit.parents.into_iter().map(|parent| parent.sha).collect();
        Ok(Some(BranchFile { head, tree: commit.tree.sha, parents, content }))
    }

    /// The file at a commit: what the branch holds cannot change under our eyes.
    async fn file_at(
        &self,
        repo: &RepoName,
        commit: &str,
        path: &RepoPath,
    ) -> Result<Option<Vec<u8>>, GitHubError> {
        let malformed =
            |problem: String| GitHubError::Malformed { problem: format!("{path} {problem}") };
        let file: ContentsFile = match self.get(READ_FILE, &contents_at(repo, path, commit)).await {
            Ok(reply) => reply.json()?,
            Err(error) if error.http() == Some(&HttpErrorKind::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        if file.encoding != "base64" {
            return Err(malformed(format!("came as {:?}", file.encoding)));
        }
        decode(&file.content).map(Some).map_err(|error| malformed(format!("is damaged: {error}")))
    }
}
