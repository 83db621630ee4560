//! Registries proposed as pull requests, while answers are lost and others are at the same work.

use std::sync::Arc;

use http::Method;
use oar_github::{AppIdentity, HttpGitHub, HttpProposals};
use oar_operators::dry_run::{DryRunProposals, Recorder};
use oar_operators::services::Ports;
use oar_operators::test_jobs::registry::{Proposed, RegistryError, Selector, update};
use oar_prow_jobs::RegistryName;
use oar_release::{Arch, ErrorClass, Masker};
use oar_sandbox::Sandbox;
use oar_sandbox::fault::{Faults, Kind, Rule};
use oar_sandbox::seed::{FORK, STATE_REPO};
use oar_sandbox::world::World;
use oar_state_repo::Actor;
use oar_transport::Secret;
use oar_transport::testing::client;
use serde_json::json;

fn name() -> RegistryName {
    RegistryName { stream: "4.99".parse().unwrap(), arch: Arch::Amd64 }
}

fn content() -> Vec<u8> {
    let stable = "periodic-ci-example-tests-release-4.99-upgrade-from-stable-4.98-aws";
    let jobs = json!({ "nightly": [{ "prowJob": "periodic-release-4.99-new" }],
                       "stable": [{ "prowJob": stable, "upgrade": true }] });
    jobs.to_string().into_bytes()
}

fn selector(sandbox: &Sandbox) -> Selector {
    let http = client(Arc::new(sandbox.clone()));
    let statement = || Secret::new("any").into();
    let read = Arc::new(HttpGitHub::new(&http, statement()));
    let write = Arc::new(HttpProposals::new(&http, AppIdentity::of_statement(statement())));
    Selector {
        clock: sandbox.clock(),
        masker: Arc::new(Masker::default()),
        actor: Actor::Person("tester".to_owned()),
        upstream: STATE_REPO.parse().unwrap(),
        base: "main".to_owned(),
        fork: FORK.parse().unwrap(),
        app_id: Some("897744".to_owned()),
        proposals: Ports::new(read, write),
        recorder: None,
    }
}

fn done(sandbox: &Sandbox) -> Vec<String> {
    sandbox.world(|world| world.effects.iter().map(|effect| effect.action.clone()).collect())
}

#[tokio::test(start_paused = true)]
async fn whatever_answer_is_lost_it_is_one_branch_and_one_pull_request() {
    let kinds = || {
        [
            Kind::StatusAfter(502),
            Kind::ResetAfter,
            Kind::Truncated,
            Kind::ResetBefore,
            Kind::Stall,
            Kind::Status(500),
            Kind::Status(503),
            Kind::LoginPage,
        ]
    };
    for path in ["/access_tokens", "/git/trees", "/git/commits", "/git/refs", "/pulls", "/labels"] {
        for kind in kinds() {
            let sandbox = Sandbox::in_memory(World::seeded());
            let trouble = format!("{kind:?} at {path}");
            sandbox.plant(Rule::once("github", kind).method(Method::POST).path(path));
            let selector = selector(&sandbox);
            let first = update(&selector, &name(), &content(), true).await;
            let is_whole = first.as_ref().is_ok_and(|report| report.problems.is_empty());
            sandbox.set_faults(Faults::default());
            let report = update(&selector, &name(), &content(), true).await.unwrap();
            assert!(report.problems.is_empty(), "{trouble}: {report:?}");
            assert_eq!(report.labels, ["lgtm", "approved"], "{trouble}");
            if is_whole {
                assert_eq!(report.proposed, Proposed::Before, "{trouble}");
            }
            let effects = done(&sandbox);
            let count = |action: &str| effects.iter().filter(|done| *done == action).count();
            assert_eq!((count("create-ref"), count("open-pull")), (1, 1), "{trouble}: {effects:?}");
            assert_eq!(sandbox.world(|world| world.github.pulls.len()), 1, "{trouble}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_at_the_same_work_open_one_pull_request() {
    let sandbox = Sandbox::in_memory(World::seeded());
    let (one, two) = (selector(&sandbox), selector(&sandbox));
    let (content, name) = (content(), name());
    let both = futures_util::future::join(
        update(&one, &name, &content, false),
        update(&two, &name, &content, false),
    )
    .await;
    // The one that comes second finds the branch taken by another commit and says so, or finds all.
    for done in [both.0, both.1] {
        if let Err(error) = done {
            assert_eq!(error.class(), ErrorClass::Conflict, "{error}");
        }
    }
    let report = update(&two, &name, &content, false).await.unwrap();
    assert_eq!(report.proposed, Proposed::Before);
    let effects = done(&sandbox);
    assert_eq!(effects, ["create-ref", "open-pull"]);
}

#[tokio::test(start_paused = true)]
async fn labels_that_are_refused_are_a_problem_beside_the_pull_request() {
    let sandbox = Sandbox::in_memory(World::seeded());
    sandbox.plant(Rule::once("github", Kind::Status(403)).method(Method::POST).path("/labels"));
    let report = update(&selector(&sandbox), &name(), &content(), true).await.unwrap();
    assert_eq!((report.proposed, report.labels.len()), (Proposed::Now, 0));
    assert_eq!(report.problems[0].code, ErrorClass::ForbiddenUpstream.code());
    assert!(report.pull_request.is_some_and(|url| report.problems[0].subject == url));
}

/// Neither a verb that changes something nor a token of the app is on the wire.
#[tokio::test(start_paused = true)]
async fn a_dry_run_asks_with_get_alone() {
    let sandbox = Sandbox::in_memory(World::seeded());
    let recorder = Recorder::default();
    let real = selector(&sandbox);
    let write = Arc::new(DryRunProposals::new(recorder.clone()));
    let proposals = Ports::new(Arc::clone(&real.proposals.read), write as _);
    let selector = Selector { proposals, recorder: Some(recorder), ..real };
    let report = update(&selector, &name(), &content(), true).await.unwrap();
    assert_eq!((report.planned_changes.len(), report.pull_request), (3, None));
    let requests = sandbox.requests();
    assert!(requests.keys().all(|sent| sent == "github GET"), "{requests:?}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_not_guessed() {
    for (path, status) in [("/git/ref/heads/main", 500), ("/contents/", 502), ("/pulls", 503)] {
        let sandbox = Sandbox::in_memory(World::seeded());
        let rule = Rule::once("github", Kind::Status(status)).method(Method::GET).path(path);
        sandbox.plant(rule.times(99));
        let error = update(&selector(&sandbox), &name(), &content(), false).await.unwrap_err();
        assert!(matches!(error, RegistryError::GitHub(_)), "{error}");
        assert!(done(&sandbox).is_empty(), "{path}");
    }
    // Refused content asks nobody.
    let sandbox = Sandbox::in_memory(World::seeded());
    let error = update(&selector(&sandbox), &name(), b" ", false).await.unwrap_err();
    assert!(error.is_usage() && sandbox.requests().is_empty(), "{error}");
}
