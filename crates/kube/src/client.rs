//! The calls.

use std::fmt;

use async_trait::async_trait;
use http::{Method, StatusCode};
use oar_release::{Arch, effect};
use oar_transport::{
    Call, HttpClient, Reply, SecretSource, Service, ServiceClient, encode_segment,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::KubeError;
use crate::operations::{LABEL_PAYLOAD, READ_PAYLOAD};

/// The label by which QE tells what it thinks of a payload; the release controller knows the values
/// `Accepted` and `Rejected` (spec 04 §8).
pub const QE_STATE: &str = "release.openshift.io/qe_state";

/// A release payload: namespace and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadName {
    namespace: String,
    name: String,
}

impl PayloadName {
    /// The payload of `build`: in the namespace `ocp`, for other architectures `ocp-<arch>`.
    pub fn new(build: impl Into<String>, arch: Arch) -> Self {
        let namespace = match arch {
            Arch::Amd64 => "ocp".to_owned(),
            other => format!("ocp-{}", other.go_name()),
        };
        Self { namespace, name: build.into() }
    }

    fn path(&self) -> String {
        let (namespace, name) = (encode_segment(&self.namespace), encode_segment(&self.name));
        format!("apis/release.openshift.io/v1alpha1/namespaces/{namespace}/releasepayloads/{name}")
    }
}

impl fmt::Display for PayloadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What the label of a payload that is there says; `None` when it has none.
pub type Label = Option<String>;

/// Looks at payloads.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PayloadRead: Send + Sync {
    /// The label of a payload; `None` when the payload is gone.
    async fn label(&self, payload: &PayloadName) -> Result<Option<Label>, KubeError>;
}

/// Labels payloads.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PayloadWrite: Send + Sync {
    /// Sets the label, whatever it says now: look first.
    async fn set_label(&self, payload: &PayloadName, value: &str) -> Result<(), KubeError>;
}

/// The Kubernetes interface over HTTP.
#[derive(Clone)]
pub struct HttpKube {
    kube: ServiceClient,
    token: Option<SecretSource>,
}

impl HttpKube {
    /// A client of the cluster that `http` has for `kube_ci`, known by a token.
    pub fn new(http: &HttpClient, token: SecretSource) -> Self {
        Self { kube: http.service(Service::KubeCi), token: Some(token) }
    }

    /// The same, known only by the certificate that `http` shows to the cluster.
    pub fn by_certificate(http: &HttpClient) -> Self {
        Self { kube: http.service(Service::KubeCi), token: None }
    }

    fn ask(&self, call: Call) -> Call {
        let call = call.accept_type("application/json").accept(&[404]);
        match &self.token {
            Some(token) => call.bearer(token.clone()),
            None => call,
        }
    }
}

impl fmt::Debug for HttpKube {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpKube")
    }
}

#[async_trait]
impl PayloadRead for HttpKube {
    #[tracing::instrument(name = "kube.label", skip_all, fields(payload = %payload))]
    async fn label(&self, payload: &PayloadName) -> Result<Option<Label>, KubeError> {
        let call = self.kube.call(READ_PAYLOAD.name, Method::GET, payload.path());
        let reply = self.ask(call).send().await?;
        if reply.status == StatusCode::NOT_FOUND {
            return gone(&reply).map(|()| None);
        }
        let object: Payload = reply.json()?;
        if object.metadata.name != payload.name {
            let problem = "it is another payload than the one asked for";
            return Err(reply.malformed("release payload", "metadata.name", problem).into());
        }
        Ok(Some(object.metadata.labels.get(QE_STATE).and_then(Value::as_str).map(str::to_owned)))
    }
}

#[async_trait]
impl PayloadWrite for HttpKube {
    #[tracing::instrument(name = "kube.set_label", skip_all, fields(payload = %payload, value))]
    async fn set_label(&self, payload: &PayloadName, value: &str) -> Result<(), KubeError> {
        let body = json!({ "metadata": { "labels": { QE_STATE: value } } }).to_string();
        let call = self
            .kube
            .call(LABEL_PAYLOAD.name, Method::PATCH, payload.path())
            .query("fieldManager", "oar")
            .idempotency(LABEL_PAYLOAD.idempotency)
            .bytes("application/merge-patch+json", body);
        effect::point("kube.label.before");
        let reply = self.ask(call).send().await?;
        effect::point("kube.label.after");
        if reply.status == StatusCode::NOT_FOUND {
            gone(&reply)?;
            return Err(KubeError::Gone { payload: payload.to_string() });
        }
        Ok(())
    }
}

/// A 404 about the payload itself says that it is gone. Any other 404 comes from a server that has
/// no payloads, and says nothing about ours.
fn gone(reply: &Reply) -> Result<(), KubeError> {
    let status: Status = serde_json::from_slice(&reply.body).unwrap_or_default();
    if status.reason == "NotFound" && status.details.kind == "releasepayloads" {
        return Ok(());
    }
    let said: String = String::from_utf8_lossy(&reply.body).chars().take(200).collect();
    Err(KubeError::NoSuchKind { said })
}

#[derive(Deserialize)]
struct Payload {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    labels: Map<String, Value>,
}

/// Kubernetes' own error object.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    reason: String,
    details: Details,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    kind: String,
}
