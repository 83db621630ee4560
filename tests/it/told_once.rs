//! A message is sent once, also when nobody can read what was told before: the StateBox falls silent at
//! every moment of a command, for a while, and the command is repeated afterwards (promise P5).

use std::time::Duration;

use http::Method;
use oar_sandbox::fault::{Faults, Kind, Rule};

use crate::trial::{Trial, Work};

/// Stage tests that waited in the queue, of which the leads were told; now they run.
fn told_of_the_queue() -> Trial {
    let trial = Trial::begun(|world| {
        world.promote("4.99.3", "RHSA-2026:9903");
        (world.jenkins.waits, world.jenkins.takes) = (600, 86_400);
    });
    assert_eq!(trial.run(Work::StageTesting).outcome, "in_progress");
    assert_eq!(trial.messages().len(), 2, "of the StateBox, and of the queue");
    trial.change(|world| world.now += Duration::from_hours(1));
    trial
}

#[test]
fn whenever_the_statebox_falls_silent_a_message_is_sent_once() {
    let start = told_of_the_queue();
    let mut unknown = 0;
    for first in 0..16 {
        for silent in [1, 4, 8, u32::MAX] {
            let trial = start.copy();
            let silence = Rule::once("github", Kind::Status(503)).method(Method::GET);
            trial.sandbox().plant(silence.path("4.99.3.yaml").skip(first).times(silent));
            let told = trial.run(Work::StageTesting);
            unknown += u32::from(told.text.contains("sent before is unknown"));
            trial.sandbox().set_faults(Faults::default());
            for _ in 0..2 {
                trial.run(Work::StageTesting);
            }
            let messages = trial.messages();
            let place = format!("silent for {silent} from read {first}: {messages:#?}");
            assert_eq!(messages.len(), 3, "{place}");
            assert!(messages.values().all(|times| *times == 1), "{place}");
        }
    }
    assert!(unknown > 0, "the silence meets the moment of telling");
}
