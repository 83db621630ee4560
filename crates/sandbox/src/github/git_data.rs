//! `/repos/{repo}/git/...`: references, commits, trees and blobs.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::Repo;
use crate::answer::{Answer, Incoming};
use crate::world::World;

/// Answers a git data request; `rest` is the path behind `git/`.
pub(super) fn answer(
    world: &mut World,
    incoming: &Incoming<'_>,
    repo: &str,
    rest: &[&str],
) -> Answer {
    let Some(model) = world.github.repos.get_mut(repo) else {
        return Answer::message(404, "Not Found");
    };
    let body = incoming.json();
    match (incoming.method, rest) {
        (&Method::GET, ["ref" | "refs", "heads", branch @ ..]) => {
            reference(model, &branch.join("/"))
        }
        (&Method::GET, ["commits", id]) => match model.commits.get(*id) {
            Some(commit) => Answer::json(
                200,
                &json!({
                    "sha": id, "tree": { "sha": commit.tree }, "message": commit.message,
                    "parents": commit.parents.iter().map(|id| json!({ "sha": id })).collect::<Vec<_>>(),
                }),
            ),
            None => Answer::message(404, "Not Found"),
        },
        (&Method::GET, ["trees", id @ ..]) => tree(model, &id.join("/")),
        (&Method::GET, ["blobs", id]) => match model.content(id) {
            Some(content) => Answer::json(
                200,
                &json!({ "sha": id, "size": content.len(), "encoding": "base64", "content": STANDARD.encode(content) }),
            ),
            None => Answer::message(404, "Not Found"),
        },
        (&Method::POST, ["blobs"]) => create_blob(model, &body),
        (&Method::POST, ["trees"]) => create_tree(model, &body),
        (&Method::POST, ["commits"]) => create_commit(model, &body),
        (&Method::POST, ["refs"]) => {
            let answer = create_branch(model, &body);
            if answer.status.is_success() {
                let name = body.get("ref").and_then(Value::as_str).unwrap_or_default();
                let branch = name.strip_prefix("refs/heads/").unwrap_or(name).to_owned();
                world.record("github", "create-ref", format!("{repo}:{branch}"));
            }
            answer
        }
        (&Method::PATCH, ["refs", "heads", branch @ ..]) => {
            let branch = branch.join("/");
            let answer = move_branch(model, &branch, &body);
            if answer.status.is_success() {
                world.record("github", "update-ref", branch);
            }
            answer
        }
        _ => Answer::message(404, "Not Found"),
    }
}

fn reference(repo: &Repo, branch: &str) -> Answer {
    match repo.branches.get(branch) {
        Some(id) => Answer::json(
            200,
            &json!({ "ref": format!("refs/heads/{branch}"), "object": { "type": "commit", "sha": id } }),
        ),
        None => Answer::message(404, "Not Found"),
    }
}

fn tree(repo: &Repo, reference: &str) -> Answer {
    let Some(files) = repo.files(reference) else { return Answer::message(404, "Not Found") };
    let entries: Vec<Value> = files
        .iter()
        .map(|(path, blob)| json!({ "path": path, "type": "blob", "mode": "100644", "sha": blob }))
        .collect();
    Answer::json(200, &json!({ "sha": reference, "tree": entries, "truncated": false }))
}

fn create_blob(repo: &mut Repo, body: &Value) -> Answer {
    let Some(text) = body.get("content").and_then(Value::as_str) else {
        return Answer::message(422, "Invalid request.");
    };
    let content = match body.get("encoding").and_then(Value::as_str) {
        Some("base64") => STANDARD.decode(text).unwrap_or_default(),
        _ => text.as_bytes().to_vec(),
    };
    let id = repo.add_blob(&content);
    Answer::json(201, &json!({ "sha": id }))
}

fn create_tree(repo: &mut Repo, body: &Value) -> Answer {
    let base = body.get("base_tree").and_then(Value::as_str);
    let mut files: BTreeMap<String, String> = match base {
        Some(base) => match repo.files(base) {
            Some(files) => files.clone(),
            None => return Answer::message(422, "base_tree is not a valid tree"),
        },
        None => BTreeMap::new(),
    };
    for entry in body.get("tree").and_then(Value::as_array).into_iter().flatten() {
        let Some(path) = entry.get("path").and_then(Value::as_str) else {
            return Answer::message(422, "tree.path is missing");
        };
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        match (text("sha"), text("content")) {
            (Some(blob), _) if !repo.blobs.contains_key(blob) => {
                return Answer::message(422, "tree.sha is not a valid object");
            }
            (Some(blob), _) => files.insert(path.to_owned(), blob.to_owned()),
            (None, Some(content)) => {
                files.insert(path.to_owned(), repo.add_blob(content.as_bytes()))
            }
            (None, None) => files.remove(path),
        };
    }
    let id = repo.add_tree(files);
    Answer::json(201, &json!({ "sha": id }))
}

fn create_commit(repo: &mut Repo, body: &Value) -> Answer {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let files = text("tree").and_then(|tree| repo.trees.get(tree)).cloned();
    let (Some(files), Some(message)) = (files, text("message")) else {
        return Answer::message(422, "Tree SHA does not exist");
    };
    let parents = body.get("parents").and_then(Value::as_array).into_iter().flatten();
    let parents = parents.filter_map(Value::as_str).map(str::to_owned).collect();
    let message = message.to_owned();
    let id = repo.add_commit(files, parents, &message);
    Answer::json(201, &json!({ "sha": id }))
}

/// Points a new branch to a commit that is there.
fn create_branch(repo: &mut Repo, body: &Value) -> Answer {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let (Some(name), Some(target)) = (text("ref"), text("sha")) else {
        return Answer::message(422, "Invalid request.");
    };
    let Some(branch) = name.strip_prefix("refs/heads/").filter(|branch| !branch.is_empty()) else {
        return Answer::message(422, "Reference name must begin with 'refs'.");
    };
    if repo.branches.contains_key(branch) {
        return Answer::message(422, "Reference already exists");
    }
    if !repo.commits.contains_key(target) {
        return Answer::message(422, "Object does not exist");
    }
    repo.branches.insert(branch.to_owned(), target.to_owned());
    Answer { status: http::StatusCode::CREATED, ..reference(repo, branch) }
}

/// Without `force` only a commit whose parent is the current head is accepted.
fn move_branch(repo: &mut Repo, branch: &str, body: &Value) -> Answer {
    let Some(head) = repo.branches.get(branch) else {
        return Answer::message(422, "Reference does not exist");
    };
    let Some(target) = body.get("sha").and_then(Value::as_str) else {
        return Answer::message(422, "sha is missing");
    };
    let Some(commit) = repo.commits.get(target) else {
        return Answer::message(422, "Object does not exist");
    };
    let forced = body.get("force").and_then(Value::as_bool).unwrap_or(false);
    if !forced && target != head && !commit.parents.contains(head) {
        return Answer::message(422, "Update is not a fast forward");
    }
    repo.branches.insert(branch.to_owned(), target.to_owned());
    reference(repo, branch)
}
