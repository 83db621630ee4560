//! The death story (promises P2, P4, P5): the process is killed with each of its requests in turn on
//! the way, before or after the service acted; run again, it ends as if nothing had happened.

use oar_release::TaskStatus;
use oar_sandbox::fault::{Kind, Rule};

use crate::scenes::{SCENES, Scene};
use crate::trial::Trial;

fn dies_and_comes_back(scene: &Scene) -> Vec<String> {
    let mut broken = Vec::new();
    let start = scene.set();
    let calm = start.copy();
    let first = calm.run(scene.work);
    assert_eq!(first.outcome, scene.outcome, "{}: {}", scene.name, first.text);
    let requests: usize = calm.sandbox().requests().values().sum();
    assert!(requests > 1, "{}: {requests} requests", scene.name);
    let once = (calm.deeds(), status(scene, &calm));
    calm.calm_down();
    let again = calm.run(scene.work).outcome;
    let twice = (calm.deeds(), status(scene, &calm));

    for nth in 0..u32::try_from(requests).expect("few requests") {
        for acts in [false, true] {
            let trial = start.copy();
            trial.sandbox().plant(Rule::next(Kind::Dies { acts }).skip(nth));
            // Requests are made at the same time: in another order the last may not be needed.
            let _told = trial.run_until_death(scene.work);
            trial.calm_down();
            let end = trial.run(scene.work);
            let mut tell = |what: String| {
                let place = format!("{}, killed at request {} ({acts})", scene.name, nth + 1);
                broken.push(format!("{place}: {what}\n    {}", end.text));
            };
            if ![scene.outcome, again.as_str()].contains(&end.outcome.as_str()) {
                tell("another outcome".to_owned());
            }
            let got = (trial.deeds(), status(scene, &trial));
            if got != once && got != twice {
                tell(format!("{got:?} instead of {once:?}"));
            }
            for (message, times) in trial.messages().into_iter().filter(|(_, times)| *times > 1) {
                tell(format!("posted {times} times: {message:?}"));
            }
        }
    }
    broken
}

/// The stored status of the scene's task.
fn status(scene: &Scene, trial: &Trial) -> Option<TaskStatus> {
    trial.statebox()?.task_status(scene.work.task()?)
}

#[test]
fn every_command_survives_a_kill_between_any_two_requests() {
    let broken: Vec<String> = SCENES.iter().flat_map(dies_and_comes_back).collect();
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}
