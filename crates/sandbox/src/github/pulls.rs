//! Pull requests: `/repos/{repo}/pulls` and what issues tell about them.

use http::Method;
use serde_json::{Value, json};

use super::Pull;
use crate::answer::{Answer, Incoming};
use crate::world::World;

/// `GET /repos/{repo}/issues/{number}`.
pub(super) fn issue(world: &World, id: &str) -> Answer {
    let Some(pull) = world.github.pulls.get(id) else {
        return Answer::message(404, "Not Found");
    };
    let merged_at = pull.is_merged.then_some("2026-03-01T00:00:00Z");
    Answer::json(
        200,
        &json!({
            "state": if pull.is_closed { "closed" } else { "open" },
            "labels": labels(pull), "pull_request": { "merged_at": merged_at }
        }),
    )
}

/// `GET` and `POST /repos/{repo}/pulls`.
pub(super) fn answer(world: &mut World, incoming: &Incoming<'_>, repo: &str) -> Answer {
    match *incoming.method {
        Method::GET => list(world, incoming, repo),
        Method::POST => open(world, &incoming.json(), repo),
        _ => Answer::message(404, "Not Found"),
    }
}

/// `POST /repos/{repo}/issues/{number}/labels`: a label that is there stays one label.
pub(super) fn label(
    world: &mut World,
    incoming: &Incoming<'_>,
    repo: &str,
    number: &str,
) -> Answer {
    let body = incoming.json();
    let Some(pull) = world.github.pulls.get_mut(&format!("{repo}#{number}")) else {
        return Answer::message(404, "Not Found");
    };
    let named = body.get("labels").and_then(Value::as_array).into_iter().flatten();
    for name in named.filter_map(Value::as_str) {
        if !pull.labels.iter().any(|label| label == name) {
            pull.labels.push(name.to_owned());
        }
    }
    let now = labels(pull);
    world.record("github", "label", format!("{repo}#{number}"));
    Answer::json(200, &now)
}

fn labels(pull: &Pull) -> Value {
    pull.labels.iter().map(|name| json!({ "name": name })).collect()
}

/// The pull requests of `repo` with their numbers, newest first.
fn numbered<'w>(world: &'w World, repo: &str) -> Vec<(u64, &'w Pull)> {
    let number = |id: &str| id.strip_prefix(repo)?.strip_prefix('#')?.parse().ok();
    let mut found: Vec<(u64, &Pull)> =
        world.github.pulls.iter().filter_map(|(id, pull)| Some((number(id)?, pull))).collect();
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    found
}

fn list(world: &World, incoming: &Incoming<'_>, repo: &str) -> Answer {
    let (head, base) = (incoming.query("head"), incoming.query("base"));
    let state = incoming.query("state").unwrap_or_else(|| "open".to_owned());
    let is_wanted = |pull: &Pull| {
        head.as_ref().is_none_or(|head| *head == pull.head)
            && base.as_ref().is_none_or(|base| *base == pull.base)
            && (state == "all" || (state == "closed") == pull.is_closed)
    };
    let found = numbered(world, repo).into_iter().filter(|(_, pull)| is_wanted(pull));
    Answer::json(200, &found.map(|(number, pull)| shown(repo, number, pull)).collect())
}

fn shown(repo: &str, number: u64, pull: &Pull) -> Value {
    let branch = |label: &str| label.rsplit(':').next().unwrap_or_default().to_owned();
    let owner = repo.split('/').next().unwrap_or_default();
    json!({
        "number": number, "html_url": format!("https://github.com/{repo}/pull/{number}"),
        "state": if pull.is_closed { "closed" } else { "open" },
        "title": pull.title, "body": pull.body, "labels": labels(pull),
        "head": { "label": pull.head, "ref": branch(&pull.head) },
        "base": { "label": format!("{owner}:{}", pull.base), "ref": pull.base },
    })
}

fn open(world: &mut World, body: &Value, repo: &str) -> Answer {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(title), Some(head), Some(base)) = (text("title"), text("head"), text("base")) else {
        return Answer::message(422, "Invalid request.");
    };
    let refused = |message: String| {
        Answer::json(
            422,
            &json!({ "message": "Validation Failed", "errors": [{ "message": message }] }),
        )
    };
    let upstream = world.github.repos.get(repo);
    let Some(before) = upstream.and_then(|repo| repo.files(&base)) else {
        return refused(format!("base {base} is invalid"));
    };
    let (owner, branch) = head.split_once(':').unwrap_or((repo, &head));
    let forks = world.github.repos.iter().filter(|(name, fork)| {
        name.split('/').next() == Some(owner) && fork.fork_of.as_deref() == Some(repo)
    });
    let mut after = forks.filter(|(_, fork)| fork.branches.contains_key(branch));
    let Some(after) = after.find_map(|(_, fork)| fork.files(branch)) else {
        return refused(format!("head {head} is invalid"));
    };
    if before == after {
        return refused(format!("No commits between {base} and {head}"));
    }
    let known = numbered(world, repo);
    if known.iter().any(|(_, pull)| !pull.is_closed && pull.head == head && pull.base == base) {
        return refused(format!("A pull request already exists for {head}."));
    }
    let number = known.first().map_or(0, |(number, _)| *number) + 1;
    let body = text("body").unwrap_or_default();
    let pull = Pull { head, base, title, body, ..Pull::default() };
    let answer = Answer::json(201, &shown(repo, number, &pull));
    let id = format!("{repo}#{number}");
    world.github.pulls.insert(id.clone(), pull);
    world.record("github", "open-pull", id);
    answer
}
