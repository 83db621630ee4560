//! Story: a release of the Konflux flow goes from its announcement to the customers while everybody
//! else does their part, with and without troubles; nobody lays a hand on the world, time passes.

use std::time::Duration;

use oar_sandbox::story::{Deed, Trouble};
use oar_sandbox::world::World;

use crate::trial::{RELEASE, Told, Trial, Work};

/// A brisk story, its StateBox made, on the evening two days before the release.
fn brisk(troubles: &[Trouble]) -> Trial {
    let trial = Trial::fresh(|world| world.begin_brisk_story(RELEASE, troubles));
    assert_eq!(patient(&trial, Work::Create).outcome, "created");
    trial
}

/// Runs `work`; a service that fails now and then may need a second run.
fn patient(trial: &Trial, work: Work) -> Told {
    let told = trial.run(work);
    let is_passing = |error: &(String, String)| error.0 == "upstream_unavailable";
    if told.error.as_ref().is_some_and(is_passing) { trial.run(work) } else { told }
}

fn wait(trial: &Trial, minutes: u64) {
    trial.change(|world| {
        world.now += Duration::from_mins(minutes);
        oar_sandbox::story::advance(world);
    });
}

/// Runs `work` every `minutes` until it passes; how often it was run.
#[track_caller]
fn until_pass(trial: &Trial, work: Work, minutes: u64) -> u32 {
    for run in 1..=40 {
        let told = patient(trial, work);
        if told.is_pass() {
            return run;
        }
        assert!(
            matches!(told.outcome.as_str(), "in_progress" | "waiting" | "unchanged"),
            "{work:?}: {told:?}"
        );
        wait(trial, minutes);
    }
    panic!("{work:?} does not end");
}

#[track_caller]
fn passes(trial: &Trial, work: Work) {
    let told = patient(trial, work);
    assert!(told.is_pass(), "{work:?}: {told:?}");
}

fn done(world: &World, deed: Deed) -> bool {
    world.story.as_ref().is_some_and(|story| story.done_at(deed).is_some())
}

/// From the announcement to the customers.
fn the_whole_release(trial: &Trial) {
    passes(trial, Work::TakeOwnership);
    passes(trial, Work::CveTrackers);
    passes(trial, Work::RhcosAlerts);
    until_pass(trial, Work::Push, 10);
    until_pass(trial, Work::AnalyzeCandidate, 10);
    until_pass(trial, Work::StageTesting, 10);
    until_pass(trial, Work::ImageConsistency, 10);
    until_pass(trial, Work::AnalyzePromoted, 10);
    passes(trial, Work::ImageSigned);
    until_approved(trial);
    for _ in 0..20 {
        if patient(trial, Work::IsShipped).is_pass() && done(&trial.world(), Deed::Merged) {
            return;
        }
        wait(trial, 30);
    }
    panic!("it is not shipped: {:?}", trial.world().story);
}

/// The command leaves a job behind that looks every half an hour.
fn until_approved(trial: &Trial) {
    let told = patient(trial, Work::Approve);
    if told.is_pass() {
        return;
    }
    assert_eq!(told.outcome, "in_progress", "{told:?}");
    for _ in 0..60 {
        if done(&trial.world(), Deed::PagePublished) {
            assert_eq!(trial.run(Work::ApprovalJob).outcome, "pass");
            return;
        }
        wait(trial, 30);
    }
    panic!("the page is not published: {:?}", trial.world().story);
}

/// What was done outside; messages and files left out.
fn deeds(trial: &Trial) -> Vec<(String, usize)> {
    trial.deeds().into_iter().collect()
}

#[test]
fn a_release_is_shipped_without_a_hand_on_the_world() {
    let trial = brisk(&[]);
    let start = trial.world().now;
    the_whole_release(&trial);
    let world = trial.world();
    assert!(world.now.duration_since(start).as_hours() < 36, "{}", world.now);
    for id in [990_031, 990_032] {
        assert_eq!(world.errata.advisories[&id].state, "SHIPPED_LIVE");
    }
    assert!(world.effects.iter().all(|effect| !effect.action.contains("again")), "{world:?}");
}

/// What fails now and then and comes back changes nothing of what is done outside.
#[test]
fn flaky_services_do_not_change_what_is_done() {
    let (calm, flaky) = (brisk(&[]), brisk(&[Trouble::FlakyServices]));
    the_whole_release(&calm);
    the_whole_release(&flaky);
    assert_eq!(deeds(&calm), deeds(&flaky));
}

#[test]
fn a_push_that_failed_is_started_again_once() {
    let trial = brisk(&[Trouble::FlakyPush]);
    for work in [Work::TakeOwnership, Work::CveTrackers] {
        passes(&trial, work);
    }
    until_pass(&trial, Work::Push, 10);
    let pushes =
        |id| trial.world().effects.iter().filter(|e| e.action == "push" && e.target == id).count();
    assert_eq!((pushes("990031"), pushes("990032")), (2, 1));
    let jobs = trial.world().errata.advisories[&990_031].jobs.clone();
    let statuses: Vec<&str> = jobs.iter().map(|job| job.status.as_str()).collect();
    assert_eq!(statuses, ["FAILED", "COMPLETE"]);
}

/// Spec 01 §12.2: nothing is started while the shipment is not on stage, and no task fails for it.
#[test]
fn a_release_to_stage_that_failed_is_waited_for() {
    let trial = brisk(&[Trouble::StageReleaseFailsOnce]);
    trial.change(|world| world.promote(RELEASE, "RHSA-2026:9903"));
    wait(&trial, 70);
    for work in [Work::StageTesting, Work::ImageConsistency] {
        let told = trial.run(work);
        assert_eq!(told.outcome, "waiting", "{work:?}: {told:?}");
    }
    assert_eq!(
        trial
            .deeds()
            .keys()
            .filter(|deed| deed.contains("start") || deed.contains("trigger"))
            .count(),
        0
    );
    wait(&trial, 120);
    for work in [Work::StageTesting, Work::ImageConsistency] {
        until_pass(&trial, work, 10);
    }
}

/// Spec 01 §12.5: a person decides about rejected tests.
#[test]
fn rejected_tests_wait_for_a_person() {
    for (trouble, work) in [
        (Trouble::RejectedCandidate, Work::AnalyzeCandidate),
        (Trouble::RejectedBuildTests, Work::AnalyzePromoted),
    ] {
        let trial = brisk(&[trouble]);
        wait(&trial, 8 * 60);
        let told = trial.run(work);
        assert_eq!(told.outcome, "waiting", "{told:?}");
        assert!(told.text.contains("volumes survive a restart"), "{told:?}");
    }
}

/// Spec 02 §7.4: a blocker while the tracker is attached nowhere, resolved by the next look.
#[test]
fn a_missed_tracker_blocks_until_it_is_attached() {
    let trial = brisk(&[Trouble::MissedCveBug]);
    passes(&trial, Work::TakeOwnership);
    let told = trial.run(Work::CveTrackers);
    assert_eq!(told.outcome, "fail", "{told:?}");
    assert!(told.text.contains("OCPBUGS-99034"), "{told:?}");
    let open = |trial: &Trial| {
        let state = trial.statebox().expect("a StateBox");
        state.issues.iter().filter(|issue| issue.blocker && !issue.resolved).count()
    };
    assert_eq!(open(&trial), 1);
    wait(&trial, 120);
    passes(&trial, Work::CveTrackers);
    assert_eq!(open(&trial), 0);
}

#[test]
fn a_late_page_is_waited_for_by_the_approval_job() {
    let trial = brisk(&[Trouble::LateMetadataUrl]);
    wait(&trial, 15 * 60);
    assert_eq!(trial.run(Work::Approve).outcome, "in_progress");
    assert_eq!(trial.run(Work::ApprovalJob).outcome, "in_progress");
    let moved = |trial: &Trial| trial.deeds().keys().any(|deed| deed.contains("REL_PREP"));
    assert!(!moved(&trial));
    wait(&trial, 8 * 60);
    assert_eq!(trial.run(Work::ApprovalJob).outcome, "pass");
    assert!(moved(&trial));
}

/// Spec 00 §e: a refused token is told as what it is, and ends with its renewal.
#[test]
fn an_expired_token_is_told_and_works_again_when_it_is_renewed() {
    let trial = brisk(&[Trouble::ExpiredToken]);
    wait(&trial, 3 * 60);
    let told = trial.run(Work::QeApproval);
    let (class, _) = told.error.clone().unwrap_or_default();
    assert_eq!(class, "unauthenticated_upstream", "{told:?}");
    wait(&trial, 2 * 60);
    passes(&trial, Work::QeApproval);
}

#[test]
fn every_trouble_but_a_rejected_build_ends_with_a_shipped_release() {
    for trouble in [
        Trouble::FlakyPush,
        Trouble::StageReleaseFailsOnce,
        Trouble::LateMetadataUrl,
        Trouble::FlakyServices,
    ] {
        the_whole_release(&brisk(&[trouble]));
    }
}
