//! Real files, where they are present: reading and writing loses nothing.

use oar_release::{Masker, Task, TaskStatus};
use oar_state_repo::LocalRepo;
use oar_statebox::overview::Overview;
use oar_statebox::{StateBox, TaskUpdate, discovery, edit};
use oar_tests::{copy_folder, production_data};

#[tokio::test]
async fn spec01_case_09_real_files_survive_every_kind_of_rewriting() {
    let Some(folder) = production_data("z-stream") else { return };
    let scratch = tempfile::tempdir().expect("a scratch folder");
    copy_folder(&folder, scratch.path());
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
