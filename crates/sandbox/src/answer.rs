//! From a request to the service that answers it, and small helpers to write answers.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use oar_transport::Request;
use serde_json::{Value, json};
use url::Url;

use crate::world::World;

/// A service's answer before it travels: faults may still replace it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Status code.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// The connection breaks in the middle of the body.
    pub cut: bool,
}

impl Answer {
    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json; charset=utf-8", body.to_string())
    }

    /// An answer of any media type.
    pub fn text(status: u16, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers, body: body.into(), cut: false }
    }

    /// An error the way GitHub words them.
    pub fn message(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "message": message, "status": status.to_string() }))
    }

    /// The same answer with one more header.
    pub fn with(mut self, name: header::HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

/// A request taken apart for the services.
pub(crate) struct Incoming<'a> {
    /// Method.
    pub method: &'a Method,
    /// Absolute URL.
    pub url: &'a Url,
    /// Percent-decoded path segments.
    pub path: Vec<String>,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body.
    pub body: &'a Bytes,
}

impl Incoming<'_> {
    /// The value of query parameter `name`.
    pub fn query(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The body as JSON; `Null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap_or(Value::Null)
    }

    /// The credential of the `Authorization` header without its scheme word.
    pub fn credential(&self) -> Option<&str> {
        let value = self.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        value.split_once(' ').map(|(_, credential)| credential).filter(|c| !c.is_empty())
    }
}

/// Which service lives at a host.
pub(crate) fn service_of(host: &str) -> Option<&'static str> {
    match host {
        "api.github.com" => Some("github"),
        "builddata.example.com" => Some("build_data"),
        "slack.com" => Some("slack"),
        "gitlab.example.com" => Some("gitlab"),
        "jira.example.com" => Some("jira"),
        "errata.devel.redhat.com" => Some("errata"),
        "download.engineering.redhat.com" | "brewhub.engineering.redhat.com" => Some("brew"),
        "gangway-ci.apps.ci.l2s4.p1.openshiftapps.com" => Some("gangway"),
        "prow.ci.openshift.org" => Some("deck"),
        "storage.googleapis.com" => Some("gcs"),
        "jenkins.example.com" => Some("jenkins"),
        "catalog.stage.redhat.com" | "catalog.redhat.com" => Some("pyxis"),
        "pyxis.engineering.redhat.com" => Some("pyxis_internal"),
        "quay.io" | "registry.redhat.io" | "registry.stage.redhat.io" => Some("registry"),
        "mirror.example.com" | "mirror.openshift.com" => Some("signatures"),
        "access.redhat.com" => Some("errata_page"),
        "api.ci.l2s4.p1.openshiftapps.com" => Some("kube"),
        _ if host.ends_with(".ocp.releases.ci.openshift.org") => Some("release_controller"),
        _ => None,
    }
}

/// Lets the service at the request's host answer it; `None` when nobody lives there.
pub(crate) fn answer(world: &mut World, request: &Request) -> Option<Answer> {
    let url = Url::parse(&request.uri().to_string()).ok()?;
    let path = url.path_segments()?.filter(|part| !part.is_empty()).map(decode).collect();
    let incoming = Incoming {
        method: request.method(),
        url: &url,
        path,
        headers: request.headers(),
        body: request.body(),
    };
    world.now += jiff::SignedDuration::from_secs(1);
    crate::story::advance(world);
    let date = world.now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let service = service_of(url.host_str()?)?;
    if let Some(refusal) = crate::story::refusal(world, service, request.method()) {
        return Some(refusal.with(header::DATE, &date));
    }
    let answer = match service {
        "github" => crate::github::answer(world, &incoming),
        "slack" => crate::slack::answer(world, &incoming),
        "gitlab" => crate::gitlab::answer(world, &incoming),
        "jira" => crate::jira::answer(world, &incoming),
        "errata" => crate::errata::answer(world, &incoming),
        "brew" => crate::errata::answer_brew(world, &incoming),
        "gangway" => crate::prow::answer_gangway(world, &incoming),
        "deck" => crate::prow::answer_deck(world, &incoming),
        "gcs" if incoming.path.first().is_some_and(|bucket| bucket == "openshift-release") => {
            crate::signatures::answer(world, &incoming)
        }
        "gcs" => crate::gcs::answer(world, &incoming),
        "jenkins" => crate::jenkins::answer(world, &incoming),
        "pyxis" => crate::pyxis::answer(world, &incoming),
        "pyxis_internal" => crate::pyxis::answer_internal(world, &incoming),
        "registry" => crate::registry::answer(world, &incoming),
        "signatures" => crate::signatures::answer(world, &incoming),
        "errata_page" => crate::registry::answer_page(world, &incoming),
        "kube" => crate::kube::answer(world, &incoming),
        "release_controller" => crate::release_controller::answer(world, &incoming),
        _ => build_data(world, &incoming),
    };
    // What others wait for they see at once.
    if *request.method() != Method::GET {
        crate::story::advance(world);
    }
    Some(answer.with(header::DATE, &date))
}

/// `GET /ocp-build-data/openshift-4.99/releases.yml`, with an entity tag.
fn build_data(world: &World, incoming: &Incoming<'_>) -> Answer {
    let text = match incoming.path.as_slice() {
        [_, branch, file] if file == "releases.yml" => world.build_data.get(branch),
        _ => None,
    };
    let Some(text) = text else { return Answer::text(404, "text/plain", "404: Not Found") };
    let tag = format!("\"{}\"", crate::github::blob_id(text.as_bytes()));
    let known = incoming.headers.get(header::IF_NONE_MATCH).is_some_and(|v| *v == tag.as_str());
    let (status, body) = if known { (304, String::new()) } else { (200, text.clone()) };
    Answer::text(status, "text/plain; charset=utf-8", body).with(header::ETAG, &tag)
}

/// Undoes percent-encoding of one path segment.
fn decode(segment: &str) -> String {
    let pair = format!("x={}", segment.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, v)| v.into_owned())
        .unwrap_or_default()
}
