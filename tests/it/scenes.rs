//! Scenes for the trials: a world in which a command has something to do, and what it must never
//! say there.

use std::time::Duration;

use oar_sandbox::errata::Alert;
use oar_sandbox::world::World;

use crate::trial::{Trial, Work};

/// A command and the world that it meets.
pub struct Scene {
    pub name: &'static str,
    pub work: Work,
    /// What happened before: the world is changed, then the commands run, then it is changed again.
    before: fn(&mut World),
    earlier: &'static [Work],
    then: fn(&mut World),
    /// The outcome when nothing goes wrong.
    pub outcome: &'static str,
    /// The systems without whose change there is no pass; what fails at the others is a warning.
    pub required: &'static [&'static str],
    /// The systems whose change a later run makes up for; what is told with a pass is not told again.
    pub made_up: &'static [&'static str],
}

fn nothing(_: &mut World) {}

/// The release is promoted; jobs start at once and take an hour.
fn promoted(world: &mut World) {
    world.promote("4.99.3", "RHSA-2026:9903");
    (world.jenkins.waits, world.jenkins.takes) = (0, 3_600);
    (world.prow.page_after, world.prow.ends_after) = (0, 3_600);
}

fn later(world: &mut World) {
    world.now += Duration::from_mins(90);
}

fn promoted_to_fail(world: &mut World) {
    promoted(world);
    "FAILURE".clone_into(&mut world.jenkins.ends_as);
    "failure".clone_into(&mut world.prow.ends_as);
}

fn a_missed_tracker(world: &mut World) {
    let found = world.errata.trackers.get_mut("4.99.3").expect("the release");
    let keys = vec!["OCPBUGS-99100".to_owned()];
    found.get_mut("konflux").expect("a system").insert("image".to_owned(), keys);
}

fn an_unverified_bug(world: &mut World) {
    let bug = world.jira.issues.get_mut("OCPBUGS-99031").expect("a bug");
    "ON_QA".clone_into(&mut bug.status);
}

fn a_blocking_alert(world: &mut World) {
    let advisory = world.errata.advisories.get_mut(&990_032).expect("the advisory");
    let (name, text) = ("cve-mismatch".to_owned(), "an old kernel".to_owned());
    advisory.alerts.push(Alert { name, text, blocking: true });
}

fn a_bad_image(world: &mut World) {
    later(world);
    let digest = world.pyxis.images.keys().next().expect("an image").clone();
    world.pyxis.grade(&digest, "F", "2026-01-01T00:00:00Z");
}

fn unsigned(world: &mut World) {
    promoted(world);
    world.signatures.files.clear();
}

fn rejected(world: &mut World) {
    tested(world, false);
}

fn accepted(world: &mut World) {
    tested(world, true);
}

/// The promoted build was tested.
fn tested(world: &mut World, is_accepted: bool) {
    promoted(world);
    let verdict = serde_json::json!({ "aggregated": true, "accepted": is_accepted });
    let text = crate::analyze_build::results("4.99.3", &verdict);
    world.github.foreign_write("record", "_releases/ocp-test-result-4.99.3-amd64.json", &text);
}

fn shipped(world: &mut World) {
    let mut all = world.gitlab.merge_requests.iter_mut();
    "merged".clone_into(&mut all.find(|mr| mr.iid == 337).expect("the shipment").state);
    for id in [990_031, 990_032] {
        let advisory = world.errata.advisories.get_mut(&id).expect("the advisory");
        "SHIPPED_LIVE".clone_into(&mut advisory.state);
    }
}

const ALL: &[&str] = &["errata", "gitlab", "jira", "jenkins", "prow"];

/// Every scene.
pub const SCENES: &[Scene] = &[
    Scene {
        name: "take ownership",
        work: Work::TakeOwnership,
        before: nothing,
        earlier: &[],
        then: nothing,
        outcome: "pass",
        required: &["errata"],
        made_up: ALL,
    },
    Scene {
        name: "no tracker is missed",
        work: Work::CveTrackers,
        before: nothing,
        earlier: &[],
        then: nothing,
        outcome: "pass",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "a tracker is missed",
        work: Work::CveTrackers,
        before: a_missed_tracker,
        earlier: &[],
        then: nothing,
        outcome: "fail",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "drop bugs from advisories and shipment",
        work: Work::DropBugs,
        before: an_unverified_bug,
        earlier: &[],
        then: nothing,
        outcome: "pass",
        required: &["errata", "gitlab commit", "gitlab create-merge-request"],
        made_up: ALL,
    },
    Scene {
        name: "no alert",
        work: Work::RhcosAlerts,
        before: nothing,
        earlier: &[],
        then: nothing,
        outcome: "pass",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "a blocking alert",
        work: Work::RhcosAlerts,
        before: a_blocking_alert,
        earlier: &[],
        then: nothing,
        outcome: "fail",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "push to staging",
        work: Work::Push,
        before: nothing,
        earlier: &[],
        then: nothing,
        outcome: "in_progress",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "approve the shipment",
        work: Work::QeApproval,
        before: nothing,
        earlier: &[],
        then: nothing,
        outcome: "pass",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "start the stage tests",
        work: Work::StageTesting,
        before: promoted,
        earlier: &[],
        then: nothing,
        outcome: "in_progress",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "the stage tests passed",
        work: Work::StageTesting,
        before: promoted,
        earlier: &[Work::StageTesting],
        then: later,
        outcome: "pass",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "the stage tests failed",
        work: Work::StageTesting,
        before: promoted_to_fail,
        earlier: &[Work::StageTesting],
        then: later,
        outcome: "fail",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "start the image consistency check",
        work: Work::ImageConsistency,
        before: promoted,
        earlier: &[],
        then: nothing,
        outcome: "in_progress",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "the images are consistent and healthy",
        work: Work::ImageConsistency,
        before: promoted,
        earlier: &[Work::ImageConsistency],
        then: later,
        outcome: "pass",
        required: &["prow"],
        made_up: &["prow"],
    },
    Scene {
        name: "an image is not healthy",
        work: Work::ImageConsistency,
        before: promoted,
        earlier: &[Work::ImageConsistency],
        then: a_bad_image,
        outcome: "fail",
        required: &["prow"],
        made_up: &["prow"],
    },
    Scene {
        name: "the images are not consistent",
        work: Work::ImageConsistencyRun,
        before: promoted_to_fail,
        earlier: &[Work::ImageConsistency],
        then: later,
        outcome: "fail",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "the payload is signed",
        work: Work::ImageSigned,
        before: promoted,
        earlier: &[],
        then: nothing,
        outcome: "pass",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "the payload is not signed",
        work: Work::ImageSigned,
        before: unsigned,
        earlier: &[],
        then: nothing,
        outcome: "fail",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "start the image consistency check on Jenkins",
        work: Work::ImageConsistencyOnJenkins,
        before: promoted,
        earlier: &[],
        then: nothing,
        outcome: "in_progress",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "the check on Jenkins failed",
        work: Work::ImageConsistencyOnJenkins,
        before: promoted_to_fail,
        earlier: &[Work::ImageConsistencyOnJenkins],
        then: later,
        outcome: "in_progress",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "the tests were accepted",
        work: Work::AnalyzePromoted,
        before: accepted,
        earlier: &[],
        then: nothing,
        outcome: "pass",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "the tests were rejected",
        work: Work::AnalyzePromoted,
        before: rejected,
        earlier: &[],
        then: nothing,
        outcome: "waiting",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "the candidate has no results",
        work: Work::AnalyzeCandidate,
        before: nothing,
        earlier: &[],
        then: nothing,
        outcome: "waiting",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "the release is shipped",
        work: Work::IsShipped,
        before: nothing,
        earlier: &[],
        then: shipped,
        outcome: "pass",
        required: ALL,
        made_up: ALL,
    },
    Scene {
        name: "the release is not shipped",
        work: Work::IsShipped,
        before: nothing,
        earlier: &[],
        then: nothing,
        outcome: "fail",
        required: ALL,
        made_up: ALL,
    },
];

impl Scene {
    /// The world as the command meets it.
    pub fn set(&self) -> Trial {
        let trial = Trial::begun(self.before);
        for work in self.earlier {
            trial.run(*work);
        }
        trial.change(self.then);
        trial
    }

    /// Whether the right answer is that all is well.
    pub fn is_well(&self) -> bool {
        self.outcome == "pass"
    }
}
