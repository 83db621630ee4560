//! The container catalogue: grades, vulnerabilities, what is released (spec 03 §5.2, §6, §10.5).

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use oar_registry::Digest;
use oar_transport::negotiate::NegotiateTokens;
use oar_transport::probe::Operation;
use oar_transport::{Call, HttpClient, HttpError, Service, ServiceClient, encode_segment};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::PyxisError;
use crate::grade::{Grade, GradeEntry, effective_grade};
use crate::operations::{BUILD_GRADES, IMAGE_GRADES, RELEASED, VULNERABILITIES};

/// Entries of a list that are asked for at once.
const PAGE: usize = 100;
/// Entries of a list that are read at most (spec 03 §5.2).
const MOST: usize = 1000;

/// What the catalogue knows about an image's freshness.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageGrades {
    /// The grades of each of its entries; none when the catalogue does not know the image.
    pub entries: Vec<Vec<GradeEntry>>,
    /// Where its vulnerabilities are.
    pub vulnerabilities: Option<VulnerabilityLink>,
}

impl ImageGrades {
    /// The grade that holds at `now`: the worst of its entries'.
    pub fn effective(&self, now: jiff::Timestamp) -> Grade {
        let grades = self.entries.iter().map(|entries| effective_grade(entries, now));
        grades.max().unwrap_or(Grade::Unknown)
    }
}

/// A place of vulnerabilities that the catalogue itself named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VulnerabilityLink(String);

impl VulnerabilityLink {
    /// The link at `href`; `None` when it leads elsewhere than below the images.
    pub fn new(href: &str) -> Option<Self> {
        let rest = href.strip_prefix("/v1/images/")?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.');
        let fits = !rest.is_empty() && rest.bytes().all(plain) && !rest.contains("..");
        fits.then(|| Self(href.to_owned()))
    }
}

/// A package with a known vulnerability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vulnerability {
    /// `CVE-2026-1`.
    pub cve: Option<String>,
    /// `Critical`, `Important`, `Moderate`, `Low`.
    pub severity: Option<String>,
    /// Packages in the image, name and version.
    pub affected: Vec<(Option<String>, Option<String>)>,
    /// Packages that repair it.
    pub suggested: Vec<String>,
}

/// The vulnerabilities of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vulnerabilities {
    /// As many as were read.
    pub known: Vec<Vulnerability>,
    /// Whether there are more than 1,000, which were not read.
    pub cut: bool,
}

/// The grades of one image of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildGrade {
    /// Its architecture.
    pub arch: String,
    /// Its grades.
    pub entries: Vec<GradeEntry>,
}

/// Reads from the container catalogue.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PyxisRead: Send + Sync {
    /// The grades of the image with this manifest digest.
    async fn image_grades(&self, digest: &Digest) -> Result<ImageGrades, PyxisError>;

    /// The vulnerabilities at a link of [`PyxisRead::image_grades`].
    async fn vulnerabilities(
        &self,
        link: &VulnerabilityLink,
    ) -> Result<Vulnerabilities, PyxisError>;

    /// The grades of all images of build `nvr` (name-version-release).
    async fn build_grades(&self, nvr: &str) -> Result<Vec<BuildGrade>, PyxisError>;

    /// The released repositories that hold the image with this manifest digest; empty when it is
    /// not released.
    async fn released(&self, digest: &Digest) -> Result<Vec<String>, PyxisError>;
}

/// The catalogue over HTTP: production, staging or the internal view.
#[derive(Clone)]
pub struct HttpPyxis {
    pyxis: ServiceClient,
    tokens: Option<Arc<dyn NegotiateTokens>>,
}

impl HttpPyxis {
    /// The staging catalogue, which grades images before they are shipped; anonymous, behind the
    /// company's proxy.
    pub fn stage(http: &HttpClient) -> Self {
        Self { pyxis: http.service(Service::PyxisStage), tokens: None }
    }

    /// The production catalogue; anonymous.
    pub fn production(http: &HttpClient) -> Self {
        Self { pyxis: http.service(Service::Pyxis), tokens: None }
    }

    /// The internal view of the catalogue, with a Kerberos ticket.
    pub fn internal(http: &HttpClient, tokens: Arc<dyn NegotiateTokens>) -> Self {
        Self { pyxis: http.service(Service::PyxisInternal), tokens: Some(tokens) }
    }

    fn call(&self, operation: Operation, path: &str) -> Call {
        let call = self.pyxis.call(operation.name, Method::GET, path.to_owned());
        match &self.tokens {
            Some(tokens) => call.negotiate(Arc::clone(tokens)),
            None => call,
        }
    }

    /// All entries of a list, page by page; whether there are more than are read.
    async fn list<T: DeserializeOwned>(
        &self,
        call: impl Fn() -> Call,
    ) -> Result<(Vec<T>, bool), PyxisError> {
        let mut entries = Vec::new();
        for page in 0..MOST / PAGE {
            let call = call().query("page_size", PAGE).query("page", page);
            let reply = call.send().await?;
            let read: Page<T> = reply.json()?;
            let came = read.data.len();
            entries.extend(read.data);
            // Without a total a full page may have a successor.
            let more = read.total.map_or(came == PAGE, |total| entries.len() < total);
            if !more {
                return Ok((entries, false));
            }
            if came == 0 {
                return Err(short(&reply).into());
            }
        }
        Ok((entries, true))
    }

    async fn images(
        &self,
        operation: Operation,
        digest: &Digest,
    ) -> Result<Vec<WireImage>, PyxisError> {
        if !digest.is_sha256() {
            return Err(PyxisError::BadDigest { digest: digest.clone() });
        }
        let filter = format!("image_id=={digest}");
        let call = || self.call(operation, "v1/images").query("filter", &filter);
        Ok(self.list(call).await?.0)
    }
}

fn short(reply: &oar_transport::Reply) -> HttpError {
    reply.malformed("list", "data", "fewer entries than its total says")
}

impl fmt::Debug for HttpPyxis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpPyxis").field(&self.pyxis.service()).finish()
    }
}

#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    #[serde(default)]
    total: Option<usize>,
}

#[derive(Deserialize)]
struct WireImage {
    #[serde(default)]
    architecture: Option<String>,
    #[serde(default)]
    freshness_grades: Option<Vec<GradeEntry>>,
    #[serde(default)]
    repositories: Option<Vec<WireRepository>>,
    #[serde(default, rename = "_links")]
    links: Option<WireLinks>,
}

#[derive(Deserialize)]
struct WireLinks {
    #[serde(default)]
    vulnerabilities: Option<WireLink>,
}

#[derive(Deserialize)]
struct WireLink {
    #[serde(default)]
    href: Option<String>,
}

#[derive(Deserialize)]
struct WireRepository {
    #[serde(default)]
    registry: Option<String>,
    #[serde(default)]
    repository: Option<String>,
    #[serde(default)]
    published: Option<bool>,
}

#[derive(Deserialize)]
struct WireVulnerability {
    #[serde(default)]
    cve_id: Option<String>,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    affected_packages: Option<Vec<WireAffected>>,
    #[serde(default)]
    packages: Option<Vec<WirePackage>>,
}

#[derive(Deserialize)]
struct WireAffected {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    version: Option<String>,
}

#[derive(Deserialize)]
struct WirePackage {
    /// One name, or a list of them.
    #[serde(default)]
    srpm_nevra: serde_json::Value,
}

impl From<WireVulnerability> for Vulnerability {
    fn from(wire: WireVulnerability) -> Self {
        let affected = wire.affected_packages.unwrap_or_default();
        let suggested = wire.packages.unwrap_or_default().into_iter().flat_map(|package| {
            let names = match package.srpm_nevra {
                serde_json::Value::Array(names) => names,
                other => vec![other],
            };
            names.into_iter().filter_map(|name| name.as_str().map(str::to_owned))
        });
        Self {
            cve: wire.cve_id,
            severity: wire.severity,
            affected: affected.into_iter().map(|one| (one.name, one.version)).collect(),
            suggested: suggested.collect(),
        }
    }
}

#[async_trait]
impl PyxisRead for HttpPyxis {
    #[tracing::instrument(name = "pyxis.image_grades", skip_all, fields(digest = %digest))]
    async fn image_grades(&self, digest: &Digest) -> Result<ImageGrades, PyxisError> {
        let images = self.images(IMAGE_GRADES, digest).await?;
        let href = images
            .iter()
            .find_map(|image| image.links.as_ref()?.vulnerabilities.as_ref()?.href.as_deref());
        let vulnerabilities = href.and_then(VulnerabilityLink::new);
        let entries = images.into_iter().map(|image| image.freshness_grades.unwrap_or_default());
        Ok(ImageGrades { entries: entries.collect(), vulnerabilities })
    }

    #[tracing::instrument(name = "pyxis.vulnerabilities", skip_all)]
    async fn vulnerabilities(
        &self,
        link: &VulnerabilityLink,
    ) -> Result<Vulnerabilities, PyxisError> {
        let call = || self.call(VULNERABILITIES, link.0.trim_start_matches('/'));
        let (known, cut) = self.list::<WireVulnerability>(call).await?;
        Ok(Vulnerabilities { known: known.into_iter().map(Into::into).collect(), cut })
    }

    #[tracing::instrument(name = "pyxis.build_grades", skip_all, fields(nvr))]
    async fn build_grades(&self, nvr: &str) -> Result<Vec<BuildGrade>, PyxisError> {
        let path = format!("v1/images/nvr/{}", encode_segment(nvr));
        let call = || {
            self.call(BUILD_GRADES, &path)
                .query("include", "data.freshness_grades")
                .query("include", "data.architecture")
                .query("include", "total")
        };
        let (images, _) = self.list::<WireImage>(call).await?;
        let grade = |image: WireImage| BuildGrade {
            arch: image.architecture.unwrap_or_else(|| "unknown".to_owned()),
            entries: image.freshness_grades.unwrap_or_default(),
        };
        Ok(images.into_iter().map(grade).collect())
    }

    #[tracing::instrument(name = "pyxis.released", skip_all, fields(digest = %digest))]
    async fn released(&self, digest: &Digest) -> Result<Vec<String>, PyxisError> {
        let images = self.images(RELEASED, digest).await?;
        let repositories =
            images.into_iter().flat_map(|image| image.repositories.unwrap_or_default());
        let released = repositories.filter_map(|found| {
            let registry = found.registry?;
            let public =
                matches!(registry.as_str(), "registry.access.redhat.com" | "registry.redhat.io");
            let repository = found.repository?;
            (public && found.published != Some(false)).then(|| format!("{registry}/{repository}"))
        });
        Ok(released.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_below_the_images() {
        assert!(VulnerabilityLink::new("/v1/images/id/66f0a/vulnerabilities").is_some());
        for href in [
            "",
            "/v1/images/",
            "/v2/x",
            "https://evil.example.com/v1/images/id/1",
            "/v1/images/../../secrets",
            "/v1/images/id/1?x=y",
            "//evil.example.com/v1/images/x",
        ] {
            assert_eq!(VulnerabilityLink::new(href), None, "{href}");
        }
    }
}
