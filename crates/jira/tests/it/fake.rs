//! A Jira that answers by address.

use std::sync::Arc;

use http::Method;
use oar_jira::{FieldIds, HttpJira};
pub(crate) use oar_transport::testing::ByAddress as Fake;
use oar_transport::testing::{Seen, Step, client};
use oar_transport::{HttpClient, Secret};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "canary-jira-token";

/// What Jira's tests ask of the service that answers by address.
pub(crate) trait JiraFake: Sized {
    fn post(self, part: &str, body: &Value) -> Self;
    /// The requests that write.
    fn writes(&self) -> Vec<Seen>;
    fn jira(&self) -> HttpJira;
}

impl JiraFake for Fake {
    fn post(self, part: &str, body: &Value) -> Self {
        self.on(Method::POST, part, Step::json(body))
    }

    fn writes(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(writes).collect()
    }

    fn jira(&self) -> HttpJira {
        jira_over(&client(Arc::new(self.clone())))
    }
}

pub(crate) fn jira_over(http: &HttpClient) -> HttpJira {
    let user = Secret::new("bot@example.com");
    HttpJira::new(http, user.into(), Secret::new(TOKEN).into(), FieldIds::default())
}

/// Whether a request writes: searches and batches are reads in spite of their verb.
pub(crate) fn writes(seen: &Seen) -> bool {
    let reads = ["/bulkfetch", "/search/jql", "/comment/list"];
    seen.method != Method::GET && !reads.iter().any(|read| seen.url.contains(read))
}

pub(crate) fn body(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).unwrap()
}

pub(crate) fn me() -> Value {
    json!({ "accountId": "bot", "displayName": "OAR", "active": true, "accountType": "atlassian" })
}

/// The fields of the production server.
pub(crate) fn fields() -> Value {
    json!([
        { "id": "summary", "name": "Summary" },
        { "id": "customfield_10470", "name": "QA Contact" },
        { "id": "customfield_10847", "name": "Release Blocker" },
        { "id": "customfield_10978", "name": "SFDC Cases Counter" },
        { "id": "customfield_10979", "name": "SFDC Cases Links" },
        { "id": "customfield_10482", "name": "Need Info From" },
        { "id": "customfield_10855", "name": "Target Version" },
        { "id": "customfield_10667", "name": "CVE ID" },
    ])
}

/// A Jira that knows us and has the right fields.
pub(crate) fn known() -> Fake {
    Fake::default().get("/myself", &me()).get("/rest/api/3/field", &fields())
}

pub(crate) fn issue(number: u32, key: &str, fields: &Value) -> Value {
    let mut all = json!({
        "summary": format!("summary of {key}"), "status": { "name": "ON_QA" }, "labels": [],
        "priority": { "name": "Major" }, "issuetype": { "name": "Bug" },
    });
    for (name, value) in fields.as_object().unwrap() {
        all[name] = value.clone();
    }
    json!({ "id": number.to_string(), "key": key, "fields": all })
}

pub(crate) fn nothing() -> Step {
    Step::answer(204, "")
}
