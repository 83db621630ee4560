//! Searches: the part of JQL that OAR writes. Anything else is refused, as an unknown field would be.

use serde_json::{Value, json};

use super::issues::{shown, texts};
use super::{Issue, error};
use crate::answer::{Answer, Incoming};
use crate::world::World;

/// One condition.
enum Clause {
    Equals(String, String),
    Differs(String, String),
    Contains(String, String),
    In(String, Vec<String>),
    MovedAfter { to: String, day: String },
}

/// `POST /search/jql`.
pub(super) fn answer(world: &World, incoming: &Incoming<'_>) -> Answer {
    let body = incoming.json();
    let jql = body.get("jql").and_then(Value::as_str).unwrap_or_default();
    let Some(clauses) = parse(jql) else {
        return error(400, &format!("Error in the JQL Query: {jql}"));
    };
    let fields = texts(&body, "fields");
    let token = body.get("nextPageToken").and_then(Value::as_str).and_then(|t| t.parse().ok());
    let (start, size) = (
        token.unwrap_or(0_usize),
        body.get("maxResults").and_then(Value::as_u64).unwrap_or(50).clamp(1, 100),
    );
    let size = usize::try_from(size).unwrap_or(50);
    let jira = &world.jira;
    let fits = |(key, issue): &(&String, &Issue)| {
        !issue.hidden && clauses.iter().all(|clause| holds(clause, key, issue))
    };
    let found: Vec<_> = jira.issues.iter().filter(fits).collect();
    let page = found.iter().skip(start).take(size);
    let issues: Vec<Value> =
        page.map(|(key, issue)| shown(jira, key, issue, Some(&fields))).collect();
    let mut answer = json!({ "issues": issues, "isLast": found.len() <= start + size });
    if found.len() > start + size {
        answer["nextPageToken"] = json!((start + size).to_string());
    }
    Answer::json(200, &answer)
}

fn parse(jql: &str) -> Option<Vec<Clause>> {
    let conditions = jql.split(" ORDER BY ").next()?;
    let clauses = conditions.split(" AND ").map(|text| clause(text.trim()).filter(is_known));
    clauses.collect()
}

/// The fields that this model can search.
fn is_known(clause: &Clause) -> bool {
    let (Clause::Equals(field, _)
    | Clause::Differs(field, _)
    | Clause::Contains(field, _)
    | Clause::In(field, _)) = clause
    else {
        return true;
    };
    let known =
        ["project", "issuetype", "status", "statusCategory", "labels", "Target Version", "summary"];
    known.contains(&field.as_str())
}

fn clause(text: &str) -> Option<Clause> {
    if let Some((field, rest)) = text.split_once(" changed to ") {
        let (to, day) = rest.split_once(" after ")?;
        let (to, day) = (plain(to), plain(day));
        return (field == "status").then_some(Clause::MovedAfter { to, day });
    }
    if let Some((field, list)) = text.split_once(" in (") {
        let values = list.strip_suffix(')')?.split(',').map(|value| plain(value.trim()));
        return Some(Clause::In(plain(field), values.collect()));
    }
    for (operator, make) in [
        (" != ", Clause::Differs as fn(String, String) -> Clause),
        (" ~ ", Clause::Contains),
        (" = ", Clause::Equals),
    ] {
        if let Some((field, value)) = text.split_once(operator) {
            return Some(make(plain(field), plain(value)));
        }
    }
    None
}

/// A value without its quotes, of a phrase search too.
fn plain(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix(['"', '\'']).unwrap_or(text);
    let text = text.strip_suffix(['"', '\'']).unwrap_or(text);
    text.replace("\\\"", "").replace("\\\\", "\\")
}

fn values(field: &str, key: &str, issue: &Issue) -> Vec<String> {
    match field {
        "project" => vec![key.rsplit_once('-').map_or(key, |(project, _)| project).to_owned()],
        "issuetype" => vec![issue.kind.clone()],
        "status" => vec![issue.status.clone()],
        "statusCategory" => {
            let done = matches!(issue.status.as_str(), "Closed" | "Done");
            vec![if done { "Done" } else { "In Progress" }.to_owned()]
        }
        "labels" => issue.labels.clone(),
        "Target Version" => issue.target_versions.clone(),
        _ => Vec::new(),
    }
}

fn holds(clause: &Clause, key: &str, issue: &Issue) -> bool {
    match clause {
        Clause::Equals(field, value) => values(field, key, issue).contains(value),
        Clause::Differs(field, value) => !values(field, key, issue).contains(value),
        Clause::In(field, wanted) => {
            values(field, key, issue).iter().any(|value| wanted.contains(value))
        }
        Clause::Contains(field, phrase) => field == "summary" && has_words(&issue.summary, phrase),
        Clause::MovedAfter { to, day } => issue
            .history
            .iter()
            .any(|(at, _, status)| status == to && at.strftime("%Y-%m-%d").to_string() > *day),
    }
}

/// The words of the phrase stand in the summary, in order; a word may be the beginning of another,
/// as the real search has it.
fn has_words(summary: &str, phrase: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['[', ']', '(', ')', ':'], " ");
    let (summary, phrase) = (plain(summary), plain(phrase));
    let words: Vec<&str> = summary.split_whitespace().collect();
    let wanted: Vec<&str> = phrase.split_whitespace().collect();
    !wanted.is_empty()
        && words
            .windows(wanted.len())
            .any(|window| window.iter().zip(&wanted).all(|(word, wanted)| word.starts_with(wanted)))
}
