//! A dry run changes nothing: not one request that could change something is on the wire.

use crate::scenes::SCENES;
use crate::trial::Work;

/// Services that are asked questions with POST: searches of Jira, Brew's one address, all of Slack.
/// What they would have changed is seen among the effects.
const ASKED_WITH_POST: [&str; 3] = ["jira POST", "brew POST", "slack POST"];

#[test]
fn a_dry_run_of_every_command_sends_nothing_that_changes() {
    for scene in SCENES {
        let trial = scene.set();
        let before = (trial.world().effects, trial.statebox_text());
        let sent_before = trial.sandbox().requests();
        let told = trial.run_dry(scene.work);
        assert_ne!(told.outcome, "error", "{}: {}", scene.name, told.text);
        assert_eq!((trial.world().effects, trial.statebox_text()), before, "{}", scene.name);
        for (sent, count) in trial.sandbox().requests() {
            let is_read = [" GET", " HEAD"].iter().any(|verb| sent.ends_with(verb))
                || ASKED_WITH_POST.contains(&sent.as_str());
            let is_new = sent_before.get(&sent).copied().unwrap_or(0) < count;
            assert!(is_read || !is_new, "{}: {sent}", scene.name);
        }
    }
}

/// What a dry run lists is what the real run then does, system by system.
#[test]
fn a_dry_run_lists_the_systems_that_the_real_run_changes() {
    // A job has no dry run of its own: the command that schedules it has.
    for scene in SCENES.iter().filter(|scene| scene.work != Work::ApprovalJob) {
        let (dry, real) = (scene.set(), scene.set());
        let planned: serde_json::Value =
            serde_json::from_str(&dry.run_dry(scene.work).text).expect("JSON");
        let planned = planned["planned_changes"].as_array().cloned().unwrap_or_default();
        let before = real.world().effects.len();
        real.run(scene.work);
        for effect in &real.world().effects[before..] {
            let system = match effect.service.as_str() {
                "github" => "state",
                other => other,
            };
            let is_listed = planned.iter().any(|change| change["system"] == system);
            assert!(is_listed, "{}: {effect:?} is not in {planned:?}", scene.name);
        }
    }
}
