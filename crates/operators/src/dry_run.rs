//! Dry run as a decorator: writers that note what they were asked for and change nothing.

mod errata;
mod gitlab;
mod jira;
mod jobs;
mod payloads;
mod proposals;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use oar_slack::{Message, Posted, SlackError, SlackWrite};
use oar_state_repo::{
    Commit, Committed, Entry, FileVersion, RepoError, RepoPath, StateRepo, StoredFile,
};
use serde::Serialize;

pub use errata::DryRunErrata;
pub use gitlab::DryRunGitLab;
pub use jira::DryRunJira;
pub use jobs::{DryRunJenkins, DryRunProw};
pub use payloads::DryRunPayloads;
pub use proposals::DryRunProposals;

/// One change that a command would have made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which system: `state`, `slack`, `errata`, `jira`, `gitlab`, `jenkins`, `prow`.
    pub system: String,
    /// What would be changed there.
    pub target: String,
    /// How.
    pub action: String,
    /// Content before; absent when there is none.
    pub before: Option<String>,
    /// Content after.
    pub after: Option<String>,
}

/// The list that all recording writers of one command share.
#[derive(Debug, Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Change>>>);

impl Recorder {
    /// Notes a change.
    pub fn note(&self, change: Change) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(change);
    }

    /// Notes what would be done to `target` of `system`; `after` is the new content, if it has one.
    pub fn would(
        &self,
        system: &str,
        target: impl Into<String>,
        action: impl Into<String>,
        after: Option<String>,
    ) {
        let (system, target, action) = (system.to_owned(), target.into(), action.into());
        self.note(Change { system, target, action, before: None, after });
    }

    /// What was noted so far.
    pub fn changes(&self) -> Vec<Change> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A state repository that is read and never written. Whoever reads after a planned write sees what
/// it would have left, so that a command runs to its end.
#[derive(Debug)]
pub struct DryRunRepo {
    inner: Arc<dyn StateRepo>,
    recorder: Recorder,
    planned: Mutex<BTreeMap<RepoPath, Option<StoredFile>>>,
}

impl DryRunRepo {
    /// Reads from `inner`, notes writes in `recorder`.
    pub fn new(inner: Arc<dyn StateRepo>, recorder: Recorder) -> Self {
        Self { inner, recorder, planned: Mutex::default() }
    }

    fn plan(&self, path: &RepoPath, file: Option<StoredFile>) {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.insert(path.clone(), file);
    }
}

#[async_trait]
impl StateRepo for DryRunRepo {
    async fn read(&self, path: &RepoPath) -> Result<Option<StoredFile>, RepoError> {
        let planned = {
            let planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
            planned.get(path).cloned()
        };
        match planned {
            Some(file) => Ok(file),
            None => self.inner.read(path).await,
        }
    }

    async fn list(&self, folder: &RepoPath) -> Result<Vec<Entry>, RepoError> {
        self.inner.list(folder).await
    }

    async fn list_direct(&self, folder: &RepoPath) -> Result<Vec<Entry>, RepoError> {
        self.inner.list_direct(folder).await
    }

    async fn read_many(
        &self,
        paths: &[RepoPath],
    ) -> Result<Vec<(RepoPath, StoredFile)>, RepoError> {
        let mut files = self.inner.read_many(paths).await?;
        let planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|(path, _)| !planned.contains_key(path));
        let overlay = |path: &RepoPath| Some((path.clone(), planned.get(path)?.clone()?));
        files.extend(paths.iter().filter_map(overlay));
        Ok(files)
    }

    async fn read_folder(
        &self,
        folder: &RepoPath,
    ) -> Result<Vec<(RepoPath, StoredFile)>, RepoError> {
        self.inner.read_folder(folder).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, RepoError> {
        let mut versions = Vec::with_capacity(commit.changes.len());
        for change in &commit.changes {
            let before = self.read(&change.path).await?;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            self.recorder.note(Change {
                system: "state".to_owned(),
                target: format!("{}: {}", self.inner.location(), change.path),
                action: commit.message.subject.clone(),
                before: before.as_ref().map(|file| text(&file.content)),
                after: change.content.as_deref().map(text),
            });
            // An honest placeholder: no version of a real repository looks like it.
            let version = FileVersion("dry-run".to_owned());
            let file = change
                .content
                .clone()
                .map(|content| StoredFile { content, version: version.clone() });
            versions.push(file.is_some().then_some(version));
            self.plan(&change.path, file);
        }
        Ok(Committed { versions })
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}

/// A messenger that posts nothing.
#[derive(Debug)]
pub struct DryRunSlack {
    recorder: Recorder,
}

impl DryRunSlack {
    /// Notes messages in `recorder`.
    pub const fn new(recorder: Recorder) -> Self {
        Self { recorder }
    }
}

#[async_trait]
impl SlackWrite for DryRunSlack {
    async fn post(&self, message: &Message) -> Result<Posted, SlackError> {
        self.recorder.note(Change {
            system: "slack".to_owned(),
            target: message.channel.clone(),
            action: "post a message".to_owned(),
            before: None,
            after: Some(message.text.clone()),
        });
        Ok(Posted { channel: message.channel.clone(), ts: "dry-run".to_owned() })
    }
}
