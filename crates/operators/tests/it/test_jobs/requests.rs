//! How many requests the work takes (spec 04 §17), on a data set as large as the real one.

use oar_operators::test_jobs::controller::{self, Done, Options};
use oar_prow_jobs::{LatestName, StreamKind};
use oar_release::{Arch, YStream};
use oar_sandbox::fault::{Kind, Rule};
use oar_sandbox::world::World;
use serde_json::{Value, json};

use super::lab::{Lab, build_of, ended, entry, job};

/// 527 result files of 12 y-streams: 123 nightlies, 404 stable; three of them are not decided and
/// wait for five runs. 12 registries.
struct Snapshot {
    lab: Lab,
    open: Vec<String>,
}

fn snapshot(open_states: &[&str]) -> Snapshot {
    let lab = Lab::new();
    let (mut files, mut registries, mut open) = (Vec::new(), Vec::new(), Vec::new());
    let streams: Vec<YStream> = (88..100).map(|minor| YStream::new(4, minor)).collect();
    let jobs = [json!({ "prowJob": job("a") }), json!({ "prowJob": job("b") })];
    let registry = oar_prow_jobs::json_text(&json!({ "nightly": jobs, "stable": jobs }));
    for stream in &streams {
        registries.push((format!("_releases/ocp-{stream}-test-jobs-amd64.json"), registry.clone()));
    }
    let mut builds = Vec::new();
    for number in 0..123_usize {
        let stream = streams[number % 12];
        builds.push(format!(
            "{stream}.0-0.nightly-2026-02-{:02}-06{:02}00",
            28 - number % 7,
            number % 60
        ));
    }
    builds.extend((0..404_usize).map(|number| format!("{}.{}", streams[number % 12], number / 12)));
    let mut runs = 0;
    let mut run = |state: Option<&str>| {
        runs += 1;
        let id = format!("run-{runs}");
        match state {
            Some(state) => ended(&id, state),
            None => json!({ "jobID": id }),
        }
    };
    for (at, build) in builds.iter().enumerate() {
        // Two builds with two open runs each, one with one.
        let open_runs = match at {
            0 | 200 => 2,
            100 => 1,
            _ => 0,
        };
        let entries = [
            entry("a", run((open_runs < 1).then_some("success"))),
            entry("b", run((open_runs < 2).then_some("success"))),
        ];
        let mut file = json!({ "result": entries, "build": build_of(build) });
        if open_runs == 0 {
            file["aggregated"] = json!(true);
            file["accepted"] = json!(true);
        } else {
            open.push(build.clone());
        }
        files.push((
            format!("_releases/ocp-test-result-{build}-amd64.json"),
            oar_prow_jobs::json_text(&file),
        ));
    }
    for stream in &streams {
        for kind in [StreamKind::Nightly, StreamKind::Stable] {
            let path = LatestName { stream: *stream, kind, arch: Arch::Amd64 }.path();
            let newest = match kind {
                StreamKind::Nightly => {
                    builds[..123].iter().filter(|b| b.starts_with(&stream.to_string())).max()
                }
                StreamKind::Stable => {
                    builds[123..].iter().rfind(|b| b.starts_with(&format!("{stream}.")))
                }
            };
            files.push((path, oar_prow_jobs::json_text(&build_of(newest.expect("a build")))));
        }
    }
    lab.change(|world| {
        seed(world, "record", &files);
        seed(world, "main", &registries);
        world.releases.streams.clear();
        for (at, build) in builds.iter().enumerate() {
            let stream = match build.split_once("-2026") {
                Some((stream, _)) if at < 123 => stream.to_owned(),
                _ => "4-stable".to_owned(),
            };
            world
                .releases
                .streams
                .entry(stream)
                .or_default()
                .insert(build.clone(), "Accepted".to_owned());
            world.kube.add_payload("ocp", build);
        }
    });
    let ids = ["run-1", "run-2", "run-201", "run-401", "run-402"];
    for (at, id) in ids.iter().enumerate() {
        let name = if id.ends_with('2') { "b" } else { "a" };
        lab.run(&job(name), id, open_states[at % open_states.len()]);
    }
    assert_eq!((files.len(), open.len()), (527 + 24, 3));
    Snapshot { lab, open }
}

fn seed(world: &mut World, branch: &str, files: &[(String, String)]) {
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    world.github.seed_branch(oar_sandbox::seed::STATE_REPO, branch, &files);
}

fn requests(lab: &Lab) -> usize {
    lab.sandbox.requests().values().sum()
}

#[tokio::test(start_paused = true)]
async fn spec04_case_40_a_pass_takes_few_requests_and_without_news_no_commit() {
    let Snapshot { mut lab, open } = snapshot(&["pending"]);
    let folder = tempfile::tempdir().expect("a folder");
    lab.desk.cache = Some(folder.path().to_owned());
    // Cold, as in a fresh container: the states are new, so there is one commit.
    let commits = lab.commits();
    let report = lab.aggregate().await;
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.files, report.decided_before, report.builds.len()), (527, 524, 3));
    let cold = requests(&lab);
    assert!(cold <= 25, "{cold}: {:?}", lab.sandbox.requests());
    assert_eq!(lab.commits(), commits + 1, "one commit");
    // Once more: the three files changed by our own commit.
    let before = requests(&lab);
    assert!(lab.aggregate().await.is_sound());
    assert!(requests(&lab) - before <= 20);
    // Warm, nothing new.
    let (before, commits) = (requests(&lab), lab.commits());
    let report = lab.aggregate().await;
    assert!(report.is_sound() && !report.committed);
    let warm = requests(&lab) - before;
    assert!(warm <= 20, "{warm}");
    assert_eq!(warm, 8, "two listings, one list of builds, five runs");
    assert_eq!(lab.commits(), commits, "no commit");
    // Warm, and everything ends: three labels, one commit.
    lab.force(&job("a"), "success");
    lab.force(&job("b"), "success");
    let (before, commits) = (requests(&lab), lab.commits());
    let report = lab.aggregate().await;
    assert_eq!(report.builds.iter().filter(|build| build.closed).count(), 3, "{report:?}");
    assert!(
        requests(&lab) - before <= 20,
        "{}: {:?}",
        requests(&lab) - before,
        lab.sandbox.requests()
    );
    assert_eq!((lab.commits(), open.len()), (commits + 1, 3));
}

#[tokio::test(start_paused = true)]
async fn a_round_of_all_streams_without_new_builds_takes_at_most_thirty_requests() {
    let Snapshot { lab, .. } = snapshot(&["pending"]);
    let releases = (88..100).map(|minor| YStream::new(4, minor)).collect();
    let kinds = vec![StreamKind::Nightly, StreamKind::Stable];
    let options = Options { releases, kinds, trigger: true, force: false };
    let report = controller::run(&lab.desk, &options).await.expect("a report");
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(
        report.streams.iter().filter(|s| s.done == Done::NoChange).count(),
        24,
        "{report:?}"
    );
    assert!(requests(&lab) <= 30, "{}", requests(&lab));
}

#[tokio::test(start_paused = true)]
async fn ten_files_that_changed_are_one_commit() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    for number in 10..20 {
        let build = format!("4.99.{number}");
        let id = format!("run-{number}");
        lab.run(&job("a"), &id, "pending");
        lab.result_of(&build, &[entry("a", json!({ "jobID": id }))]);
    }
    let commits = lab.commits();
    assert!(lab.aggregate().await.is_sound());
    assert_eq!(lab.commits(), commits + 1);
    let asked: Vec<_> = lab.sandbox.requests().into_iter().collect();
    let github = asked.iter().filter(|(what, _)| what.starts_with("github"));
    let github: Vec<_> = github.map(|(what, count)| (what.as_str(), *count)).collect();
    assert_eq!(github, [("github POST", 3)], "two folders are read, one commit is written");
    let message = lab.sandbox.world(|world| world.github.log("record")[0].clone());
    for number in 10..20 {
        assert!(message.contains(&format!("4.99.{number} updated")), "{message}");
    }
    assert!(message.contains("Command: start-aggregator amd64"), "{message}");
}

/// The answer to the commit is lost, or somebody commits right before it: ten files are there once.
#[tokio::test(start_paused = true)]
async fn trouble_at_the_commit_of_ten_files_doubles_and_loses_nothing() {
    let troubles = [
        Kind::ResetAfter,
        Kind::ResetBefore,
        Kind::StatusAfter(502),
        Kind::Truncated,
        Kind::Stall,
        Kind::HeadMoved { branch: "record" },
    ];
    for trouble in troubles {
        let lab = Lab::new();
        lab.registry_of(&["a"]);
        for number in 10..20 {
            let id = format!("run-{number}");
            lab.run(&job("a"), &id, "pending");
            lab.result_of(&format!("4.99.{number}"), &[entry("a", json!({ "jobID": id }))]);
        }
        let told = format!("{trouble:?}");
        lab.sandbox.plant(Rule::once("github", trouble).body("createCommitOnBranch"));
        let report = lab.aggregate().await;
        assert!(report.is_sound(), "{told}: {report:?}");
        assert_eq!(lab.count("github", "create-commit-on-branch"), 1, "{told}");
        for number in 10..20 {
            let file = lab.file_of(&format!("4.99.{number}"));
            assert_eq!(file["result"][0]["firstJob"]["jobState"], "pending", "{told}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn spec04_case_35_fifteen_hundred_files_are_all_considered() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    let files: Vec<(String, String)> = (0..1500)
        .map(|number| {
            let build = format!("4.99.{number}");
            let mut file: Value = json!({ "result": [entry("a", ended(&format!("r-{number}"), "success"))], "build": build_of(&build) });
            if number != 1499 {
                file["aggregated"] = json!(true);
                file["accepted"] = json!(true);
            }
            (format!("_releases/ocp-test-result-{build}-amd64.json"), oar_prow_jobs::json_text(&file))
        })
        .collect();
    lab.change(|world| {
        seed(world, "record", &files);
        world.kube.add_payload("ocp", "4.99.1499");
    });
    let report = lab.aggregate().await;
    assert_eq!((report.files, report.decided_before), (1500, 1499));
    assert_eq!(lab.file_of("4.99.1499")["accepted"], true);
}
