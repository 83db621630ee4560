//! StateBoxes in the state repository (spec 01 §7).

use std::fmt;
use std::sync::Arc;

use oar_release::{Clock, Entropy, JobRef, Masker, ReleaseVersion, Task};
use oar_state_repo::{
    Actor, CommitMessage, Decision, FileVersion, Pause, RepoPath, Retry, StateRepo, StoredFile,
    update_file,
};
use oar_yaml::Map;

use crate::edit::edit;
use crate::error::StateBoxError;
use crate::initial::InitialState;
use crate::issue::NewIssue;
use crate::job::{Claim, ClaimRequest};
use crate::merge::merge;
use crate::model::{Issue, StateBox};
use crate::task::TaskUpdate;

type Result<T> = std::result::Result<T, StateBoxError>;

/// Where a release's StateBox is (spec 01 §6.1).
pub fn path_of(release: &ReleaseVersion) -> String {
    format!("_releases/{}/statebox/{release}.yaml", release.y_stream())
}

/// Who asks for a change, for the commit message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The person, agent or timer.
    pub actor: Actor,
    /// The command that writes.
    pub command: String,
    /// The intent's id, where the write is part of one.
    pub intent: Option<String>,
}

/// A saved change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved<T> {
    /// What the change answered.
    pub outcome: T,
    /// The state as it is stored now.
    pub state: StateBox,
    /// True when a commit was made; false when there was nothing to change.
    pub committed: bool,
}

/// The answer to [`StateBoxStore::initialise`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initialised {
    /// The file was made by this call; only its maker announces it.
    Created,
    /// The file was there and was left as it is.
    AlreadyExists,
}

/// A state with the file it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The state.
    pub state: StateBox,
    /// The file's text.
    pub text: String,
    /// The file's mark.
    pub version: FileVersion,
}

/// The StateBoxes of one state repository.
#[derive(Clone)]
pub struct StateBoxStore {
    repo: Arc<dyn StateRepo>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    pause: Arc<dyn Pause>,
    masker: Arc<Masker>,
}

impl fmt::Debug for StateBoxStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateBoxStore").field("repo", &self.repo).finish_non_exhaustive()
    }
}

impl StateBoxStore {
    /// A store over `repo`. Does no input or output.
    pub fn new(
        repo: Arc<dyn StateRepo>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        pause: Arc<dyn Pause>,
        masker: Arc<Masker>,
    ) -> Self {
        Self { repo, clock, entropy, pause, masker }
    }

    /// The repository behind the store.
    pub fn repo(&self) -> &Arc<dyn StateRepo> {
        &self.repo
    }

    /// For people: where the release's StateBox is (`…, _releases/4.99/statebox/4.99.3.yaml`).
    pub fn location(&self, release: &ReleaseVersion) -> String {
        format!("{}, {}", self.repo.location(), path_of(release))
    }

    /// The release's state; `None` when it has no StateBox, never a default.
    pub async fn load(&self, release: &ReleaseVersion) -> Result<Option<StateBox>> {
        Ok(self.load_file(release).await?.map(|loaded| loaded.state))
    }

    /// The release's state, or [`StateBoxError::NotInitialised`].
    pub async fn require(&self, release: &ReleaseVersion) -> Result<StateBox> {
        self.load(release).await?.ok_or_else(|| not_initialised(release))
    }

    /// The release's state with its text.
    #[tracing::instrument(name = "statebox.load", skip_all, fields(%release), err(level = "debug"))]
    pub async fn load_file(&self, release: &ReleaseVersion) -> Result<Option<Loaded>> {
        let path = path_of(release);
        let file = self.repo.read(&repo_path(&path)?).await;
        let file = file.map_err(|source| StateBoxError::Repo { path: path.clone(), source })?;
        let Some(StoredFile { content, version }) = file else { return Ok(None) };
        let text = utf8(&path, &content)?.to_owned();
        let state = StateBox::parse(&path, &text)?;
        check_release(&path, &state, release)?;
        Ok(Some(Loaded { state, text, version }))
    }

    /// Makes the release's StateBox, if there is none.
    #[tracing::instrument(name = "statebox.initialise", skip_all, fields(release = %initial.release), err(level = "debug"))]
    pub async fn initialise(&self, initial: &InitialState, who: &Who) -> Result<Initialised> {
        let path = path_of(&initial.release);
        let message = self.message(&format!("initialise StateBox of {}", initial.release), who);
        let decide = |file: Option<&StoredFile>| {
            if file.is_some() {
                return Ok(Decision::Keep(Initialised::AlreadyExists));
            }
            let text = initial.state(self.clock.now()).render();
            Ok(Decision::write(text.into_bytes(), message.clone(), Initialised::Created))
        };
        let updated = update_file(&*self.repo, &repo_path(&path)?, &self.retry(), decide).await;
        Ok(updated.map_err(|error| StateBoxError::of_update(error, &path))?.outcome)
    }

    /// Changes a task's record; see [`StateBox::update_task`].
    pub async fn update_task(
        &self,
        release: &ReleaseVersion,
        update: &TaskUpdate,
        who: &Who,
    ) -> Result<Saved<bool>> {
        let subject = match update.status {
            Some(status) => format!("update task {} to {status}", update.task),
            None => format!("update task {}", update.task),
        };
        self.apply(release, &subject, who, |state| {
            Ok(state.update_task(update, self.clock.now(), &self.masker))
        })
        .await
    }

    /// Claims the start of a task's external job; see [`StateBox::claim_job`].
    pub async fn claim_job(
        &self,
        release: &ReleaseVersion,
        request: &ClaimRequest,
        who: &Who,
    ) -> Result<Saved<Claim>> {
        let id = self.entropy.id();
        let subject = format!("claim the start of {}", request.task);
        self.apply(release, &subject, who, |state| {
            Ok(state.claim_job(request, &id, self.clock.now()))
        })
        .await
    }

    /// Stores the job that was started under a claim; see [`StateBox::confirm_job`].
    pub async fn confirm_job(
        &self,
        release: &ReleaseVersion,
        task: Task,
        claim: &str,
        job: &JobRef,
        lines: &str,
        who: &Who,
    ) -> Result<Saved<()>> {
        let subject = format!("record the job of {task}");
        let lines = self.masker.mask(lines);
        self.apply(release, &subject, who, |state| state.confirm_job(task, claim, job, &lines))
            .await
    }

    /// Sets metadata keys; see [`StateBox::update_metadata`].
    pub async fn update_metadata(
        &self,
        release: &ReleaseVersion,
        changes: &Map,
        who: &Who,
    ) -> Result<Saved<()>> {
        let keys: Vec<&str> = changes.entries().map(|(key, _)| key).collect();
        let subject = format!("update metadata {}", keys.join(", "));
        self.apply(release, &subject, who, |state| state.update_metadata(changes)).await
    }

    /// Reports an issue; see [`StateBox::add_issue`].
    pub async fn add_issue(
        &self,
        release: &ReleaseVersion,
        issue: &NewIssue,
        who: &Who,
    ) -> Result<Saved<Issue>> {
        let subject = format!("add issue: {}", first_characters(&self.masker.mask(&issue.text)));
        self.apply(release, &subject, who, |state| {
            state.add_issue(issue, self.clock.now(), &self.masker)
        })
        .await
    }

    /// Resolves one issue; see [`StateBox::resolve_issue`].
    pub async fn resolve_issue(
        &self,
        release: &ReleaseVersion,
        issue: &str,
        resolution: &str,
        who: &Who,
    ) -> Result<Saved<Issue>> {
        let subject = format!("resolve issue: {}", first_characters(&self.masker.mask(issue)));
        self.apply(release, &subject, who, |state| {
            state.resolve_issue(issue, resolution, self.clock.now(), &self.masker)
        })
        .await
    }

    /// Resolves the open issues of a check that passed; see [`StateBox::resolve_by_source`].
    pub async fn resolve_by_source(
        &self,
        release: &ReleaseVersion,
        source: &str,
        resolution: &str,
        who: &Who,
    ) -> Result<Saved<Vec<Issue>>> {
        let subject = format!("resolve issues of {source}");
        self.apply(release, &subject, who, |state| {
            Ok(state.resolve_by_source(source, resolution, self.clock.now(), &self.masker))
        })
        .await
    }

    /// Remembers a message as sent; see [`StateBox::record_notification`].
    pub async fn record_notification(
        &self,
        release: &ReleaseVersion,
        kind: &str,
        hash: &str,
        who: &Who,
    ) -> Result<Saved<()>> {
        let subject = format!("record notification {kind}");
        self.apply(release, &subject, who, |state| {
            state.record_notification(kind, hash, self.clock.now());
            Ok(())
        })
        .await
    }

    /// Saves a whole edited document: merged with what others changed since `base` was loaded.
    /// Answers the fields that both sides changed, where the local value was taken.
    pub async fn save_edited(
        &self,
        base: &StateBox,
        local: &StateBox,
        who: &Who,
    ) -> Result<Saved<Vec<String>>> {
        let subject = format!("update StateBox of {}", base.release);
        self.apply(&base.release, &subject, who, |state| {
            let merged = merge(base, local, state)?;
            *state = merged.state;
            for warning in &merged.warnings {
                tracing::warn!(release = %base.release, "{warning}");
            }
            Ok(merged.warnings)
        })
        .await
    }

    /// Applies `change` to the freshest state and commits the result, unless nothing changed.
    ///
    /// `change` runs again on the new state whenever someone else was faster, so its rules hold for
    /// what is stored in the end. `subject` becomes the commit's first line: one line, masked.
    #[tracing::instrument(name = "statebox.update", skip_all, fields(%release, command = who.command), err(level = "debug"))]
    pub async fn apply<T: Send>(
        &self,
        release: &ReleaseVersion,
        subject: &str,
        who: &Who,
        mut change: impl FnMut(&mut StateBox) -> Result<T> + Send,
    ) -> Result<Saved<T>> {
        let path = path_of(release);
        let repo_path = repo_path(&path)?;
        let message = self.message(subject, who);
        let decide = |file: Option<&StoredFile>| {
            let file = file.ok_or_else(|| not_initialised(release))?;
            let text = utf8(&path, &file.content)?;
            let edited = edit(&path, text, self.clock.now(), |state| {
                check_release(&path, state, release)?;
                change(state)
            })?;
            let outcome = (edited.outcome, edited.state);
            Ok(match edited.text {
                None => Decision::Keep(outcome),
                Some(text) => Decision::write(text.into_bytes(), message.clone(), outcome),
            })
        };
        let updated = update_file(&*self.repo, &repo_path, &self.retry(), decide)
            .await
            .map_err(|error| StateBoxError::of_update(error, &path))?;
        let (outcome, state) = updated.outcome;
        Ok(Saved { outcome, state, committed: updated.committed })
    }

    fn retry(&self) -> Retry<'_> {
        Retry { entropy: &*self.entropy, pause: &*self.pause }
    }

    fn message(&self, subject: &str, who: &Who) -> CommitMessage {
        CommitMessage {
            subject: self.masker.mask(subject).into_owned(),
            actor: who.actor.clone(),
            command: who.command.clone(),
            intent: who.intent.clone(),
        }
    }
}

fn repo_path(path: &str) -> Result<RepoPath> {
    RepoPath::new(path).map_err(|source| StateBoxError::Repo { path: path.to_owned(), source })
}

fn not_initialised(release: &ReleaseVersion) -> StateBoxError {
    StateBoxError::NotInitialised { release: release.to_string() }
}

fn utf8<'c>(path: &str, content: &'c [u8]) -> Result<&'c str> {
    std::str::from_utf8(content).map_err(|error| StateBoxError::Corrupt {
        path: path.to_owned(),
        field: "document".to_owned(),
        line: None,
        problem: error.to_string(),
    })
}

/// A file must speak of the release it is named after.
fn check_release(path: &str, state: &StateBox, release: &ReleaseVersion) -> Result<()> {
    if state.release == *release {
        return Ok(());
    }
    Err(StateBoxError::Corrupt {
        path: path.to_owned(),
        field: "release".to_owned(),
        line: None,
        problem: format!("the file speaks of {}", state.release),
    })
}

/// What a commit's subject quotes of an issue.
fn first_characters(text: &str) -> String {
    text.chars().take(50).collect()
}
