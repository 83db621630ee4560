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

fn published(world: &mut World) {
    promoted(world);
    world.publish_page("RHSA-2026:9903");
}

fn published_with_alert(world: &mut World) {
    published(world);
    a_blocking_alert(world);
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
    scene("take ownership", Work::TakeOwnership, "pass").required(&["errata"]),
    scene("no tracker is missed", Work::CveTrackers, "pass"),
    scene("a tracker is missed", Work::CveTrackers, "fail").before(a_missed_tracker),
    scene("no alert", Work::RhcosAlerts, "pass"),
    scene("a blocking alert", Work::RhcosAlerts, "fail").before(a_blocking_alert),
    scene("push to staging", Work::Push, "in_progress"),
    scene("approve the shipment", Work::QeApproval, "pass"),
    scene("start the stage tests", Work::StageTesting, "in_progress").before(promoted),
    scene("the stage tests passed", Work::StageTesting, "pass")
        .before(promoted)
        .earlier(&[Work::StageTesting])
        .then(later),
    scene("the stage tests failed", Work::StageTesting, "fail")
        .before(promoted_to_fail)
        .earlier(&[Work::StageTesting])
        .then(later),
    scene("start the image consistency check", Work::ImageConsistency, "in_progress")
        .before(promoted),
    scene("the images are consistent and healthy", Work::ImageConsistency, "pass")
        .before(promoted)
        .earlier(&[Work::ImageConsistency])
        .then(later)
        .required(&["prow"])
        .made_up(&["prow"]),
    scene("an image is not healthy", Work::ImageConsistency, "fail")
        .before(promoted)
        .earlier(&[Work::ImageConsistency])
        .then(a_bad_image)
        .required(&["prow"])
        .made_up(&["prow"]),
    scene("the images are not consistent", Work::ImageConsistencyRun, "fail")
        .before(promoted_to_fail)
        .earlier(&[Work::ImageConsistency])
        .then(later),
    scene("the payload is signed", Work::ImageSigned, "pass").before(promoted),
    scene("the payload is not signed", Work::ImageSigned, "fail").before(unsigned),
    scene(
        "start the image consistency check on Jenkins",
        Work::ImageConsistencyOnJenkins,
        "in_progress",
    )
    .before(promoted),
    scene("the check on Jenkins failed", Work::ImageConsistencyOnJenkins, "fail")
        .before(promoted_to_fail)
        .earlier(&[Work::ImageConsistencyOnJenkins])
        .then(later),
    scene("the tests were accepted", Work::AnalyzePromoted, "pass").before(accepted),
    scene("the tests were rejected", Work::AnalyzePromoted, "waiting").before(rejected),
    scene("the candidate has no results", Work::AnalyzeCandidate, "waiting"),
    scene("the release is shipped", Work::IsShipped, "pass").then(shipped),
    scene("the release is not shipped", Work::IsShipped, "fail"),
    scene("approve the release", Work::Approve, "pass")
        .before(published)
        .required(&["errata", "gitlab"]),
    scene("the page is not public", Work::Approve, "in_progress").before(promoted),
    scene("an alert blocks the approval", Work::Approve, "fail").before(published_with_alert),
    scene("the job sees the page", Work::ApprovalJob, "pass")
        .before(promoted)
        .earlier(&[Work::Approve])
        .then(published)
        .required(&["errata", "gitlab"])
        .made_up(&["errata", "gitlab"]),
    scene("drop bugs from advisories and shipment", Work::DropBugs, "pass")
        .before(an_unverified_bug)
        .required(&["errata", "gitlab commit", "gitlab create-merge-request"]),
];

/// A command that meets the seeded world.
const fn scene(name: &'static str, work: Work, outcome: &'static str) -> Scene {
    let (required, made_up) = (ALL, ALL);
    Scene { name, work, before: nothing, earlier: &[], then: nothing, outcome, required, made_up }
}

impl Scene {
    const fn before(mut self, before: fn(&mut World)) -> Self {
        self.before = before;
        self
    }

    const fn earlier(mut self, earlier: &'static [Work]) -> Self {
        self.earlier = earlier;
        self
    }

    const fn then(mut self, then: fn(&mut World)) -> Self {
        self.then = then;
        self
    }

    const fn required(mut self, required: &'static [&'static str]) -> Self {
        self.required = required;
        self
    }

    const fn made_up(mut self, made_up: &'static [&'static str]) -> Self {
        self.made_up = made_up;
        self
    }

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
