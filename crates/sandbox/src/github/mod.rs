//! GitHub: repositories as blobs, flat trees, commits and branches; contents, git data and GraphQL.

mod app;
mod contents;
mod git_data;
mod graphql;
mod mutation;
mod pulls;
mod query;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::HeaderName;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha1::{Digest as _, Sha1};

use crate::answer::{Answer, Incoming};
use crate::world::World;

/// All repositories, by `owner/name`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GitHub {
    /// Repositories.
    pub repos: BTreeMap<String, Repo>,
    /// Pull requests, by `owner/name#number`.
    #[serde(default)]
    pub pulls: BTreeMap<String, Pull>,
    /// Where the app is installed: repository to the installation's number.
    #[serde(default)]
    pub installed: BTreeMap<String, u64>,
}

/// A pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// Names of its labels.
    pub labels: Vec<String>,
    /// Whether it was closed, merged or not.
    pub is_closed: bool,
    /// Whether it was merged.
    pub is_merged: bool,
    /// `owner:branch` that it brings; empty for those that were made by hand.
    #[serde(default)]
    pub head: String,
    /// The branch that it changes.
    #[serde(default)]
    pub base: String,
    /// One line.
    #[serde(default)]
    pub title: String,
    /// The rest.
    #[serde(default)]
    pub body: String,
}

/// One repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Repo {
    /// Blob id to content, base64.
    pub blobs: BTreeMap<String, String>,
    /// Tree id to its files: path to blob id, all levels flattened.
    pub trees: BTreeMap<String, BTreeMap<String, String>>,
    /// Commit id to commit.
    pub commits: BTreeMap<String, Commit>,
    /// Branch to commit id.
    pub branches: BTreeMap<String, String>,
    /// The repository that this one is a fork of: the objects of both are in one place.
    #[serde(default)]
    pub fork_of: Option<String>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    /// Its files.
    pub tree: String,
    /// The commits before it.
    pub parents: Vec<String>,
    /// What it says.
    pub message: String,
}

/// The id git gives to a blob of these bytes.
pub fn blob_id(content: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", content.len()));
    hash.update(content);
    hex::encode(hash.finalize())
}

/// An id for anything else: stable for equal content, in git's shape.
fn object_id(kind: &str, content: &impl Serialize) -> String {
    let mut hash = Sha1::new();
    hash.update(kind);
    hash.update(serde_json::to_vec(content).unwrap_or_default());
    hex::encode(hash.finalize())
}

impl GitHub {
    /// Makes `branch` of `repo` with `files` in one commit.
    pub fn seed_branch(&mut self, repo: &str, branch: &str, files: &[(&str, &str)]) {
        let repo = self.repos.entry(repo.to_owned()).or_default();
        let tree = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), repo.add_blob(text.as_bytes())))
            .collect();
        let commit = repo.add_commit(tree, vec![], "Start of the branch");
        repo.branches.insert(branch.to_owned(), commit);
    }

    /// Makes `fork` a fork of `repo` without branches of its own.
    pub fn seed_fork(&mut self, fork: &str, repo: &str) {
        let made = Repo { fork_of: Some(repo.to_owned()), ..Repo::default() };
        self.repos.insert(fork.to_owned(), made);
    }

    /// A fork sees the commits, trees and blobs of the repository that it is a fork of.
    fn share_objects(&mut self, fork: &str) {
        let parent = self.repos.get(fork).and_then(|repo| repo.fork_of.clone());
        let Some(parent) = parent.and_then(|parent| self.repos.get(&parent)).cloned() else {
            return;
        };
        if let Some(repo) = self.repos.get_mut(fork) {
            repo.blobs.extend(parent.blobs);
            repo.trees.extend(parent.trees);
            repo.commits.extend(parent.commits);
        }
    }

    /// The text of a file of the state repository, for assertions.
    pub fn branch_file(&self, branch: &str, path: &str) -> Option<String> {
        self.file_of(crate::seed::STATE_REPO, branch, path)
    }

    /// The text of a file of any repository, for assertions.
    pub fn file_of(&self, repo: &str, branch: &str, path: &str) -> Option<String> {
        let repo = self.repos.get(repo)?;
        let content = repo.content(repo.files(branch)?.get(path)?)?;
        String::from_utf8(content).ok()
    }

    /// The messages of all commits of a state repository branch, newest first.
    pub fn log(&self, branch: &str) -> Vec<String> {
        let Some(repo) = self.repos.get(crate::seed::STATE_REPO) else { return vec![] };
        let mut next = repo.branches.get(branch);
        let mut messages = Vec::new();
        while let Some(commit) = next.and_then(|id| repo.commits.get(id)) {
            messages.push(commit.message.clone());
            next = commit.parents.first();
        }
        messages
    }

    /// Somebody else commits `text` to `path` of the state repository.
    pub fn foreign_write(&mut self, branch: &str, path: &str, text: &str) {
        if let Some(repo) = self.repos.get_mut(crate::seed::STATE_REPO) {
            let blob = repo.add_blob(text.as_bytes());
            repo.commit_file(branch, path, Some(blob), "A change by someone else");
        }
    }
}

impl Repo {
    fn add_blob(&mut self, content: &[u8]) -> String {
        let id = blob_id(content);
        self.blobs.insert(id.clone(), STANDARD.encode(content));
        id
    }

    fn content(&self, blob: &str) -> Option<Vec<u8>> {
        STANDARD.decode(self.blobs.get(blob)?).ok()
    }

    fn add_tree(&mut self, files: BTreeMap<String, String>) -> String {
        let id = object_id("tree", &files);
        self.trees.insert(id.clone(), files);
        id
    }

    fn add_commit(
        &mut self,
        files: BTreeMap<String, String>,
        parents: Vec<String>,
        message: &str,
    ) -> String {
        let tree = self.add_tree(files);
        let commit = Commit { tree, parents, message: message.to_owned() };
        // The number keeps two commits apart that say and hold the same.
        let id = object_id("commit", &(&commit, self.commits.len()));
        self.commits.insert(id.clone(), commit);
        id
    }

    /// The files at a branch, commit or tree id.
    fn files(&self, reference: &str) -> Option<&BTreeMap<String, String>> {
        let reference = reference.strip_prefix("refs/heads/").unwrap_or(reference);
        let id = self.branches.get(reference).map_or(reference, String::as_str);
        let tree = self.commits.get(id).map_or(id, |commit| commit.tree.as_str());
        self.trees.get(tree)
    }

    /// The id of the folder at `path`; `None` when nothing is in it.
    fn folder_id(&self, reference: &str, path: &str) -> Option<String> {
        let folder = if path.is_empty() { String::new() } else { format!("{path}/") };
        let inside: BTreeMap<&str, &String> = self
            .files(reference)?
            .iter()
            .filter_map(|(name, blob)| Some((name.strip_prefix(&folder)?, blob)))
            .collect();
        (!inside.is_empty()).then(|| object_id("tree", &inside))
    }

    /// Moves `branch` by one commit that sets or removes one file; answers the commit's id.
    fn commit_file(
        &mut self,
        branch: &str,
        path: &str,
        blob: Option<String>,
        message: &str,
    ) -> Option<String> {
        let head = self.branches.get(branch)?.clone();
        let mut files = self.files(&head)?.clone();
        match blob {
            Some(blob) => files.insert(path.to_owned(), blob),
            None => files.remove(path),
        };
        let commit = self.add_commit(files, vec![head], message);
        self.branches.insert(branch.to_owned(), commit.clone());
        Some(commit)
    }
}

/// Answers one request to `api.github.com`.
pub(crate) fn answer(world: &mut World, incoming: &Incoming<'_>) -> Answer {
    if incoming.credential().is_none() {
        return Answer::message(401, "Requires authentication");
    }
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    let answer = match path.as_slice() {
        ["graphql"] => graphql::answer(world, incoming),
        ["user"] => Answer::json(200, &json!({ "login": "release-bot-example" }))
            .with(HeaderName::from_static("x-oauth-scopes"), "repo"),
        ["app", "installations", id, "access_tokens"] => app::token(world, incoming, id),
        ["rate_limit"] => Answer::json(
            200,
            &json!({ "resources": { "core": { "limit": 5000, "remaining": 4999, "reset": 0 } } }),
        ),
        ["repos", owner, name, rest @ ..] => {
            let repo = format!("{owner}/{name}");
            if let ["issues", number] = rest {
                return pulls::issue(world, &format!("{repo}#{number}"));
            }
            if !world.github.repos.contains_key(&repo) {
                return Answer::message(404, "Not Found");
            }
            if let Some(refusal) = app::refusal(world, incoming, &repo, rest) {
                return refusal;
            }
            if incoming.method != http::Method::GET {
                world.github.share_objects(&repo);
            }
            match rest {
                ["installation"] => app::installation(world, &repo),
                ["pulls"] => pulls::answer(world, incoming, &repo),
                ["issues", number, "labels"] => pulls::label(world, incoming, &repo, number),
                [] => Answer::json(
                    200,
                    &json!({ "full_name": repo, "permissions": { "push": true, "pull": true } }),
                ),
                ["contents", path @ ..] => {
                    contents::answer(world, incoming, &repo, &path.join("/"))
                }
                ["git", rest @ ..] => git_data::answer(world, incoming, &repo, rest),
                _ => Answer::message(404, "Not Found"),
            }
        }
        _ => Answer::message(404, "Not Found"),
    };
    answer.with(HeaderName::from_static("x-ratelimit-remaining"), "4999")
}
