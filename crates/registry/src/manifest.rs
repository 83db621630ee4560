//! Manifests, indexes and image configurations (OCI image specification 1.1, Docker schema 2).

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::digest::Digest;

/// Media types that are asked for, in the order of preference (spec 03 §10.4).
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";
const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFESTS: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
/// Entries of an index that are read at most.
const MOST_ENTRIES: usize = 1000;

/// The platform an image runs on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Platform {
    /// Operating system: `linux`.
    #[serde(default)]
    pub os: String,
    /// Architecture in its Go name: `amd64`.
    #[serde(default)]
    pub architecture: String,
}

impl Platform {
    /// Linux on `architecture` (`amd64`).
    pub fn linux(architecture: impl Into<String>) -> Self {
        Self { os: "linux".to_owned(), architecture: architecture.into() }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)
    }
}

/// A pointer to some content.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    #[serde(default)]
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its length, bytes.
    #[serde(default)]
    pub size: u64,
    /// What it runs on, in an index.
    #[serde(default)]
    pub platform: Option<Platform>,
}

/// The manifest of one image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ImageManifest {
    /// Its configuration.
    pub config: Descriptor,
    /// Its layers, the lowest first.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
}

/// What a name leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manifest {
    /// One image for each platform.
    Index(Vec<Descriptor>),
    /// One image.
    Image(ImageManifest),
}

/// Why a body is no manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotAManifest {
    /// It is none at all: perhaps a body that broke.
    Malformed(String),
    /// It is of a kind that is not read.
    Unsupported(String),
}

impl Manifest {
    /// Reads `body`, which came as `content_type`.
    ///
    /// The body's own `mediaType` must agree with how it is built: what can be read both as an
    /// index and as an image is neither (CVE-2021-41190).
    pub(crate) fn read(body: &[u8], content_type: Option<&str>) -> Result<Self, NotAManifest> {
        let malformed = |error: serde_json::Error| NotAManifest::Malformed(error.to_string());
        let object: Map<String, Value> = serde_json::from_slice(body).map_err(malformed)?;
        let own = object.get("mediaType").and_then(Value::as_str);
        let came_as = content_type.map(|text| text.split(';').next().unwrap_or_default().trim());
        let known = |kind: &str| INDEXES.contains(&kind) || MANIFESTS.contains(&kind);
        let kind = own.or_else(|| came_as.filter(|kind| known(kind)));
        if let Some(kind) = kind.filter(|kind| !known(kind)) {
            return Err(NotAManifest::Unsupported(kind.chars().take(200).collect()));
        }
        let has = |key: &str| object.contains_key(key);
        let (index, image) = (has("manifests"), has("layers") || has("config"));
        match (index, image) {
            (true, true) => Err(NotAManifest::Unsupported("both an index and an image".to_owned())),
            (true, false) if kind.is_none_or(|kind| INDEXES.contains(&kind)) => {
                let entries: Vec<Descriptor> =
                    serde_json::from_value(object["manifests"].clone()).map_err(malformed)?;
                if entries.len() > MOST_ENTRIES {
                    return Err(NotAManifest::Unsupported("an index without end".to_owned()));
                }
                Ok(Self::Index(entries))
            }
            (false, true) if kind.is_none_or(|kind| MANIFESTS.contains(&kind)) => {
                serde_json::from_value(object.into()).map(Self::Image).map_err(malformed)
            }
            (false, false) if object.get("schemaVersion").and_then(Value::as_u64) == Some(1) => {
                Err(NotAManifest::Unsupported("a schema 1 manifest".to_owned()))
            }
            (false, false) => {
                Err(NotAManifest::Malformed("neither manifests nor layers".to_owned()))
            }
            _ => Err(NotAManifest::Unsupported("its type and its content disagree".to_owned())),
        }
    }
}

/// The entry of an index for `platform`. An index of a single entry is taken as it is
/// (spec 06 §3.4); entries that only attest something run on no known platform.
pub(crate) fn choose<'i>(entries: &'i [Descriptor], platform: &Platform) -> Option<&'i Descriptor> {
    match entries {
        [only] => Some(only),
        many => many.iter().find(|entry| {
            entry.platform.as_ref().is_some_and(|runs_on| {
                runs_on.os == platform.os && runs_on.architecture == platform.architecture
            })
        }),
    }
}

/// An image's configuration, as far as it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// Architecture in its Go name.
    pub architecture: String,
    /// Operating system.
    pub os: String,
    /// Labels; images without any have none.
    pub labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct WireConfig {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
    #[serde(default)]
    config: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(default, rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

impl ImageConfig {
    /// A label that is not empty.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn read(body: &[u8]) -> Result<Self, String> {
        let object: Map<String, Value> =
            serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let wire: WireConfig =
            serde_json::from_value(object.into()).map_err(|error| error.to_string())?;
        let labels = wire.config.and_then(|config| config.labels).unwrap_or_default();
        Ok(Self { architecture: wire.architecture, os: wire.os, labels })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest(text: &str) -> String {
        Digest::of(text.as_bytes()).to_string()
    }

    fn read(value: &Value, content_type: Option<&str>) -> Result<Manifest, NotAManifest> {
        Manifest::read(value.to_string().as_bytes(), content_type)
    }

    fn index() -> Value {
        let entry = |arch: &str| json!({ "digest": digest(arch), "size": 3, "platform": { "os": "linux", "architecture": arch } });
        json!({ "schemaVersion": 2, "manifests": [
            { "digest": digest("attestation"), "platform": { "os": "unknown", "architecture": "unknown" } },
            entry("arm64"), entry("amd64"),
        ] })
    }

    fn image() -> Value {
        json!({ "schemaVersion": 2, "config": { "digest": digest("c") }, "layers": [] })
    }

    #[test]
    fn an_index_is_known_by_type_or_by_content() {
        for kind in
            [None, Some(INDEXES[0]), Some(INDEXES[1]), Some("application/json; charset=utf-8")]
        {
            let Manifest::Index(entries) = read(&index(), kind).unwrap() else {
                panic!("{kind:?}")
            };
            let chosen = choose(&entries, &Platform::linux("amd64")).unwrap();
            assert_eq!(chosen.digest.as_str(), digest("amd64"));
            assert_eq!(choose(&entries, &Platform::linux("s390x")), None);
            // A single one is taken, whatever it says about itself.
            assert_eq!(choose(&entries[..1], &Platform::linux("amd64")), Some(&entries[0]));
        }
        assert!(matches!(read(&image(), Some(MANIFESTS[0])), Ok(Manifest::Image(_))));
    }

    #[test]
    fn what_could_be_both_is_neither() {
        let mut both = index();
        both["layers"] = json!([]);
        assert!(matches!(read(&both, None), Err(NotAManifest::Unsupported(_))));
        assert!(matches!(read(&index(), Some(MANIFESTS[0])), Err(NotAManifest::Unsupported(_))));
        let mut liar = image();
        liar["mediaType"] = json!(INDEXES[0]);
        assert!(matches!(read(&liar, Some(MANIFESTS[0])), Err(NotAManifest::Unsupported(_))));
    }

    #[test]
    fn other_kinds_are_named() {
        let old = json!({ "schemaVersion": 1, "fsLayers": [] });
        let error = read(&old, Some("application/vnd.docker.distribution.manifest.v1+prettyjws"));
        assert_eq!(error, Err(NotAManifest::Unsupported("a schema 1 manifest".to_owned())));
        let mut helm = image();
        helm["mediaType"] = json!("application/x-other");
        let error = read(&helm, None);
        assert_eq!(error, Err(NotAManifest::Unsupported("application/x-other".to_owned())));
    }

    #[test]
    fn what_is_no_manifest_is_malformed() {
        for body in ["", "<html>", "[]", "{}", "\"x\"", r#"{"manifests": {}}"#, r#"{"layers": []}"#]
        {
            let read = Manifest::read(body.as_bytes(), None);
            assert!(matches!(read, Err(NotAManifest::Malformed(_))), "{body}: {read:?}");
        }
        let bad_digest = json!({ "config": { "digest": "sha256:12" }, "layers": [] });
        assert!(matches!(read(&bad_digest, None), Err(NotAManifest::Malformed(_))));
    }

    #[test]
    fn labels_may_be_missing() {
        let config = |value: Value| ImageConfig::read(value.to_string().as_bytes()).unwrap();
        for value in [json!({}), json!({ "config": null }), json!({ "config": { "Labels": null } })]
        {
            assert!(config(value).labels.is_empty());
        }
        let found = config(json!({ "os": "linux", "architecture": "amd64",
            "config": { "Labels": { "name": "a/b", "empty": "" } } }));
        assert_eq!((found.label("name"), found.label("empty")), (Some("a/b"), None));
        assert!(ImageConfig::read(b"[]").is_err());
    }
}
