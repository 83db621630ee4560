//! The production files, where they are at hand: every StateBox opens and stays as it is.

use std::path::{Path, PathBuf};

use oar_tests::{copy_folder, production_data};

use crate::harness::Place;

fn stateboxes(root: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for stream in std::fs::read_dir(root.join("_releases")).expect("streams") {
        let Ok(files) = std::fs::read_dir(stream.expect("a stream").path().join("statebox")) else {
            continue;
        };
        for file in files {
            let path = file.expect("a file").path();
            let release = path.file_stem().expect("a name").to_string_lossy().into_owned();
            found.push((release, path));
        }
    }
    found.sort();
    found
}

#[test]
fn status_opens_every_production_statebox() {
    let Some(data) = production_data("z-stream") else { return };
    let place = Place::new();
    copy_folder(&data, &place.path("repo"));
    let repo = place.path("repo").display().to_string();
    let files = stateboxes(&place.path("repo"));
    assert!(!files.is_empty());
    for (release, path) in &files {
        let before = std::fs::read(path).expect("the file");
        let run =
            place.run("oar", &["--state-repo", &repo, "-r", release, "status", "--json"]).expect(0);
        assert_eq!(run.json()["release"], release.as_str());
        assert_eq!(std::fs::read(path).expect("the file"), before, "{release} was changed");
    }
    println!("opened {} StateBoxes", files.len());
}

/// An update changes its own lines and `updated_at`, nothing else (spec 01 case 13).
#[test]
fn an_update_of_a_production_statebox_touches_only_its_own_lines() {
    let Some(data) = production_data("z-stream") else { return };
    let place = Place::new();
    copy_folder(&data, &place.path("repo"));
    let repo = place.path("repo").display().to_string();
    for (release, path) in stateboxes(&place.path("repo")).into_iter().take(20) {
        let before = std::fs::read_to_string(&path).expect("the file");
        let add = [
            "--state-repo",
            &repo,
            "-r",
            &release,
            "issue",
            "add",
            "an invented remark",
            "--no-blocker",
        ];
        place.run("oar", &add).expect(0);
        let after = std::fs::read_to_string(&path).expect("the file");
        let removed =
            before.lines().filter(|line| !after.lines().any(|kept| kept == *line)).count();
        let had_no_issues = before.contains("\nissues: []\n");
        assert!(removed <= 1 + usize::from(had_no_issues), "{release}: {removed} lines are gone");
    }
}
