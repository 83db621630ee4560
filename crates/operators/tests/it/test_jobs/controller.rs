//! The controller, case by case (spec 04 §18).

use http::Method;
use oar_operators::test_jobs::controller::{self, ControllerReport, Done, Options};
use oar_prow_jobs::StreamKind;
use oar_release::ErrorClass;
use oar_sandbox::fault::{Kind, Rule};
use serde_json::{Value, json};

use super::lab::{Lab, NIGHTLY, build_of, ended, entry, job, result_path};

const CURRENT: &str = "_releases/ocp-latest-4.99-nightly-amd64.json";

fn options(kind: StreamKind) -> Options {
    let releases = vec!["4.99".parse().expect("a stream")];
    Options { releases, kinds: vec![kind], trigger: true, force: false }
}

async fn control(lab: &Lab) -> ControllerReport {
    controller::run(&lab.desk, &options(StreamKind::Nightly)).await.expect("a report")
}

fn recorded(lab: &Lab) -> Option<String> {
    let current: Value = serde_json::from_str(&lab.text(CURRENT)?).expect("JSON");
    current["name"].as_str().map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn spec04_case_20_the_recorded_build_starts_nothing() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    lab.put("record", CURRENT, &build_of(NIGHTLY));
    let commits = lab.commits();
    let report = control(&lab).await;
    assert_eq!((report.streams[0].done, report.is_sound()), (Done::NoChange, true));
    assert_eq!((lab.starts(), lab.commits()), (0, commits));
}

#[tokio::test(start_paused = true)]
async fn spec04_case_21_a_newer_build_is_tested_then_recorded_byte_for_byte() {
    let lab = Lab::new();
    let disabled = json!({ "prowJob": job("off"), "disabled": true });
    lab.registry(&[json!({ "prowJob": job("a") }), disabled, json!({ "prowJob": job("b") })]);
    lab.put("record", CURRENT, &build_of("4.99.0-0.nightly-2026-03-01-060000"));
    let report = control(&lab).await;
    assert_eq!((report.streams[0].done, report.is_sound()), (Done::Started, true), "{report:?}");
    assert_eq!(lab.starts(), 2);
    let file = lab.file();
    let jobs: Vec<&Value> =
        file["result"].as_array().expect("a list").iter().map(|e| &e["jobName"]).collect();
    assert_eq!(jobs, [&json!(job("a")), &json!(job("b"))]);
    assert_eq!(
        file["build"]["pullSpec"],
        format!("registry.ci.openshift.org/ocp/release:{NIGHTLY}")
    );
    assert!(file.get("retryClaim").is_none() && file["result"][0].get("retriedJobs").is_none());
    // As the service laid it out, with the line break at the end.
    let stored = lab.text(CURRENT).expect("recorded");
    assert!(stored.starts_with("{\n  \"name\": ") && stored.ends_with("\n}\n"), "{stored}");
    assert_eq!(recorded(&lab).as_deref(), Some(NIGHTLY));
    let envs = lab
        .sandbox
        .world(|world| world.prow.runs.values().map(|run| run.env.clone()).collect::<Vec<_>>());
    assert!(envs.iter().all(|env| env.len() == 1
        && env["RELEASE_IMAGE_LATEST"]
            == format!("registry.ci.openshift.org/ocp/release:{NIGHTLY}")));
    assert_eq!(control(&lab).await.streams[0].done, Done::NoChange);
}

#[tokio::test(start_paused = true)]
async fn spec04_case_23_an_older_build_is_not_tested_again() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    let newer = "4.99.0-0.nightly-2026-03-02-070000";
    lab.put("record", CURRENT, &build_of(newer));
    lab.result(&[entry("a", ended("one", "success"))]);
    let before = (lab.commits(), lab.text(&result_path(NIGHTLY)));
    let report = control(&lab).await;
    assert_eq!((report.streams[0].done, report.is_sound()), (Done::Older, true));
    assert_eq!(
        (lab.commits(), lab.text(&result_path(NIGHTLY)), lab.starts()),
        (before.0, before.1, 0)
    );
    // Who insists gets the record, never the runs.
    let force = Options { force: true, ..options(StreamKind::Nightly) };
    controller::run(&lab.desk, &force).await.expect("a report");
    assert_eq!((recorded(&lab).as_deref(), lab.starts()), (Some(NIGHTLY), 0));
}

#[tokio::test(start_paused = true)]
async fn spec04_case_24_a_preview_of_another_minor_is_no_build() {
    let lab = Lab::new();
    lab.add_tag("5-dev-preview", "5.0.0-ec.3");
    let commits = lab.commits();
    let options =
        Options { releases: vec!["5.9".parse().expect("a stream")], ..options(StreamKind::Stable) };
    let report = controller::run(&lab.desk, &options).await.expect("a report");
    assert_eq!((report.streams[0].done, report.is_sound()), (Done::NoBuild, true), "{report:?}");
    assert_eq!((lab.commits(), lab.starts()), (commits, 0));
    // The preview of the stream itself is its build.
    lab.add_tag("5-dev-preview", "5.9.0-ec.0");
    let report = controller::run(&lab.desk, &options).await.expect("a report");
    assert_eq!(report.streams[0].build.as_deref(), Some("5.9.0-ec.0"));
    assert_eq!(report.streams[0].done, Done::NoRegistry, "and nothing can test it");
    assert_eq!(lab.commits(), commits, "so it is not recorded");
}

#[tokio::test(start_paused = true)]
async fn spec04_case_25_an_upgrade_within_the_stream_starts_from_the_recorded_stable_build() {
    let lab = Lab::new();
    let (same, other) = (job("upgrade-from-stable-4.99-aws"), job("upgrade-from-stable-4.98-aws"));
    let jobs = [&same, &other].map(|job| json!({ "prowJob": job, "upgrade": true }));
    lab.registry(&jobs);
    let mut stable = build_of("4.99.1");
    stable["pullSpec"] = json!("quay.example.com/stable:S");
    lab.put("record", "_releases/ocp-latest-4.99-stable-amd64.json", &stable);
    assert!(control(&lab).await.is_sound());
    let nightly = format!("registry.ci.openshift.org/ocp/release:{NIGHTLY}");
    let env = |job: &str| {
        lab.sandbox.world(|world| {
            let run = world.prow.runs.values().find(|run| run.job == job).expect("a run");
            serde_json::to_value(&run.env).expect("text")
        })
    };
    assert_eq!(
        env(&same),
        json!({ "RELEASE_IMAGE_LATEST": "quay.example.com/stable:S", "RELEASE_IMAGE_TARGET": nightly })
    );
    assert_eq!(env(&other), json!({ "RELEASE_IMAGE_TARGET": nightly }));

    // Without a record the newest stable build is asked for.
    let lab = Lab::new();
    lab.registry(&jobs);
    assert!(control(&lab).await.is_sound());
    let from = lab.sandbox.world(|world| {
        let run = world.prow.runs.values().find(|run| run.job == same).expect("a run");
        run.env["RELEASE_IMAGE_LATEST"].clone()
    });
    assert_eq!(from, "quay.io/openshift-release-dev/ocp-release:4.99.2-x86_64");
}

#[tokio::test(start_paused = true)]
async fn spec04_case_33_an_unknown_job_is_a_mistake_of_the_registry_and_stops_no_other() {
    let lab = Lab::new();
    lab.registry_of(&["a", "b"]);
    lab.change(|world| world.prow.jobs.retain(|known| *known != job("a")));
    let report = control(&lab).await;
    assert_eq!(report.problems.len(), 1, "{report:?}");
    assert_eq!(report.problems[0].code, "not_configured");
    assert!(report.problems[0].subject.contains(&job("a")));
    assert_eq!(lab.sandbox.requests()["gangway POST"], 2, "no second try");
    assert_eq!((lab.starts(), recorded(&lab).as_deref()), (1, Some(NIGHTLY)));
    assert_eq!(lab.file()["result"][0]["jobName"], job("b"));
}

#[tokio::test(start_paused = true)]
async fn trouble_with_one_stream_leaves_the_others_alone() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    lab.sandbox.plant(Rule::once("release_controller", Kind::Status(500)).path("4.97").times(9));
    let releases = ["4.97", "4.99"].map(|stream| stream.parse().expect("a stream")).into();
    let options = Options { releases, ..options(StreamKind::Nightly) };
    let report = controller::run(&lab.desk, &options).await.expect("a report");
    assert_eq!(report.problems.len(), 1);
    assert_eq!((report.streams[0].done, report.streams[1].done), (Done::Unknown, Done::Started));
}

#[tokio::test(start_paused = true)]
async fn without_triggering_the_build_is_only_recorded() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    let options = Options { trigger: false, ..options(StreamKind::Nightly) };
    let report = controller::run(&lab.desk, &options).await.expect("a report");
    assert_eq!((report.streams[0].done, lab.starts()), (Done::Recorded, 0));
    assert_eq!((recorded(&lab).as_deref(), lab.has_file(NIGHTLY)), (Some(NIGHTLY), false));
}

#[tokio::test(start_paused = true)]
async fn by_hand_only_missing_jobs_are_started_and_the_rest_of_the_file_stays() {
    let lab = Lab::new();
    lab.registry_of(&["a", "b"]);
    let gone = entry("gone", ended("9", "failure"));
    let content = json!({ "result": [entry("a", ended("1", "success")), gone], "build": build_of(NIGHTLY),
        "aggregated": true, "accepted": false, "manual_promotion": true, "note": 7 });
    lab.put("record", &result_path(NIGHTLY), &content);
    let build = NIGHTLY.parse().expect("a build");
    let report = controller::trigger(&lab.desk, &build, true).await.expect("a report");
    assert!(report.is_sound() && lab.starts() == 1, "{report:?}");
    let file = lab.file();
    assert_eq!(
        (&file["result"][0], &file["result"][1]),
        (&content["result"][0], &content["result"][1])
    );
    assert_eq!((&file["result"][2]["jobName"], &file["note"]), (&json!(job("b")), &json!(7)));
    assert_eq!((file.get("aggregated"), file.get("accepted")), (None, None));
    assert_eq!(file["manual_promotion"], true);
    assert_eq!(lab.text(CURRENT), None, "the current build is not touched");
    // Nothing is missing any more.
    let commits = lab.commits();
    let report = controller::trigger(&lab.desk, &build, true).await.expect("a report");
    assert_eq!((report.streams[0].done, lab.starts(), lab.commits()), (Done::NoChange, 1, commits));
    // All of them anew, because somebody says so.
    controller::trigger(&lab.desk, &build, false).await.expect("a report");
    let file = lab.file();
    assert_eq!((lab.starts(), file["result"].as_array().map(Vec::len)), (3, Some(3)));
    assert_ne!(file["result"][0]["firstJob"]["jobID"], "1");
    assert_eq!(file["result"][1], content["result"][1]);
}

#[tokio::test(start_paused = true)]
async fn a_build_that_no_stream_has_is_a_usage_error() {
    let lab = Lab::new();
    let build = "4.99.77".parse().expect("a build");
    let error = controller::trigger(&lab.desk, &build, true).await.expect_err("no such build");
    assert_eq!(error.class(), ErrorClass::InvalidArgument);
    assert!(error.to_string().contains("4.99.77"));
    assert_eq!(lab.sandbox.requests().get("github PUT"), None);
}

#[tokio::test(start_paused = true)]
async fn when_gangway_is_down_the_aggregator_starts_the_tests_later() {
    let lab = Lab::new();
    lab.registry_of(&["a", "b"]);
    lab.sandbox
        .plant(Rule::once("gangway", Kind::Status(503)).method(Method::POST).times(u32::MAX));
    let report = control(&lab).await;
    assert_eq!((report.problems.len(), lab.starts()), (2, 0));
    assert_eq!(lab.file()["result"], json!([]));
    lab.sandbox.set_faults(oar_sandbox::fault::Faults::default());
    lab.later(8);
    assert!(lab.aggregate().await.is_sound());
    assert_eq!((lab.starts(), lab.file()["result"].as_array().map(Vec::len)), (2, Some(2)));
}
