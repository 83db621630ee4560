//! The aggregator over the real storage client: cases 16 to 18.

use jiff::SignedDuration;
use oar_sandbox::fault::{Kind, Rule};
use serde_json::json;

use super::lab::{Lab, NIGHTLY, ended, entry, job};

const PRIVATE: &str = "https://qe.example.com/view/gs/qe-private-deck/logs";
const REPORT: &str = "openshift-e2e-test-qe-report/artifacts/test-results.yaml";

/// The page of build `number` of a job, and its folder in the storage.
fn place(name: &str, number: u32) -> (String, String) {
    let job = job(name);
    (format!("{PRIVATE}/{job}/{number}"), format!("qe-private-deck/logs/{job}/{number}"))
}

fn ended_at(url: &str, id: &str) -> serde_json::Value {
    let mut run = ended(id, "success");
    run["jobURL"] = json!(url);
    run
}

#[tokio::test(start_paused = true)]
async fn spec04_case_16_a_run_that_deck_forgot_is_read_from_its_prow_job_file() {
    let lab = Lab::new().with_storage();
    lab.registry_of(&["a"]);
    let (url, folder) = place("a", 21);
    lab.result(&[entry("a", json!({ "jobID": "one", "jobURL": url }))]);
    let status = json!({ "state": "success", "url": url, "startTime": "2026-03-02T07:00:00Z",
                         "completionTime": "2026-03-02T08:30:00Z" });
    let file =
        json!({ "metadata": { "name": "one" }, "spec": { "job": job("a") }, "status": status });
    lab.object(&format!("{folder}/prowjob.json"), &file.to_string());
    assert!(lab.aggregate().await.builds[0].closed);
    let run = &lab.file()["result"][0]["firstJob"];
    assert_eq!(run["jobState"], "success");
    assert_eq!(run["jobCompletionTime"], "2026-03-02T08:30:00Z");
    assert_eq!(lab.file()["accepted"], true);
}

#[tokio::test(start_paused = true)]
async fn spec04_case_16_a_run_without_trace_for_49_hours_is_an_error_and_retried() {
    let lab = Lab::new().with_storage();
    lab.registry_of(&["a"]);
    let (url, _) = place("a", 21);
    let triggered = lab.desk.clock.now() - SignedDuration::from_hours(49);
    let run = json!({ "jobID": "one", "jobURL": url, "triggeredAt": triggered.to_string() });
    lab.result(&[entry("a", run)]);
    lab.aggregate().await;
    let run = lab.file()["result"][0]["firstJob"].clone();
    assert_eq!((&run["jobState"], run["jobCompletionTime"].is_string()), (&json!("error"), true));
    assert_eq!(lab.starts(), 2, "handled as failed");
}

#[tokio::test(start_paused = true)]
async fn spec04_case_17_a_compressed_report_is_stored_and_upgrades_ask_for_nothing() {
    let lab = Lab::new().with_storage();
    let upgrade = json!({ "prowJob": job("upgrade"), "upgrade": true });
    lab.registry(&[json!({ "prowJob": job("a") }), upgrade]);
    let ((url, folder), (other, _)) = (place("a", 21), place("upgrade", 22));
    lab.result(&[entry("a", ended_at(&url, "1")), entry("upgrade", ended_at(&other, "2"))]);
    let report = "suite:\n  total: 90\n  failures: 0\n  errors: 0\n  skipped: 12\n";
    lab.object(&format!("{folder}/artifacts/anything/{REPORT}"), report);
    assert!(lab.aggregate().await.is_sound());
    let counts = json!({ "suite": { "total": 90, "failures": 0, "errors": 0, "skipped": 12 } });
    let file = lab.file();
    assert_eq!(file["result"][0]["firstJob"]["testResultSummary"], counts);
    assert_eq!(file["result"][1]["firstJob"].get("testResultSummary"), None);
    assert_eq!(lab.sandbox.requests()["gcs GET"], 2, "a list and a file, both of the e2e job");
}

#[tokio::test(start_paused = true)]
async fn spec04_case_18_a_403_of_the_storage_is_a_warning_and_the_others_are_processed() {
    let lab = Lab::new().with_storage();
    lab.registry_of(&["a"]);
    for (build, number) in [(NIGHTLY, 1), ("4.99.2", 2)] {
        let (url, _) = place("a", number);
        lab.result_of(build, &[entry("a", ended_at(&url, &format!("run-{number}")))]);
    }
    lab.sandbox.plant(Rule::once("gcs", Kind::Status(403)));
    let report = lab.aggregate().await;
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    assert!(report.warnings[0].contains("may not do this"), "{:?}", report.warnings);
    for build in [NIGHTLY, "4.99.2"] {
        let file = lab.file_of(build);
        assert_eq!(file["accepted"], true, "{build}");
        assert_eq!(file["result"][0]["firstJob"].get("testResultSummary"), None);
    }
}
