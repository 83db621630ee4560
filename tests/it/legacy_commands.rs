//! Story: the bugs and the container tests of a release, from the list to the last bug that leaves
//! (spec 02 §7.2, §7.3, §7.6; 03 §4.2).

use oar_sandbox::errata::Test;
use oar_sandbox::world::World;
use serde_json::{Value, json};

use crate::harness::Place;
use crate::sweep;
use crate::take_ownership::effects;

const LIST: [&str; 4] = ["-r", "4.98.17", "update-bug-list", "--json"];
const CVP: [&str; 4] = ["-r", "4.98.17", "check-greenwave-cvp-tests", "--json"];
const DROP: [&str; 4] = ["-r", "4.98.17", "drop-bugs", "--json"];
const DROP_SHIPMENT: [&str; 5] = ["-r", "4.99.3", "drop-bugs", "--shipment", "--json"];

/// A world in which `release` has a StateBox.
fn begun(release: &str) -> Place {
    let place = Place::new();
    place.sandboxed("oar", &["-r", release, "create-test-report"]).expect(0);
    place
}

fn change(place: &Place, what: impl FnOnce(&mut World)) {
    place.sandbox().change(what).expect("a change");
}

fn world(place: &Place) -> World {
    place.sandbox().world(Clone::clone)
}

fn stored(place: &Place, release: &str) -> String {
    let stream = release.rsplit_once('.').expect("a release").0;
    let path = format!("_releases/{stream}/statebox/{release}.yaml");
    place.sandbox().world(|w| w.github.branch_file("z-stream", &path)).expect("a StateBox")
}

/// What was posted to `channel`, without the announcement of the StateBox.
fn told(place: &Place, channel: &str) -> Vec<String> {
    let world = world(place);
    let posts = world.slack.messages.into_iter().filter(|m| m.channel == channel);
    posts.map(|m| m.text).filter(|text| !text.contains("StateBox")).collect()
}

fn run(place: &Place, command: &[&str], more: &[&str]) -> Value {
    place.sandboxed("oar", &[command, more].concat()).expect(0).json()
}

/// A world where a bug of each kind is attached to the image advisory of 4.98.17.
fn bugs_of_every_kind() -> Place {
    let place = begun("4.98.17");
    change(&place, |world| {
        let model = world.jira.issues["OCPBUGS-98172"].clone();
        let mut add = |key: &str, edit: &dyn Fn(&mut oar_sandbox::jira::Issue)| {
            let mut issue = model.clone();
            issue.id += 100 + u64::try_from(world.jira.issues.len()).unwrap_or_default();
            edit(&mut issue);
            world.jira.issues.insert(key.to_owned(), issue);
            let image = world.errata.advisories.get_mut(&980_172).expect("the advisory");
            image.issues.push(key.to_owned());
        };
        add("OCPBUGS-98201", &|issue| "Closed".clone_into(&mut issue.status));
        add("OCPBUGS-98202", &|issue| "Release Pending".clone_into(&mut issue.status));
        add("OCPBUGS-98203", &|issue| {
            "POST".clone_into(&mut issue.status);
            "Blocker".clone_into(&mut issue.priority);
        });
        add("OCPBUGS-98204", &|issue| {
            "EMBARGOED CVE-2026-1000 foo: x".clone_into(&mut issue.summary);
        });
        add("OCPBUGS-98205", &|issue| issue.hidden = true);
    });
    place
}

#[test]
fn spec02_case_31_options_that_do_not_fit_are_a_usage_error_before_any_request() {
    let place = Place::new();
    let before = world(&place);
    for (options, words) in [
        (&["--no-notify", "--confirm-droppable"][..], "cannot be used with"),
        (&["--no-notify", "--notify-managers"][..], "cannot be used with"),
        (&["--confirm-droppable", "--notify-managers"][..], "cannot be used with"),
    ] {
        let run = place.sandboxed("oar", &[&LIST, options].concat()).expect(2);
        assert!(run.stderr.contains(words), "{options:?}: {}", run.stderr);
    }
    assert_eq!(world(&place), before);
    // Here ART's data is asked, for the flow.
    for command in ["update-bug-list", "check-greenwave-cvp-tests", "drop-bugs"] {
        for codes in ["plain", "detailed"] {
            let arguments = ["-r", "4.99.3", command];
            let world = format!("--sandbox={}", place.path("world").display());
            let all = [&[world.as_str()], &arguments[..]].concat();
            let run = place.run_with("oar", &all, &[("OAR_EXIT_CODES", codes)]).expect(2);
            assert!(run.stderr.contains("is for the errata flow"), "{command}: {}", run.stderr);
        }
    }
    let run = place.sandboxed("oar", &["-r", "4.98.17", "drop-bugs", "--shipment"]).expect(2);
    assert!(run.stderr.contains("is for the konflux flow"), "{}", run.stderr);
    assert_eq!(world(&place).effects, before.effects);
}

#[test]
fn the_list_is_kept_until_every_bug_is_finished() {
    let place = begun("4.98.17");
    for _ in 0..2 {
        let report = run(&place, &LIST, &[]);
        assert_eq!(report["outcome"], "in_progress", "{report}");
        let listed = &report["facts"]["bugs"]["listed"];
        assert_eq!(listed[0]["key"], "OCPBUGS-98171");
        assert_eq!(
            (&listed[1]["status"], &listed[1]["finished"]),
            (&json!("ON_QA"), &json!(false))
        );
    }
    let [message] = &told(&place, "forum-qe-example")[..] else { panic!("one message") };
    assert!(message.starts_with("[4.98.17] "), "{message}");
    assert!(message.contains("|OCPBUGS-98172> <@U0MEMBER>"), "{message}");
    assert!(!message.contains("98171"), "it is verified: {message}");
    let text = stored(&place, "4.98.17");
    assert!(text.contains("name: update-bug-list\n  status: In Progress"), "{text}");
    assert!(text.contains("OCPBUGS-98172: ON_QA, QA contact Member"), "{text}");

    change(&place, |world| {
        let bug = world.jira.issues.get_mut("OCPBUGS-98172").expect("the bug");
        "Release Pending".clone_into(&mut bug.status);
    });
    assert_eq!(run(&place, &LIST, &[])["outcome"], "pass");
    assert_eq!(told(&place, "forum-qe-example").len(), 1);
    assert!(stored(&place, "4.98.17").contains("name: update-bug-list\n  status: Pass"));
}

#[test]
fn spec02_case_24_a_bug_that_is_not_visible_is_reported_and_never_verified() {
    let place = begun("4.98.17");
    change(&place, |world| {
        let issues = &mut world.jira.issues;
        "Verified".clone_into(&mut issues.get_mut("OCPBUGS-98172").expect("a bug").status);
        let hidden = issues["OCPBUGS-98171"].clone();
        issues.insert(
            "OCPBUGS-98173".to_owned(),
            oar_sandbox::jira::Issue { hidden: true, ..hidden },
        );
        let image = world.errata.advisories.get_mut(&980_172).expect("the advisory");
        image.issues.push("OCPBUGS-98173".to_owned());
    });
    let report = run(&place, &LIST, &[]);
    assert_eq!(report["outcome"], "in_progress", "{report}");
    assert_eq!(report["facts"]["bugs"]["listed"].as_array().map(Vec::len), Some(2));
    assert_eq!(report["facts"]["bugs"]["not_visible"], json!(["OCPBUGS-98173"]));
    let report = run(&place, &DROP, &[]);
    assert_eq!(report["outcome"], "pass", "{report}");
    assert_eq!(report["facts"]["dropped"]["ok"], json!([]));
    assert!(world(&place).errata.advisories[&980_172].issues.contains(&"OCPBUGS-98173".to_owned()));
}

#[test]
fn contacts_of_severe_bugs_and_managers_are_asked_when_they_are_to_be() {
    let place = bugs_of_every_kind();
    run(&place, &LIST, &["--no-notify"]);
    assert_eq!(told(&place, "forum-qe-example"), [""; 0]);
    run(&place, &LIST, &["--confirm-droppable"]);
    run(&place, &LIST, &["--notify-managers"]);
    let messages = told(&place, "forum-qe-example");
    let [severe, managers] = &messages[..] else { panic!("{messages:?}") };
    assert!(severe.contains("|OCPBUGS-98204> <@U0MEMBER> (a CVE: must be verified)"), "{severe}");
    assert!(!severe.contains("98203") && !severe.contains("98172"), "{severe}");
    assert!(managers.contains("|OCPBUGS-98204> <@U0LEAD>"), "{managers}");
}

#[test]
fn spec02_case_08_a_failed_container_test_is_one_issue_and_one_message() {
    let place = begun("4.98.17");
    let test = |status: &str, nvr: &str| Test {
        advisory: 980_172,
        nvr: Some(nvr.to_owned()),
        status: status.to_owned(),
    };
    change(&place, |world| {
        world.errata.tests = [(500, test("PASSED", "a-1")), (501, test("WAIVED", "b-1"))].into();
    });
    assert_eq!(run(&place, &CVP, &[])["outcome"], "pass");

    change(&place, |world| drop(world.errata.tests.insert(502, test("PENDING", "c-1"))));
    assert_eq!(run(&place, &CVP, &[])["outcome"], "in_progress");
    assert_eq!(world(&place).count("jira", "create"), 0);

    change(&place, |world| drop(world.errata.tests.insert(502, test("FAILED", "c-1"))));
    let mut keys = Vec::new();
    for _ in 0..2 {
        let report = run(&place, &CVP, &[]);
        assert_eq!(report["outcome"], "fail", "{report}");
        keys.push(report["facts"]["issue"].as_str().expect("a key").to_owned());
    }
    assert_eq!(keys[0], keys[1]);
    let world = world(&place);
    assert_eq!(world.count("jira", "create"), 1);
    assert_eq!(world.jira.issues[&keys[0]].priority, "Blocker");
    let [message] = &told(&place, "team-release-example")[..] else { panic!("one message") };
    assert!(message.starts_with("[4.98.17] <!subteam^S0498> "), "{message}");
    assert!(message.ends_with(&format!("/{0}|{0}>", keys[0])), "{message}");
    assert!(stored(&place, "4.98.17").contains("name: check-greenwave-cvp-tests\n  status: Fail"));
}

#[test]
fn spec02_case_23_what_is_not_verified_leaves_by_a_request_of_its_own() {
    let place = bugs_of_every_kind();
    let report = run(&place, &DROP, &[]);
    assert_eq!(report["outcome"], "pass", "{report}");
    let gone = json!(["OCPBUGS-98172", "OCPBUGS-98203"]);
    assert_eq!(report["facts"]["dropped"]["ok"], gone);
    let after = world(&place);
    let advisory = &after.errata.advisories[&980_172];
    let kept = ["98171", "98201", "98202", "98204", "98205"].map(|n| format!("OCPBUGS-{n}"));
    assert_eq!(advisory.issues, kept, "finished bugs, the CVE and what is not visible stay");
    assert_eq!(after.count("errata", "remove-issue"), 2);
    assert_eq!(after.count("errata", "request-docs"), 1);
    assert!(advisory.text_ready && !advisory.doc_complete);

    let [message] = &told(&place, "team-release-example")[..] else { panic!("one message") };
    assert!(message.starts_with("[4.98.17] <!subteam^S0498> <!subteam^S0DOCS> "), "{message}");
    assert!(message.contains("|OCPBUGS-98203> (critical)"), "{message}");
    let [request] = &told(&place, "approvers-example")[..] else { panic!("one request") };
    assert!(request.contains("<!subteam^S0DOCS> ") && request.contains("|980172>"), "{request}");
    assert!(!request.contains("U0SEC"), "the advisory is no RHSA: {request}");
    let text = stored(&place, "4.98.17");
    assert!(text.contains("name: drop-bugs\n  status: Pass"), "{text}");
    assert!(text.contains("dropped OCPBUGS-98203 (POST, critical)"), "{text}");

    // Again: there is nothing left to do and nothing to tell.
    let again = run(&place, &DROP, &[]);
    assert_eq!(again["facts"]["dropped"], json!({ "ok": [], "failed": [] }));
    assert_eq!(effects(&world(&place)), effects(&after));
}

#[test]
fn severe_bugs_stay_when_they_are_to_and_the_leads_are_told() {
    let place = bugs_of_every_kind();
    let report = run(&place, &DROP, &["--keep-high-severity"]);
    assert_eq!(report["facts"]["dropped"]["ok"], json!(["OCPBUGS-98172"]));
    assert_eq!(report["facts"]["kept"], json!(["OCPBUGS-98203"]));
    let [message] = &told(&place, "team-release-example")[..] else { panic!("one message") };
    let (dropped, kept) = message.split_once("\n\n").expect("two blocks");
    assert!(dropped.contains("98172") && !dropped.contains("98203"), "{message}");
    assert!(kept.contains("98203") && !kept.contains("98172"), "{message}");
}

#[test]
fn product_security_is_asked_again_for_a_security_advisory() {
    let place = begun("4.98.17");
    change(&place, |world| {
        let image = world.errata.advisories.get_mut(&980_172).expect("the advisory");
        "rhsa".clone_into(&mut image.kind);
        image.security_approved = Some(true);
    });
    run(&place, &DROP, &[]);
    let world = world(&place);
    assert_eq!(world.errata.advisories[&980_172].security_approved, Some(false));
    let [request] = &told(&place, "approvers-example")[..] else { panic!("one request") };
    assert!(request.contains("<@U0SEC1> <@U0SEC2> please approve"), "{request}");
}

#[test]
fn spec03_case_13_14_a_bug_of_the_shipment_leaves_by_a_merge_request() {
    let place = begun("4.99.3");
    let report = run(&place, &DROP_SHIPMENT, &[]);
    assert_eq!(report["outcome"], "pass", "{report}");
    assert_eq!(report["facts"]["dropped"]["ok"], json!(["OCPBUGS-99002"]));
    let after = world(&place);
    let made = after.gitlab.merge_requests.iter().find(|mr| mr.title == "4.99.3 drop bugs");
    let made = made.expect("the merge request");
    assert_eq!(made.target_branch, "prepare-shipment-4.99.3-20260301083000");
    assert_eq!(report["facts"]["bugs"].as_array().map(Vec::len), Some(6), "{report}");
    assert_eq!(after.count("errata", "remove-issue"), 0, "verified bugs and the CVE stay");
    let [message] = &told(&place, "team-release-example")[..] else { panic!("one message") };
    assert!(message.contains("|OCPBUGS-99002>"), "{message}");

    // Again, before it is merged: nothing is made twice, nobody is told twice.
    let again = run(&place, &DROP_SHIPMENT, &[]);
    assert_eq!(again["outcome"], "pass", "{again}");
    assert_eq!(effects(&world(&place)), effects(&after));
}

#[test]
fn a_dry_run_lists_what_would_leave_and_changes_nothing() {
    for (release, command) in [("4.98.17", &DROP[..]), ("4.99.3", &DROP_SHIPMENT[..])] {
        let place = begun(release);
        let before = world(&place);
        let report = run(&place, command, &["--dry-run"]);
        assert_eq!(report["outcome"], "pass", "{report}");
        assert_eq!(world(&place).effects, before.effects, "{release}");
        assert!(!stored(&place, release).contains("drop-bugs"));
        let planned = report["planned_changes"].as_array().expect("changes");
        let system = if release == "4.98.17" { "errata" } else { "gitlab" };
        for system in [system, "slack", "state"] {
            assert!(planned.iter().any(|change| change["system"] == system), "{planned:?}");
        }
    }
}

/// What lasts; the name of a branch has the time of the run that made it.
fn lasting(place: &Place, release: &str) -> (String, Vec<String>, Vec<String>) {
    let (text, messages, mut effects) = sweep::lasting_with(place, &stored(place, release));
    for effect in &mut effects {
        if effect.contains(":drop-bugs-for-") {
            effect.truncate(effect.len() - "YYYYMMDDHHMMSS".len());
        }
    }
    (text, messages, effects)
}

fn survives(command: &[&str], release: &'static str, prepare: impl Fn() -> Place) {
    let points = sweep::survives(command, prepare, |_| {}, |place| lasting(place, release));
    assert!(points >= 4, "{command:?}: {points}");
}

#[test]
fn a_bug_that_left_is_told_of_wherever_the_command_is_killed() {
    survives(&DROP, "4.98.17", bugs_of_every_kind);
    survives(&DROP_SHIPMENT, "4.99.3", || begun("4.99.3"));
}

#[test]
fn the_list_and_the_tests_survive_a_kill_at_every_point() {
    survives(&LIST, "4.98.17", || begun("4.98.17"));
    survives(&CVP, "4.98.17", || {
        let place = begun("4.98.17");
        let (advisory, nvr, status) = (980_172, None, "FAILED".to_owned());
        change(&place, |world| world.errata.tests = [(501, Test { advisory, nvr, status })].into());
        place
    });
}
