//! Promotion of one release, newest stable of a y-stream.

use std::sync::Arc;

use oar_prow_jobs::{HttpReleaseController, Phase, Promotion, ReleaseController as _, ToldDigest};
use oar_release::{Arch, ErrorClass};
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::testing::faults::{Subject, check_read};
use oar_transport::testing::{Script, Step, client, client_at, endpoints_at};
use oar_transport::{HttpClient, Service};
use rstest::rstest;
use serde_json::json;
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn scripted(arch: Arch, steps: impl IntoIterator<Item = Step>) -> (Script, HttpReleaseController) {
    let script = Script::new(steps);
    let controller = HttpReleaseController::new(&client(Arc::new(script.clone())), arch);
    (script, controller)
}

fn tag(name: &str, phase: &str) -> Step {
    Step::json(&json!({
        "name": name, "phase": phase, "pullSpec": format!("registry.example.com/x:{name}"),
        "downloadURL": "https://example.com", "results": {}, "changeLogJson": {},
    }))
}

fn gone() -> Step {
    Step::answer(404, "unable to find tag\n")
}

fn not_promoted(phase: Phase) -> Promotion {
    Promotion::NotPromoted { phase: Some(phase) }
}

#[tokio::test]
async fn one_tag_is_asked_for_in_its_short_form() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/v1/releasestream/4-stable/release/4.98.1"))
        .and(query_param("format", "short"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({ "name": "4.98.1", "phase": "Accepted" })),
        )
        .expect(1)
        .mount(&server)
        .await;
    let network = Arc::new(ReqwestSend::new(NetworkSettings::default()));
    let http = client_at(network, endpoints_at(Service::ReleaseController, &server.uri()));
    let controller = HttpReleaseController::new(&http, Arch::Amd64);
    assert_eq!(controller.promotion(&"4.98.1".parse().unwrap()).await, Promotion::Accepted);
}

#[rstest]
#[case("Pending", Phase::Pending)]
#[case("Ready", Phase::Ready)]
#[case("Rejected", Phase::Rejected)]
#[case("Failed", Phase::Failed)]
#[tokio::test]
async fn only_accepted_is_promoted(#[case] word: &str, #[case] phase: Phase) {
    let (_, controller) = scripted(Arch::Amd64, [tag("4.98.1", word)]);
    let promotion = controller.promotion(&"4.98.1".parse().unwrap()).await;
    assert_eq!(promotion, not_promoted(phase));
}

#[tokio::test]
async fn r22_a_phase_nobody_knows_is_kept_and_shown() {
    let (_, controller) = scripted(Arch::Amd64, [tag("4.98.1", "Embargoed")]);
    let promotion = controller.promotion(&"4.98.1".parse().unwrap()).await;
    assert_eq!(promotion, not_promoted(Phase::Other("Embargoed".to_owned())));
    assert_eq!(Phase::Other("Embargoed".to_owned()).to_string(), "Embargoed");
}

#[rstest]
#[case("4.98.1", Arch::Amd64, &["4-stable"])]
#[case("5.1.0", Arch::Amd64, &["5-stable"])]
#[case("4.98.1", Arch::Arm64, &["4-stable-arm64"])]
#[case("4.98.0-rc.1", Arch::Amd64, &["4-stable", "4-dev-preview"])]
#[case("4.98.0-ec.2", Arch::Amd64, &["4-dev-preview", "4-stable"])]
#[case("4.98.0-ec.2", Arch::S390x, &["4-dev-preview-s390x", "4-stable-s390x"])]
#[tokio::test]
async fn the_stream_follows_from_the_name_and_candidates_are_looked_for_in_both(
    #[case] release: &str,
    #[case] arch: Arch,
    #[case] streams: &[&str],
) {
    let (script, controller) = scripted(arch, [gone()]);
    let promotion = controller.promotion(&release.parse().unwrap()).await;
    assert_eq!(promotion, Promotion::NotPromoted { phase: None });
    let host = format!("https://{arch}.ocp.releases.ci.openshift.org/api/v1/releasestream");
    let asked: Vec<String> = script.seen().into_iter().map(|seen| seen.url).collect();
    let expected: Vec<String> = streams
        .iter()
        .map(|stream| format!("{host}/{stream}/release/{release}?format=short"))
        .collect();
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn a_candidate_in_the_other_stream_is_found() {
    let (_, controller) = scripted(Arch::Amd64, [gone(), tag("4.98.0-ec.2", "Accepted")]);
    let promotion = controller.promotion(&"4.98.0-ec.2".parse().unwrap()).await;
    assert_eq!(promotion, Promotion::Accepted);
}

#[tokio::test(start_paused = true)]
async fn trouble_is_unknown_and_never_a_no() {
    for step in [
        Step::answer(503, ""),
        Step::answer(500, ""),
        Step::Stall,
        Step::answer(200, "<html>maintenance</html>"),
        Step::json(&json!({ "name": "4.98.1" })),
        Step::answer(403, ""),
        // The answer is about another release.
        tag("4.98.2", "Accepted"),
    ] {
        let (_, controller) = scripted(Arch::Amd64, [step.clone()]);
        let promotion = controller.promotion(&"4.98.1".parse().unwrap()).await;
        assert!(matches!(promotion, Promotion::Unknown { .. }), "{step:?}: {promotion:?}");
    }
}

#[tokio::test]
async fn the_newest_stable_is_asked_for_with_the_dot() {
    let (script, controller) = scripted(Arch::Amd64, [tag("4.98.7", "Accepted")]);
    let newest = controller.latest_stable("4.98".parse().unwrap()).await.unwrap();
    assert_eq!(newest, Some("4.98.7".parse().unwrap()));
    assert!(
        script.seen()[0].url.ends_with("/api/v1/releasestream/4-stable/latest?prefix=4.98."),
        "{}",
        script.seen()[0].url
    );
}

#[tokio::test]
async fn no_stable_release_yet_is_an_answer() {
    let (script, controller) = scripted(Arch::Amd64, [gone()]);
    assert_eq!(controller.latest_stable("4.98".parse().unwrap()).await.unwrap(), None);
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn an_answer_about_another_y_stream_is_refused() {
    for name in ["4.9.1", "4.980.1", "5.98.1", "nonsense"] {
        let (_, controller) = scripted(Arch::Amd64, [tag(name, "Accepted")]);
        let error = controller.latest_stable("4.98".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Undetermined, "{name}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_newest_stable_is_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        let controller = HttpReleaseController::new(&http, Arch::Amd64);
        let newest = controller.latest_stable("4.98".parse().expect("a y-stream")).await;
        newest.map(drop).map_err(|error| error.class())
    };
    let subject = Subject::new(Service::ReleaseController, tag("4.98.7", "Accepted"), call);
    check_read(&subject).await;
}

fn changed(name: &str, digest: &str) -> Step {
    Step::json(&json!({
        "name": name, "phase": "Accepted",
        "changeLogJson": { "from": { "digest": "sha256:0" }, "to": { "name": name, "digest": digest } },
    }))
}

#[tokio::test(start_paused = true)]
async fn spec03_case_35_a_digest_that_is_not_rendered_is_waited_for() {
    let empty = || changed("4.98.1", "");
    let (script, controller) =
        scripted(Arch::Amd64, [empty(), empty(), changed("4.98.1", "sha256:12")]);
    let begun = tokio::time::Instant::now();
    let told = controller.release_digest(&"4.98.1".parse().unwrap()).await.unwrap();
    assert_eq!(told, ToldDigest::Known("sha256:12".to_owned()));
    assert_eq!((script.seen().len(), begun.elapsed().as_secs()), (3, 60));
    assert!(script.seen()[0].url.ends_with("/releasestream/4-stable/release/4.98.1"));

    let (script, controller) = scripted(Arch::Amd64, [empty()]);
    let begun = tokio::time::Instant::now();
    let told = controller.release_digest(&"4.98.1".parse().unwrap()).await.unwrap();
    assert_eq!((told, script.seen().len()), (ToldDigest::NotRendered, 17));
    assert_eq!(begun.elapsed().as_secs(), 480);
}

#[tokio::test]
async fn spec03_case_38_previews_are_looked_for_in_their_stream() {
    let (script, controller) = scripted(Arch::Amd64, [changed("4.98.0-ec.1", "sha256:12")]);
    controller.release_digest(&"4.98.0-ec.1".parse().unwrap()).await.unwrap();
    assert!(script.seen()[0].url.contains("/4-dev-preview/"), "{}", script.seen()[0].url);
    let (_, controller) = scripted(Arch::Amd64, [gone()]);
    let told = controller.release_digest(&"4.98.0-ec.1".parse().unwrap()).await.unwrap();
    assert_eq!(told, ToldDigest::NoSuchRelease);
}

#[tokio::test(start_paused = true)]
async fn a_digest_is_not_taken_from_trouble_or_from_another_release() {
    for step in [Step::answer(503, ""), Step::answer(200, "<html>"), changed("4.98.2", "sha256:12")]
    {
        let (_, controller) = scripted(Arch::Amd64, [step]);
        assert!(controller.release_digest(&"4.98.1".parse().unwrap()).await.is_err());
    }
    // Missing parts are the same as not rendered.
    for body in
        [json!({ "name": "4.98.1" }), json!({ "name": "4.98.1", "changeLogJson": { "to": null } })]
    {
        let (_, controller) = scripted(Arch::Amd64, [Step::json(&body)]);
        let told = controller.release_digest(&"4.98.1".parse().unwrap()).await.unwrap();
        assert_eq!(told, ToldDigest::NotRendered);
    }
}
