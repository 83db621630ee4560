//! Whom the signature check believes about the digest, and what silence means (spec 03 §12).

use std::sync::Arc;

use jiff::Timestamp;
use oar_images::signature::{
    HttpSignatureStores, MockSignatureStores, SignatureStores, TrustedKeys,
};
use oar_operators::report::CommandReport;
use oar_operators::services::{NotSetUp, Signatures};
use oar_operators::tasks::image_signed_check::run;
use oar_prow_jobs::{MockReleaseController, ToldDigest};
use oar_registry::{Digest, MockRegistryRead, RegistryError};
use oar_release::{Arch, TaskOutcome};
use oar_sandbox::Sandbox;
use oar_sandbox::fault::{Kind, Rule};
use oar_sandbox::signatures::{public_key, signature_file};
use oar_sandbox::world::World;
use oar_transport::testing::client;

use crate::desk::{Desk, release};

const NAME: &str = "quay.io/openshift-release-dev/ocp-release:4.99.3-x86_64";

fn digest() -> Digest {
    Digest::of(b"the payload")
}

fn signed_at() -> Timestamp {
    "2026-03-01T08:00:00Z".parse().expect("a time")
}

/// What the registry says of the tag.
#[derive(Clone, Copy)]
enum Tag {
    Is(&'static [u8]),
    Missing,
    Silent,
}

/// What both stores have.
#[derive(Clone, Copy)]
enum Stored {
    Signature,
    Nothing,
    Silence,
}

fn desk(told: ToldDigest, tag: Tag, stored: Stored) -> Desk {
    let mut desk = Desk::begun();
    let mut releases = MockReleaseController::new();
    releases.expect_release_digest().times(1).returning(move |_| Ok(told.clone()));
    desk.context.releases = Arc::new(releases);
    let mut registry = MockRegistryRead::new();
    registry.expect_digest().withf(|image| image.to_string() == NAME).returning(move |image| {
        match tag {
            Tag::Is(content) => Ok(Some(Digest::of(content))),
            Tag::Missing => Ok(None),
            Tag::Silent => Err(RegistryError::Denied {
                what: image.to_string(),
                problem: "there is no credential",
            }),
        }
    });
    // Reading the payload itself is another story: here it never works.
    registry.expect_image().returning(|image, _| {
        Err(RegistryError::Denied { what: image.to_string(), problem: "there is no credential" })
    });
    desk.context.services.registry = Ok(Arc::new(registry));
    let key = public_key();
    let keys = TrustedKeys::read(&[("test", &key)]).expect("a key");
    let mirrors: Arc<dyn SignatureStores> = match stored {
        Stored::Silence => Arc::new(silent_stores()),
        _ => Arc::new(scripted_stores(stored)),
    };
    desk.context.services.signatures = Ok(Signatures { stores: mirrors, keys });
    desk
}

fn scripted_stores(stored: Stored) -> MockSignatureStores {
    let mut mirrors = MockSignatureStores::new();
    mirrors.expect_stores().returning(|| vec!["one".to_owned(), "two".to_owned()]);
    mirrors.expect_signature().returning(move |_, asked, number| match stored {
        Stored::Signature if number == 1 && *asked == digest() => {
            Ok(Some(signature_file(asked.as_str(), NAME, signed_at()).into()))
        }
        _ => Ok(None),
    });
    mirrors
}

/// The official mirrors, out of order.
fn silent_stores() -> HttpSignatureStores {
    let sandbox = Sandbox::in_memory(World::seeded());
    for store in ["signatures", "gcs"] {
        sandbox.plant(Rule::once(store, Kind::Status(503)).times(u32::MAX));
    }
    HttpSignatureStores::new(&client(Arc::new(sandbox)), Vec::new())
}

fn known() -> ToldDigest {
    ToldDigest::Known(digest().to_string())
}

async fn check(desk: &Desk) -> CommandReport {
    run(&desk.context, &release(), &[Arch::Amd64]).await
}

/// There is no verdict: nothing is stored.
async fn undetermined(desk: &Desk, part: &str) {
    let report = check(desk).await;
    let TaskOutcome::Undetermined { error } = &report.outcome else {
        panic!("{:?}", report.outcome)
    };
    assert!(error.contains(part), "{error}");
    assert!(!report.success && !report.statebox.written);
    assert_eq!(desk.repo.commits().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn both_agree_and_the_signature_is_there() {
    let desk = desk(known(), Tag::Is(b"the payload"), Stored::Signature);
    let report = check(&desk).await;
    assert_eq!(report.outcome, TaskOutcome::Pass);
    let [only] = &report.warnings[..] else { panic!("{:?}", report.warnings) };
    assert!(only.contains("which release it calls itself"), "{only}");
    assert_eq!(desk.repo.commits().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn spec03_case_35_the_registry_s_digest_alone_is_used_and_told() {
    for (told, tag) in [
        (ToldDigest::NotRendered, Tag::Is(b"the payload")),
        (ToldDigest::NoSuchRelease, Tag::Is(b"the payload")),
        (ToldDigest::Known("sha256:short".to_owned()), Tag::Is(b"the payload")),
        (known(), Tag::Missing),
        (known(), Tag::Silent),
    ] {
        let report = check(&desk(told, tag, Stored::Signature)).await;
        assert_eq!(report.outcome, TaskOutcome::Pass);
        assert!(report.warnings[0].contains("only one knows the digest"), "{:?}", report.warnings);
    }
}

#[tokio::test(start_paused = true)]
async fn spec03_case_35_two_different_digests_fail_whatever_is_signed() {
    let desk = desk(known(), Tag::Is(b"another payload"), Stored::Signature);
    let report = check(&desk).await;
    let TaskOutcome::Fail { error } = &report.outcome else { panic!("{:?}", report.outcome) };
    assert!(error.contains("differ") && error.contains(digest().as_str()), "{error}");
    assert!(desk.text().contains("name: image-signed-check\n  status: Fail"), "{}", desk.text());
}

#[tokio::test(start_paused = true)]
async fn a_release_that_both_do_not_have_waits() {
    for told in [ToldDigest::NoSuchRelease, ToldDigest::NotRendered] {
        let desk = desk(told, Tag::Missing, Stored::Signature);
        let report = check(&desk).await;
        assert!(matches!(report.outcome, TaskOutcome::Waiting { .. }), "{:?}", report.outcome);
        assert_eq!(desk.repo.commits().len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_registry_that_could_know_the_digest_leaves_it_open() {
    for told in [ToldDigest::NoSuchRelease, ToldDigest::NotRendered] {
        undetermined(&desk(told, Tag::Silent, Stored::Signature), "could not be asked").await;
    }
}

#[tokio::test(start_paused = true)]
async fn spec03_case_36_silent_stores_are_no_verdict_and_empty_ones_are() {
    let tag = Tag::Is(b"the payload");
    undetermined(&desk(known(), tag, Stored::Silence), "could not be checked").await;
    let desk = desk(known(), tag, Stored::Nothing);
    let report = check(&desk).await;
    let TaskOutcome::Fail { error } = &report.outcome else { panic!("{:?}", report.outcome) };
    assert!(error.contains("no signature published yet"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn without_a_usable_key_nothing_is_asked() {
    let mut desk = Desk::begun();
    desk.context.services.signatures = Err(NotSetUp::new("the key is broken"));
    let report = check(&desk).await;
    let error = report.error.expect("an error");
    assert_eq!(error.code, oar_release::ErrorClass::NotConfigured);
    assert_eq!(desk.repo.commits().len(), 0);
}
