//! Several programs at one file, and programs that die (spec 04 §16).

use std::sync::Arc;

use futures_util::future::join3;
use http::Method;
use oar_operators::test_jobs::controller::{self, Options};
use oar_operators::test_jobs::{aggregator, repair};
use oar_prow_jobs::StreamKind;
use oar_release::Arch;
use oar_sandbox::fault::{Kind, Rule};
use oar_transport::testing::client;
use serde_json::{Value, json};

use super::lab::{Lab, NIGHTLY, build_of, desk, ended, entry, job, result_path, retried};

fn options() -> Options {
    let releases = vec!["4.99".parse().expect("a stream")];
    Options { releases, kinds: vec![StreamKind::Nightly], trigger: true, force: false }
}

#[tokio::test(start_paused = true)]
async fn spec04_case_19_a_promotion_in_between_survives_with_one_more_read_and_commit() {
    let lab = Lab::new();
    lab.registry_of(&["a", "b"]);
    lab.run(&job("a"), "one", "success");
    lab.run(&job("b"), "two", "pending");
    let result = [entry("a", json!({ "jobID": "one" })), entry("b", json!({ "jobID": "two" }))];
    lab.result(&result);
    let mut promoted = lab.file();
    promoted["aggregated"] = json!(false);
    promoted["manual_promotion"] = json!(true);
    let text = oar_prow_jobs::json_text(&promoted);
    lab.sandbox.plant(
        Rule::once("github", Kind::Write { branch: "record", path: result_path(NIGHTLY), text })
            .method(Method::PUT),
    );
    assert!(lab.aggregate().await.is_sound());
    let file = lab.file();
    assert_eq!(file["result"][0]["firstJob"]["jobState"], "success");
    assert_eq!((&file["manual_promotion"], &file["aggregated"]), (&json!(true), &json!(false)));
    let requests = lab.sandbox.requests();
    assert_eq!((requests["github PUT"], requests["github GET"]), (2, 1), "{requests:?}");
}

/// A run that somebody repairs between the label and the commit: the file must not be closed as
/// accepted while the payload is labelled as rejected, or nobody ever looks at it again.
#[tokio::test(start_paused = true)]
async fn a_verdict_that_changes_under_a_pass_is_not_closed_with_the_label_of_the_old_one() {
    let mut lab = Lab::new();
    lab.desk.label_rejected = true;
    lab.registry_of(&["a"]);
    let runs = |last: &str| [ended("2", "success"), ended("3", last)];
    lab.result(&[retried("a", ended("1", "failure"), &runs("failure"))]);
    let mut repaired = lab.file();
    repaired["result"] = json!([retried("a", ended("1", "failure"), &runs("success"))]);
    let text = oar_prow_jobs::json_text(&repaired);
    lab.sandbox.plant(
        Rule::once("github", Kind::Write { branch: "record", path: result_path(NIGHTLY), text })
            .method(Method::PUT),
    );
    lab.aggregate().await;
    assert_eq!(lab.label().as_deref(), Some("Rejected"));
    assert_eq!(lab.file()["result"], repaired["result"]);
    assert_ne!(lab.file()["aggregated"], true, "{}", lab.file());
    // From then on every pass says that a person has to settle it.
    let report = lab.aggregate().await;
    assert_eq!(report.problems.len(), 1, "{report:?}");
    assert!(report.problems[0].message.contains("Rejected"), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn spec04_case_22_a_controller_killed_between_start_and_record_loses_and_doubles_nothing() {
    // The first answer of Gangway is the last thing the first controller sees: everything it would
    // still say to GitHub is lost, as after kill -9.
    for lost_commits in [1, 2] {
        let lab = Lab::new();
        lab.registry_of(&["a", "b", "c"]);
        lab.sandbox.plant(
            Rule::once("github", Kind::Status(401))
                .method(Method::PUT)
                .skip(lost_commits)
                .times(u32::MAX),
        );
        let report = controller::run(&lab.desk, &options()).await.expect("a report");
        assert!(!report.is_sound());
        assert_eq!(lab.starts(), 3);
        lab.sandbox.set_faults(oar_sandbox::fault::Faults::default());
        // Its claim holds others back for a while, and nothing is started twice.
        let other = lab.another(2);
        controller::run(&other, &options()).await.expect("a report");
        assert_eq!(lab.starts(), 3);
        lab.later(1);
        let other = lab.another(3);
        let report = controller::run(&other, &options()).await.expect("a report");
        assert!(report.is_sound(), "{report:?}");
        assert_eq!(lab.starts(), 3, "the runs were found by their claim");
        let file = lab.file();
        let jobs = file["result"].as_array().expect("a list");
        assert_eq!(jobs.len(), 3, "{file}");
        let known = |id: &Value| {
            lab.sandbox.world(|w| w.prow.runs.contains_key(id.as_str().unwrap_or_default()))
        };
        assert!(jobs.iter().all(|job| known(&job["firstJob"]["jobID"])));
        assert!(file.get("retryClaim").is_none());
    }
}

/// A slow controller does not put an older build back over what a faster one recorded meanwhile.
#[tokio::test(start_paused = true)]
async fn a_newer_build_that_another_controller_recorded_meanwhile_stays() {
    const CURRENT: &str = "_releases/ocp-latest-4.99-nightly-amd64.json";
    for (force, expected) in [(false, "4.99.0-0.nightly-2026-03-20-060000"), (true, NIGHTLY)] {
        let lab = Lab::new();
        let newer = build_of("4.99.0-0.nightly-2026-03-20-060000");
        let text = oar_prow_jobs::json_text(&newer);
        lab.sandbox.plant(
            Rule::once("github", Kind::Write { branch: "record", path: CURRENT.to_owned(), text })
                .method(Method::PUT),
        );
        let wanted = Options { trigger: false, force, ..options() };
        let report = controller::run(&lab.desk, &wanted).await.expect("a report");
        assert!(report.is_sound(), "{report:?}");
        let stored = lab.text(CURRENT).expect("recorded");
        assert!(stored.contains(&format!("{expected}\"")), "{stored}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_aggregator_killed_after_it_started_retries_is_continued() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    lab.result(&[retried("a", ended("first", "failure"), &[])]);
    // The claim is committed, the ids are not.
    lab.sandbox
        .plant(Rule::once("github", Kind::Status(401)).method(Method::PUT).skip(1).times(u32::MAX));
    let report = lab.aggregate().await;
    let told: Vec<&str> = report.problems.iter().map(|problem| problem.message.as_str()).collect();
    let ids = lab.sandbox.world(|world| world.prow.runs.keys().cloned().collect::<Vec<_>>());
    assert!(
        ids.iter().all(|id| told.iter().any(|told| told.contains(id))),
        "every id is told: {told:?}"
    );
    lab.sandbox.set_faults(oar_sandbox::fault::Faults::default());
    lab.later(1);
    assert!(aggregator::run(&lab.another(2)).await.expect("a report").is_sound());
    let retries = lab.file()["result"][0]["retriedJobs"].clone();
    let stored: Vec<&str> = retries
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|run| run["jobID"].as_str())
        .collect();
    assert_eq!((lab.starts(), stored.len()), (2, 2));
    assert!(stored.iter().all(|id| ids.iter().any(|known| known == id)));
}

#[tokio::test(start_paused = true)]
async fn a_start_that_nobody_can_tell_about_keeps_its_claim_and_is_found_later() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    lab.result(&[retried("a", ended("first", "failure"), &[ended("one", "success")])]);
    lab.sandbox.plant(Rule::once("gangway", Kind::ResetAfter).method(Method::POST));
    lab.sandbox.plant(Rule::once("gangway", Kind::Status(500)).method(Method::GET).times(u32::MAX));
    assert!(!lab.aggregate().await.is_sound());
    assert!(lab.file()["result"][0].get("retryClaim").is_some());
    lab.sandbox.set_faults(oar_sandbox::fault::Faults::default());
    lab.aggregate().await;
    assert_eq!(lab.starts(), 1, "held back by the claim");
    lab.later(1);
    assert!(lab.aggregate().await.is_sound());
    let file = lab.file();
    assert_eq!(
        (lab.starts(), file["result"][0]["retriedJobs"].as_array().map(Vec::len)),
        (1, Some(2))
    );
    assert!(file["result"][0].get("retryClaim").is_none());
}

/// The first of two retries is the one that nobody can tell about: the second then has its place in the
/// file, and must not hide it.
#[tokio::test(start_paused = true)]
async fn a_lost_retry_is_found_although_a_later_one_was_stored() {
    let lab = Lab::new();
    lab.registry_of(&["a"]);
    lab.result(&[retried("a", ended("first", "failure"), &[])]);
    lab.sandbox.plant(Rule::once("gangway", Kind::ResetAfter).method(Method::POST));
    lab.sandbox.plant(Rule::once("gangway", Kind::Status(500)).method(Method::GET).times(u32::MAX));
    lab.aggregate().await;
    let retries = |lab: &Lab| lab.file()["result"][0]["retriedJobs"].as_array().map(Vec::len);
    assert_eq!((lab.starts(), retries(&lab)), (2, Some(1)), "{}", lab.file());
    lab.sandbox.set_faults(oar_sandbox::fault::Faults::default());
    for _ in 0..2 {
        lab.later(1);
        let report = lab.aggregate().await;
        assert!(report.is_sound(), "{report:?}");
        assert_eq!((lab.starts(), retries(&lab)), (2, Some(2)), "{}", lab.file());
    }
    assert!(lab.file()["result"][0].get("retryClaim").is_none());
}

/// A controller and two aggregators meet at one file while a person replaces a run and others move
/// the branch: every missing run is started once, and nobody's change is lost.
#[tokio::test(start_paused = true)]
async fn whoever_comes_first_every_run_is_started_once_and_no_change_is_lost() {
    let new = "11111111-2222-4333-8444-555555555555";
    for seed in 0..12 {
        let lab = Lab::new();
        lab.registry_of(&["a", "b", "c"]);
        lab.run(&job("b"), new, "success");
        lab.result(&[
            retried("a", ended("first", "failure"), &[]),
            retried(
                "b",
                ended("second", "failure"),
                &[ended("1", "failure"), ended("2", "success")],
            ),
        ]);
        let many = "createCommitOnBranch";
        let moves = [(Method::PUT, ""), (Method::PUT, ""), (Method::POST, many)];
        for (number, (method, body)) in moves.into_iter().enumerate() {
            let skip = (seed + u32::try_from(number).expect("small")) % 4;
            let kind = Kind::HeadMoved { branch: "record" };
            lab.sandbox.plant(Rule::once("github", kind).method(method).body(body).skip(skip));
        }
        // Programs take turns at every request: each has its own client.
        let programs: Vec<_> = (0..4_u64)
            .map(|number| {
                let http = client(Arc::new(Turns {
                    sandbox: lab.sandbox.clone(),
                    slow: u64::from(seed) % 3 + number % 2,
                }));
                desk(&lab.sandbox, &http, 100 * u64::from(seed) + number, Arch::Amd64)
            })
            .collect();
        let (build, id) = (NIGHTLY.parse().expect("a build"), new.parse().expect("an id"));
        let repair = async {
            repair::replace_run(&programs[2], &build, &job("b"), "1", &id).await.expect("replaced");
        };
        let control = options();
        let ((), first, both) = join3(
            repair,
            aggregator::run(&programs[0]),
            join3(
                aggregator::run(&programs[1]),
                controller::run(&programs[3], &control),
                std::future::ready(()),
            ),
        )
        .await;
        first.expect("a report");
        both.0.expect("a report");
        both.1.expect("a report");
        // Whatever was left to the next pass is done by it.
        lab.later(1);
        lab.aggregate().await;
        lab.later(1);
        lab.aggregate().await;
        assert_eq!(lab.starts(), 3, "seed {seed}: two retries of a, one first run of c");
        let file = lab.file();
        let ids = |at: usize| -> Vec<String> {
            let entry = &file["result"][at];
            let retries = entry["retriedJobs"].as_array().cloned().unwrap_or_default();
            let runs = std::iter::once(&entry["firstJob"]).chain(&retries);
            runs.map(|run| run["jobID"].as_str().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!((ids(0).len(), ids(0)[0].as_str()), (3, "first"), "seed {seed}: {file}");
        assert_eq!(ids(1), ["second", new, "2"], "seed {seed}: the replaced run stays replaced");
        assert_eq!((file["result"].as_array().map(Vec::len), ids(2).len()), (Some(3), 1));
        assert!(!file.to_string().contains("retryClaim"), "seed {seed}: {file}");
    }
}

/// Lets other programs in between two requests.
#[derive(Debug)]
struct Turns {
    sandbox: oar_sandbox::Sandbox,
    slow: u64,
}

#[async_trait::async_trait]
impl oar_transport::HttpSend for Turns {
    async fn send(
        &self,
        request: oar_transport::Request,
    ) -> Result<oar_transport::Response, oar_transport::SendError> {
        let wait = std::time::Duration::from_millis(10 + 7 * self.slow);
        oar_transport::pause::sleep(wait).await;
        self.sandbox.send(request).await
    }
}
