//! What the world itself says about a journey: whether a task is done, and what was done twice.

use std::collections::{BTreeMap, BTreeSet};

use oar_release::Task;
use oar_sandbox::story::Trouble;
use oar_sandbox::world::World;
use serde_json::Value;

use crate::trial::RELEASE;

/// The candidate of all journeys.
const CANDIDATE: &str = "4.99.0-0.nightly-2026-03-01-045853";
/// The advisories that are pushed and moved.
const ADVISORIES: [u64; 2] = [990_031, 990_032];
/// Who leads the release.
const LEAD: &str = "lead@example.com";

/// Whether the world agrees that `task` is done; `accepted` is what a person accepted.
pub fn is_true(world: &World, task: &str, accepted: &BTreeSet<Task>) -> bool {
    let Ok(task) = task.parse::<Task>() else { return false };
    match task {
        Task::TakeOwnership => advisories(world).all(|advisory| {
            world.errata.users.get(&advisory.assigned_to).is_some_and(|owner| owner == LEAD)
        }),
        Task::CheckCveTrackerBug => trackers_are_attached(world),
        Task::PushToCdnStaging => advisories(world).all(|advisory| {
            advisory.jobs.last().is_some_and(|job| job.status == "COMPLETE")
                || matches!(advisory.state.as_str(), "PUSH_READY" | "IN_PUSH" | "SHIPPED_LIVE")
        }),
        Task::ChangeAdvisoryStatus => advisories(world).all(|advisory| {
            matches!(
                advisory.state.as_str(),
                "REL_PREP" | "PUSH_READY" | "IN_PUSH" | "SHIPPED_LIVE"
            )
        }),
        Task::AnalyzePromotedBuild => has_verdict(world, RELEASE, accepted.contains(&task)),
        Task::AnalyzeCandidateBuild => has_verdict(world, CANDIDATE, accepted.contains(&task)),
        Task::StageTesting => {
            world.jenkins.items.values().any(|item| {
                !item.cancelled && item.ends_at <= world.now && item.ends_as == "SUCCESS"
            })
        }
        Task::ImageConsistencyCheck => {
            world.prow.runs.values().any(|run| run.state(world.now) == "success")
        }
        Task::ImageSignedCheck => world
            .registry
            .payload(RELEASE, "x86_64")
            .is_some_and(|digest| world.signatures.files.contains_key(digest)),
        Task::CreateTestReport => true,
        // None of these is asked for in the Konflux flow.
        Task::UpdateBugList | Task::CheckGreenwaveCvpTests | Task::DropBugs => false,
    }
}

fn advisories(world: &World) -> impl Iterator<Item = &oar_sandbox::errata::Advisory> {
    ADVISORIES.iter().map(|id| &world.errata.advisories[id])
}

/// Every tracker that elliott finds is attached to some advisory.
fn trackers_are_attached(world: &World) -> bool {
    let found = world.errata.trackers.get(RELEASE).into_iter();
    let mut keys = found.flat_map(BTreeMap::values).flat_map(BTreeMap::values).flatten();
    let is_in_advisory =
        |key: &String| world.errata.advisories.values().any(|it| it.issues.contains(key));
    let is_in_shipment = |key: &String| {
        let mut files = world.gitlab.commits.values().flat_map(|commit| commit.files.values());
        files.any(|text| text.contains(key.as_str()))
    };
    keys.all(|key| is_in_advisory(key) || is_in_shipment(key))
}

/// The build's tests ended well, or a person accepted how they ended.
fn has_verdict(world: &World, build: &str, is_accepted: bool) -> bool {
    let path = format!("_releases/ocp-test-result-{build}-amd64.json");
    let text = world.github.branch_file("record", &path).unwrap_or_default();
    let file: Value = serde_json::from_str(&text).unwrap_or_default();
    file["aggregated"] == true && (file["accepted"] == true || is_accepted)
}

/// Starts of one job between two starts of the machine: four by each of two drivers, one by a person.
const STARTS: usize = 9;

/// What was done more often than it may be, in words; the machine was started `lives` times.
pub fn done_too_often(world: &World, troubles: &[Trouble], lives: usize) -> Option<String> {
    let mut done: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for effect in &world.effects {
        let deed = (effect.service.as_str(), effect.action.as_str(), effect.target.as_str());
        *done.entry(deed).or_default() += 1;
    }
    let failed_builds =
        world.jenkins.items.values().filter(|item| item.ends_as != "SUCCESS").count();
    let failed_runs = world.prow.runs.values().filter(|run| run.ends_as != "success").count();
    let mut excess = done.into_iter().filter_map(|((service, action, target), count)| {
        let allowed = match (service, action, target) {
            // Files, messages (looked at below), the summary that is kept up to date, and an owner
            // who was the owner before.
            ("github" | "slack", _, _)
            | ("gitlab", "update-note", _)
            | ("errata", "change-owner", _) => return None,
            // While the same is running.
            ("jenkins", "trigger-again", _) | ("prow", "start-again", _) => 0,
            // What failed is started once more.
            ("jenkins", "trigger", _) => (1 + failed_builds).min(STARTS * lives),
            ("prow", "start", _) => (1 + failed_runs).min(STARTS * lives),
            // The note to the lead, and the summary of image health.
            ("gitlab", "add-note", _) => 2,
            ("errata", "push", "990031") if troubles.contains(&Trouble::FlakyPush) => 2,
            _ => 1,
        };
        (count > allowed).then(|| format!("{service} {action} {target}: {count} times"))
    });
    excess.next().or_else(|| told_twice(world))
}

/// A message that says what the one before it about the same said; what is about nothing is sent once.
fn told_twice(world: &World) -> Option<String> {
    let mut last: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for message in &world.slack.messages {
        let topic = message.metadata["event_payload"]["topic"].as_str();
        let about = (message.channel.as_str(), topic.unwrap_or(&message.text));
        if last.insert(about, &message.text) == Some(message.text.as_str()) {
            return Some(format!("{} was told again: {}", message.channel, message.text));
        }
    }
    None
}
