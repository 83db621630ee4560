//! Job registries: listed from their definitions, and proposed as a pull request, by the real program.

use oar_sandbox::seed::{DEFINITIONS, FORK, STATE_REPO};
use oar_sandbox::world::World;
use serde_json::{Value, json};

use crate::harness::{Place, Run};

const FILE: &str = "_releases/ocp-4.99-test-jobs-amd64.json";
const AWS: &str = "periodic-ci-example-tests-release-4.99-install-aws";
const UPGRADE: &str = "periodic-ci-example-tests-release-4.99-upgrade-from-stable-4.98-aws";
const UPDATE: [&str; 6] = ["registry", "update", "-r", "4.99", "--file", "jobs.json"];

/// A registry of these nightly jobs and the stable one that is there.
fn registry(nightly: &[&str]) -> String {
    let nightly: Vec<Value> = nightly.iter().map(|job| json!({ "prowJob": job })).collect();
    let stable = json!([{ "prowJob": UPGRADE, "upgrade": true }]);
    format!("{:#}\n", json!({ "nightly": nightly, "stable": stable }))
}

fn write(place: &Place, text: &str) {
    std::fs::write(place.path("jobs.json"), text).expect("a file");
}

/// A place whose file holds a registry with one job more.
fn place() -> Place {
    let place = Place::new();
    write(&place, &registry(&[AWS, "periodic-ci-example-tests-release-4.99-install-azure"]));
    place
}

fn update(place: &Place, more: &[&str]) -> Run {
    place.sandboxed("jobctl", &[&UPDATE[..], more, &["--output", "json"]].concat())
}

/// What was done on GitHub, in order.
fn done(place: &Place) -> Vec<String> {
    place.sandbox().world(|world| world.effects.iter().map(|e| e.action.clone()).collect())
}

#[test]
fn a_new_registry_becomes_one_pull_request_however_often_it_is_asked_for() {
    let place = place();
    let report = update(&place, &[]).expect(0).json();
    assert_eq!(report["proposed"], "now", "{report:#}");
    let new = "periodic-ci-example-tests-release-4.99-install-azure";
    assert_eq!(report["nightly"]["added"], json!([new]));
    assert_eq!(report["nightly"]["removed"].as_array().map(Vec::len), Some(2));
    let branch = report["branch"].as_str().expect("a branch").to_owned();
    assert_eq!(report["pull_request"], format!("https://github.com/{STATE_REPO}/pull/1"));
    place.sandbox().world(|world| {
        let wanted = std::fs::read_to_string(place.path("jobs.json")).ok();
        assert_eq!(world.github.file_of(FORK, &branch, FILE), wanted);
        // On top of what upstream is, and upstream itself is as it was.
        let (fork, upstream) = (&world.github.repos[FORK], &world.github.repos[STATE_REPO]);
        let commit = &fork.commits[&fork.branches[&branch]];
        assert_eq!(commit.parents, [upstream.branches["main"].clone()]);
        assert!(commit.message.contains("Actor: person tester"), "{}", commit.message);
        assert_eq!(upstream.branches.len(), 3);
        let pull = &world.github.pulls[&format!("{STATE_REPO}#1")];
        assert_eq!(
            (pull.head.as_str(), pull.base.as_str()),
            (&*format!("registry-bot-example:{branch}"), "main")
        );
        assert!(pull.title.contains("4.99 amd64 (2603020"), "{}", pull.title);
        assert!(
            pull.body.contains(new) && pull.body.contains("1 added, 2 removed"),
            "{}",
            pull.body
        );
        assert!(pull.labels.is_empty(), "it approves itself only when asked");
    });
    let again = update(&place, &[]).expect(0).json();
    assert_eq!(
        (&again["proposed"], &again["pull_request"]),
        (&json!("before"), &report["pull_request"])
    );
    assert_eq!(done(&place), ["create-ref", "open-pull"]);

    // Approved later, once.
    for _ in 0..2 {
        let approved = update(&place, &["--auto-approve"]).expect(0).json();
        assert_eq!(approved["labels"], json!(["lgtm", "approved"]));
    }
    assert_eq!(done(&place), ["create-ref", "open-pull", "label"]);

    // Merged: there is nothing left to do.
    place
        .sandbox()
        .change(|world| {
            let text = std::fs::read_to_string(place.path("jobs.json")).expect("the file");
            world.github.foreign_write("main", FILE, &text);
            world.github.pulls.get_mut(&format!("{STATE_REPO}#1")).expect("it").is_closed = true;
        })
        .expect("the world");
    let text = place.sandboxed("jobctl", &UPDATE).expect(0).stdout;
    assert!(text.contains("Nothing to do"), "{text}");
    assert_eq!(done(&place).len(), 3);
}

/// The same content comes back after it was replaced: its old branch is put on today's upstream.
#[test]
fn a_branch_that_was_left_behind_is_used_again() {
    let place = place();
    let branch = update(&place, &[]).expect(0).json()["branch"].clone();
    place
        .sandbox()
        .change(|world| {
            world.github.pulls.get_mut(&format!("{STATE_REPO}#1")).expect("it").is_closed = true;
            world.github.foreign_write("main", FILE, &registry(&[AWS]));
        })
        .expect("the world");
    let report = update(&place, &[]).expect(0).json();
    assert_eq!((&report["proposed"], &report["branch"]), (&json!("now"), &branch));
    assert_eq!(report["pull_request"], format!("https://github.com/{STATE_REPO}/pull/2"));
    place.sandbox().world(|world| {
        let fork = &world.github.repos[FORK];
        let head = &fork.branches[branch.as_str().expect("a name")];
        assert_eq!(
            fork.commits[head].parents,
            [world.github.repos[STATE_REPO].branches["main"].clone()]
        );
    });
    assert_eq!(done(&place), ["create-ref", "open-pull", "update-ref", "open-pull"]);
}

#[test]
fn a_branch_with_other_content_is_not_touched() {
    let place = place();
    let branch = update(&place, &[]).expect(0).json()["branch"].as_str().expect("it").to_owned();
    place
        .sandbox()
        .change(|world| {
            world.github.pulls.clear();
            let foreign = world.github.repos[STATE_REPO].branches["main"].clone();
            let fork = world.github.repos.get_mut(FORK).expect("the fork");
            fork.branches.insert(branch.clone(), foreign);
        })
        .expect("the world");
    let before = done(&place);
    let run = update(&place, &[]).expect(1);
    assert!(
        run.stderr.contains("holds something else") && run.stderr.contains(&branch),
        "{}",
        run.stderr
    );
    assert_eq!(done(&place), before);
}

#[test]
fn a_dry_run_lists_the_commit_the_pull_request_and_the_labels() {
    let place = place();
    let before = place.sandbox().world(Clone::clone);
    let report = update(&place, &["--dry-run", "--auto-approve"]).expect(0).json();
    let actions: Vec<&str> = report["planned_changes"]
        .as_array()
        .expect("changes")
        .iter()
        .filter_map(|change| change["action"].as_str())
        .collect();
    assert_eq!(actions, ["push a commit", "open a pull request", "label the pull request"]);
    assert_eq!((&report["pull_request"], &report["labels"]), (&Value::Null, &json!([])));
    let after = place.sandbox().world(Clone::clone);
    assert_eq!((after.effects, after.github), (before.effects, before.github));
    let text = place.sandboxed("jobctl", &[&UPDATE[..], &["--dry-run"]].concat()).expect(0).stdout;
    assert!(text.contains("Would be proposed.") && text.contains("+ nightly"), "{text}");
}

#[test]
fn a_dry_run_needs_no_app() {
    let place = place();
    place.sandbox().change(|world| world.github.installed.clear()).expect("the world");
    update(&place, &["--dry-run", "--auto-approve"]).expect(0);
    let run = update(&place, &[]).expect(1);
    assert!(run.stderr.contains("not installed"), "{}", run.stderr);
    assert!(done(&place).is_empty());
}

#[test]
fn bad_content_and_bad_arguments_are_usage_errors_and_nothing_is_written() {
    let place = place();
    let bad = |text: &str, said: &str| {
        write(&place, text);
        let run = update(&place, &[]).expect(2);
        assert!(run.stderr.contains(said), "{text}: {}", run.stderr);
    };
    bad("", "is empty");
    bad(" \n", "is empty");
    bad("{ nightly", "no job registry");
    bad(r#"{"nightly": []}"#, "stable is missing");
    bad(r#"{"nightly": [{"prowJob": "a", "retries": 100}], "stable": []}"#, "too many");
    bad(r#"{"nightly": [{"prowJob": "a"}, {"prowJob": "a"}], "stable": []}"#, "listed twice");
    bad(
        &format!(r#"{{"nightly": [], "stable": [{{"prowJob": "{UPGRADE}"}}]}}"#),
        "drops all nightly jobs",
    );
    bad(r#"{"nightly": [{"prowJob": "a"}], "stable": []}"#, "drops all stable jobs");
    write(&place, &registry(&[AWS]));
    for arguments in [
        &["registry", "update", "-r", "", "--file", "jobs.json"][..],
        &["registry", "update", "-r", "4", "--file", "jobs.json"],
        &["registry", "update", "--file", "jobs.json"],
        &["registry", "update", "-r", "4.99"],
        &["registry", "update", "-r", "4.99", "--file", "nowhere.json"],
        &["registry", "update", "-r", "4.99", "--file", "."],
        &[&UPDATE[..], &["--arch", "x86_64"]].concat(),
        &["registry", "jobs", "-r", ""],
        &["registry", "jobs"],
        &["registry"],
    ] {
        let run = place.sandboxed("jobctl", arguments).expect(2);
        assert!(run.stdout.is_empty(), "{arguments:?}: {}", run.stdout);
    }
    assert!(done(&place).is_empty());
}

#[test]
fn the_automated_jobs_of_a_stream_are_listed_and_a_stream_without_any_is_told() {
    let place = Place::new();
    let start = "periodic-ci-openshift-openshift-tests-private-release-4.99-automated-release";
    let text = place.sandboxed("jobctl", &["registry", "jobs", "-r", "4.99"]).expect(0).stdout;
    assert_eq!(text, format!("{start}-aws-ipi-f999\n{start}-gcp-ipi-f999\n"));
    let found = place.sandboxed("jobctl", &["registry", "jobs", "-r", "4.99", "--output", "json"]);
    assert_eq!(found.expect(0).json()["jobs"].as_array().map(Vec::len), Some(2));
    let run = place.sandboxed("jobctl", &["registry", "jobs", "-r", "4.98"]).expect(1);
    assert!(run.stderr.contains("4.98 has no automated jobs"), "{}", run.stderr);
    // Definitions without the list of jobs are no empty list.
    let path = "ci-operator/config/openshift/openshift-tests-private/openshift-openshift-tests-private-release-4.99__automated-release.yaml";
    let change =
        |world: &mut World| world.github.seed_branch(DEFINITIONS, "main", &[(path, "tests: []\n")]);
    place.sandbox().change(change).expect("the world");
    place.sandboxed("jobctl", &["registry", "jobs", "-r", "4.99"]).expect(1);
    assert!(done(&place).is_empty());
}

#[test]
fn what_is_missing_is_told_by_name_before_anything_is_asked() {
    let place = place();
    let run = place.run("jobctl", &UPDATE).expect(1);
    for name in ["GITHUB_TOKEN", "APP_PRIVATE_KEY", "selector.app_id", "selector.fork"] {
        assert!(run.stderr.contains(name), "{name}: {}", run.stderr);
    }
    let token = [("GITHUB_TOKEN", "canary-token")];
    let dry = [&UPDATE[..], &["--dry-run"]].concat();
    let run = place.run_with("jobctl", &dry, &token).expect(1);
    assert!(
        run.stderr.contains("selector.fork") && !run.stderr.contains("APP_PRIVATE_KEY"),
        "{}",
        run.stderr
    );
    // The key itself in the place of its path is not told any further.
    let key = ["-----BEGIN", "PRIVATE KEY-----\ncanary-key"].join(" ");
    let set = [
        ("GITHUB_TOKEN", "canary-token"),
        ("APP_PRIVATE_KEY", key.as_str()),
        ("OAR_SELECTOR__APP_ID", "1"),
        ("OAR_SELECTOR__FORK", "bot/release-tests"),
    ];
    let run = place.run_with("jobctl", &UPDATE, &set).expect(1);
    assert!(run.stderr.contains("the path of the key's file"), "{}", run.stderr);
    assert!(!format!("{run:?}").contains("canary"), "{run:?}");
    let folder = ["--state-repo", "./state"];
    let run = place.run_with("jobctl", &[&folder[..], &UPDATE].concat(), &set).expect(1);
    assert!(run.stderr.contains("is a folder"), "{}", run.stderr);
}

/// Killed at every effect point, and the answer to every change lost: one branch, one pull request.
#[test]
fn killed_anywhere_and_run_again_it_is_one_branch_and_one_pull_request() {
    let approved = [&UPDATE[..], &["--auto-approve"]].concat();
    let calm = place();
    let run = calm.sandboxed_with("jobctl", &approved, "count").expect(0);
    let line = run.stderr.lines().find_map(|line| line.strip_prefix("effect points: "));
    let points: usize = line.and_then(|count| count.parse().ok()).expect("the number of points");
    assert!(points >= 6, "before and after push, pull request and labels: {points}");
    let wanted = done(&calm);
    assert_eq!(wanted, ["create-ref", "open-pull", "label"]);
    for point in 1..=points {
        let place = place();
        let run = place.sandboxed_with("jobctl", &approved, &point.to_string());
        assert_eq!(run.code, None, "killed at point {point}: {}", run.stderr);
        place.sandboxed("jobctl", &approved).expect(0);
        assert_eq!(done(&place), wanted, "after a kill at point {point}");
        let world = place.sandbox().world(Clone::clone);
        assert_eq!((world.github.pulls.len(), world.github.repos[FORK].branches.len()), (1, 1));
    }
}

#[test]
fn old_results_move_aside_and_are_still_found() {
    let place = Place::new();
    let path = "_releases/ocp-test-result-4.99.1-amd64.json";
    let run =
        json!({ "jobID": "1", "jobState": "success", "jobCompletionTime": "2025-01-02T06:00:00Z" });
    let file = json!({ "result": [{ "jobName": "a", "firstJob": run }], "aggregated": true, "accepted": true,
        "build": { "name": "4.99.1", "phase": "Accepted", "pullSpec": "x", "downloadURL": "" } });
    let change = |world: &mut World| world.github.foreign_write("record", path, &file.to_string());
    place.sandbox().change(change).expect("the world");
    let archive = ["archive-test-results", "--older-than", "365d"];
    let planned =
        place.sandboxed("jobctl", &[&archive[..], &["--dry-run"]].concat()).expect(0).stdout;
    assert!(
        planned.contains("1 of 1 results would be moved") && done(&place).is_empty(),
        "{planned}"
    );
    let text = place.sandboxed("jobctl", &archive).expect(0).stdout;
    assert!(text.contains("1 of 1 results moved to _releases/archive"), "{text}");
    let shown = place.sandboxed("jobctl", &["status", "--build", "4.99.1"]).expect(0).stdout;
    assert!(shown.contains("Accepted"), "{shown}");
    // Killed on the way, it is done by the next call.
    for point in 1..=20 {
        place.sandbox().change(change).expect("the world");
        let moved = path.replace("_releases/", "_releases/archive/");
        let run = place.sandboxed_with("jobctl", &archive, &point.to_string());
        place.sandboxed("jobctl", &archive).expect(0);
        place.sandbox().world(|world| {
            assert_eq!(world.github.branch_file("record", path), None, "{point}");
            assert!(world.github.branch_file("record", &moved).is_some(), "{point}");
        });
        if run.code == Some(0) {
            assert!(point > 4, "only {point} points");
            break;
        }
    }
    for few in ["29d", "1", "soon", ""] {
        place.sandboxed("jobctl", &["archive-test-results", "--older-than", few]).expect(2);
    }
    place.sandboxed("jobctl", &["archive-test-results"]).expect(2);
}
