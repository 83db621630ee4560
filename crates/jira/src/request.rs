//! Paths and bodies of requests, built without sending anything.

use serde_json::{Value, json};

use crate::error::JiraError;
use crate::fields::{Field, FieldIds};
use crate::key::IssueKey;
use crate::types::{Move, NewComment, NewIssue, Search};

/// Key of the hidden value that holds a comment's intent.
pub(crate) const INTENT: &str = "oar.intent";
/// Longest comment that Jira takes, characters.
const LIMIT: usize = 32_767;

/// The standard fields that are read.
const STANDARD: [&str; 9] = [
    "summary",
    "status",
    "priority",
    "labels",
    "assignee",
    "reporter",
    "issuetype",
    "subtasks",
    "created",
];

/// `/rest/api/3/<rest>`.
pub(crate) fn api(rest: &str) -> String {
    format!("rest/api/3/{rest}")
}

/// `/rest/api/3/issue/<key><rest>`; `rest` is empty or begins with a slash.
pub(crate) fn issue_path(key: &IssueKey, rest: &str) -> String {
    api(&format!("issue/{key}{rest}"))
}

/// Every field that an [`crate::Issue`] is made of; never all that there are.
pub(crate) fn fields(ids: &FieldIds) -> Vec<String> {
    let custom = Field::ALL.map(|field| ids.id(field).to_owned());
    STANDARD.into_iter().map(str::to_owned).chain(custom).collect()
}

pub(crate) fn search_body(search: &Search, ids: &FieldIds, token: Option<&str>) -> Value {
    let mut body = json!({
        "jql": search.jql,
        "fields": fields(ids),
        "maxResults": search.page_size.clamp(1, 100),
    });
    if let Some(token) = token {
        body["nextPageToken"] = json!(token);
    }
    body
}

pub(crate) fn comment_body(comment: &NewComment) -> Result<Value, JiraError> {
    let text = comment.body.plain();
    let problem = if text.trim().is_empty() {
        "the comment is empty".to_owned()
    } else if text.chars().count() > LIMIT {
        format!("the comment is longer than {LIMIT} characters")
    } else {
        let intent = json!({ "key": INTENT, "value": { "intent": comment.intent } });
        let other = comment.property.as_ref();
        let other = other.map(|(key, value)| json!({ "key": key, "value": value }));
        let properties: Vec<Value> = std::iter::once(intent).chain(other).collect();
        return Ok(json!({ "body": comment.body.to_json(), "properties": properties }));
    };
    Err(JiraError::Invalid { what: "comment".to_owned(), problem })
}

pub(crate) fn transition_body(step: &Move) -> Value {
    let mut body = json!({ "transition": { "id": step.transition } });
    if let Some(resolution) = &step.resolution {
        body["fields"] = json!({ "resolution": { "name": resolution } });
    }
    body
}

pub(crate) fn labels_body(add: &[String], remove: &[String]) -> Value {
    let added = add.iter().map(|label| json!({ "add": label }));
    let removed = remove.iter().map(|label| json!({ "remove": label }));
    json!({ "update": { "labels": added.chain(removed).collect::<Vec<_>>() } })
}

pub(crate) fn need_info_body(ids: &FieldIds, accounts: &[String]) -> Value {
    let people: Vec<Value> = accounts.iter().map(|id| json!({ "accountId": id })).collect();
    json!({ "fields": { ids.id(Field::NeedInfo): people } })
}

pub(crate) fn create_body(new: &NewIssue) -> Result<Value, JiraError> {
    if new.summary.trim().is_empty() || new.summary.contains('\n') {
        let problem = "the summary must be one line of text".to_owned();
        return Err(JiraError::Invalid { what: "create an issue".to_owned(), problem });
    }
    Ok(json!({ "fields": {
        "project": { "key": new.project },
        "issuetype": { "name": new.issue_type },
        "priority": { "name": new.priority },
        "summary": new.summary,
        "description": new.description.to_json(),
    } }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adf::{Adf, Inline};

    #[test]
    fn a_comment_carries_its_intent_hidden() {
        let body = Adf::new().paragraph([Inline::text("hello")]);
        let mut comment = NewComment::new(body, "i1");
        comment.property = Some(("oar.notification".to_owned(), json!({ "type": "MANAGER" })));
        let sent = comment_body(&comment).unwrap();
        assert_eq!(
            sent["properties"][0],
            json!({ "key": "oar.intent", "value": { "intent": "i1" } })
        );
        assert_eq!(sent["properties"][1]["key"], "oar.notification");
        assert_eq!(sent["body"]["type"], "doc");
    }

    #[test]
    fn empty_and_endless_comments_are_refused() {
        for text in [String::new(), " \n".to_owned(), "x".repeat(LIMIT + 1)] {
            let comment = NewComment::new(Adf::new().paragraph([Inline::text(text)]), "i");
            assert!(comment_body(&comment).is_err());
        }
        assert!(comment_body(&NewComment::new(Adf::new(), "i")).is_err());
    }

    #[test]
    fn labels_are_added_and_removed_never_rewritten() {
        let body = labels_body(&["a".to_owned()], &["b".to_owned()]);
        assert_eq!(body, json!({ "update": { "labels": [{ "add": "a" }, { "remove": "b" }] } }));
    }

    #[test]
    fn a_resolution_is_sent_only_when_wanted() {
        let step = |resolution: Option<&str>| Move {
            transition: "31".to_owned(),
            target: "Closed".to_owned(),
            resolution: resolution.map(str::to_owned),
        };
        assert_eq!(transition_body(&step(None)), json!({ "transition": { "id": "31" } }));
        let with = transition_body(&step(Some("Done")));
        assert_eq!(with["fields"]["resolution"]["name"], "Done");
    }
}
