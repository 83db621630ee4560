//! The client against the answers of registries.

#[cfg(test)]
mod access;
#[cfg(test)]
mod content;
#[cfg(test)]
mod faults;

#[cfg(test)]
use {
    oar_registry::{AuthFiles, Digest, Hosts, HttpRegistry, ImageRef},
    oar_transport::testing::{Script, Step, client},
    serde_json::{Value, json},
    std::sync::Arc,
};

/// The repository of these tests.
#[cfg(test)]
pub(crate) const REPOSITORY: &str = "quay.io/openshift-release-dev/ocp-release";
#[cfg(test)]
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
#[cfg(test)]
pub(crate) const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

#[cfg(test)]
pub(crate) fn scripted(steps: impl IntoIterator<Item = Step>) -> (Script, HttpRegistry) {
    scripted_with(steps, AuthFiles::none())
}

#[cfg(test)]
pub(crate) fn scripted_with(
    steps: impl IntoIterator<Item = Step>,
    files: AuthFiles,
) -> (Script, HttpRegistry) {
    let script = Script::new(steps);
    let http = client(Arc::new(script.clone()));
    (script, HttpRegistry::new(&http, Hosts::default(), files))
}

#[cfg(test)]
pub(crate) fn tagged() -> ImageRef {
    format!("{REPOSITORY}:4.99.3-x86_64").parse().expect("an image")
}

#[cfg(test)]
pub(crate) fn by_digest(body: &Value) -> ImageRef {
    format!("{REPOSITORY}@{}", digest(body)).parse().expect("an image")
}

#[cfg(test)]
pub(crate) fn digest(body: &Value) -> Digest {
    Digest::of(body.to_string().as_bytes())
}

/// The body as a manifest of `media_type`, with the digest that registries tell.
#[cfg(test)]
pub(crate) fn manifest(body: &Value, media_type: &'static str) -> Step {
    Step::answer(200, body.to_string())
        .with("content-type", media_type)
        .with("docker-content-digest", digest(body).to_string())
}

#[cfg(test)]
pub(crate) fn config() -> Value {
    json!({ "architecture": "amd64", "os": "linux", "config": { "Labels": { "name": "x/y" } } })
}

#[cfg(test)]
pub(crate) fn image() -> Value {
    json!({ "schemaVersion": 2, "mediaType": IMAGE,
            "config": { "digest": digest(&config()), "size": 10 }, "layers": [] })
}

#[cfg(test)]
pub(crate) fn index(children: &[(&str, &Value)]) -> Value {
    let entries = children.iter().map(|(arch, child)| {
        json!({ "digest": digest(child), "platform": { "os": "linux", "architecture": arch } })
    });
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries.collect::<Vec<_>>() })
}
