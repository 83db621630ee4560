//! What writes are asked to do, and the bodies and paths of requests, built without sending anything.

use oar_release::MergeRequest;
use oar_transport::encode_segment;
use oar_transport::journal::IntentId;
use serde_json::{Map, Value, json};

use crate::error::GitLabError;
use crate::note::NoteText;
use crate::project::Project;
use crate::types::DiffRefs;

/// A merge request to make (spec 03 §2.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMergeRequest {
    /// Where the source branch is.
    pub source_project: Project,
    /// The branch with the changes.
    pub source_branch: String,
    /// Number of the project to merge into, when it is another one.
    pub target_project_id: Option<u64>,
    /// The branch to merge into.
    pub target_branch: String,
    /// Title; also what finds the merge request again.
    pub title: String,
    /// Description.
    pub description: String,
    /// Whether the commits become one.
    pub squash: bool,
    /// Labels.
    pub labels: Vec<String>,
}

impl NewMergeRequest {
    /// The project to merge into.
    pub fn target_project(&self) -> Project {
        self.target_project_id.map_or_else(|| self.source_project.clone(), Project::Id)
    }

    pub(crate) fn body(&self) -> Result<Value, GitLabError> {
        for (name, text) in [
            ("source branch", &self.source_branch),
            ("target branch", &self.target_branch),
            ("title", &self.title),
        ] {
            if text.trim().is_empty() {
                return Err(invalid("create a merge request", format!("its {name} is empty")));
            }
        }
        let mut body = json!({
            "source_branch": self.source_branch,
            "target_branch": self.target_branch,
            "title": self.title,
            "description": self.description,
            "squash": self.squash,
        });
        if let Some(id) = self.target_project_id {
            body["target_project_id"] = json!(id);
        }
        if !self.labels.is_empty() {
            body["labels"] = json!(self.labels.join(","));
        }
        Ok(body)
    }
}

/// Where a new branch begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchStart {
    /// The project of the commit.
    pub project: Project,
    /// The commit.
    pub sha: String,
}

/// A new text for an existing file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileUpdate {
    /// Its path.
    pub path: String,
    /// The whole new text.
    pub text: String,
    /// The commit that was the file's last: a newer one makes the whole commit fail.
    pub last_commit_id: String,
}

/// A commit of several files in one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommit {
    /// The branch it goes to.
    pub branch: String,
    /// What it says.
    pub message: String,
    /// Where the branch begins, when it is to be made.
    pub start: Option<BranchStart>,
    /// The files.
    pub files: Vec<FileUpdate>,
    /// Name and address of the author; the token's user by default.
    pub author: Option<(String, String)>,
}

impl NewCommit {
    /// The intent that the commit's message carries: the same branch and content give the same.
    pub fn intent(&self) -> IntentId {
        let mut parts = vec!["gitlab.commit", &self.branch];
        for file in &self.files {
            parts.extend([file.path.as_str(), &file.last_commit_id, &file.text]);
        }
        IntentId::derive(&parts)
    }

    pub(crate) fn trailer(&self) -> String {
        format!("Intent-Id: {}", self.intent())
    }

    pub(crate) fn body(&self) -> Result<Value, GitLabError> {
        check_branch(&self.branch)?;
        if self.files.is_empty() {
            return Err(invalid("commit", "no file is changed"));
        }
        let action = |file: &FileUpdate| {
            json!({
                "action": "update",
                "file_path": file.path,
                "content": file.text,
                "last_commit_id": file.last_commit_id,
            })
        };
        let mut body = json!({
            "branch": self.branch,
            "commit_message": format!("{}\n\n{}\n", self.message.trim_end(), self.trailer()),
            "actions": self.files.iter().map(action).collect::<Vec<_>>(),
        });
        if let Some(start) = &self.start {
            body["start_sha"] = json!(start.sha);
            body["start_project"] = json!(start.project.to_string());
        }
        if let Some((name, email)) = &self.author {
            body["author_name"] = json!(name);
            body["author_email"] = json!(email);
        }
        Ok(body)
    }
}

/// Refuses names that git refuses, and the branches that releases are read from (spec 03 §9).
fn check_branch(name: &str) -> Result<(), GitLabError> {
    let refused = |problem: &str| Err(invalid("commit", format!("branch {name:?} {problem}")));
    let letters_fit =
        name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./+".contains(letter));
    let parts_fit = name
        .split('/')
        .all(|part| !part.is_empty() && !part.starts_with(['.', '-']) && !part.ends_with('.'));
    if !letters_fit || !parts_fit || name.contains("..") || name.len() > 200 {
        return refused("is no usable name");
    }
    if matches!(name, "main" | "master") {
        return refused("is changed by merge requests only");
    }
    Ok(())
}

/// A proposed change of lines, shown in the diff with a button that applies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The comment, with its marker.
    pub note: NoteText,
    /// The commits of the diff.
    pub refs: DiffRefs,
    /// Path before.
    pub old_path: String,
    /// Path after.
    pub new_path: String,
    /// The line before; none for an added line.
    pub old_line: Option<u64>,
    /// The line after.
    pub new_line: u64,
}

impl Suggestion {
    pub(crate) fn body(&self) -> Value {
        json!({
            "body": self.note.body(),
            "position": {
                "base_sha": self.refs.base_sha,
                "start_sha": self.refs.start_sha,
                "head_sha": self.refs.head_sha,
                "position_type": "text",
                "old_path": self.old_path,
                "new_path": self.new_path,
                "old_line": self.old_line,
                "new_line": self.new_line,
            },
        })
    }
}

/// Which merge requests to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MrQuery {
    /// Words of the title; the service matches loosely, the caller compares.
    pub title: Option<String>,
    /// Source branch, exactly.
    pub source_branch: Option<String>,
    /// Target branch, exactly.
    pub target_branch: Option<String>,
    /// State; all when none is given.
    pub state: Option<&'static str>,
}

impl MrQuery {
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("per_page", "100".to_owned())];
        if let Some(title) = &self.title {
            pairs.extend([("search", title.clone()), ("in", "title".to_owned())]);
        }
        let branches =
            [("source_branch", &self.source_branch), ("target_branch", &self.target_branch)];
        for (name, branch) in branches {
            pairs.extend(branch.clone().map(|branch| (name, branch)));
        }
        pairs.push(("state", self.state.unwrap_or("all").to_owned()));
        pairs
    }
}

/// `/api/v4/projects/P/<rest>`.
pub(crate) fn project_path(project: &Project, rest: &str) -> String {
    format!("api/v4/projects/{}/{rest}", project.segment())
}

/// `/api/v4/projects/P/merge_requests/I<rest>`; `rest` is empty or begins with a slash.
pub(crate) fn mr_path(mr: &MergeRequest, rest: &str) -> String {
    let project = Project::from(mr.project());
    project_path(&project, &format!("merge_requests/{}{rest}", mr.iid()))
}

/// `/api/v4/projects/P/repository/files/<path><rest>`.
pub(crate) fn file_path(project: &Project, path: &str, rest: &str) -> String {
    project_path(project, &format!("repository/files/{}{rest}", encode_segment(path)))
}

/// The body of an accept request. Both spellings of the switch: the old one was renamed in 17.11.
pub(crate) fn auto_merge_body(sha: &str) -> Value {
    let mut body = Map::new();
    body.insert("auto_merge".to_owned(), json!(true));
    body.insert("merge_when_pipeline_succeeds".to_owned(), json!(true));
    body.insert("sha".to_owned(), json!(sha));
    Value::Object(body)
}

pub(crate) fn invalid(what: impl Into<String>, problem: impl Into<String>) -> GitLabError {
    GitLabError::Invalid { what: what.into(), problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_and_files_are_encoded_whole() {
        let mr = MergeRequest::new("https://gitlab.example.com", "a/b/c", 7);
        assert_eq!(mr_path(&mr, "/notes"), "api/v4/projects/a%2Fb%2Fc/merge_requests/7/notes");
        assert_eq!(
            file_path(&Project::Id(20), "shipment/ocp/x.yaml", "/raw"),
            "api/v4/projects/20/repository/files/shipment%2Focp%2Fx.yaml/raw"
        );
    }

    fn commit(branch: &str) -> NewCommit {
        let file = FileUpdate {
            path: "a.yaml".to_owned(),
            text: "a: 1\n".to_owned(),
            last_commit_id: "c1".to_owned(),
        };
        NewCommit {
            branch: branch.to_owned(),
            message: "Drop bugs".to_owned(),
            start: Some(BranchStart { project: 5.into(), sha: "s1".to_owned() }),
            files: vec![file],
            author: None,
        }
    }

    #[test]
    fn a_commit_names_the_versions_it_changes_and_its_intent() {
        let body = commit("drop-bugs-for-4.99.3-1").body().unwrap();
        assert_eq!(body["actions"][0]["last_commit_id"], "c1");
        assert_eq!((&body["start_sha"], &body["start_project"]), (&json!("s1"), &json!("5")));
        let message = body["commit_message"].as_str().unwrap();
        assert!(message.starts_with("Drop bugs\n\nIntent-Id: "), "{message}");
        let other = NewCommit { message: "other".to_owned(), ..commit("drop-bugs-for-4.99.3-1") };
        assert_eq!(other.intent(), commit("drop-bugs-for-4.99.3-1").intent());
    }

    #[test]
    fn protected_and_impossible_branches_are_refused() {
        for name in ["main", "master", "", "-f", "a..b", "a b", "a//b", "a/.b", "a:b", "ä"] {
            assert!(commit(name).body().is_err(), "{name}");
        }
        assert!(commit("drop/b-1_2.x").body().is_ok());
    }

    #[test]
    fn a_merge_request_needs_its_four_texts() {
        let new = NewMergeRequest {
            source_project: 20.into(),
            source_branch: "s".to_owned(),
            target_project_id: Some(10),
            target_branch: "t".to_owned(),
            title: "4.99.3 drop bugs".to_owned(),
            description: String::new(),
            squash: true,
            labels: vec![],
        };
        let body = new.body().unwrap();
        assert_eq!((&body["target_project_id"], &body["squash"]), (&json!(10), &json!(true)));
        assert_eq!(body.get("labels"), None);
        assert!(NewMergeRequest { title: " ".to_owned(), ..new }.body().is_err());
    }
}
