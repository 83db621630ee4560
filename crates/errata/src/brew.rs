//! Brew: what is inside of a build, and how builds are tagged (spec 02 §3.11).

use std::fmt;

use async_trait::async_trait;
use http::Method;
use oar_transport::{HttpClient, HttpErrorKind, Reply, Service, ServiceClient};
use serde::Deserialize;

use crate::error::AdvisoryError;
use crate::kerberos::Kerberos;
use crate::koji::{self, Answer};
use crate::operations::{BUILD_METADATA, LIST_TAGS};
use crate::request;

/// An RPM inside of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its package, `kernel`.
    pub name: String,
    /// Name, version, release.
    pub nvr: String,
}

/// Reads from Brew.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait BrewRead: Send + Sync {
    /// The RPMs named `packages` inside of the build `nvr`, each once.
    async fn components(
        &self,
        nvr: &str,
        packages: &[String],
    ) -> Result<Vec<Component>, AdvisoryError>;

    /// The tags of the build `nvr`.
    async fn tags(&self, nvr: &str) -> Result<Vec<String>, AdvisoryError>;
}

/// Brew over HTTP: its files, and its hub (Koji).
#[derive(Clone)]
pub struct HttpBrew {
    files: ServiceClient,
    hub: ServiceClient,
    kerberos: Kerberos,
}

impl HttpBrew {
    /// A client that sends through `http`; a token leaves only where the file server asks for one.
    pub fn new(http: &HttpClient, kerberos: Kerberos) -> Self {
        let (files, hub) = (http.service(Service::BrewDownload), http.service(Service::BrewHub));
        Self { files, hub, kerberos }
    }

    /// Asks without a token first: most mirrors want none.
    async fn metadata(&self, nvr: &str) -> Result<Reply, AdvisoryError> {
        let path = request::build_metadata(nvr)?;
        let call = || self.files.call(BUILD_METADATA.name, Method::GET, path.as_str());
        let answer = match call().send().await {
            Err(error)
                if matches!(error.kind(), HttpErrorKind::Unauthenticated)
                    && self.kerberos.allows(&self.files) =>
            {
                self.kerberos.sign(&self.files, call()).send().await
            }
            answer => answer,
        };
        answer.map_err(|error| {
            let cache = self.kerberos.describe(&self.files);
            AdvisoryError::from_http(error, &format!("metadata of the build {nvr}"), &cache)
        })
    }
}

impl fmt::Debug for HttpBrew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpBrew")
    }
}

#[derive(Deserialize)]
struct Metadata {
    output: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    components: Option<Vec<ComponentWire>>,
}

#[derive(Deserialize)]
struct ComponentWire {
    name: String,
    version: String,
    release: String,
}

#[async_trait]
impl BrewRead for HttpBrew {
    #[tracing::instrument(name = "brew.components", skip_all, fields(nvr))]
    async fn components(
        &self,
        nvr: &str,
        packages: &[String],
    ) -> Result<Vec<Component>, AdvisoryError> {
        let reply = self.metadata(nvr).await?;
        let metadata: Metadata =
            reply.json().map_err(|error| AdvisoryError::Http(Box::new(error)))?;
        let mut found: Vec<Component> = Vec::new();
        for rpm in metadata.output.into_iter().flat_map(|out| out.components.unwrap_or_default()) {
            let ComponentWire { name, version, release } = rpm;
            let nvr = format!("{name}-{version}-{release}");
            if packages.contains(&name) && found.iter().all(|known| known.nvr != nvr) {
                found.push(Component { name, nvr });
            }
        }
        Ok(found)
    }

    #[tracing::instrument(name = "brew.tags", skip_all, fields(nvr))]
    async fn tags(&self, nvr: &str) -> Result<Vec<String>, AdvisoryError> {
        let wrap = |error| AdvisoryError::Http(Box::new(error));
        let call = self
            .hub
            .call(LIST_TAGS.name, Method::POST, "")
            .idempotency(LIST_TAGS.idempotency)
            .bytes("text/xml", koji::list_tags(nvr));
        let reply = call.send().await.map_err(wrap)?;
        let malformed = |problem: &str| wrap(reply.malformed("XML-RPC", ".", problem));
        let text =
            std::str::from_utf8(&reply.body).map_err(|error| malformed(&error.to_string()))?;
        match koji::read_answer(text).map_err(|problem| malformed(&problem))? {
            Answer::Tags(tags) => Ok(tags),
            Answer::Fault(fault) => Err(AdvisoryError::Koji { nvr: nvr.to_owned(), fault }),
        }
    }
}
