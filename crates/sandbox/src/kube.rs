//! A cluster with release payloads: objects with labels, changed by merge patch.

use std::collections::BTreeMap;

use http::{Method, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, Incoming};
use crate::world::World;

/// The cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kube {
    /// Labels of the payloads, by `namespace/name`.
    pub payloads: BTreeMap<String, BTreeMap<String, String>>,
    /// Path and body of the newest patch.
    #[serde(default)]
    pub last_patch: Option<(String, String)>,
}

impl Kube {
    /// A payload without labels.
    pub fn add_payload(&mut self, namespace: &str, name: &str) {
        self.payloads.entry(format!("{namespace}/{name}")).or_default();
    }

    /// A label of a payload.
    pub fn label(&self, namespace: &str, name: &str) -> Option<&str> {
        let labels = self.payloads.get(&format!("{namespace}/{name}"))?;
        labels.get("release.openshift.io/qe_state").map(String::as_str)
    }
}

/// Answers one request.
pub(crate) fn answer(world: &mut World, incoming: &Incoming<'_>) -> Answer {
    if incoming.credential().is_none() {
        return status(401, "Unauthorized", "Unauthorized", &json!({}));
    }
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    let ["apis", "release.openshift.io", "v1alpha1", "namespaces", namespace, kind, name] =
        path.as_slice()
    else {
        return Answer::text(404, "text/plain; charset=utf-8", "404 page not found\n");
    };
    if *kind != "releasepayloads" {
        return Answer::text(404, "text/plain; charset=utf-8", "404 page not found\n");
    }
    let key = format!("{namespace}/{name}");
    if !world.kube.payloads.contains_key(&key) {
        let message = format!("releasepayloads.release.openshift.io {name:?} not found");
        let details = json!({ "name": name, "group": "release.openshift.io", "kind": kind });
        return status(404, "NotFound", &message, &details);
    }
    match *incoming.method {
        Method::GET => {}
        Method::PATCH => {
            if let Some(refusal) = patch(world, incoming, &key) {
                return refusal;
            }
        }
        _ => return status(405, "MethodNotAllowed", "not allowed", &json!({})),
    }
    let labels = &world.kube.payloads[&key];
    let metadata = json!({ "name": name, "namespace": namespace, "labels": labels });
    let object = json!({ "apiVersion": "release.openshift.io/v1alpha1", "kind": "ReleasePayload", "metadata": metadata });
    Answer::json(200, &object)
}

fn patch(world: &mut World, incoming: &Incoming<'_>, key: &str) -> Option<Answer> {
    let media_type = incoming.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    if media_type != Some("application/merge-patch+json") {
        return Some(status(415, "UnsupportedMediaType", "unsupported media type", &json!({})));
    }
    let body = incoming.json();
    let Some(changes) = body["metadata"]["labels"].as_object() else {
        return Some(status(400, "BadRequest", "no labels", &json!({})));
    };
    let labels = world.kube.payloads.get_mut(key)?;
    for (name, value) in changes {
        match value {
            Value::String(text) => drop(labels.insert(name.clone(), text.clone())),
            Value::Null => drop(labels.remove(name)),
            _ => return Some(status(400, "BadRequest", "labels are text", &json!({}))),
        }
    }
    let body = String::from_utf8_lossy(incoming.body).into_owned();
    world.kube.last_patch = Some((incoming.url.path().to_owned(), body));
    world.record("kube", "label", key);
    None
}

/// Kubernetes' error object.
fn status(code: u16, reason: &str, message: &str, details: &Value) -> Answer {
    let body = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure",
                       "message": message, "reason": reason, "details": details, "code": code });
    Answer::json(code, &body)
}
