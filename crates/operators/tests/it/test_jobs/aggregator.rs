//! The aggregator, case by case (spec 04 §18).

use std::collections::BTreeMap;

use http::Method;
use oar_operators::test_jobs::aggregator;
use oar_prow_jobs::{ArtifactsError, MockRunArtifacts, ProwRun, RunSource, RunState};
use oar_release::ErrorClass;
use oar_sandbox::fault::{Kind, Rule};
use serde_json::{Map, Value, json};

use super::lab::{Lab, NIGHTLY, ended, entry, job, result_path, retried};

#[tokio::test(start_paused = true)]
async fn spec04_case_04_the_retry_that_is_missing_is_started_in_this_pass() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    lab.result(&[retried("a", ended("first", "failure"), &[ended("one", "success")])]);
    let report = lab.aggregate().await;
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(lab.starts(), 1);
    let file = lab.file();
    assert_eq!(file["result"][0]["retriedJobs"].as_array().map(Vec::len), Some(2));
    assert!(file["result"][0]["retriedJobs"][1]["triggeredAt"].is_string());
    assert_eq!((&file["aggregated"], lab.label()), (&Value::Null, None));
    assert!(file["result"][0].get("retryClaim").is_none());
    // Another pass does not start it again; when it has passed, the build is accepted.
    lab.force(&job("a"), "pending");
    lab.aggregate().await;
    lab.force(&job("a"), "success");
    let report = lab.aggregate().await;
    assert_eq!((lab.starts(), report.builds[0].closed), (1, true));
    assert_eq!(lab.file()["accepted"], true);
    assert_eq!(lab.label().as_deref(), Some("Accepted"));
}

#[tokio::test(start_paused = true)]
async fn spec04_case_05_retries_that_cannot_be_started_leave_the_entry_as_it_was() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    lab.result(&[retried("a", ended("first", "failure"), &[])]);
    let before = lab.text(&result_path(NIGHTLY));
    lab.sandbox
        .plant(Rule::once("gangway", Kind::Status(503)).method(Method::POST).times(u32::MAX));
    let report = lab.aggregate().await;
    assert_eq!(report.problems.len(), 2, "{report:?}");
    assert_eq!(lab.text(&result_path(NIGHTLY)), before);
    lab.sandbox.set_faults(oar_sandbox::fault::Faults::default());
    assert!(lab.aggregate().await.is_sound());
    assert_eq!(lab.starts(), 2);
}

#[tokio::test(start_paused = true)]
async fn spec04_case_06_an_error_of_the_infrastructure_is_retried() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    lab.run(&job("a"), "first", "error");
    lab.result(&[entry("a", json!({ "jobID": "first" }))]);
    let report = lab.aggregate().await;
    assert_eq!(report.builds[0].started.len(), 2, "{report:?}");
    let file = lab.file();
    assert_eq!(file["result"][0]["firstJob"]["jobState"], "error");
    assert_eq!(file["result"][0]["retriedJobs"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(start_paused = true)]
async fn spec04_case_07_an_optional_failure_does_not_block_and_optional_success_does_not_accept() {
    let lab = Lab::new();
    let optional = json!({ "prowJob": job("o"), "optional": true });
    lab.registry(&[optional.clone(), json!({ "prowJob": job("a") })]);
    lab.result(&[entry("o", ended("one", "failure")), entry("a", ended("two", "success"))]);
    assert!(lab.aggregate().await.is_sound());
    let file = lab.file();
    assert_eq!((&file["aggregated"], &file["accepted"]), (&json!(true), &json!(true)));
    assert_eq!((lab.starts(), lab.label().as_deref()), (0, Some("Accepted")));

    let lab = Lab::new();
    lab.registry(&[optional]);
    lab.result(&[entry("o", ended("one", "success"))]);
    let report = lab.aggregate().await;
    let file = lab.file();
    assert_eq!((&file["aggregated"], &file["accepted"]), (&json!(true), &json!(false)));
    assert_eq!((lab.label(), lab.count("kube", "label")), (None, 0));
    assert!(report.builds[0].remarks[0].contains("optional"), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn spec04_case_08_a_job_without_a_run_is_started_and_the_build_stays_open() {
    let lab = Lab::new();
    let names = ["a", "b", "c", "d", "e", "f"];
    lab.registry_of(&names);
    let entries: Vec<Value> =
        names[..5].iter().map(|name| entry(name, ended(name, "success"))).collect();
    lab.result(&entries);
    let report = lab.aggregate().await;
    assert!(report.is_sound(), "{report:?}");
    let file = lab.file();
    assert_eq!(file["result"][5]["jobName"], job("f"));
    assert_eq!((lab.starts(), lab.label(), &file["aggregated"]), (1, None, &Value::Null));
    assert!(file.get("retryClaim").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_required_job_that_could_never_be_started_rejects_the_build_after_six_hours() {
    let lab = Lab::new();
    lab.registry_of(&["a", "b"]);
    lab.result(&[entry("a", ended("one", "success"))]);
    lab.sandbox.plant(
        Rule::once("gangway", Kind::Message(500, "failed to find associated periodic job"))
            .method(Method::POST)
            .times(u32::MAX),
    );
    let report = lab.aggregate().await;
    assert_eq!(report.problems[0].code, "not_configured", "{report:?}");
    assert!(report.problems[0].subject.contains(&job("b")));
    lab.later(4);
    let report = lab.aggregate().await;
    assert!(report.is_sound() && report.builds[0].closed, "{report:?}");
    assert_eq!(lab.file()["accepted"], false);
    assert!(report.builds[0].remarks[0].contains("never started"));
}

#[tokio::test(start_paused = true)]
async fn spec04_case_09_an_entry_that_left_the_registry_stays_as_it_is() {
    let lab = Lab::new();
    lab.registry_of(&["a", "b"]);
    let gone = entry("gone", json!({ "jobID": "old", "jobState": "pending", "extra": [1] }));
    lab.result(&[
        entry("a", ended("1", "success")),
        gone.clone(),
        entry("b", ended("2", "success")),
    ]);
    let report = lab.aggregate().await;
    assert!(report.is_sound() && report.builds[0].closed, "{report:?}");
    let file = lab.file();
    assert_eq!((&file["accepted"], &file["result"][1]), (&json!(true), &gone));
    assert_eq!(lab.sandbox.requests().get("deck GET"), None);
}

#[tokio::test(start_paused = true)]
async fn spec04_case_10_a_decided_file_is_neither_fetched_again_nor_rewritten() {
    let mut lab = Lab::new();
    let cache = tempfile::tempdir().expect("a folder");
    lab.desk.cache = Some(cache.path().to_owned());
    lab.registry_of(&["a"]);
    // Not the layout of the tools: a rewrite would show.
    let text = format!(
        "{{\"result\":[],\"build\":{{\"name\":\"{NIGHTLY}\"}},\"aggregated\":true,\"accepted\":false}}"
    );
    lab.change(|world| world.github.foreign_write("record", &result_path(NIGHTLY), &text));
    lab.aggregate().await;
    let (commits, reads) = (lab.commits(), lab.sandbox.requests());
    // From here on whoever asks for a content gets nothing.
    lab.sandbox.plant(Rule::once("github", Kind::Status(403)).body("isTruncated").times(u32::MAX));
    let report = lab.aggregate().await;
    assert_eq!((report.decided_before, report.builds.len()), (1, 0));
    assert_eq!((lab.commits(), lab.text(&result_path(NIGHTLY))), (commits, Some(text)));
    let again = lab.sandbox.requests();
    assert_eq!(reads["github POST"], 2, "two folders");
    assert_eq!(again["github POST"], 4, "two listings");
    assert_eq!(again.get("github GET"), None, "no content was read");
}

#[tokio::test(start_paused = true)]
async fn spec04_case_11_a_promoted_build_is_labelled_once_and_keeps_the_machine_s_verdict() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    let failed =
        retried("a", ended("1", "failure"), &[ended("2", "failure"), ended("3", "success")]);
    let content = json!({ "result": [failed], "build": super::lab::build_of(NIGHTLY),
                          "aggregated": false, "accepted": false, "manual_promotion": true });
    lab.put("record", &result_path(NIGHTLY), &content);
    assert!(lab.aggregate().await.is_sound());
    let file = lab.file();
    assert_eq!((&file["aggregated"], &file["accepted"]), (&json!(true), &json!(false)));
    assert_eq!(file["manual_promotion"], true);
    lab.aggregate().await;
    assert_eq!((lab.label().as_deref(), lab.count("kube", "label")), (Some("Accepted"), 1));
}

#[tokio::test(start_paused = true)]
async fn spec04_case_12_without_the_label_the_file_stays_open() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    lab.run(&job("a"), "one", "success");
    lab.result(&[entry("a", json!({ "jobID": "one" }))]);
    lab.sandbox.plant(Rule::once("kube", Kind::Status(500)).method(Method::PATCH).times(9));
    let report = lab.aggregate().await;
    assert!(!report.is_sound());
    let file = lab.file();
    assert_eq!(file["result"][0]["firstJob"]["jobState"], "success", "the run is stored");
    assert_eq!(file.get("aggregated"), None);
    lab.sandbox.set_faults(oar_sandbox::fault::Faults::default());
    assert!(lab.aggregate().await.is_sound());
    assert_eq!(
        (&lab.file()["aggregated"], lab.label().as_deref()),
        (&json!(true), Some("Accepted"))
    );
}

fn labelled(lab: &Lab, value: &str) {
    lab.change(|world| {
        let labels = world.kube.payloads.entry(format!("ocp/{NIGHTLY}")).or_default();
        labels.insert("release.openshift.io/qe_state".to_owned(), value.to_owned());
    });
}

#[tokio::test(start_paused = true)]
async fn spec04_case_13_a_label_that_is_there_is_not_patched_and_rejected_is_not_overwritten() {
    for (label, sound) in [("Accepted", true), ("Rejected", false)] {
        let lab = Lab::new();
        lab.registry_of(&["a"]);
        labelled(&lab, label);
        lab.result(&[entry("a", ended("one", "success"))]);
        let report = lab.aggregate().await;
        assert_eq!(report.is_sound(), sound, "{report:?}");
        assert_eq!((lab.count("kube", "label"), lab.label().as_deref()), (0, Some(label)));
        assert_eq!(lab.file()["aggregated"] == json!(true), sound);
    }
    // A person's decision stands above it.
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    labelled(&lab, "Rejected");
    let content = json!({ "result": [entry("a", ended("one", "success"))],
        "build": super::lab::build_of(NIGHTLY), "aggregated": false, "manual_promotion": true });
    lab.put("record", &result_path(NIGHTLY), &content);
    assert!(lab.aggregate().await.is_sound());
    assert_eq!(lab.label().as_deref(), Some("Accepted"));
}

/// It was accepted early, then a run was replaced by one that failed.
#[tokio::test(start_paused = true)]
async fn a_build_that_fails_after_it_was_labelled_is_told_once_and_keeps_its_label() {
    let failed =
        || retried("a", ended("1", "failure"), &[ended("2", "failure"), ended("3", "success")]);
    for labels_rejected in [false, true] {
        let lab = Lab::new();
        lab.registry_of(&["a"]);
        labelled(&lab, "Accepted");
        lab.result(&[failed()]);
        let mut desk = lab.another(7);
        desk.label_rejected = labels_rejected;
        let report = aggregator::run(&desk).await.unwrap();
        assert_eq!(report.problems.len(), 1, "{report:?}");
        assert_eq!(report.problems[0].code, ErrorClass::PreconditionFailed.code());
        assert!(report.problems[0].message.contains("never taken back"), "{report:?}");
        let file = lab.file();
        assert_eq!((&file["aggregated"], &file["accepted"]), (&json!(true), &json!(false)));
        assert_eq!((lab.count("kube", "label"), lab.label().as_deref()), (0, Some("Accepted")));
        assert!(aggregator::run(&desk).await.unwrap().is_sound(), "told once");
    }
    // Without a label there is nothing to tell, and a cluster that is down holds up no rejection.
    for (fault, warnings) in [(None, 0), (Some(Kind::Status(500)), 1)] {
        let lab = Lab::new();
        lab.registry_of(&["a"]);
        lab.result(&[failed()]);
        if let Some(kind) = fault {
            lab.sandbox.plant(Rule::once("kube", kind).times(99));
        }
        let report = lab.aggregate().await;
        assert!(report.is_sound() && report.warnings.len() == warnings, "{report:?}");
        assert_eq!(lab.file()["accepted"], false);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_registry_says_today_is_told_where_it_decides() {
    let lab = Lab::new();
    lab.registry(&[
        json!({ "prowJob": job("o"), "optional": true }),
        json!({ "prowJob": job("off"), "disabled": true }),
        json!({ "prowJob": job("a") }),
    ]);
    lab.result(&[
        entry("o", ended("one", "failure")),
        entry("off", ended("two", "failure")),
        entry("a", ended("three", "success")),
    ]);
    let report = lab.aggregate().await;
    assert_eq!((report.builds[0].accepted, lab.starts()), (Some(true), 0), "{report:?}");
    let [left_out, excused] = report.builds[0].remarks.as_slice() else { panic!("{report:?}") };
    assert!(left_out.starts_with(&job("off")) && left_out.contains("does not count"), "{left_out}");
    assert!(excused.contains(&job("o")) && excused.contains("optional today"), "{excused}");
}

#[tokio::test(start_paused = true)]
async fn spec04_case_15_a_recycled_nightly_is_deleted_as_it_was_read() {
    let old = "4.99.0-0.nightly-2026-02-20-060000";
    let young = "4.99.0-0.nightly-2026-02-28-060000";
    let other = "4.98.0-0.nightly-2026-02-20-060000";
    let decided = |build: &str| json!({ "result": [], "build": super::lab::build_of(build), "aggregated": true, "accepted": true });
    let lab = Lab::new();
    for build in [old, young, other, "4.99.1"] {
        lab.put("record", &result_path(build), &decided(build));
    }
    // An outage of the release controller is no answer.
    lab.sandbox.plant(Rule::once("release_controller", Kind::Status(500)).times(9));
    assert!(!lab.aggregate().await.is_sound());
    assert!(lab.has_file(old));
    lab.sandbox.set_faults(oar_sandbox::fault::Faults::default());

    // Somebody writes the file while it is to be deleted: then it is kept.
    let mut promoted = decided(old);
    promoted["manual_promotion"] = json!(true);
    let text = oar_prow_jobs::json_text(&promoted);
    lab.sandbox.plant(
        Rule::once("github", Kind::Write { branch: "record", path: result_path(old), text })
            .method(Method::DELETE),
    );
    let report = lab.aggregate().await;
    assert!(report.is_sound() && report.recycled.is_empty(), "{report:?}");
    assert!(lab.has_file(old));

    let report = lab.aggregate().await;
    assert_eq!(report.recycled, [old], "{report:?}");
    assert!(!lab.has_file(old));
    for kept in [young, other, "4.99.1"] {
        assert!(lab.has_file(kept), "{kept}");
    }
}

#[tokio::test(start_paused = true)]
async fn spec04_case_16_a_run_that_deck_forgot_is_read_from_what_it_left() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    lab.run(&job("a"), "one", "success");
    let url = lab.sandbox.world(|world| {
        let run = &world.prow.runs["one"];
        format!("{}/{}/{}", super::lab::PAGE, run.job, run.build_id)
    });
    lab.change(|world| world.prow.runs.values_mut().for_each(|run| run.forgotten = true));
    lab.result(&[entry("a", json!({ "jobID": "one", "jobState": "pending", "jobURL": url }))]);
    let report = lab.aggregate().await;
    assert!(report.is_sound() && report.builds[0].closed, "{report:?}");
    let run = lab.file()["result"][0]["firstJob"].clone();
    assert_eq!(
        (&run["jobState"], &run["jobCompletionTime"]),
        (&json!("success"), &json!("2026-03-02T09:00:00Z"))
    );

    // Without any trace: given up after two days, then retried like a failure.
    for (hours, gone) in [(47, false), (49, true)] {
        let lab = Lab::new();
        lab.registry_of(&["a"]);
        lab.result(&[entry("a", json!({ "jobID": "lost", "triggeredAt": lab.ago(hours) }))]);
        let report = lab.aggregate().await;
        assert!(report.is_sound(), "{report:?}");
        let state = lab.file()["result"][0]["firstJob"]["jobState"].clone();
        assert_eq!((state == "error", lab.starts()), (gone, if gone { 2 } else { 0 }), "{hours}");
    }
    // Nobody knows when it began: the clock starts now.
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    lab.result(&[entry("a", json!({ "jobID": "lost" }))]);
    lab.aggregate().await;
    lab.later(49);
    lab.aggregate().await;
    assert_eq!(lab.file()["result"][0]["firstJob"]["jobState"], "error");
}

#[tokio::test(start_paused = true)]
async fn a_run_in_private_storage_is_read_through_the_port() {
    let mut artifacts = MockRunArtifacts::new();
    artifacts.expect_run().returning(|_| {
        Ok(Some(ProwRun {
            id: None,
            job: job("a"),
            state: Some(RunState::Success),
            url: None,
            started_at: None,
            completed_at: Some("2026-03-02T08:30:00Z".to_owned()),
            env: Vec::new(),
            annotations: BTreeMap::new(),
            source: RunSource::FinishedFile,
        }))
    });
    artifacts.expect_test_summary().returning(|_| Ok(None));
    let lab = Lab::new().with_artifacts(artifacts);
    lab.registry_of(&["a"]);
    let url = format!("https://qe.example.com/view/gs/qe-private-deck/logs/{}/21", job("a"));
    lab.result(&[entry("a", json!({ "jobID": "one", "jobURL": url }))]);
    assert!(lab.aggregate().await.builds[0].closed);
    assert_eq!(lab.file()["accepted"], true);
}

#[tokio::test(start_paused = true)]
async fn spec04_case_17_counts_of_tests_are_stored_and_upgrades_are_not_asked_for() {
    let counts = json!({ "suite": { "total": 90, "failures": 0, "errors": 0, "skipped": 12 } });
    let told = counts.clone();
    let mut artifacts = MockRunArtifacts::new();
    artifacts
        .expect_test_summary()
        .withf(|page| !page.job().contains("upgrade"))
        .times(1)
        .returning(move |_| Ok(told.as_object().cloned()));
    let lab = Lab::new().with_artifacts(artifacts);
    let upgrade = json!({ "prowJob": job("upgrade"), "upgrade": true });
    lab.registry(&[json!({ "prowJob": job("a") }), upgrade]);
    let url = |name: &str| format!("{}/{}/21", super::lab::PAGE, job(name));
    let mut runs = [ended("1", "success"), ended("2", "success")];
    runs[0]["jobURL"] = json!(url("a"));
    runs[1]["jobURL"] = json!(url("upgrade"));
    let [first, second] = runs;
    lab.result(&[entry("a", first), entry("upgrade", second)]);
    assert!(lab.aggregate().await.is_sound());
    let file = lab.file();
    assert_eq!(file["result"][0]["firstJob"]["testResultSummary"], counts);
    assert_eq!(file["result"][1]["firstJob"].get("testResultSummary"), None);
}

#[tokio::test(start_paused = true)]
async fn spec04_case_18_a_report_that_cannot_be_read_is_a_warning() {
    let mut artifacts = MockRunArtifacts::new();
    artifacts.expect_test_summary().returning(|page| {
        if page.build_id() == "1" {
            let source = "403 Forbidden".into();
            let class = ErrorClass::ForbiddenUpstream;
            return Err(ArtifactsError { page: page.to_string(), class, source });
        }
        Ok(Some(Map::new()))
    });
    let lab = Lab::new().with_artifacts(artifacts);
    lab.registry_of(&["a"]);
    for (build, number) in [(NIGHTLY, 1), ("4.99.2", 2)] {
        let mut run = ended("one", "success");
        run["jobID"] = json!(format!("run-{number}"));
        run["jobURL"] = json!(format!("{}/{}/{number}", super::lab::PAGE, job("a")));
        lab.result_of(build, &[entry("a", run)]);
    }
    let report = lab.aggregate().await;
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.warnings.len(), 1);
    assert!(report.warnings[0].contains("403"), "{:?}", report.warnings);
    for build in [NIGHTLY, "4.99.2"] {
        assert_eq!(lab.file_of(build)["accepted"], true, "{build}");
    }
    assert_eq!(lab.file()["result"][0]["firstJob"].get("testResultSummary"), None);
}

#[tokio::test(start_paused = true)]
async fn r19_trouble_of_deck_leaves_what_is_stored_untouched() {
    for kind in [Kind::Status(503), Kind::Truncated, Kind::LoginPage] {
        let lab = Lab::new();
        lab.registry_of(&["a", "b"]);
        lab.run(&job("b"), "two", "success");
        let first = json!({ "jobID": "one", "jobState": "pending", "jobStartTime": lab.ago(1) });
        lab.result(&[entry("a", first.clone()), entry("b", json!({ "jobID": "two" }))]);
        lab.sandbox.plant(Rule::once("deck", kind).path("=one").times(9));
        let report = lab.aggregate().await;
        assert_eq!(report.problems.len(), 1, "{report:?}");
        let file = lab.file();
        assert_eq!(file["result"][0]["firstJob"], first);
        assert_eq!(file["result"][1]["firstJob"]["jobState"], "success", "the others go on");
    }
}

#[tokio::test(start_paused = true)]
async fn spec04_case_36_a_malformed_file_stops_no_other() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    for number in 0..9 {
        let build = format!("4.99.{}", number + 20);
        lab.change(|world| world.kube.add_payload("ocp", &build));
        lab.result_of(&build, &[entry("a", ended(&format!("run-{number}"), "success"))]);
    }
    let bad = result_path("4.99.40");
    lab.change(|world| world.github.foreign_write("record", &bad, "{\"result\": ["));
    let before = lab.commits();
    let report = lab.aggregate().await;
    assert_eq!(report.builds.iter().filter(|build| build.closed).count(), 9);
    assert_eq!(report.problems.len(), 1);
    assert_eq!(report.problems[0].subject, bad);
    assert_eq!(lab.commits(), before + 1, "nine files, one commit");
    assert_eq!(lab.text(&bad).as_deref(), Some("{\"result\": ["));
}

#[tokio::test(start_paused = true)]
async fn a_malformed_registry_stops_no_other_stream() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    lab.put("main", "_releases/ocp-4.98-test-jobs-amd64.json", &json!({ "nightly": [] }));
    lab.result(&[entry("a", ended("one", "success"))]);
    let report = lab.aggregate().await;
    assert_eq!(report.problems.len(), 1, "{report:?}");
    assert!(report.problems[0].subject.contains("4.98") && report.builds[0].closed);
}

/// Whether a required job is missing is not known then: one green job must not accept the build.
#[tokio::test(start_paused = true)]
async fn a_build_whose_registry_cannot_be_read_is_not_judged() {
    let lab = Lab::new();
    lab.registry_of(&["a", "b"]);
    lab.put("main", "_releases/ocp-4.99-test-jobs-amd64.json", &json!({ "nightly": [] }));
    lab.result(&[entry("a", ended("one", "success"))]);
    let before = lab.text(&result_path(NIGHTLY));
    let report = lab.aggregate().await;
    assert_eq!((lab.label(), lab.count("kube", "label")), (None, 0), "{report:?}");
    assert_eq!(lab.text(&result_path(NIGHTLY)), before);
    assert_eq!((report.problems.len(), report.left_undone.len()), (1, 1), "{report:?}");
    let status = oar_operators::test_jobs::status::all(&lab.desk, None).await.expect("a status");
    assert_eq!(status.builds[0].expected, None, "nothing is foretold either");
    // Once it is repaired the missing job is started.
    lab.registry_of(&["a", "b"]);
    let report = lab.aggregate().await;
    assert!(report.is_sound() && !report.builds[0].closed, "{report:?}");
    assert_eq!(lab.starts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_is_out_of_time_says_what_it_left() {
    let mut lab = Lab::new();
    lab.desk.deadline = std::time::Duration::ZERO;
    lab.registry_of(&["a"]);
    lab.result(&[entry("a", json!({ "jobID": "one" }))]);
    let report = lab.aggregate().await;
    assert_eq!(report.left_undone.len(), 1, "{report:?}");
    assert_eq!(lab.sandbox.requests().get("deck GET"), None);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_build_is_labelled_only_where_that_is_wanted() {
    for wanted in [false, true] {
        let mut lab = Lab::new();
        lab.desk.label_rejected = wanted;
        lab.registry_of(&["a"]);
        let runs = [ended("2", "failure"), ended("3", "failure")];
        lab.result(&[retried("a", ended("1", "failure"), &runs)]);
        assert!(lab.aggregate().await.is_sound());
        assert_eq!(
            (&lab.file()["accepted"], &lab.file()["aggregated"]),
            (&json!(false), &json!(true))
        );
        assert_eq!(lab.label().as_deref(), wanted.then_some("Rejected"));
    }
}

#[tokio::test(start_paused = true)]
async fn without_cluster_credentials_a_pass_does_not_begin() {
    let mut lab = Lab::new();
    lab.desk.payloads = Err(oar_operators::services::NotSetUp::new("no token"));
    let error = aggregator::run(&lab.desk).await.expect_err("not set up");
    assert_eq!(error.class(), ErrorClass::NotConfigured);
    assert!(lab.sandbox.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_is_told_to_stop_begins_nothing_new() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    lab.result(&[retried("a", ended("first", "failure"), &[])]);
    lab.desk.halt.call();
    let report = lab.aggregate().await;
    assert_eq!((lab.starts(), report.left_undone.len()), (0, 1), "{report:?}");
}
