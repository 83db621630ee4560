//! `POST /graphql`: branches, commits, trees and blobs of a repository, and commits of many files.

use serde_json::{Map, Value, json};

use super::query::{self, Field};
use super::{GitHub, Repo, mutation};
use crate::answer::{Answer, Incoming};
use crate::world::World;

/// Blob texts above this size come back cut and marked `isTruncated`.
const MAX_TEXT: usize = 512_000;

/// Answers an operation. The status is 200 also where it went wrong, as GitHub has it.
pub(super) fn answer(world: &mut World, incoming: &Incoming<'_>) -> Answer {
    let body = incoming.json();
    let text = body.get("query").and_then(Value::as_str).unwrap_or_default();
    let variables = body.get("variables").cloned().unwrap_or(Value::Null);
    let operation = match query::parse(text, &variables) {
        Ok(operation) => operation,
        Err(problem) => {
            let extensions = json!({ "code": "parseError" });
            let error = json!({ "message": problem, "extensions": extensions });
            return Answer::json(200, &json!({ "errors": [error] }));
        }
    };
    if operation.is_mutation {
        return mutation::answer(world, &operation.fields);
    }
    let data: Map<String, Value> =
        operation.fields.iter().map(|f| (f.alias.clone(), root(&world.github, f))).collect();
    Answer::json(200, &json!({ "data": data }))
}

fn root(github: &GitHub, field: &Field) -> Value {
    let text = |name: &str| field.arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    match field.name.as_str() {
        "repository" => match github.repos.get(&format!("{}/{}", text("owner"), text("name"))) {
            Some(repo) => select(&field.fields, |f| repository(repo, f)),
            None => Value::Null,
        },
        "viewer" => json!({ "login": "release-bot-example" }),
        _ => Value::Null,
    }
}

fn repository(repo: &Repo, field: &Field) -> Option<Value> {
    let text = |name: &str| field.arguments.get(name).and_then(Value::as_str);
    match field.name.as_str() {
        "object" => {
            let expression = text("expression")?;
            let (branch, path) = expression.split_once(':').unwrap_or((expression, ""));
            Some(node(repo, branch, path, &field.fields))
        }
        "ref" => {
            let name = text("qualifiedName")?;
            let name = name.strip_prefix("refs/heads/").unwrap_or(name);
            let Some(id) = repo.branches.get(name) else { return Some(Value::Null) };
            Some(select(&field.fields, |field| match field.name.as_str() {
                "name" => Some(json!(name)),
                "target" => Some(commit(repo, id, &field.fields)),
                _ => None,
            }))
        }
        _ => Some(Value::Null),
    }
}

/// A commit: its id, what it says, and single entries of its tree.
pub(super) fn commit(repo: &Repo, id: &str, fields: &[Field]) -> Value {
    select(fields, |field| match field.name.as_str() {
        "oid" => Some(json!(id)),
        "message" => Some(json!(repo.commits.get(id)?.message)),
        "__typename" => Some(json!("Commit")),
        "file" => {
            let path = field.arguments.get("path").and_then(Value::as_str)?;
            Some(entry(repo, id, path, &field.fields))
        }
        "...Commit" => Some(commit(repo, id, &field.fields)),
        _ => None,
    })
}

/// The entry at `path` in the tree of `reference`, or null.
fn entry(repo: &Repo, reference: &str, path: &str, fields: &[Field]) -> Value {
    let Some(files) = repo.files(reference) else { return Value::Null };
    let blob = files.get(path).cloned();
    let Some(id) = blob.clone().or_else(|| repo.folder_id(reference, path)) else {
        return Value::Null;
    };
    select(fields, |field| match field.name.as_str() {
        "name" => Some(json!(path.rsplit('/').next())),
        "path" => Some(json!(path)),
        "type" => Some(json!(if blob.is_some() { "blob" } else { "tree" })),
        "oid" => Some(json!(id)),
        "object" => Some(node(repo, reference, path, &field.fields)),
        _ => None,
    })
}

/// The blob or tree at `path`, or null.
fn node(repo: &Repo, branch: &str, path: &str, fields: &[Field]) -> Value {
    let Some(files) = repo.files(branch) else { return Value::Null };
    if let Some(id) = files.get(path) {
        return select(fields, |field| blob(repo, id, field));
    }
    let folder = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut names: Vec<&str> = files
        .keys()
        .filter_map(|file| file.strip_prefix(&folder))
        .map(|rest| rest.split('/').next().unwrap_or(rest))
        .collect();
    names.dedup();
    if names.is_empty() {
        return Value::Null;
    }
    select(fields, |field| match field.name.as_str() {
        "entries" => Some(
            names
                .iter()
                .map(|name| {
                    let path = format!("{folder}{name}");
                    let kind = if files.contains_key(&path) { "blob" } else { "tree" };
                    select(&field.fields, |f| match f.name.as_str() {
                        "name" => Some(json!(name)),
                        "path" => Some(json!(path)),
                        "type" => Some(json!(kind)),
                        "oid" => Some(json!(files.get(&path))),
                        "object" => Some(node(repo, branch, &path, &f.fields)),
                        _ => None,
                    })
                })
                .collect(),
        ),
        "oid" => Some(json!(repo.folder_id(branch, path))),
        "__typename" => Some(json!("Tree")),
        "...Tree" => Some(node(repo, branch, path, &field.fields)),
        _ => None,
    })
}

fn blob(repo: &Repo, id: &str, field: &Field) -> Option<Value> {
    let content = repo.content(id)?;
    let text = || String::from_utf8(content.clone()).ok();
    match field.name.as_str() {
        "text" => Some(json!(text().map(|t| t.chars().take(MAX_TEXT).collect::<String>()))),
        "oid" => Some(json!(id)),
        "byteSize" => Some(json!(content.len())),
        "isTruncated" => Some(json!(content.len() > MAX_TEXT)),
        "isBinary" => Some(json!(text().is_none())),
        "__typename" => Some(json!("Blob")),
        "...Blob" => Some(select(&field.fields, |f| blob(repo, id, f))),
        _ => None,
    }
}

/// An object with one entry per field; fragments are merged into it, unknown fields left out.
pub(super) fn select(fields: &[Field], mut value: impl FnMut(&Field) -> Option<Value>) -> Value {
    let mut object = Map::new();
    for field in fields {
        match value(field) {
            Some(Value::Object(inner)) if field.name.starts_with("...") => object.extend(inner),
            Some(_) if field.name.starts_with("...") => {}
            Some(value) => {
                object.insert(field.alias.clone(), value);
            }
            None => {}
        }
    }
    Value::Object(object)
}
