//! The wire's shapes, and their way into words. Fields that decide something are required; what is
//! missing is an error that names it, never a default (fault G6).

use std::collections::BTreeMap;

use oar_transport::{HttpError, Reply};
use serde::de::Deserializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::types::{
    Approval, Build, Comment, CvpTest, Erratum, IssueAdvisory, PushJob, SecurityAlert,
    SecurityAlerts, User,
};
use crate::words::{AdvisoryId, ErratumKind};

#[derive(Deserialize)]
struct ErratumWire {
    errata: BTreeMap<String, Fields>,
    #[serde(default)]
    content: Option<ContentOuter>,
    jira_issues: JiraIssues,
}

#[derive(Deserialize)]
struct Fields {
    id: u64,
    status: String,
    fulladvisory: Option<String>,
    synopsis: Option<String>,
    #[serde(default)]
    content_types: Option<Vec<String>>,
    #[serde(default, deserialize_with = "flag")]
    doc_complete: Option<bool>,
    #[serde(default, deserialize_with = "flag")]
    text_ready: Option<bool>,
    #[serde(default, deserialize_with = "flag")]
    security_approved: Option<bool>,
    // Absent on old data: the same as none.
    #[serde(default)]
    blocking_advisories: Option<Vec<u64>>,
    #[serde(default)]
    dependent_advisories: Option<Vec<u64>>,
    assigned_to_id: Option<u64>,
    package_owner_id: Option<u64>,
    #[serde(default)]
    respin_count: Option<u32>,
    publish_date_override: Option<String>,
}

#[derive(Deserialize)]
struct ContentOuter {
    #[serde(default)]
    content: Option<ContentInner>,
}

#[derive(Deserialize)]
struct ContentInner {
    #[serde(default)]
    cve: Option<String>,
}

#[derive(Deserialize)]
struct JiraIssues {
    #[serde(default)]
    idsfixed: Option<Vec<String>>,
    #[serde(default)]
    jira_issues: Option<Vec<JiraIssueOuter>>,
}

#[derive(Deserialize)]
struct JiraIssueOuter {
    jira_issue: JiraIssueInner,
}

#[derive(Deserialize)]
struct JiraIssueInner {
    key: String,
}

/// A flag the Errata Tool writes as 0, 1, false, true or null.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    use serde::de::Error as _;
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(flag)),
        Value::Number(number) if number.as_u64() == Some(0) => Ok(Some(false)),
        Value::Number(number) if number.as_u64() == Some(1) => Ok(Some(true)),
        other => Err(D::Error::custom(format!("{other} is no flag"))),
    }
}

/// Reads `GET /api/v1/erratum/<id>`.
pub(crate) fn erratum(reply: &Reply, id: AdvisoryId) -> Result<Erratum, HttpError> {
    const WHAT: &str = "erratum";
    let wire: ErratumWire = reply.json()?;
    let mut entries = wire.errata.into_iter();
    let (Some((key, fields)), None) = (entries.next(), entries.next()) else {
        return Err(reply.malformed(WHAT, "errata", "it does not hold exactly one advisory"));
    };
    let Some(kind) = ErratumKind::from_key(&key) else {
        let problem = format!("{key:?} is no type of advisory");
        return Err(reply.malformed(WHAT, "errata", &problem));
    };
    if fields.id != id.0 {
        let problem = format!("{} was asked for and {} came", id, fields.id);
        return Err(reply.malformed(WHAT, "errata.id", &problem));
    }
    let Some(issues) = issues(wire.jira_issues) else {
        return Err(reply.malformed(WHAT, "jira_issues", "neither list of issues is there"));
    };
    let docs = match (fields.doc_complete, fields.text_ready) {
        (Some(true), _) => Approval::Approved,
        (_, Some(true)) => Approval::Requested,
        _ => Approval::NotRequested,
    };
    let prodsec = match fields.security_approved {
        Some(true) => Approval::Approved,
        Some(false) => Approval::Requested,
        None => Approval::NotRequested,
    };
    let cves = wire.content.and_then(|content| content.content?.cve).unwrap_or_default();
    let ids = |list: Option<Vec<u64>>| list.into_iter().flatten().map(AdvisoryId).collect();
    Ok(Erratum {
        id,
        kind,
        state: fields.status.as_str().into(),
        name: fields.fulladvisory,
        synopsis: fields.synopsis,
        content_types: fields.content_types.unwrap_or_default(),
        docs,
        prodsec,
        blocking: ids(fields.blocking_advisories),
        dependent: ids(fields.dependent_advisories),
        assigned_to: fields.assigned_to_id,
        package_owner: fields.package_owner_id,
        respins: fields.respin_count.unwrap_or_default(),
        issues,
        cves: cves.split_whitespace().map(str::to_owned).collect(),
        publish_date: fields.publish_date_override.and_then(|date| date.parse().ok()),
    })
}

/// The keys, each once, in order; the detailed list wins.
fn issues(wire: JiraIssues) -> Option<Vec<String>> {
    let detailed = wire.jira_issues;
    let keys: Vec<String> = match (detailed, wire.idsfixed) {
        (Some(list), _) => list.into_iter().map(|outer| outer.jira_issue.key).collect(),
        (None, Some(list)) => list,
        (None, None) => return None,
    };
    Some(without_repeats(keys))
}

fn without_repeats(keys: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    keys.into_iter().filter(|key| seen.insert(key.clone())).collect()
}

#[derive(Deserialize)]
struct UserWire {
    login_name: String,
    email_address: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    enabled: Option<bool>,
}

pub(crate) fn user(reply: &Reply) -> Result<User, HttpError> {
    let wire: UserWire = reply.json()?;
    Ok(User {
        login: wire.login_name,
        email: wire.email_address,
        enabled: wire.enabled.unwrap_or(true),
    })
}

#[derive(Deserialize)]
struct PushJobWire {
    id: u64,
    status: String,
    target: TargetWire,
}

#[derive(Deserialize)]
struct TargetWire {
    name: String,
}

pub(crate) fn push_jobs(reply: &Reply) -> Result<Vec<PushJob>, HttpError> {
    let wire: Vec<PushJobWire> = reply.json()?;
    let job = |wire: PushJobWire| PushJob {
        id: wire.id,
        target: wire.target.name,
        status: wire.status.as_str().into(),
    };
    Ok(wire.into_iter().map(job).collect())
}

/// The numbers of the jobs that a trigger made; the rest of their data is read again anyway.
pub(crate) fn new_jobs(reply: &Reply) -> Result<Vec<u64>, HttpError> {
    #[derive(Deserialize)]
    struct NewJob {
        id: u64,
    }
    Ok(reply.json::<Vec<NewJob>>()?.into_iter().map(|job| job.id).collect())
}

#[derive(Deserialize)]
struct ProductVersion {
    builds: Vec<serde_json::Map<String, Value>>,
}

pub(crate) fn builds(reply: &Reply) -> Result<Vec<Build>, HttpError> {
    let wire: BTreeMap<String, ProductVersion> = reply.json()?;
    let mut builds = Vec::new();
    for (product_version, content) in wire {
        for (nvr, _) in content.builds.into_iter().flatten() {
            builds.push(Build { product_version: product_version.clone(), nvr });
        }
    }
    Ok(builds)
}

#[derive(Deserialize)]
struct AlertWire {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    how_to_resolve: Option<String>,
    #[serde(default)]
    blocking: Option<bool>,
}

#[derive(Deserialize)]
struct AlertsInner {
    #[serde(default)]
    blocking: Option<bool>,
    #[serde(default)]
    alerts: Option<Vec<AlertWire>>,
}

/// Reads both forms of security alerts. An empty `alerts` says that there are none (R32); one that
/// has content and does not say whether it blocks says nothing.
pub(crate) fn alerts(reply: &Reply) -> Result<SecurityAlerts, HttpError> {
    const WHAT: &str = "security alerts";
    let document: BTreeMap<String, Value> = reply.json()?;
    let Some(inner) = document.get("alerts") else {
        return Err(reply.malformed(WHAT, "alerts", "it is missing"));
    };
    let is_empty = inner.is_null()
        || inner.as_object().is_some_and(serde_json::Map::is_empty)
        || inner.as_array().is_some_and(Vec::is_empty);
    if is_empty {
        return Ok(SecurityAlerts::default());
    }
    let inner = AlertsInner::deserialize(inner)
        .map_err(|error| reply.malformed(WHAT, "alerts", &error.to_string()))?;
    let alerts: Vec<SecurityAlert> = inner
        .alerts
        .unwrap_or_default()
        .into_iter()
        .map(|wire| SecurityAlert {
            name: wire.name.unwrap_or_default(),
            text: wire.text.unwrap_or_default(),
            description: wire.description.unwrap_or_default(),
            how_to_resolve: wire.how_to_resolve.unwrap_or_default(),
            blocking: wire.blocking.unwrap_or(false),
        })
        .collect();
    let one_blocks = alerts.iter().any(|alert| alert.blocking);
    match inner.blocking {
        None if !one_blocks => Err(reply.malformed(WHAT, "alerts.blocking", "it is missing")),
        flag => Ok(SecurityAlerts { alerts, blocking: one_blocks || flag == Some(true) }),
    }
}

#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
}

#[derive(Deserialize)]
struct TestWire {
    id: u64,
    attributes: TestAttributes,
    relationships: TestRelations,
}

#[derive(Deserialize)]
struct TestAttributes {
    status: String,
}

#[derive(Deserialize)]
struct TestRelations {
    errata: IdWire,
    #[serde(default)]
    brew_build: Option<BrewBuild>,
}

#[derive(Deserialize)]
struct IdWire {
    id: u64,
}

#[derive(Deserialize)]
struct BrewBuild {
    #[serde(default)]
    nvr: Option<String>,
}

pub(crate) fn cvp_page(reply: &Reply) -> Result<Vec<CvpTest>, HttpError> {
    let page: Page<TestWire> = reply.json()?;
    let test = |wire: TestWire| CvpTest {
        id: wire.id,
        advisory: AdvisoryId(wire.relationships.errata.id),
        nvr: wire.relationships.brew_build.and_then(|build| build.nvr),
        status: wire.attributes.status.as_str().into(),
    };
    Ok(page.data.into_iter().map(test).collect())
}

#[derive(Deserialize)]
struct CommentWire {
    id: u64,
    attributes: CommentAttributes,
    #[serde(default)]
    relationships: Value,
}

#[derive(Deserialize)]
struct CommentAttributes {
    text: String,
}

pub(crate) fn comment_page(reply: &Reply) -> Result<Vec<Comment>, HttpError> {
    let page: Page<CommentWire> = reply.json()?;
    let author = |relations: &Value| {
        relations.pointer("/who/login_name").and_then(Value::as_str).map(str::to_owned)
    };
    let comment = |wire: CommentWire| Comment {
        id: wire.id,
        text: wire.attributes.text,
        author: author(&wire.relationships),
    };
    Ok(page.data.into_iter().map(comment).collect())
}

#[derive(Deserialize)]
struct IssueAdvisoryWire {
    id: u64,
    status: String,
    #[serde(default)]
    advisory_name: Option<String>,
}

pub(crate) fn issue_advisories(reply: &Reply) -> Result<Vec<IssueAdvisory>, HttpError> {
    let wire: Vec<IssueAdvisoryWire> = reply.json()?;
    let advisory = |wire: IssueAdvisoryWire| IssueAdvisory {
        id: AdvisoryId(wire.id),
        state: wire.status.as_str().into(),
        name: wire.advisory_name,
    };
    Ok(wire.into_iter().map(advisory).collect())
}

/// Body of the requests that attach and detach one issue.
#[derive(Serialize)]
pub(crate) struct OneIssue<'k> {
    pub(crate) jira_issue: &'k str,
}

/// Why the Errata Tool refused, from an error's body (spec 02 §3.2): `error` as text or list, else
/// `errors` as lists by field. `None` when the body holds neither, a web page for one.
pub(crate) fn refusal(body: &str) -> Option<String> {
    let document: Value = serde_json::from_str(body).ok()?;
    let texts = |value: &Value| -> Vec<String> {
        match value {
            Value::String(text) => vec![text.clone()],
            Value::Array(list) => {
                list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    };
    let mut reasons = document.get("error").map(texts).unwrap_or_default();
    if reasons.is_empty() {
        for (field, messages) in document.get("errors")?.as_object()? {
            reasons.extend(texts(messages).into_iter().map(|text| format!("{field}: {text}")));
        }
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_found_in_all_its_forms() {
        for (body, expected) in [
            (r#"{"error":"not signed"}"#, Some("not signed")),
            (r#"{"error":["a","b"]}"#, Some("a; b")),
            (r#"{"errors":{"state":["x","y"],"base":["z"]}}"#, Some("state: x; state: y; base: z")),
            (r#"{"error":[],"errors":{"base":["z"]}}"#, Some("base: z")),
            ("<html>oops</html>", None),
            ("", None),
            ("[]", None),
            (r#"{"errors":{}}"#, None),
        ] {
            assert_eq!(refusal(body).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn flags_come_as_numbers_and_words() {
        #[derive(Deserialize)]
        struct One {
            #[serde(default, deserialize_with = "flag")]
            f: Option<bool>,
        }
        for (text, expected) in [
            ("{}", None),
            (r#"{"f":null}"#, None),
            (r#"{"f":0}"#, Some(false)),
            (r#"{"f":1}"#, Some(true)),
            (r#"{"f":true}"#, Some(true)),
        ] {
            assert_eq!(serde_json::from_str::<One>(text).unwrap().f, expected, "{text}");
        }
        assert!(serde_json::from_str::<One>(r#"{"f":"1"}"#).is_err());
    }
}
