//! Story: bugs that wait too long for verification (spec 02 §8).

use std::time::Duration;

use oar_sandbox::github::Pull;
use oar_sandbox::jira::Issue;
use oar_sandbox::world::World;
use serde_json::{Value, json};

use crate::harness::{Place, Run};

/// Of the two seeded bugs that wait the one of these stories; the other is not searched.
const BUG: &str = "OCPBUGS-99002";

fn place() -> Place {
    Place::new().with("OAR_NOTIFICATOR__VERSIONS", "4.99.z")
}

fn run(place: &Place, more: &[&str]) -> Run {
    place.sandboxed("oarctl", &[&["jira-notificator", "--json"], more].concat())
}

fn change(place: &Place, change: impl FnOnce(&mut World)) {
    place.sandbox().change(change).expect("a change");
}

/// The bug became `ON_QA` on Monday at 10:00; the clock shows `hours` later.
fn on_monday(place: &Place, hours: u64) {
    change(place, |world| {
        let monday: jiff::Timestamp = "2026-03-02T10:00:00Z".parse().expect("a time");
        bug_mut(world).history = vec![(monday, "MODIFIED".to_owned(), "ON_QA".to_owned())];
        world.now = monday + Duration::from_hours(hours);
    });
}

fn later(place: &Place, hours: u64) {
    change(place, |world| world.now += Duration::from_hours(hours));
}

fn bug_mut(world: &mut World) -> &mut Issue {
    world.jira.issues.get_mut(BUG).expect("the bug")
}

fn bug(place: &Place) -> Issue {
    place.sandbox().world(|world| world.jira.issues[BUG].clone())
}

/// The first lines of its comments.
fn comments(place: &Place) -> Vec<String> {
    let line = |body: &Value| body["content"][0]["content"][0]["text"].to_string();
    bug(place).comments.iter().map(|comment| line(&comment.body)).collect()
}

/// The accounts that the last comment mentions.
fn mentioned(place: &Place) -> Vec<String> {
    let bug = bug(place);
    let body = &bug.comments.last().expect("a comment").body;
    let nodes = body["content"][0]["content"].as_array().expect("nodes").clone();
    let mentions = nodes.iter().filter(|node| node["type"] == "mention");
    mentions.map(|node| node["attrs"]["id"].as_str().expect("an id").to_owned()).collect()
}

fn writes(place: &Place) -> usize {
    place.sandbox().world(|w| w.effects.iter().filter(|effect| effect.service == "jira").count())
}

#[test]
fn spec02_case_35_the_qa_contact_is_told_once_and_asked() {
    let place = place();
    on_monday(&place, 26);
    let report = run(&place, &[]).expect(0).json();
    assert_eq!(report["sent"], json!([{ "key": BUG, "kind": "QA_CONTACT", "to": ["Member"] }]));
    assert_eq!(comments(&place).len(), 1);
    let first = &comments(&place)[0];
    assert!(
        first.contains("Errata Reliability Team Notification - QA Contact Action Request"),
        "{first}"
    );
    assert_eq!(mentioned(&place), ["member"]);
    assert_eq!(bug(&place).need_info, ["member"]);
    let before = writes(&place);
    let again = run(&place, &[]).expect(0).json();
    assert_eq!((&again["sent"], writes(&place)), (&json!([]), before));
}

#[test]
fn spec02_case_36_team_lead_manager_and_the_mark_follow() {
    let place = place();
    on_monday(&place, 25);
    run(&place, &[]).expect(0);
    later(&place, 25);
    assert_eq!(run(&place, &[]).expect(0).json()["sent"][0]["kind"], "TEAM_LEAD");
    assert_eq!(mentioned(&place), ["member"]);
    later(&place, 25);
    assert_eq!(run(&place, &[]).expect(0).json()["sent"][0]["kind"], "MANAGER");
    assert_eq!(mentioned(&place), ["lead"], "the directory's manager of the QA contact");
    assert_eq!(bug(&place).need_info, ["lead", "member"]);
    // Thursday 13:00 and 73 hours are Monday: 25 of them are on weekdays.
    later(&place, 73);
    let report = run(&place, &[]).expect(0).json();
    assert_eq!(report["marks"], json!([{ "key": BUG, "added": true }]));
    assert_eq!(bug(&place).labels, ["ert:pending-onqa-over-96hrs"]);
    assert_eq!(comments(&place).len(), 3);
    let before = writes(&place);
    run(&place, &[]).expect(0);
    assert_eq!(writes(&place), before);
}

#[test]
fn spec02_case_37_without_a_contact_the_assignee_is_told_and_then_it_is_marked() {
    let place = place();
    on_monday(&place, 25);
    change(&place, |world| bug_mut(world).qa_contact = None);
    assert_eq!(run(&place, &[]).expect(0).json()["sent"][0]["kind"], "ASSIGNEE");
    assert_eq!(mentioned(&place), ["member", "lead"]);
    // From Tuesday 11:00 on, 72 weekday hours end on Friday 11:00.
    later(&place, 71);
    assert_eq!(run(&place, &[]).expect(0).json()["marks"], json!([]));
    later(&place, 2);
    assert_eq!(run(&place, &[]).expect(0).json()["marks"][0]["added"], true);
    assert_eq!(comments(&place).len(), 1);

    // A contact who is set meanwhile is told at the next run.
    change(&place, |world| bug_mut(world).qa_contact = Some("boss".to_owned()));
    assert_eq!(run(&place, &[]).expect(0).json()["sent"][0]["kind"], "QA_CONTACT");
    assert_eq!(mentioned(&place), ["boss"]);
}

#[test]
fn spec02_case_37_without_an_assignee_the_reporter_is_told() {
    let place = place();
    on_monday(&place, 25);
    change(&place, |world| {
        (bug_mut(world).qa_contact, bug_mut(world).assignee) = (None, None);
    });
    assert_eq!(run(&place, &[]).expect(0).json()["sent"][0]["kind"], "REPORTER");
    assert_eq!(mentioned(&place), ["boss"]);
}

#[test]
fn spec02_case_38_a_bug_that_comes_back_starts_anew() {
    let place = place();
    on_monday(&place, 25);
    for _ in 0..3 {
        run(&place, &[]).expect(0);
        later(&place, 25);
    }
    later(&place, 48);
    run(&place, &[]).expect(0);
    assert_eq!(bug(&place).labels.len(), 1);
    change(&place, |world| {
        let now = world.now;
        world.jira.foreign_move(BUG, "ASSIGNED", now);
        world.jira.foreign_move(BUG, "ON_QA", now + Duration::from_hours(1));
        world.now += Duration::from_hours(2);
    });
    let report = run(&place, &[]).expect(0).json();
    assert_eq!(report["marks"], json!([{ "key": BUG, "added": false }]));
    assert_eq!((report["sent"].clone(), bug(&place).labels), (json!([]), Vec::<String>::new()));
    // It came back on a Sunday.
    later(&place, 8);
    assert_eq!(run(&place, &[]).expect(0).json()["sent"], json!([]));
    later(&place, 26);
    assert_eq!(run(&place, &[]).expect(0).json()["sent"][0]["kind"], "QA_CONTACT");
    assert_eq!(comments(&place).len(), 4);
}

#[test]
fn spec02_case_39_a_dry_run_tells_what_is_due_and_changes_nothing() {
    let place = place();
    on_monday(&place, 25);
    // A comment and a question; the team lead's reaches who is asked already; the mark; nothing.
    for changes in [2, 1, 2, 1, 0] {
        let before = writes(&place);
        let report = run(&place, &["--dry-run"]).expect(0).json();
        let planned = report["planned_changes"].as_array().map_or(0, Vec::len);
        assert_eq!(planned, changes, "{report}");
        assert_eq!(writes(&place), before);
        run(&place, &[]).expect(0);
        later(&place, 73);
    }
}

#[test]
fn spec02_case_40_one_bug_that_fails_does_not_stop_the_other() {
    let place = Place::new().with("OAR_NOTIFICATOR__VERSIONS", "4.98.z,4.99.z");
    on_monday(&place, 100);
    // The first bug waits for its manager, and the directory is down.
    change(&place, |world| {
        let first = world.jira.issues.get_mut("OCPBUGS-98172").expect("the bug");
        first.qa_contact = None;
        world.directory.is_down = true;
    });
    let report = run(&place, &[]).expect(1).json();
    assert_eq!(report["failed"].as_array().map(Vec::len), Some(1), "{report}");
    assert_eq!(report["failed"][0]["key"], "OCPBUGS-98172");
    assert_eq!(report["sent"], json!([{ "key": BUG, "kind": "QA_CONTACT", "to": ["Member"] }]));
    let fallback = place.sandbox().world(|w| w.jira.issues["OCPBUGS-98172"].comments.len());
    assert_eq!(fallback, 0, "a directory that is down is no reason to tell other people");
}

#[test]
fn spec02_case_40_what_was_verified_before_its_merge_is_left_alone() {
    let pull = |labels: &[&str]| Pull {
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        is_closed: true,
        is_merged: true,
        ..Pull::default()
    };
    let linked = |second: Pull| {
        let place = place();
        on_monday(&place, 26);
        change(&place, |world| {
            bug_mut(world).links = ["1", "2", "2"]
                .map(|number| format!("https://github.com/openshift/example/pull/{number}"))
                .to_vec();
            let pulls = &mut world.github.pulls;
            pulls.insert("openshift/example#1".to_owned(), pull(&["verified"]));
            pulls.insert("openshift/example#2".to_owned(), second);
        });
        run(&place, &[]).expect(0).json()
    };
    let report = linked(pull(&["verified", "lgtm"]));
    assert_eq!(report["sent"], json!([]));
    assert!(report["skipped"][0]["reason"].to_string().contains("verified before"), "{report}");
    assert_eq!(linked(pull(&["verified", "verified-later"]))["sent"][0]["kind"], "QA_CONTACT");
}

/// A run that was ended between the comment and the question is completed by the next.
#[test]
fn a_killed_run_is_completed_without_a_second_comment() {
    let points = |place: &Place| {
        let counted = place.sandboxed_with("oarctl", &["jira-notificator"], "count").expect(0);
        let line = counted.stderr.lines().find_map(|line| line.strip_prefix("effect points: "));
        line.and_then(|count| count.parse::<usize>().ok()).expect("the number of effect points")
    };
    let prepared = || {
        let place = place();
        on_monday(&place, 26);
        place
    };
    let count = points(&prepared());
    assert!(count >= 4, "{count} effect points");
    for point in 1..=count {
        let place = prepared();
        let killed = place.sandboxed_with("oarctl", &["jira-notificator"], &point.to_string());
        assert_eq!(killed.code, None, "at {point}");
        run(&place, &[]).expect(0);
        assert_eq!(comments(&place).len(), 1, "killed at {point}");
        assert_eq!(bug(&place).need_info, ["member"], "killed at {point}");
    }
}

#[test]
fn a_second_run_on_the_same_machine_is_refused() {
    let place = place();
    run(&place, &[]).expect(0);
    let lock = std::fs::File::create(place.path("world/jira-notificator.lock")).expect("a file");
    lock.lock().expect("the lock");
    let refused = run(&place, &[]).expect(1).json();
    assert_eq!(refused["error"]["code"], "busy", "{refused}");
    drop(lock);
    run(&place, &[]).expect(0);
}

#[test]
fn bad_options_are_refused_before_anything_is_read() {
    let place = place();
    let before = place.sandbox().world(Clone::clone);
    for bad in [["--from-date", "17.7.2025"], ["--search-batch-size", "101"]] {
        run(&place, &bad).expect(2);
    }
    assert_eq!(place.sandbox().world(Clone::clone), before);
    run(&place, &["--from-date", "2026-03-02", "--search-batch-size", "1"]).expect(0);
}
