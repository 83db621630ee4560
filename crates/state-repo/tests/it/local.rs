//! The folder as repository.

use std::fs;
use std::sync::Arc;

use oar_release::ErrorClass;
use oar_release::clock::SeededEntropy;
use oar_state_repo::memory::RecordedPause;
use oar_state_repo::{Decision, FILE_LIMIT, LocalRepo, RepoError, Retry, StateRepo, update_file};

use crate::{commit, create, delete, message, path, replace, version};

fn repo() -> (tempfile::TempDir, LocalRepo) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let repo = LocalRepo::new(folder.path());
    (folder, repo)
}

#[tokio::test]
async fn a_file_is_created_replaced_and_deleted() {
    let (_folder, repo) = repo();
    let at = path("a/b/c.yaml");
    assert_eq!(repo.read(&at).await.expect("readable"), None);
    let made = repo.commit(&commit("one", vec![create("a/b/c.yaml", "1")])).await.expect("made");
    assert_eq!(made.versions, [Some(version("1"))]);
    let file = repo.read(&at).await.expect("readable").expect("there");
    assert_eq!((file.content.as_slice(), file.version), (b"1".as_slice(), version("1")));
    repo.commit(&commit("two", vec![replace("a/b/c.yaml", "1", "2")])).await.expect("replaced");
    let gone =
        repo.commit(&commit("three", vec![delete("a/b/c.yaml", "2")])).await.expect("deleted");
    assert_eq!(gone.versions, [None]);
    assert_eq!(repo.read(&at).await.expect("readable"), None);
}

#[tokio::test]
async fn r07_a_stale_expectation_is_a_conflict_and_changes_nothing() {
    let (_folder, repo) = repo();
    repo.commit(&commit("one", vec![create("a", "1"), create("b", "1")])).await.expect("made");
    let stale = vec![replace("a", "1", "2"), replace("b", "0", "2")];
    let error = repo.commit(&commit("two", stale)).await.expect_err("b is not as expected");
    assert!(matches!(&error, RepoError::Conflict { path } if path == "b"), "{error}");
    assert_eq!(error.class(), ErrorClass::Conflict);
    let error = repo.commit(&commit("two", vec![create("a", "2")])).await.expect_err("a is there");
    assert!(matches!(error, RepoError::AlreadyExists { .. }), "{error}");
    let error = repo.commit(&commit("two", vec![delete("c", "2")])).await.expect_err("no c");
    assert!(matches!(error, RepoError::Conflict { .. }), "{error}");
    for at in ["a", "b"] {
        assert_eq!(repo.read(&path(at)).await.expect("readable").expect("there").content, b"1");
    }
}

#[tokio::test]
async fn listings_are_sorted_and_leave_the_bookkeeping_out() {
    let (folder, repo) = repo();
    let changes = ["d/b/2", "d/b/10", "d/a", "e"].map(|at| create(at, at)).to_vec();
    repo.commit(&commit("many", changes)).await.expect("made");
    fs::create_dir_all(folder.path().join("d/.git/objects")).expect("scratch");
    fs::write(folder.path().join("d/.git/objects/x"), "x").expect("scratch");
    let entries = repo.list(&path("d")).await.expect("listed");
    let found: Vec<_> = entries.iter().map(|e| (e.path.as_str(), e.version.clone())).collect();
    assert_eq!(
        found,
        ["d/a", "d/b/10", "d/b/2"].map(|at| (at, version(at))),
        "sorted by path, versions are blob ids"
    );
    assert_eq!(repo.list(&path("nothing/here")).await.expect("listed"), []);
    let many = repo.read_many(&[path("e"), path("absent"), path("d/a")]).await.expect("read");
    assert_eq!(many.iter().map(|(at, _)| at.as_str()).collect::<Vec<_>>(), ["e", "d/a"]);
}

#[tokio::test]
async fn paths_never_leave_the_folder() {
    let (folder, repo) = repo();
    let outside = tempfile::tempdir().expect("a scratch folder");
    fs::write(outside.path().join("secret"), "s").expect("scratch");
    std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).expect("scratch");
    std::os::unix::fs::symlink(outside.path().join("secret"), folder.path().join("file"))
        .expect("scratch");
    for at in ["link/secret", "file", ".oar/lock"] {
        let error = repo.read(&path(at)).await.expect_err(at);
        assert!(matches!(error, RepoError::InvalidPath { .. }), "{at}: {error}");
        let error = repo.commit(&commit("x", vec![create(at, "x")])).await.expect_err(at);
        assert!(matches!(error, RepoError::InvalidPath { .. }), "{at}: {error}");
    }
    fs::create_dir(folder.path().join("d")).expect("scratch");
    std::os::unix::fs::symlink("/", folder.path().join("d/root")).expect("scratch");
    assert_eq!(repo.list(&path("d")).await.expect("listed"), [], "links are not followed");
    assert_eq!(fs::read_to_string(outside.path().join("secret")).expect("there"), "s");
}

#[tokio::test]
async fn a_file_beyond_the_limit_is_refused_as_github_does() {
    let (folder, repo) = repo();
    let limit = usize::try_from(FILE_LIMIT).expect("fits");
    fs::write(folder.path().join("fits"), "x".repeat(limit)).expect("scratch");
    fs::write(folder.path().join("large"), "x".repeat(limit + 1)).expect("scratch");
    assert!(repo.read(&path("fits")).await.expect("read").is_some());
    let error = repo.read(&path("large")).await.expect_err("too large");
    assert!(matches!(error, RepoError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_mistyped_folder_is_an_error_and_is_not_made() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let missing = folder.path().join("typo");
    let repo = LocalRepo::new(&missing);
    let error = repo.read(&path("a")).await.expect_err("no such folder");
    assert!(matches!(error, RepoError::NotAccessible { .. }), "{error}");
    let error = repo.commit(&commit("x", vec![create("a", "1")])).await.expect_err("no folder");
    assert_eq!(error.class(), ErrorClass::NotFound, "{error}");
    assert!(!missing.exists());
}

#[tokio::test]
async fn the_log_says_who_did_what() {
    let (folder, repo) = repo();
    repo.commit(&commit("add\nissue", vec![create("a", "1"), create("b", "1")]))
        .await
        .expect("made");
    // A crash in the middle of a line: the rest of it is no line.
    let log = folder.path().join(".oar/log");
    let whole = fs::read_to_string(&log).expect("there is a log");
    fs::write(&log, whole.clone() + "{\"message\":\"cut").expect("scratch");
    repo.commit(&commit("again", vec![replace("a", "1", "2")])).await.expect("made");
    let text = fs::read_to_string(&log).expect("there is a log");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert_eq!(
        lines,
        [
            serde_json::json!({
                "message": "add issue\n\nActor: person lead\nCommand: test", "paths": ["a", "b"]
            }),
            serde_json::json!({
                "message": "again\n\nActor: person lead\nCommand: test", "paths": ["a"]
            }),
        ]
    );
}

#[test]
fn eight_writers_of_one_file_lose_nothing() {
    const WRITERS: usize = 8;
    const UPDATES: usize = 200;
    let (folder, repo) = repo();
    let at = path("counter");
    let writer = |number: usize| {
        let folder = folder.path().to_owned();
        let at = at.clone();
        move || {
            // A value of its own per thread, as a process would have.
            let repo = LocalRepo::new(folder);
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let (entropy, pause) = (SeededEntropy::new(number as u64), RecordedPause::default());
            let retry = Retry { entropy: &entropy, pause: &pause };
            runtime.block_on(async {
                for update in 0..UPDATES {
                    let line = format!("{number} {update}\n");
                    update_file(&repo, &at, &retry, |before| {
                        let mut text = before.map_or_else(Vec::new, |file| file.content.clone());
                        text.extend_from_slice(line.as_bytes());
                        Ok::<_, RepoError>(Decision::write(text, message("count"), ()))
                    })
                    .await
                    .expect("no update gives up");
                }
            });
            pause.waits().len()
        }
    };
    let threads: Vec<_> = (0..WRITERS).map(|n| std::thread::spawn(writer(n))).collect();
    let waits: usize = threads.into_iter().map(|thread| thread.join().expect("no panic")).sum();
    assert_eq!(waits, 0, "updates of one folder take turns instead of colliding");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let file = runtime.block_on(repo.read(&at)).expect("readable").expect("there");
    let text = String::from_utf8(file.content).expect("text");
    let mut lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), WRITERS * UPDATES);
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), WRITERS * UPDATES, "each update is there once");
}

#[tokio::test]
async fn many_tasks_of_one_process_take_turns() {
    let (_folder, repo) = repo();
    let at = Arc::new(path("counter"));
    let tasks: Vec<_> = (0..600_usize)
        .map(|number| {
            let (repo, at) = (repo.clone(), Arc::clone(&at));
            tokio::spawn(async move {
                let (entropy, pause) =
                    (SeededEntropy::new(number as u64), RecordedPause::default());
                let retry = Retry { entropy: &entropy, pause: &pause };
                update_file(&repo, &at, &retry, |before| {
                    let mut text = before.map_or_else(Vec::new, |file| file.content.clone());
                    text.push(b'x');
                    Ok::<_, RepoError>(Decision::write(text, message("count"), ()))
                })
                .await
                .expect("no update gives up");
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(repo.read(&at).await.expect("readable").expect("there").content.len(), 600);
}
