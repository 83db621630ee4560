//! What people put right by hand (spec 04 §11).

use oar_operators::dry_run::{DryRunPayloads, DryRunRepo, Recorder};
use oar_operators::services::Ports;
use oar_operators::test_jobs::{history, repair, status};
use oar_prow_jobs::StreamKind;
use oar_prow_jobs::result_file::BuildVerdict;
use oar_release::{BuildName, ErrorClass};
use oar_sandbox::fault::{Kind, Rule};
use serde_json::json;

use super::lab::{Lab, NIGHTLY, build_of, ended, entry, job, result_path, retried};

const NEW: &str = "11111111-2222-4333-8444-555555555555";

fn nightly() -> BuildName {
    NIGHTLY.parse().expect("a build")
}

fn rejected(lab: &Lab) -> serde_json::Value {
    let failed =
        retried("a", ended("1", "failure"), &[ended("2", "failure"), ended("3", "failure")]);
    let content = json!({ "result": [failed], "build": build_of(NIGHTLY), "aggregated": true, "accepted": false });
    lab.put("record", &result_path(NIGHTLY), &content);
    lab.registry_of(&["a"]);
    content
}

#[tokio::test(start_paused = true)]
async fn a_promotion_is_written_and_labelled_at_once() {
    let lab = Lab::new();
    rejected(&lab);
    let done = repair::promote(&lab.desk, &nightly()).await.expect("promoted");
    assert_eq!((done.verdict, done.changed), (BuildVerdict::AcceptedByHand, true));
    assert!(done.problems.is_empty(), "{done:?}");
    let file = lab.file();
    assert_eq!((&file["aggregated"], &file["accepted"]), (&json!(false), &json!(false)));
    assert_eq!(
        (&file["manual_promotion"], lab.label().as_deref()),
        (&json!(true), Some("Accepted"))
    );
    // A label that cannot be set is left to the aggregator.
    let lab = Lab::new();
    rejected(&lab);
    lab.sandbox.plant(Rule::once("kube", Kind::Status(500)).times(u32::MAX));
    let done = repair::promote(&lab.desk, &nightly()).await.expect("promoted");
    assert_eq!((done.problems.len(), done.changed, lab.label()), (1, true, None));
    lab.sandbox.set_faults(oar_sandbox::fault::Faults::default());
    assert!(lab.aggregate().await.is_sound());
    assert_eq!(lab.label().as_deref(), Some("Accepted"));
}

#[tokio::test(start_paused = true)]
async fn spec04_case_34_what_is_not_there_is_told_and_nothing_is_written() {
    let lab = Lab::new();
    let before = rejected(&lab);
    lab.run(&job("a"), NEW, "success");
    lab.run(&job("b"), "22222222-2222-4333-8444-555555555555", "success");
    let commits = lab.commits();
    let other: BuildName = "4.99.77".parse().expect("a build");
    let error = repair::promote(&lab.desk, &other).await.expect_err("no file");
    assert_eq!(error.class(), ErrorClass::NotFound, "{error}");
    assert!(error.to_string().contains("4.99.77"));
    for (name, current, new, class, told) in [
        ("b", "1", NEW, ErrorClass::NotFound, "no job"),
        ("a", "none", NEW, ErrorClass::NotFound, "no run none"),
        ("a", "1", "2", ErrorClass::InvalidArgument, "already"),
        ("a", "1", "33333333-2222-4333-8444-555555555555", ErrorClass::NotFound, "nobody knows"),
        (
            "a",
            "1",
            "22222222-2222-4333-8444-555555555555",
            ErrorClass::InvalidArgument,
            "is one of",
        ),
    ] {
        let new = if new == "2" { "x2".parse() } else { new.parse() }.expect("an id");
        // The id of a run that is in the file already.
        let new = if told == "already" { "3a".parse().expect("an id") } else { new };
        if told == "already" {
            let mut content = before.clone();
            content["result"][0]["retriedJobs"][1]["jobID"] = json!("3a");
            lab.put("record", &result_path(NIGHTLY), &content);
        }
        let result = repair::replace_run(&lab.desk, &nightly(), &job(name), current, &new).await;
        let error = result.expect_err(told);
        assert_eq!(error.class(), class, "{error}");
        assert!(error.to_string().contains(told), "{error}");
        if told == "already" {
            lab.put("record", &result_path(NIGHTLY), &before);
        }
    }
    assert_eq!(lab.commits(), commits + 2, "only those of this test itself");

    let new = NEW.parse().expect("an id");
    let done = repair::replace_run(&lab.desk, &nightly(), &job("a"), "2", &new).await;
    assert!(done.expect("replaced").changed);
    let mut expected = before;
    expected["result"][0]["retriedJobs"][0] = json!({ "jobID": NEW });
    expected
        .as_object_mut()
        .expect("an object")
        .retain(|key, _| key != "aggregated" && key != "accepted");
    assert_eq!(lab.file(), expected);
    // The aggregator takes it from there: 1 of 3 is still no majority.
    assert!(lab.aggregate().await.is_sound());
    assert_eq!((&lab.file()["accepted"], lab.starts()), (&json!(false), 0));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_lists_everything_and_changes_nothing() {
    let mut lab = Lab::new();
    rejected(&lab);
    let recorder = Recorder::default();
    lab.desk.records =
        std::sync::Arc::new(DryRunRepo::new(lab.desk.records.clone(), recorder.clone()));
    let read = lab.desk.payloads.clone().expect("set up").read;
    let write = std::sync::Arc::new(DryRunPayloads::new(recorder.clone()));
    lab.desk.payloads = Ok(Ports::new(read, write as _));
    lab.desk.recorder = Some(recorder);
    let effects = lab.sandbox.world(|world| world.effects.len());
    let done = repair::promote(&lab.desk, &nightly()).await.expect("planned");
    let systems: Vec<&str> = done.planned_changes.iter().map(|c| c.system.as_str()).collect();
    assert_eq!(systems, ["state", "kubernetes"]);
    assert_eq!(lab.sandbox.world(|world| world.effects.len()), effects);
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_verdicts_letters_and_runs() {
    let lab = Lab::new();
    rejected(&lab);
    lab.result_of("4.99.2", &[entry("a", json!({ "jobID": "5", "jobState": "scheduling" }))]);
    lab.change(|world| world.github.foreign_write("record", &result_path("4.99.1"), "{"));
    let status = status::all(&lab.desk, None).await.expect("a status");
    assert_eq!(status.problems.len(), 1);
    let shown: Vec<(String, BuildVerdict, String)> = status
        .builds
        .iter()
        .map(|build| {
            let letters = build.jobs.iter().map(|job| job.letter.as_char()).collect();
            (build.build.to_string(), build.verdict, letters)
        })
        .collect();
    assert_eq!(
        shown,
        [
            (NIGHTLY.to_owned(), BuildVerdict::Rejected, "F".to_owned()),
            ("4.99.2".to_owned(), BuildVerdict::Pending, "P".to_owned()),
        ]
    );
    let one = status::one(&lab.desk, &nightly()).await.expect("a status");
    assert_eq!((one.builds.len(), one.builds[0].jobs[0].runs.len()), (1, 3));
    assert!(one.builds[0].page.ends_with(&result_path(NIGHTLY)));
    assert!(status::one(&lab.desk, &"4.99.77".parse().expect("a build")).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_history_tells_flaky_jobs_from_broken_ones() {
    let lab = Lab::new();
    let flake = [ended("2", "success"), ended("3", "success")];
    let broken = [ended("2", "failure"), ended("3", "failure")];
    let files = [
        ("4.99.1", vec![entry("b", ended("1", "success"))]),
        (
            "4.99.2",
            vec![entry("a", ended("1", "success")), retried("b", ended("1", "failure"), &flake)],
        ),
        (
            "4.99.3",
            vec![entry("a", ended("1", "success")), retried("b", ended("1", "failure"), &broken)],
        ),
    ];
    for (build, result) in files {
        let content = json!({ "result": result, "build": build_of(build), "aggregated": true, "accepted": true });
        lab.put("record", &result_path(build), &content);
    }
    rejected(&lab);
    let stream = "4.99".parse().expect("a stream");
    let history = history::run(&lab.desk, stream, StreamKind::Stable, 10).await.expect("a history");
    assert_eq!(history.builds, ["4.99.3", "4.99.2", "4.99.1"]);
    let [b, a] = history.jobs.as_slice() else { panic!("{:?}", history.jobs) };
    assert_eq!((b.job.as_str(), b.at_once, b.rescued, b.failed), (job("b").as_str(), 1, 1, 1));
    assert_eq!((b.letters.as_str(), a.letters.as_str()), ("FSS", "SS."));
    let newest = history::run(&lab.desk, stream, StreamKind::Stable, 1).await.expect("a history");
    assert_eq!((newest.builds.len(), newest.jobs[0].letters.as_str()), (1, "F"));
}
