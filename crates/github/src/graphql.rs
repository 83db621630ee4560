//! Many files at once, through GraphQL (spec 01 §8.2).

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use http::Method;
use oar_state_repo::{FileVersion, RepoError, RepoPath, StateRepo as _, StoredFile, blob_id};

use crate::error::GitHubError;
use crate::operations::{GRAPHQL, READ_BLOB};
use crate::repo::GitHubRepo;
use crate::request::{FILES_PER_QUERY, alias, decode, files_query, repo_path};
use crate::types::{Blob, GraphqlAnswer, GraphqlBlob, GraphqlProblem};

type Found = Vec<(RepoPath, StoredFile)>;

impl GitHubRepo {
    pub(crate) async fn read_batches(&self, paths: &[RepoPath]) -> Result<Found, RepoError> {
        let batches = paths.chunks(FILES_PER_QUERY).map(|batch| self.read_batch(batch));
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    /// One query. A file that GraphQL could not give (an error for its node, binary, too long) is
    /// read by itself; only when that fails too, the batch fails.
    async fn read_batch(&self, paths: &[RepoPath]) -> Result<Found, RepoError> {
        let body = files_query(&self.repo, &self.branch, paths);
        let reply = self.github.send(GRAPHQL, Method::POST, "/graphql", &body).await;
        let answer: GraphqlAnswer =
            reply.and_then(|reply| Ok(reply.json()?)).map_err(|error| self.failed_branch(error))?;
        let failed = failed_nodes(&answer.errors);
        let Some(mut nodes) = answer.data.and_then(|data| data.repository) else {
            return Err(self.no_repository(&answer.errors));
        };
        let mut files = Vec::new();
        for (number, path) in paths.iter().enumerate() {
            let alias = alias(number);
            let file = match nodes.remove(&alias) {
                Some(Some(node)) => self.file_of(path, node).await?,
                Some(None) | None if !failed.contains(&alias) => None,
                Some(None) | None => self.read_contents(path).await?,
            };
            files.extend(file.map(|file| (path.clone(), file)));
        }
        Ok(files)
    }

    async fn file_of(
        &self,
        path: &RepoPath,
        node: GraphqlBlob,
    ) -> Result<Option<StoredFile>, RepoError> {
        // A folder has none of a blob's fields: no file of that name.
        let Some(oid) = node.oid else { return Ok(None) };
        let is_whole = node.is_truncated != Some(true);
        let content = match node.text.map(String::into_bytes) {
            // The id proves that these are the file's bytes and not a rendering of them.
            Some(content) if is_whole && blob_id(&content).0 == oid => content,
            _ => self.read_blob(path, &oid).await?,
        };
        Ok(Some(StoredFile { content, version: FileVersion(oid) }))
    }

    async fn read_blob(&self, path: &RepoPath, id: &str) -> Result<Vec<u8>, RepoError> {
        let address = repo_path(&self.repo, &format!("git/blobs/{id}"));
        let reply = self.github.get(READ_BLOB, &address).await;
        let blob: Blob =
            reply.and_then(|reply| Ok(reply.json()?)).map_err(|error| self.failed(error, path))?;
        if blob.encoding != "base64" {
            return Err(self.malformed(format!("{path} came as {:?}", blob.encoding)));
        }
        decode(&blob.content)
            .map_err(|error| self.malformed(format!("the content of {path} is damaged: {error}")))
    }

    /// Why an answer has no data.
    pub(crate) fn no_repository(&self, errors: &[GraphqlProblem]) -> RepoError {
        let kinds: BTreeSet<&str> =
            errors.iter().filter_map(|error| error.kind.as_deref()).collect();
        if errors.is_empty() || kinds.contains("NOT_FOUND") {
            return RepoError::NotAccessible { location: self.location() };
        }
        let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
        self.failed_branch(GitHubError::Graphql {
            problem: messages.join("; "),
            rate_limited: kinds.contains("RATE_LIMITED"),
        })
    }
}

/// The aliases that errors speak of.
fn failed_nodes(errors: &[GraphqlProblem]) -> BTreeSet<String> {
    let alias = |error: &GraphqlProblem| Some(error.path.get(1)?.as_str()?.to_owned());
    errors.iter().filter_map(alias).collect()
}
