//! Nightly builds from their appearance to a verdict, by the real programs.

use oar_sandbox::seed::NIGHTLY;
use serde_json::{Value, json};

use crate::harness::Place;

const AWS: &str = "periodic-ci-example-tests-release-4.99-install-aws";
const GCP: &str = "periodic-ci-example-tests-release-4.99-install-gcp";
const EDGE: &str = "periodic-ci-example-tests-release-4.99-install-edge";
const NEXT: &str = "4.99.0-0.nightly-2026-03-03-060000";
const CONTROLLER: [&str; 3] = ["start-controller", "-r", "4.99"];
const CHECKER: [&str; 5] = [
    "result-checker",
    "--repo-name",
    "openshift/release-tests",
    "--slack-channel",
    "#forum-qe-example",
];

fn path(build: &str) -> String {
    format!("_releases/ocp-test-result-{build}-amd64.json")
}

fn file(place: &Place, build: &str) -> Value {
    let text = place.sandbox().world(|world| world.github.branch_file("record", &path(build)));
    serde_json::from_str(&text.expect("the result file")).expect("JSON")
}

/// All runs of `job` that are alive end like this.
fn end(place: &Place, job: &str, state: &str) {
    place
        .sandbox()
        .change(|world| {
            for run in world.prow.runs.values_mut() {
                let is_alive = run.forced.as_deref() == Some("pending");
                if run.job == job && is_alive {
                    run.forced = Some(state.to_owned());
                    run.ends_at = world.now;
                }
            }
        })
        .expect("the world");
}

fn later(place: &Place, hours: i64) {
    let sandbox = place.sandbox();
    let change = |world: &mut oar_sandbox::world::World| {
        world.now += jiff::SignedDuration::from_hours(hours);
        // Runs last until the story ends them.
        for run in world.prow.runs.values_mut().filter(|run| run.forced.is_none()) {
            run.forced = Some("pending".to_owned());
        }
    };
    sandbox.change(change).expect("the world");
}

fn count(place: &Place, service: &str, action: &str) -> usize {
    place.sandbox().world(|world| world.count(service, action))
}

fn aggregate(place: &Place) -> Value {
    place.sandboxed("jobctl", &["start-aggregator", "--output", "json"]).expect(0).json()
}

#[test]
fn one_nightly_is_accepted_the_next_is_rejected_and_the_channel_hears_it_once() {
    let place = Place::new();
    // A nightly appears: its three jobs are started, once.
    place.sandboxed("jobctl", &CONTROLLER).expect(0);
    place.sandboxed("jobctl", &CONTROLLER).expect(0);
    assert_eq!(count(&place, "prow", "start"), 3);
    assert_eq!(file(&place, NIGHTLY)["result"].as_array().map(Vec::len), Some(3));
    later(&place, 1);

    // One job fails by chance, one that is optional fails for real, one passes.
    end(&place, AWS, "failure");
    end(&place, EDGE, "failure");
    end(&place, GCP, "success");
    let report = aggregate(&place);
    assert_eq!(report["builds"][0]["started"].as_array().map(Vec::len), Some(2), "{report:#}");
    assert_eq!(count(&place, "prow", "start"), 5, "two retries of the required job only");
    let shown = place.sandboxed("jobctl", &["status", "--build", NIGHTLY]).expect(0).stdout;
    assert!(shown.contains("Pending") && shown.contains(&format!("P {AWS}")), "{shown}");

    // The retries pass: two of three runs.
    later(&place, 2);
    end(&place, AWS, "success");
    let report = aggregate(&place);
    assert_eq!(report["builds"][0]["closed"], true, "{report:#}");
    let stored = file(&place, NIGHTLY);
    assert_eq!((&stored["aggregated"], &stored["accepted"]), (&json!(true), &json!(true)));
    let label = |build: &str| {
        place.sandbox().world(|world| world.kube.label("ocp", build).map(str::to_owned))
    };
    assert_eq!(label(NIGHTLY).as_deref(), Some("Accepted"));
    let checked = place.sandboxed("jobctl", &CHECKER).expect(0).stdout;
    assert!(checked.contains("0 new rejections told"), "{checked}");
    assert_eq!(count(&place, "slack", "post"), 0);

    // The next night.
    let appear = |world: &mut oar_sandbox::world::World| {
        let stream = world.releases.streams.entry("4.99.0-0.nightly".to_owned()).or_default();
        stream.insert(NEXT.to_owned(), "Accepted".to_owned());
        world.kube.add_payload("ocp", NEXT);
        world.now += jiff::SignedDuration::from_hours(24);
    };
    place.sandbox().change(appear).expect("the world");
    place.sandboxed("jobctl", &CONTROLLER).expect(0);
    assert_eq!(count(&place, "prow", "start"), 8);
    later(&place, 1);
    end(&place, AWS, "success");
    end(&place, EDGE, "success");
    end(&place, GCP, "failure");
    aggregate(&place);
    later(&place, 1);
    end(&place, GCP, "failure");
    let report = aggregate(&place);
    assert_eq!(report["builds"][0]["accepted"], false, "{report:#}");
    assert_eq!((label(NEXT), file(&place, NEXT)["accepted"].clone()), (None, json!(false)));
    for _ in 0..2 {
        place.sandboxed("jobctl", &CHECKER).expect(0);
    }
    let texts = place.sandbox().world(|world| {
        world.slack.messages.iter().map(|message| message.text.clone()).collect::<Vec<_>>()
    });
    assert_eq!(texts.len(), 1, "heard once: {texts:?}");
    assert!(
        texts[0].contains(NEXT) && texts[0].contains(GCP) && texts[0].contains("0 of 3 runs"),
        "{texts:?}"
    );
    assert!(!texts[0].contains(AWS), "what passed is no news: {texts:?}");

    // A person knows better.
    let promote = ["promote-test-results", "--build", NEXT];
    place.sandboxed("jobctl", &promote).expect(0);
    assert_eq!(label(NEXT).as_deref(), Some("Accepted"));
    aggregate(&place);
    let all = place.sandboxed("jobctl", &["status", "--all", "--output", "json"]).expect(0).json();
    let verdicts: Vec<&Value> =
        all["builds"].as_array().expect("builds").iter().map(|build| &build["verdict"]).collect();
    assert_eq!(verdicts, ["accepted_by_hand", "accepted"]);
    let page = place.sandboxed("jobctl", &["status", "--all", "--html"]).expect(0).stdout;
    assert!(page.contains("Accepted (Manually Promoted)") && page.contains("<h2>4.99</h2>"));
    assert_eq!((count(&place, "prow", "start"), count(&place, "prow", "start-again")), (10, 0));
}

#[test]
fn a_dry_run_of_every_command_changes_nothing() {
    let place = Place::new();
    place.sandboxed("jobctl", &CONTROLLER).expect(0);
    later(&place, 1);
    end(&place, AWS, "failure");
    let appear = |world: &mut oar_sandbox::world::World| {
        let stream = world.releases.streams.entry("4.99.0-0.nightly".to_owned()).or_default();
        stream.insert(NEXT.to_owned(), "Accepted".to_owned());
    };
    place.sandbox().change(appear).expect("the world");
    let run = place.sandbox().world(|world| {
        let found = world.prow.runs.iter().find(|(_, run)| run.job == GCP);
        found.map(|(id, _)| id.clone()).expect("a run")
    });
    let effects = place.sandbox().world(|world| world.effects.clone());
    let trigger = ["trigger-jobs-for-build", "--build", NIGHTLY, "--no-skip-existing"];
    let replace = [
        "update-retried-job-run",
        "--build",
        NIGHTLY,
        "--job-name",
        AWS,
        "--current-job-id",
        "none",
        "--new-job-id",
        "11111111-2222-4333-8444-555555555555",
    ];
    assert!(!run.is_empty());
    for (arguments, code, planned) in [
        (&CONTROLLER[..], 0, true),
        (&trigger, 0, true),
        (&["start-aggregator"], 0, true),
        (&["promote-test-results", "--build", NIGHTLY], 0, true),
        (&replace, 1, false),
        (&CHECKER, 0, false),
    ] {
        let arguments = [arguments, &["--dry-run", "--output", "json"]].concat();
        let report = place.sandboxed("jobctl", &arguments).expect(code).json();
        let changes = report["planned_changes"].as_array().map_or(0, Vec::len);
        assert_eq!(changes > 0, planned, "{arguments:?}: {report:#}");
    }
    assert_eq!(place.sandbox().world(|world| world.effects.clone()), effects);
    assert!(!place.path("notified_files.txt").exists());
}

/// Ended at every effect point: whoever comes an hour later finds what was started and finishes it.
#[test]
fn killed_anywhere_no_run_is_lost_and_none_is_started_twice() {
    let counted = Place::new();
    let points = |place: &Place, arguments: &[&str]| -> usize {
        let world = format!("--sandbox={}", place.path("world").display());
        let all = [&[world.as_str()], arguments].concat();
        let run = place.run_with("jobctl", &all, &[("OAR_SANDBOX_CRASH_AT", "count")]).expect(0);
        let line = run.stderr.lines().find_map(|line| line.strip_prefix("effect points: "));
        line.expect("the number of points").parse().expect("a number")
    };
    let controller_points = points(&counted, &CONTROLLER);
    later(&counted, 1);
    end(&counted, AWS, "failure");
    let aggregator_points = points(&counted, &["start-aggregator"]);
    assert!(
        controller_points >= 8 && aggregator_points >= 8,
        "{controller_points} {aggregator_points}"
    );

    let crash = |place: &Place, arguments: &[&str], point: usize| {
        let world = format!("--sandbox={}", place.path("world").display());
        let all = [&[world.as_str()], arguments].concat();
        let run = place.run_with("jobctl", &all, &[("OAR_SANDBOX_CRASH_AT", &point.to_string())]);
        assert_eq!(run.code, None, "killed at point {point}: {}", run.stderr);
    };
    for point in 1..=controller_points {
        let place = Place::new();
        crash(&place, &CONTROLLER, point);
        later(&place, 1);
        place.sandboxed("jobctl", &CONTROLLER).expect(0);
        let stored = file(&place, NIGHTLY);
        assert_eq!(stored["result"].as_array().map(Vec::len), Some(3), "point {point}: {stored:#}");
        assert_eq!(
            (count(&place, "prow", "start"), count(&place, "prow", "start-again")),
            (3, 0),
            "point {point}"
        );
        let current = place.sandbox().world(|world| {
            world.github.branch_file("record", "_releases/ocp-latest-4.99-nightly-amd64.json")
        });
        assert!(current.is_some_and(|text| text.contains(NIGHTLY)), "point {point}");
    }
    for point in 1..=aggregator_points {
        let place = Place::new();
        place.sandboxed("jobctl", &CONTROLLER).expect(0);
        later(&place, 1);
        end(&place, AWS, "failure");
        crash(&place, &["start-aggregator"], point);
        later(&place, 1);
        aggregate(&place);
        later(&place, 1);
        for job in [AWS, GCP, EDGE] {
            end(&place, job, "success");
        }
        aggregate(&place);
        let stored = file(&place, NIGHTLY);
        assert_eq!(
            (&stored["aggregated"], &stored["accepted"]),
            (&json!(true), &json!(true)),
            "point {point}: {stored:#}"
        );
        assert!(!stored.to_string().contains("retryClaim"), "point {point}");
        assert_eq!(
            (count(&place, "prow", "start"), count(&place, "prow", "start-again")),
            (5, 0),
            "point {point}"
        );
        assert_eq!(count(&place, "kube", "label"), 1, "point {point}");
    }
}
