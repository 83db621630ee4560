//! A GitLab that answers by address.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use oar_gitlab_shipment::HttpGitLab;
use oar_release::MergeRequest;
pub(crate) use oar_transport::testing::ByAddress as Fake;
use oar_transport::testing::{Seen, Step, client_at};
use oar_transport::{Endpoints, HttpClient, HttpSend, Secret, Service};
use serde_json::{Value, json};

pub(crate) const HOME: &str = "https://gitlab.example.com";
pub(crate) const TOKEN: &str = "canary-gitlab-token";
pub(crate) const IMAGE: &str = include_str!("../fixtures/4.99.3.image.yaml");
pub(crate) const FBC: &str = include_str!("../fixtures/4.99.3.fbc.yaml");
pub(crate) const IMAGE_PATH: &str =
    "shipment/ocp/openshift-4.99/openshift-4-99/prod/4.99.3.image.20260301083000.yaml";
pub(crate) const FBC_PATH: &str =
    "shipment/ocp/openshift-4.99/fbc-openshift-4-99/prod/4.99.3.fbc.20260301083000.yaml";

/// What GitLab's tests ask of the service that answers by address.
pub(crate) trait GitLabFake: Sized {
    fn post(self, part: &str, body: &Value) -> Self;
    /// A file at any commit.
    fn file(self, path: &str, text: &str) -> Self;
    /// The requests that write.
    fn writes(&self) -> Vec<Seen>;
    fn gitlab(&self) -> HttpGitLab;
}

impl GitLabFake for Fake {
    fn post(self, part: &str, body: &Value) -> Self {
        self.on(Method::POST, part, created(body))
    }

    fn file(self, path: &str, text: &str) -> Self {
        let part = format!("/repository/files/{}?", oar_transport::encode_segment(path));
        let body = json!({ "content": STANDARD.encode(text), "encoding": "base64",
                           "last_commit_id": "c-last", "blob_id": "b" });
        self.get(&part, &body)
    }

    fn writes(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.method != Method::GET).collect()
    }

    fn gitlab(&self) -> HttpGitLab {
        gitlab_over(&http_over(Arc::new(self.clone())))
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
