//! Issues through the store.

use oar_release::ErrorClass;
use oar_statebox::{NewIssue, StateBoxError};

use crate::{Desk, release, who};

const TASK: &str = "stage-testing";

#[tokio::test]
async fn spec01_case_25_blockers_are_unique_per_task() {
    let desk = Desk::begun();
    let add = |text: &'static str| {
        let issue = NewIssue::blocker(text, &[TASK]);
        let store = desk.store.clone();
        async move { store.add_issue(&release(), &issue, &who()).await }
    };
    let first = add("X").await.expect("new");
    desk.set("11:00:00");
    let second = add(" x ").await.expect("the same again is no error");
    assert_eq!((first.outcome, second.committed), (second.outcome, false));
    assert_eq!(desk.repo.commits().len(), 1);
    let error = add("Y").await.expect_err("there is a blocker");
    assert_eq!(error.class(), ErrorClass::Conflict);
    assert_eq!(error.to_string(), "task stage-testing already has an unresolved blocker: X");
    desk.store
        .resolve_issue(&release(), "  X  x".trim_end_matches("  x"), "gone", &who())
        .await
        .expect_err("too short");
    let state = desk.store.require(&release()).await.expect("readable");
    assert_eq!(state.task_blocker(TASK).map(|issue| issue.text.as_str()), Some("X"));
    // Three characters are needed to name an issue, so this one is resolved by its source of truth.
    desk.store
        .apply(&release(), "settle", &who(), |state| {
            state.issues[0].resolved = true;
            Ok(())
        })
        .await
        .expect("saved");
    add("Y").await.expect("nothing blocks any more");
    // Blockers of the whole release may be many.
    for text in ["one", "two"] {
        desk.store.add_issue(&release(), &NewIssue::blocker(text, &[]), &who()).await.expect("new");
    }
    let state = desk.store.require(&release()).await.expect("readable");
    assert_eq!(state.general_blockers().count(), 2);
}

#[tokio::test]
async fn spec01_case_26_long_texts_are_refused_or_cut() {
    let desk = Desk::begun();
    let long = "é".repeat(1001);
    let person = NewIssue::blocker(&long, &[TASK]);
    let error = desk.store.add_issue(&release(), &person, &who()).await.expect_err("too long");
    assert_eq!(error.class(), ErrorClass::InvalidArgument);
    assert_eq!(desk.repo.commits(), []);
    let fits = NewIssue::blocker("é".repeat(1000), &[]);
    desk.store.add_issue(&release(), &fits, &who()).await.expect("exactly the limit");
    let check = person.found_by("check-cve-tracker-bug");
    let saved = desk.store.add_issue(&release(), &check, &who()).await.expect("cut");
    let text = saved.outcome.text;
    assert!(text.chars().count() <= 1000);
    assert!(text.ends_with("... (51 more characters)"), "{text}");
}

#[tokio::test]
async fn spec01_case_27_an_issue_is_resolved_by_its_text() {
    let desk = Desk::begun();
    for text in ["CVE-1 not covered", "CVE-2 not covered"] {
        desk.store.add_issue(&release(), &NewIssue::blocker(text, &[]), &who()).await.expect("new");
    }
    let resolve = |text: &'static str, how: &'static str| {
        let store = desk.store.clone();
        async move { store.resolve_issue(&release(), text, how, &who()).await }
    };
    let error = resolve("CVE", "done").await.expect_err("two match").to_string();
    assert!(error.contains("CVE-1 not covered") && error.contains("CVE-2 not covered"), "{error}");
    desk.set("12:00:00");
    let saved = resolve("cve-1", "covered by a@example.com").await.expect("one match");
    assert_eq!(saved.outcome.text, "CVE-1 not covered");
    let expected = "  related_tasks: []\n  resolved_at: '2026-03-01T12:00:00Z'\n- issue: CVE-2";
    assert!(desk.text().contains(expected), "{}", desk.text());
    assert!(desk.text().contains("resolution: covered by [EMAIL_REDACTED]\n"));
    for (text, how) in [("", "done"), (" a b", "done"), ("CVE-2", " ")] {
        let error = resolve(text, how).await.expect_err("not enough said");
        assert!(matches!(error, StateBoxError::InvalidArgument { .. }), "{error}");
    }
    let again = resolve("cve-1", "covered by a@example.com").await.expect("said again");
    assert!(!again.committed && again.outcome.resolved);
    let error = resolve("cve-1", "another reason").await.expect_err("it is not open").to_string();
    assert!(error.contains("CVE-2 not covered"), "{error}");
    let error = resolve("nothing like it", "done").await.expect_err("no match").to_string();
    assert!(error.contains("CVE-2 not covered") && !error.contains("CVE-1"), "{error}");
    assert_eq!(desk.repo.commits().len(), 3);
}

#[tokio::test]
async fn a_check_owns_one_issue_and_takes_it_back() {
    let desk = Desk::begun();
    let person = NewIssue::blocker("a person's blocker", &["check-cve-tracker-bug"]);
    desk.store.add_issue(&release(), &person, &who()).await.expect("new");
    let check = |text: &str| {
        NewIssue::blocker(text, &["check-cve-tracker-bug"]).found_by("check-cve-tracker-bug")
    };
    desk.store.add_issue(&release(), &check("1 tracker"), &who()).await.expect("beside the other");
    desk.set("11:00:00");
    let saved =
        desk.store.add_issue(&release(), &check("2 trackers"), &who()).await.expect("rewritten");
    assert_eq!(saved.state.issues.len(), 2);
    assert_eq!(saved.outcome.text, "2 trackers");
    assert_eq!(saved.outcome.reported_at, "2026-03-01T10:00:00Z", "it is still the same issue");
    let again =
        desk.store.add_issue(&release(), &check("2 trackers"), &who()).await.expect("known");
    assert!(!again.committed);
    assert!(desk.text().contains("  - check-cve-tracker-bug\n  source: check-cve-tracker-bug\n"));
    let resolved = desk
        .store
        .resolve_by_source(&release(), "check-cve-tracker-bug", "the check passed", &who())
        .await
        .expect("saved");
    assert_eq!(resolved.outcome.len(), 1);
    let open: Vec<_> = resolved.state.issues.iter().filter(|issue| !issue.resolved).collect();
    assert_eq!(open.len(), 1, "a person's issue is a person's to resolve");
    let none = desk.store.resolve_by_source(&release(), "check-cve-tracker-bug", "x", &who()).await;
    assert!(!none.expect("nothing left").committed);
}

#[tokio::test]
async fn related_tasks_are_checked_on_the_way_in_only() {
    let desk = Desk::begun();
    let error = desk.store.add_issue(&release(), &NewIssue::blocker("x", &["foo"]), &who()).await;
    assert_eq!(error.expect_err("no such task").class(), ErrorClass::InvalidArgument);
    let alerts = NewIssue::blocker("alert open", &["check-rhcos-security-alerts"]);
    desk.store.add_issue(&release(), &alerts, &who()).await.expect("this name is known");
    let text = desk.text().replace("check-rhcos-security-alerts", "name-of-tomorrow");
    desk.repo.put(&crate::path(), &text);
    let saved = desk.store.add_issue(&release(), &NewIssue::blocker("y", &[]), &who()).await;
    assert!(saved.expect("stored names are kept").state.task_blocker("name-of-tomorrow").is_some());
}
