//! `oarctl config validate`: everything worth telling about a configuration, at once.

use oar_release::YStream;
use oar_release::email::is_email;
use serde::Serialize;
use serde_json::Value;

use super::{AppConfig, DocumentError};

/// What kind of finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingKind {
    /// The configuration cannot be used like this.
    Error,
    /// Something that commands need is absent.
    Missing,
    /// Nothing reads this key.
    Unknown,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// JSON path of the key.
    pub path: String,
    /// What kind it is.
    pub kind: FindingKind,
    /// What is wrong, for people.
    pub message: String,
}

/// Keys of the top level.
const TOP: [&str; 9] = [
    "build_data_url",
    "owners",
    "contacts",
    "report_templates",
    "jira_server",
    "jenkins_server",
    "gitlab_url",
    "release_url",
    "signature_url",
];
/// Attributes of a Slack team; `qe-release` also has one for each y-stream.
const ATTRIBUTES: [&str; 5] = ["channel", "id", "default", "doc_id", "prodsec_id"];
/// Paths that some command needs. Report templates are not among them: a release without a
/// spreadsheet is a normal release.
const NEEDED: [&str; 14] = [
    "build_data_url",
    "owners.default",
    "contacts.slack.qe-release.channel",
    "contacts.slack.qe-forum.channel",
    "contacts.slack.art.channel",
    "contacts.slack.art.id",
    "contacts.slack.approver.channel",
    "contacts.slack.approver.doc_id",
    "contacts.slack.approver.prodsec_id",
    "jira_server",
    "jenkins_server",
    "gitlab_url",
    "release_url",
    "signature_url",
];

/// Every finding about the decrypted document `json`, errors first; none means it is good.
pub fn validate(json: &[u8]) -> Result<Vec<Finding>, DocumentError> {
    let value: Value = serde_json::from_slice(json)
        .map_err(|e| DocumentError::Json { line: e.line(), column: e.column() })?;
    let mut findings = Vec::new();
    if let Err(error) = AppConfig::from_value(&value) {
        let path = match &error {
            DocumentError::WrongType { path, .. } | DocumentError::Missing { path } => path.clone(),
            DocumentError::Json { .. } => String::new(),
        };
        findings.push(Finding { path, kind: FindingKind::Error, message: error.to_string() });
    }
    unknown_keys(&value, &mut findings);
    wrong_owners(&value, &mut findings);
    for path in NEEDED {
        if !is_present(&value, path) {
            let message = format!("the configuration has no {path}");
            findings.push(Finding { path: path.to_owned(), kind: FindingKind::Missing, message });
        }
    }
    findings.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    Ok(findings)
}

fn is_present(value: &Value, path: &str) -> bool {
    let found = path.split('.').try_fold(value, |at, key| at.get(key));
    found.is_some_and(|found| !found.is_null() && found != "")
}

fn unknown_keys(value: &Value, findings: &mut Vec<Finding>) {
    let keys = |path: &[&str]| -> Vec<String> {
        let at = path.iter().try_fold(value, |at, key| at.get(key));
        let map = at.and_then(Value::as_object);
        map.map(|map| map.keys().cloned().collect()).unwrap_or_default()
    };
    let is_stream = |key: &str| key.parse::<YStream>().is_ok();
    let mut report = |prefix: &str, key: &str| {
        let path = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        let message = format!("nothing reads {path}");
        findings.push(Finding { path, kind: FindingKind::Unknown, message });
    };
    for key in keys(&[]).iter().filter(|key| !TOP.contains(&key.as_str())) {
        report("", key);
    }
    for key in keys(&["contacts"]).iter().filter(|key| !["slack", "email"].contains(&key.as_str()))
    {
        report("contacts", key);
    }
    for key in keys(&["owners"]).iter().filter(|key| *key != "default" && !is_stream(key)) {
        report("owners", key);
    }
    for key in keys(&["report_templates"]).iter().filter(|key| !is_stream(key)) {
        report("report_templates", key);
    }
    for team in keys(&["contacts", "slack"]) {
        for key in keys(&["contacts", "slack", &team]) {
            let read =
                ATTRIBUTES.contains(&key.as_str()) || team == "qe-release" && is_stream(&key);
            if !read {
                report(&format!("contacts.slack.{team}"), &key);
            }
        }
    }
}

fn wrong_owners(value: &Value, findings: &mut Vec<Finding>) {
    let owners = value.get("owners").and_then(Value::as_object);
    for (key, owner) in owners.into_iter().flatten() {
        if owner.as_str().is_some_and(|owner| !is_email(owner)) {
            let path = format!("owners.{key}");
            let message = format!("{path} is not an e-mail address");
            findings.push(Finding { path, kind: FindingKind::Error, message });
        }
    }
}
