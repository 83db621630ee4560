//! From Jira's JSON to the words of this client.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::adf;
use crate::fields::{Field, FieldIds};
use crate::key::IssueKey;
use crate::types::{Account, Comment, Issue, StatusChange, Transition};

/// An issue as it comes.
#[derive(Debug, Deserialize)]
pub(crate) struct WireIssue {
    pub(crate) id: String,
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) fields: Map<String, Value>,
}

/// `POST …/issue/bulkfetch`.
#[derive(Debug, Deserialize)]
pub(crate) struct BulkFetched {
    pub(crate) issues: Vec<WireIssue>,
}

/// `POST …/search/jql`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchPage {
    pub(crate) issues: Vec<WireIssue>,
    #[serde(default)]
    pub(crate) next_page_token: Option<String>,
    #[serde(default)]
    pub(crate) is_last: Option<bool>,
}

/// `POST …/changelog/bulkfetch`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HistoryPage {
    pub(crate) issue_change_logs: Vec<IssueHistory>,
    #[serde(default)]
    pub(crate) next_page_token: Option<String>,
}

/// History of one issue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssueHistory {
    pub(crate) issue_id: String,
    pub(crate) change_histories: Vec<ChangeHistory>,
}

/// Changes made at one moment.
#[derive(Debug, Deserialize)]
pub(crate) struct ChangeHistory {
    created: Value,
    items: Vec<ChangeItem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangeItem {
    #[serde(default)]
    field: Option<String>,
    #[serde(default)]
    field_id: Option<String>,
    #[serde(default)]
    from_string: Option<String>,
    #[serde(default, rename = "toString")]
    to: Option<String>,
}

/// `GET …/comment`.
#[derive(Debug, Deserialize)]
pub(crate) struct CommentPage {
    pub(crate) comments: Vec<WireComment>,
    pub(crate) total: u64,
}

/// A comment as it comes.
#[derive(Debug, Deserialize)]
pub(crate) struct WireComment {
    pub(crate) id: String,
    #[serde(default)]
    author: Option<Account>,
    created: String,
    #[serde(default)]
    body: Value,
}

/// `POST …/comment/list?expand=properties`.
#[derive(Debug, Deserialize)]
pub(crate) struct PropertyPage {
    pub(crate) values: Vec<CommentProperties>,
}

/// The hidden values of one comment.
#[derive(Debug, Deserialize)]
pub(crate) struct CommentProperties {
    pub(crate) id: String,
    #[serde(default)]
    properties: Vec<Property>,
}

#[derive(Debug, Deserialize)]
struct Property {
    key: String,
    #[serde(default)]
    value: Value,
}

/// `GET …/transitions?expand=transitions.fields`.
#[derive(Debug, Deserialize)]
pub(crate) struct Transitions {
    pub(crate) transitions: Vec<WireTransition>,
}

/// A transition as it comes.
#[derive(Debug, Deserialize)]
pub(crate) struct WireTransition {
    id: String,
    name: String,
    to: Named,
    #[serde(default)]
    fields: BTreeMap<String, ScreenField>,
}

#[derive(Debug, Deserialize)]
struct ScreenField {
    #[serde(default)]
    required: bool,
}

/// Anything with a name.
#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
}

/// `GET …/remotelink`.
#[derive(Debug, Deserialize)]
pub(crate) struct RemoteLink {
    pub(crate) object: RemoteObject,
}

/// What a link leads to.
#[derive(Debug, Deserialize)]
pub(crate) struct RemoteObject {
    pub(crate) url: String,
}

/// What creating answers.
#[derive(Debug, Deserialize)]
pub(crate) struct Created {
    pub(crate) key: String,
}

/// What commenting answers.
#[derive(Debug, Deserialize)]
pub(crate) struct Commented {
    pub(crate) id: String,
}

impl WireIssue {
    /// The issue, or `None` when not even its status is visible, or its key makes no sense.
    pub(crate) fn read(self, ids: &FieldIds) -> Option<Issue> {
        let key = self.key.parse().ok()?;
        let fields = &self.fields;
        let get = |name: &str| fields.get(name).filter(|value| !value.is_null());
        let custom = |field: Field| get(ids.id(field));
        let named = |value: Option<&Value>| value?.get("name")?.as_str().map(str::to_owned);
        let account = |value: Option<&Value>| serde_json::from_value(value?.clone()).ok();
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned();
        let key_of = |value: &Value| value.get("key")?.as_str()?.parse::<IssueKey>().ok();
        Some(Issue {
            key,
            status: named(get("status"))?,
            summary: get("summary").and_then(Value::as_str).map(str::to_owned),
            issue_type: named(get("issuetype")),
            priority: named(get("priority")),
            labels: list(get("labels")).map(|labels| texts(&labels)),
            assignee: account(get("assignee")),
            reporter: account(get("reporter")),
            qa_contact: account(custom(Field::QaContact)),
            release_blocker: custom(Field::ReleaseBlocker).and_then(option),
            has_customer_case: custom(Field::SfdcCounter).is_some()
                || custom(Field::SfdcLinks).is_some(),
            need_info: list(custom(Field::NeedInfo))
                .map(|people| people.iter().filter_map(|one| account(Some(one))).collect())
                .unwrap_or_default(),
            cve_id: custom(Field::CveId).and_then(option),
            target_versions: list(custom(Field::TargetVersion))
                .map(|versions| versions.iter().filter_map(|v| named(Some(v))).collect())
                .unwrap_or_default(),
            subtasks: list(get("subtasks"))
                .map(|subtasks| subtasks.iter().filter_map(key_of).collect())
                .unwrap_or_default(),
            created: get("created").and_then(moment),
            description: get("description").cloned().unwrap_or_default(),
            id: self.id,
        })
    }
}

fn texts(values: &[Value]) -> Vec<String> {
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// An option's value, a plain text, or the first of several; empty counts as not set.
fn option(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(values) => values.iter().find_map(option),
        other => other.get("value").and_then(Value::as_str).map(str::to_owned),
    };
    text.filter(|text| !text.trim().is_empty())
}

/// A moment: ISO text with any spelling of the offset, or a number of seconds or milliseconds.
pub(crate) fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => timestamp(text),
        Value::Number(number) => {
            let number = number.as_i64()?;
            // Seconds until the year 5138, milliseconds above.
            if number.abs() < 100_000_000_000 {
                Timestamp::from_second(number).ok()
            } else {
                Timestamp::from_millisecond(number).ok()
            }
        }
        _ => None,
    }
}

/// `2026-03-02T10:00:00.000+0000` and its relatives.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let parse = |text: &str| text.parse::<Timestamp>().ok();
    parse(text).or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
}

impl ChangeHistory {
    /// The changes of the status in it; `None` when the time makes no sense.
    pub(crate) fn status_changes(self) -> Option<Vec<StatusChange>> {
        let at = moment(&self.created)?;
        let is_status = |item: &ChangeItem| {
            item.field.as_deref() == Some("status") || item.field_id.as_deref() == Some("status")
        };
        let change = |item: ChangeItem| StatusChange { at, from: item.from_string, to: item.to };
        Some(self.items.into_iter().filter(is_status).map(change).collect())
    }
}

impl WireComment {
    /// The comment; `None` when its time makes no sense.
    pub(crate) fn read(self) -> Option<Comment> {
        Some(Comment {
            created: timestamp(&self.created)?,
            text: adf::flatten(&self.body),
            links: adf::links(&self.body),
            id: self.id,
            author: self.author,
        })
    }
}

impl CommentProperties {
    pub(crate) fn map(self) -> BTreeMap<String, Value> {
        self.properties.into_iter().map(|property| (property.key, property.value)).collect()
    }
}

impl WireTransition {
    pub(crate) fn read(self) -> Transition {
        Transition {
            id: self.id,
            name: self.name,
            to: self.to.name,
            wants_resolution: self.fields.get("resolution").is_some_and(|field| field.required),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(fields: &Value) -> Option<Issue> {
        let wire = json!({ "id": "1", "key": "A-1", "self": "x", "fields": fields });
        serde_json::from_value::<WireIssue>(wire).unwrap().read(&FieldIds::default())
    }

    #[test]
    fn null_and_hidden_fields_do_not_crash() {
        let issue = read(&json!({
            "status": { "name": "ON_QA" }, "priority": null, "assignee": null, "reporter": null,
            "customfield_10470": { "accountId": "q", "displayName": "Q", "active": true },
            "customfield_10847": { "value": "Proposed" }, "customfield_10978": "x9==",
            "customfield_10482": [{ "accountId": "n" }], "customfield_10667": ["CVE-2026-1000"],
            "customfield_10855": [{ "name": "4.99.z" }],
            "subtasks": [{ "key": "A-2" }, { "key": "?" }],
            "created": "2026-03-02T10:00:00.000+0000",
        }))
        .unwrap();
        assert_eq!(
            (issue.priority.as_deref(), &issue.assignee, &issue.labels),
            (None, &None, &None)
        );
        assert!(
            matches!(issue.contact(), crate::Contact::Hidden { account } if account.name() == "Q")
        );
        assert_eq!(issue.release_blocker.as_deref(), Some("Proposed"));
        assert!(issue.has_customer_case);
        assert_eq!(issue.cve_id.as_deref(), Some("CVE-2026-1000"));
        assert_eq!(issue.target_versions, ["4.99.z"]);
        assert_eq!((issue.need_info.len(), issue.subtasks.len()), (1, 1));
        assert_eq!(issue.created.unwrap().to_string(), "2026-03-02T10:00:00Z");
    }

    #[test]
    fn an_issue_without_a_visible_status_is_not_visible() {
        assert_eq!(read(&json!({ "summary": "x" })), None);
        assert_eq!(read(&json!({ "status": null })), None);
    }

    #[test]
    fn moments_come_in_three_forms() {
        let expected = "2026-03-02T09:00:00Z".parse::<Timestamp>().unwrap();
        for value in [
            json!("2026-03-02T10:00:00.000+0100"),
            json!("2026-03-02T09:00:00Z"),
            json!("2026-03-02T10:00:00+01:00"),
            json!(1_772_442_000),
            json!(1_772_442_000_000_i64),
        ] {
            assert_eq!(moment(&value), Some(expected), "{value}");
        }
        for value in [json!("yesterday"), json!(null), json!(1.5)] {
            assert_eq!(moment(&value), None, "{value}");
        }
    }
}
