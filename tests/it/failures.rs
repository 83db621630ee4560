//! Why a run failed, by the real program.

use serde_json::{Value, json};

use crate::harness::Place;

const JOB: &str = "periodic-ci-example-tests-release-4.99-install-aws";

fn url(bucket: &str) -> String {
    format!("https://prow.example.com/view/gs/{bucket}/logs/{JOB}/21")
}

/// A place whose storage has `files` of the run in `bucket`.
fn place(bucket: &str, files: &[(&str, &[u8])]) -> Place {
    let place = Place::new();
    let put = |world: &mut oar_sandbox::world::World| {
        for (name, content) in files {
            world.prow.objects.put_gzip(&format!("{bucket}/logs/{JOB}/21/{name}"), content);
        }
    };
    place.sandbox().change(put).expect("the world");
    place
}

fn failures(place: &Place, bucket: &str, more: &[&str]) -> Value {
    let url = url(bucket);
    place.sandboxed("jobctl", &[&["failures", &url], more].concat()).expect(0).json()
}

#[test]
fn a_run_without_results_shows_the_end_of_its_log() {
    let log = "line\n".repeat(10_000) + "the end";
    let place = place("qe-private-deck", &[("build-log.txt", log.as_bytes())]);
    let told = failures(&place, "qe-private-deck", &[]);
    assert_eq!(told["analysis_type"], "infrastructure_failure");
    assert_eq!((&told["job_name"], &told["job_run_id"]), (&json!(JOB), &json!("21")));
    let snippet = told["build_log_snippet"].as_str().expect("the log");
    assert_eq!(snippet.len(), 20_000);
    assert!(snippet.ends_with("the end"));
    let page = told["gcsweb_url"].as_str().expect("a page");
    assert!(page.starts_with("https://gcsweb-qe-private-deck-ci."), "{page}");
    assert!(page.ends_with(&format!("/gcs/qe-private-deck/logs/{JOB}/21/artifacts/")), "{page}");
}

#[test]
fn spec04_case_37_failures_are_summed_and_alike_ones_put_together() {
    let results = b"<testsuites><testsuite name='one' tests='3' failures='1'><testcase name='a'/>\
        <testcase name='b'/><testcase name='c'><failure message='no'/></testcase></testsuite>\
        <testsuite name='two' tests='2' errors='1'><testcase name='d'/>\
        <testcase name='OCP-1 e'><error message='no'/></testcase></testsuite></testsuites>";
    let log =
        b"  Scenario: OCP-1 e\n  step FAILED\n  cucumber features/x.feature:7\n  Scenario: next\n";
    let place = place(
        "test-platform-results",
        &[
            ("artifacts/x/junit/junit_import-1.xml", &results[..]),
            (
                "artifacts/x/cucushift-e2e/artifacts/junit_cucushift-e2e-combined.xml",
                b"<testsuite/>",
            ),
            ("artifacts/x/cucushift-e2e/artifacts/junit-TEST-features-a.xml", results),
            ("artifacts/x/cucushift-e2e/build-log.txt", log),
            ("artifacts/x/junit/junit_import-2.xml", b"<testsuite><testcase name='cut'>"),
            ("artifacts/x/junit/other.xml", b"<html>"),
        ],
    );
    let told = failures(&place, "test-platform-results", &[]);
    let summary = json!({
        "total_tests": 5, "passed": 3, "failed": 1, "errors": 1, "skipped": 0, "junit_files": 2,
        "total_failures": 2, "unique_patterns": 1, "is_truncated": false,
    });
    assert_eq!(told["summary"], summary);
    assert_eq!(told["failure_patterns"][0]["occurrence_count"], 2);
    assert_eq!(told["failures"][1]["failure_type"], "error");
    let trace = &told["failures"][1]["cucushift_trace"];
    assert_eq!(
        (&trace["feature_file"], &trace["line_number"]),
        (&json!("features/x.feature"), &json!(7))
    );
    let unreadable = &told["unreadable_files"];
    assert_eq!(
        unreadable[0]["source_file"], "artifacts/x/junit/junit_import-2.xml",
        "{unreadable}"
    );
    assert_eq!(
        (unreadable.as_array().map(Vec::len), &told["truncation_info"]),
        (Some(1), &Value::Null)
    );

    let place = place.with("MAX_FAILURES_FOR_AI", "1");
    let told = failures(&place, "test-platform-results", &[]);
    assert_eq!(told["failures"].as_array().map(Vec::len), Some(1));
    assert_eq!(told["truncation_info"]["original_count"], 2);
    let place = place.with("MAX_FAILURES_FOR_AI", "many");
    let told = place.sandboxed("jobctl", &["failures", &url("b")]).expect(1);
    assert!(told.stderr.contains("MAX_FAILURES_FOR_AI"), "{}", told.stderr);
}

#[test]
fn errors_are_objects_on_stderr() {
    let place = Place::new();
    for url in ["https://prow.example.com/view/gs/b/logs/../21", "https://prow.example.com/x", "x"]
    {
        let told = place.sandboxed("jobctl", &["failures", url]).expect(1);
        let error: Value = serde_json::from_str(&told.stderr).expect("JSON");
        assert!(error["error"].is_string() && error["error_type"] == "invalid_argument", "{error}");
        assert_eq!(told.stdout, "");
    }
    let told = place.sandboxed("jobctl", &["failures"]).expect(1);
    assert!(told.stderr.contains("Usage: jobctl failures"), "{}", told.stderr);
}

/// An archive with one file, whatever its name.
fn archive(name: &str) -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(b"00000000004");
    header[148..156].copy_from_slice(b"        ");
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut archive = header.to_vec();
    archive.extend_from_slice(b"evil");
    archive.resize(512 + 512 + 1024, 0);
    archive
}

#[test]
fn spec04_case_39_a_must_gather_archive_cannot_write_outside_its_folder() {
    const NAME: &str = "artifacts/x/gather-must-gather/artifacts/must-gather.tar";
    for (entry, is_good) in [("../evil", false), ("/evil-of-oar", false), ("pods/log", true)] {
        let place = place("qe-private-deck", &[(NAME, &archive(entry)[..])]);
        let folder = place.path("unpacked");
        let place = place.with("MUST_GATHER_EXTRACT_DIR", folder.display().to_string());
        let told = failures(&place, "qe-private-deck", &["--setup-must-gather"]);
        let told = &told["must_gather"];
        assert_eq!(told["available"], is_good, "{entry}: {told}");
        let unpacked = folder.join("must-gather-21");
        if is_good {
            assert_eq!(told["must_gather_dir"], unpacked.display().to_string());
            let text = std::fs::read_to_string(unpacked.join("pods/log"));
            assert_eq!(text.expect("the file"), "evil");
        } else {
            assert!(told["reason"].as_str().is_some_and(|why| why.contains("leads out")), "{told}");
            assert!(!unpacked.exists() && !folder.join("evil").exists(), "{entry}");
            assert!(!std::path::Path::new("/evil-of-oar").exists());
        }
    }
    let place = place("qe-private-deck", &[]);
    let told = failures(&place, "qe-private-deck", &["--setup-must-gather"]);
    assert_eq!(told["must_gather"]["available"], false);
}
