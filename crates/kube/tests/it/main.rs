//! The client against the model of the cluster.

mod kubeconfig;

use std::sync::Arc;

use http::Method;
use oar_kube::{HttpKube, KubeError, OPERATIONS, PayloadName, PayloadRead, PayloadWrite};
use oar_release::{Arch, ErrorClass};
use oar_sandbox::Sandbox;
use oar_sandbox::fault::{Kind, Rule};
use oar_sandbox::world::World;
use oar_transport::Secret;
use oar_transport::testing::client;

fn cluster() -> (Sandbox, HttpKube) {
    let mut world = World::seeded();
    world.kube.add_payload("ocp", "4.99.7");
    world.kube.add_payload("ocp-arm64", "4.99.7");
    let sandbox = Sandbox::in_memory(world);
    let http = client(Arc::new(sandbox.clone()));
    (sandbox, HttpKube::new(&http, Secret::new("a-token").into()))
}

fn payload(arch: Arch) -> PayloadName {
    PayloadName::new("4.99.7", arch)
}

#[tokio::test(start_paused = true)]
async fn spec04_case_14_the_patch_sets_one_label_in_the_namespace_of_the_architecture() {
    let (sandbox, kube) = cluster();
    for (arch, namespace) in [(Arch::Amd64, "ocp"), (Arch::Arm64, "ocp-arm64")] {
        assert_eq!(kube.label(&payload(arch)).await.expect("an answer"), Some(None));
        kube.set_label(&payload(arch), "Accepted").await.expect("labelled");
        let label = kube.label(&payload(arch)).await.expect("an answer");
        assert_eq!(label, Some(Some("Accepted".to_owned())));
        let body = sandbox.world(|world| world.kube.last_patch.clone());
        let path = format!(
            "/apis/release.openshift.io/v1alpha1/namespaces/{namespace}/releasepayloads/4.99.7"
        );
        // The model refuses any other content type with 415.
        let wanted = r#"{"metadata":{"labels":{"release.openshift.io/qe_state":"Accepted"}}}"#;
        assert_eq!(body, Some((path, wanted.to_owned())));
    }
    assert_eq!(sandbox.world(|world| world.count("kube", "label")), 2);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_again_because_twice_is_once() {
    let (sandbox, kube) = cluster();
    for kind in [Kind::ResetAfter, Kind::Status(503), Kind::StatusAfter(502)] {
        sandbox.plant(Rule::once("kube", kind).method(Method::PATCH));
        kube.set_label(&payload(Arch::Amd64), "Accepted").await.expect("labelled");
    }
}

#[tokio::test(start_paused = true)]
async fn gone_is_said_only_of_the_payload_itself() {
    let (sandbox, kube) = cluster();
    let other = PayloadName::new("4.99.8", Arch::Amd64);
    assert_eq!(kube.label(&other).await.expect("an answer"), None);
    let error = kube.set_label(&other, "Accepted").await.expect_err("gone");
    assert!(matches!(error, KubeError::Gone { .. }), "{error}");
    for kind in
        [Kind::Status(404), Kind::Message(404, "the server could not find the requested resource")]
    {
        sandbox.plant(Rule::once("kube", kind));
        let error = kube.label(&other).await.expect_err("another server");
        assert!(matches!(error, KubeError::NoSuchKind { .. }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_have_their_class() {
    let (sandbox, kube) = cluster();
    for (status, class) in [
        (401, ErrorClass::UnauthenticatedUpstream),
        (403, ErrorClass::ForbiddenUpstream),
        (500, ErrorClass::UpstreamUnavailable),
    ] {
        sandbox.plant(Rule::once("kube", Kind::Status(status)).times(9));
        let error = kube.label(&payload(Arch::Amd64)).await.expect_err("refused");
        assert_eq!(error.class(), class, "{error}");
        sandbox.set_faults(oar_sandbox::fault::Faults::default());
    }
    assert!(OPERATIONS.iter().all(oar_transport::probe::Operation::is_accounted_for));
}
