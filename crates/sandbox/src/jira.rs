//! Jira Cloud: issues with statuses, histories, comments and subtasks; accounts; a small workflow.
//!
//! Issues that are not visible are answered as if they were not there. Transitions that the workflow
//! does not have are refused and noted as an effect.

mod issues;
mod query;
mod seed;

use std::collections::BTreeMap;

use http::Method;
use http::header::HeaderName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, Incoming};
use crate::world::World;

pub use seed::seeded;

/// All of Jira.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Jira {
    /// Account id to account.
    pub accounts: BTreeMap<String, Account>,
    /// The account of every credential.
    pub me: String,
    /// Issues by key.
    pub issues: BTreeMap<String, Issue>,
    /// Project to names of its versions.
    pub versions: BTreeMap<String, Vec<String>>,
    /// Status to the transitions out of it: id, name, status it leads to.
    pub workflow: BTreeMap<String, Vec<(String, String, String)>>,
    /// The highest number given to an issue or a comment.
    pub last_id: u64,
}

/// An account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Whether others see the address.
    pub shows_email: bool,
    /// Whether it is in use.
    pub active: bool,
}

/// An issue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// Its number.
    pub id: u64,
    /// Summary.
    pub summary: String,
    /// `Bug`, `Vulnerability`, `Sub-task`.
    pub kind: String,
    /// Status.
    pub status: String,
    /// Priority.
    pub priority: String,
    /// Labels.
    pub labels: Vec<String>,
    /// Account id of the assignee.
    pub assignee: Option<String>,
    /// Account id of the reporter.
    pub reporter: Option<String>,
    /// Account id of the QA contact.
    pub qa_contact: Option<String>,
    /// Value of Release Blocker.
    pub release_blocker: Option<String>,
    /// Whether customers are affected.
    pub customer_case: bool,
    /// Account ids of those asked for information.
    pub need_info: Vec<String>,
    /// The CVE.
    pub cve_id: Option<String>,
    /// Versions it is to be fixed in.
    pub target_versions: Vec<String>,
    /// Keys of its subtasks.
    pub subtasks: Vec<String>,
    /// Description, a document.
    pub description: Value,
    /// When it was made.
    pub created: Timestamp,
    /// Changes of its status: when, from, to.
    pub history: Vec<(Timestamp, String, String)>,
    /// Comments.
    pub comments: Vec<Comment>,
    /// Addresses it is linked to.
    pub links: Vec<String>,
    /// Whether our account may not see it.
    pub hidden: bool,
}

/// A comment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Account id of its author.
    pub author: String,
    /// When.
    pub created: Timestamp,
    /// A document.
    pub body: Value,
    /// Hidden values: key to value.
    pub properties: BTreeMap<String, Value>,
}

impl Jira {
    /// The issue `key`, unless our account may not see it.
    fn visible(&self, key: &str) -> Option<&Issue> {
        self.issues.get(key).filter(|issue| !issue.hidden)
    }

    /// The key of an issue that is named by key or number.
    fn key_of(&self, name: &str) -> Option<String> {
        if self.visible(name).is_some() {
            return Some(name.to_owned());
        }
        let id: u64 = name.parse().ok()?;
        let found = self.issues.iter().find(|(_, issue)| issue.id == id && !issue.hidden);
        found.map(|(key, _)| key.clone())
    }

    /// Somebody else moves an issue.
    pub fn foreign_move(&mut self, key: &str, status: &str, at: Timestamp) {
        if let Some(issue) = self.issues.get_mut(key) {
            let before = std::mem::replace(&mut issue.status, status.to_owned());
            issue.history.push((at, before, status.to_owned()));
        }
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn account(&self, id: &str) -> Value {
        let Some(account) = self.accounts.get(id) else { return Value::Null };
        let mut shown = json!({ "accountId": id, "displayName": account.name,
                                "active": account.active, "accountType": "atlassian" });
        if account.shows_email {
            shown["emailAddress"] = json!(account.email);
        }
        shown
    }
}

/// Answers one request.
pub(crate) fn answer(world: &mut World, incoming: &Incoming<'_>) -> Answer {
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    let ["rest", "api", "3" | "latest", rest @ ..] = path.as_slice() else { return not_found() };
    let (get, post) = (*incoming.method == Method::GET, *incoming.method == Method::POST);
    if incoming.credential().is_none() {
        return anonymous(rest);
    }
    match rest {
        ["myself"] if get => Answer::json(200, &world.jira.account(&world.jira.me)),
        ["field"] if get => Answer::json(200, &issues::field_list()),
        ["user", "search"] if get => users(world, incoming),
        ["project", project, "versions"] if get => versions(world, project),
        ["search", "jql"] => query::answer(world, incoming),
        ["search"] => error(410, "The requested API has been removed. Please use search/jql."),
        ["issue"] if post => issues::create(world, incoming),
        ["issue", "bulkfetch"] if post => issues::bulk(world, incoming),
        ["changelog", "bulkfetch"] if post => issues::histories(world, incoming),
        ["comment", "list"] if post => issues::comment_list(world, incoming),
        ["issue", name, rest @ ..] => match world.jira.key_of(name) {
            Some(key) => issues::answer(world, incoming, &key, rest),
            None => no_issue(),
        },
        _ => not_found(),
    }
}

/// What everybody may see: nothing, and a hint that the credential failed.
fn anonymous(rest: &[&str]) -> Answer {
    let empty = Answer::json(200, &json!({ "issues": [], "isLast": true }));
    match rest {
        ["search", "jql"] | ["issue", "bulkfetch"] => {
            empty.with(HeaderName::from_static("x-seraph-loginreason"), "AUTHENTICATED_FAILED")
        }
        ["issue", ..] => no_issue(),
        _ => error(401, "Client must be authenticated to access this resource."),
    }
}

/// The search matches the beginning of a name or an address.
fn users(world: &World, incoming: &Incoming<'_>) -> Answer {
    let text = incoming.query("query").unwrap_or_default().to_lowercase();
    let local = text.split('@').next().unwrap_or_default();
    let fits = |account: &Account| {
        !text.is_empty()
            && (account.email.starts_with(local) || account.name.to_lowercase().starts_with(&text))
    };
    let found = world.jira.accounts.iter().filter(|(_, account)| fits(account));
    Answer::json(200, &found.map(|(id, _)| world.jira.account(id)).collect())
}

fn versions(world: &World, project: &str) -> Answer {
    match world.jira.versions.get(project) {
        Some(names) => Answer::json(200, &names.iter().map(|n| json!({ "name": n })).collect()),
        None => error(404, "No project could be found with that key."),
    }
}

fn error(status: u16, words: &str) -> Answer {
    Answer::json(status, &json!({ "errorMessages": [words], "errors": {} }))
}

fn no_issue() -> Answer {
    error(404, "Issue does not exist or you do not have permission to see it.")
}

fn not_found() -> Answer {
    error(404, "null for uri")
}
