//! The command `change-advisory-status` over the whole sandbox (spec 06 §11, cases 6 to 11, 17, 18).

use std::fs;

use oar_errata::TargetState;
use oar_operators::approval::Lock;
use oar_operators::dry_run::Recorder;
use oar_operators::tasks::change_advisory_status::{self, Options};
use oar_release::{ErrorClass, ReleaseVersion, TaskOutcome, TaskStatus};
use oar_sandbox::errata::Alert;
use oar_sandbox::fault::{Kind, Rule};
use serde_json::json;

use crate::approval_lab::{ADVISORY, Lab, release};

fn errata_release() -> ReleaseVersion {
    "4.98.17".parse().expect("a release")
}

const KONFLUX: [u64; 2] = [990_031, 990_032];
const SUBTASKS: [&str; 3] = ["ART-99004", "ART-99005", "ART-99006"];

#[tokio::test(start_paused = true)]
async fn spec06_case_06_the_errata_flow_moves_without_looking_for_a_page() {
    let lab = Lab::new().await;
    let report = lab.approve_release(&errata_release()).await;
    assert_eq!(report.outcome, TaskOutcome::Pass, "{report:?}");
    assert_eq!(report.facts["approval"]["outcome"], "approved");
    for id in 980_171..=980_175 {
        assert_eq!(lab.advisory(id), "REL_PREP");
    }
    for service in ["release_controller", "errata_page", "registry", "gitlab"] {
        assert_eq!(lab.requests(service), 0, "{service}");
    }
    let task = lab.task_of(&errata_release()).await.expect("recorded");
    assert_eq!((task.status, task.job), (TaskStatus::Pass, None));
    assert_eq!(lab.launches(), 0);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_07_an_open_shipment_with_a_public_page_is_approved_once() {
    let lab = Lab::published().await;
    let report = lab.approve().await;
    assert_eq!(report.outcome, TaskOutcome::Pass, "{report:?}");
    assert_eq!(report.warnings, [""; 0]);
    assert_eq!(report.facts["approval"]["outcome"], "approved");
    assert_eq!(report.facts["merge_request"]["standing"], "approved");
    let moved = &report.facts["approval"]["advisories"];
    assert_eq!((&moved[0]["action"], &moved[1]["errata_id"]), (&json!("moved"), &json!(990_032)));
    assert_eq!(lab.count("gitlab", "approve"), 1);
    assert_eq!(KONFLUX.map(|id| lab.advisory(id)), ["REL_PREP", "REL_PREP"]);
    assert_eq!(SUBTASKS.map(|key| lab.subtask(key)), ["Closed", "Closed", "Closed"]);
    assert_eq!(lab.subtask("ART-99007"), "New", "ART's own");
    let task = lab.task().await.expect("recorded");
    let result = task.result.unwrap_or_default();
    assert_eq!(task.status, TaskStatus::Pass);
    assert!(result.ends_with("[Change Advisory Status] status is changed to [Pass]\n"), "{result}");
    assert_eq!(lab.launches(), 0);

    // Again: nothing is approved, moved, closed or written a second time.
    let (effects, commits) = (lab.sandbox.world(|world| world.effects.len()), lab.commits());
    let again = lab.approve().await;
    assert!(matches!(again.outcome, TaskOutcome::Unchanged { .. }), "{again:?}");
    assert_eq!(lab.sandbox.world(|world| world.effects.len()), effects);
    assert_eq!(lab.commits(), commits);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_07_r13_a_merged_shipment_needs_no_approval() {
    let lab = Lab::published().await;
    lab.merge_request("merged");
    let report = lab.approve().await;
    assert_eq!(report.outcome, TaskOutcome::Pass, "{report:?}");
    assert_eq!(report.facts["merge_request"]["standing"], "merged");
    assert_eq!(lab.count("gitlab", "approve"), 0);
    assert_eq!(KONFLUX.map(|id| lab.advisory(id)), ["REL_PREP", "REL_PREP"]);
    assert_eq!(SUBTASKS.map(|key| lab.subtask(key)), ["Closed", "Closed", "Closed"]);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_08_r13_a_closed_shipment_stops_everything() {
    for state in ["closed", "locked"] {
        let lab = Lab::published().await;
        lab.merge_request(state);
        let report = lab.approve().await;
        assert!(!report.success);
        let error = report.error.expect("an error");
        assert!(error.message.contains(state), "{error:?}");
        assert_eq!(lab.count("gitlab", "approve"), 0);
        assert_eq!(KONFLUX.map(|id| lab.advisory(id)), ["QE", "QE"]);
        let task = lab.task().await.expect("recorded");
        assert_eq!(task.status, TaskStatus::Fail);
        assert!(task.result.unwrap_or_default().contains(state), "the cause is kept");
        assert_eq!(lab.launches(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn spec06_case_08_an_unreachable_gitlab_leaves_the_record_alone() {
    for kind in [Kind::Status(503), Kind::ResetBefore, Kind::Status(401), Kind::Status(404)] {
        let lab = Lab::published().await;
        lab.sandbox.plant(Rule::once("gitlab", kind).times(u32::MAX));
        let commits = lab.commits();
        let report = lab.approve().await;
        assert!(!report.success, "{report:?}");
        assert!(matches!(report.outcome, TaskOutcome::Undetermined { .. }), "{:?}", report.outcome);
        assert_eq!(KONFLUX.map(|id| lab.advisory(id)), ["QE", "QE"]);
        assert_eq!((lab.task().await.is_none(), lab.commits()), (true, commits));
        assert_eq!(lab.launches(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn spec06_case_09_a_page_that_is_not_there_is_waited_for() {
    let lab = Lab::promoted().await;
    let report = lab.approve().await;
    assert!(report.success, "{report:?}");
    let approval = &report.facts["approval"];
    assert_eq!(approval["outcome"], "scheduled");
    assert_eq!(approval["deadline"], "2026-03-12T10:00:00Z");
    assert_eq!(approval["log_path"], "/var/tmp/job.log");
    let record = lab.record();
    assert_eq!(approval["job_id"], record.id.as_str());
    assert_eq!((record.checks, record.deadline.to_string().as_str()), (1, "2026-03-12T10:00:00Z"));
    assert_eq!(record.last.as_ref().and_then(|check| check.http_status), Some(404));
    let url = record.payload.expect("read once").url;
    assert_eq!(url.as_deref(), Some("https://access.redhat.com/errata/RHSA-2026:9903"));
    let task = lab.task().await.expect("recorded");
    assert_eq!(task.status, TaskStatus::InProgress);
    assert_eq!(task.job.expect("a job").id, Some(record.id));
    assert!(task.result.unwrap_or_default().contains("2026-03-12T10:00:00Z"));
    assert_eq!(SUBTASKS.map(|key| lab.subtask(key)), ["New", "New", "New"]);
    assert_eq!(KONFLUX.map(|id| lab.advisory(id)), ["QE", "QE"]);
    assert_eq!((lab.count("gitlab", "approve"), lab.launches()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn spec06_case_09_a_broken_release_stream_is_waited_for_too() {
    let lab = Lab::promoted().await;
    lab.sandbox.plant(Rule::once("release_controller", Kind::Status(500)).times(u32::MAX));
    let report = lab.approve().await;
    assert!(report.success, "{report:?}");
    assert_eq!(report.facts["approval"]["outcome"], "scheduled");
    assert_eq!(report.facts["page"]["outcome"], "error");
    let task = lab.task().await.expect("recorded");
    assert_eq!(task.status, TaskStatus::InProgress, "not yet is never a failure");
}

#[tokio::test(start_paused = true)]
async fn spec06_case_10_a_live_job_is_left_alone_and_another_release_starts() {
    let lab = Lab::promoted().await;
    lab.approve().await;
    let job = lab.folder().lock(&release(), Lock::Job).expect("works").expect("free");
    let commits = lab.commits();
    let report = lab.approve().await;
    assert!(report.success);
    assert!(matches!(report.outcome, TaskOutcome::Unchanged { .. }), "{:?}", report.outcome);
    let approval = &report.facts["approval"];
    assert_eq!(approval["outcome"], "already_running");
    assert_eq!(approval["job_id"], lab.record().id.as_str());
    assert_eq!((approval["deadline"].as_str(), lab.launches()), (Some("2026-03-12T10:00:00Z"), 1));
    assert_eq!((lab.commits(), lab.count("gitlab", "approve")), (commits, 1));
    drop(job);

    // The lock is the release's, not the minor's.
    let lab = Lab::promoted().await;
    let other = "4.99.4".parse().expect("a release");
    let _other = lab.folder().lock(&other, Lock::Job).expect("works").expect("free");
    assert_eq!(lab.approve().await.facts["approval"]["outcome"], "scheduled");
    assert_eq!(lab.launches(), 1);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_10_a_live_checker_of_the_former_tool_counts() {
    let lab = Lab::promoted().await;
    let me = std::process::id();
    fs::write(lab.temp().join("oar_scheduler_4.99.lock"), me.to_string()).expect("written");
    let report = lab.approve().await;
    assert_eq!(report.facts["approval"]["pid"], me);
    assert!(matches!(report.outcome, TaskOutcome::Unchanged { .. }), "{:?}", report.outcome);
    assert_eq!(lab.launches(), 0);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_11_files_of_a_killed_process_hold_nobody_up() {
    let lab = Lab::promoted().await;
    lab.approve().await;
    let id = lab.record().id;
    // What a killed job leaves: its lock file, its number, its record.
    for name in ["oar_scheduler_4.99.lock", "oar_scheduler_4.99.3.lock"] {
        fs::write(lab.temp().join(name), "999999999").expect("written");
    }
    assert!(lab.temp().join("state/approval/4.99.3.lock").exists());
    let report = lab.approve().await;
    assert_eq!(report.facts["approval"]["outcome"], "scheduled");
    assert_eq!(report.facts["approval"]["job_id"], id.as_str(), "the job goes on");
    assert_eq!((lab.launches(), lab.record().checks), (2, 2));
    assert!(!lab.temp().join("oar_scheduler_4.99.lock").exists());
}

#[tokio::test(start_paused = true)]
async fn spec06_case_11_of_two_approvals_at_once_one_starts_a_job() {
    let lab = Lab::promoted().await;
    let (one, two) = tokio::join!(lab.approve(), lab.approve());
    let mut outcomes = [&one, &two].map(|report| report.facts["approval"]["outcome"].to_string());
    outcomes.sort();
    assert_eq!(outcomes, ["\"already_running\"", "\"scheduled\""]);
    assert_eq!((lab.launches(), lab.count("gitlab", "approve")), (1, 1));
    assert_eq!(lab.task().await.expect("recorded").status, TaskStatus::InProgress);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_17_the_payload_of_the_release_itself_is_looked_at() {
    let lab = Lab::promoted().await;
    // The newest of the stream is another one, and its page is public.
    lab.change(|world| {
        world.promote("4.99.4", "RHSA-2026:9904");
        world.publish_page("RHSA-2026:9904");
    });
    let report = lab.approve().await;
    assert_eq!(report.facts["approval"]["outcome"], "scheduled");
    let payload = lab.record().payload.expect("read");
    assert!(payload.pullspec.ends_with(":4.99.3-x86_64"), "{payload:?}");
    assert!(payload.url.expect("a page").ends_with(ADVISORY));

    // And while only the other is promoted, this one is not.
    let lab = Lab::new().await;
    lab.change(|world| {
        world.promote("4.99.4", "RHSA-2026:9904");
        world.publish_page("RHSA-2026:9904");
    });
    let report = lab.approve().await;
    assert_eq!(report.facts["approval"]["outcome"], "scheduled");
    assert!(report.facts["page"].to_string().contains("not promoted"), "{}", report.facts["page"]);
    assert_eq!(KONFLUX.map(|id| lab.advisory(id)), ["QE", "QE"]);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_18_a_layer_with_another_digest_is_an_error_and_approves_nothing() {
    let lab = Lab::published().await;
    lab.change(|world| {
        for repository in world.registry.repositories.values_mut() {
            for blob in repository.blobs.values_mut() {
                // Valid base64 of other bytes.
                blob.insert_str(0, "AAAA");
            }
        }
    });
    let report = lab.approve().await;
    assert_eq!(report.facts["page"]["outcome"], "error", "{report:?}");
    assert_eq!(report.facts["approval"]["outcome"], "scheduled");
    assert_eq!(KONFLUX.map(|id| lab.advisory(id)), ["QE", "QE"]);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_18_r16_a_payload_of_another_release_stops() {
    let lab = Lab::published().await;
    lab.change(|world| {
        let quay = "quay.io/openshift-release-dev/ocp-release";
        let repository = world.registry.repositories.get_mut(quay).expect("payloads");
        let other = repository.tags["4.99.2-x86_64"].clone();
        repository.tags.insert("4.99.3-x86_64".to_owned(), other);
    });
    let report = lab.approve().await;
    assert!(!report.success);
    let error = report.error.expect("an error").message;
    assert!(error.contains("4.99.2") && error.contains("4.99.3"), "{error}");
    assert_eq!(lab.task().await.expect("recorded").status, TaskStatus::Fail);
    assert_eq!((lab.launches(), lab.advisory(990_031)), (0, "QE".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn spec06_case_18_a_payload_without_a_page_or_with_one_elsewhere_is_not_accessible() {
    for (page, outcome) in
        [("", "no_url"), ("https://access.example.com/errata/RHSA-2026:9903", "error")]
    {
        let lab = Lab::published().await;
        lab.change(|world| {
            world.registry.push_payload("4.99.3", "x86_64", page);
            world.registry.pages.insert(page.to_owned());
        });
        let report = lab.approve().await;
        assert_eq!(report.facts["page"]["outcome"], outcome, "{report:?}");
        assert_eq!(report.facts["approval"]["outcome"], "scheduled");
        assert_eq!(lab.advisory(990_031), "QE");
    }
}

#[tokio::test(start_paused = true)]
async fn spec02_case_15_an_advisory_that_is_not_ready_keeps_all_where_they_are() {
    let lab = Lab::published().await;
    lab.change(|world| {
        let rhcos = world.errata.advisories.get_mut(&990_032).expect("an advisory");
        "NEW_FILES".clone_into(&mut rhcos.state);
    });
    let report = lab.approve().await;
    assert!(report.success);
    assert_eq!(report.task_status, Some(TaskStatus::InProgress));
    assert_eq!(report.facts["approval"]["outcome"], "not_ready");
    assert!(report.findings.iter().any(|line| line.contains("990032 (rhcos): it is in NEW_FILES")));
    assert_eq!((lab.advisory(990_031), lab.launches()), ("QE".to_owned(), 0));
    assert_eq!(lab.subtask("ART-99004"), "New");
    assert_eq!(lab.task().await.expect("recorded").job, None);
}

#[tokio::test(start_paused = true)]
async fn spec02_case_16_a_blocking_alert_fails_and_moves_nothing() {
    let lab = Lab::published().await;
    lab.change(|world| {
        let rhcos = world.errata.advisories.get_mut(&990_032).expect("an advisory");
        let (name, text) = ("cve".to_owned(), "a CVE is open".to_owned());
        rhcos.alerts.push(Alert { name, text, blocking: true });
    });
    let report = lab.approve().await;
    let TaskOutcome::Fail { error } = &report.outcome else { panic!("{:?}", report.outcome) };
    assert!(error.contains("990032") && error.contains("a CVE is open"), "{error}");
    assert_eq!(KONFLUX.map(|id| lab.advisory(id)), ["QE", "QE"]);
}

#[tokio::test(start_paused = true)]
async fn spec02_case_18_a_kernel_that_must_not_ship_stops_before_any_approval() {
    let lab = Lab::published().await;
    lab.change(|world| {
        let tags = world.errata.tags.get_mut("kernel-5.99.0-99.1").expect("a kernel");
        tags.push("early-kernel-stop-ship".to_owned());
    });
    let report = lab.approve().await;
    let TaskOutcome::Fail { error } = &report.outcome else { panic!("{:?}", report.outcome) };
    assert!(error.contains("early-kernel-stop-ship"), "{error}");
    assert_eq!((lab.count("gitlab", "approve"), lab.launches()), (0, 0));
    assert_eq!(KONFLUX.map(|id| lab.advisory(id)), ["QE", "QE"]);
}

#[tokio::test(start_paused = true)]
async fn qe_moves_to_qe_and_approves_nothing() {
    let lab = Lab::published().await;
    lab.change(|world| {
        let rpm = world.errata.advisories.get_mut(&990_031).expect("an advisory");
        "NEW_FILES".clone_into(&mut rpm.state);
    });
    let options = Options { target: TargetState::Qe, allow_draft: false };
    let report = change_advisory_status::run(&lab.context, &release(), options).await;
    assert!(matches!(report.outcome, TaskOutcome::Unchanged { .. }), "{:?}", report.outcome);
    assert_eq!(KONFLUX.map(|id| lab.advisory(id)), ["QE", "QE"]);
    assert_eq!((lab.count("gitlab", "approve"), lab.subtask("ART-99004").as_str()), (0, "New"));
    assert!(lab.task().await.is_none(), "handing over is no approval");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_it_would_do_and_leaves_nothing_behind() {
    let mut lab = Lab::promoted().await;
    lab.context.recorder = Some(Recorder::default());
    let effects = lab.sandbox.world(|world| world.effects.len());
    let report = lab.approve().await;
    // Only this room's own: the writers are real here.
    assert!(report.planned_changes.iter().any(|change| change.system == "approval"), "{report:?}");
    assert_eq!(lab.launches(), 0);
    assert!(!lab.temp().join("state").exists(), "no record, no lock");
    let changed = lab.sandbox.world(|world| world.effects.len()) - effects;
    assert_eq!(changed, lab.count("gitlab", "approve"));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_runs_on_another_machine_is_not_started_twice() {
    let lab = Lab::promoted().await;
    lab.approve().await;
    // Another machine shares the StateBox and not the state folder.
    fs::remove_dir_all(lab.temp().join("state")).expect("removed");
    let report = lab.approve().await;
    assert!(matches!(report.outcome, TaskOutcome::Unchanged { .. }), "{:?}", report.outcome);
    assert_eq!(report.facts["approval"]["outcome"], "already_running");
    assert_eq!(lab.launches(), 1);
    // Its time is over: it will not come back.
    tokio::time::advance(std::time::Duration::from_hours(49)).await;
    assert_eq!(lab.approve().await.facts["approval"]["outcome"], "scheduled");
    assert_eq!(lab.launches(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_a_ticket_nothing_is_approved_and_the_record_stays() {
    let lab = Lab::published().await;
    lab.tickets.expired.store(true, std::sync::atomic::Ordering::SeqCst);
    let report = lab.approve().await;
    let error = report.error.expect("an error");
    assert_eq!(error.code, ErrorClass::UnauthenticatedUpstream, "{error:?}");
    assert!(lab.task().await.is_none());
    assert_eq!(lab.count("gitlab", "approve"), 0);
}
