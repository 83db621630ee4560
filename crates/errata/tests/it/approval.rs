//! Moving the advisories of a release.

use oar_errata::{Action, ApprovalReport, Approver, TargetState};
use oar_release::TaskOutcome;
use oar_sandbox::errata::Alert;
use oar_sandbox::fault::{Kind, Rule};

use crate::support::{ID, Lab, RHCOS, advisory};

fn approver(lab: &Lab) -> Approver<'_> {
    Approver { read: &lab.errata, write: &lab.errata, brew: &lab.brew, rules: &[] }
}

async fn approve(lab: &Lab, target: TargetState) -> ApprovalReport {
    let set = lab.konflux_set().await;
    let review = approver(lab).review(&set, target).await;
    approver(lab).move_all(review).await
}

fn actions(report: &ApprovalReport) -> Vec<Action> {
    report.entries.iter().map(|entry| entry.action).collect()
}

const BLOCKER: &str = "OSCI-EXAMPLE";

fn blocking(it: &mut oar_sandbox::errata::Advisory) {
    it.alerts = vec![
        Alert { name: "other".to_owned(), text: "fine".to_owned(), blocking: false },
        Alert { name: BLOCKER.to_owned(), text: "missing notes".to_owned(), blocking: true },
    ];
}

#[tokio::test]
async fn spec02_case_15_one_that_is_not_ready_keeps_all_where_they_are() {
    let lab = Lab::with(|world| advisory(world, RHCOS).state = "NEW_FILES".to_owned());
    let report = approve(&lab, TargetState::RelPrep).await;
    assert_eq!(actions(&report), [Action::Ready, Action::NotReady]);
    assert_eq!(report.outcome(), TaskOutcome::InProgress { job: None });
    assert!(!report.all_reached());
    let reason = &report.entries[1].reason;
    assert!(reason.contains("in NEW_FILES") && reason.contains("to REL_PREP"), "{reason}");
    assert!(lab.effects().is_empty());
}

#[tokio::test]
async fn spec02_case_15_with_both_ready_each_is_moved_and_read_back() {
    let lab = Lab::new();
    let report = approve(&lab, TargetState::RelPrep).await;
    assert_eq!(actions(&report), [Action::Moved, Action::Moved]);
    assert_eq!((report.outcome(), report.all_reached()), (TaskOutcome::Pass, true));
    assert_eq!(
        lab.effects(),
        [format!("change-state {ID} REL_PREP"), format!("change-state {RHCOS} REL_PREP")]
    );
    // Again: nothing to do, and that is fine.
    let report = approve(&lab, TargetState::RelPrep).await;
    assert_eq!(actions(&report), [Action::Already, Action::Already]);
    assert_eq!((report.outcome(), lab.effects().len()), (TaskOutcome::Pass, 2));
}

#[tokio::test]
async fn spec02_case_16_an_alert_on_the_second_keeps_the_first_where_it_is() {
    let lab = Lab::with(|world| blocking(advisory(world, RHCOS)));
    let report = approve(&lab, TargetState::RelPrep).await;
    assert_eq!(actions(&report), [Action::Ready, Action::Blocked]);
    let TaskOutcome::Fail { error } = report.outcome() else { panic!("{report:?}") };
    assert!(error.contains(&RHCOS.to_string()) && error.contains(BLOCKER), "{error}");
    assert!(!error.contains("other"), "only what blocks: {error}");
    assert!(lab.effects().is_empty());
}

#[tokio::test]
async fn alerts_of_other_than_security_advisories_are_not_asked_for() {
    let lab = Lab::with(|world| {
        for id in [ID, RHCOS] {
            advisory(world, id).kind = "rhba".to_owned();
        }
    });
    lab.sandbox.plant(Rule::once("errata", Kind::Status(500)).path("alerts").times(u32::MAX));
    assert_eq!(approve(&lab, TargetState::RelPrep).await.outcome(), TaskOutcome::Pass);
}

#[tokio::test(start_paused = true)]
async fn spec02_case_17_r32_a_refused_refresh_is_retried_and_then_a_warning() {
    let lab = Lab::with(|world| advisory(world, ID).refresh_is_refused = true);
    let report = approve(&lab, TargetState::RelPrep).await;
    assert_eq!(report.outcome(), TaskOutcome::Pass);
    let [warning] = report.warnings.as_slice() else { panic!("{:?}", report.warnings) };
    assert!(warning.contains(&ID.to_string()), "{warning}");
    assert!(warning.contains("cannot be refreshed"), "the Errata Tool's words: {warning}");
    assert_eq!(lab.sandbox.requests()["errata POST"], 3 + 1 + 2, "3 tries, 1 refresh, 2 moves");
}

#[tokio::test(start_paused = true)]
async fn spec02_case_17_when_the_read_fails_too_it_is_a_failure() {
    let lab = Lab::with(|world| advisory(world, ID).refresh_is_refused = true);
    let get = Rule::once("errata", Kind::Status(422)).method(http::Method::GET);
    lab.sandbox.plant(get.path(format!("{ID}/security_alerts")));
    let report = approve(&lab, TargetState::RelPrep).await;
    let TaskOutcome::Fail { error } = report.outcome() else { panic!("{report:?}") };
    assert!(error.contains(&ID.to_string()) && error.contains("alerts"), "{error}");
    assert!(lab.effects().is_empty(), "nothing moved");
}

#[tokio::test(start_paused = true)]
async fn a_refused_refresh_does_not_hide_a_blocker() {
    let lab = Lab::with(|world| {
        advisory(world, ID).refresh_is_refused = true;
        blocking(advisory(world, ID));
    });
    let report = approve(&lab, TargetState::RelPrep).await;
    assert_eq!(actions(&report), [Action::Blocked, Action::Ready]);
}

#[tokio::test]
async fn spec02_case_18_a_kernel_that_must_not_ship_stops_everything() {
    let lab = Lab::with(|world| {
        let tags = world.errata.tags.get_mut("kernel-5.99.0-99.1").unwrap();
        tags.push("early-kernel-stop-ship".to_owned());
    });
    let set = lab.konflux_set().await;
    let kernels = approver(&lab).review_kernels(&set, TargetState::RelPrep).await;
    assert!(!kernels.is_clear());
    let TaskOutcome::Fail { error } = kernels.outcome() else { panic!("{kernels:?}") };
    assert!(error.contains("kernel-5.99.0-99.1") && error.contains("early-kernel"), "{error}");
    let report = approve(&lab, TargetState::RelPrep).await;
    assert_eq!(actions(&report), [Action::Ready, Action::Blocked]);
    assert!(lab.effects().is_empty());
}

#[tokio::test]
async fn a_clear_kernel_is_no_obstacle() {
    let lab = Lab::new();
    let set = lab.konflux_set().await;
    let kernels = approver(&lab).review_kernels(&set, TargetState::RelPrep).await;
    assert!(kernels.is_clear(), "{kernels:?}");
}

#[tokio::test]
async fn a_kernel_that_cannot_be_looked_at_leaves_no_verdict() {
    let lab = Lab::with(|world| world.errata.tags.clear());
    let report = approve(&lab, TargetState::RelPrep).await;
    let TaskOutcome::Undetermined { error } = report.outcome() else { panic!("{report:?}") };
    assert!(error.contains("No such build"), "{error}");
    assert!(lab.effects().is_empty());
}

#[tokio::test]
async fn handing_over_to_qe_checks_the_state_and_nothing_else() {
    let lab = Lab::with(|world| {
        blocking(advisory(world, ID));
        advisory(world, RHCOS).state = "NEW_FILES".to_owned();
        world.errata.tags.clear();
    });
    let report = approve(&lab, TargetState::Qe).await;
    assert_eq!(actions(&report), [Action::Already, Action::Moved]);
    assert_eq!(lab.effects(), [format!("change-state {RHCOS} QE")]);
}

#[tokio::test]
async fn one_that_went_further_meanwhile_is_left_alone() {
    let lab = Lab::new();
    let set = lab.konflux_set().await;
    let review = approver(&lab).review(&set, TargetState::RelPrep).await;
    lab.sandbox.change(|world| advisory(world, ID).state = "PUSH_READY".to_owned()).unwrap();
    lab.sandbox
        .change(|world| advisory(world, RHCOS).state = "DROPPED_NO_SHIP".to_owned())
        .unwrap();
    let report = approver(&lab).move_all(review).await;
    assert_eq!(actions(&report), [Action::Already, Action::Failed]);
    assert!(report.entries[1].reason.contains("DROPPED_NO_SHIP"), "{report:?}");
    assert!(lab.effects().is_empty(), "no request for an illegal move");
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_half_way_only_the_rest_is_moved() {
    let lab = Lab::new();
    let rule = Rule::once("errata", Kind::Status(422)).method(http::Method::POST);
    lab.sandbox.plant(rule.path(format!("{RHCOS}/change_state")));
    let report = approve(&lab, TargetState::RelPrep).await;
    assert_eq!(actions(&report), [Action::Moved, Action::Failed]);
    assert!(matches!(report.outcome(), TaskOutcome::Fail { .. }));
    let report = approve(&lab, TargetState::RelPrep).await;
    assert_eq!(actions(&report), [Action::Already, Action::Moved]);
    assert_eq!(lab.count("change-state"), 2);
}

#[tokio::test]
async fn a_placeholder_or_an_unread_advisory_keeps_all_where_they_are() {
    let lab = Lab::new();
    let set = lab.set(&[("rpm", ID.0)], &["rhcos"]).await;
    let review = approver(&lab).review(&set, TargetState::RelPrep).await;
    let report = approver(&lab).move_all(review).await;
    assert_eq!(report.outcome(), TaskOutcome::InProgress { job: None });
    lab.sandbox.plant(Rule::once("errata", Kind::Status(403)).path(RHCOS.to_string()));
    let report = approve(&lab, TargetState::RelPrep).await;
    assert!(matches!(report.outcome(), TaskOutcome::Undetermined { .. }), "{report:?}");
    assert!(lab.effects().is_empty());
}

#[tokio::test]
async fn the_report_has_the_words_of_the_interface() {
    let lab = Lab::with(|world| advisory(world, RHCOS).state = "NEW_FILES".to_owned());
    let report = approve(&lab, TargetState::RelPrep).await;
    let shown = serde_json::to_value(&report.entries[1]).unwrap();
    assert_eq!(shown["errata_id"], RHCOS.0);
    assert_eq!((&shown["impetus"], &shown["action"]), (&"rhcos".into(), &"not_ready".into()));
    assert_eq!((&shown["from"], &shown["to"]), (&"NEW_FILES".into(), &"REL_PREP".into()));
}
