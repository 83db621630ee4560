//! The traits: reading and writing are apart, so that code without a writer cannot change the world.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::Value;

use crate::error::JiraError;
use crate::key::IssueKey;
use crate::types::{
    Account, Comment, Issue, Issues, Move, NewComment, NewIssue, Search, StatusChange, Transition,
};

/// Reads from Jira.
///
/// Before anything that wrong credentials would make silently empty is read, the account and the
/// custom fields are proved, once per client (spec 08 R36).
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JiraRead: Send + Sync {
    /// The account of the credential; asked once per client.
    async fn myself(&self) -> Result<Account, JiraError>;

    /// Proves that every custom field has the id that is configured for it.
    async fn check_fields(&self) -> Result<(), JiraError>;

    /// One issue with its description; [`JiraError::NotVisible`] when the account may not see it. A
    /// moved issue comes under its new key.
    async fn issue(&self, key: &IssueKey) -> Result<Issue, JiraError>;

    /// Many issues, in batches of 100. Keys that are not visible are listed, never an error.
    async fn issues(&self, keys: &[IssueKey]) -> Result<Issues, JiraError>;

    /// All issues that fit, in the order of the query. The index lags: read an issue again before
    /// writing to it.
    async fn search(&self, search: &Search) -> Result<Vec<Issue>, JiraError>;

    /// The whole history of the status of each issue, oldest first, by [`Issue::id`].
    async fn status_history(
        &self,
        ids: &[String],
    ) -> Result<BTreeMap<String, Vec<StatusChange>>, JiraError>;

    /// All comments, oldest first.
    async fn comments(&self, key: &IssueKey) -> Result<Vec<Comment>, JiraError>;

    /// The hidden values of comments, by [`Comment::id`].
    async fn comment_properties(
        &self,
        ids: &[String],
    ) -> Result<BTreeMap<String, BTreeMap<String, Value>>, JiraError>;

    /// The ways out of the issue's status.
    async fn transitions(&self, key: &IssueKey) -> Result<Vec<Transition>, JiraError>;

    /// Active accounts that Jira finds for a text, such as an e-mail address. It matches prefixes:
    /// the caller compares.
    async fn find_users(&self, text: &str) -> Result<Vec<Account>, JiraError>;

    /// The addresses that the issue is linked to.
    async fn remote_links(&self, key: &IssueKey) -> Result<Vec<String>, JiraError>;

    /// Names of a project's versions.
    async fn versions(&self, project: &str) -> Result<Vec<String>, JiraError>;
}

/// Writes to Jira. Nothing is sent twice when it may have happened: the effect of a lost answer is
/// looked up, and where that is not possible the error is [`JiraError::Unknown`].
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JiraWrite: Send + Sync {
    /// Comments, and answers the comment's id.
    async fn comment(&self, key: &IssueKey, comment: &NewComment) -> Result<String, JiraError>;

    /// Moves the issue to another status.
    async fn transition(&self, key: &IssueKey, step: &Move) -> Result<(), JiraError>;

    /// Makes the account the assignee.
    async fn assign(&self, key: &IssueKey, account_id: &str) -> Result<(), JiraError>;

    /// Adds and removes labels; the others stay.
    async fn edit_labels(
        &self,
        key: &IssueKey,
        add: &[String],
        remove: &[String],
    ) -> Result<(), JiraError>;

    /// Replaces the people who are asked for information; read the issue right before.
    async fn set_need_info(&self, key: &IssueKey, accounts: &[String]) -> Result<(), JiraError>;

    /// Makes an issue, and answers its key.
    async fn create_issue(&self, new: &NewIssue) -> Result<IssueKey, JiraError>;
}
