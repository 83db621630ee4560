//! Which files there are, through the git data API (spec 04 §3).

use std::collections::VecDeque;

use oar_state_repo::{Entry, FileVersion, RepoError, RepoPath};
use oar_transport::HttpErrorKind;
use oar_transport::probe::Operation;

use crate::operations::READ_TREE;
use crate::repo::GitHubRepo;
use crate::request::{encode_path, repo_path};
use crate::types::{Reference, Tree, TreeEntry};

/// Most folders that are asked for one by one (spec 08 R34).
const MOST_FOLDERS: usize = 10_000;

impl GitHubRepo {
    /// The commit that the branch points to.
    pub(crate) async fn head(&self, operation: Operation) -> Result<String, RepoError> {
        let branch = encode_path(&self.branch);
        let address = repo_path(&self.repo, &format!("git/ref/heads/{branch}"));
        let reply = self.github.get(operation, &address).await;
        let reference = reply
            .and_then(|reply| Ok(reply.json::<Reference>()?))
            .map_err(|error| self.failed_branch(error))?;
        self.saw_branch();
        Ok(reference.object.sha)
    }

    /// All files of the branch below `folder`, sorted by path.
    pub(crate) async fn list_folder(&self, folder: &RepoPath) -> Result<Vec<Entry>, RepoError> {
        let whole = self.tree(&encode_path(&self.branch), true).await?;
        self.saw_branch();
        let prefix = format!("{folder}/");
        let mut entries = Vec::new();
        if whole.truncated {
            self.walk(&prefix, &mut entries).await?;
        } else {
            for entry in whole.tree.into_iter().filter(TreeEntry::is_file) {
                if entry.path.starts_with(&prefix) {
                    entries.push(found(entry.path, entry.sha)?);
                }
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    /// GitHub left entries out: asks folder by folder, only for those on the way to `prefix` or
    /// below it.
    async fn walk(&self, prefix: &str, entries: &mut Vec<Entry>) -> Result<(), RepoError> {
        let mut folders = VecDeque::from([(encode_path(&self.branch), String::new())]);
        for _ in 0..MOST_FOLDERS {
            let Some((id, at)) = folders.pop_front() else { return Ok(()) };
            let tree = self.tree(&id, false).await?;
            if tree.truncated {
                return Err(self.malformed(format!("the folder {at:?} has too many entries")));
            }
            for entry in tree.tree {
                let path = format!("{at}{}", entry.path);
                if entry.is_file() && path.starts_with(prefix) {
                    entries.push(found(path, entry.sha)?);
                } else if entry.is_folder() {
                    let inside = format!("{path}/");
                    if inside.starts_with(prefix) || prefix.starts_with(&inside) {
                        folders.push_back((entry.sha, inside));
                    }
                }
            }
        }
        Err(self.malformed("it has too many folders"))
    }

    async fn tree(&self, id: &str, recursive: bool) -> Result<Tree, RepoError> {
        let query = if recursive { "?recursive=1" } else { "" };
        let address = repo_path(&self.repo, &format!("git/trees/{id}{query}"));
        match self.github.get(READ_TREE, &address).await {
            Ok(reply) => reply.json().map_err(|error| self.failed_branch(error)),
            // What GitHub says of a repository without any commit.
            Err(error) if error.http() == Some(&HttpErrorKind::Conflict) => {
                Ok(Tree { tree: Vec::new(), truncated: false })
            }
            Err(error) => Err(self.failed_branch(error)),
        }
    }
}

fn found(path: String, sha: String) -> Result<Entry, RepoError> {
    Ok(Entry { path: RepoPath::new(path)?, version: FileVersion(sha) })
}
