//! Real files, where they are present: reading and writing loses nothing.

use std::path::{Path, PathBuf};

use oar_release::{Masker, Task, TaskStatus};
use oar_state_repo::LocalRepo;
use oar_statebox::overview::Overview;
use oar_statebox::{StateBox, TaskUpdate, discovery, edit};

/// The folder with real data; a test that needs it is skipped with a line when it is absent.
#[expect(clippy::print_stdout, reason = "a skipped test must say so")]
fn data_folder() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "tests find their data by a variable")]
    let from_environment = std::env::var_os("OAR_TEST_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = from_environment.unwrap_or(beside).join("z-stream");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no real data; set OAR_TEST_DATA to a folder that holds z-stream/");
    None
}

/// A copy of the data, so that nothing is ever written beside the original.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a scratch folder");
    for entry in std::fs::read_dir(from).expect("the folder is readable") {
        let entry = entry.expect("its entries are readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("they have a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("files can be copied");
        }
    }
}

#[tokio::test]
async fn spec01_case_09_real_files_survive_every_kind_of_rewriting() {
    let Some(folder) = data_folder() else { return };
    let scratch = tempfile::tempdir().expect("a scratch folder");
    copy(&folder, scratch.path());
    let now = "2026-08-21T00:00:00Z".parse().expect("a time");
    let repo = LocalRepo::new(scratch.path());
    let found = discovery::discover(&repo, now, 1).await.expect("readable");
    assert_eq!(found.broken, [], "every real file can be read");
    assert!(found.states.len() > 10 && !found.streams.is_empty());
    for state in &found.states {
        let path = oar_statebox::path_of(&state.release);
        let text = std::fs::read_to_string(folder.join(&path)).expect("it was just listed");
        assert_eq!(state.render(), text, "{path}: written as a whole");
        let untouched = edit(&path, &text, now, |_| Ok(())).expect("readable");
        assert_eq!(untouched.text, None, "{path}: nothing to change");
        let changed = edit(&path, &text, now, |state| {
            let update =
                TaskUpdate::status(Task::StageTesting, TaskStatus::Fail).with_result("a\nb ");
            state.update_task(&update, now, &Masker::default());
            Ok(())
        });
        let changed = changed.expect("readable");
        assert_eq!(changed.text, Some(changed.state.render()), "{path}: spliced equals whole");
        assert_eq!(StateBox::parse(&path, &changed.state.render()).ok(), Some(changed.state));
        assert!(state.metadata.release_date().is_some(), "{path}");
        assert!(Overview::of(state, None, now).passed <= 9);
    }
}
