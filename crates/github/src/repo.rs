//! The state repository on GitHub: one branch of one repository.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as Lock, MutexGuard, PoisonError};

use async_trait::async_trait;
use oar_state_repo::{
    Commit, Committed, Entry, Exclusive, RepoError, RepoPath, StateRepo, StoredFile, directly_in,
};
use tokio::sync::Mutex;

use crate::api::HttpGitHub;
use crate::error::{GitHubError, repo_error};
use crate::name::RepoName;
use crate::seen::Seen;

/// A branch of a GitHub repository as a state repository.
///
/// One file is read and written through the contents API (one GET, one PUT per save); many are read
/// and written through GraphQL, in one commit (spec 01 §7.2–7.3, spec 04 §3).
#[derive(Clone)]
pub struct GitHubRepo {
    pub(crate) github: HttpGitHub,
    pub(crate) repo: RepoName,
    pub(crate) branch: Arc<str>,
    /// Whether the branch was seen: from then on "not found" speaks of the file.
    pub(crate) branch_seen: Arc<AtomicBool>,
    /// What the next commit can build on without a look.
    seen: Arc<Lock<Seen>>,
    /// Held by the update under way: updates of one process need not conflict with each other.
    turn: Arc<Mutex<()>>,
}

impl GitHubRepo {
    /// `branch` of `repo`; nothing is sent yet.
    pub fn new(github: HttpGitHub, repo: RepoName, branch: &str) -> Self {
        Self {
            github,
            repo,
            branch: branch.into(),
            branch_seen: Arc::default(),
            seen: Arc::default(),
            turn: Arc::default(),
        }
    }

    /// `error` in the words of the port; `what` is the file or folder concerned.
    pub(crate) fn failed(&self, error: impl Into<GitHubError>, what: &RepoPath) -> RepoError {
        repo_error(error.into(), &self.location(), what.as_str())
    }

    /// The same where the branch as a whole is concerned.
    pub(crate) fn failed_branch(&self, error: impl Into<GitHubError>) -> RepoError {
        repo_error(error.into(), &self.location(), &format!("branch {}", self.branch))
    }

    pub(crate) fn malformed(&self, problem: impl Into<String>) -> RepoError {
        RepoError::Malformed { location: self.location(), problem: problem.into() }
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn saw_branch(&self) {
        self.branch_seen.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for GitHubRepo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GitHubRepo({})", self.location())
    }
}

#[async_trait]
impl StateRepo for GitHubRepo {
    #[tracing::instrument(name = "github.read", skip_all, fields(path = %path))]
    async fn read(&self, path: &RepoPath) -> Result<Option<StoredFile>, RepoError> {
        self.read_contents(path).await
    }

    #[tracing::instrument(name = "github.list", skip_all, fields(folder = %folder))]
    async fn list(&self, folder: &RepoPath) -> Result<Vec<Entry>, RepoError> {
        self.list_folder(folder).await
    }

    #[tracing::instrument(name = "github.list_direct", skip_all, fields(folder = %folder))]
    async fn list_direct(&self, folder: &RepoPath) -> Result<Vec<Entry>, RepoError> {
        if let Some(entries) = self.list_at_once(folder).await? {
            return Ok(entries);
        }
        Ok(directly_in(folder, self.list_folder(folder).await?))
    }

    #[tracing::instrument(name = "github.read_many", skip_all, fields(files = paths.len()))]
    async fn read_many(
        &self,
        paths: &[RepoPath],
    ) -> Result<Vec<(RepoPath, StoredFile)>, RepoError> {
        self.read_batches(paths).await
    }

    #[tracing::instrument(name = "github.read_folder", skip_all, fields(folder = %folder))]
    async fn read_folder(
        &self,
        folder: &RepoPath,
    ) -> Result<Vec<(RepoPath, StoredFile)>, RepoError> {
        if let Some(files) = self.read_folder_at_once(folder).await? {
            return Ok(files);
        }
        let listed = directly_in(folder, self.list_folder(folder).await?);
        let paths: Vec<RepoPath> = listed.into_iter().map(|entry| entry.path).collect();
        self.read_batches(&paths).await
    }

    #[tracing::instrument(name = "github.commit", skip_all, fields(files = commit.changes.len()))]
    async fn commit(&self, commit: &Commit) -> Result<Committed, RepoError> {
        match commit.changes.as_slice() {
            [change] => self.commit_file(change, &commit.message).await,
            changes => self.commit_files(changes, &commit.message).await,
        }
    }

    async fn exclusive(&self) -> Result<Exclusive, RepoError> {
        Ok(Exclusive::holding(Arc::clone(&self.turn).lock_owned().await))
    }

    fn location(&self) -> String {
        format!("{}, branch {}", self.repo, self.branch)
    }
}
