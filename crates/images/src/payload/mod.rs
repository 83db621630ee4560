//! What a release payload says about itself, read from the registry without `oc` (spec 06 §3.4,
//! 03 §10.2).

mod layer;
mod page;

use oar_registry::{
    Descriptor, Digest, ImageRef, Platform, RegistryError, RegistryRead, Repository,
};
use oar_release::{Arch, ErrorClass, ReleaseVersion};
use serde::Deserialize;
use serde_json::{Map, Value};

use layer::{Found, LayerError};

#[cfg(feature = "mock")]
pub use page::MockAdvisoryPages;
pub use page::{AdvisoryPages, HttpAdvisoryPages, PageAnswer};

/// The kind of release metadata that is read.
const KIND: &str = "cincinnati-metadata-v0";
/// Tries to read one layer: it may break off in the middle.
const TRIES: u32 = 3;

/// One image of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadImage {
    /// Its name in the payload.
    pub name: String,
    /// Its pull spec.
    pub pull_spec: String,
}

impl PayloadImage {
    /// Whether the image comes from the shipment: operating-system images do not (spec 03 §10.2).
    /// Names are compared whole (spec 08 R17).
    pub fn is_shipped(&self) -> bool {
        if self.name == "machine-os-content" {
            return false;
        }
        let Some(rest) = self.name.strip_prefix("rhel-coreos") else { return true };
        let rest = rest.strip_suffix("-extensions").unwrap_or(rest);
        let plain = rest.is_empty()
            || rest.strip_prefix('-').is_some_and(|digits| {
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            });
        !plain
    }
}

/// A release payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The digest of its image.
    pub digest: Digest,
    /// The digest of the index it was chosen from, when there is one.
    pub list_digest: Option<Digest>,
    /// The release it calls itself.
    pub version: String,
    /// Releases that may be updated to it.
    pub previous: Vec<String>,
    /// The page of its advisory; development previews have none.
    pub url: Option<String>,
    /// Its images.
    pub images: Vec<PayloadImage>,
}

impl Payload {
    /// That the payload calls itself `release` (spec 08 R16).
    pub fn require(&self, release: &ReleaseVersion) -> Result<(), PayloadError> {
        if self.version == release.to_string() {
            return Ok(());
        }
        let (expected, found) = (release.clone(), self.version.clone());
        Err(PayloadError::OtherRelease { expected, found })
    }
}

/// A payload could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// The registry did not give it.
    #[error("the payload could not be read")]
    Registry(#[from] RegistryError),
    /// A layer came, and is no layer.
    #[error("layer {digest} of the payload cannot be read: {problem}")]
    Layer {
        /// Which one.
        digest: Digest,
        /// What is wrong.
        problem: String,
    },
    /// The image has not what payloads have.
    #[error("{image} is no release payload: {file} is missing")]
    NotAPayload {
        /// The image.
        image: String,
        /// What is missing.
        file: &'static str,
    },
    /// A file of the payload is not as usual.
    #[error("{file} of the payload is not as usual: {problem}")]
    Malformed {
        /// Which one.
        file: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The payload is one of another release.
    #[error("the payload calls itself {found:?}, not {expected}")]
    OtherRelease {
        /// What was asked for.
        expected: ReleaseVersion,
        /// What it calls itself.
        found: String,
    },
}

impl PayloadError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Registry(source) => source.class(),
            Self::Layer { .. } | Self::NotAPayload { .. } | Self::Malformed { .. } => {
                ErrorClass::Undetermined
            }
            Self::OtherRelease { .. } => ErrorClass::PreconditionFailed,
        }
    }
}

/// The pull spec of the payload of `release` for `arch`.
pub fn payload_image(release: &ReleaseVersion, arch: Arch) -> ImageRef {
    let arch = arch.rpm_name();
    format!("quay.io/openshift-release-dev/ocp-release:{release}-{arch}")
        .replace('+', "-")
        .parse()
        .expect("versions are made of letters that tags may have")
}

/// Reads the payload at `image`.
#[tracing::instrument(name = "images.payload", skip_all, fields(image = %image))]
pub async fn read_payload(
    registry: &dyn RegistryRead,
    image: &ImageRef,
) -> Result<Payload, PayloadError> {
    let found = registry.image(image, &Platform::linux("amd64")).await?;
    let mut files = Found::default();
    // The files are in the last layer; older payloads may have them further down.
    for layer in found.manifest.layers.iter().rev() {
        files = files.or(read_layer(registry, &found.repository, layer).await?);
        if files.is_complete() {
            break;
        }
    }
    let missing = |file| PayloadError::NotAPayload { image: image.to_string(), file };
    let metadata = files.metadata.ok_or_else(|| missing(layer::METADATA))?;
    let references = files.references.ok_or_else(|| missing(layer::REFERENCES))?;
    let metadata = read_metadata(&metadata)?;
    let images = read_references(&references)?;
    Ok(Payload {
        digest: found.digest,
        list_digest: found.list_digest,
        version: metadata.version,
        previous: metadata.previous,
        url: metadata.more.and_then(|more| more.url).filter(|url| !url.is_empty()),
        images,
    })
}

async fn read_layer(
    registry: &dyn RegistryRead,
    repository: &Repository,
    layer: &Descriptor,
) -> Result<Found, PayloadError> {
    let mut tries = 1;
    loop {
        let blob = registry.blob(repository, layer).await?;
        match layer::read(blob).await {
            Ok(found) => return Ok(found),
            Err(LayerError::Registry(error)) if tries < TRIES && error.class().is_retryable() => {
                tracing::debug!(%error, tries, "the layer broke off, asking again");
                tries += 1;
            }
            Err(LayerError::Registry(error)) => return Err(error.into()),
            Err(LayerError::Malformed(problem)) => {
                return Err(PayloadError::Layer { digest: layer.digest.clone(), problem });
            }
        }
    }
}

#[derive(Deserialize)]
struct Metadata {
    kind: String,
    version: String,
    #[serde(default)]
    previous: Vec<String>,
    #[serde(default, rename = "metadata")]
    more: Option<More>,
}

#[derive(Deserialize)]
struct More {
    #[serde(default)]
    url: Option<String>,
}

fn read_metadata(content: &[u8]) -> Result<Metadata, PayloadError> {
    let metadata: Metadata = object(layer::METADATA, content)?;
    if metadata.kind != KIND {
        let problem = format!("its kind is {:?}", metadata.kind);
        return Err(PayloadError::Malformed { file: layer::METADATA, problem });
    }
    Ok(metadata)
}

#[derive(Deserialize)]
struct ImageStream {
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    #[serde(default)]
    from: Option<From>,
}

#[derive(Deserialize)]
struct From {
    #[serde(default)]
    name: String,
}

fn read_references(content: &[u8]) -> Result<Vec<PayloadImage>, PayloadError> {
    let malformed = |problem: String| PayloadError::Malformed { file: layer::REFERENCES, problem };
    let stream: ImageStream = object(layer::REFERENCES, content)?;
    let images = stream.spec.tags.into_iter().map(|tag| {
        let pull_spec = tag.from.map(|from| from.name).unwrap_or_default();
        if pull_spec.is_empty() {
            return Err(malformed(format!("{:?} comes from nowhere", tag.name)));
        }
        Ok(PayloadImage { name: tag.name, pull_spec })
    });
    let images = images.collect::<Result<Vec<_>, _>>()?;
    if images.is_empty() {
        return Err(malformed("it names no image".to_owned()));
    }
    Ok(images)
}

fn object<T: serde::de::DeserializeOwned>(
    file: &'static str,
    content: &[u8],
) -> Result<T, PayloadError> {
    let malformed =
        |error: serde_json::Error| PayloadError::Malformed { file, problem: error.to_string() };
    let object: Map<String, Value> = serde_json::from_slice(content).map_err(malformed)?;
    serde_json::from_value(object.into()).map_err(malformed)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("aaa", true)]
    #[case("machine-os-content", false)]
    #[case("rhel-coreos", false)]
    #[case("rhel-coreos-9", false)]
    #[case("rhel-coreos-extensions", false)]
    #[case("rhel-coreos-10-extensions", false)]
    #[case("rhel-coreos-9-extensions", false)]
    #[case("machine-os", true)]
    #[case("machine-os-content-extra", true)]
    #[case("rhel-coreos-", true)]
    #[case("rhel-coreos-abc", true)]
    #[case("my-rhel-coreos", true)]
    #[case("rhel-coreos-extensions-extra", true)]
    #[case("rhel-coreos--extensions", true)]
    fn spec03_case_22_operating_system_images_are_known_by_their_whole_name(
        #[case] name: &str,
        #[case] shipped: bool,
    ) {
        let image = PayloadImage { name: name.to_owned(), pull_spec: String::new() };
        assert_eq!(image.is_shipped(), shipped);
    }

    #[test]
    fn metadata_of_another_kind_and_payloads_without_images_are_refused() {
        let good = r#"{"kind": "cincinnati-metadata-v0", "version": "4.99.3"}"#;
        assert_eq!(read_metadata(good.as_bytes()).unwrap().version, "4.99.3");
        for text in [
            "",
            "[]",
            r#"{"kind": "other", "version": "4.99.3"}"#,
            r#"{"kind": "cincinnati-metadata-v0"}"#,
        ] {
            assert!(read_metadata(text.as_bytes()).is_err(), "{text}");
        }
        for text in [
            r#"{"spec": {"tags": []}}"#,
            r#"{"spec": {"tags": [{"name": "a"}]}}"#,
            r#"{"spec": {"tags": [{"name": "a", "from": {"kind": "DockerImage"}}]}}"#,
            r#"{"spec": {}}"#,
        ] {
            assert!(read_references(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_payload_of_a_release_is_named_after_release_and_architecture() {
        let name = |release: &str, arch| payload_image(&release.parse().unwrap(), arch).to_string();
        assert_eq!(
            name("4.99.3", Arch::Arm64),
            "quay.io/openshift-release-dev/ocp-release:4.99.3-aarch64"
        );
        assert!(name("4.99.0-rc.1", Arch::Multi).ends_with(":4.99.0-rc.1-multi"));
    }
}
