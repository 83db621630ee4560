//! What a driver costs that finds nothing to do, at 100 ms per answer: `cargo bench -p oar-tests`.
//!
//! Time is the runtime's own, so the figures are exact: how many reads, and how long the chain of those
//! that waited for each other.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its figures")]

mod machine;

use std::time::Duration;

use oar_operators::Context;
use oar_operators::drive::{self, Options, Silent};
use oar_release::ReleaseVersion;
use oar_release::workflow::Ending;
use oar_sandbox::world::World;
use oar_tests::usage::{cpu_time, peak};

use self::machine::{on_machine, requests};

const LATENCY: Duration = Duration::from_millis(100);
/// The chain: build data, merge request, its pipelines, their jobs.
const CHAIN: u32 = 4;
/// StateBox, build data, promotion, two test results, merge request, pipelines, jobs, bridges and a
/// pipeline below one, alerts, and two advisories.
const READS: usize = 13;

fn main() {
    println!("drive with nothing to do, {} ms per answer", LATENCY.as_millis());
    for (name, hours) in [("waiting for the promotion", 10), ("waiting for the calendar", 60)] {
        let used = cpu_time();
        let first = figures(hours);
        let cpu = cpu_time().saturating_sub(used);
        println!(
            "{name:<26} {:>3} reads (at most {READS}), {:>4} ms (goal {}: the slowest chain), {} commands; \
             {:?} CPU with the way there",
            first.reads,
            first.wall.as_millis(),
            (LATENCY * CHAIN).as_millis(),
            first.commands,
            cpu,
        );
    }
    println!("peak {} KiB", peak());
}

struct Figures {
    reads: usize,
    wall: Duration,
    commands: usize,
}

/// A drive on its own, `hours` after the story began and a driver did everything until then.
fn figures(hours: u64) -> Figures {
    let mut world = World::seeded();
    world.begin_story("4.99.3", &[]);
    on_machine(world, async |sandbox, around| {
        let release = "4.99.3".parse().expect("a release");
        for _ in 0..hours * 4 {
            once(&around.context(false).expect("a context"), &release).await;
            let quarter = Duration::from_mins(15);
            sandbox.change(|world| world.now += quarter).expect("a world in memory");
        }
        sandbox.answer_after(LATENCY);
        let before = requests(sandbox);
        let begun = tokio::time::Instant::now();
        let commands = once(&around.context(false).expect("a context"), &release).await;
        let reads = requests(sandbox) - before;
        Figures { reads, wall: begun.elapsed(), commands }
    })
}

/// One drive that does what is to be done now; how many commands that were.
async fn once(context: &Context, release: &ReleaseVersion) -> usize {
    let driven = drive::run(context, release, &Options::default(), &Silent).await;
    assert_eq!(driven.ending, Ending::Waiting, "{:?}", driven.why);
    driven.steps.len()
}
