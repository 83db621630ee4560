//! Whether a release has happened.

use http::Method;
use oar_gitlab_shipment::{
    Gate, GitLabRead as _, ReleaseStage, SeenSuccess, release_gate, stage_release,
};
use oar_release::workflow::StageGate;
use serde_json::{Value, json};

use crate::fake::{Fake, GitLabFake as _, IMAGE, IMAGE_PATH, mr, mr_with, shipment, with_shipment};

fn pipeline(id: u64, created_at: &str) -> Value {
    json!({ "id": id, "project_id": 20, "sha": "s1", "status": "manual", "created_at": created_at,
            "web_url": format!("https://gitlab.example.com/p/-/pipelines/{id}") })
}

fn job(id: u64, name: &str, status: &str) -> Value {
    json!({ "id": id, "name": name, "stage": "stage-release-triggers", "status": status,
            "failure_reason": "script_failure", "web_url": "https://gitlab.example.com/j" })
}

async fn gate(fake: &Fake, before: Option<SeenSuccess>) -> oar_gitlab_shipment::GateReport {
    let gitlab = fake.gitlab();
    let info = gitlab.merge_request(&shipment()).await.unwrap();
    release_gate(&gitlab, &shipment(), &info, ReleaseStage::Stage, before).await.unwrap()
}

#[tokio::test]
async fn spec03_case_07_the_label_outranks_pipelines_without_asking() {
    let fake = with_shipment(&mr_with(&json!({ "labels": ["x", "stage-release-success"] })));
    assert!(gate(&fake, None).await.is_success());
    assert!(fake.asked(&Method::GET, "pipelines").is_empty());
    let similar = with_shipment(&mr_with(&json!({ "labels": ["stage-release-success-not"] })))
        .get("/merge_requests/337/pipelines", &json!([]));
    assert_eq!(gate(&similar, None).await.gate, Gate::NotPresent);
}

#[tokio::test]
async fn spec03_case_08_the_newest_pipelines_jobs_and_bridges_decide() {
    let fake = with_shipment(&mr())
        .get(
            "/merge_requests/337/pipelines",
            &json!([pipeline(3, "2026-03-01T09:00:00Z"), pipeline(2, "2026-03-01T10:00:00Z")]),
        )
        .get("/projects/20/pipelines/2/jobs", &json!([]))
        .get(
            "/projects/20/pipelines/2/bridges",
            &json!([job(1, "image", "success"), job(2, "extras", "failed")]),
        );
    let report = gate(&fake, None).await;
    assert_eq!(StageGate::from(&report.gate), StageGate::Failed);
    assert_eq!(
        report.to_string(),
        "stage release failed: extras failed (script_failure), https://gitlab.example.com/j"
    );
    assert_eq!(fake.seen().len(), 4, "merge request, pipelines, jobs, bridges; none per pipeline");
}

#[tokio::test]
async fn r14_the_label_that_is_gone_revokes_what_was_seen() {
    let seen = SeenSuccess { at: "2026-03-02T00:00:00Z".parse().unwrap() };
    let fake = with_shipment(&mr())
        .get("/merge_requests/337/pipelines", &json!([pipeline(2, "2026-03-01T10:00:00Z")]))
        .get("/pipelines/2/jobs", &json!([]))
        .get("/pipelines/2/bridges", &json!([job(1, "image", "success")]));
    let report = gate(&fake, Some(seen)).await;
    assert!(!report.is_success() && report.revoked.is_some(), "{report}");
    assert!(gate(&fake, None).await.is_success(), "without that memory the pipeline decides");
}

#[tokio::test]
async fn after_stage_release_every_file_must_have_its_advisory() {
    let labelled = mr_with(&json!({ "labels": ["stage-release-success"] }));
    let fake = with_shipment(&labelled);
    let done = stage_release(&fake.gitlab(), &shipment(), None).await.unwrap();
    assert!(done.is_complete() && done.shipment.is_some());
    let start = IMAGE.find("      advisory:").unwrap();
    let end = IMAGE.find("      result:").unwrap();
    let without = format!("{}{}", &IMAGE[..start], &IMAGE[end..]);
    let fake = Fake::default()
        .get("/merge_requests/337", &labelled)
        .get("/merge_requests/337/diffs", &crate::fake::diffs())
        .file(IMAGE_PATH, &without)
        .file(crate::fake::FBC_PATH, crate::fake::FBC);
    let half = stage_release(&fake.gitlab(), &shipment(), None).await.unwrap();
    assert!(half.report.is_success() && !half.is_complete());
    assert_eq!(half.missing_advisories, [IMAGE_PATH], "the FBC file needs none");
}

#[tokio::test]
async fn a_merged_merge_request_is_still_readable() {
    let fake =
        with_shipment(&mr_with(&json!({ "state": "merged", "labels": ["prod-release-success"] })));
    let gitlab = fake.gitlab();
    let info = gitlab.merge_request(&shipment()).await.unwrap();
    let report = release_gate(&gitlab, &shipment(), &info, ReleaseStage::Prod, None).await.unwrap();
    assert!(report.is_success());
    assert_eq!(report.to_string(), "production release succeeded");
}
