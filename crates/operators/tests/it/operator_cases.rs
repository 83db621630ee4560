//! What the operators of both flows have in common (spec 06 §2, cases 1, 2 and 5).

use std::sync::Arc;
use std::time::Duration;

use oar_operators::tasks::analyze_build::{self, Decision, Subject};
use oar_operators::tasks::image_consistency_check::{self, Backend, Request};
use oar_operators::tasks::{check_cve_tracker_bug, take_ownership};
use oar_release::TaskOutcome;
use oar_sandbox::fault::{Kind, Rule};
use oar_sandbox::world::World;
use oar_state_repo::{MemoryRepo, StateRepo};
use oar_statebox::InitialState;
use serde_json::json;

use crate::desk::release;
use crate::lab::Lab;

/// A lab of the Errata flow, with the StateBox of 4.98.17.
pub async fn errata_flow() -> Lab {
    let lab = Lab::of("openshift-4.98");
    let initial = InitialState {
        release: "4.98.17".parse().expect("a release"),
        jira_ticket: None,
        advisory_ids: Vec::new(),
        release_date: "2026-Mar-15".parse().expect("a date"),
        candidate_builds: Vec::new(),
        shipment_mr: None,
    };
    let who = lab.desk.context.who("test");
    lab.desk.context.boxes.initialise(&initial, &who).await.expect("a StateBox");
    lab
}

#[tokio::test(start_paused = true)]
async fn spec06_case_01_in_the_errata_flow_gitlab_is_never_asked() {
    let lab = errata_flow().await;
    let release = "4.98.17".parse().expect("a release");
    let report = take_ownership::run(&lab.desk.context, &release, "lead@example.com").await;
    assert_eq!(report.outcome, TaskOutcome::Pass, "{report:?}");
    let requests = lab.sandbox.requests();
    assert!(!requests.keys().any(|service| service.starts_with("gitlab")), "{requests:?}");
    let changed = |service: &str| {
        lab.sandbox.world(|world| world.effects.iter().any(|effect| effect.service == service))
    };
    assert!(changed("errata") && changed("jira"), "{report:?}");
    let posted = lab.desk.posted();
    let [only] = &posted[..] else { panic!("{posted:?}") };
    assert!(only.contains("4.98.17") && only.contains("lead@example.com"), "{only}");
    assert!(!only.contains("Shipment"), "{only}");
}

#[tokio::test(start_paused = true)]
async fn spec06_case_02_a_merged_shipment_is_read_like_any_other() {
    let lab = Lab::new();
    let merge = |world: &mut World| {
        let mut all = world.gitlab.merge_requests.iter_mut();
        let mr = all.find(|mr| mr.iid == 337).expect("the shipment");
        "merged".clone_into(&mut mr.state);
    };
    lab.sandbox.change(merge).expect("a change");
    let report = check_cve_tracker_bug::run(&lab.desk.context, &release(), true).await;
    assert_eq!(report.outcome, TaskOutcome::Pass, "{report:?}");
    assert_eq!(report.warnings, [""; 0], "the shipment was read");
}

/// Runs the image check to its end, with the images graded by `grade`, in the order of the catalogue.
async fn graded(lab: &Lab, grade: impl Fn(usize) -> &'static str) -> TaskOutcome {
    let regrade = |world: &mut World| {
        for (number, image) in world.pyxis.images.values_mut().enumerate() {
            for entry in &mut image.grades {
                grade(number).clone_into(&mut entry.0);
            }
        }
    };
    lab.sandbox.change(regrade).expect("a change");
    let request = Request::Start { backend: Backend::Prow, force: false };
    let context = &lab.desk.context;
    image_consistency_check::run(context, &release(), &request).await;
    lab.later(Duration::from_hours(2));
    image_consistency_check::run(context, &release(), &request).await.outcome
}

#[tokio::test(start_paused = true)]
async fn spec06_case_05_one_bad_image_fails_and_grades_that_cannot_be_had_decide_nothing() {
    let lab = Lab::new();
    let one_bad = |number| if number == 0 { "C" } else { ["A", "B"][number % 2] };
    let bad = graded(&lab, one_bad).await;
    let TaskOutcome::Fail { error } = &bad else { panic!("{bad:?}") };
    assert!(error.contains("1 images are unhealthy"), "{error}");

    let lab = Lab::new();
    lab.sandbox.plant(Rule::once("pyxis", Kind::Status(500)).times(u32::MAX));
    let open = graded(&lab, |_| "A").await;
    assert!(matches!(open, TaskOutcome::InProgress { job: Some(_) }), "{open:?}");
    assert!(lab.entry("image-consistency-check").contains("status: In Progress"));
}

/// A run that is repeated can turn the verdict round after the task has passed.
#[tokio::test(start_paused = true)]
async fn a_pass_that_the_tests_gave_is_never_told_as_a_person_s() {
    let mut lab = Lab::new();
    let records = Arc::new(MemoryRepo::new());
    lab.desk.context.records = Arc::clone(&records) as Arc<dyn StateRepo>;
    let context = &lab.desk.context;
    let publish = |accepted: bool| {
        let file = json!({ "aggregated": true, "accepted": accepted, "result": [],
                           "build": { "name": release().to_string() } });
        records.put("_releases/ocp-test-result-4.99.3-amd64.json", &file.to_string());
    };
    let run = |decision| async move {
        analyze_build::run(context, &release(), Subject::Promoted, decision).await.outcome
    };
    publish(true);
    assert_eq!(run(None).await, TaskOutcome::Pass);
    publish(false);
    let TaskOutcome::Unchanged { reason } = run(None).await else { panic!("never re-opened") };
    assert!(!reason.contains("a person accepted") && reason.contains("reject"), "{reason}");
    // Once a person has said so it is true.
    let accept = Decision::Accept("a known flake of the console".parse().expect("a reason"));
    assert_eq!(run(Some(&accept)).await, TaskOutcome::Pass);
    let TaskOutcome::Unchanged { reason } = run(None).await else { panic!("it is recorded") };
    assert!(reason.contains("a person accepted 4.99.3"), "{reason}");
}
