//! What is read, and that it is what its name says.

use http::Method;
use oar_registry::{
    Descriptor, Digest, Manifest, Platform, RegistryError, RegistryRead as _, Repository,
};
use oar_release::ErrorClass;
use oar_transport::testing::Step;
use serde_json::{Value, json};

use crate::{
    IMAGE, INDEX, REPOSITORY, by_digest, config, digest, image, index, manifest, scripted, tagged,
};

fn other() -> Value {
    json!({ "schemaVersion": 2, "config": { "digest": Digest::of(b"other") }, "layers": [] })
}

#[tokio::test]
async fn an_image_is_found_through_its_index_and_its_labels_are_read() {
    let list = index(&[("arm64", &other()), ("amd64", &image())]);
    let (script, registry) = scripted([
        manifest(&list, INDEX),
        manifest(&image(), IMAGE),
        Step::answer(200, config().to_string()),
    ]);
    let found = registry.image(&tagged(), &Platform::linux("amd64")).await.unwrap();
    assert_eq!(found.digest, digest(&image()));
    assert_eq!(found.list_digest, Some(digest(&list)));
    let config = registry.config(&found).await.unwrap();
    assert_eq!((config.label("name"), config.architecture.as_str()), (Some("x/y"), "amd64"));
    let asked: Vec<String> = script.seen().into_iter().map(|seen| seen.url).collect();
    let base = "https://quay.io/v2/openshift-release-dev/ocp-release";
    assert_eq!(
        asked,
        [
            format!("{base}/manifests/4.99.3-x86_64"),
            format!("{base}/manifests/{}", digest(&image())),
            format!("{base}/blobs/{}", found.manifest.config.digest),
        ]
    );
    let accepted = script.seen()[0].header("accept").unwrap().to_owned();
    assert!(accepted.starts_with(INDEX) && accepted.contains(IMAGE), "{accepted}");
}

#[tokio::test]
async fn a_single_manifest_has_no_list_digest() {
    let (script, registry) = scripted([manifest(&image(), IMAGE)]);
    let found = registry.image(&by_digest(&image()), &Platform::linux("amd64")).await.unwrap();
    assert_eq!((found.list_digest, script.seen().len()), (None, 1));
}

#[tokio::test]
async fn an_index_in_an_index_is_followed_but_not_for_ever() {
    let inner = index(&[("amd64", &image())]);
    let outer = index(&[("amd64", &inner)]);
    let (_, registry) =
        scripted([manifest(&outer, INDEX), manifest(&inner, INDEX), manifest(&image(), IMAGE)]);
    let found = registry.image(&tagged(), &Platform::linux("amd64")).await.unwrap();
    assert_eq!((found.digest, found.list_digest), (digest(&image()), Some(digest(&outer))));

    let mut chain = vec![image()];
    for _ in 0..6 {
        chain.push(index(&[("amd64", chain.last().unwrap())]));
    }
    let steps: Vec<Step> = chain.iter().rev().map(|body| manifest(body, INDEX)).collect();
    let (script, registry) = scripted(steps);
    let error = registry.image(&tagged(), &Platform::linux("amd64")).await.unwrap_err();
    assert!(matches!(error, RegistryError::Unsupported { .. }), "{error}");
    assert_eq!(script.seen().len(), 4);
}

#[tokio::test]
async fn an_index_without_the_platform_is_an_error_that_says_so() {
    let list = index(&[("arm64", &other()), ("s390x", &image())]);
    let (_, registry) = scripted([manifest(&list, INDEX)]);
    let error = registry.image(&tagged(), &Platform::linux("amd64")).await.unwrap_err();
    assert!(error.to_string().ends_with("has no image for linux/amd64"), "{error}");
    assert_eq!(error.class(), ErrorClass::Undetermined);
}

#[tokio::test(start_paused = true)]
async fn spec03_case_26_a_body_with_another_digest_is_never_taken() {
    // Asked for by digest.
    let (script, registry) = scripted([manifest(&other(), IMAGE)]);
    let error = registry.pull(&by_digest(&image())).await.unwrap_err();
    assert!(matches!(error, RegistryError::WrongDigest { .. }), "{error}");
    assert_eq!((error.class(), script.seen().len()), (ErrorClass::Undetermined, 3));
    // A tag whose registry tells another digest than its body has.
    let lying = Step::answer(200, image().to_string())
        .with("docker-content-digest", digest(&other()).to_string());
    let (_, registry) = scripted([lying]);
    assert!(registry.pull(&tagged()).await.is_err());
    // A configuration.
    let (_, registry) =
        scripted([manifest(&image(), IMAGE), Step::answer(200, other().to_string())]);
    let found = registry.image(&tagged(), &Platform::linux("amd64")).await.unwrap();
    assert!(matches!(registry.config(&found).await, Err(RegistryError::WrongDigest { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_damaged_answer_is_asked_for_again() {
    for damaged in [
        Step::answer(200, "<html>busy</html>"),
        Step::answer(200, "{\"schemaVersion\":"),
        Step::answer(503, ""),
    ] {
        let (script, registry) = scripted([damaged, manifest(&image(), IMAGE)]);
        let pulled = registry.pull(&tagged()).await.unwrap();
        assert!(matches!(pulled.manifest, Manifest::Image(_)));
        assert_eq!((pulled.digest, script.seen().len()), (digest(&image()), 2));
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_from_what_cannot_be_asked() {
    let (script, registry) = scripted([Step::answer(404, "{\"errors\":[]}")]);
    let error = registry.pull(&tagged()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!((error.class(), script.seen().len()), (ErrorClass::NotFound, 1));
    assert!(error.to_string().contains(REPOSITORY), "{error}");
}

#[tokio::test]
async fn the_digest_of_a_tag_is_asked_for_without_its_content() {
    let head = Step::answer(200, "").with("docker-content-digest", digest(&image()).to_string());
    let (script, registry) = scripted([head]);
    assert_eq!(registry.digest(&tagged()).await.unwrap(), Some(digest(&image())));
    assert_eq!(script.seen()[0].method, Method::HEAD);
    let (_, registry) = scripted([Step::answer(404, "")]);
    assert_eq!(registry.digest(&tagged()).await.unwrap(), None);
    // A registry that does not tell it is asked for the content.
    let (script, registry) = scripted([Step::answer(200, ""), manifest(&image(), IMAGE)]);
    assert_eq!(registry.digest(&tagged()).await.unwrap(), Some(digest(&image())));
    assert_eq!(script.seen().len(), 2);
}

fn layer(content: &[u8]) -> Descriptor {
    let size = content.len() as u64;
    Descriptor { media_type: String::new(), digest: Digest::of(content), size, platform: None }
}

async fn read(step: Step, wanted: &[u8]) -> Result<Vec<u8>, RegistryError> {
    let (_, registry) = scripted([step]);
    let repository: Repository = REPOSITORY.parse().expect("a repository");
    let mut blob = registry.blob(&repository, &layer(wanted)).await?;
    let mut whole = Vec::new();
    while let Some(piece) = blob.chunk().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

#[tokio::test(start_paused = true)]
async fn a_layer_arrives_in_pieces_and_is_checked_at_its_end() {
    let content = vec![7_u8; 200_000];
    assert_eq!(read(Step::answer(200, content.clone()), &content).await.unwrap(), content);
    let error = read(Step::answer(200, content[1..].to_vec()), &content).await.unwrap_err();
    assert!(matches!(error, RegistryError::WrongDigest { .. }), "{error}");
    let error = read(Step::Cut(content[..100].to_vec().into()), &content).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UpstreamUnavailable, "{error}");
}

#[tokio::test(start_paused = true)]
async fn r29_a_layer_without_end_is_given_up() {
    let error = read(Step::Endless, b"x").await.unwrap_err();
    assert!(error.to_string().contains("did not answer as needed"), "{error}");
}

#[tokio::test]
async fn a_layer_that_is_too_long_is_not_asked_for() {
    let (script, registry) = scripted([Step::answer(200, "x")]);
    let repository: Repository = REPOSITORY.parse().unwrap();
    let huge = Descriptor { size: 300 * 1024 * 1024, ..layer(b"x") };
    let error = registry.blob(&repository, &huge).await.unwrap_err();
    assert!(matches!(error, RegistryError::Unsupported { .. }), "{error}");
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn tags_are_read_page_by_page() {
    let page = |tags: &[&str]| Step::json(&json!({ "name": "x", "tags": tags }));
    let next = "</v2/openshift-release-dev/ocp-release/tags/list?last=b&n=1000>; rel=\"next\"";
    let (script, registry) = scripted([page(&["a", "b"]).with("link", next), page(&["c"])]);
    let repository: Repository = REPOSITORY.parse().unwrap();
    assert_eq!(registry.tags(&repository).await.unwrap(), ["a", "b", "c"]);
    assert!(script.seen()[1].url.ends_with("/tags/list?last=b&n=1000"), "{}", script.seen()[1].url);
    let (_, registry) = scripted([Step::json(&json!({ "name": "x", "tags": null }))]);
    assert!(registry.tags(&repository).await.unwrap().is_empty());
}

#[tokio::test]
async fn r34_pages_without_end_are_given_up() {
    let repository: Repository = REPOSITORY.parse().unwrap();
    let next = "</v2/openshift-release-dev/ocp-release/tags/list?last=b&n=1000>; rel=\"next\"";
    for tags in [json!(["a"]), json!([])] {
        let page = Step::json(&json!({ "tags": tags })).with("link", next);
        let (script, registry) = scripted([page]);
        let error = registry.tags(&repository).await.unwrap_err();
        assert!(matches!(error, RegistryError::Unsupported { .. }), "{error}");
        assert!(script.seen().len() <= 2, "{}", script.seen().len());
    }
    // A next page at another registry is none.
    let elsewhere = "<https://evil.example.com/v2/x/tags/list>; rel=\"next\"";
    let (script, registry) =
        scripted([Step::json(&json!({ "tags": ["a"] })).with("link", elsewhere)]);
    assert_eq!(registry.tags(&repository).await.unwrap(), ["a"]);
    assert_eq!(script.seen().len(), 1);
}

#[test]
fn every_operation_only_reads() {
    for operation in oar_registry::OPERATIONS {
        assert_eq!(operation.idempotency, oar_transport::Idempotency::Safe, "{operation:?}");
    }
}
