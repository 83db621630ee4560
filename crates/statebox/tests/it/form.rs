//! The file's form: exact bytes, tolerant reading, small diffs.

use jiff::Timestamp;
use oar_release::{JobRef, JobSystem, Masker, Task, TaskStatus};
use oar_statebox::{NewIssue, StateBox, StateBoxError, TaskRecord, TaskUpdate, edit};
use proptest::prelude::*;

use crate::initial;

const EXAMPLE: &str = "\
schema_version: '1.0'
release: 4.99.3
created_at: '2026-03-01T10:00:00Z'
updated_at: '2026-03-02T11:22:33Z'
metadata:
  jira_ticket: ART-10001
  advisory_ids:
    rpm: 900001
    rhcos: 900002
  release_date: 2026-Mar-10
  candidate_builds: {}
  shipment_mr: null
tasks:
- name: take-ownership
  status: Pass
  started_at: '2026-03-01T10:05:00Z'
  completed_at: '2026-03-01T10:05:09Z'
  result: |-
    2026-03-01T10:05:00Z: INFO: first line
    2026-03-01T10:05:09Z: INFO: task [Take Ownership] status is changed to [Pass]
- name: analyze-candidate-build
  status: Pass
  started_at: '2026-03-01T10:06:00Z'
  completed_at: '2026-03-01T10:06:00Z'
  result: 'Waived: one job failed because of a cloud quota limit; it''s known, tracked
    elsewhere and not a product problem at all'
- name: stage-testing
  status: In Progress
  started_at: '2026-03-01T10:07:00Z'
  completed_at: null
  result: null
issues:
- issue: |
    two bugs:
    - A
  reported_at: '2026-03-01T10:05:05Z'
  resolved: false
  resolution: null
  blocker: true
  related_tasks:
  - check-cve-tracker-bug
- issue: \"ends with space \\nnext\"
  reported_at: '2026-03-01T10:05:05Z'
  resolved: true
  resolution: done
  blocker: false
  related_tasks: []
  resolved_at: '2026-03-01T10:09:05Z'
";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// The example's state, made by the rules from nothing.
fn example() -> StateBox {
    let mask = Masker::default();
    let mut state = initial().state(at("2026-03-01T10:00:00Z"));
    let mut task = |task, status, result: Option<&str>, now: &str| {
        let update =
            TaskUpdate { result: result.map(str::to_owned), ..TaskUpdate::status(task, status) };
        state.update_task(&update, at(now), &mask);
    };
    let log = "2026-03-01T10:05:00Z: INFO: first line\n\
               2026-03-01T10:05:09Z: INFO: task [Take Ownership] status is changed to [Pass]";
    let waived = "Waived: one job failed because of a cloud quota limit; it's known, tracked elsewhere \
                  and not a product problem at all";
    task(Task::TakeOwnership, TaskStatus::Pass, Some(log), "2026-03-01T11:00:00Z");
    task(Task::AnalyzeCandidateBuild, TaskStatus::Pass, Some(waived), "2026-03-01T10:06:00Z");
    task(Task::StageTesting, TaskStatus::InProgress, None, "2026-03-01T10:07:00Z");
    let reported = at("2026-03-01T10:05:05Z");
    state
        .add_issue(&NewIssue::blocker("x", &["check-cve-tracker-bug"]), reported, &mask)
        .expect("new");
    let second = NewIssue { blocker: false, ..NewIssue::blocker("ends with space \nnext", &[]) };
    state.add_issue(&second, reported, &mask).expect("new");
    state.resolve_issue("ends with", "done", at("2026-03-01T10:09:05Z"), &mask).expect("one match");
    // Reported texts are trimmed; this one was written by another program.
    "two bugs:\n- A\n".clone_into(&mut state.issues[0].text);
    "2026-03-02T11:22:33Z".clone_into(&mut state.updated_at);
    state
}

#[test]
fn spec01_case_12_the_example_is_written_exactly() {
    assert_eq!(example().render(), EXAMPLE);
}

#[test]
fn the_example_reads_back() {
    let read = StateBox::parse("f.yaml", EXAMPLE).expect("valid");
    assert_eq!(read.to_value(), example().to_value());
    assert_eq!(read.metadata.advisory("rhcos"), Some(900_002));
    assert_eq!(read.task_status(Task::StageTesting), Some(TaskStatus::InProgress));
    assert_eq!(
        read.task(Task::TakeOwnership).and_then(TaskRecord::duration).map(|d| d.as_secs()),
        Some(9)
    );
    assert_eq!(read.to_json()["issues"][0]["related_tasks"][0], "check-cve-tracker-bug");
    assert_eq!(read.to_json()["metadata"]["advisory_ids"]["rpm"], 900_001);
    let keys: Vec<String> =
        read.to_json().as_object().expect("an object").keys().cloned().collect();
    assert_eq!(
        keys,
        ["schema_version", "release", "created_at", "updated_at", "metadata", "tasks", "issues"]
    );
}

/// Lines that are only in one of the texts.
fn diff(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let lines = |text: &str, other: &str| {
        let other: Vec<&str> = other.lines().collect();
        text.lines().filter(|line| !other.contains(line)).map(str::to_owned).collect()
    };
    (lines(before, after), lines(after, before))
}

#[test]
fn spec01_case_13_unknown_keys_and_foreign_quoting_survive() {
    let text = EXAMPLE
        .replace(
            "  shipment_mr: null\n",
            "  shipment_mr: null\n  foo: bar\n  nested: {a: 1, b: [2]}\n",
        )
        .replace("- name: take-ownership\n", "- name: \"take-ownership\"\n  foo: 0x1F # kept\n")
        .replace("issues:\n", "- name: future-task\n  status: Pass\n# a remark\nissues:\n")
        .replace("release: 4.99.3\n", "release: '4.99.3'\nextra: ~\n");
    let update = TaskUpdate::status(Task::StageTesting, TaskStatus::Pass).with_result("fine");
    let now = at("2026-03-03T00:00:00Z");
    let edited = edit("f.yaml", &text, now, |state| {
        state.update_task(&update, now, &Masker::default());
        Ok(())
    })
    .expect("valid");
    let after = edited.text.expect("changed");
    let (removed, added) = diff(&text, &after);
    assert_eq!(
        removed,
        [
            "updated_at: '2026-03-02T11:22:33Z'",
            "  status: In Progress",
            "  completed_at: null",
            "  result: null"
        ]
    );
    assert_eq!(
        added,
        [
            "updated_at: '2026-03-03T00:00:00Z'",
            "  completed_at: '2026-03-03T00:00:00Z'",
            "  result: fine"
        ]
    );
    let read = StateBox::parse("f.yaml", &after).expect("valid");
    assert_eq!(read, edited.state, "the answer is what is stored");
    assert_eq!(read.tasks[3].name, "future-task");
    assert!(read.metadata.get("nested").is_some());
}

#[test]
fn spec01_case_14_release_dates_in_every_spelling() {
    for (written, expected) in [("2026-MAY-14", "2026-05-14"), ("2026-Feb-3", "2026-02-03")] {
        let text = EXAMPLE.replace("2026-Mar-10", written);
        let state = StateBox::parse("f.yaml", &text).expect("valid");
        let date = state.metadata.release_date().expect("readable");
        assert_eq!(date.date().to_string(), expected);
        assert_eq!(state.metadata.release_date.as_deref(), Some(written));
    }
}

#[test]
fn texts_written_by_hand_without_quotes_stay_texts() {
    let text = EXAMPLE
        .replace("schema_version: '1.0'", "schema_version: 1.0")
        .replace("created_at: '2026-03-01T10:00:00Z'", "created_at: 2026-03-01T10:00:00Z")
        .replace("jira_ticket: ART-10001", "jira_ticket: 10001");
    let state = StateBox::parse("f.yaml", &text).expect("valid");
    assert_eq!(state.schema_version, "1.0");
    assert_eq!(state.created_at, "2026-03-01T10:00:00Z");
    assert_eq!(state.metadata.jira_ticket.as_deref(), Some("10001"));
    assert_eq!(state.to_json()["created_at"], "2026-03-01T10:00:00Z");
    let untouched = edit("f.yaml", &text, at("2026-03-03T00:00:00Z"), |_| Ok(())).expect("valid");
    assert_eq!(untouched.text, None);
}

#[test]
fn missing_and_null_lists_are_empty_and_stay_as_they_are() {
    let text = "schema_version: '1.0'\nrelease: 4.99.3\ncreated_at: x\nupdated_at: y\nmetadata:\ntasks: null\n";
    let now = at("2026-03-03T00:00:00Z");
    let unchanged = edit("f.yaml", text, now, |_| Ok(())).expect("valid");
    assert_eq!(unchanged.text, None);
    let edited = edit("f.yaml", text, now, |state| {
        state.record_notification("N4", "abc", now);
        state.update_metadata(&[("jira_ticket", "ART-1")].into_iter().collect())
    })
    .expect("valid");
    assert_eq!(
        edited.text.as_deref(),
        Some(
            "schema_version: '1.0'\nrelease: 4.99.3\ncreated_at: x\nupdated_at: '2026-03-03T00:00:00Z'\n\
             metadata:\n  jira_ticket: ART-1\ntasks: null\nnotifications:\n- kind: N4\n  hash: abc\n  \
             sent_at: '2026-03-03T00:00:00Z'\n"
        )
    );
}

#[track_caller]
fn assert_corrupt(text: &str, expected: &str) {
    let error = StateBox::parse("d/4.99.3.yaml", text).expect_err(text);
    assert!(matches!(error, StateBoxError::Corrupt { .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("corrupt StateBox d/4.99.3.yaml: {expected}"));
}

#[test]
fn corrupt_files_are_named_with_field_and_line() {
    let with = |from: &str, to: &str| {
        assert!(EXAMPLE.contains(from), "{from}");
        EXAMPLE.replacen(from, to, 1)
    };
    assert_corrupt("", "document (line 1): the file is empty");
    assert_corrupt("# only a remark\n", "document (line 2): the file is empty");
    assert_corrupt("- a\n", "document (line 1): expected a map of fields");
    assert_corrupt(
        "a:\n\tb: 1\n",
        "document (line 2): column 1: a tab cannot be used here; indent with spaces",
    );
    assert_corrupt("release: 4.99.3\n", "schema_version (line 1): the field is missing");
    assert_corrupt(
        &with("release: 4.99.3", "release: soon"),
        "release (line 2): \"soon\" is not a release version such as 4.20.7 or 4.22.0-rc.1",
    );
    assert_corrupt(
        &with("release: 4.99.3", "release: null"),
        "release (line 2): expected a text, found nothing",
    );
    assert_corrupt(
        &with("    rpm: 900001", "    rpm: soon"),
        "metadata.advisory_ids (line 8): expected numbers, found another value",
    );
    assert_corrupt(
        &with("candidate_builds: {}", "candidate_builds: []"),
        "metadata.candidate_builds (line 11): expected a map, found a list",
    );
    assert_corrupt(
        &with("status: Pass", "status: pass"),
        "tasks[0].status (line 15): unknown task status \"pass\"; valid statuses: Not Started, In Progress, Pass, Fail",
    );
    assert_corrupt(
        &with("completed_at: null", "completed_at: {}"),
        "tasks[2].completed_at (line 30): expected a text, found a map",
    );
    assert_corrupt(
        &with("resolved: false", "resolved: maybe"),
        "issues[0].resolved (line 37): expected true or false, found another value",
    );
    assert_corrupt(
        &with("  - check-cve-tracker-bug", "  - [a]"),
        "issues[0].related_tasks (line 41): expected texts, found a list",
    );
    assert_corrupt(
        &with("  result: null", "  result: null\n  job: {system: abacus}"),
        "tasks[2].job.system (line 32): expected prow, jenkins or approval",
    );
    assert_corrupt(
        "schema_version: 1\nrelease: 4.99.3\ncreated_at: a\nupdated_at: b\ntasks: {}\n",
        "tasks (line 5): expected a list, found a map",
    );
    assert_corrupt(
        "schema_version: 1\nrelease: 4.99.3\ncreated_at: a\nupdated_at: b\ntasks:\n- x\n",
        "tasks[0] (line 6): expected a map, found another value",
    );
}

#[test]
fn old_times_that_contradict_each_other_are_read() {
    let text = EXAMPLE.replacen(
        "completed_at: '2026-03-01T10:05:09Z'",
        "completed_at: '2026-03-01T06:05:09.123456+00:00'",
        1,
    );
    let state = StateBox::parse("f.yaml", &text).expect("valid");
    assert_eq!(state.task(Task::TakeOwnership).and_then(TaskRecord::duration), None);
}

/// One random change of a state.
#[derive(Debug, Clone)]
enum Step {
    Update(usize, usize, Option<String>),
    Issue(String, bool, usize),
    Resolve(usize, String),
    Check(usize, String),
    Metadata(String, String),
    Claim(usize),
    Notify(String),
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z :#'\"-]{1,40}",
        "[ -~\n]{3,200}",
        "(2026-03-0[1-9]T10:00:00Z: INFO: [a-z ]{5,90}\n){1,4}",
        "[a-zé→ ]{80,200}",
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..13_usize, 0..4_usize, proptest::option::of(texts())).prop_map(|(t, s, r)| Step::Update(t, s, r)),
        2 => (texts(), any::<bool>(), 0..13_usize).prop_map(|(t, b, k)| Step::Issue(t, b, k)),
        2 => (0..6_usize, texts()).prop_map(|(i, t)| Step::Resolve(i, t)),
        1 => (0..13_usize, texts()).prop_map(|(i, t)| Step::Check(i, t)),
        1 => ("[a-z]{1,6}", texts()).prop_map(|(k, v)| Step::Metadata(k, v)),
        1 => (0..13_usize).prop_map(Step::Claim),
        1 => "[a-f]{4}".prop_map(Step::Notify),
    ]
}

fn take(state: &mut StateBox, step: &Step, now: Timestamp) {
    let mask = Masker::default();
    match step {
        Step::Update(task, status, result) => {
            let update = TaskUpdate {
                result: result.clone(),
                ..TaskUpdate::status(Task::ALL[*task], TaskStatus::ALL[*status])
            };
            state.update_task(&update, now, &mask);
        }
        Step::Issue(text, blocker, task) => {
            let related = [Task::ALL[*task].name()];
            let issue = NewIssue { blocker: *blocker, ..NewIssue::blocker(text, &related) };
            let _refused = state.add_issue(&issue, now, &mask);
        }
        Step::Resolve(at, resolution) => {
            if let Some(text) = state.issues.get(*at).map(|issue| issue.text.clone()) {
                let _refused = state.resolve_issue(&text, resolution, now, &mask);
            }
        }
        Step::Check(task, text) => {
            let name = Task::ALL[*task].name();
            let _refused =
                state.add_issue(&NewIssue::blocker(text, &[name]).found_by(name), now, &mask);
        }
        Step::Metadata(key, value) => {
            state
                .update_metadata(&[(key.as_str(), value.as_str())].into_iter().collect())
                .expect("unknown keys are free");
        }
        Step::Claim(task) => {
            let task = Task::ALL[*task];
            let replaces = oar_statebox::Replaces::Anything;
            let request = oar_statebox::ClaimRequest { task, system: JobSystem::Prow, replaces };
            if let oar_statebox::Claim::Granted { id, .. } = state.claim_job(&request, "c", now) {
                let job = JobRef {
                    system: JobSystem::Prow,
                    id: Some("p".to_owned()),
                    queue_id: None,
                    url: None,
                    triggered_at: "t".to_owned(),
                    claim: None,
                };
                state.confirm_job(task, &id, &job, "started").expect("just claimed");
            }
        }
        Step::Notify(hash) => state.record_notification("N1", hash, now),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_spliced_change_equals_writing_the_whole_file(steps in proptest::collection::vec(step(), 1..12)) {
        let mut now = at("2026-03-01T10:00:00Z");
        let mut text = initial().state(now).render();
        for step in &steps {
            now += jiff::SignedDuration::from_mins(7);
            let edited = edit("f.yaml", &text, now, |state| { take(state, step, now); Ok(()) })
                .map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
            if let Some(after) = edited.text {
                prop_assert_eq!(&after, &edited.state.render(), "{:?}", step);
                text = after;
            }
            let read = StateBox::parse("f.yaml", &text).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(read.to_value(), edited.state.to_value());
        }
    }
}
