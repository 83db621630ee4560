//! The update loop against a repository that fails and is changed by others.

use std::time::Duration;

use oar_release::ErrorClass;
use oar_release::clock::SeededEntropy;
use oar_state_repo::memory::RecordedPause;
use oar_state_repo::{
    Decision, MemoryRepo, RepoError, Retry, StoredFile, UpdateError, Updated, update_file,
};

use crate::{message, path};

#[derive(Debug, thiserror::Error)]
#[error("no")]
struct No;

/// Adds a line to the file.
async fn add(
    repo: &MemoryRepo,
    pause: &RecordedPause,
    line: &str,
) -> Result<Updated<usize>, UpdateError<No>> {
    let retry = Retry { entropy: &SeededEntropy::new(1), pause };
    update_file(repo, &path("f"), &retry, |before: Option<&StoredFile>| {
        let mut text = before.map_or_else(Vec::new, |file| file.content.clone());
        text.extend_from_slice(line.as_bytes());
        let lines = text.split(|b| *b == b'\n').count() - 1;
        Ok(Decision::write(text, message("add"), lines))
    })
    .await
}

fn conflict() -> RepoError {
    RepoError::Conflict { path: "branch".to_owned() }
}

#[tokio::test]
async fn an_update_takes_one_read_and_one_commit() {
    let (repo, pause) = (MemoryRepo::new(), RecordedPause::default());
    let updated = add(&repo, &pause, "a\n").await.expect("written");
    assert_eq!((updated.outcome, updated.committed), (1, true));
    assert_eq!((repo.reads(), repo.commits().len()), (1, 1));
    assert_eq!(updated.version, Some(oar_state_repo::blob_id(b"a\n")));
}

#[tokio::test]
async fn someone_elses_change_survives() {
    let (repo, pause) = (MemoryRepo::new(), RecordedPause::default());
    repo.put("f", "x\n");
    repo.interfere("f", "x\ny\n");
    repo.interfere("f", "x\ny\nz\n");
    let updated = add(&repo, &pause, "a\n").await.expect("written at the third attempt");
    assert_eq!(updated.outcome, 4);
    assert_eq!(repo.text("f").as_deref(), Some("x\ny\nz\na\n"));
    assert_eq!(repo.commits().len(), 1);
    assert_eq!(pause.waits().len(), 2);
}

#[tokio::test]
async fn a_file_made_meanwhile_is_not_replaced() {
    let (repo, pause) = (MemoryRepo::new(), RecordedPause::default());
    repo.interfere("f", "other\n");
    add(&repo, &pause, "a\n").await.expect("written");
    assert_eq!(repo.text("f").as_deref(), Some("other\na\n"));
}

#[tokio::test]
async fn five_conflicts_are_the_end() {
    let (repo, pause) = (MemoryRepo::new(), RecordedPause::default());
    repo.put("f", "x\n");
    (0..5).for_each(|_| repo.fail_commit(conflict()));
    let error = add(&repo, &pause, "a\n").await.expect_err("no more attempts");
    assert!(matches!(error, UpdateError::Contended { attempts: 5, .. }), "{error}");
    assert_eq!(error.class(|_| ErrorClass::Internal), ErrorClass::Conflict);
    assert_eq!(repo.text("f").as_deref(), Some("x\n"));
    let waits = pause.waits();
    assert_eq!(waits.len(), 4);
    for (wait, base) in waits.iter().zip([0.5, 1.0, 2.0, 4.0]) {
        let (low, high) =
            (Duration::from_secs_f64(base * 0.5), Duration::from_secs_f64(base * 1.5));
        assert!((low..=high).contains(wait), "{wait:?} for {base}");
    }
}

#[tokio::test]
async fn other_errors_end_the_update_at_once() {
    let (repo, pause) = (MemoryRepo::new(), RecordedPause::default());
    repo.fail_commit(RepoError::Forbidden { location: "r".to_owned() });
    let error = add(&repo, &pause, "a\n").await.expect_err("forbidden");
    assert_eq!(error.class(|_| ErrorClass::Internal), ErrorClass::ForbiddenUpstream);
    repo.fail_read(RepoError::Unauthenticated { location: "r".to_owned() });
    let error = add(&repo, &pause, "a\n").await.expect_err("unauthenticated");
    assert_eq!(error.class(|_| ErrorClass::Internal), ErrorClass::UnauthenticatedUpstream);
    assert_eq!(pause.waits(), []);
}

#[tokio::test]
async fn nothing_to_change_is_no_commit() {
    let (repo, pause) = (MemoryRepo::new(), RecordedPause::default());
    repo.put("f", "x\n");
    let updated = add(&repo, &pause, "").await.expect("nothing to do");
    assert!(!updated.committed);
    let retry = Retry { entropy: &SeededEntropy::new(1), pause: &pause };
    let kept = update_file(&repo, &path("f"), &retry, |_| Ok::<_, No>(Decision::Keep(7))).await;
    assert_eq!(kept.map(|kept| (kept.outcome, kept.committed)).ok(), Some((7, false)));
    assert_eq!(repo.commits(), []);
}

#[tokio::test]
async fn a_refusal_is_decided_on_fresh_content_and_writes_nothing() {
    let (repo, pause) = (MemoryRepo::new(), RecordedPause::default());
    repo.put("f", "fine");
    repo.interfere("f", "closed");
    let retry = Retry { entropy: &SeededEntropy::new(1), pause: &pause };
    let refused = update_file(&repo, &path("f"), &retry, |before| match before {
        Some(file) if file.content == b"fine" => {
            Ok(Decision::write(b"mine".to_vec(), message("mine"), ()))
        }
        _ => Err(No),
    })
    .await;
    assert!(matches!(refused, Err(UpdateError::Refused(No))));
    assert_eq!(repo.text("f").as_deref(), Some("closed"));
}

#[tokio::test]
async fn a_lost_answer_is_looked_up() {
    let (repo, pause) = (MemoryRepo::new(), RecordedPause::default());
    repo.put("f", "x\n");
    repo.lose_reply();
    let updated = add(&repo, &pause, "a\n").await.expect("it was written");
    assert!(updated.committed);
    assert_eq!((repo.text("f").as_deref(), repo.commits().len()), (Some("x\na\n"), 1));
    let unknown = || RepoError::Unknown { location: "r".to_owned(), source: "no".into() };
    repo.fail_commit(unknown());
    let error = add(&repo, &pause, "b\n").await.expect_err("it was not written");
    assert_eq!(error.class(|_| ErrorClass::Internal), ErrorClass::Undetermined);
    assert_eq!((repo.text("f").as_deref(), repo.commits().len()), (Some("x\na\n"), 1));
}

fn reply_lost() -> RepoError {
    RepoError::ReplyLost { location: "r".to_owned(), source: "connection reset".into() }
}

#[tokio::test]
async fn a_write_that_got_lost_on_the_way_is_made_again() {
    let (repo, pause) = (MemoryRepo::new(), RecordedPause::default());
    repo.put("f", "x\n");
    repo.fail_commit(reply_lost());
    let updated = add(&repo, &pause, "a\n").await.expect("the second attempt");
    assert!(updated.committed);
    assert_eq!((repo.text("f").as_deref(), repo.commits().len()), (Some("x\na\n"), 1));
    assert_eq!(pause.waits().len(), 1);
}

#[tokio::test]
async fn a_write_that_arrives_late_counts_once() {
    let (repo, pause) = (MemoryRepo::new(), RecordedPause::default());
    repo.put("f", "x\n");
    repo.fail_commit(reply_lost());
    // The lost write lands between the second attempt's read and its commit.
    repo.interfere("f", "x\na\n");
    let updated = add(&repo, &pause, "a\n").await.expect("it is there");
    assert_eq!((updated.outcome, updated.committed), (2, true));
    assert_eq!((repo.text("f").as_deref(), repo.commits().len()), (Some("x\na\n"), 0));
}

#[tokio::test]
async fn a_service_that_loses_every_write_is_reported_as_what_it_is() {
    let (repo, pause) = (MemoryRepo::new(), RecordedPause::default());
    repo.put("f", "x\n");
    (0..5).for_each(|_| repo.fail_commit(reply_lost()));
    let error = add(&repo, &pause, "a\n").await.expect_err("no more attempts");
    assert_eq!(error.class(|_| ErrorClass::Internal), ErrorClass::UpstreamUnavailable);
    assert_eq!(repo.text("f").as_deref(), Some("x\n"));
}
