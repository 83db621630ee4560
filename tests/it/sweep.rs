//! One command, killed at every effect point in turn and run again (promises P2, P4, P5).

use std::fmt::Debug;

use oar_sandbox::crash;
use oar_sandbox::world::World;

use crate::harness::Place;
use crate::take_ownership::statebox;

/// Kills `oar` with `command` at every effect point of a place that `prepare` makes, lets `later`
/// pass, runs it again, and wants what an undisturbed run leaves, as `end` sees it. Answers how many
/// points there were.
pub fn survives<T: Debug + PartialEq>(
    command: &[&str],
    prepare: impl Fn() -> Place,
    later: impl Fn(&Place),
    end: impl Fn(&Place) -> T,
) -> usize {
    let start = |place: &Place, crash_at: &str| {
        let world = format!("--sandbox={}", place.path("world").display());
        let arguments = [&[world.as_str()], command].concat();
        place.run_with("oar", &arguments, &[(crash::SETTING, crash_at)])
    };
    let calm = prepare();
    let counted = start(&calm, "count").expect(0);
    let said = counted.stderr.lines().find_map(|line| line.strip_prefix("effect points: "));
    let points: usize = said.expect("the number of effect points").parse().expect("a number");
    let wanted = end(&calm);
    for point in 1..=points {
        let place = prepare();
        let crashed = start(&place, &point.to_string());
        assert_eq!(crashed.code, None, "{command:?} did not crash at {point}");
        later(&place);
        start(&place, "").expect(0);
        assert_eq!(end(&place), wanted, "{command:?}: after a crash at point {point}");
    }
    points
}

/// The StateBox without times and logs, the messages, and the effects outside of GitHub.
pub fn lasting(place: &Place) -> (String, Vec<String>, Vec<String>) {
    lasting_with(place, &statebox(place))
}

/// The same of the release with this StateBox.
pub fn lasting_with(place: &Place, text: &str) -> (String, Vec<String>, Vec<String>) {
    let is_log = |line: &&str| {
        ["INFO", "WARNING", "ERROR"].iter().any(|level| line.contains(&format!("Z: {level}: ")))
    };
    let kept: Vec<&str> = text.lines().filter(|line| !is_log(line)).collect();
    let is_time = |part: &&str| part.len() == 20 && part.ends_with('Z');
    let text = kept.join("\n");
    let text: Vec<&str> =
        text.split('\'').map(|part| if is_time(&part) { "T" } else { part }).collect();
    let world: World = place.sandbox().world(Clone::clone);
    let messages = world.slack.messages.iter().map(|message| message.text.clone()).collect();
    let outside = world.effects.iter().filter(|effect| effect.service != "github");
    let mut effects: Vec<String> =
        outside.map(|e| format!("{} {} {}", e.service, e.action, e.target)).collect();
    effects.sort();
    (text.join("'"), messages, effects)
}
