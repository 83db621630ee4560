//! Runs against the model of the world, with a fault at every request.

use std::sync::Arc;

use oar_prow_jobs::{
    Belongs, CONSISTENCY_JOB, ConsistencyCheck, ConsistencyVerdict, HttpProw,
    HttpReleaseController, PayloadUrl, ProwError, ProwRead as _, ProwWrite as _,
    ReleaseController as _, ReleaseStreams as _, RunHandle, RunPhase, RunSource, RunState,
    StartedRun, StreamKind, ToldDigest,
};
use oar_release::Arch;
use oar_sandbox::Sandbox;
use oar_sandbox::fault::{Kind, Rule};
use oar_sandbox::world::World;
use oar_transport::testing::client;
use oar_transport::{HttpClient, Secret};

fn world() -> (Sandbox, HttpClient, HttpProw) {
    let sandbox = Sandbox::in_memory(World::seeded());
    let http = client(Arc::new(sandbox.clone()));
    let prow = HttpProw::new(&http, Secret::new("anything").into());
    (sandbox, http, prow)
}

fn check() -> ConsistencyCheck {
    let payload = PayloadUrl::of_release(&"4.99.3".parse().unwrap()).unwrap();
    ConsistencyCheck::new(payload, 337).unwrap()
}

fn starts(sandbox: &Sandbox) -> (usize, usize) {
    sandbox.world(|world| (world.count("prow", "start"), world.count("prow", "start-again")))
}

fn later(sandbox: &Sandbox, seconds: i64) {
    let change = |world: &mut World| world.now += jiff::SignedDuration::from_secs(seconds);
    sandbox.change(change).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_run_is_started_shown_ended_and_forgotten() {
    let (sandbox, _, prow) = world();
    let StartedRun { id, adopted } = prow.start(&check().order("claim-1").unwrap()).await.unwrap();
    assert!(!adopted);
    let run = prow.await_page(&id).await.unwrap();
    assert_eq!((run.phase(), run.source), (RunPhase::Running, RunSource::Deck));
    assert_eq!(check().belongs(&run), Ok(Belongs::Surely));
    let page = run.page().unwrap();
    later(&sandbox, 60);
    assert_eq!(prow.run(&id).await.unwrap().unwrap().state, Some(RunState::Success));
    let report = prow.consistency_report(&page).await.unwrap().unwrap();
    assert_eq!(report.verdict, ConsistencyVerdict::Consistent);

    // A day later only the artefacts are left.
    sandbox
        .change(|world| world.prow.runs.values_mut().for_each(|run| run.forgotten = true))
        .unwrap();
    assert_eq!(prow.run(&id).await.unwrap(), None);
    let handle = RunHandle { id: Some(id.clone()), page: Some(page) };
    let run = prow.trace(&handle).await.unwrap().unwrap();
    assert_eq!((run.phase(), run.source), (RunPhase::Passed, RunSource::ProwJobFile));
    assert_eq!(check().belongs(&run), Ok(Belongs::Surely));
    let unknown = RunHandle { id: Some(id), page: None };
    assert_eq!(prow.trace(&unknown).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn the_mark_finds_the_run_although_the_job_s_name_is_too_long_for_a_label() {
    let (_, _, prow) = world();
    let other = prow.start(&check().order("claim-1").unwrap()).await.unwrap();
    let ours = prow.start(&check().order("claim-2").unwrap()).await.unwrap();
    assert_ne!(other.id, ours.id);
    let found = prow.find_attempt(CONSISTENCY_JOB, "claim-2").await.unwrap().unwrap();
    assert_eq!(found.id, Some(ours.id));
    assert_eq!(prow.find_attempt(CONSISTENCY_JOB, "claim-3").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn whatever_breaks_there_is_one_run_of_an_attempt() {
    let kinds = [
        Kind::ResetAfter,
        Kind::ResetBefore,
        Kind::StatusAfter(502),
        Kind::StatusAfter(500),
        Kind::Status(502),
        Kind::Status(503),
        Kind::RateLimited(3),
        Kind::Stall,
        Kind::Truncated,
        Kind::LoginPage,
    ];
    for kind in kinds {
        for (service, skip) in
            [("gangway", 0), ("gangway", 1), ("gangway", 2), ("deck", 0), ("deck", 1)]
        {
            let (sandbox, _, prow) = world();
            // The first answer is lost, so that there is something to look for; then the fault.
            sandbox.plant(Rule::once("gangway", Kind::ResetAfter).method(http::Method::POST));
            sandbox.plant(Rule::once(service, kind.clone()).skip(skip));
            let context = format!("{kind:?} at {service} {skip}");
            let order = check().order("claim-1").unwrap();
            let mut ids = Vec::new();
            for _ in 0..3 {
                // A task that comes back looks for its attempt before it starts anything.
                let started = match prow.find_attempt(CONSISTENCY_JOB, "claim-1").await {
                    Ok(Some(run)) => run.id,
                    Ok(None) => prow.start(&order).await.ok().map(|run| run.id),
                    Err(_) => None,
                };
                ids.extend(started);
            }
            let (first, again) = starts(&sandbox);
            assert_eq!((first, again), (1, 0), "{context}");
            ids.dedup();
            assert_eq!(ids.len(), 1, "{context}: {ids:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_for_a_job_that_does_not_exist_starts_nothing() {
    let (sandbox, _, prow) = world();
    let order = oar_prow_jobs::RunOrder::new("periodic-ci-none", "claim-1").unwrap();
    let error = prow.start(&order).await.unwrap_err();
    assert!(matches!(error, ProwError::UnknownJob { .. }), "{error}");
    assert_eq!(starts(&sandbox), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_digest_of_a_promoted_release_is_the_registry_s() {
    let (sandbox, http, _) = world();
    let controller = HttpReleaseController::new(&http, Arch::Amd64);
    let release = "4.99.3".parse().unwrap();
    assert_eq!(controller.release_digest(&release).await.unwrap(), ToldDigest::NoSuchRelease);
    sandbox.change(|world| world.promote("4.99.3", "RHSA-2026:9903")).unwrap();
    let digest =
        sandbox.world(|world| world.registry.payload("4.99.3", "x86_64").unwrap().to_owned());
    assert_eq!(controller.release_digest(&release).await.unwrap(), ToldDigest::Known(digest));
}

fn add_tags(sandbox: &Sandbox, stream: &str, tags: &[(&str, &str)]) {
    sandbox
        .change(|world| {
            let stream = world.releases.streams.entry(stream.to_owned()).or_default();
            for (name, phase) in tags {
                stream.insert((*name).to_owned(), (*phase).to_owned());
            }
        })
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_newest_build_is_one_of_the_stream_asked_for() {
    let (sandbox, http, _) = world();
    add_tags(
        &sandbox,
        "4-dev-preview",
        &[("4.100.0-ec.1", "Accepted"), ("4.10.0-ec.0", "Accepted")],
    );
    add_tags(
        &sandbox,
        "4.99.0-0.nightly-arm64",
        &[
            ("4.99.0-0.nightly-arm64-2026-03-01-010101", "Accepted"),
            ("4.99.0-0.nightly-arm64-2026-03-02-010101", "Rejected"),
        ],
    );
    let amd = HttpReleaseController::new(&http, Arch::Amd64);
    let arm = HttpReleaseController::new(&http, Arch::Arm64);
    let name = |told: Option<oar_prow_jobs::ToldBuild>| told.map(|t| t.build.name().to_owned());
    let stable = |stream: &str| stream.parse().unwrap();
    let latest = amd.latest_build(stable("4.99"), StreamKind::Stable).await.unwrap();
    // The bytes are kept as they came: laid out, with a line break at the end.
    assert!(latest.as_ref().unwrap().content.ends_with(b"\n}\n"));
    assert_eq!(name(latest).as_deref(), Some("4.99.2"));
    let preview = amd.latest_build(stable("4.10"), StreamKind::Stable).await.unwrap();
    assert_eq!(name(preview).as_deref(), Some("4.10.0-ec.0"), "4.100 has the same beginning");
    assert_eq!(amd.latest_build(stable("4.97"), StreamKind::Stable).await.unwrap(), None);
    assert_eq!(amd.latest_build(stable("4.98"), StreamKind::Nightly).await.unwrap(), None);
    assert_eq!(amd.latest_build(stable("4.97"), StreamKind::Nightly).await.unwrap(), None);
    let nightly = amd.latest_build(stable("4.99"), StreamKind::Nightly).await.unwrap();
    assert_eq!(name(nightly).as_deref(), Some(oar_sandbox::seed::NIGHTLY));
    let nightly = arm.latest_build(stable("4.99"), StreamKind::Nightly).await.unwrap();
    assert_eq!(name(nightly).as_deref(), Some("4.99.0-0.nightly-arm64-2026-03-01-010101"));

    // Any phase can be found by name, and each architecture has streams of its own.
    let rejected = "4.99.0-0.nightly-arm64-2026-03-02-010101".parse().unwrap();
    assert_eq!(arm.find_build(&rejected).await.unwrap().unwrap().phase(), "Rejected");
    assert_eq!(
        amd.find_build(&"4.10.0-ec.0".parse().unwrap()).await.unwrap().unwrap().name(),
        "4.10.0-ec.0"
    );
    assert_eq!(amd.find_build(&"4.10.0-ec.9".parse().unwrap()).await.unwrap(), None);
    let tags = arm.all_tags().await.unwrap();
    assert_eq!(tags.0.keys().collect::<Vec<_>>(), ["4.99.0-0.nightly-arm64"]);
    assert!(amd.all_tags().await.unwrap().0.contains_key("4-stable"));
}
