//! `GET`, `PUT` and `DELETE /repos/{repo}/contents/{path}` (spec 01 §7.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::Repo;
use crate::answer::{Answer, Incoming};
use crate::world::World;

/// GitHub answers files above this size without content.
const MAX_INLINE: usize = 1_048_576;

/// Answers a contents request for `path`.
pub(super) fn answer(world: &mut World, incoming: &Incoming<'_>, repo: &str, path: &str) -> Answer {
    let Some(model) = world.github.repos.get_mut(repo) else {
        return Answer::message(404, "Not Found");
    };
    if incoming.method == Method::GET {
        return read(model, &incoming.query("ref").unwrap_or_else(|| "main".to_owned()), path);
    }
    let body = incoming.json();
    let Some(change) = FileChange::read(&body, incoming.method) else {
        return Answer::message(422, "Invalid request.");
    };
    let answer = write(model, path, &change);
    if answer.status.is_success() {
        let action = if change.content.is_some() { "put-contents" } else { "delete-contents" };
        world.record("github", action, format!("{}:{path}", change.branch));
    }
    answer
}

fn read(repo: &Repo, branch: &str, path: &str) -> Answer {
    let Some(files) = repo.files(branch) else {
        return Answer::message(404, &format!("No commit found for the ref {branch}"));
    };
    if let Some(blob) = files.get(path) {
        return Answer::json(200, &file(repo, path, blob));
    }
    let folder = format!("{path}/");
    let inside: Vec<Value> = files
        .iter()
        .filter_map(|(name, blob)| {
            let rest = name.strip_prefix(&folder).or_else(|| path.is_empty().then_some(name))?;
            Some(match rest.split_once('/') {
                Some((dir, _)) => {
                    json!({ "type": "dir", "name": dir, "path": format!("{folder}{dir}") })
                }
                None => json!({ "type": "file", "name": rest, "path": name, "sha": blob }),
            })
        })
        .collect();
    if inside.is_empty() {
        Answer::message(404, "Not Found")
    } else {
        Answer::json(200, &json!(inside))
    }
}

fn file(repo: &Repo, path: &str, blob: &str) -> Value {
    let content = repo.content(blob).unwrap_or_default();
    let (encoding, text) = if content.len() > MAX_INLINE {
        ("none", String::new())
    } else {
        ("base64", wrapped(&content))
    };
    json!({
        "type": "file", "path": path, "name": path.rsplit('/').next(), "sha": blob,
        "size": content.len(), "encoding": encoding, "content": text,
    })
}

/// Base64 with a line break after 60 characters, as the service sends it.
fn wrapped(content: &[u8]) -> String {
    let text = STANDARD.encode(content);
    let mut lines = String::with_capacity(text.len() + text.len() / 60 + 1);
    for (at, letter) in text.char_indices() {
        lines.push(letter);
        if at % 60 == 59 {
            lines.push('\n');
        }
    }
    lines.push('\n');
    lines
}

/// The body of a PUT or DELETE.
struct FileChange {
    message: String,
    branch: String,
    sha: Option<String>,
    content: Option<Vec<u8>>,
}

impl FileChange {
    fn read(body: &Value, method: &Method) -> Option<Self> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let content = match *method {
            Method::PUT => Some(STANDARD.decode(text("content")?.replace('\n', "")).ok()?),
            Method::DELETE => None,
            _ => return None,
        };
        Some(Self {
            message: text("message").filter(|m| !m.trim().is_empty())?,
            branch: text("branch").unwrap_or_else(|| "main".to_owned()),
            sha: text("sha"),
            content,
        })
    }
}

/// Compare-and-swap on the blob id: 409 for another one, 422 for none where one is needed.
fn write(repo: &mut Repo, path: &str, change: &FileChange) -> Answer {
    let Some(files) = repo.files(&change.branch) else {
        return Answer::message(404, &format!("Branch {} not found", change.branch));
    };
    let current = files.get(path).cloned();
    match (&current, &change.sha) {
        (Some(_), None) => {
            return Answer::message(422, "Invalid request.\n\n\"sha\" wasn't supplied.");
        }
        (Some(current), Some(given)) if current != given => {
            return Answer::message(409, &format!("{path} does not match {given}"));
        }
        (None, Some(given)) => {
            return Answer::message(409, &format!("{path} does not match {given}"));
        }
        _ => {}
    }
    let blob = change.content.as_ref().map(|content| repo.add_blob(content));
    let Some(commit) = repo.commit_file(&change.branch, path, blob.clone(), &change.message) else {
        return Answer::message(404, "Not Found");
    };
    let status = if current.is_some() { 200 } else { 201 };
    let content = blob.map(|blob| json!({ "path": path, "sha": blob }));
    Answer::json(status, &json!({ "content": content, "commit": { "sha": commit } }))
}
