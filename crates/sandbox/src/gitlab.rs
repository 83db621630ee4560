//! GitLab: projects with branches and commits, merge requests with comments, approvals, labels and
//! pipelines.
//!
//! Commits live in one pool that forks share. An approval belongs to the commit it was given for and
//! is gone after a push. What the service refuses is refused in its words and noted as an effect.

mod merge_requests;
mod repository;
mod seed;

use std::collections::{BTreeMap, BTreeSet};

use http::header::{HeaderName, LINK, LOCATION};
use http::{Method, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, Incoming};
use crate::world::World;

pub use seed::{ADVISORIES, FORK, SHIPMENT_DATA, SHIPMENT_MR, seeded};

/// All of GitLab.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GitLab {
    /// Accounts by number.
    pub users: BTreeMap<u64, User>,
    /// The account of every token.
    pub me: u64,
    /// Projects by number.
    pub projects: BTreeMap<u64, Project>,
    /// Commits of all projects, by id.
    pub commits: BTreeMap<String, Commit>,
    /// Merge requests, by number of the target project and their own.
    pub merge_requests: Vec<MergeRequest>,
    /// Pipelines by number.
    pub pipelines: BTreeMap<u64, Pipeline>,
    /// The highest number given to a note, a merge request, a discussion.
    pub last_id: u64,
}

/// An account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Name for mentions.
    pub username: String,
    /// Address.
    pub email: String,
    /// Whether everybody sees the address.
    pub shows_email: bool,
    /// `active`, `blocked`.
    pub state: String,
}

/// A project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Path with groups.
    pub path: String,
    /// The project it was forked from.
    pub forked_from: Option<u64>,
    /// Branch to commit.
    pub branches: BTreeMap<String, String>,
}

/// A commit: all files of the project at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Path to text.
    pub files: BTreeMap<String, String>,
    /// The commit before.
    pub parent: Option<String>,
    /// What it says.
    pub message: String,
}

/// A merge request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeRequest {
    /// Number within the target project.
    pub iid: u64,
    /// The project it goes into.
    pub project: u64,
    /// The project it comes from.
    pub source_project: u64,
    /// The branch it comes from.
    pub source_branch: String,
    /// The branch it goes into.
    pub target_branch: String,
    /// The commit of the target branch that it began at.
    pub base: String,
    /// Its head when it ended; before that the branch's head counts.
    pub final_head: Option<String>,
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Who made it.
    pub author: u64,
    /// `opened`, `closed`, `merged`, `locked`.
    pub state: String,
    /// Labels.
    pub labels: BTreeSet<String>,
    /// Whether GitLab can merge it, in its words.
    pub merge_status: String,
    /// Merges when the pipeline succeeds.
    pub auto_merge: bool,
    /// Merged as one commit.
    pub squash: bool,
    /// Comments.
    pub notes: Vec<Note>,
    /// Who approved which commit.
    pub approvals: Vec<(u64, String)>,
    /// Its pipelines.
    pub pipelines: Vec<u64>,
}

/// A comment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its number.
    pub id: u64,
    /// Whose.
    pub author: u64,
    /// Markdown.
    pub body: String,
    /// Written by GitLab itself.
    pub system: bool,
    /// Where it stands in the diff, for suggestions.
    pub position: Value,
}

/// A pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// The project it runs in.
    pub project: u64,
    /// The commit.
    pub sha: String,
    /// Its own status.
    pub status: String,
    /// When it was made.
    pub created_at: String,
    /// Its bridges.
    pub bridges: Vec<Bridge>,
}

/// A job that starts another pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bridge {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its stage.
    pub stage: String,
    /// Its status.
    pub status: String,
    /// Status of the pipeline it started, if it started one.
    pub downstream: Option<String>,
}

impl Pipeline {
    /// All bridges of `stage`, and the pipelines they started, stand at `status`.
    pub(crate) fn set_stage(&mut self, stage: &str, status: &str) {
        for bridge in self.bridges.iter_mut().filter(|bridge| bridge.stage == stage) {
            status.clone_into(&mut bridge.status);
            bridge.downstream = Some(status.to_owned());
        }
    }
}

impl GitLab {
    /// The merge request `iid` of `project`.
    pub fn merge_request(&self, project: &str, iid: u64) -> Option<&MergeRequest> {
        let (id, _) = self.project(project)?;
        self.merge_requests.iter().find(|mr| mr.project == id && mr.iid == iid)
    }

    /// The same, to change it by hand as somebody outside would.
    pub fn merge_request_mut(&mut self, project: &str, iid: u64) -> Option<&mut MergeRequest> {
        let (id, _) = self.project(project)?;
        self.merge_requests.iter_mut().find(|mr| mr.project == id && mr.iid == iid)
    }

    /// The text of a file on a branch, for assertions.
    pub fn file(&self, project: &str, branch: &str, path: &str) -> Option<&str> {
        let (_, project) = self.project(project)?;
        let commit = self.commits.get(project.branches.get(branch)?)?;
        commit.files.get(path).map(String::as_str)
    }

    /// Somebody else pushes a new text of one file; answers the commit.
    pub fn foreign_push(
        &mut self,
        project: &str,
        branch: &str,
        path: &str,
        text: &str,
    ) -> Option<String> {
        let (id, project) = self.project(project)?;
        let parent = project.branches.get(branch)?.clone();
        let mut files = self.commits.get(&parent)?.files.clone();
        files.insert(path.to_owned(), text.to_owned());
        let message = "A change by someone else".to_owned();
        let commit = self.add_commit(Commit { files, parent: Some(parent), message });
        self.projects.get_mut(&id)?.branches.insert(branch.to_owned(), commit.clone());
        Some(commit)
    }

    /// Every pipeline succeeds: what waited for it is merged.
    pub fn pipelines_succeed(&mut self) {
        let waiting = |(_, mr): &(usize, &MergeRequest)| mr.auto_merge && mr.state == "opened";
        let due: Vec<usize> =
            self.merge_requests.iter().enumerate().filter(waiting).map(|(at, _)| at).collect();
        for at in due {
            self.merge(at);
        }
    }

    /// Somebody else merges a merge request; one that is not open stays as it is.
    pub fn foreign_merge(&mut self, project: &str, iid: u64) {
        let Some((id, _)) = self.project(project) else { return };
        let is_it = |mr: &MergeRequest| mr.project == id && mr.iid == iid && mr.state == "opened";
        if let Some(at) = self.merge_requests.iter().position(is_it) {
            self.merge(at);
        }
    }

    /// Whether our account approved the head of a merge request, or it is merged already.
    pub(crate) fn is_approved_or_merged(&self, project: &str, iid: u64) -> bool {
        self.merge_request(project, iid).is_some_and(|mr| {
            let head = self.head(mr);
            let is_ours =
                |(user, sha): &(u64, String)| *user == self.me && Some(sha) == head.as_ref();
            mr.state == "merged" || mr.approvals.iter().any(is_ours)
        })
    }

    /// Somebody else runs the newest pipeline of a merge request anew.
    pub(crate) fn run_pipeline_again(&mut self, project: &str, iid: u64, at: Timestamp) {
        let newest = self.merge_request(project, iid).and_then(|mr| mr.pipelines.iter().max());
        let Some(mut pipeline) = newest.and_then(|id| self.pipelines.get(id)).cloned() else {
            return;
        };
        let id = self.pipelines.keys().max().map_or(1, |id| id + 1);
        pipeline.created_at = at.to_string();
        self.pipelines.insert(id, pipeline);
        if let Some(mr) = self.merge_request_mut(project, iid) {
            mr.pipelines.push(id);
        }
    }

    /// Brings the changes of a merge request into its target branch.
    fn merge(&mut self, at: usize) -> Option<()> {
        let mr = self.merge_requests.get(at)?.clone();
        let head = self.head(&mr)?;
        let target = self.projects.get(&mr.project)?.branches.get(&mr.target_branch)?.clone();
        let mut files = self.commits.get(&target)?.files.clone();
        let (old, new) = (self.commits.get(&mr.base)?, self.commits.get(&head)?);
        for path in old.files.keys().chain(new.files.keys()) {
            match new.files.get(path) {
                Some(text) if old.files.get(path) != Some(text) => {
                    files.insert(path.clone(), text.clone());
                }
                None => drop(files.remove(path)),
                Some(_) => {}
            }
        }
        let message = format!("Merge {}", mr.title);
        let commit = self.add_commit(Commit { files, parent: Some(target), message });
        let project = self.projects.get_mut(&mr.project)?;
        project.branches.insert(mr.target_branch, commit);
        let merged = self.merge_requests.get_mut(at)?;
        "merged".clone_into(&mut merged.state);
        merged.final_head = Some(head);
        Some(())
    }

    /// A project by path or number, as requests name it.
    fn project(&self, name: &str) -> Option<(u64, &Project)> {
        if let Ok(id) = name.parse::<u64>() {
            return self.projects.get(&id).map(|project| (id, project));
        }
        self.projects.iter().find(|(_, p)| p.path == name).map(|(id, project)| (*id, project))
    }

    /// The head commit of a merge request.
    fn head(&self, mr: &MergeRequest) -> Option<String> {
        if let Some(head) = &mr.final_head {
            return Some(head.clone());
        }
        self.projects.get(&mr.source_project)?.branches.get(&mr.source_branch).cloned()
    }

    fn add_commit(&mut self, commit: Commit) -> String {
        let text = serde_json::to_vec(&commit).unwrap_or_default();
        let id = crate::github::blob_id(&text);
        self.commits.insert(id.clone(), commit);
        id
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn user(&self, id: u64) -> Value {
        let Some(user) = self.users.get(&id) else { return Value::Null };
        let shown = if user.shows_email { user.email.as_str() } else { "" };
        json!({ "id": id, "username": user.username, "name": user.username, "state": user.state,
                "public_email": shown })
    }
}

/// Answers one request.
pub(crate) fn answer(world: &mut World, incoming: &Incoming<'_>) -> Answer {
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    let ["api", "v4", rest @ ..] = path.as_slice() else {
        // A page for people: without a session it leads to the login page.
        let login =
            format!("https://{}/users/sign_in", incoming.url.host_str().unwrap_or_default());
        return Answer::text(302, "text/html", "<html>redirected</html>").with(LOCATION, &login);
    };
    let has_token =
        |name: HeaderName| incoming.headers.get(name).is_some_and(|value| !value.is_empty());
    if !has_token(HeaderName::from_static("private-token")) && !has_token(header::AUTHORIZATION) {
        return Answer::message(401, "401 Unauthorized");
    }
    let get = *incoming.method == Method::GET;
    match rest {
        ["user"] if get => Answer::json(200, &world.gitlab.user(world.gitlab.me)),
        ["users"] if get => users(world, incoming),
        ["projects", project, rest @ ..] => {
            let Some((id, _)) = world.gitlab.project(project) else {
                return Answer::message(404, "404 Project Not Found");
            };
            match rest {
                [] if get => repository::project(world, id),
                ["repository", rest @ ..] => repository::answer(world, incoming, id, rest),
                ["merge_requests", rest @ ..] => merge_requests::answer(world, incoming, id, rest),
                ["pipelines", pipeline, rest @ ..] if get => {
                    merge_requests::pipeline(world, incoming, pipeline, rest)
                }
                _ => not_found(),
            }
        }
        _ => not_found(),
    }
}

fn users(world: &World, incoming: &Incoming<'_>) -> Answer {
    let text = incoming.query("search").unwrap_or_default().to_lowercase();
    let fits = |user: &User| {
        !text.is_empty() && (user.username.contains(&text) || user.email.to_lowercase() == text)
    };
    let found = world.gitlab.users.iter().filter(|(_, user)| fits(user));
    page(incoming, found.map(|(id, _)| world.gitlab.user(*id)).collect())
}

fn not_found() -> Answer {
    Answer::message(404, "404 Not Found")
}

/// One page of a list, with a link to the next one.
fn page(incoming: &Incoming<'_>, items: Vec<Value>) -> Answer {
    let number = |name: &str, default: usize| {
        incoming.query(name).and_then(|text| text.parse().ok()).unwrap_or(default).max(1)
    };
    let (page, size) = (number("page", 1), number("per_page", 20).min(100));
    let more = items.len() > page * size;
    let items: Vec<Value> = items.into_iter().skip((page - 1) * size).take(size).collect();
    let answer = Answer::json(200, &Value::Array(items));
    if !more {
        return answer;
    }
    let mut next = incoming.url.clone();
    let others: Vec<(String, String)> = incoming
        .url
        .query_pairs()
        .filter(|(name, _)| name != "page")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    next.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair("page", &(page + 1).to_string());
    answer.with(LINK, &format!("<{next}>; rel=\"next\""))
}
