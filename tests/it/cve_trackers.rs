//! Story: CVE trackers that nobody carries (spec 02 §7.4).

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::harness::{Place, Run};
use crate::take_ownership::{begun, statebox};

const CHECK: [&str; 4] = ["-r", "4.99.3", "check-cve-tracker-bug", "--json"];

/// elliott finds `keys` among the images, beside what it finds anyway.
fn elliott_finds(place: &Place, keys: &[&str]) {
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let changed = place.sandbox().change(|world| {
        let found = world.errata.trackers.get_mut("4.99.3").expect("the release");
        found.get_mut("konflux").expect("a system").insert("image".to_owned(), keys);
    });
    changed.expect("a change");
}

fn issues(place: &Place) -> Vec<Value> {
    let list = ["-r", "4.99.3", "issue", "list", "--json"];
    let listed = place.sandboxed("oar", &list).expect(0).json();
    listed["issues"].as_array().expect("issues").clone()
}

fn told(place: &Place) -> Vec<String> {
    place.sandbox().world(|world| {
        let to_art = world.slack.messages.iter().filter(|m| m.channel == "art-example");
        to_art.map(|m| m.text.clone()).collect()
    })
}

#[test]
fn spec02_case_28_a_missed_tracker_is_one_blocker_and_one_message() {
    let place = begun();
    let report = place.sandboxed("oar", &CHECK).expect(0).json();
    assert_eq!(report["outcome"], "pass", "{report}");

    elliott_finds(&place, &["OCPBUGS-99100", "OCPBUGS-99001"]);
    for _ in 0..2 {
        let report = place.sandboxed("oar", &CHECK).expect(0).json();
        assert_eq!(report["outcome"], "fail");
        let missed = report["facts"]["trackers"]["missed"].as_array().expect("a list").clone();
        assert_eq!(missed.len(), 1, "99001 is in the shipment: {missed:?}");
        assert_eq!(missed[0]["key"], "OCPBUGS-99100");
    }
    let open = issues(&place);
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["related_tasks"], json!(["check-cve-tracker-bug"]));
    assert!(open[0]["issue"].to_string().contains("OCPBUGS-99100"));
    assert!(statebox(&place).contains("name: check-cve-tracker-bug\n  status: Fail"));
    let messages = told(&place);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].starts_with("[4.99.3] <!subteam^S0ART>"), "{}", messages[0]);

    // Other findings: the same issue with a new text, and another message.
    elliott_finds(&place, &["OCPBUGS-99100", "OCPBUGS-99101"]);
    place.sandboxed("oar", &CHECK).expect(0);
    let changed = issues(&place);
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0]["reported_at"], open[0]["reported_at"]);
    assert!(changed[0]["issue"].to_string().contains("OCPBUGS-99101"));
    assert_eq!(told(&place).len(), 2);

    elliott_finds(&place, &[]);
    let report = place.sandboxed("oar", &CHECK).expect(0).json();
    assert_eq!(report["outcome"], "pass");
    assert_eq!(issues(&place), [Value::Null; 0]);
}

#[test]
fn spec02_case_29_what_is_shipped_or_closed_is_not_reported() {
    let place = begun();
    elliott_finds(&place, &["OCPBUGS-99200", "OCPBUGS-98171"]);
    let changed = place.sandbox().change(|world| {
        let past = world.errata.advisories.get_mut(&990_021).expect("a shipped advisory");
        past.issues.push("OCPBUGS-99200".to_owned());
        let tracker = world.jira.issues.get_mut("OCPBUGS-98171").expect("an issue");
        "Closed".clone_into(&mut tracker.status);
    });
    changed.expect("a change");
    let report = place.sandboxed("oar", &CHECK).expect(0).json();
    assert_eq!(report["outcome"], "pass", "{report}");
    let shipped = &report["facts"]["trackers"]["shipped"];
    assert_eq!(shipped.as_array().map(Vec::len), Some(2), "{shipped}");
}

#[test]
fn nobody_is_told_when_nobody_should_be() {
    let place = begun();
    elliott_finds(&place, &["OCPBUGS-99100"]);
    let run = [&CHECK[..], &["--no-notify"]].concat();
    assert_eq!(place.sandboxed("oar", &run).expect(0).json()["outcome"], "fail");
    assert_eq!((told(&place).len(), issues(&place).len()), (0, 1));
}

#[test]
fn what_may_be_in_an_unreadable_advisory_is_no_pass_and_no_blocker() {
    let place = begun();
    elliott_finds(&place, &["OCPBUGS-99100"]);
    let changed = place.sandbox().change(|world| drop(world.errata.advisories.remove(&990_031)));
    changed.expect("a change");
    let before = statebox(&place);
    let report = place.sandboxed("oar", &CHECK).expect(1).json();
    assert_eq!(report["outcome"], "undetermined");
    assert_eq!(statebox(&place), before);
}

/// Runs the check with a program of the test's own as elliott.
fn with_program(place: &Place, script: &str, more: &[(&str, &str)]) -> Run {
    let program = place.path("elliott");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a program");
    let runnable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, runnable).expect("a mode");
    let program = program.display().to_string();
    let world = format!("--sandbox={}", place.path("world").display());
    let arguments = [&[world.as_str()], &CHECK[..]].concat();
    let mut variables = vec![("OAR_ELLIOTT", program.as_str()), ("PATH", "/usr/bin:/bin")];
    variables.extend_from_slice(more);
    place.run_with("oar", &arguments, &variables)
}

const CREDENTIALS: [(&str, &str); 3] =
    [("JIRA_USERNAME", "bot@example.com"), ("JIRA_TOKEN", "t-jira"), ("GITLAB_TOKEN", "t-gitlab")];

#[test]
fn spec02_case_28_elliott_as_a_program_is_asked_for_both_systems() {
    let place = begun();
    let script = r#"[ "$1" = --version ] && { echo 'elliott 99'; exit 0; }
echo "$@" >> "$(dirname "$0")/asked"
echo 'WARNING: noise' >&2
echo '{"rpm": [], "image": ["OCPBUGS-99100"], "rhcos": ["OCPBUGS-99033"]}'"#;
    let report = with_program(&place, script, &CREDENTIALS).expect(0).json();
    assert_eq!(report["outcome"], "fail");
    assert_eq!(report["facts"]["trackers"]["missed"][0]["key"], "OCPBUGS-99100");
    let asked = std::fs::read_to_string(place.path("asked")).expect("its arguments");
    assert!(asked.contains("--build-system brew") && asked.contains("--build-system konflux"));
}

#[test]
fn spec02_case_30_a_failing_elliott_fails_the_task_with_its_last_words() {
    let place = begun();
    let script = r#"[ "$1" = --version ] && { echo 'elliott 99'; exit 0; }
echo 'assembly 4.99.3 is broken' >&2
exit 1"#;
    let report = with_program(&place, script, &CREDENTIALS).expect(1).json();
    assert_eq!(report["outcome"], "fail");
    assert!(report["error"]["message"].to_string().contains("assembly 4.99.3 is broken"));
    assert!(statebox(&place).contains("name: check-cve-tracker-bug\n  status: Fail"));
    let silent = with_program(&place, "exit 0", &CREDENTIALS).expect(1).json();
    assert_eq!(silent["outcome"], "fail", "an empty answer is not `none`");
}

#[test]
fn spec02_case_30_without_a_credential_elliott_is_not_started() {
    let place = begun();
    let before = statebox(&place);
    let script = r#"[ "$1" = --version ] && { echo 'elliott 99'; exit 0; }
echo "$@" >> "$(dirname "$0")/asked"
echo '{}'"#;
    let run = with_program(&place, script, &CREDENTIALS[1..]).expect(1).json();
    let message = run["error"]["message"].to_string();
    assert!(message.contains("JIRA_USERNAME"), "{message}");
    assert_eq!(run["error"]["code"], "not_configured");
    assert!(!place.path("asked").exists());
    assert_eq!(statebox(&place), before);
}
