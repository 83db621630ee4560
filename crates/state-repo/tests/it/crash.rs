//! Ending the process at every point of a commit: afterwards all of it is there, or nothing.

use std::cell::Cell;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Once;

use oar_release::effect;
use oar_state_repo::{LocalRepo, StateRepo};

use crate::{commit, create, delete, path, replace};

thread_local! {
    /// Points until the end of this thread's "process"; none means that nothing is rehearsed.
    static COUNTDOWN: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Ends the thread's work at the chosen point. Unwinding runs destructors, but a lock is all that
/// those release here, and the kernel would release it as well.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        effect::listen(|name| {
            let left = COUNTDOWN.get();
            COUNTDOWN.set(left.map(|left| left.wrapping_sub(1)));
            assert!(left != Some(0), "stopped at {name}");
        });
    });
}

/// Makes a repository with three files, and the text of each of its files.
fn prepare(folder: &Path) {
    run(
        folder,
        "prepare",
        vec![create("a/1", "old"), create("a/2", "old"), create("b", "old")],
        None,
    );
}

/// Commits in this thread; `stop_at` ends it at that point. True when it came to its end.
fn run(
    folder: &Path,
    subject: &str,
    changes: Vec<oar_state_repo::Change>,
    stop_at: Option<usize>,
) -> bool {
    listen();
    let folder = folder.to_owned();
    let commit = commit(subject, changes);
    // One blocking thread per runtime, so the countdown is set where the work is done.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        tokio::task::spawn_blocking(move || COUNTDOWN.set(stop_at))
            .await
            .expect("it is only a number");
        AssertUnwindSafe(LocalRepo::new(folder).commit(&commit)).await.is_ok()
    })
}

fn state(folder: &Path) -> Vec<Option<String>> {
    let repo = LocalRepo::new(folder);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let paths = ["a/1", "a/2", "a/3", "b"].map(path);
    runtime.block_on(async {
        let mut texts = Vec::new();
        for at in &paths {
            let file = repo.read(at).await.expect("readable after a crash");
            texts.push(file.map(|file| String::from_utf8(file.content).expect("text")));
        }
        texts
    })
}

fn log_lines(folder: &Path) -> usize {
    fs::read_to_string(folder.join(".oar/log")).expect("there is a log").lines().count()
}

#[test]
fn every_point_of_a_commit_leaves_all_or_nothing() {
    let changes = || {
        vec![
            replace("a/1", "old", "new"),
            delete("a/2", "old"),
            create("a/3", "new"),
            replace("b", "old", "new"),
        ]
    };
    let some = |text: &str| Some(text.to_owned());
    let old = vec![some("old"), some("old"), None, some("old")];
    let new = vec![some("new"), None, some("new"), some("new")];
    let quiet = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let mut seen = (0, 0);
    for stop_at in 0.. {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let folder = scratch.path();
        prepare(folder);
        let done = panic::catch_unwind(AssertUnwindSafe(|| {
            run(folder, "change", changes(), Some(stop_at))
        }));
        let done = done.unwrap_or(false);
        let after = state(folder);
        if after == old {
            assert!(!done);
            assert_eq!(log_lines(folder), 1);
            seen.0 += 1;
            // Nothing is in the way of trying again.
            assert!(run(folder, "change", changes(), None), "stopped at {stop_at}");
        } else {
            seen.1 += 1;
        }
        assert_eq!(state(folder), new, "stopped at {stop_at}");
        assert_eq!(log_lines(folder), 2, "stopped at {stop_at}: one line per commit");
        assert!(!folder.join(".oar/journal").exists());
        if done {
            break;
        }
    }
    panic::set_hook(quiet);
    assert!(seen.0 >= 2 && seen.1 >= 8, "both sides of the decision were rehearsed: {seen:?}");
}
