//! A change of one file that is proposed from a fork: a branch there, a pull request here
//! (spec 04 §13). Without a clone: through the git data API.

use async_trait::async_trait;
use oar_state_repo::RepoPath;

use crate::error::GitHubError;
use crate::name::RepoName;

/// Where a change is proposed, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The repository that is to change.
    pub upstream: RepoName,
    /// Its branch.
    pub base: String,
    /// The fork with the changed branch.
    pub fork: RepoName,
    /// The branch in the fork. One name stands for one content, so that whoever comes again finds it.
    pub branch: String,
    /// The file.
    pub path: RepoPath,
}

impl Proposal {
    /// The branch as pull requests name it: `owner:branch`.
    pub fn head(&self) -> String {
        format!("{}:{}", self.fork.owner(), self.branch)
    }
}

/// The newest commit of a branch and what the file is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchFile {
    /// Id of the commit.
    pub head: String,
    /// Id of its tree.
    pub tree: String,
    /// The commits before it.
    pub parents: Vec<String>,
    /// The file; `None` when there is none.
    pub content: Option<Vec<u8>>,
}

/// A pull request that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPull {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub url: String,
    /// Names of its labels.
    pub labels: Vec<String>,
}

/// What is put on the branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommit {
    /// The commit it builds on.
    pub parent: String,
    /// The tree of that commit.
    pub tree: String,
    /// The file's new content.
    pub content: String,
    /// What the commit says.
    pub message: String,
    /// Name and address of its author.
    pub author: (String, String),
    /// Whether the branch is there already, with an older commit of ours that this one replaces.
    pub replaces: bool,
}

/// What a pull request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullText {
    /// One line.
    pub title: String,
    /// The rest, in Markdown.
    pub body: String,
}

/// Looks at a proposal. None of it changes anything.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ProposalRead: Send + Sync {
    /// The upstream branch and the file on it.
    async fn base(&self, proposal: &Proposal) -> Result<BranchFile, GitHubError>;

    /// The fork's branch and the file on it; `None` when nobody has pushed it.
    async fn pushed(&self, proposal: &Proposal) -> Result<Option<BranchFile>, GitHubError>;

    /// The open pull request of the fork's branch.
    async fn open_pull(&self, proposal: &Proposal) -> Result<Option<OpenPull>, GitHubError>;
}

/// Makes a proposal. What may have happened is looked up before anything is answered (promise P4).
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ProposalWrite: Send + Sync {
    /// Puts one commit on the fork's branch, a new one or one of ours; answers its id.
    async fn push(&self, proposal: &Proposal, commit: &NewCommit) -> Result<String, GitHubError>;

    /// Opens the pull request of the fork's branch, or finds the one that is open: there is never a
    /// second one.
    async fn open(&self, proposal: &Proposal, text: &PullText) -> Result<OpenPull, GitHubError>;

    /// Adds labels to a pull request upstream; those it has stay.
    async fn label(
        &self,
        proposal: &Proposal,
        number: u64,
        labels: &[String],
    ) -> Result<(), GitHubError>;
}
