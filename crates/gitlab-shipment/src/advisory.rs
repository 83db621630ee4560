//! The advisory behind a shipment file's `internal_url` (spec 03 §3.4): which addresses are asked,
//! and what the document must hold.

use oar_transport::Service;
use oar_yaml::{Document, Node};
use url::Url;

use crate::client::HttpGitLab;
use crate::project::Project;
use crate::shipment::ShipmentError;

/// Longest document that is read, bytes.
pub(crate) const MAX_SIZE: usize = 20 * 1024 * 1024;
/// Answers that would lead elsewhere: to a login page, mostly.
pub(crate) const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// Images of one advisory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvisoryContent {
    /// The images, one per component and architecture, in the order of the document. May be empty:
    /// then nothing was looked at, which is no success.
    pub images: Vec<AdvisoryImage>,
}

/// One image of an advisory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvisoryImage {
    /// Pullspec with digest.
    pub container_image: String,
    /// Name of the component.
    pub component: Option<String>,
    /// `amd64`, `arm64`, `ppc64le`, `s390x`.
    pub architecture: Option<String>,
}

impl AdvisoryContent {
    /// Reads the answer of `host`.
    pub(crate) fn read(host: &str, status: u16, body: &[u8]) -> Result<Self, ShipmentError> {
        let failed = |problem: String| ShipmentError::Advisory {
            host: host.to_owned(),
            status: Some(status),
            problem,
            source: None,
        };
        if status != 200 {
            return Err(failed(format!("answered {status} instead of the document")));
        }
        let text = std::str::from_utf8(body).map_err(|_| failed("sent no UTF-8".to_owned()))?;
        Self::parse(text).map_err(|problem| failed(format!("sent no advisory: {problem}")))
    }

    /// Reads the document. `Err` says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let document = Document::parse(text).map_err(|error| error.to_string())?;
        let path = ["spec", "content", "images"];
        let list = path.iter().try_fold(document.root(), |node, key| node.get(key));
        let list = list.filter(|node| node.is_seq());
        let list = list.ok_or_else(|| "spec.content.images is no list".to_owned())?;
        let image = |(number, item): (usize, &oar_yaml::Item<'_>)| {
            let text = |key: &str| item.value.get(key).and_then(Node::as_str).map(str::to_owned);
            let image = text("containerImage").filter(|image| has_digest(image));
            let container_image = image.ok_or_else(|| {
                format!("spec.content.images[{number}] has no containerImage with a digest")
            })?;
            Ok(AdvisoryImage {
                container_image,
                component: text("component"),
                architecture: text("architecture"),
            })
        };
        let images: Result<Vec<AdvisoryImage>, String> =
            list.items().iter().enumerate().map(image).collect();
        Ok(Self { images: images? })
    }
}

fn has_digest(image: &str) -> bool {
    image.rsplit_once("@sha256:").is_some_and(|(name, digest)| {
        !name.is_empty() && digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// Where an advisory is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file of the configured GitLab, read through its interface with the token.
    GitLab { host: String, project: Project, reference: String, path: String },
    /// An allowed host, asked without a credential.
    Elsewhere { host: String, url: Url },
}

impl Place {
    /// Refuses everything that is neither on the configured GitLab nor on the allow-list, before any
    /// request.
    pub(crate) fn of(text: &str, gitlab: &HttpGitLab) -> Result<Self, ShipmentError> {
        let url = Url::parse(text).ok().filter(|url| url.host_str().is_some());
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().to_ascii_lowercase();
        let refused = |problem: &str| ShipmentError::Advisory {
            host: host.clone(),
            status: None,
            problem: format!("is not asked: {problem}"),
            source: None,
        };
        let url = url.ok_or_else(|| refused("the address is no URL with a host"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("the address holds a user name"));
        }
        let endpoints = gitlab.service().http().endpoints().clone();
        if !endpoints.is_encrypted_or_local(&url) {
            return Err(refused("the address is not https"));
        }
        if gitlab.require_home(text).is_ok() {
            let resolved = endpoints.resolve(Service::Gitlab, "", text);
            let base = gitlab.service().base();
            let (Ok(resolved), Ok(base)) = (resolved, base) else {
                return Err(refused("the address is not usable"));
            };
            let inside = resolved.path().strip_prefix(base.path().trim_end_matches('/'));
            let place = inside.and_then(|path| raw_file(path, &host));
            return place.ok_or_else(|| refused("the address is no raw file of GitLab"));
        }
        if url.scheme() == "https" && gitlab.advisory_hosts().contains(&host) {
            return Ok(Self::Elsewhere { host, url });
        }
        Err(refused("the host is not on the list of gitlab.advisory_hosts"))
    }

    pub(crate) fn host(&self) -> &str {
        match self {
            Self::GitLab { host, .. } | Self::Elsewhere { host, .. } => host,
        }
    }
}

/// `/<project>/-/raw/<ref>/<path>`, also `/-/blob/`.
fn raw_file(path: &str, host: &str) -> Option<Place> {
    let (project, rest) = path.split_once("/-/")?;
    let rest = rest.strip_prefix("raw/").or_else(|| rest.strip_prefix("blob/"))?;
    let (reference, file) = rest.split_once('/')?;
    let decode = |text: &str| percent_decode(text).filter(|text| !text.is_empty());
    Some(Place::GitLab {
        host: host.to_owned(),
        project: Project::Path(decode(project.trim_matches('/'))?),
        reference: decode(reference)?,
        path: decode(file)?,
    })
}

fn percent_decode(text: &str) -> Option<String> {
    let plus_is_plus = text.replace('+', "%2B");
    let pair = format!("x={plus_is_plus}");
    let decoded = url::form_urlencoded::parse(pair.as_bytes()).next()?.1.into_owned();
    (!decoded.contains('\u{FFFD}')).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_read_and_unknown_fields_ignored() {
        let digest = "a".repeat(64);
        let text = format!(
            "apiVersion: v1\nspec:\n  content:\n    images:\n      - containerImage: r.example.com/x@sha256:{digest}\n        component: x\n        architecture: arm64\n        purl: p\n"
        );
        let content = AdvisoryContent::parse(&text).unwrap();
        assert_eq!(content.images[0].architecture.as_deref(), Some("arm64"));
        assert_eq!(AdvisoryContent::parse("spec: {content: {images: []}}").unwrap().images, []);
    }

    #[test]
    fn anything_else_is_no_advisory() {
        for text in [
            "",
            "- a\n",
            "spec: {content: {}}",
            "spec: {content: {images: {}}}",
            "spec: {content: {images: null}}",
            "spec: {content: {images: [x]}}",
            "spec: {content: {images: [{containerImage: 'r.example.com/x:tag'}]}}",
            "spec: {content: {images: [{containerImage: 'r.example.com/x@sha256:12'}]}}",
            "<html><title>Sign in</title></html>",
        ] {
            assert!(AdvisoryContent::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn raw_addresses_are_taken_apart() {
        let place = raw_file("/a/b/-/raw/main/data/x%20y/advisory.yaml", "g.example.com").unwrap();
        let Place::GitLab { project, reference, path, .. } = place else { panic!() };
        assert_eq!(project, Project::from("a/b"));
        assert_eq!((reference.as_str(), path.as_str()), ("main", "data/x y/advisory.yaml"));
        for other in ["/a/b", "/a/b/-/raw/main", "/-/raw/main/x", "/a/b/-/issues/1", "/a/-/raw//x"]
        {
            assert_eq!(raw_file(other, "g.example.com"), None, "{other}");
        }
    }
}
