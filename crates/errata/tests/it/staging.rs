//! Pushing to staging.

use oar_errata::{
    AdvisoryId, ErrataRead as _, ErrataWrite as _, Progress, PushReport, push_to_staging,
};
use oar_release::TaskOutcome;
use oar_sandbox::errata::{Advisory, Job};
use oar_sandbox::fault::{Kind, Rule};
use oar_transport::testing::Step;
use oar_transport::{Processed, SendErrorKind};
use serde_json::json;

use crate::support::{ID, Lab, RHCOS, advisory, scripted};

async fn push(lab: &Lab) -> PushReport {
    let set = lab.konflux_set().await;
    push_to_staging(&lab.errata, &lab.errata, &set).await
}

fn of(report: &PushReport, id: AdvisoryId) -> &Progress {
    &report.entries.iter().find(|entry| entry.id == id).unwrap().progress
}

fn job(id: u64, target: &str, status: &str) -> Job {
    Job { id, target: target.to_owned(), status: status.to_owned(), clock: None }
}

fn done(it: &mut Advisory) {
    it.jobs.push(job(1, "cdn_stage", "COMPLETE"));
}

const IN_PROGRESS: TaskOutcome = TaskOutcome::InProgress { job: None };

#[tokio::test]
async fn spec02_case_11_without_jobs_one_post_and_then_none() {
    let lab = Lab::with(|world| done(advisory(world, RHCOS)));
    let report = push(&lab).await;
    assert_eq!(of(&report, ID), &Progress::Triggered { jobs: vec![701] });
    assert_eq!(of(&report, RHCOS), &Progress::Done);
    assert_eq!(report.outcome(), IN_PROGRESS);
    assert_eq!(lab.effects(), [format!("push {ID}")]);
    // Under way, whatever the word: no post.
    for _ in 0..2 {
        let report = push(&lab).await;
        assert_eq!(of(&report, ID), &Progress::Running);
        assert_eq!(report.outcome(), IN_PROGRESS);
    }
    while push(&lab).await.outcome() != TaskOutcome::Pass {}
    assert_eq!(lab.effects(), [format!("push {ID}")], "all complete: passed, pushed once");
}

#[tokio::test]
async fn spec02_case_10_14_a_complete_newest_job_of_staging_is_done() {
    let lab = Lab::with(|world| {
        advisory(world, ID).jobs = vec![
            job(9, "cdn_stage", "COMPLETE"),
            job(5, "cdn_stage", "FAILED"),
            job(10, "cdn", "FAILED"),
        ];
        done(advisory(world, RHCOS));
    });
    assert_eq!(push(&lab).await.outcome(), TaskOutcome::Pass);
    assert!(lab.effects().is_empty());
}

#[tokio::test]
async fn spec02_case_12_only_the_blocker_is_pushed_until_it_is_complete() {
    let lab = Lab::new();
    // `rhcos` waits for `rpm`.
    loop {
        let report = push(&lab).await;
        if *of(&report, ID) == Progress::Done {
            assert!(matches!(of(&report, RHCOS), Progress::Triggered { .. }), "{report:?}");
            break;
        }
        assert!(matches!(of(&report, RHCOS), Progress::Waiting { .. }), "{report:?}");
        assert_eq!(lab.effects(), [format!("push {ID}")]);
        let order: Vec<AdvisoryId> = report.entries.iter().map(|entry| entry.id).collect();
        assert_eq!(order, [ID, RHCOS], "blockers first");
    }
    assert_eq!(lab.effects(), [format!("push {ID}"), format!("push {RHCOS}")]);
}

#[tokio::test]
async fn a_blocker_outside_of_the_release_is_pushed_and_shown_as_that() {
    let lab = Lab::with(|world| {
        advisory(world, ID).blocking = vec![980_174];
        advisory(world, RHCOS).blocking.clear();
    });
    let report = push(&lab).await;
    assert_eq!(lab.effects(), ["push 980174".to_owned(), format!("push {RHCOS}")]);
    let foreign = report.entries.iter().find(|entry| entry.id.0 == 980_174).unwrap();
    assert!(!foreign.of_release);
    assert!(matches!(of(&report, ID), Progress::Waiting { .. }));
}

#[tokio::test]
async fn a_blocker_past_staging_or_dropped_is_not_waited_for() {
    for state in ["PUSH_READY", "IN_PUSH", "SHIPPED_LIVE", "DROPPED_NO_SHIP"] {
        let lab = Lab::with(|world| {
            advisory(world, AdvisoryId(980_174)).state = state.to_owned();
            advisory(world, RHCOS).blocking = vec![980_174];
            done(advisory(world, ID));
        });
        // Of a dropped blocker the model's own rule still wants a push; only ours is looked at.
        let report = push(&lab).await;
        let progress = of(&report, RHCOS);
        match state {
            "DROPPED_NO_SHIP" => {
                assert!(matches!(progress, Progress::Waiting { .. }), "{progress:?}");
                assert!(report.warnings[0].contains("980174"), "{:?}", report.warnings);
                assert_eq!(lab.count("push-too-early"), 1, "asked, and told to wait");
            }
            _ => assert!(matches!(progress, Progress::Triggered { .. }), "{state}: {progress:?}"),
        }
    }
}

#[tokio::test]
async fn advisories_that_block_each_other_are_an_error_and_nothing_is_pushed() {
    let lab = Lab::with(|world| advisory(world, ID).blocking = vec![RHCOS.0]);
    let report = push(&lab).await;
    let TaskOutcome::Fail { error } = report.outcome() else { panic!("{report:?}") };
    assert!(error.contains("block each other"), "{error}");
    assert!(error.contains(&ID.to_string()) && error.contains(&RHCOS.to_string()), "{error}");
    assert!(lab.effects().is_empty());
}

#[tokio::test]
async fn spec02_case_13_one_refusal_does_not_stop_the_others() {
    let lab = Lab::with(|world| {
        advisory(world, ID).is_signed = false;
        advisory(world, RHCOS).blocking.clear();
    });
    let report = push(&lab).await;
    assert!(matches!(of(&report, RHCOS), Progress::Triggered { .. }));
    let TaskOutcome::Fail { error } = report.outcome() else { panic!("{report:?}") };
    assert!(error.contains(&ID.to_string()), "{error}");
    assert!(error.contains("base: Packages are not signed"), "{error}");
    assert!(!error.contains(&RHCOS.to_string()), "{error}");
}

#[tokio::test]
async fn a_target_that_fails_again_and_again_is_given_up_with_its_jobs() {
    for (failures, posts) in [(1, 1), (2, 1), (3, 0)] {
        let lab = Lab::with(|world| {
            let failed = (1..=failures).map(|id| job(id, "cdn_stage", "FAILED"));
            advisory(world, ID).jobs = failed.collect();
            done(advisory(world, RHCOS));
        });
        let outcome = push(&lab).await.outcome();
        assert_eq!(lab.count("push"), posts, "{failures}");
        if posts == 0 {
            let TaskOutcome::Fail { error } = outcome else { panic!("{outcome:?}") };
            assert!(error.contains("jobs 1, 2, 3"), "{error}");
        } else {
            assert_eq!(outcome, IN_PROGRESS);
        }
    }
}

#[tokio::test]
async fn a_push_from_before_a_respin_is_repeated_once() {
    let lab = Lab::with(|world| {
        let rpm = advisory(world, ID);
        (rpm.respins, rpm.stage_is_stale) = (2, true);
        done(rpm);
        done(advisory(world, RHCOS));
    });
    assert!(matches!(of(&push(&lab).await, ID), Progress::Triggered { .. }));
    while push(&lab).await.outcome() != TaskOutcome::Pass {}
    assert_eq!(lab.count("push"), 1);
}

#[tokio::test]
async fn a_guard_page_that_cannot_be_read_is_a_warning() {
    let lab = Lab::with(|world| {
        let rpm = advisory(world, ID);
        rpm.respins = 1;
        done(rpm);
        done(advisory(world, RHCOS));
    });
    lab.sandbox.plant(Rule::once("errata", Kind::LoginPage).path("workflow_rules"));
    let report = push(&lab).await;
    assert_eq!(report.outcome(), TaskOutcome::Pass);
    assert!(report.warnings[0].contains("respun"), "{:?}", report.warnings);
}

#[tokio::test]
async fn new_files_is_pushed_all_the_same_and_a_refusal_keeps_it_in_progress() {
    let lab = Lab::with(|world| {
        advisory(world, ID).state = "NEW_FILES".to_owned();
        done(advisory(world, RHCOS));
    });
    let report = push(&lab).await;
    assert!(matches!(of(&report, ID), Progress::Triggered { .. }));
    assert!(report.warnings[0].contains("NEW_FILES"), "{:?}", report.warnings);

    let lab = Lab::with(|world| {
        let rpm = advisory(world, ID);
        rpm.state = "NEW_FILES".to_owned();
        rpm.is_signed = false;
        done(advisory(world, RHCOS));
    });
    let report = push(&lab).await;
    assert!(matches!(of(&report, ID), Progress::NotInQe { .. }), "{report:?}");
    assert_eq!(report.outcome(), IN_PROGRESS);
}

#[tokio::test]
async fn spec02_case_03_a_placeholder_keeps_the_push_from_passing() {
    let lab = Lab::with(|world| done(advisory(world, ID)));
    let set = lab.set(&[("rpm", ID.0)], &["rhcos"]).await;
    let report = push_to_staging(&lab.errata, &lab.errata, &set).await;
    assert_eq!(report.outcome(), IN_PROGRESS);
    assert!(report.missing.unwrap().contains("rhcos"));
}

#[tokio::test]
async fn what_cannot_be_read_leaves_no_verdict() {
    let lab = Lab::with(|world| done(advisory(world, ID)));
    lab.sandbox.plant(Rule::once("errata", Kind::Status(403)).path(format!("{RHCOS}/push")));
    let report = push(&lab).await;
    assert!(matches!(report.outcome(), TaskOutcome::Undetermined { .. }), "{report:?}");
    assert!(lab.effects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_looked_up_in_the_list_of_jobs() {
    let lab = Lab::with(|world| done(advisory(world, RHCOS)));
    let post = Rule::once("errata", Kind::ResetAfter).method(http::Method::POST);
    lab.sandbox.plant(post);
    let report = push(&lab).await;
    assert_eq!(of(&report, ID), &Progress::Triggered { jobs: vec![701] });
    assert_eq!(lab.count("push"), 1);
    // The request was lost, not the answer: nobody can know, so it is not sent again.
    let lab = Lab::with(|world| done(advisory(world, RHCOS)));
    let post = Rule::once("errata", Kind::ResetBefore).method(http::Method::POST);
    lab.sandbox.plant(post);
    let report = push(&lab).await;
    assert!(matches!(of(&report, ID), Progress::Undetermined { .. }), "{report:?}");
    assert_eq!(lab.count("push"), 0);
    // The next run reads the jobs and triggers.
    assert!(matches!(of(&push(&lab).await, ID), Progress::Triggered { .. }));
}

#[tokio::test]
async fn the_request_is_the_one_that_redoes_only_what_is_needed() {
    let (script, errata) = scripted([Step::json(&json!([{ "id": 8, "more": 1 }, { "id": 9 }]))]);
    assert_eq!(errata.push_to_stage(ID, 0).await.unwrap(), [8, 9]);
    let seen = &script.seen()[0];
    assert_eq!(
        seen.url,
        "https://errata.devel.redhat.com/api/v1/erratum/990031/push?defaults=stage"
    );
    assert!(seen.method == "POST" && seen.body.is_empty());
}

#[tokio::test]
async fn an_answer_to_a_push_that_cannot_be_read_is_looked_up() {
    let jobs = json!([{ "id": 5, "status": "COMPLETE", "target": { "name": "cdn_stage" } },
                      { "id": 6, "status": "QUEUED", "target": { "name": "cdn_stage" } },
                      { "id": 7, "status": "QUEUED", "target": { "name": "cdn" } }]);
    for answer in
        [Step::answer(200, "<html>"), Step::Fail(SendErrorKind::Interrupted, Processed::Unknown)]
    {
        let (_, errata) = scripted([answer, Step::json(&jobs)]);
        assert_eq!(errata.push_to_stage(ID, 5).await.unwrap(), [6]);
    }
    let (_, errata) = scripted([Step::json(&jobs)]);
    assert_eq!(errata.push_jobs(ID).await.unwrap().len(), 3);
}
