//! Taking a release with six advisories over, at 100 ms per answer: `cargo bench -p oar-tests`.
//!
//! Time is the runtime's own, so the figures are exact: the chain of answers that waited for each other.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its figures")]

mod machine;

use std::time::Duration;

use oar_operators::commands::create_test_report;
use oar_operators::tasks::take_ownership;
use oar_sandbox::world::World;

use self::machine::{on_machine, requests};

const LATENCY: Duration = Duration::from_millis(100);

fn main() {
    let two = figures(2);
    let six = figures(6);
    println!("take-ownership, {} ms per answer", LATENCY.as_millis());
    println!("2 advisories   {:>5} ms, {} requests", two.0.as_millis(), two.1);
    let sum = u128::try_from(six.1).unwrap_or(0) * LATENCY.as_millis();
    let goal = two.0.as_millis();
    println!(
        "6 advisories   {:>5} ms, {} requests   (goal {goal}: the slowest chain; one after the other {sum})",
        six.0.as_millis(),
        six.1
    );
}

/// Wall time and number of requests with `advisories` advisories.
fn figures(advisories: usize) -> (Duration, usize) {
    let mut world = World::seeded();
    let template = world.errata.advisories[&990_031].clone();
    let map: Vec<String> = (0..advisories)
        .map(|number| {
            let id = 990_500 + u64::try_from(number).expect("a small number");
            world.errata.advisories.insert(id, template.clone());
            // The first two are inherited under these names.
            let kind = ["rpm", "rhcos", "image", "extras", "metadata", "kernel"][number];
            format!("{kind}: {id}")
        })
        .collect();
    let data = world.build_data.get_mut("openshift-4.99").expect("the data");
    *data = data.replace(
        "advisories: {rpm: 990031, rhcos: 990032}",
        &format!("advisories: {{{}}}", map.join(", ")),
    );
    on_machine(world, async |sandbox, around| {
        let release = "4.99.3".parse().expect("a release");
        let context = around.context(false).expect("a context");
        create_test_report::run(&context, &release).await.expect("a StateBox");
        let before = requests(sandbox);
        sandbox.answer_after(LATENCY);
        let begun = tokio::time::Instant::now();
        let context = around.context(false).expect("a context");
        let report = take_ownership::run(&context, &release, "lead@example.com").await;
        assert_eq!(report.outcome.word(), "pass", "{report:?}");
        let changed = sandbox.world(|world| world.count("errata", "change-owner"));
        assert_eq!(changed, advisories);
        (begun.elapsed(), requests(sandbox) - before)
    })
}
