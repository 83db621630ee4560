//! Files, branches and commits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::{Commit, GitLab, not_found, page};
use crate::answer::{Answer, Incoming};
use crate::world::World;

pub(super) fn project(world: &World, id: u64) -> Answer {
    let Some(project) = world.gitlab.projects.get(&id) else { return not_found() };
    let forked = project.forked_from.map(|from| json!({ "id": from }));
    Answer::json(
        200,
        &json!({ "id": id, "path_with_namespace": project.path, "default_branch": "main",
                 "http_url_to_repo": format!("https://gitlab.example.com/{}.git", project.path),
                 "forked_from_project": forked }),
    )
}

/// Answers `/projects/P/repository/…`.
pub(super) fn answer(
    world: &mut World,
    incoming: &Incoming<'_>,
    project: u64,
    rest: &[&str],
) -> Answer {
    let get = *incoming.method == Method::GET;
    match rest {
        ["files", path] if get => file(&world.gitlab, incoming, project, path),
        ["files", path, "raw"] if get => raw(&world.gitlab, incoming, project, path),
        ["branches"] if get => branches(&world.gitlab, incoming, project),
        ["branches", name] if get => {
            branch(&world.gitlab, project, name).map_or_else(not_found, |b| Answer::json(200, &b))
        }
        ["branches"] if *incoming.method == Method::POST => create_branch(world, incoming, project),
        ["commits"] if *incoming.method == Method::POST => commit(world, incoming, project),
        _ => not_found(),
    }
}

/// The commit that `reference` names in `project`: a branch, or a commit of the shared pool.
fn resolve(gitlab: &GitLab, project: u64, reference: &str) -> Option<String> {
    let branch = gitlab.projects.get(&project)?.branches.get(reference);
    let commit = || gitlab.commits.contains_key(reference).then(|| reference.to_owned());
    branch.cloned().or_else(commit)
}

/// The text of a file, and the commit that gave it that text.
fn look<'g>(
    gitlab: &'g GitLab,
    incoming: &Incoming<'_>,
    project: u64,
    path: &str,
) -> Option<(&'g str, String)> {
    let at = resolve(gitlab, project, &incoming.query("ref").unwrap_or_default())?;
    let text = gitlab.commits.get(&at)?.files.get(path)?;
    Some((text, last_change(gitlab, &at, path)))
}

/// The newest commit, from `at` back, that changed `path`.
fn last_change(gitlab: &GitLab, at: &str, path: &str) -> String {
    let mut at = at.to_owned();
    loop {
        let commit = gitlab.commits.get(&at);
        let parent = commit.and_then(|commit| commit.parent.clone());
        let before = parent.as_ref().and_then(|parent| gitlab.commits.get(parent));
        let text = |commit: Option<&Commit>| commit.and_then(|c| c.files.get(path)).cloned();
        match parent {
            Some(parent) if text(commit) == text(before) => at = parent,
            _ => return at,
        }
    }
}

fn file(gitlab: &GitLab, incoming: &Incoming<'_>, project: u64, path: &str) -> Answer {
    let Some((text, last_commit_id)) = look(gitlab, incoming, project, path) else {
        return Answer::message(404, "404 File Not Found");
    };
    Answer::json(
        200,
        &json!({ "file_path": path, "size": text.len(), "encoding": "base64",
                 "content": STANDARD.encode(text), "last_commit_id": last_commit_id,
                 "blob_id": crate::github::blob_id(text.as_bytes()) }),
    )
}

fn raw(gitlab: &GitLab, incoming: &Incoming<'_>, project: u64, path: &str) -> Answer {
    match look(gitlab, incoming, project, path) {
        Some((text, _)) => Answer::text(200, "text/plain; charset=utf-8", text.to_owned()),
        None => Answer::message(404, "404 File Not Found"),
    }
}

fn branch(gitlab: &GitLab, project: u64, name: &str) -> Option<Value> {
    let id = gitlab.projects.get(&project)?.branches.get(name)?;
    let message = gitlab.commits.get(id).map(|commit| commit.message.clone());
    Some(json!({ "name": name, "commit": { "id": id, "message": message } }))
}

/// `search` with a caret is a prefix, as GitLab has it.
fn branches(gitlab: &GitLab, incoming: &Incoming<'_>, project: u64) -> Answer {
    let search = incoming.query("search").unwrap_or_default();
    let fits = |name: &&String| match search.strip_prefix('^') {
        Some(prefix) => name.starts_with(prefix),
        None => name.contains(&search),
    };
    let names = gitlab.projects.get(&project).into_iter().flat_map(|p| p.branches.keys());
    let found = names.filter(fits).filter_map(|name| branch(gitlab, project, name));
    page(incoming, found.collect())
}

fn create_branch(world: &mut World, incoming: &Incoming<'_>, project: u64) -> Answer {
    let body = incoming.json();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (name, from) = (text("branch"), text("ref"));
    if branch(&world.gitlab, project, &name).is_some() {
        return Answer::message(400, "Branch already exists");
    }
    let Some(commit) = resolve(&world.gitlab, project, &from) else {
        return Answer::message(400, "Invalid reference name");
    };
    if let Some(project) = world.gitlab.projects.get_mut(&project) {
        project.branches.insert(name.clone(), commit);
    }
    world.record("gitlab", "create-branch", format!("{project}:{name}"));
    let made = branch(&world.gitlab, project, &name).unwrap_or_default();
    Answer::json(201, &made)
}

fn commit(world: &mut World, incoming: &Incoming<'_>, project: u64) -> Answer {
    let body = incoming.json();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let branch = text("branch").unwrap_or_default();
    let refused = |world: &mut World, words: &str| {
        world.record("gitlab", "refused-commit", format!("{project}:{branch}"));
        Answer::message(400, words)
    };
    let existing = resolve_branch(&world.gitlab, project, &branch);
    let start = text("start_sha").or_else(|| text("start_branch"));
    let parent = match (existing, start) {
        (Some(_), Some(_)) => return refused(world, "A branch called that already exists"),
        (Some(head), None) => Some(head),
        (None, Some(start)) => {
            let from = text("start_project");
            let from = from.and_then(|name| Some(world.gitlab.project(&name)?.0));
            resolve(&world.gitlab, from.unwrap_or(project), &start)
        }
        (None, None) => None,
    };
    let Some(parent) = parent else {
        return refused(world, "You can only create or edit files when you are on a branch");
    };
    let mut files = world.gitlab.commits.get(&parent).map(|c| c.files.clone()).unwrap_or_default();
    for action in body.get("actions").and_then(Value::as_array).into_iter().flatten() {
        let of = |name: &str| action.get(name).and_then(Value::as_str).unwrap_or_default();
        let (path, known) = (of("file_path"), of("last_commit_id"));
        if of("action") != "update" || !files.contains_key(path) {
            return refused(world, "A file with this name doesn't exist");
        }
        if !known.is_empty() && known != last_change(&world.gitlab, &parent, path) {
            let words = "You are attempting to update a file that has changed since you started \
                         editing it.";
            return refused(world, words);
        }
        files.insert(path.to_owned(), of("content").to_owned());
    }
    let message = text("commit_message").unwrap_or_default();
    let made = Commit { files, parent: Some(parent), message: message.clone() };
    let id = world.gitlab.add_commit(made);
    if let Some(project) = world.gitlab.projects.get_mut(&project) {
        project.branches.insert(branch.clone(), id.clone());
    }
    world.record("gitlab", "commit", format!("{project}:{branch}"));
    Answer::json(201, &json!({ "id": id, "message": message }))
}

fn resolve_branch(gitlab: &GitLab, project: u64, name: &str) -> Option<String> {
    gitlab.projects.get(&project)?.branches.get(name).cloned()
}
