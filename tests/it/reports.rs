//! Reports over several releases, issues, configuration, completions.

use oar_sandbox::crash;

use crate::harness::Place;

#[test]
fn spec01_case_39_the_detector_creates_each_announced_release_once() {
    let place = Place::new();
    place.sandboxed("oarctl", &["start-release-detector", "-r", "4.99"]).expect(0);
    let world = place.sandbox().world(Clone::clone);
    assert!(world.github.branch_file("z-stream", "_releases/4.99/statebox/4.99.3.yaml").is_some());
    assert!(
        world.github.branch_file("z-stream", "_releases/4.99/statebox/4.99.2.yaml").is_none(),
        "4.99.2 is not newer than the latest stable release"
    );
    assert_eq!(world.count("github", "put-contents"), 1);
    place.sandboxed("oarctl", &["start-release-detector", "-r", "4.99"]).expect(0);
    assert_eq!(place.sandbox().world(|w| w.effects.clone()), world.effects);
}

#[test]
fn active_releases_lists_all_that_are_in_work_blocked_ones_first() {
    let place = Place::new();
    place.sandboxed("oarctl", &["start-release-detector", "--all"]).expect(0);
    place
        .sandboxed(
            "oar",
            &["-r", "4.98.17", "issue", "add", "stage is down", "--task", "stage-testing"],
        )
        .expect(0);
    let report = place.sandboxed("oarctl", &["active-releases", "--json"]).expect(0).json();
    let releases: Vec<_> = report["releases"]
        .as_array()
        .expect("releases")
        .iter()
        .map(|r| {
            (r["release"].as_str().unwrap_or_default().to_owned(), r["overview"]["status"].clone())
        })
        .collect();
    assert_eq!(
        releases,
        [("4.98.17".to_owned(), "BLOCKED".into()), ("4.99.3".to_owned(), "NOT STARTED".into())]
    );
    let text = place.sandboxed("oar", &["status"]).expect(0).stdout;
    assert!(text.contains("stage is down"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours outside a terminal");
}

#[test]
fn issues_are_added_listed_and_resolved() {
    let place = Place::new();
    let oar = |arguments: &[&str]| {
        let mut all = vec!["-r", "4.99.3"];
        all.extend_from_slice(arguments);
        place.sandboxed("oar", &all)
    };
    oar(&["create-test-report"]).expect(0);
    let add = [
        "issue",
        "add",
        "the stage pipeline is down, ask someone@example.com",
        "--task",
        "stage-testing",
    ];
    oar(&add).expect(0);
    oar(&add).expect(0);
    let open = oar(&["issue", "list", "--json"]).expect(0).json();
    assert_eq!(open["issues"].as_array().map(Vec::len), Some(1), "added once: {open}");
    assert!(!open.to_string().contains("someone@example.com"), "masked: {open}");

    let second = oar(&["issue", "add", "another trouble", "--task", "stage-testing"]).expect(1);
    assert!(
        second.stderr.contains("stage pipeline is down"),
        "quotes the first: {}",
        second.stderr
    );
    let plan = oar(&["plan", "--json"]).expect(0).json().to_string();
    assert!(plan.contains("blocked"), "{plan}");

    oar(&["issue", "resolve", "stage", "--resolution", "it is back"]).expect(0);
    let open = oar(&["issue", "list", "--json"]).expect(0).json();
    assert_eq!(open["issues"].as_array().map(Vec::len), Some(0));
    let all = oar(&["issue", "list", "--all", "--json"]).expect(0).json();
    assert_eq!(all["issues"][0]["resolution"], "it is back");
}

#[test]
fn the_configuration_is_encrypted_validated_shown_and_rotated() {
    let place = Place::new();
    std::fs::write(place.path("plain.json"), oar_sandbox::seed::CONFIG).expect("a file");
    let old = [("OAR_JWK", "0123456789abcdef")];
    let ctl = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut all = vec!["--config-file", "store.jwe"];
        all.extend_from_slice(arguments);
        place.run_with("oarctl", &all, variables)
    };
    ctl(&["config", "encrypt", "plain.json", "--to", "store.jwe"], &old).expect(0);
    ctl(&["config", "validate"], &old).expect(0);
    let shown = ctl(&["config", "show"], &old).expect(0).stdout;
    assert!(shown.contains("gitlab.example.com"), "{shown}");
    assert!(!shown.contains("lead@example.com"), "redacted: {shown}");

    let both = [("OAR_JWK", "0123456789abcdef"), ("OAR_NEW_JWK", "fedcba9876543210")];
    ctl(&["config", "rotate-key"], &both).expect(0);
    let wrong = ctl(&["config", "validate"], &old).expect(1);
    assert!(!wrong.stderr.contains("0123456789abcdef"), "{}", wrong.stderr);
    ctl(&["config", "validate"], &[("OAR_JWK", "fedcba9876543210")]).expect(0);
    let short = ctl(&["config", "validate"], &[("OAR_JWK", "short")]).expect(1);
    assert!(short.stderr.contains("exactly 16"), "{}", short.stderr);
}

/// Whatever point it is killed at, the configuration opens with the old key or with the new one.
#[test]
fn a_killed_key_rotation_leaves_the_old_or_the_new_configuration() {
    let (old, new) = ("0123456789abcdef", "fedcba9876543210");
    let mut opened_with = Vec::new();
    for point in ["1", "2"] {
        let place = Place::new();
        std::fs::write(place.path("plain.json"), oar_sandbox::seed::CONFIG).expect("a file");
        let ctl = |arguments: &[&str], variables: &[(&str, &str)]| {
            let mut all = vec!["--config-file", "store.jwe"];
            all.extend_from_slice(arguments);
            place.run_with("oarctl", &all, variables)
        };
        ctl(&["config", "encrypt", "plain.json", "--to", "store.jwe"], &[("OAR_JWK", old)])
            .expect(0);
        let killed = [("OAR_JWK", old), ("OAR_NEW_JWK", new), (crash::SETTING, point)];
        let run = ctl(&["--sandbox=world", "config", "rotate-key"], &killed);
        assert_eq!(run.code, None, "killed at point {point}");
        let opens = |key| ctl(&["config", "validate"], &[("OAR_JWK", key)]).code == Some(0);
        opened_with.push((opens(old), opens(new)));
    }
    assert_eq!(opened_with, [(true, false), (false, true)]);
}

#[test]
fn every_setting_tells_where_it_comes_from() {
    let place = Place::new().with("OAR_STATE_BRANCH", "rehearsal");
    let listed = place.run("oarctl", &["config", "list", "--show-origin"]).expect(0).stdout;
    let line = listed.lines().find(|l| l.starts_with("state.branch")).expect("state.branch");
    assert!(line.contains("rehearsal") && line.contains("OAR_STATE_BRANCH"), "{line}");
}

#[test]
fn completions_and_manual_pages_are_generated() {
    let place = Place::new();
    let script = place.run("oar", &["completions", "bash"]).expect(0).stdout;
    assert!(script.contains("create-test-report"));
    std::fs::create_dir(place.path("man")).expect("a folder");
    place.run("oarctl", &["man", "man"]).expect(0);
    let page = std::fs::read_to_string(place.path("man/oarctl-config-show.1")).expect("a page");
    assert!(page.contains(".TH"), "{page}");
}

#[test]
fn r04_stored_addresses_are_found_by_the_scan() {
    let place = Place::new();
    place.sandboxed("oar", &["-r", "4.99.3", "create-test-report"]).expect(0);
    place.sandboxed("oarctl", &["scan-secrets"]).expect(0);
    let path = "_releases/4.99/statebox/4.99.3.yaml";
    let leaked = place.sandbox().change(|world| {
        let text = world.github.branch_file("z-stream", path).expect("the file");
        let text = text.replace("issues: []", "issues: []\nremark: ask someone@example.com");
        world.github.foreign_write("z-stream", path, &text);
    });
    leaked.expect("a change");
    let found = place.sandboxed("oarctl", &["scan-secrets"]).expect(1);
    assert!(found.stdout.contains("4.99.3.yaml"), "{}", found.stdout);
    assert!(!found.stdout.contains("someone@example.com"), "{}", found.stdout);
}
