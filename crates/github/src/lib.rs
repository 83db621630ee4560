#![doc = include_str!("../README.md")]

mod account;
mod api;
mod app;
mod commit;
mod commit_answer;
mod contents;
mod error;
mod folder;
mod graphql;
mod head;
mod listing;
mod name;
mod operations;
mod proposal;
mod proposal_read;
mod proposal_write;
mod pull_request;
mod repo;
mod request;
mod seen;
mod types;

pub use account::{GitHubRead, Limits, RepositoryAccess, Viewer};
pub use api::HttpGitHub;
pub use app::{AppIdentity, AppKeyError};
pub use error::GitHubError;
pub use name::RepoName;
pub use operations::OPERATIONS;
pub use proposal::{
    BranchFile, NewCommit, OpenPull, Proposal, ProposalRead, ProposalWrite, PullText,
};
pub use proposal_write::HttpProposals;
pub use pull_request::{PullRequest, PullRequestId, PullRequestRead};
pub use repo::GitHubRepo;

#[cfg(feature = "mock")]
pub use account::MockGitHubRead;
#[cfg(feature = "mock")]
pub use proposal::{MockProposalRead, MockProposalWrite};
#[cfg(feature = "mock")]
pub use pull_request::MockPullRequestRead;
