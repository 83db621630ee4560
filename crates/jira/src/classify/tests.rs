use serde_json::{Value, json};

use super::*;
use crate::fields::FieldIds;
use crate::wire::WireIssue;

fn issue(key: &str, status: &str, extra: &Value) -> Issue {
    let mut fields = json!({
        "summary": "something is broken", "status": { "name": status }, "labels": [],
        "priority": { "name": "Major" }, "issuetype": { "name": "Bug" },
        "customfield_10847": { "value": "Rejected" }, "customfield_10978": null,
    });
    for (name, value) in extra.as_object().unwrap() {
        fields[name] = value.clone();
    }
    let wire = json!({ "id": "1", "key": key, "fields": fields });
    let wire: WireIssue = serde_json::from_value(wire).unwrap();
    wire.read(&FieldIds::default()).unwrap()
}

fn without(key: &str, field: &str) -> Issue {
    let mut issue = issue(key, "ON_QA", &json!({}));
    match field {
        "summary" => issue.summary = None,
        "issuetype" => issue.issue_type = None,
        _ => issue.labels = None,
    }
    issue
}

#[test]
fn spec02_case_21_severity_decides_who_must_confirm() {
    let plain = issue("A-1", "ON_QA", &json!({}));
    let high = [
        issue("A-2", "ON_QA", &json!({ "customfield_10978": "x" })),
        issue("A-3", "ON_QA", &json!({ "labels": ["TestBlocker"] })),
        issue("A-4", "ON_QA", &json!({ "customfield_10847": { "value": "Proposed" } })),
        issue("A-5", "ON_QA", &json!({ "priority": { "name": "Critical" } })),
        issue("A-6", "ON_QA", &json!({ "customfield_10979": "y" })),
    ];
    let done = [
        issue("A-7", "Closed", &json!({ "priority": { "name": "Blocker" } })),
        issue("A-8", "Verified", &json!({})),
        issue("A-9", "Release Pending", &json!({})),
    ];
    let all: Vec<Issue> = [vec![plain], high.to_vec(), done.to_vec()].concat();
    let triage = triage(&all);
    let keys = |issues: Vec<&Issue>| issues.iter().map(|i| i.key.to_string()).collect::<Vec<_>>();
    assert_eq!(keys(triage.can_drop.clone()), ["A-1"]);
    let confirmed = triage.high_severity.iter().map(|(issue, _)| *issue).collect();
    assert_eq!(keys(confirmed), ["A-2", "A-3", "A-4", "A-5", "A-6"]);
}

#[test]
fn spec02_case_22_trackers_are_known_by_any_sign() {
    for extra in [
        json!({ "summary": "EMBARGOED CVE-2026-1000 foo: x" }),
        json!({ "summary": "CVE something" }),
        json!({ "summary": "[4.99] CVE-2026-12345 x" }),
        json!({ "issuetype": { "name": "Vulnerability" } }),
        json!({ "labels": ["SecurityTracking"] }),
        json!({ "labels": ["x", "CVE-2026-1"] }),
        json!({ "labels": ["CVE_2026"] }),
        json!({ "labels": ["flaw:bz#1"] }),
        json!({ "customfield_10667": "CVE-2026-1000" }),
    ] {
        let tracker = issue("A-1", "ON_QA", &extra);
        assert!(tracker.is_cve_tracker(), "{extra}");
        let issues = Issues { found: vec![tracker], not_visible: vec![] };
        assert_eq!(drop_set(&issues, Keep::TrackersOnly), DropSet::default(), "{extra}");
    }
    for extra in [
        json!({}),
        json!({ "summary": "mentions CVE-26-1000 and CVE-2026-12" }),
        json!({ "labels": ["NoCVE", "flawless"] }),
        json!({ "customfield_10667": "" }),
    ] {
        assert!(!issue("A-1", "ON_QA", &extra).is_cve_tracker(), "{extra}");
    }
}

#[test]
fn what_is_hidden_is_taken_for_a_tracker() {
    for field in ["summary", "issuetype", "labels"] {
        assert!(without("A-1", field).is_cve_tracker(), "{field}");
    }
}

#[test]
fn spec02_case_23_the_drop_set_is_open_and_no_tracker() {
    let found = vec![
        issue("A-1", "ON_QA", &json!({})),
        issue("A-2", "Verified", &json!({})),
        issue("A-3", "Closed", &json!({})),
        issue("A-4", "Release Pending", &json!({})),
        issue("A-5", "POST", &json!({ "priority": { "name": "Blocker" } })),
        issue("A-6", "ON_QA", &json!({ "summary": "CVE-2026-1000 x" })),
    ];
    let issues = Issues { found, not_visible: vec!["A-7".parse().unwrap()] };
    let keys = |list: &[Droppable]| list.iter().map(|one| one.key.to_string()).collect::<Vec<_>>();
    let set = drop_set(&issues, Keep::TrackersOnly);
    assert_eq!(keys(&set.droppable), ["A-1", "A-5"]);
    assert_eq!(set.droppable[1].severity, [Severity::Critical], "shown, not protected");
    assert_eq!((set.kept.len(), set.not_visible.len()), (0, 1));
    let set = drop_set(&issues, Keep::HighSeverity);
    assert_eq!((keys(&set.droppable), keys(&set.kept)), (vec!["A-1".into()], vec!["A-5".into()]));
}

#[test]
fn spec02_case_24_what_is_not_visible_is_not_verified() {
    let found = vec![issue("A-1", "Verified", &json!({})), issue("A-2", "Closed", &json!({}))];
    let hidden = Issues { found: found.clone(), not_visible: vec!["A-3".parse().unwrap()] };
    assert_eq!(unfinished(&hidden).len(), 1);
    assert!(unfinished(&Issues { found, not_visible: vec![] }).is_empty());
}

#[test]
fn unverified_trackers_wait_for_verification() {
    let all = [
        issue("A-1", "ON_QA", &json!({ "summary": "CVE-2026-1000 x" })),
        issue("A-2", "POST", &json!({ "summary": "CVE-2026-1000 x" })),
        issue("A-3", "ON_QA", &json!({})),
    ];
    let keys: Vec<String> = unverified_trackers(&all).map(|i| i.key.to_string()).collect();
    assert_eq!(keys, ["A-1"]);
}
