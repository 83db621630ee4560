//! The traits: reading and writing are apart, so that code without a writer cannot change the world.

use async_trait::async_trait;
use oar_release::MergeRequest;

use crate::advisory::AdvisoryContent;
use crate::error::GitLabError;
use crate::note::NoteText;
use crate::project::Project;
use crate::requests::{MrQuery, NewCommit, NewMergeRequest, Suggestion};
use crate::shipment::ShipmentError;
use crate::types::{Approvals, Branch, ChangedFile, FileText, Job, MrInfo, Note, Pipeline, User};

/// Reads from GitLab. Every list is read to its end (spec 03 §2.1).
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait GitLabRead: Send + Sync {
    /// The token's user; asked once per client.
    async fn current_user(&self) -> Result<User, GitLabError>;

    /// The merge request as it is now.
    async fn merge_request(&self, mr: &MergeRequest) -> Result<MrInfo, GitLabError>;

    /// The files it changes, removed ones too.
    async fn changed_files(&self, mr: &MergeRequest) -> Result<Vec<ChangedFile>, GitLabError>;

    /// The text of `path` at the branch or commit `at`; it must be UTF-8.
    async fn file(&self, project: &Project, path: &str, at: &str) -> Result<FileText, GitLabError>;

    /// The comments, newest first.
    async fn notes(&self, mr: &MergeRequest) -> Result<Vec<Note>, GitLabError>;

    /// Who approved.
    async fn approvals(&self, mr: &MergeRequest) -> Result<Approvals, GitLabError>;

    /// The pipelines of the merge request, in no particular order.
    async fn pipelines(&self, mr: &MergeRequest) -> Result<Vec<Pipeline>, GitLabError>;

    /// Jobs and bridges of one pipeline, without those that were retried.
    async fn jobs(&self, project: &Project, pipeline: u64) -> Result<Vec<Job>, GitLabError>;

    /// The merge requests into `project` that fit.
    async fn find_merge_requests(
        &self,
        project: &Project,
        query: &MrQuery,
    ) -> Result<Vec<MrInfo>, GitLabError>;

    /// The accounts that GitLab finds for a text, such as an e-mail address.
    async fn find_users(&self, text: &str) -> Result<Vec<User>, GitLabError>;

    /// The branches whose name begins with `prefix`.
    async fn branches(&self, project: &Project, prefix: &str) -> Result<Vec<Branch>, GitLabError>;

    /// One branch; `None` when it does not exist.
    async fn branch(&self, project: &Project, name: &str) -> Result<Option<Branch>, GitLabError>;

    /// The advisory behind an `internal_url` of a shipment file (spec 03 §3.4). Only hosts on the
    /// allow-list are asked, only the configured GitLab sees the token, no redirect is followed.
    async fn advisory(&self, url: &str) -> Result<AdvisoryContent, ShipmentError>;
}

/// Writes to GitLab. Nothing is sent twice when it may have happened: the effect of a lost answer is
/// looked up, and where that is not possible the error is [`GitLabError::Unknown`].
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait GitLabWrite: Send + Sync {
    /// Approves exactly the commit `sha`; a newer head is [`GitLabError::HeadMoved`].
    async fn approve(&self, mr: &MergeRequest, sha: &str) -> Result<(), GitLabError>;

    /// Adds a comment and answers its number. [`crate::put_note`] looks for an earlier one first.
    async fn add_note(&self, mr: &MergeRequest, note: &NoteText) -> Result<u64, GitLabError>;

    /// Gives the comment `id` a new text.
    async fn update_note(
        &self,
        mr: &MergeRequest,
        id: u64,
        note: &NoteText,
    ) -> Result<(), GitLabError>;

    /// Adds a suggestion to the diff.
    async fn suggest(&self, mr: &MergeRequest, suggestion: &Suggestion) -> Result<(), GitLabError>;

    /// Makes a merge request, or answers the open one with this title between the same branches.
    async fn create_merge_request(&self, new: &NewMergeRequest) -> Result<MrInfo, GitLabError>;

    /// Asks GitLab to merge the commit `sha` as soon as its pipeline succeeds.
    async fn set_auto_merge(&self, mr: &MergeRequest, sha: &str) -> Result<Accepted, GitLabError>;

    /// Commits files in one step and answers the commit's id. Fails with [`GitLabError::Conflict`]
    /// when a file has changed since.
    async fn commit(&self, project: &Project, commit: &NewCommit) -> Result<String, GitLabError>;
}

/// What GitLab made of a request to merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It merges when the pipeline succeeds.
    Scheduled,
    /// It is merged.
    Merged,
    /// It cannot be merged yet; ask again.
    NotYet,
}
