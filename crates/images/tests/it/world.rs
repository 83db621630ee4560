//! A promoted release in the model of the world: payload, page, signature, health; faults in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use oar_images::health::{HealthQuestion, HealthVerdict, ShippedImage, image_health};
use oar_images::payload::{
    AdvisoryPages as _, HttpAdvisoryPages, PageAnswer, Payload, PayloadError, payload_image,
    read_payload,
};
use oar_images::pyxis::HttpPyxis;
use oar_images::signature::{
    HttpSignatureStores, Rejection, SignatureAnswer, SignatureQuestion, TrustedKeys, find_signature,
};
use oar_registry::{AuthFiles, Digest, Hosts, HttpRegistry, RegistryRead as _};
use oar_release::{Arch, ReleaseVersion};
use oar_sandbox::Sandbox;
use oar_sandbox::fault::{Kind, Rule};
use oar_sandbox::world::World;
use oar_transport::testing::client;
use oar_transport::{Endpoints, HttpClient, Service};

const ADVISORY: &str = "RHSA-2026:9903";

fn release() -> ReleaseVersion {
    "4.99.3".parse().expect("a release")
}

fn world() -> (Sandbox, HttpClient) {
    let sandbox = Sandbox::in_memory(World::seeded());
    let http = client(Arc::new(sandbox.clone()));
    (sandbox, http)
}

fn promoted() -> (Sandbox, HttpClient) {
    let (sandbox, http) = world();
    sandbox.change(|world| world.promote("4.99.3", ADVISORY)).expect("a world in memory");
    (sandbox, http)
}

fn registry(http: &HttpClient) -> HttpRegistry {
    HttpRegistry::new(http, Hosts::default(), AuthFiles::none())
}

async fn payload(http: &HttpClient) -> Result<Payload, PayloadError> {
    read_payload(&registry(http), &payload_image(&release(), Arch::Amd64)).await
}

async fn signed(sandbox: &Sandbox, http: &HttpClient, digest: Digest) -> SignatureAnswer {
    let key = oar_sandbox::signatures::public_key();
    let keys = TrustedKeys::read(&[("sandbox", &key)]).expect("the sandbox's key");
    let now = sandbox.world(|world| world.now);
    let question = SignatureQuestion { release: release(), arch: Arch::Amd64, digest, now };
    find_signature(&HttpSignatureStores::new(http, Vec::new()), &keys, &question).await
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_not_promoted_has_no_payload() {
    let (_, http) = world();
    let image = payload_image(&release(), Arch::Amd64);
    assert_eq!(registry(&http).digest(&image).await.unwrap(), None);
    assert!(
        matches!(payload(&http).await, Err(PayloadError::Registry(error)) if error.is_not_found())
    );
}

#[tokio::test(start_paused = true)]
async fn a_promoted_release_is_read_and_its_page_appears_later() {
    let (sandbox, http) = promoted();
    let payload = payload(&http).await.unwrap();
    payload.require(&release()).unwrap();
    let shipped = payload.images.iter().filter(|image| image.is_shipped()).count();
    assert_eq!((payload.images.len(), shipped), (4, 3));
    let told =
        sandbox.world(|world| world.registry.payload("4.99.3", "x86_64").unwrap().to_owned());
    assert_eq!(payload.digest.as_str(), told);

    let pages = HttpAdvisoryPages::new(&http, vec!["access.redhat.com".to_owned()]);
    let answer = pages.page(payload.url.clone()).await;
    assert!(matches!(answer, PageAnswer::NotYet { .. }), "{answer:?}");
    sandbox.change(|world| world.publish_page(ADVISORY)).unwrap();
    assert_eq!(pages.page(payload.url).await, PageAnswer::Accessible);
}

#[tokio::test(start_paused = true)]
async fn a_promoted_release_is_signed_by_the_sandbox_s_key_and_nobody_else() {
    let (sandbox, http) = promoted();
    let digest = payload(&http).await.unwrap().digest;
    let answer = signed(&sandbox, &http, digest.clone()).await;
    let SignatureAnswer::Signed { signature, number: 1, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(signature.creator.as_deref(), Some("OAR sandbox"));
    // The keys of the program do not trust it.
    let now = sandbox.world(|world| world.now);
    let question = SignatureQuestion { release: release(), arch: Arch::Amd64, digest, now };
    let stores = HttpSignatureStores::new(&http, Vec::new());
    let answer = find_signature(&stores, &TrustedKeys::built_in().unwrap(), &question).await;
    let SignatureAnswer::NotSigned { rejected } = answer else { panic!("{answer:?}") };
    assert!(matches!(rejected[0].reason, Rejection::UntrustedKey { .. }));
}

#[tokio::test(start_paused = true)]
async fn rollback_and_silence_are_not_signatures() {
    let (sandbox, http) = promoted();
    let digest = payload(&http).await.unwrap().digest;
    // The signature of the release before, under the digest of this one.
    sandbox
        .change(|world| {
            let old = world.registry.payload("4.99.2", "x86_64").unwrap().to_owned();
            let old = world.signatures.files[&old].clone();
            world.signatures.files.insert(digest.to_string(), old);
        })
        .unwrap();
    let answer = signed(&sandbox, &http, digest.clone()).await;
    let SignatureAnswer::NotSigned { rejected } = answer else { panic!("{answer:?}") };
    assert!(rejected.iter().all(|file| matches!(file.reason, Rejection::OtherDigest { .. })));
    // A mirror that does not keep up.
    sandbox.change(|world| world.signatures.files.clear()).unwrap();
    assert_eq!(signed(&sandbox, &http, digest.clone()).await, SignatureAnswer::NotPublished);
    for service in ["signatures", "gcs"] {
        sandbox.plant(Rule::once(service, Kind::Status(503)).times(u32::MAX));
    }
    let answer = signed(&sandbox, &http, digest).await;
    assert!(matches!(answer, SignatureAnswer::Undetermined { .. }), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn passing_faults_do_not_change_an_answer() {
    let kinds = [
        Kind::Status(503),
        Kind::RateLimited(2),
        Kind::ResetBefore,
        Kind::ResetAfter,
        Kind::Stall,
        Kind::Truncated,
    ];
    for kind in kinds {
        for skip in 0..4 {
            let (sandbox, http) = promoted();
            for service in ["registry", "signatures", "pyxis"] {
                sandbox.plant(Rule::once(service, kind.clone()).skip(skip));
            }
            let context = format!("{kind:?} at {skip}");
            let payload = payload(&http).await.unwrap_or_else(|error| panic!("{context}: {error}"));
            let answer = signed(&sandbox, &http, payload.digest).await;
            assert!(matches!(answer, SignatureAnswer::Signed { .. }), "{context}: {answer:?}");
            let report = health(&sandbox, &http).await;
            assert_eq!(report, HealthVerdict::Healthy, "{context}");
        }
    }
}

/// Health of the images of the seeded advisory.
async fn health(sandbox: &Sandbox, http: &HttpClient) -> HealthVerdict {
    let (digests, now): (BTreeMap<String, String>, _) = sandbox.world(|world| {
        let images = world.pyxis.images.iter();
        (
            images.map(|(digest, image)| (digest.clone(), image.architecture.clone())).collect(),
            world.now,
        )
    });
    assert_eq!(digests.len(), 8);
    let images = digests.into_iter().map(|(digest, architecture)| ShippedImage {
        name: "component".to_owned(),
        pull_spec: format!("registry.redhat.io/openshift4/x@{digest}"),
        architecture,
    });
    let question = HealthQuestion { images: images.collect(), gaps: Vec::new() };
    image_health(&HttpPyxis::stage(http), question, now).await.verdict()
}

#[tokio::test(start_paused = true)]
async fn one_bad_grade_makes_the_release_unhealthy() {
    let (sandbox, http) = world();
    assert_eq!(health(&sandbox, &http).await, HealthVerdict::Healthy);
    let first = sandbox.world(|world| world.pyxis.images.keys().next().unwrap().clone());
    sandbox.change(|world| world.pyxis.grade(&first, "D", "2026-02-21")).unwrap();
    assert_eq!(health(&sandbox, &http).await, HealthVerdict::Unhealthy);
    sandbox.plant(Rule::once("pyxis", Kind::Status(500)).times(u32::MAX));
    assert_eq!(health(&sandbox, &http).await, HealthVerdict::Undetermined);
}

#[tokio::test(start_paused = true)]
async fn an_address_of_the_configuration_is_asked_for_signatures() {
    let (sandbox, _) = promoted();
    let configured = "https://mirror.example.com/signatures/openshift/release/";
    let endpoints = Endpoints::default().with_configured(Service::Signatures, configured).unwrap();
    let http = oar_transport::testing::client_at(Arc::new(sandbox.clone()), endpoints);
    let digest = payload(&http).await.unwrap().digest;
    let answer = signed(&sandbox, &http, digest).await;
    assert!(
        matches!(&answer, SignatureAnswer::Signed { store, .. } if store == configured),
        "{answer:?}"
    );
}
