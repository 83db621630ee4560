//! Container registries: repositories with tags, manifests and blobs, tokens to read them, and the
//! pages of advisories that payloads point to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::answer::{Answer, Incoming};
use crate::world::World;

/// Where payloads of releases are.
const PAYLOADS: &str = "quay.io/openshift-release-dev/ocp-release";
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// All registries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Registry {
    /// Repositories by host and name.
    pub repositories: BTreeMap<String, Repository>,
    /// Addresses of the advisories' pages that are there.
    pub pages: BTreeSet<String>,
}

/// One repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Repository {
    /// Tag to digest.
    pub tags: BTreeMap<String, String>,
    /// Digest to media type and content.
    pub manifests: BTreeMap<String, (String, String)>,
    /// Digest to content, base64.
    pub blobs: BTreeMap<String, String>,
}

impl Repository {
    /// Adds a blob; its digest.
    pub fn add_blob(&mut self, content: &[u8]) -> String {
        let digest = digest(content);
        self.blobs.insert(digest.clone(), STANDARD.encode(content));
        digest
    }

    /// Adds a manifest under `tag`; its digest.
    pub fn add_manifest(&mut self, tag: &str, media_type: &str, manifest: &Value) -> String {
        let content = manifest.to_string();
        let digest = digest(content.as_bytes());
        self.manifests.insert(digest.clone(), (media_type.to_owned(), content));
        self.tags.insert(tag.to_owned(), digest.clone());
        digest
    }
}

impl Registry {
    /// Pushes the payload of `release` for `arch` (`x86_64`), whose advisory's page is at `page`;
    /// its digest.
    pub fn push_payload(&mut self, release: &str, arch: &str, page: &str) -> String {
        let metadata = json!({
            "kind": "cincinnati-metadata-v0", "version": release, "previous": [],
            "metadata": { "url": page },
        });
        let image = |name: &str| {
            let of = digest(format!("{name} of {release}").as_bytes());
            json!({ "name": name, "from": { "kind": "DockerImage",
                    "name": format!("quay.io/openshift-release-dev/ocp-v4.0-art-dev@{of}") } })
        };
        let names = ["cli", "example-operator", "machine-os-images", "rhel-coreos"].map(image);
        let references = json!({
            "kind": "ImageStream", "apiVersion": "image.openshift.io/v1",
            "metadata": { "name": release }, "spec": { "tags": names },
        });
        let repository = self.repositories.entry(PAYLOADS.to_owned()).or_default();
        let layer = repository.add_blob(&layer(&[
            ("release-manifests/image-references", references.to_string()),
            ("release-manifests/release-metadata", metadata.to_string()),
        ]));
        let architecture = if arch == "x86_64" { "amd64" } else { arch };
        let config = json!({ "architecture": architecture, "os": "linux",
                             "config": { "Labels": { "io.openshift.release": release } } });
        let config = config.to_string();
        let configured = repository.add_blob(config.as_bytes());
        let size = repository
            .blobs
            .get(&layer)
            .map_or(0, |blob| STANDARD.decode(blob).map_or(0, |b| b.len()));
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": { "mediaType": "application/vnd.docker.container.image.v1+json",
                        "digest": configured, "size": config.len() },
            "layers": [{ "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                         "digest": layer, "size": size }],
        });
        repository.add_manifest(&format!("{release}-{arch}"), MANIFEST, &manifest)
    }

    /// The digest of the payload of `release` for `arch`.
    pub fn payload(&self, release: &str, arch: &str) -> Option<&str> {
        let repository = self.repositories.get(PAYLOADS)?;
        repository.tags.get(&format!("{release}-{arch}")).map(String::as_str)
    }
}

/// A compressed archive of text files; the same files give the same bytes.
fn layer(files: &[(&str, String)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        let added = archive.append_data(&mut header, path, content.as_bytes());
        added.expect("writing to memory cannot fail");
    }
    let archive = archive.into_inner().expect("writing to memory cannot fail");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed
        .write_all(&archive)
        .and_then(|()| packed.finish())
        .expect("writing to memory cannot fail")
}

pub(crate) fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(content)))
}

/// Answers the distribution protocol, reading only.
pub(crate) fn answer(world: &World, incoming: &Incoming<'_>) -> Answer {
    let host = incoming.url.host_str().unwrap_or_default();
    let path = incoming.path.join("/");
    if path == "v2/auth" {
        let scope = incoming.query("scope").unwrap_or_default();
        return Answer::json(200, &json!({ "token": format!("read {scope}"), "expires_in": 300 }));
    }
    let Some(path) = path.strip_prefix("v2/") else { return problem(404, "NAME_UNKNOWN") };
    let found = ["manifests", "blobs", "tags"].iter().find_map(|kind| {
        let (name, rest) = path.split_once(&format!("/{kind}/"))?;
        Some((name, *kind, rest))
    });
    let Some((name, kind, rest)) = found else { return problem(404, "NAME_UNKNOWN") };
    let scope = format!("repository:{name}:pull");
    // The token is the word "read" and what it is for.
    let token = incoming.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if token != Some(&format!("Bearer read {scope}")) {
        let challenge =
            format!("Bearer realm=\"https://{host}/v2/auth\",service=\"{host}\",scope=\"{scope}\"");
        return problem(401, "UNAUTHORIZED").with(header::WWW_AUTHENTICATE, &challenge);
    }
    let Some(repository) = world.registry.repositories.get(&format!("{host}/{name}")) else {
        return problem(404, "NAME_UNKNOWN");
    };
    let answer = match kind {
        "manifests" => {
            let digest = repository.tags.get(rest).map_or(rest, String::as_str);
            match repository.manifests.get(digest) {
                Some((media_type, content)) => {
                    Answer::text(200, "application/json", content.clone())
                        .with(header::CONTENT_TYPE, media_type)
                        .with(header::HeaderName::from_static("docker-content-digest"), digest)
                }
                None => problem(404, "MANIFEST_UNKNOWN"),
            }
        }
        "blobs" => match repository.blobs.get(rest).and_then(|blob| STANDARD.decode(blob).ok()) {
            Some(content) => Answer::text(200, "application/octet-stream", content),
            None => problem(404, "BLOB_UNKNOWN"),
        },
        _ => {
            let tags: Vec<&String> = repository.tags.keys().collect();
            Answer::json(200, &json!({ "name": name, "tags": tags }))
        }
    };
    match *incoming.method {
        Method::GET => answer,
        Method::HEAD => Answer { body: bytes::Bytes::new(), ..answer },
        _ => problem(405, "UNSUPPORTED"),
    }
}

fn problem(status: u16, code: &str) -> Answer {
    Answer::json(status, &json!({ "errors": [{ "code": code, "message": code.to_lowercase() }] }))
}

/// Answers the pages of advisories: those that are there, and a page that says that it is not.
pub(crate) fn answer_page(world: &World, incoming: &Incoming<'_>) -> Answer {
    let name = incoming.path.last().cloned().unwrap_or_default();
    if world.registry.pages.contains(incoming.url.as_str()) {
        let page = format!("<html><title>{name} - Security Advisory</title></html>");
        return Answer::text(200, "text/html; charset=utf-8", page);
    }
    Answer::text(404, "text/html; charset=utf-8", "<html><title>Page not found</title></html>")
}
