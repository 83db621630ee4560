//! Payloads read from a registry.

use std::io::Write as _;
use std::sync::Arc;

use oar_images::payload::{Payload, PayloadError, payload_image, read_payload};
use oar_registry::{AuthFiles, Digest, Hosts, HttpRegistry};
use oar_release::{Arch, ErrorClass};
use oar_transport::testing::{Script, Step, client};
use serde_json::{Value, json};

const IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";

fn layer(files: &[(&str, &Value)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let content = content.to_string();
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, path, content.as_bytes()).expect("a file");
    }
    let tarball = builder.into_inner().expect("a tarball");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&tarball).expect("bytes");
    encoder.finish().expect("bytes")
}

fn metadata(version: &str) -> Value {
    json!({ "kind": "cincinnati-metadata-v0", "version": version, "previous": ["4.99.2"],
            "metadata": { "url": "https://access.redhat.com/errata/RHSA-2026:0001" } })
}

fn references() -> Value {
    let image = |name: &str| {
        let digest = Digest::of(name.as_bytes());
        let name_of = format!("quay.io/openshift-release-dev/ocp-v4.0-art-dev@{digest}");
        json!({ "name": name, "from": { "kind": "DockerImage", "name": name_of } })
    };
    json!({ "kind": "ImageStream", "spec": { "tags": [image("cli"), image("rhel-coreos")] } })
}

fn last() -> Vec<u8> {
    layer(&[
        ("release-manifests/image-references", &references()),
        ("release-manifests/release-metadata", &metadata("4.99.3")),
    ])
}

fn manifest(layers: &[&[u8]]) -> Step {
    let layers: Vec<Value> = layers
        .iter()
        .map(|layer| json!({ "digest": Digest::of(layer), "size": layer.len(), "mediaType": "x" }))
        .collect();
    let body = json!({ "schemaVersion": 2, "mediaType": IMAGE,
                       "config": { "digest": Digest::of(b"{}") }, "layers": layers });
    Step::answer(200, body.to_string()).with("content-type", IMAGE)
}

async fn read(steps: impl IntoIterator<Item = Step>) -> (Script, Result<Payload, PayloadError>) {
    let script = Script::new(steps);
    let http = client(Arc::new(script.clone()));
    let registry = HttpRegistry::new(&http, Hosts::default(), AuthFiles::none());
    let image = payload_image(&"4.99.3".parse().expect("a release"), Arch::Amd64);
    let payload = read_payload(&registry, &image).await;
    (script, payload)
}

#[tokio::test]
async fn the_last_layer_tells_release_page_and_images() {
    let (below, last) = (layer(&[]), last());
    let (script, payload) = read([manifest(&[&below, &last]), Step::answer(200, last)]).await;
    let payload = payload.unwrap();
    assert_eq!(
        (payload.version.as_str(), payload.previous.as_slice()),
        ("4.99.3", &["4.99.2".to_owned()][..])
    );
    assert_eq!(payload.url.as_deref(), Some("https://access.redhat.com/errata/RHSA-2026:0001"));
    let shipped: Vec<&str> =
        payload.images.iter().filter(|image| image.is_shipped()).map(|i| i.name.as_str()).collect();
    assert_eq!((shipped, payload.images.len()), (vec!["cli"], 2));
    assert_eq!(script.seen().len(), 2, "one manifest, one layer");
    payload.require(&"4.99.3".parse().unwrap()).unwrap();
    let error = payload.require(&"4.99.30".parse().unwrap()).unwrap_err();
    assert_eq!(error.class(), ErrorClass::PreconditionFailed);
}

#[tokio::test]
async fn files_further_down_are_found_and_upper_ones_hide_them() {
    let below = layer(&[
        ("release-manifests/image-references", &references()),
        ("release-manifests/release-metadata", &metadata("4.99.2")),
    ]);
    let upper = layer(&[("release-manifests/release-metadata", &metadata("4.99.3"))]);
    let steps = [manifest(&[&below, &upper]), Step::answer(200, upper), Step::answer(200, below)];
    let payload = read(steps).await.1.unwrap();
    assert_eq!((payload.version.as_str(), payload.images.len()), ("4.99.3", 2));
}

#[tokio::test]
async fn an_image_without_the_files_is_no_payload() {
    let only = layer(&[("release-manifests/image-references", &references())]);
    let (_, payload) = read([manifest(&[&only]), Step::answer(200, only)]).await;
    let error = payload.unwrap_err();
    assert!(matches!(error, PayloadError::NotAPayload { .. }), "{error}");
    assert!(error.to_string().contains("release-metadata"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_breaks_off_is_asked_for_again() {
    let last = last();
    let half = last[..last.len() / 2].to_vec();
    let steps = [
        manifest(&[&last]),
        Step::Cut(half.clone().into()),
        Step::answer(200, half),
        Step::answer(200, last),
    ];
    let (script, payload) = read(steps).await;
    assert_eq!(payload.unwrap().version, "4.99.3");
    assert_eq!(script.seen().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_layer_with_another_digest_is_never_believed() {
    let other = layer(&[
        ("release-manifests/image-references", &references()),
        ("release-manifests/release-metadata", &metadata("4.99.3")),
        ("extra", &json!(1)),
    ]);
    let mut wrong = other.clone();
    wrong.truncate(last().len());
    let (script, payload) = read([manifest(&[&last()]), Step::answer(200, wrong)]).await;
    assert_eq!(payload.unwrap_err().class(), ErrorClass::Undetermined);
    assert_eq!(script.seen().len(), 4, "three tries");
}

#[tokio::test]
async fn a_payload_without_a_page_is_a_payload() {
    let mut bare = metadata("4.99.3");
    bare.as_object_mut().unwrap().remove("metadata");
    let only = layer(&[
        ("./release-manifests/image-references", &references()),
        ("./release-manifests/release-metadata", &bare),
    ]);
    let (_, payload) = read([manifest(&[&only]), Step::answer(200, only)]).await;
    assert_eq!(payload.unwrap().url, None);
}
