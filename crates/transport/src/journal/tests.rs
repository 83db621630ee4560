use std::sync::Arc;

use oar_release::Clock as _;
use oar_release::clock::ManualClock;

use super::*;

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new("2026-03-11T08:00:00Z".parse().unwrap()))
}

fn intent(content: &str) -> Intent {
    Intent {
        id: IntentId::derive(&["4.98.1", "stage-testing", "1"]),
        kind: "slack.post_message".to_owned(),
        target: "#qe".to_owned(),
        body_digest: body_digest(content.as_bytes()),
        note: "a note".to_owned(),
    }
}

fn file_journal(folder: &std::path::Path) -> FileJournal {
    FileJournal::new(folder, "4.98.1", clock()).unwrap()
}

#[test]
fn ids_depend_on_every_part_and_on_how_they_are_cut() {
    let id = IntentId::derive(&["4.98.1", "a", "b"]);
    assert_eq!(id, IntentId::derive(&["4.98.1", "a", "b"]));
    assert_eq!(id.as_str().len(), 32);
    for other in [&["4.98.1", "ab"][..], &["4.98.1", "a", "c"], &["4.98.1a", "b"], &[]] {
        assert_ne!(id, IntentId::derive(other));
    }
}

async fn tells_new_from_pending_from_done(journal: &dyn IntentJournal) {
    let since = clock().now();
    assert_eq!(journal.open(&intent("x")).await.unwrap(), OpenState::New);
    assert_eq!(journal.open(&intent("x")).await.unwrap(), OpenState::Pending { since });
    let id = intent("x").id;
    journal.close(&id, "1700.1").await.unwrap();
    journal.close(&id, "1700.2").await.unwrap();
    let receipt = "1700.1".to_owned();
    assert_eq!(journal.open(&intent("x")).await.unwrap(), OpenState::Done { receipt });
    let other = journal.open(&intent("y")).await.unwrap_err();
    assert!(matches!(other, JournalError::OtherContent { .. }));
    let never = journal.close(&IntentId::derive(&["never"]), "r").await.unwrap_err();
    assert!(matches!(never, JournalError::NotOpen { .. }));
}

#[tokio::test]
async fn both_journals_tell_new_from_pending_from_done() {
    tells_new_from_pending_from_done(&MemoryJournal::new(clock())).await;
    let folder = tempfile::tempdir().unwrap();
    tells_new_from_pending_from_done(&file_journal(folder.path())).await;
}

#[tokio::test]
async fn another_process_sees_what_was_opened() {
    let folder = tempfile::tempdir().unwrap();
    file_journal(folder.path()).open(&intent("x")).await.unwrap();
    let state = file_journal(folder.path()).open(&intent("x")).await.unwrap();
    assert!(matches!(state, OpenState::Pending { .. }));
}

#[tokio::test]
async fn a_torn_last_line_is_forgotten_and_does_not_spoil_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let journal = file_journal(folder.path());
    journal.open(&intent("x")).await.unwrap();
    let sound = std::fs::read(journal.path()).unwrap();
    let id = intent("x").id;
    for cut in [1, 20, sound.len() - 1] {
        let mut torn = sound.clone();
        torn.extend_from_slice(&sound[..cut]);
        std::fs::write(journal.path(), &torn).unwrap();
        assert!(matches!(journal.open(&intent("x")).await.unwrap(), OpenState::Pending { .. }));
        journal.close(&id, "r").await.unwrap();
        let receipt = "r".to_owned();
        assert_eq!(journal.open(&intent("x")).await.unwrap(), OpenState::Done { receipt });
        let text = std::fs::read_to_string(journal.path()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}

#[tokio::test]
async fn an_intent_torn_while_it_was_opened_is_new_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = file_journal(folder.path());
    journal.open(&intent("x")).await.unwrap();
    let sound = std::fs::read(journal.path()).unwrap();
    std::fs::write(journal.path(), &sound[..sound.len() - 1]).unwrap();
    assert_eq!(journal.open(&intent("x")).await.unwrap(), OpenState::New);
}

#[tokio::test]
async fn damage_in_the_middle_stops_everything() {
    let folder = tempfile::tempdir().unwrap();
    let journal = file_journal(folder.path());
    journal.open(&intent("x")).await.unwrap();
    let sound = std::fs::read_to_string(journal.path()).unwrap();
    std::fs::write(journal.path(), format!("garbage\n{sound}")).unwrap();
    let error = journal.open(&intent("x")).await.unwrap_err();
    assert!(matches!(error, JournalError::Damaged { line: 1, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_exactly_one_finds_it_new() {
    let folder = tempfile::tempdir().unwrap();
    let opened = (0..16).map(|_| {
        let journal = file_journal(folder.path());
        tokio::spawn(async move { journal.open(&intent("x")).await.unwrap() })
    });
    let mut new = 0;
    for handle in opened.collect::<Vec<_>>() {
        new += usize::from(handle.await.unwrap() == OpenState::New);
    }
    assert_eq!(new, 1);
}

#[test]
fn a_release_cannot_name_another_file() {
    let folder = std::path::Path::new("/nowhere");
    for name in ["", "..", ".x", "a/b", "a\0", "4.98.1/../x"] {
        let error = FileJournal::new(folder, name, clock()).unwrap_err();
        assert!(matches!(error, JournalError::BadName { .. }), "{name:?}");
    }
}
