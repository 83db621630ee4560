//! One file at a time, through the contents API: GET to read, PUT to write (spec 01 §7.2).

use std::sync::atomic::Ordering;

use http::Method;
use oar_state_repo::{
    Change, CommitMessage, Committed, Expected, FILE_LIMIT, FileVersion, RepoError, RepoPath,
    StateRepo as _, StoredFile,
};
use oar_transport::HttpErrorKind;

use crate::error::GitHubError;
use crate::operations::{DELETE_FILE, READ_FILE, READ_REF, WRITE_FILE};
use crate::repo::GitHubRepo;
use crate::request::{DeleteFile, WriteFile, contents_at, contents_path, decode};
use crate::types::{ContentsFile, Written};

impl GitHubRepo {
    pub(crate) async fn read_contents(
        &self,
        path: &RepoPath,
    ) -> Result<Option<StoredFile>, RepoError> {
        let address = contents_at(&self.repo, path, &self.branch);
        let reply = match self.github.get(READ_FILE, &address).await {
            Ok(reply) => reply,
            Err(error) if error.http() == Some(&HttpErrorKind::NotFound) => {
                return self.absent(&error).await;
            }
            Err(error) => return Err(self.failed(error, path)),
        };
        self.saw_branch();
        if reply.body.trim_ascii_start().starts_with(b"[") {
            return Err(self.malformed(format!("{path} is a folder")));
        }
        let file: ContentsFile = reply.json().map_err(|error| self.failed(error, path))?;
        if file.encoding != "base64" {
            return Err(RepoError::TooLarge { path: path.to_string(), limit: FILE_LIMIT });
        }
        let content = decode(&file.content).map_err(|error| {
            self.malformed(format!("the content of {path} is damaged: {error}"))
        })?;
        Ok(Some(StoredFile { content, version: FileVersion(file.sha) }))
    }

    /// GitHub says "not found" for a missing file, a missing branch and a repository that the token
    /// may not see. Only the first is an answer, so the branch is looked at once.
    async fn absent(&self, error: &GitHubError) -> Result<Option<StoredFile>, RepoError> {
        if error.words().contains("no commit found") {
            return Err(RepoError::NotAccessible { location: self.location() });
        }
        if !self.branch_seen.load(Ordering::Relaxed) {
            self.head(READ_REF).await?;
        }
        Ok(None)
    }

    pub(crate) async fn commit_file(
        &self,
        change: &Change,
        message: &CommitMessage,
    ) -> Result<Committed, RepoError> {
        let message = message.render();
        let version = match &change.content {
            Some(content) => Some(self.put(change, content, &message).await?),
            None => self.delete(change, &message).await.map(|()| None)?,
        };
        self.saw_branch();
        // Another head, and this answer does not say on top of which one.
        self.seen().forget();
        Ok(Committed { versions: vec![version] })
    }

    async fn put(
        &self,
        change: &Change,
        content: &[u8],
        message: &str,
    ) -> Result<FileVersion, RepoError> {
        let address = contents_path(&self.repo, &change.path);
        let body = WriteFile::new(message, content, &self.branch, expected_sha(change));
        match self.github.send(WRITE_FILE, Method::PUT, &address, &body).await {
            Ok(reply) => match reply.json::<Written>() {
                Ok(written) => Ok(FileVersion(written.content.sha)),
                // It is written; only the answer is unreadable.
                Err(error) => self.look_up(change, error.into()).await?.ok_or_else(|| {
                    self.malformed("the answer to a write had no version of the file")
                }),
            },
            Err(error) if error.outcome_is_unknown() => {
                let found = self.look_up(change, error).await?;
                found.ok_or_else(|| self.malformed("a written file was found deleted"))
            }
            Err(error) => Err(self.refused(change, error)),
        }
    }

    async fn delete(&self, change: &Change, message: &str) -> Result<(), RepoError> {
        let Some(sha) = expected_sha(change) else {
            // What must be absent needs no deleting.
            return match self.read_contents(&change.path).await? {
                None => Ok(()),
                Some(_) => Err(RepoError::Conflict { path: change.path.to_string() }),
            };
        };
        let address = contents_path(&self.repo, &change.path);
        let body = DeleteFile { message, branch: &self.branch, sha };
        match self.github.send(DELETE_FILE, Method::DELETE, &address, &body).await {
            Ok(_) => Ok(()),
            Err(error) if error.outcome_is_unknown() => self.look_up(change, error).await.map(drop),
            Err(error) => Err(self.refused(change, error)),
        }
    }

    /// The answer to a write was lost: reads the file and compares (promise P4, spec 01 §7.3).
    async fn look_up(
        &self,
        change: &Change,
        lost: GitHubError,
    ) -> Result<Option<FileVersion>, RepoError> {
        let location = self.location();
        let Ok(now) = self.read_contents(&change.path).await else {
            return Err(RepoError::Unknown { location, source: Box::new(lost) });
        };
        if now.as_ref().map(|file| &file.content) == change.content.as_ref() {
            tracing::info!(path = %change.path, "the answer to a write was lost, the write is there");
            return Ok(now.map(|file| file.version));
        }
        let as_before = match (&change.expected, &now) {
            (Expected::Absent, None) => true,
            (Expected::Version(before), Some(file)) => file.version == *before,
            _ => false,
        };
        if as_before {
            Err(RepoError::ReplyLost { location, source: Box::new(lost) })
        } else {
            Err(RepoError::Conflict { path: change.path.to_string() })
        }
    }

    /// A write that certainly did not happen, in the words of the port.
    fn refused(&self, change: &Change, error: GitHubError) -> RepoError {
        let path = change.path.to_string();
        match error.http() {
            // Without a version for an existing file: "sha" wasn't supplied.
            Some(HttpErrorKind::Unprocessable) if error.words().contains("sha") => {
                match change.expected {
                    Expected::Absent => RepoError::AlreadyExists { path },
                    Expected::Version(_) => RepoError::Conflict { path },
                }
            }
            _ => self.failed(error, &change.path),
        }
    }
}

fn expected_sha(change: &Change) -> Option<&str> {
    match &change.expected {
        Expected::Absent => None,
        Expected::Version(FileVersion(sha)) => Some(sha),
    }
}
