//! Builds against the model of the world, with a fault at every request.

use std::sync::Arc;

use http::Method;
use oar_jenkins::{
    BuildPhase, HttpJenkins, JenkinsError, JenkinsRead as _, JenkinsWrite as _, Pending,
};
use oar_sandbox::Sandbox;
use oar_sandbox::fault::{Kind, Rule};
use oar_sandbox::world::World;
use oar_transport::testing::client_at;

use crate::{endpoints, jenkins_at, order};

fn world() -> (Sandbox, HttpJenkins) {
    let sandbox = Sandbox::in_memory(World::seeded());
    let http = client_at(Arc::new(sandbox.clone()), endpoints());
    (sandbox, jenkins_at(&http))
}

fn triggers(sandbox: &Sandbox) -> (usize, usize) {
    sandbox
        .world(|world| (world.count("jenkins", "trigger"), world.count("jenkins", "trigger-again")))
}

fn later(sandbox: &Sandbox, seconds: i64) {
    let change = |world: &mut World| world.now += jiff::SignedDuration::from_secs(seconds);
    sandbox.change(change).unwrap();
}

async fn run(jenkins: &HttpJenkins) -> Result<Pending, JenkinsError> {
    let look = jenkins.look(&order()).await?;
    jenkins.trigger(&order(), &look).await
}

#[tokio::test(start_paused = true)]
async fn a_build_is_triggered_followed_and_ends() {
    let (sandbox, jenkins) = world();
    let pending = run(&jenkins).await.unwrap();
    assert!(!pending.adopted && pending.number.is_none());
    let pending = jenkins.follow(&order(), &pending).await.unwrap();
    let number = pending.number.unwrap();
    let build = jenkins.build(order().job(), number).await.unwrap();
    assert_eq!(build.phase(), BuildPhase::Running);
    build.check_payload(&"4.99.3".parse().unwrap(), None).unwrap();
    assert_eq!(pending.url, build.url);
    // Asked again while it runs: the same one.
    let again = run(&jenkins).await.unwrap();
    assert_eq!((again.adopted, again.number), (true, Some(number)));
    later(&sandbox, 60);
    let build = jenkins.build(order().job(), number).await.unwrap();
    assert_eq!((build.phase(), build.duration.as_secs()), (BuildPhase::Passed, 30));
    // It ended: a new one may be triggered.
    assert_ne!(run(&jenkins).await.unwrap().queue_id, pending.queue_id);
    assert_eq!(triggers(&sandbox), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_item_that_was_forgotten_is_found_as_its_build() {
    let (sandbox, jenkins) = world();
    sandbox.change(|world| world.jenkins.takes = 10_000).unwrap();
    let pending = run(&jenkins).await.unwrap();
    later(&sandbox, 1000);
    let found = jenkins.follow(&order(), &pending).await.unwrap();
    assert_eq!((found.number, found.queue_id), (Some(1), pending.queue_id));
}

#[tokio::test(start_paused = true)]
async fn a_crumb_is_fetched_when_the_server_wants_one() {
    let (sandbox, jenkins) = world();
    sandbox.change(|world| world.jenkins.wants_crumb = true).unwrap();
    run(&jenkins).await.unwrap();
    assert_eq!(triggers(&sandbox), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn whatever_breaks_there_is_one_build_of_a_payload() {
    let kinds = [
        Kind::ResetAfter,
        Kind::ResetBefore,
        Kind::StatusAfter(502),
        Kind::Status(503),
        Kind::RateLimited(3),
        Kind::Stall,
        Kind::Truncated,
        Kind::LoginPage,
    ];
    for kind in kinds {
        for skip in 0..6 {
            let (sandbox, jenkins) = world();
            sandbox.change(|world| world.jenkins.takes = 10_000).unwrap();
            let post = Rule::once("jenkins", Kind::ResetAfter).method(Method::POST);
            sandbox.plant(post);
            sandbox.plant(Rule::once("jenkins", kind.clone()).skip(skip));
            let context = format!("{kind:?} at {skip}");
            let mut ended = Vec::new();
            for _ in 0..3 {
                ended.extend(run(&jenkins).await.ok());
            }
            assert_eq!(triggers(&sandbox), (1, 0), "{context}");
            assert!(!ended.is_empty(), "{context}");
            assert!(ended.iter().all(|found| found.queue_id == ended[0].queue_id), "{context}");
        }
    }
}
