//! Bad input: a clear error that names it, the documented exit code, nothing written.

use crate::harness::Place;

/// The sandbox's world and every file of the place must be as before.
fn unchanged(
    place: &Place,
    run: impl FnOnce(&Place) -> crate::harness::Run,
) -> crate::harness::Run {
    let before = place.sandbox().world(|w| w.effects.clone());
    let outcome = run(place);
    assert_eq!(place.sandbox().world(|w| w.effects.clone()), before, "something was written");
    outcome
}

#[test]
fn spec01_case_02_a_malformed_version_is_a_usage_error_before_any_request() {
    let place = Place::new();
    for text in ["", "4.", "4.12", "v4.12.1", "4.12.011"] {
        let run = place.sandboxed("oar", &["-r", text, "status"]).expect(2);
        assert!(run.stderr.contains("4.20.7"), "says what would be right: {}", run.stderr);
    }
}

#[test]
fn spec01_case_29_the_release_is_required_but_not_for_help() {
    let place = Place::new();
    let run = place.run("oar", &["create-test-report"]).expect(2);
    assert!(run.stderr.contains("--release"), "{}", run.stderr);
    place.run("oar", &["create-test-report", "-h"]).expect(0);
}

#[test]
fn spec01_case_39_an_unknown_y_stream_is_a_usage_error() {
    let place = Place::new();
    for text in ["4.999", "foo", "4", "4.2.1"] {
        let run = place.sandboxed("oarctl", &["start-release-detector", "-r", text]).expect(2);
        assert!(run.stderr.contains("y-stream such as 4.20"), "{}", run.stderr);
    }
}

#[test]
fn spec01_case_23_unknown_tasks_and_statuses_list_the_valid_ones() {
    let place = Place::new();
    place.sandboxed("oar", &["-r", "4.99.3", "create-test-report"]).expect(0);
    let run = unchanged(&place, |p| {
        p.sandboxed("oar", &["-r", "4.99.3", "task", "set", "foo", "Pass"]).expect(2)
    });
    assert!(run.stderr.contains("stage-testing"), "{}", run.stderr);
    let run = unchanged(&place, |p| {
        p.sandboxed("oar", &["-r", "4.99.3", "task", "set", "stage-testing", "Done"]).expect(2)
    });
    assert!(run.stderr.contains("In Progress"), "{}", run.stderr);
}

#[test]
fn spec01_case_15_a_task_of_a_release_without_statebox_is_refused() {
    let place = Place::new();
    let run = unchanged(&place, |p| {
        p.sandboxed("oar", &["-r", "4.99.3", "task", "set", "stage-testing", "Pass"]).expect(1)
    });
    assert!(run.stderr.contains("create-test-report"), "says how to start: {}", run.stderr);
}

#[test]
fn a_release_that_is_not_in_the_build_data_is_not_ready() {
    let place = Place::new();
    let run = unchanged(&place, |p| {
        p.sandboxed("oar", &["-r", "4.99.77", "create-test-report"]).expect(1)
    });
    assert!(run.stderr.contains("4.99.77"), "{}", run.stderr);
    let run = unchanged(&place, |p| {
        p.sandboxed("oar", &["-r", "4.77.1", "create-test-report"]).expect(1)
    });
    assert!(run.stderr.contains("4.77"), "{}", run.stderr);
}

#[test]
fn a_broken_statebox_is_reported_with_its_position_and_never_overwritten() {
    for broken in ["", "release: [4.99.3\n", "- a\n- b\n", "release: 4.99.3\n\ttasks: []\n"] {
        let place = Place::new();
        let file = place.path("repo/_releases/4.99/statebox");
        std::fs::create_dir_all(&file).expect("a folder");
        let file = file.join("4.99.3.yaml");
        std::fs::write(&file, broken).expect("a file");
        let repo = place.path("repo").display().to_string();
        for command in [&["status"][..], &["task", "set", "stage-testing", "Pass"]] {
            let mut all = vec!["--state-repo", &repo, "-r", "4.99.3"];
            all.extend_from_slice(command);
            let run = place.run("oar", &all).expect(1);
            assert!(run.stderr.contains("4.99.3.yaml"), "{}", run.stderr);
        }
        assert_eq!(std::fs::read_to_string(&file).expect("the file"), broken);
    }
}

#[test]
fn a_state_file_above_one_megabyte_is_refused() {
    let place = Place::new();
    let folder = place.path("repo/_releases/4.99/statebox");
    std::fs::create_dir_all(&folder).expect("a folder");
    let text = format!("release: 4.99.3\nextra: {}\n", "x".repeat(1_100_000));
    std::fs::write(folder.join("4.99.3.yaml"), text).expect("a file");
    let repo = place.path("repo").display().to_string();
    let run = place.run("oar", &["--state-repo", &repo, "-r", "4.99.3", "status"]).expect(1);
    assert!(run.stderr.contains("larger than"), "{}", run.stderr);
}

#[test]
fn an_endpoint_of_an_unknown_service_names_the_service() {
    let place = Place::new();
    let endpoint = ["--endpoint", "gitbuh=https://example.com", "-r", "4.99.3", "status"];
    let run = place.run("oar", &endpoint);
    assert_ne!(run.code, Some(0));
    assert!(run.stderr.contains("gitbuh"), "{}", run.stderr);
}

#[test]
fn a_missing_token_is_named_before_any_work() {
    let place = Place::new();
    let run = place.run("oar", &["-r", "4.99.3", "status"]).expect(1);
    assert!(run.stderr.contains("GITHUB_TOKEN"), "{}", run.stderr);
    let run = place.run("oar", &["-r", "4.99.3", "status", "--exit-code"]).expect(2);
    assert!(run.stderr.contains("GITHUB_TOKEN"), "{}", run.stderr);
}
