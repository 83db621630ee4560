//! Many files in one commit: one request, which GitHub refuses when the head is not the one that was
//! checked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use oar_release::effect;
use oar_state_repo::{
    Change, CommitMessage, Committed, Expected, FileVersion, RepoError, RepoPath, StateRepo as _,
    blob_id,
};
use serde_json::{Value, json};

use crate::commit_answer::{CommitAnswer, Refusal, Verdict};
use crate::error::GitHubError;
use crate::head::Head;
use crate::operations::COMMIT_FILES;
use crate::repo::GitHubRepo;

const MUTATION: &str = "mutation($input:CreateCommitOnBranchInput!){\
    createCommitOnBranch(input:$input){commit{oid}}}";

/// A commit that was not made.
enum NotDone {
    /// The branch does not point to the expected head.
    Stale,
    Failed(RepoError),
}

impl GitHubRepo {
    /// All of `changes` or none: the commit is made on a head where every expectation holds, and only
    /// if it still is the head.
    pub(crate) async fn commit_files(
        &self,
        changes: &[Change],
        message: &CommitMessage,
    ) -> Result<Committed, RepoError> {
        if changes.is_empty() {
            return Ok(Committed { versions: Vec::new() });
        }
        let known = self.seen().head_for(changes).map(str::to_owned);
        if let Some(head) = known {
            match self.commit_on(&head, changes, message).await {
                Ok(committed) => return Ok(committed),
                Err(NotDone::Failed(error)) => return Err(error),
                // Somebody committed since we looked, perhaps to other files only.
                Err(NotDone::Stale) => {}
            }
        }
        let head = self.head_with(&paths_of(changes)).await?;
        check_expectations(changes, &head)?;
        match self.commit_on(&head.commit, changes, message).await {
            Ok(committed) => Ok(committed),
            Err(NotDone::Failed(error)) => Err(error),
            Err(NotDone::Stale) => Err(self.branch_moved()),
        }
    }

    async fn commit_on(
        &self,
        head: &str,
        changes: &[Change],
        message: &CommitMessage,
    ) -> Result<Committed, NotDone> {
        let body = mutation(&self.repo.to_string(), &self.branch, head, changes, message);
        effect::point("github.commit_files.before");
        let reply = self.github.send(COMMIT_FILES, Method::POST, "/graphql", &body).await;
        effect::point("github.commit_files.after");
        let lost = match reply {
            Ok(reply) => match reply.json::<CommitAnswer>().map(CommitAnswer::verdict) {
                Ok(Verdict::Done(commit)) => {
                    self.saw_branch();
                    self.seen().advance(head, commit, outcome(changes));
                    return Ok(committed(changes));
                }
                Ok(Verdict::Stale) => {
                    self.seen().forget();
                    return Err(NotDone::Stale);
                }
                Ok(Verdict::Refused { why, problem }) => {
                    return Err(NotDone::Failed(self.refused_commit(why, problem)));
                }
                Ok(Verdict::Unknown(problem)) => {
                    GitHubError::Graphql { problem, rate_limited: false }
                }
                Err(error) => error.into(),
            },
            Err(error) if error.outcome_is_unknown() => error,
            Err(error) => return Err(NotDone::Failed(self.failed_branch(error))),
        };
        self.seen().forget();
        self.look_up_commit(head, changes, lost).await.map_err(NotDone::Failed)
    }

    fn refused_commit(&self, why: Refusal, problem: String) -> RepoError {
        let location = self.location();
        // Which rule of the branch it was is not in the error's words.
        tracing::warn!("GitHub refused a commit: {problem}");
        match why {
            Refusal::NotFound => RepoError::NotAccessible { location },
            Refusal::Forbidden => RepoError::Forbidden { location },
            Refusal::RateLimited => {
                let source = GitHubError::Graphql { problem, rate_limited: true };
                RepoError::Unavailable { location, source: Box::new(source) }
            }
            Refusal::Invalid => RepoError::Malformed { location, problem },
        }
    }

    /// The answer was lost: where does the branch point to now, and what is in the files?
    async fn look_up_commit(
        &self,
        before: &str,
        changes: &[Change],
        lost: GitHubError,
    ) -> Result<Committed, RepoError> {
        let location = self.location();
        let Ok(now) = self.head_with(&paths_of(changes)).await else {
            return Err(RepoError::Unknown { location, source: Box::new(lost) });
        };
        if now.commit == before {
            // Should it still arrive, the head that it expects lets only it or its repetition in.
            return Err(RepoError::ReplyLost { location, source: Box::new(lost) });
        }
        // Ours, or somebody else's before us or on top of us: the files tell.
        if outcome(changes).all(|(path, version)| now.files.get(&path) == Some(&version)) {
            tracing::info!("the answer to a commit was lost, the commit is there");
            return Ok(committed(changes));
        }
        Err(self.branch_moved())
    }
}

/// `POST /graphql` that commits `changes` on `head` or not at all.
fn mutation(
    repo: &str,
    branch: &str,
    head: &str,
    changes: &[Change],
    message: &CommitMessage,
) -> Value {
    let (mut additions, mut deletions) = (Vec::new(), Vec::new());
    for Change { path, content, .. } in changes {
        let path = path.as_str();
        match content {
            Some(content) => {
                additions.push(json!({ "path": path, "contents": STANDARD.encode(content) }));
            }
            None => deletions.push(json!({ "path": path })),
        }
    }
    let message = message.render();
    let (headline, body) = message.split_once("\n\n").unwrap_or((&message, ""));
    let input = json!({
        "branch": { "repositoryNameWithOwner": repo, "branchName": branch },
        "message": { "headline": headline, "body": body },
        "fileChanges": { "additions": additions, "deletions": deletions },
        "expectedHeadOid": head,
    });
    json!({ "query": MUTATION, "variables": { "input": input } })
}

fn paths_of(changes: &[Change]) -> Vec<RepoPath> {
    changes.iter().map(|change| change.path.clone()).collect()
}

/// The files as the commit leaves them.
fn outcome(changes: &[Change]) -> impl Iterator<Item = (RepoPath, Option<FileVersion>)> {
    changes.iter().map(|change| (change.path.clone(), change.content.as_deref().map(blob_id)))
}

fn committed(changes: &[Change]) -> Committed {
    Committed { versions: outcome(changes).map(|(_, version)| version).collect() }
}

fn check_expectations(changes: &[Change], head: &Head) -> Result<(), RepoError> {
    for change in changes {
        let path = change.path.to_string();
        match (&change.expected, head.files.get(&change.path).and_then(Option::as_ref)) {
            (Expected::Absent, None) => {}
            (Expected::Absent, Some(_)) => return Err(RepoError::AlreadyExists { path }),
            (Expected::Version(expected), Some(found)) if expected == found => {}
            (Expected::Version(_), _) => return Err(RepoError::Conflict { path }),
        }
    }
    Ok(())
}
