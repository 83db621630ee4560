//! No lost update at GitHub: many tasks change one file at once, and the service misbehaves
//! (promises P1, P2 and P4).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use oar_github::{GitHubRepo, HttpGitHub};
use oar_release::clock::{SeededEntropy, SystemClock};
use oar_release::{Entropy, Masker, ReleaseVersion};
use oar_sandbox::Sandbox;
use oar_sandbox::fault::{Faults, Kind, RandomFaults};
use oar_sandbox::world::World;
use oar_statebox::{InitialState, StateBoxStore};
use oar_transport::pause;
use oar_transport::{Endpoints, HttpClient, HttpSend, Request, Response, Secret, SendError};

use crate::store::{over, remark, who};

const BRANCH: &str = "z-stream";
const TASKS: usize = 8;
const UPDATES: usize = 200;

/// Every request takes some of the paused time, so that tasks overtake each other.
#[derive(Debug)]
struct Slow {
    world: Sandbox,
    entropy: SeededEntropy,
}

#[async_trait]
impl HttpSend for Slow {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let way = |part: f64| Duration::from_secs_f64(0.005 + 0.03 * part);
        pause::sleep(way(self.entropy.fraction())).await;
        let answer = self.world.send(request).await;
        pause::sleep(way(self.entropy.fraction())).await;
        answer
    }
}

/// The state repository as one process sees it.
fn process(world: &Sandbox, seed: u64) -> StateBoxStore {
    let http = HttpClient::new(
        Arc::new(Slow { world: world.clone(), entropy: SeededEntropy::new(seed) }),
        Arc::new(SystemClock),
        Arc::new(SeededEntropy::new(seed + 100)),
        Endpoints::default(),
        Masker::default(),
    );
    let github = HttpGitHub::new(&http, Secret::new("sandbox").into());
    let repo = "openshift/release-tests".parse().expect("a repository's name");
    over(Arc::new(GitHubRepo::new(github, repo, BRANCH)))
}

fn trouble() -> Faults {
    let kinds = vec![
        Kind::Message(409, "is at another commit but expected an older one"),
        Kind::HeadMoved { branch: BRANCH },
        Kind::Message(422, "Invalid request. \"sha\" wasn't supplied."),
        Kind::StatusAfter(500),
        Kind::StatusAfter(502),
        Kind::ResetBefore,
        Kind::ResetAfter,
        Kind::Truncated,
    ];
    let entropy = Arc::new(SeededEntropy::new(7));
    let random = RandomFaults { entropy, permille: 200, method: Some(http::Method::PUT), kinds };
    Faults { rules: Vec::new(), random: Some(random) }
}

/// Two processes with four tasks each: inside a process updates queue up, between processes they
/// meet at the file.
#[tokio::test(start_paused = true)]
async fn eight_tasks_lose_none_of_1600_updates_at_a_failing_github() {
    let world = Sandbox::in_memory(World::seeded());
    let release: ReleaseVersion = "4.99.3".parse().expect("a release");
    let stores = [process(&world, 1), process(&world, 2)];
    let initial = InitialState {
        release: release.clone(),
        jira_ticket: None,
        advisory_ids: Vec::new(),
        release_date: "2026-Mar-15".parse().expect("a date"),
        candidate_builds: Vec::new(),
        shipment_mr: None,
    };
    stores[0].initialise(&initial, &who()).await.expect("the StateBox");
    world.set_faults(trouble());

    let writers = (0..TASKS).map(|number| {
        let (store, release) = (stores[number % 2].clone(), release.clone());
        tokio::spawn(async move {
            for update in 0..UPDATES {
                let text = format!("remark {update} of writer {number}");
                // What was refused in time is asked for again, as a person would.
                while let Err(error) = remark(&store, &release, &text).await {
                    assert!(error.class().is_retryable(), "{error}");
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("a writer's end");
    }

    world.set_faults(Faults::default());
    let state = stores[0].require(&release).await.expect("the StateBox");
    let mut texts: Vec<String> = state.issues.iter().map(|issue| issue.text.clone()).collect();
    assert_eq!(texts.len(), TASKS * UPDATES);
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), TASKS * UPDATES, "an update is there twice");
    let sent = world.requests()["github PUT"];
    assert!(sent > TASKS * UPDATES * 11 / 10, "{sent} writes: the faults were not met");
}
