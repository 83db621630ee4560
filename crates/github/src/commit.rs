//! Many files in one commit, through the git data API, with a compare-and-swap on the branch.

use futures_util::future::try_join;
use http::Method;
use oar_state_repo::{
    Change, CommitMessage, Committed, Entry, Expected, FileVersion, RepoError, StateRepo as _,
    blob_id,
};
use oar_transport::HttpErrorKind;
use serde_json::{Value, json};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::GitHubError;
use crate::operations::{CREATE_OBJECT, MOVE_BRANCH, READ_REF};
use crate::repo::GitHubRepo;
use crate::request::{encode_path, repo_path};
use crate::types::Object;

impl GitHubRepo {
    /// All of `changes` or none: the commit is built on the head that was checked, and the branch
    /// moves only if it still is the head.
    pub(crate) async fn commit_files(
        &self,
        changes: &[Change],
        message: &CommitMessage,
    ) -> Result<Committed, RepoError> {
        if changes.is_empty() {
            return Ok(Committed { versions: Vec::new() });
        }
        let head = self.head(READ_REF).await?;
        let (base, files) = try_join(self.tree_of(&head), self.files_of(&head, None)).await?;
        check_expectations(changes, &files)?;
        let tree = self.create_tree(&base, changes).await?;
        let commit = self
            .create(
                "git/commits",
                &json!({
                    "message": message.render(),
                    "tree": tree,
                    "parents": [head],
                }),
            )
            .await?;
        self.move_branch(&head, &commit, changes).await?;
        let version = |change: &Change| change.content.as_deref().map(blob_id);
        Ok(Committed { versions: changes.iter().map(version).collect() })
    }

    async fn create_tree(&self, base: &str, changes: &[Change]) -> Result<String, RepoError> {
        let mut entries = Vec::with_capacity(changes.len());
        for change in changes {
            let mut entry =
                json!({ "path": change.path.as_str(), "mode": "100644", "type": "blob" });
            let (key, value) = match &change.content {
                None => ("sha", Value::Null),
                Some(content) => match std::str::from_utf8(content) {
                    // Text travels inside the tree and saves a request per file.
                    Ok(text) => ("content", json!(text)),
                    Err(_) => ("sha", json!(self.create_blob(content).await?)),
                },
            };
            entry[key] = value;
            entries.push(entry);
        }
        self.create("git/trees", &json!({ "base_tree": base, "tree": entries })).await
    }

    async fn create_blob(&self, content: &[u8]) -> Result<String, RepoError> {
        let body = json!({ "content": STANDARD.encode(content), "encoding": "base64" });
        self.create("git/blobs", &body).await
    }

    /// Creates an object that nothing points to yet.
    async fn create(&self, kind: &str, body: &Value) -> Result<String, RepoError> {
        let address = repo_path(&self.repo, kind);
        let reply = self.github.send(CREATE_OBJECT, Method::POST, &address, body).await;
        match reply.and_then(|reply| Ok(reply.json::<Object>()?)) {
            Ok(object) => Ok(object.sha),
            // Whether it exists is of no matter: nobody sees it.
            Err(error) if error.outcome_is_unknown() => {
                let location = self.location();
                Err(RepoError::Unavailable { location, source: Box::new(error) })
            }
            Err(error) => Err(self.failed_branch(error)),
        }
    }

    async fn move_branch(&self, from: &str, to: &str, changes: &[Change]) -> Result<(), RepoError> {
        let branch = encode_path(&self.branch);
        let address = repo_path(&self.repo, &format!("git/refs/heads/{branch}"));
        let body = json!({ "sha": to, "force": false });
        match self.github.send(MOVE_BRANCH, Method::PATCH, &address, &body).await {
            Ok(_) => Ok(()),
            Err(error) if error.outcome_is_unknown() => {
                self.look_up_move(from, to, changes, error).await
            }
            // "Update is not a fast forward": somebody else was faster.
            Err(error)
                if error.http() == Some(&HttpErrorKind::Unprocessable)
                    && error.words().contains("fast forward") =>
            {
                Err(self.branch_moved())
            }
            Err(error) => Err(self.failed_branch(error)),
        }
    }

    /// The answer was lost: where does the branch point to now?
    async fn look_up_move(
        &self,
        from: &str,
        to: &str,
        changes: &[Change],
        lost: GitHubError,
    ) -> Result<(), RepoError> {
        let location = self.location();
        let unknown =
            |lost| RepoError::Unknown { location: location.clone(), source: Box::new(lost) };
        let Ok(head) = self.head(READ_REF).await else { return Err(unknown(lost)) };
        if head == to {
            return Ok(());
        }
        if head == from {
            return Err(RepoError::Unavailable { location, source: Box::new(lost) });
        }
        // Somebody committed meanwhile, before us or on top of us: the files tell.
        let Ok(files) = self.files_of(&head, None).await else { return Err(unknown(lost)) };
        if changes.iter().all(|change| is_applied(change, &files)) {
            Ok(())
        } else {
            Err(self.branch_moved())
        }
    }

    fn branch_moved(&self) -> RepoError {
        RepoError::Conflict { path: format!("branch {}", self.branch) }
    }
}

fn check_expectations(changes: &[Change], files: &[Entry]) -> Result<(), RepoError> {
    for change in changes {
        let path = change.path.to_string();
        match (&change.expected, version_of(change, files)) {
            (Expected::Absent, None) => {}
            (Expected::Absent, Some(_)) => return Err(RepoError::AlreadyExists { path }),
            (Expected::Version(expected), Some(found)) if expected == found => {}
            (Expected::Version(_), _) => return Err(RepoError::Conflict { path }),
        }
    }
    Ok(())
}

fn is_applied(change: &Change, files: &[Entry]) -> bool {
    let wanted = change.content.as_deref().map(blob_id);
    version_of(change, files) == wanted.as_ref()
}

/// `files` is sorted by path.
fn version_of<'f>(change: &Change, files: &'f [Entry]) -> Option<&'f FileVersion> {
    let at = files.binary_search_by(|entry| entry.path.cmp(&change.path)).ok()?;
    Some(&files[at].version)
}
