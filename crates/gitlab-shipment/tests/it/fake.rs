//! A GitLab that answers by address: the rule whose part ends last in the address wins, its
//! answers come in order and the last one repeats.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use oar_gitlab_shipment::HttpGitLab;
use oar_release::MergeRequest;
use oar_transport::testing::{Script, Seen, Step, client_at};
use oar_transport::{
    Endpoints, HttpClient, HttpSend, Request, Response, Secret, SendError, Service,
};
use serde_json::{Value, json};

pub(crate) const HOME: &str = "https://gitlab.example.com";
pub(crate) const TOKEN: &str = "canary-gitlab-token";
pub(crate) const IMAGE: &str = include_str!("../fixtures/4.99.3.image.yaml");
pub(crate) const FBC: &str = include_str!("../fixtures/4.99.3.fbc.yaml");
pub(crate) const IMAGE_PATH: &str =
    "shipment/ocp/openshift-4.99/openshift-4-99/prod/4.99.3.image.20260301083000.yaml";
pub(crate) const FBC_PATH: &str =
    "shipment/ocp/openshift-4.99/fbc-openshift-4-99/prod/4.99.3.fbc.20260301083000.yaml";

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
        self.on(Method::POST, part, created(body))
    }

    /// A file at any commit.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let part = format!("/repository/files/{}?", oar_transport::encode_segment(path));
        let body = json!({ "content": STANDARD.encode(text), "encoding": "base64",
                           "last_commit_id": "c-last", "blob_id": "b" });
        self.get(&part, &body)
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
        self.seen().into_iter().filter(|seen| seen.method != Method::GET).collect()
    }

    pub(crate) fn gitlab(&self) -> HttpGitLab {
        gitlab_over(&http_over(Arc::new(self.clone())))
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
                None => Step::answer(404, r#"{"message":"404 Not found"}"#),
            }
        };
        Script::new([step]).send(request).await
    }
}

pub(crate) fn http_over(send: Arc<dyn HttpSend>) -> HttpClient {
    let endpoints = Endpoints::default().with_configured(Service::Gitlab, HOME).unwrap();
    client_at(send, endpoints)
}

pub(crate) fn gitlab_over(http: &HttpClient) -> HttpGitLab {
    HttpGitLab::new(http, Secret::new(TOKEN).into(), ["errata.devel.redhat.com".to_owned()])
}

/// The shipment of 4.99.3.
pub(crate) fn shipment() -> MergeRequest {
    MergeRequest::new(HOME, "invented/ocp-shipment-data", 337)
}

pub(crate) fn created(body: &Value) -> Step {
    Step::answer(201, body.to_string()).with("content-type", "application/json")
}

pub(crate) fn body(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).unwrap()
}

/// What GitLab says of the shipment, with changes.
pub(crate) fn mr_with(changes: &Value) -> Value {
    let mut mr = json!({
        "iid": 337, "id": 9, "project_id": 10, "source_project_id": 20, "target_project_id": 10,
        "title": "Shipment for 4.99.3 (ship date: 2026-Mar-10)", "description": "",
        "draft": false, "state": "opened", "labels": [], "sha": "s1",
        "web_url": format!("{HOME}/invented/ocp-shipment-data/-/merge_requests/337"),
        "source_branch": "prepare-shipment-4.99.3-20260301083000", "target_branch": "main",
        "author": { "id": 5, "username": "art" }, "detailed_merge_status": "not_approved",
    });
    for (key, value) in changes.as_object().unwrap() {
        mr[key] = value.clone();
    }
    mr
}

pub(crate) fn mr() -> Value {
    mr_with(&json!({}))
}

pub(crate) fn me() -> Value {
    json!({ "id": 1, "username": "oar-bot", "name": "OAR", "state": "active" })
}

pub(crate) fn diffs() -> Value {
    let file = |path: &str| json!({ "old_path": path, "new_path": path, "deleted_file": false });
    json!([file(IMAGE_PATH), file(FBC_PATH), file("README.md"), file("config.yaml")])
}

/// A GitLab with the shipment of 4.99.3 and both files.
pub(crate) fn with_shipment(mr: &Value) -> Fake {
    Fake::default()
        .get("/merge_requests/337", mr)
        .get("/merge_requests/337/diffs", &diffs())
        .get("/api/v4/user", &me())
        .file(IMAGE_PATH, IMAGE)
        .file(FBC_PATH, FBC)
}
