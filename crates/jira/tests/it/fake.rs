//! A Jira that answers by address: the rule whose part ends last in the address wins, its answers come
//! in order and the last one repeats.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::Method;
use oar_jira::{FieldIds, HttpJira};
use oar_transport::testing::{Script, Seen, Step, client};
use oar_transport::{HttpClient, HttpSend, Request, Response, Secret, SendError};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "canary-jira-token";

#[derive(Debug)]
struct Rule {
    method: Method,
    part: String,
    steps: VecDeque<Step>,
    /// Whether the last answer was given already: the next one to be added replaces it.
    used: bool,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    seen: Vec<Seen>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Fake(Arc<Mutex<State>>);

impl Fake {
    /// Answers `method` at addresses that hold `part` with `step`; called again, with the next one.
    pub(crate) fn on(self, method: Method, part: &str, step: Step) -> Self {
        {
            let mut state = self.0.lock().unwrap();
            let known = state.rules.iter().position(|r| r.method == method && r.part == part);
            if let Some(at) = known {
                let rule = &mut state.rules[at];
                if std::mem::take(&mut rule.used) {
                    rule.steps.clear();
                }
                rule.steps.push_back(step);
            } else {
                let (part, steps) = (part.into(), [step].into());
                state.rules.push(Rule { method, part, steps, used: false });
            }
        }
        self
    }

    pub(crate) fn get(self, part: &str, body: &Value) -> Self {
        self.on(Method::GET, part, Step::json(body))
    }

    pub(crate) fn post(self, part: &str, body: &Value) -> Self {
        self.on(Method::POST, part, Step::json(body))
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().seen.clone()
    }

    /// The requests with this verb whose address holds `part`.
    pub(crate) fn asked(&self, method: &Method, part: &str) -> Vec<Seen> {
        let fits = |seen: &Seen| seen.method == *method && seen.url.contains(part);
        self.seen().into_iter().filter(fits).collect()
    }

    /// The requests that write.
    pub(crate) fn writes(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(writes).collect()
    }

    pub(crate) fn jira(&self) -> HttpJira {
        jira_over(&client(Arc::new(self.clone())))
    }
}

#[async_trait]
impl HttpSend for Fake {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let step = {
            let mut state = self.0.lock().unwrap();
            let url = request.uri().to_string();
            state.seen.push(Seen {
                method: request.method().clone(),
                url: url.clone(),
                headers: request.headers().clone(),
                body: request.body().clone(),
            });
            let fits =
                |rule: &&mut Rule| rule.method == *request.method() && url.contains(&rule.part);
            let rule = state
                .rules
                .iter_mut()
                .filter(fits)
                .max_by_key(|rule| url.rfind(&rule.part).map(|at| at + rule.part.len()));
            match rule {
                Some(rule) if rule.steps.len() > 1 => rule.steps.pop_front().unwrap(),
                Some(rule) => {
                    rule.used = true;
                    rule.steps[0].clone()
                }
                None => {
                    let words = "Issue does not exist or you do not have permission to see it.";
                    Step::answer(404, json!({ "errorMessages": [words] }).to_string())
                }
            }
        };
        Script::new([step]).send(request).await
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
