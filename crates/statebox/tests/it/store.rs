//! The store against a repository that fails and is changed by others.

use oar_release::{ErrorClass, JobRef, JobSystem, Task, TaskStatus};
use oar_state_repo::RepoError;
use oar_statebox::{
    Claim, ClaimRequest, Initialised, IssueFilter, JobChange, NewIssue, StateBox, StateBoxError,
    TaskUpdate, from_json,
};

use crate::{Desk, initial, path, release, who};

fn pass(task: Task) -> TaskUpdate {
    TaskUpdate::status(task, TaskStatus::Pass)
}

/// The file's text with another writer's change in it.
fn with_pass(text: &str, task: Task) -> String {
    let now = "2026-03-01T09:30:00Z".parse().expect("a time");
    let edited = oar_statebox::edit("f", text, now, |state| {
        state.update_task(&pass(task), now, &oar_release::Masker::default());
        Ok(())
    });
    edited.expect("valid").text.expect("changed")
}

fn statuses(state: &StateBox) -> Vec<(&str, TaskStatus)> {
    state.tasks.iter().map(|task| (task.name.as_str(), task.status)).collect()
}

#[tokio::test]
async fn spec01_case_15_nothing_is_made_as_a_side_effect() {
    let desk = Desk::new();
    let error = desk.store.update_task(&release(), &pass(Task::StageTesting), &who()).await;
    let error = error.expect_err("there is no file");
    assert!(matches!(error, StateBoxError::NotInitialised { .. }), "{error}");
    assert_eq!(error.class(), ErrorClass::NotConfigured);
    assert_eq!(desk.repo.commits(), []);
    assert_eq!(desk.store.load(&release()).await.expect("readable"), None);
    assert_eq!(
        desk.store.initialise(&initial(), &who()).await.expect("made"),
        Initialised::Created
    );
    let first = desk.text();
    assert_eq!(first, initial().state("2026-03-01T10:00:00Z".parse().expect("a time")).render());
    desk.set("11:00:00");
    let again = desk.store.initialise(&initial(), &who()).await.expect("known");
    assert_eq!((again, desk.text()), (Initialised::AlreadyExists, first));
    // Two detectors at once: the file appears between the look and the commit.
    let race = Desk::new();
    race.repo.interfere(&path(), "someone else's");
    let lost = race.store.initialise(&initial(), &who()).await.expect("the other one made it");
    assert_eq!((lost, race.text().as_str()), (Initialised::AlreadyExists, "someone else's"));
}

#[tokio::test]
async fn spec01_case_16_two_writers_both_count() {
    let desk = Desk::begun();
    desk.repo.interfere(&path(), &with_pass(&desk.text(), Task::TakeOwnership));
    let saved = desk.store.update_task(&release(), &pass(Task::StageTesting), &who()).await;
    let saved = saved.expect("saved at the second attempt");
    let both = [("take-ownership", TaskStatus::Pass), ("stage-testing", TaskStatus::Pass)];
    assert_eq!(statuses(&saved.state), both);
    assert_eq!(StateBox::parse("f", &desk.text()).expect("valid"), saved.state);
    assert_eq!(desk.pause.waits().len(), 1);
}

#[tokio::test]
async fn spec01_case_17_repeated_conflicts_end_after_five_attempts() {
    let conflict = || RepoError::Conflict { path: path() };
    let desk = Desk::begun();
    let first = with_pass(&desk.text(), Task::TakeOwnership);
    desk.repo.interfere(&path(), &first);
    desk.repo.fail_commit(conflict());
    let saved = desk.store.update_task(&release(), &pass(Task::StageTesting), &who()).await;
    assert_eq!(statuses(&saved.expect("the third attempt").state).len(), 2);
    let desk = Desk::begun();
    desk.repo.put(&path(), &first);
    (0..5).for_each(|_| desk.repo.fail_commit(conflict()));
    let error = desk.store.update_task(&release(), &pass(Task::StageTesting), &who()).await;
    let error = error.expect_err("five conflicts");
    assert!(error.to_string().starts_with("conflicts:"), "{error}");
    assert_eq!(error.class(), ErrorClass::Conflict);
    assert_eq!(desk.text(), first);
}

#[tokio::test]
async fn spec01_case_18_a_lost_answer_is_no_second_write() {
    let desk = Desk::begun();
    desk.repo.lose_reply();
    let saved = desk.store.update_task(&release(), &pass(Task::StageTesting), &who()).await;
    let saved = saved.expect("a look showed that it was written");
    assert!(saved.committed);
    assert_eq!(StateBox::parse("f", &desk.text()).expect("valid"), saved.state);
    assert_eq!((desk.repo.reads(), desk.repo.commits().len()), (2, 1));
    // The same for the first state: its maker knows that it made it.
    let desk = Desk::new();
    desk.repo.lose_reply();
    let made = desk.store.initialise(&initial(), &who()).await.expect("a look showed it");
    assert_eq!((made, desk.repo.commits().len()), (Initialised::Created, 1));
}

#[tokio::test]
async fn spec01_case_19_both_metadata_changes_count() {
    let desk = Desk::begun();
    let other = desk.text().replace("jira_ticket: ART-10001", "jira_ticket: ART-10002");
    desk.repo.interfere(&path(), &other);
    let url = "https://gitlab.example.com/a/-/merge_requests/1";
    let change = [("shipment_mr", url)].into_iter().collect();
    let saved = desk.store.update_metadata(&release(), &change, &who()).await.expect("saved");
    assert_eq!(saved.state.metadata.jira_ticket.as_deref(), Some("ART-10002"));
    assert_eq!(saved.state.metadata.shipment_mr.as_deref(), Some(url));
}

#[tokio::test]
async fn metadata_maps_are_united_and_types_are_checked() {
    let desk = Desk::begun();
    let set = |json: serde_json::Value| {
        let map = from_json(&json).as_map().cloned().expect("an object");
        let store = desk.store.clone();
        async move { store.update_metadata(&release(), &map, &who()).await }
    };
    let saved = set(serde_json::json!({
        "advisory_ids": {"rpm": 900_009, "microshift": 900_003},
        "candidate_builds": {"x86_64": "4.99.0-0.nightly-2026-02-20-010203"},
        "note": {"by": ["hand"], "share": 1.5},
    }))
    .await
    .expect("saved");
    let ids = &saved.state.metadata.advisory_ids;
    let found: Vec<_> = ids.iter().map(|(key, id)| (key.as_str(), *id)).collect();
    assert_eq!(found, [("rpm", 900_009), ("rhcos", 900_002), ("microshift", 900_003)]);
    assert!(
        desk.text().contains("  shipment_mr: null\n  note:\n    by:\n    - hand\n    share: 1.5\n")
    );
    for bad in [
        serde_json::json!({"advisory_ids": 7}),
        serde_json::json!({"advisory_ids": {"rpm": "seven"}}),
        serde_json::json!({"candidate_builds": {"x86_64": null}}),
        serde_json::json!({"release_date": "tomorrow"}),
        serde_json::json!({"jira_ticket": ["ART-1"]}),
        serde_json::json!({"": 1}),
    ] {
        let error = set(bad.clone()).await.expect_err("a wrong type");
        assert_eq!(error.class(), ErrorClass::InvalidArgument, "{bad}: {error}");
    }
    assert_eq!(desk.repo.commits().len(), 1);
}

#[tokio::test]
async fn spec01_case_24_nothing_secret_reaches_the_repository() {
    let token = "glpat-fake-token-0123456789";
    let desk = Desk::with_secrets(vec![token.to_owned(), "value-of-a-secret".to_owned()]);
    desk.store.initialise(&initial(), &who()).await.expect("made");
    let secrets = [
        "user@example.com",
        "a@example.com",
        "secret12",
        token,
        "value-of-a-secret",
        "example.com|",
    ];
    let text = format!(
        "user@example.com <mailto:a@example.com|a@example.com> https://u:secret12@host.example.com/x \
         {token} value-of-a-secret art-dev@sha256:ab12"
    );
    let mut update = pass(Task::StageTesting).with_result(text.clone());
    update.job = JobChange::Set(JobRef {
        system: JobSystem::Jenkins,
        id: Some("7".to_owned()),
        queue_id: None,
        url: Some("https://u:secret12@jenkins.example.com/job/7".to_owned()),
        triggered_at: "2026-03-01T10:00:00Z".to_owned(),
        claim: None,
    });
    desk.store.update_task(&release(), &update, &who()).await.expect("saved");
    desk.store.add_issue(&release(), &NewIssue::blocker(&text, &[]), &who()).await.expect("saved");
    desk.store.resolve_issue(&release(), &text, &text, &who()).await.expect("saved");
    assert!(desk.text().contains("art-dev@sha256:ab12"));
    let commits = desk.repo.commits();
    assert_eq!(commits.len(), 4);
    let subjects: Vec<String> = commits.iter().map(|commit| commit.message.render()).collect();
    for secret in secrets {
        assert!(!desk.text().contains(secret), "{secret} is in\n{}", desk.text());
        assert!(subjects.iter().all(|subject| !subject.contains(secret)), "{secret}: {subjects:?}");
    }
}

#[tokio::test]
async fn commits_say_what_who_and_how_in_one_line() {
    let desk = Desk::begun();
    let issue = NewIssue::blocker("line one\nline two is longer than what a subject can hold", &[]);
    desk.store.add_issue(&release(), &issue, &who()).await.expect("saved");
    desk.store.update_task(&release(), &pass(Task::StageTesting), &who()).await.expect("saved");
    let texts: Vec<String> = desk.repo.commits().iter().map(|c| c.message.render()).collect();
    assert_eq!(
        texts,
        [
            "add issue: line one line two is longer than what a subject ca\n\nActor: person lead\nCommand: update-task",
            "update task stage-testing to Pass\n\nActor: person lead\nCommand: update-task",
        ]
    );
}

#[tokio::test]
async fn a_change_of_nothing_is_no_commit() {
    let desk = Desk::begun();
    let before = desk.text();
    desk.set("12:00:00");
    let saved = desk.store.apply(&release(), "nothing", &who(), |_| Ok(7)).await.expect("fine");
    assert_eq!((saved.outcome, saved.committed), (7, false));
    assert_eq!(saved.state.updated_at, "2026-03-01T09:00:00Z");
    let sent =
        desk.store.record_notification(&release(), "N4", "abc", &who()).await.expect("saved");
    assert!(sent.committed && sent.state.was_notified("N4", "abc"));
    let again =
        desk.store.record_notification(&release(), "N4", "abc", &who()).await.expect("known");
    assert!(!again.committed);
    let other =
        desk.store.record_notification(&release(), "N4", "def", &who()).await.expect("saved");
    assert_eq!(other.state.notifications.len(), 1, "the last one per kind");
    assert_eq!(desk.repo.commits().len(), 2);
    assert!(desk.text().starts_with(before.split("updated_at").next().expect("a head")));
}

#[tokio::test]
async fn an_update_takes_one_read_and_one_commit() {
    let desk = Desk::begun();
    desk.store.update_task(&release(), &pass(Task::StageTesting), &who()).await.expect("saved");
    assert_eq!((desk.repo.reads(), desk.repo.commits().len()), (1, 1));
}

#[tokio::test]
async fn a_corrupt_file_is_never_overwritten() {
    for text in [
        "",
        "tasks: [",
        "- a\n",
        "release: 4.99.3\n",
        "schema_version: '1.0'\nrelease: 4.99.4\ncreated_at: a\nupdated_at: b\n",
    ] {
        let desk = Desk::new();
        desk.repo.put(&path(), text);
        let error = desk.store.update_task(&release(), &pass(Task::StageTesting), &who()).await;
        let error = error.expect_err("it cannot be read");
        assert!(matches!(error, StateBoxError::Corrupt { .. }), "{text:?}: {error}");
        assert!(error.to_string().contains(&path()), "{error}");
        let load = desk.store.load(&release()).await.expect_err("it cannot be read");
        assert_eq!(load.class(), ErrorClass::Undetermined);
        let made = desk.store.initialise(&initial(), &who()).await.expect("it exists");
        assert_eq!((made, desk.text().as_str()), (Initialised::AlreadyExists, text));
        assert_eq!(desk.repo.commits(), []);
    }
}

#[tokio::test]
async fn errors_of_the_repository_keep_their_class() {
    let desk = Desk::begun();
    desk.repo.fail_read(RepoError::Unauthenticated { location: "r".to_owned() });
    let error = desk.store.load(&release()).await.expect_err("no answer");
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream);
    desk.repo.fail_commit(RepoError::Forbidden { location: "r".to_owned() });
    let error = desk.store.update_task(&release(), &pass(Task::StageTesting), &who()).await;
    let error = error.expect_err("forbidden");
    assert_eq!(error.class(), ErrorClass::ForbiddenUpstream);
    let source = std::error::Error::source(&error).expect("the cause is kept").to_string();
    assert!(!error.to_string().contains(&source), "the cause is not printed twice");
}

#[tokio::test]
async fn two_runs_start_one_job() {
    let desk = Desk::begun();
    let (task, system, replaces) =
        (Task::StageTesting, JobSystem::Jenkins, oar_statebox::Replaces::Nothing);
    let request = ClaimRequest { task, system, replaces };
    let claim = desk.store.claim_job(&release(), &request, &who()).await.expect("saved").outcome;
    let Claim::Granted { id, unfinished: None } = claim else { panic!("{claim:?}") };
    let other = desk.store.claim_job(&release(), &request, &who()).await.expect("read");
    assert!(matches!(other.outcome, Claim::InFlight(_)) && !other.committed);
    let job = JobRef {
        system: JobSystem::Jenkins,
        id: Some("42".to_owned()),
        queue_id: Some("7".to_owned()),
        url: None,
        triggered_at: "2026-03-01T10:00:00Z".to_owned(),
        claim: None,
    };
    desk.store
        .confirm_job(&release(), Task::StageTesting, &id, &job, "started", &who())
        .await
        .expect("ours");
    let later = desk.store.claim_job(&release(), &request, &who()).await.expect("read");
    assert_eq!(later.outcome, Claim::Running(job));
}

#[tokio::test]
async fn outcome_and_notifications_are_one_commit() {
    let desk = Desk::begun();
    let mut update = pass(Task::TakeOwnership).with_result("done");
    update.notifications =
        vec![("N1".to_owned(), "aa".to_owned()), ("N2".to_owned(), "bb".to_owned())];
    let saved = desk.store.update_task(&release(), &update, &who()).await.expect("saved");
    assert_eq!(desk.repo.commits().len(), 1);
    assert!(saved.state.was_notified("N1", "aa") && saved.state.was_notified("N2", "bb"));
    assert!(desk.text().ends_with("- kind: N2\n  hash: bb\n  sent_at: '2026-03-01T10:00:00Z'\n"));
}

#[tokio::test]
async fn issues_are_filtered_by_all_conditions() {
    let desk = Desk::begun();
    let note = NewIssue { blocker: false, ..NewIssue::blocker("note", &["stage-testing"]) };
    for issue in [NewIssue::blocker("one", &["stage-testing"]), note, NewIssue::blocker("all", &[])]
    {
        desk.store.add_issue(&release(), &issue, &who()).await.expect("new");
    }
    let saved =
        desk.store.resolve_issue(&release(), "one", "done", &who()).await.expect("resolved");
    let texts = |filter: IssueFilter| -> Vec<String> {
        saved.state.issues(&filter).map(|issue| issue.text.clone()).collect()
    };
    let all = IssueFilter::default();
    assert_eq!(texts(all.clone()), ["one", "note", "all"]);
    assert_eq!(texts(IssueFilter { unresolved: true, ..all.clone() }), ["note", "all"]);
    assert_eq!(texts(IssueFilter { unresolved: true, blockers: true, task: None }), ["all"]);
    let task = Some("stage-testing".to_owned());
    assert_eq!(texts(IssueFilter { task: task.clone(), ..all.clone() }), ["one", "note"]);
    assert_eq!(texts(IssueFilter { task, blockers: true, unresolved: true }), [""; 0]);
}
