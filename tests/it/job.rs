//! Single Prow jobs by hand, by the real program.

use serde_json::{Value, json};

use crate::harness::Place;

const AWS: &str = "periodic-ci-example-tests-release-4.99-install-aws";
const REPOSITORY: &str = "quay.io/openshift-release-dev/ocp-release";
const CHECK: &str = "periodic-ci-openshift-release-tests-main-image-consistency-check";

fn job(place: &Place, arguments: &[&str]) -> Value {
    let all = [arguments, &["--output", "json"]].concat();
    place.sandboxed("job", &all).expect(0).json()
}

/// The environment of the one run that there is.
fn only_run(place: &Place) -> (String, Value) {
    place.sandbox().world(|world| {
        assert_eq!(world.prow.runs.len(), 1);
        let run = world.prow.runs.values().next().expect("a run");
        (run.job.clone(), json!(run.env))
    })
}

fn starts(place: &Place) -> usize {
    place.sandbox().world(|world| world.count("prow", "start"))
}

#[test]
fn a_run_is_planned_started_shown_and_written_down() {
    let place = Place::new();
    let payload = format!("{REPOSITORY}:4.99.3-x86_64");
    let run = ["run", AWS, "--payload", &payload];
    let planned = job(&place, &[&run[..], &["--dry-run"]].concat());
    assert_eq!(starts(&place), 0, "a dry run starts nothing");
    assert_eq!(planned["planned_changes"].as_array().map(Vec::len), Some(1), "{planned:#}");

    let started = job(&place, &run);
    assert_eq!(starts(&place), 1);
    assert_eq!(started["run"]["payload"], payload);
    assert_eq!(started["request"]["pod_spec_options"]["envs"]["RELEASE_IMAGE_LATEST"], payload);
    let id = started["id"].as_str().expect("an id");
    let csv = place.path("runs.csv");
    let csv = csv.to_str().expect("a path");
    for _ in 0..2 {
        let found = job(&place, &["get_results", id, "--poll", "--csv", csv]);
        assert_eq!((&found["jobName"], &found["jobID"]), (&json!(AWS), &json!(id)));
        assert!(found["jobURL"].is_string(), "{found:#}");
    }
    let lines = std::fs::read_to_string(csv).expect("the file");
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(lines.starts_with("jobName,"), "{lines}");

    let unknown = ["get_results", "6ec0d27e-9f0e-4d4c-bb08-0c43b4b8b7ee"];
    let missing = place.sandboxed("job", &unknown).expect(1);
    assert!(missing.stderr.contains("no trace"), "{}", missing.stderr);
}

#[test]
fn spec04_case_26_a_released_arm64_payload_brings_its_amd64_image() {
    let place = Place::new();
    let arm = format!("{REPOSITORY}:4.99.0-rc.1-aarch64");
    job(&place, &["run", AWS, "--payload", &arm]);
    let expected = json!({
        "RELEASE_IMAGE_ARM64_LATEST": arm,
        "RELEASE_IMAGE_LATEST": format!("{REPOSITORY}:4.99.0-rc.1-x86_64"),
    });
    assert_eq!(only_run(&place), (AWS.to_owned(), expected));
}

#[test]
fn spec04_case_27_a_digest_is_of_the_architecture_that_was_named() {
    let place = Place::new();
    let digest = format!("{REPOSITORY}-nightly@sha256:{}", "0".repeat(64));
    job(&place, &["run", AWS, "--payload", &digest, "--arch", "multi"]);
    assert_eq!(only_run(&place).1, json!({ "RELEASE_IMAGE_MULTI_LATEST": digest }));
}

#[test]
fn spec04_case_28_payload_and_upgrade_together_send_nothing() {
    let place = Place::new();
    let all = ["run", AWS, "--payload", "a", "--upgrade_from", "b", "--upgrade_to", "c"];
    place.sandboxed("job", &all).expect(2);
    assert_eq!(starts(&place), 0);
}

#[test]
fn spec04_case_29_stage_tests_run_in_the_stream_of_the_payload() {
    let place = Place::new();
    let payload = format!("{REPOSITORY}:4.99.1-rc.1-x86_64");
    job(&place, &["run_stage_testing", "-p", &payload]);
    let expected = json!({ "RELEASE_IMAGE_LATEST": payload });
    let stage =
        "periodic-ci-openshift-openshift-tests-private-release-4.99-stage-testing-e2e-aws-ipi";
    assert_eq!(only_run(&place), (stage.to_owned(), expected));
}

#[test]
fn spec04_case_31_the_consistency_check_names_payload_and_merge_request() {
    let place = Place::new();
    let payload = format!("{REPOSITORY}:4.99.3-x86_64");
    let told = job(&place, &["run_image_consistency_check", "-p", &payload, "-m", "189"]);
    let expected = json!({
        "MULTISTAGE_PARAM_OVERRIDE_PAYLOAD_URL": payload,
        "MULTISTAGE_PARAM_OVERRIDE_MERGE_REQUEST_ID": "189",
    });
    assert_eq!(only_run(&place), (CHECK.to_owned(), expected));
    assert!(told["run"]["jobURL"].is_string(), "{told:#}");
}

#[test]
fn spec04_case_33_a_job_that_does_not_exist_does_not_hold_up_the_others() {
    let place = Place::new();
    let file = json!({ "4.99": ["periodic-ci-no-such-job", AWS], "4.98": [] });
    std::fs::write(place.path("jobs.json"), file.to_string()).expect("the file");
    let required = ["run_required", "--file", "jobs.json", "--version", "4.99.3", "--channel"];
    let all = [&required[..], &["4.99", "--output", "json"]].concat();
    let told = place.sandboxed("job", &all).expect(1).json();
    assert_eq!(starts(&place), 1);
    assert_eq!(told["started"][0]["job"], AWS);
    let problem = &told["problems"][0];
    assert_eq!(problem["subject"], "periodic-ci-no-such-job");
    assert!(problem["message"].as_str().is_some_and(|m| m.contains("no periodic job")), "{told:#}");

    place.sandboxed("job", &[&required[..], &["4.97"]].concat()).expect(2);
    place.sandboxed("job", &[&required[..], &["4.99", "--dry-run"]].concat()).expect(0);
    assert_eq!(starts(&place), 1);
}

#[test]
fn a_part_of_a_name_finds_its_job_and_components_have_lists() {
    let place = Place::new();
    let put = |world: &mut oar_sandbox::world::World| {
        let jobs = format!("periodics:\n- name: {AWS}\n- name: periodic-ci-example-other-aws\n");
        let files = [
            ("ci-operator/jobs/openshift/openshift-tests-private/x-periodics.yaml", jobs.as_str()),
            (
                "ci-operator/config/openshift/hive/openshift-hive-main.yaml",
                "tests:\n- as: unit\n- as: e2e\n",
            ),
        ];
        world.github.seed_branch("openshift/release", "main", &files);
    };
    place.sandbox().change(put).expect("the world");
    let told = place.sandboxed("job", &["run", "install-aws"]).expect(0);
    assert!(told.stderr.contains(&format!("install-aws is {AWS}")), "{}", told.stderr);
    place.sandboxed("job", &["run", "aws"]).expect(2);
    assert_eq!(starts(&place), 1);
    place.sandboxed("job", &["run", "aws", "--first"]).expect(0);
    place.sandboxed("job", &["run", "nothing-like-it"]).expect(1);
    assert_eq!(only_job_of(&place), AWS);
    let list = job(&place, &["list", "--component", "openshift/hive"]);
    assert_eq!(list["jobs"][1]["test"], "e2e");
}

fn only_job_of(place: &Place) -> String {
    let jobs: std::collections::BTreeSet<String> = place
        .sandbox()
        .world(|world| world.prow.runs.values().map(|run| run.job.clone()).collect());
    assert_eq!(jobs.len(), 1);
    jobs.into_iter().next().expect("a job")
}

#[test]
fn accepted_payloads_are_shown_and_nothing_is_pushed() {
    let place = Place::new();
    let told = job(&place, &["get_payloads", "4.99.1"]);
    assert_eq!(told["payloads"][0]["version"], "4.99.1");
    assert_eq!(told["payloads"][0]["release"], "4.99.2");
    place.sandboxed("job", &["get_payloads", "4.97.0"]).expect(1);
}
