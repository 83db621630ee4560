//! Old results move aside; what is young, open or current stays.

use std::sync::Arc;

use jiff::SignedDuration;
use oar_operators::dry_run::{DryRunRepo, Recorder};
use oar_operators::test_jobs::archive::{Archived, Options, run};
use oar_operators::test_jobs::{Desk, status};
use oar_prow_jobs::result_file::BuildVerdict;
use oar_sandbox::fault::{Kind, Rule};
use oar_state_repo::MemoryRepo;
use serde_json::{Value, json};

use super::lab::{Lab, build_of, entry, result_path};

const OLD: &str = "4.99.1";

fn archived_path(build: &str) -> String {
    result_path(build).replace("_releases/", "_releases/archive/")
}

/// A decided result whose only run ended `days` ago.
fn decided(lab: &Lab, build: &str, days: i64) {
    let run =
        json!({ "jobID": build, "jobState": "success", "jobCompletionTime": lab.ago(24 * days) });
    let content = json!({ "result": [entry("a", run)], "build": build_of(build),
                          "aggregated": true, "accepted": true });
    lab.put("record", &result_path(build), &content);
}

fn lab() -> Lab {
    let lab = Lab::new();
    decided(&lab, OLD, 400);
    decided(&lab, "4.99.2", 100);
    decided(&lab, "4.99.3", 400);
    lab.put("record", "_releases/ocp-latest-4.99-stable-amd64.json", &build_of("4.99.3"));
    let change = |build: &str, key: &str, value: Value| {
        decided(&lab, build, 400);
        let mut file = lab.file_of(build);
        file[key] = value;
        lab.put("record", &result_path(build), &file);
    };
    change("4.99.4", "aggregated", json!(false));
    change("4.99.5", "result", json!([entry("a", json!({ "jobID": "timeless" }))]));
    decided(&lab, "4.98.1", 500);
    lab
}

async fn archive(desk: &Desk, days: i64, limit: usize) -> Archived {
    let older_than = SignedDuration::from_hours(24 * days);
    let release = Some("4.99".parse().expect("a stream"));
    run(desk, &Options { release, older_than, limit }).await.expect("a report")
}

#[tokio::test(start_paused = true)]
async fn only_what_was_decided_long_ago_moves_and_is_still_found() {
    let lab = lab();
    let text = lab.text(&result_path(OLD));
    let done = archive(&lab.desk, 365, 10).await;
    assert_eq!((done.archived, done.files), (vec![result_path(OLD)], 6));
    assert!(done.problems.is_empty());
    assert_eq!((lab.has_file(OLD), lab.text(&archived_path(OLD))), (false, text));
    for stays in ["4.99.2", "4.99.3", "4.99.4", "4.99.5", "4.98.1"] {
        assert!(lab.has_file(stays), "{stays}");
    }
    // It is out of everybody's way, and found by who asks for it.
    let all = status::all(&lab.desk, None).await.expect("a status");
    assert!(all.builds.iter().all(|build| build.build.to_string() != OLD));
    let one = status::one(&lab.desk, &OLD.parse().expect("a build")).await.expect("a status");
    assert_eq!(one.builds[0].verdict, BuildVerdict::Accepted);
    assert!(one.builds[0].page.contains("/_releases/archive/"), "{}", one.builds[0].page);
    assert!(status::one(&lab.desk, &"4.99.77".parse().expect("a build")).await.is_err());
    let commits = lab.commits();
    assert!(archive(&lab.desk, 365, 10).await.archived.is_empty());
    assert_eq!(lab.commits(), commits, "nothing is left to do");
    // However little was asked for, a month is kept; the oldest go first.
    decided(&lab, "4.99.6", 29);
    decided(&lab, "4.99.7", 99);
    assert_eq!(archive(&lab.desk, 1, 1).await.archived, [result_path("4.99.2")]);
    assert_eq!(archive(&lab.desk, 1, 9).await.archived, [result_path("4.99.7")]);
}

/// The desk over a repository whose troubles can be arranged, with the files of the lab.
fn troubled(lab: &Lab) -> (Desk, Arc<MemoryRepo>) {
    let repo = Arc::new(MemoryRepo::new());
    for build in [OLD, "4.99.2", "4.99.3"] {
        repo.put(&result_path(build), &lab.text(&result_path(build)).expect("a file"));
    }
    let mut desk = lab.another(5);
    desk.records = Arc::clone(&repo) as _;
    (desk, repo)
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_meanwhile_stays_and_another_in_the_archive_is_not_overwritten() {
    let lab = lab();
    let (desk, repo) = troubled(&lab);
    let promoted = json!({ "result": [], "build": build_of(OLD), "manual_promotion": true });
    let promoted = oar_prow_jobs::json_text(&promoted);
    repo.interfere(&result_path(OLD), &promoted);
    let done = archive(&desk, 365, 10).await;
    assert_eq!((done.archived, done.problems.len()), (vec![result_path("4.99.3")], 0));
    assert_eq!(repo.text(&result_path(OLD)), Some(promoted));
    assert_eq!(repo.text(&archived_path(OLD)), None);

    let (desk, repo) = troubled(&lab);
    repo.put(&archived_path(OLD), "{}");
    let done = archive(&desk, 365, 10).await;
    assert_eq!((done.archived.len(), done.problems.len()), (1, 1), "{done:?}");
    assert_eq!(repo.text(&archived_path(OLD)).as_deref(), Some("{}"));
    assert!(repo.text(&result_path(OLD)).is_some());
}

#[tokio::test(start_paused = true)]
async fn whatever_answer_is_lost_every_file_is_in_one_place() {
    let lab = lab();
    let (desk, repo) = troubled(&lab);
    let before = repo.text(&result_path(OLD));
    repo.lose_reply();
    let done = archive(&desk, 365, 10).await;
    assert_eq!((done.archived.len(), done.problems.len()), (2, 0), "{done:?}");
    assert_eq!((repo.text(&result_path(OLD)), repo.text(&archived_path(OLD))), (None, before));
    assert_eq!(repo.commits().len(), 1, "what is done is not done again");
    // Over the network, through whichever requests the adapter takes.
    for kind in [Kind::StatusAfter(502), Kind::ResetAfter, Kind::ResetBefore, Kind::Status(500)] {
        for skip in 0..8 {
            let lab = self::lab();
            lab.sandbox.plant(Rule::once("github", kind.clone()).skip(skip));
            let older_than = SignedDuration::from_hours(24 * 365);
            let _either = run(&lab.desk, &Options { release: None, older_than, limit: 9 }).await;
            lab.sandbox.set_faults(oar_sandbox::fault::Faults::default());
            archive(&lab.desk, 365, 10).await;
            let places = (lab.has_file(OLD), lab.text(&archived_path(OLD)).is_some());
            assert_eq!(places, (false, true), "{kind:?} at request {skip}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_names_the_files_and_moves_none() {
    let lab = lab();
    let commits = lab.commits();
    let mut desk = lab.another(3);
    let recorder = Recorder::default();
    desk.records = Arc::new(DryRunRepo::new(desk.records, recorder.clone()));
    desk.recorder = Some(recorder);
    let done = archive(&desk, 365, 10).await;
    assert_eq!((done.archived.len(), done.planned_changes.len()), (1, 2));
    assert_eq!((lab.commits(), lab.has_file(OLD)), (commits, true));
}
