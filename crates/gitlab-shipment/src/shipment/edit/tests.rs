use proptest::prelude::*;

use super::*;

const IMAGE: &str = include_str!("../../../tests/fixtures/4.99.3.image.yaml");

fn set(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

fn drop_from(text: &str, keys: &[&str]) -> Dropped {
    without_issues("shipment/x.yaml", text, &set(keys)).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn spec03_case_11_only_the_lines_of_the_issue_go() {
    let lines = "          - id: OCPBUGS-99002\n            source: redhat.atlassian.net\n";
    let dropped = drop_from(IMAGE, &["OCPBUGS-99002", "OCPBUGS-1"]);
    assert_eq!(dropped.keys, ["OCPBUGS-99002"]);
    assert_eq!(dropped.text, IMAGE.replacen(lines, "", 1));
    assert!(dropped.text.contains("OCPBUGS-990021"));
}

#[test]
fn several_issues_go_and_what_is_between_stays() {
    let dropped = drop_from(IMAGE, &["OCPBUGS-99001", "OCPBUGS-990021"]);
    assert_eq!(dropped.keys, ["OCPBUGS-99001", "OCPBUGS-990021"]);
    let expected = IMAGE
        .replacen(
            "          - id: OCPBUGS-99001\n            source: redhat.atlassian.net\n",
            "",
            1,
        )
        .replacen(
            "          - id: OCPBUGS-990021\n            source: redhat.atlassian.net\n",
            "",
            1,
        );
    assert_eq!(dropped.text, expected);
}

#[test]
fn spec03_case_11_the_last_issue_takes_the_node_along() {
    let text = IMAGE.replacen(
        "          - id: '2345678'\n            source: bugzilla.redhat.com\n",
        "",
        1,
    );
    let dropped = drop_from(&text, &["OCPBUGS-99001", "OCPBUGS-99002", "OCPBUGS-990021"]);
    let (front, rest) = text.split_once("      issues:\n").unwrap();
    let rest = &rest[rest.find("      cves:\n").unwrap()..];
    assert_eq!(dropped.text, format!("{front}{rest}"));
}

#[test]
fn other_sources_quotes_orders_and_extra_keys_are_understood() {
    let text = "shipment:\n  data:\n    releaseNotes:\n      type: RHBA\n      issues:\n        fixed:\n          # a comment\n          - source: \"issues.redhat.com\"\n            extra: 1\n            id: \"A-1\"\n          - {id: A-2, source: redhat.atlassian.net}\n          - id: A-1\n            source: elsewhere.example.com\n          - id: 'A-3' # kept\n            source: redhat.atlassian.net\n      cves: []\n";
    let dropped = drop_from(text, &["A-1", "A-2"]);
    let expected = "shipment:\n  data:\n    releaseNotes:\n      type: RHBA\n      issues:\n        fixed:\n          # a comment\n          - id: A-1\n            source: elsewhere.example.com\n          - id: 'A-3' # kept\n            source: redhat.atlassian.net\n      cves: []\n";
    assert_eq!(dropped.text, expected);
}

#[test]
fn a_list_on_one_line_is_written_anew_and_nothing_else() {
    let text = "shipment:\n  data:\n    releaseNotes:\n      type: RHBA # t\n      issues:\n        fixed: [{id: A-1, source: redhat.atlassian.net}, {id: B-1, source: x}]\n      references: [ 'r' ]\n";
    let dropped = drop_from(text, &["A-1"]);
    assert!(
        dropped.text.starts_with("shipment:\n  data:\n    releaseNotes:\n      type: RHBA # t\n")
    );
    assert!(dropped.text.ends_with("      references: [ 'r' ]\n"), "{}", dropped.text);
    assert!(!dropped.text.contains("A-1") && dropped.text.contains("B-1"));
}

#[test]
fn unknown_neighbours_of_the_list_survive() {
    let text = "shipment:\n  data:\n    releaseNotes:\n      type: RHBA\n      issues:\n        note: kept\n        fixed:\n          - id: A-1\n            source: redhat.atlassian.net\n";
    let dropped = drop_from(text, &["A-1"]);
    assert_eq!(
        dropped.text,
        "shipment:\n  data:\n    releaseNotes:\n      type: RHBA\n      issues:\n        note: kept\n"
    );
}

#[test]
fn nothing_to_drop_changes_nothing() {
    for text in [
        IMAGE,
        "shipment: {}\n",
        "",
        "shipment:\n  data:\n    releaseNotes:\n      issues:\n        fixed:\n",
    ] {
        let dropped = drop_from(text, &["OCPBUGS-9900"]);
        assert_eq!((dropped.text.as_str(), dropped.keys.len()), (text, 0));
    }
    assert!(without_issues("x", "a: [", &set(&["A-1"])).is_err());
}

proptest! {
    /// Whatever is dropped from a file as ART writes it: what is left is the old text without whole
    /// lines, and exactly the droppable keys of Jira are gone.
    #[test]
    fn what_is_left_is_the_old_text_without_lines(
        ids in proptest::collection::vec((1_u16..40, any::<bool>()), 0..12),
        drops in proptest::collection::btree_set(1_u16..40, 0..12),
    ) {
        let mut text = "shipment:\n  data:\n    releaseNotes:\n      type: RHBA\n      issues:\n        fixed:\n".to_owned();
        for (id, jira) in &ids {
            let source = if *jira { "redhat.atlassian.net" } else { "bugzilla.redhat.com" };
            let item = format!("          - id: A-{id}\n            source: {source}\n");
            text.push_str(&item);
        }
        text.push_str("      references:\n        - x\n");
        let droppable: BTreeSet<String> = drops.iter().map(|id| format!("A-{id}")).collect();
        let dropped = without_issues("x", &text, &droppable).unwrap();
        prop_assert!(is_made_by_removing_lines(&text, &dropped.text));
        let expected: BTreeSet<String> = ids.iter()
            .filter(|(id, jira)| *jira && drops.contains(id)).map(|(id, _)| format!("A-{id}")).collect();
        prop_assert_eq!(dropped.keys, expected.into_iter().collect::<Vec<_>>());
        let left = ids.iter().filter(|(id, jira)| !(*jira && drops.contains(id))).count();
        prop_assert_eq!(dropped.text.matches("- id: A-").count(), left);
    }
}
