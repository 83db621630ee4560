//! The GitHub App: where it is installed, the tokens it gets, and what they are good for.

use http::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, Incoming};
use crate::world::World;

/// The beginning of the tokens of installations; what follows is the number.
const TOKEN: &str = "installation-";

/// `GET /repos/{repo}/installation`.
pub(super) fn installation(world: &World, repo: &str) -> Answer {
    match world.github.installed.get(repo) {
        Some(id) => Answer::json(200, &json!({ "id": id, "app_slug": "registry-bot-example" })),
        None => Answer::message(404, "Not Found"),
    }
}

/// `POST /app/installations/{id}/access_tokens`, for the repositories that are named.
pub(super) fn token(world: &World, incoming: &Incoming<'_>, id: &str) -> Answer {
    let installed = world.github.installed.iter().find(|(_, number)| number.to_string() == id);
    let Some((repo, id)) = installed.filter(|_| *incoming.method == Method::POST) else {
        return Answer::message(404, "Not Found");
    };
    let body = incoming.json();
    let named = body.get("repositories").and_then(Value::as_array).into_iter().flatten();
    let name = repo.rsplit('/').next();
    if named.map(Value::as_str).any(|named| named != name) {
        return Answer::message(422, "There is at least one repository that does not exist");
    }
    let expires = world.now + jiff::SignedDuration::from_hours(1);
    let answer = json!({ "token": format!("{TOKEN}{id}"), "expires_at": expires.to_string() });
    Answer::json(201, &answer)
}

/// Forks, pull requests and labels are changed with the token of an installation, and only in the
/// repository where that is.
pub(super) fn refusal(
    world: &World,
    incoming: &Incoming<'_>,
    repo: &str,
    rest: &[&str],
) -> Option<Answer> {
    let is_fork = world.github.repos.get(repo)?.fork_of.is_some();
    let is_pull = matches!(rest, ["pulls"] | ["issues", _, "labels"]);
    let is_write = *incoming.method != Method::GET;
    if !is_write || !(is_fork || is_pull) {
        return None;
    }
    let wanted = world.github.installed.get(repo).map(|id| format!("{TOKEN}{id}"));
    let is_right = wanted.as_deref().is_some_and(|wanted| incoming.credential() == Some(wanted));
    let message = "Resource not accessible by integration";
    (!is_right).then(|| Answer::message(403, message))
}
