//! Story: a release is announced, its StateBox is created and read back.

use crate::harness::Place;

const STATEBOX: &str = "_releases/4.99/statebox/4.99.3.yaml";

#[test]
fn a_newcomer_creates_a_release_and_reads_it_back() {
    let place = Place::new();
    let made = place.sandboxed("oar", &["-r", "4.99.3", "create-test-report", "--json"]).expect(0);
    assert_eq!(made.json()["outcome"], "pass");
    assert_eq!(made.json()["statebox"]["written"], true);

    let status = place.sandboxed("oar", &["-r", "4.99.3", "status"]).expect(0);
    assert!(status.stdout.contains("NOT STARTED"), "{}", status.stdout);
    assert!(status.stdout.contains("2026-Mar-10"), "{}", status.stdout);

    let plan = place.sandboxed("oar", &["-r", "4.99.3", "plan", "--json"]).expect(0).json();
    let verdict = |task: &str| {
        let rows = plan["tasks"].as_array().expect("tasks");
        rows.iter().find(|row| row["task"] == task).map(|row| row["verdict"].clone())
    };
    assert_eq!(verdict("take-ownership"), Some("run".into()));
    assert_eq!(verdict("stage-testing"), Some("waiting".into()));
}

#[test]
fn the_stored_file_is_what_the_format_says() {
    let place = Place::new();
    place.sandboxed("oar", &["-r", "4.99.3", "create-test-report"]).expect(0);
    let file = place.sandbox().world(|w| w.github.branch_file("z-stream", STATEBOX));
    let file = file.expect("the StateBox");
    let expected = "\
schema_version: '1.0'
release: 4.99.3
created_at: 'T'
updated_at: 'T'
metadata:
  jira_ticket: ART-99003
  advisory_ids:
    rpm: 990031
    rhcos: 990032
  release_date: 2026-Mar-10
  candidate_builds:
    x86_64: 4.99.0-0.nightly-2026-03-01-045853
    aarch64: 4.99.0-0.nightly-arm64-2026-03-01-043333
  shipment_mr: https://gitlab.example.com/invented/ocp-shipment-data/-/merge_requests/337
tasks: []
issues: []
";
    let at = file.split('\'').nth(3).expect("a time");
    assert_eq!(file.replace(at, "T"), expected);
}

#[test]
fn spec01_case_36_an_existing_statebox_is_left_alone_and_nobody_is_told_twice() {
    let place = Place::new();
    place.sandboxed("oar", &["-r", "4.99.3", "create-test-report"]).expect(0);
    let first = place.sandbox().world(Clone::clone);
    assert_eq!(first.count("github", "put-contents"), 1, "{:?}", first.effects);
    assert_eq!(first.slack.messages.len(), 1);
    let message = &first.slack.messages[0];
    assert_eq!(message.channel, "team-release-example");
    assert!(message.text.contains("<!subteam^S0499>"), "{}", message.text);
    assert!(message.text.contains("/z-stream/_releases/4.99/statebox/4.99.3.yaml|StateBox>"));

    let again = place.sandboxed("oar", &["-r", "4.99.3", "create-test-report", "--json"]).expect(0);
    assert_eq!(again.json()["outcome"], "unchanged");
    let second = place.sandbox().world(Clone::clone);
    assert_eq!(second.effects, first.effects);
}

#[test]
fn the_commit_says_who_did_it_with_which_command_and_which_intent() {
    let place = Place::new();
    place.sandboxed("oar", &["-r", "4.99.3", "create-test-report"]).expect(0);
    let message = place.sandbox().world(|w| w.github.log("z-stream")).remove(0);
    assert!(message.contains("4.99.3"), "{message}");
    assert!(message.contains("\nActor: person tester\n"), "{message}");
    assert!(message.contains("\nCommand: create-test-report\n"), "{message}");
    assert!(message.contains("\nIntent-Id: "), "{message}");
}

#[test]
fn a_dry_run_shows_the_changes_and_makes_none() {
    let place = Place::new();
    let before = place.sandbox().world(|w| w.effects.clone());
    let run =
        place.sandboxed("oar", &["-r", "4.99.3", "create-test-report", "--dry-run", "--json"]);
    let report = run.expect(0).json();
    let systems: Vec<_> = report["planned_changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| change["system"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(systems, ["state", "slack"]);
    assert_eq!(place.sandbox().world(|w| w.effects.clone()), before);
    let status = place.sandboxed("oar", &["-r", "4.99.3", "status", "--json"]).expect(1);
    assert_eq!(status.json()["error"]["code"], "not_found");
}

#[test]
fn the_local_adapter_serves_a_folder() {
    let place = Place::new();
    let folder = place.path("state-repo");
    let folder = folder.to_str().expect("a path");
    let with_folder = |arguments: &[&str]| {
        let mut all = vec!["--state-repo", folder, "-r", "4.99.3"];
        all.extend_from_slice(arguments);
        place.sandboxed("oar", &all)
    };
    std::fs::create_dir(folder).expect("a folder");
    with_folder(&["create-test-report"]).expect(0);
    with_folder(&["task", "set", "take-ownership", "Pass", "--result", "by hand"]).expect(0);
    let status = with_folder(&["status", "--json"]).expect(0).json();
    assert_eq!(status["overview"]["status"], "IN PROGRESS");
    assert!(place.path("state-repo").join(STATEBOX).exists());
    assert_eq!(place.sandbox().world(|w| w.count("github", "put-contents")), 0);
}

/// R28: people overrule a status by hand; it is logged with who did it, and it can be taken back.
#[test]
fn r28_a_status_set_by_hand_is_logged_and_can_be_taken_back() {
    let place = Place::new();
    let set = |status: &str| {
        let text = format!("set to {status} by hand");
        let command = ["-r", "4.99.3", "task", "set", "stage-testing", status, "--result", &text];
        place.sandboxed("oar", &command).expect(0);
    };
    let entry = || {
        let status = place.sandboxed("oar", &["-r", "4.99.3", "status", "--json"]).expect(0).json();
        let tasks = status["state"]["tasks"].as_array().expect("tasks").clone();
        tasks.into_iter().find(|task| task["name"] == "stage-testing").expect("the task")
    };
    place.sandboxed("oar", &["-r", "4.99.3", "create-test-report"]).expect(0);
    set("Pass");
    assert_eq!(entry()["status"], "Pass");
    let message = place.sandbox().world(|w| w.github.log("z-stream")).remove(0);
    assert!(message.contains("stage-testing") && message.contains("person tester"), "{message}");
    set("Not Started");
    assert_eq!(entry()["status"], "Not Started");
}
