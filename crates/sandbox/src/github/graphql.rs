//! `POST /graphql`: `repository.object(expression:)` with trees and blobs.

use serde_json::{Map, Value, json};

use super::query::{self, Field};
use super::{GitHub, Repo};
use crate::answer::{Answer, Incoming};
use crate::world::World;

/// Blob texts above this size come back cut and marked `isTruncated`.
const MAX_TEXT: usize = 512_000;

/// Answers a query; mutations are not part of the model.
pub(super) fn answer(world: &World, incoming: &Incoming<'_>) -> Answer {
    let body = incoming.json();
    let text = body.get("query").and_then(Value::as_str).unwrap_or_default();
    let variables = body.get("variables").cloned().unwrap_or(Value::Null);
    match query::parse(text, &variables) {
        Ok(fields) => {
            let data: Map<String, Value> =
                fields.iter().map(|f| (f.alias.clone(), root(&world.github, f))).collect();
            Answer::json(200, &json!({ "data": data }))
        }
        Err(problem) => Answer::json(200, &json!({ "errors": [{ "message": problem }] })),
    }
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
    if field.name != "object" {
        return Some(Value::Null);
    }
    let expression = field.arguments.get("expression").and_then(Value::as_str)?;
    let (branch, path) = expression.split_once(':').unwrap_or((expression, ""));
    Some(node(repo, branch, path, &field.fields))
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
fn select(fields: &[Field], mut value: impl FnMut(&Field) -> Option<Value>) -> Value {
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
