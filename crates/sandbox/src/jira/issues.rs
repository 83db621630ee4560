//! Issues: reading, moving, commenting, editing.

use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Comment, Issue, Jira, error, no_issue, not_found};
use crate::answer::{Answer, Incoming};
use crate::world::World;

const QA_CONTACT: &str = "customfield_10470";
const RELEASE_BLOCKER: &str = "customfield_10847";
const SFDC_COUNTER: &str = "customfield_10978";
const SFDC_LINKS: &str = "customfield_10979";
const NEED_INFO: &str = "customfield_10482";
const TARGET_VERSION: &str = "customfield_10855";
const CVE_ID: &str = "customfield_10667";

/// `GET /field`.
pub(super) fn field_list() -> Value {
    let names = [
        ("summary", "Summary"),
        ("status", "Status"),
        (QA_CONTACT, "QA Contact"),
        (RELEASE_BLOCKER, "Release Blocker"),
        (SFDC_COUNTER, "SFDC Cases Counter"),
        (SFDC_LINKS, "SFDC Cases Links"),
        (NEED_INFO, "Need Info From"),
        (TARGET_VERSION, "Target Version"),
        (CVE_ID, "CVE ID"),
    ];
    names.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect()
}

/// A moment as Jira writes it.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

/// The fields `wanted` (all when `None`) of an issue.
pub(super) fn shown(jira: &Jira, key: &str, issue: &Issue, wanted: Option<&[String]>) -> Value {
    let named = |name: &str| json!({ "name": name });
    let person = |id: &Option<String>| id.as_ref().map_or(Value::Null, |id| jira.account(id));
    let secret = if issue.customer_case { json!("AAECAwQ=") } else { Value::Null };
    let all = json!({
        "summary": issue.summary, "status": named(&issue.status), "labels": issue.labels,
        "priority": named(&issue.priority), "issuetype": named(&issue.kind),
        "assignee": person(&issue.assignee), "reporter": person(&issue.reporter),
        "created": moment(issue.created), "description": issue.description,
        "subtasks": issue.subtasks.iter().map(|key| json!({ "key": key })).collect::<Vec<_>>(),
        QA_CONTACT: person(&issue.qa_contact),
        RELEASE_BLOCKER: issue.release_blocker.as_ref().map(|value| json!({ "value": value })),
        SFDC_COUNTER: secret.clone(), SFDC_LINKS: secret,
        NEED_INFO: if issue.need_info.is_empty() { Value::Null } else {
            issue.need_info.iter().map(|id| jira.account(id)).collect()
        },
        TARGET_VERSION: issue.target_versions.iter().map(|v| named(v)).collect::<Vec<_>>(),
        CVE_ID: issue.cve_id,
    });
    let mut fields: Map<String, Value> = all.as_object().cloned().unwrap_or_default();
    if let Some(wanted) = wanted.filter(|wanted| !wanted.iter().any(|field| field == "*all")) {
        fields.retain(|name, _| wanted.contains(name));
    }
    json!({ "id": issue.id.to_string(), "key": key, "fields": fields,
            "self": format!("https://jira.example.com/rest/api/3/issue/{}", issue.id) })
}

/// A list of texts in a body.
pub(super) fn texts(body: &Value, name: &str) -> Vec<String> {
    let list = body.get(name).and_then(Value::as_array).into_iter().flatten();
    list.map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned)).collect()
}

/// `POST /issue/bulkfetch`: what is not visible is in neither list.
pub(super) fn bulk(world: &World, incoming: &Incoming<'_>) -> Answer {
    let body = incoming.json();
    let (names, fields) = (texts(&body, "issueIdsOrKeys"), texts(&body, "fields"));
    if names.is_empty() || names.len() > 100 {
        return error(400, "issueIdsOrKeys must hold 1 to 100 entries");
    }
    let jira = &world.jira;
    let found = names.iter().filter_map(|name| jira.key_of(name));
    let issues: Vec<Value> = found
        .filter_map(|key| Some(shown(jira, &key, jira.issues.get(&key)?, Some(&fields))))
        .collect();
    Answer::json(200, &json!({ "issues": issues, "issueErrors": [] }))
}

/// `POST /changelog/bulkfetch`; times are numbers, as the service sends them.
pub(super) fn histories(world: &World, incoming: &Incoming<'_>) -> Answer {
    let jira = &world.jira;
    let names = texts(&incoming.json(), "issueIdsOrKeys");
    let logs: Vec<Value> = names
        .iter()
        .filter_map(|name| jira.key_of(name))
        .filter_map(|key| jira.issues.get(&key))
        .map(|issue| {
            let changes = issue.history.iter().map(|(at, from, to)| {
                json!({ "created": at.as_millisecond(), "items": [
                    { "field": "status", "fieldId": "status", "fromString": from, "toString": to }
                ] })
            });
            let changes: Vec<Value> = changes.collect();
            json!({ "issueId": issue.id.to_string(), "changeHistories": changes })
        })
        .collect();
    Answer::json(200, &json!({ "issueChangeLogs": logs }))
}

/// Answers `/issue/<key>…`.
pub(super) fn answer(
    world: &mut World,
    incoming: &Incoming<'_>,
    key: &str,
    rest: &[&str],
) -> Answer {
    let (get, post) = (*incoming.method == Method::GET, *incoming.method == Method::POST);
    let put = *incoming.method == Method::PUT;
    match rest {
        [] if get => {
            let wanted = incoming.query("fields");
            let wanted: Option<Vec<String>> =
                wanted.map(|list| list.split(',').map(str::to_owned).collect());
            let issue = world.jira.issues.get(key);
            issue.map_or_else(no_issue, |issue| {
                Answer::json(200, &shown(&world.jira, key, issue, wanted.as_deref()))
            })
        }
        [] if put => edit(world, incoming, key),
        ["assignee"] if put => assign(world, incoming, key),
        ["transitions"] if get => Answer::json(200, &transitions(&world.jira, key)),
        ["transitions"] if post => transition(world, incoming, key),
        ["comment"] if get => comments(&world.jira, incoming, key),
        ["comment"] if post => comment(world, incoming, key),
        ["remotelink"] if get => {
            let links = world.jira.issues.get(key).into_iter().flat_map(|issue| &issue.links);
            Answer::json(200, &links.map(|url| json!({ "object": { "url": url } })).collect())
        }
        _ => not_found(),
    }
}

fn ways<'j>(jira: &'j Jira, key: &str) -> &'j [(String, String, String)] {
    let issue = jira.issues.get(key);
    issue.and_then(|issue| jira.workflow.get(&issue.status)).map_or(&[], Vec::as_slice)
}

fn transitions(jira: &Jira, key: &str) -> Value {
    let way = |(id, name, to): &(String, String, String)| {
        json!({ "id": id, "name": name, "to": { "name": to },
                "fields": { "resolution": { "required": to == "Closed" } } })
    };
    json!({ "transitions": ways(jira, key).iter().map(way).collect::<Vec<_>>() })
}

fn transition(world: &mut World, incoming: &Incoming<'_>, key: &str) -> Answer {
    let body = incoming.json();
    let id = body.pointer("/transition/id").and_then(Value::as_str).unwrap_or_default();
    let way = ways(&world.jira, key).iter().find(|(number, ..)| number == id).cloned();
    let Some((_, _, to)) = way else {
        world.record("jira", "refused-transition", key);
        return error(
            400,
            "It seems that you have tried to perform an illegal workflow operation.",
        );
    };
    if to == "Closed" && body.pointer("/fields/resolution/name").is_none() {
        world.record("jira", "refused-transition", key);
        let errors = json!({ "resolution": "Resolution is required." });
        return Answer::json(400, &json!({ "errorMessages": [], "errors": errors }));
    }
    let now = world.now;
    world.jira.foreign_move(key, &to, now);
    world.record("jira", "transition", format!("{key} {to}"));
    nothing()
}

fn nothing() -> Answer {
    Answer::text(204, "application/json", "")
}

fn assign(world: &mut World, incoming: &Incoming<'_>, key: &str) -> Answer {
    let account = incoming.json().get("accountId").and_then(Value::as_str).map(str::to_owned);
    let is_known = |id: &String| world.jira.accounts.get(id).is_some_and(|known| known.active);
    if account.as_ref().is_some_and(|id| !is_known(id)) {
        world.record("jira", "refused-assign", key);
        return error(400, "The user does not exist.");
    }
    if let Some(issue) = world.jira.issues.get_mut(key) {
        issue.assignee.clone_from(&account);
    }
    world.record("jira", "assign", format!("{key} {}", account.unwrap_or_default()));
    nothing()
}

fn edit(world: &mut World, incoming: &Incoming<'_>, key: &str) -> Answer {
    let body = incoming.json();
    let Some(issue) = world.jira.issues.get_mut(key) else { return no_issue() };
    for change in body.pointer("/update/labels").and_then(Value::as_array).into_iter().flatten() {
        let label = |verb: &str| change.get(verb).and_then(Value::as_str).map(str::to_owned);
        if let Some(label) = label("add").filter(|label| !issue.labels.contains(label)) {
            issue.labels.push(label);
        }
        if let Some(label) = label("remove") {
            issue.labels.retain(|known| *known != label);
        }
    }
    if let Some(people) = body.pointer(&format!("/fields/{NEED_INFO}")).and_then(Value::as_array) {
        let ids = people.iter().filter_map(|one| one.get("accountId")?.as_str());
        issue.need_info = ids.map(str::to_owned).collect();
    }
    world.record("jira", "edit", key);
    nothing()
}

fn comment_json(jira: &Jira, comment: &Comment) -> Value {
    json!({ "id": comment.id.to_string(), "author": jira.account(&comment.author),
            "created": moment(comment.created), "body": comment.body })
}

fn comments(jira: &Jira, incoming: &Incoming<'_>, key: &str) -> Answer {
    let number = |name: &str, default: usize| {
        incoming.query(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (start, size) = (number("startAt", 0), number("maxResults", 50).min(100));
    let all = jira.issues.get(key).map_or(&[][..], |issue| issue.comments.as_slice());
    let page: Vec<Value> =
        all.iter().skip(start).take(size).map(|one| comment_json(jira, one)).collect();
    Answer::json(
        200,
        &json!({ "startAt": start, "maxResults": size, "total": all.len(),
                               "comments": page }),
    )
}

/// `POST /comment/list`: comments by number; properties only when they are asked for.
pub(super) fn comment_list(world: &World, incoming: &Incoming<'_>) -> Answer {
    let jira = &world.jira;
    let wanted = texts(&incoming.json(), "ids");
    let with_properties = incoming.query("expand").is_some_and(|list| list.contains("properties"));
    let all = jira.issues.values().filter(|issue| !issue.hidden).flat_map(|i| &i.comments);
    let found = all.filter(|comment| wanted.contains(&comment.id.to_string()));
    let values: Vec<Value> = found
        .map(|comment| {
            let mut shown = comment_json(jira, comment);
            if with_properties {
                let pairs = comment.properties.iter();
                shown["properties"] =
                    pairs.map(|(key, value)| json!({ "key": key, "value": value })).collect();
            }
            shown
        })
        .collect();
    Answer::json(200, &json!({ "values": values, "total": values.len(), "isLast": true }))
}

fn comment(world: &mut World, incoming: &Incoming<'_>, key: &str) -> Answer {
    let sent = incoming.json();
    let body = sent.get("body").cloned().unwrap_or_default();
    if body.get("type").and_then(Value::as_str) != Some("doc") {
        world.record("jira", "refused-comment", key);
        return error(400, "Comment body is not valid!");
    }
    let pairs = sent.get("properties").and_then(Value::as_array).into_iter().flatten();
    let property =
        |pair: &Value| Some((pair.get("key")?.as_str()?.to_owned(), pair.get("value").cloned()?));
    let comment = Comment {
        id: world.jira.next_id(),
        author: world.jira.me.clone(),
        created: world.now,
        body,
        properties: pairs.filter_map(property).collect(),
    };
    let answer = comment_json(&world.jira, &comment);
    if let Some(issue) = world.jira.issues.get_mut(key) {
        issue.comments.push(comment);
    }
    world.record("jira", "comment", key);
    Answer::json(201, &answer)
}

/// `POST /issue`.
pub(super) fn create(world: &mut World, incoming: &Incoming<'_>) -> Answer {
    let body = incoming.json();
    let text = |pointer: &str| {
        body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let project = text("/fields/project/key");
    let summary = text("/fields/summary");
    if project.is_empty() || summary.is_empty() || text("/fields/issuetype/name").is_empty() {
        world.record("jira", "refused-create", project);
        let errors = json!({ "summary": "You must specify a summary of the issue." });
        return Answer::json(400, &json!({ "errorMessages": [], "errors": errors }));
    }
    let id = world.jira.next_id();
    let issue = Issue {
        id,
        summary,
        kind: text("/fields/issuetype/name"),
        status: "New".to_owned(),
        priority: text("/fields/priority/name"),
        reporter: Some(world.jira.me.clone()),
        description: body.pointer("/fields/description").cloned().unwrap_or_default(),
        created: world.now,
        ..Issue::default()
    };
    let key = format!("{project}-{id}");
    world.jira.issues.insert(key.clone(), issue);
    world.record("jira", "create", key.clone());
    let page = format!("https://jira.example.com/rest/api/3/issue/{id}");
    Answer::json(201, &json!({ "id": id.to_string(), "key": key, "self": page }))
}
