//! The deeds of a story: when each is due, what it needs, and what it changes.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::cast::Cast;
use super::results::{self, Kind, Stage};
use super::{Story, Trouble};
use crate::jira::Issue;
use crate::world::World;

/// The tracker of [`Trouble::MissedCveBug`].
const MISSED: &str = "OCPBUGS-99034";
const MISSED_CVE: &str = "CVE-2099-0034";

/// Something that somebody else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// The story begins: the shipment is being released to stage, jobs take their time.
    Begun,
    /// The tests of the candidate run.
    CandidateTestsStarted,
    /// They have a verdict.
    CandidateTestsEnded,
    /// The shipment's release to stage failed.
    StageReleaseFailed,
    /// The shipment is released to stage.
    StageReleased,
    /// ART attaches the tracker that was missed.
    TrackerAttached,
    /// The build is promoted.
    Promoted,
    /// Its payload is signed.
    Signed,
    /// The tests of the promoted build run.
    PromotedTestsStarted,
    /// They have a verdict.
    PromotedTestsEnded,
    /// The advisory's page is before the public.
    PagePublished,
    /// ART sees that all is approved.
    ApprovalSeen,
    /// The advisories go to the customers.
    Shipped,
    /// The shipment is merged.
    Merged,
}

impl Deed {
    /// Every deed, in the usual order.
    pub const ALL: [Self; 14] = [
        Self::Begun,
        Self::CandidateTestsStarted,
        Self::CandidateTestsEnded,
        Self::StageReleaseFailed,
        Self::StageReleased,
        Self::TrackerAttached,
        Self::Promoted,
        Self::Signed,
        Self::PromotedTestsStarted,
        Self::PromotedTestsEnded,
        Self::PagePublished,
        Self::ApprovalSeen,
        Self::Shipped,
        Self::Merged,
    ];

    /// When it is due; `None` while that is not known, or when it is no part of this story.
    fn due(self, story: &Story, cast: &Cast) -> Option<Timestamp> {
        let times = story.pace.times();
        let begun = || story.done_at(Self::Begun).map(|_| story.start);
        let after = |from: Option<Timestamp>, span: SignedDuration| from?.checked_add(span).ok();
        let of_day = |span: SignedDuration| after(cast.release_date?.midnight(0), span);
        let repaired = |trouble, from| after(from, times.repair).filter(|_| story.has(trouble));
        match self {
            Self::Begun => Some(story.start),
            Self::CandidateTestsStarted => {
                after(begun(), times.candidate_file).filter(|_| cast.candidate.is_some())
            }
            Self::CandidateTestsEnded => {
                after(story.done_at(Self::CandidateTestsStarted), times.tests)
            }
            Self::StageReleaseFailed => after(begun(), times.stage_release)
                .filter(|_| cast.shipment.is_some() && story.has(Trouble::StageReleaseFailsOnce)),
            Self::StageReleased if story.has(Trouble::StageReleaseFailsOnce) => {
                after(story.done_at(Self::StageReleaseFailed), times.repair)
            }
            Self::StageReleased => {
                after(begun(), times.stage_release).filter(|_| cast.shipment.is_some())
            }
            Self::TrackerAttached => repaired(Trouble::MissedCveBug, begun()),
            Self::Promoted => after(begun(), times.promotion),
            Self::Signed => after(story.done_at(Self::Promoted), times.signing),
            Self::PromotedTestsStarted => after(story.done_at(Self::Promoted), times.promoted_file),
            Self::PromotedTestsEnded => {
                after(story.done_at(Self::PromotedTestsStarted), times.tests)
            }
            Self::PagePublished if story.has(Trouble::LateMetadataUrl) => {
                of_day(times.page + times.page_delay)
            }
            Self::PagePublished => of_day(times.page),
            Self::ApprovalSeen => begun(),
            Self::Shipped => {
                let ready = after(story.done_at(Self::ApprovalSeen), times.shipping)?;
                Some(ready.max(of_day(times.ships_from)?))
            }
            Self::Merged => after(story.done_at(Self::Shipped), times.merging),
        }
    }

    /// Whether the world lets it happen.
    fn may(self, world: &World, story: &Story, cast: &Cast) -> bool {
        match self {
            Self::PagePublished => story.done_at(Self::Promoted).is_some(),
            Self::ApprovalSeen | Self::Shipped => is_approved(world, cast),
            _ => true,
        }
    }

    /// Does it, at `at`.
    pub(super) fn happen(self, world: &mut World, story: &Story, cast: &Cast, at: Timestamp) {
        let release = story.release.as_str();
        let tests = |world: &mut World, build: &str, kind, rejected| match self {
            Self::CandidateTestsStarted | Self::PromotedTestsStarted => {
                results::publish(world, build, kind, Stage::Running);
            }
            _ => {
                let accepted = !story.has(rejected);
                results::publish(world, build, kind, Stage::Ended { accepted });
            }
        };
        match self {
            Self::Begun => begin(world, story, cast),
            Self::CandidateTestsStarted | Self::CandidateTestsEnded => {
                let build = cast.candidate.as_deref().unwrap_or_default();
                tests(world, build, Kind::Candidate, Trouble::RejectedCandidate);
            }
            Self::PromotedTestsStarted | Self::PromotedTestsEnded => {
                tests(world, release, Kind::Promoted, Trouble::RejectedBuildTests);
            }
            Self::StageReleaseFailed => stage_release(world, cast, "failed"),
            Self::StageReleased => released_to_stage(world, story, cast, at),
            Self::TrackerAttached => {
                let holder = cast.advisories.last();
                if let Some(it) = holder.and_then(|id| world.errata.advisories.get_mut(id))
                    && !it.issues.iter().any(|key| key == MISSED)
                {
                    it.issues.push(MISSED.to_owned());
                }
            }
            Self::Promoted => {
                if world.registry.payload(release, "x86_64").is_none() {
                    world.push_payload(release, &page_of(release));
                }
                world.kube.add_payload("ocp", release);
            }
            Self::Signed => world.sign_payload(release, at),
            Self::PagePublished => world.publish_page(&page_of(release)),
            Self::ApprovalSeen => {}
            Self::Shipped => ship(world, cast),
            Self::Merged => {
                if let Some((project, iid)) = &cast.shipment {
                    world.gitlab.foreign_merge(project, *iid);
                }
            }
        }
    }
}

/// The next deed that happens by the world's time, with its time: the earliest one.
pub(super) fn next(world: &World, story: &Story, cast: &Cast) -> Option<(Timestamp, Deed)> {
    let open = Deed::ALL.into_iter().filter(|deed| story.done_at(*deed).is_none());
    let due = open.filter_map(|deed| Some((deed.due(story, cast)?, deed)));
    let ready = due.filter(|(at, deed)| *at <= world.now && deed.may(world, story, cast));
    // What is seen is seen when somebody looks; so is what had to wait for it.
    let seen = |(at, deed)| match deed {
        Deed::ApprovalSeen => (world.now, deed),
        _ => (at, deed),
    };
    ready.map(seen).min()
}

/// The advisory page of an invented release: `RHSA-2026:9903` of `4.99.3`.
fn page_of(release: &str) -> String {
    let mut parts = release.split('.').skip(1).map(|part| part.parse::<u32>().unwrap_or_default());
    let mut part = || parts.next().unwrap_or_default();
    format!("RHSA-2026:{:02}{:02}", part(), part())
}

fn begin(world: &mut World, story: &Story, cast: &Cast) {
    let times = story.pace.times();
    (world.jenkins.waits, world.jenkins.takes) =
        (times.queue.as_secs(), times.stage_testing.as_secs());
    world.prow.ends_after = times.prow_run.as_secs();
    stage_release(world, cast, "running");
    if story.has(Trouble::MissedCveBug) {
        miss_a_tracker(world, &story.release);
    }
}

/// elliott finds a tracker that nobody attached.
fn miss_a_tracker(world: &mut World, release: &str) {
    for found in world.errata.trackers.entry(release.to_owned()).or_default().values_mut() {
        let keys = found.entry("rhcos".to_owned()).or_default();
        if !keys.iter().any(|key| key == MISSED) {
            keys.push(MISSED.to_owned());
        }
    }
    let like = world.jira.issues.get("OCPBUGS-99033").cloned().unwrap_or_default();
    let tracker = Issue {
        id: like.id + 1,
        summary: format!("{MISSED_CVE} kernel: another example"),
        labels: vec!["SecurityTracking".to_owned(), MISSED_CVE.to_owned()],
        cve_id: Some(MISSED_CVE.to_owned()),
        ..like
    };
    world.jira.issues.entry(MISSED.to_owned()).or_insert(tracker);
}

/// The newest pipeline of the shipment's release to stage stands at `status`; the label of an earlier
/// success is gone.
fn stage_release(world: &mut World, cast: &Cast, status: &str) {
    let Some((project, iid)) = &cast.shipment else { return };
    let Some(mr) = world.gitlab.merge_request_mut(project, *iid) else { return };
    mr.labels.remove("stage-release-success");
    let newest = mr.pipelines.iter().max().copied();
    if let Some(pipeline) = newest.and_then(|id| world.gitlab.pipelines.get_mut(&id)) {
        pipeline.set_stage("stage-release-triggers", status);
        // After it the release to production waits for a person.
        let whole = if status == "success" { "manual" } else { status };
        whole.clone_into(&mut pipeline.status);
    }
}

/// Released to stage; after a failure in a pipeline of its own.
fn released_to_stage(world: &mut World, story: &Story, cast: &Cast, at: Timestamp) {
    let Some((project, iid)) = &cast.shipment else { return };
    if story.done_at(Deed::StageReleaseFailed).is_some() {
        world.gitlab.run_pipeline_again(project, *iid, at);
    }
    stage_release(world, cast, "success");
    if let Some(mr) = world.gitlab.merge_request_mut(project, *iid) {
        mr.labels.insert("stage-release-success".to_owned());
    }
}

/// Every advisory is in `REL_PREP` or beyond, and QE approved the shipment.
fn is_approved(world: &World, cast: &Cast) -> bool {
    let counted = cast.counted(world);
    let is_moved =
        |state: &str| matches!(state, "REL_PREP" | "PUSH_READY" | "IN_PUSH" | "SHIPPED_LIVE");
    !counted.is_empty()
        && counted.iter().all(|(_, advisory)| is_moved(&advisory.state))
        && cast
            .shipment
            .as_ref()
            .is_none_or(|(project, iid)| world.gitlab.is_approved_or_merged(project, *iid))
}

fn ship(world: &mut World, cast: &Cast) {
    let counted: Vec<u64> = cast.counted(world).into_iter().map(|(id, _)| id).collect();
    for id in counted {
        if let Some(advisory) = world.errata.advisories.get_mut(&id) {
            "SHIPPED_LIVE".clone_into(&mut advisory.state);
        }
    }
    let Some((project, iid)) = &cast.shipment else { return };
    let Some(mr) = world.gitlab.merge_request_mut(project, *iid) else { return };
    mr.labels.insert("prod-release-success".to_owned());
    let newest = mr.pipelines.iter().max().copied();
    if let Some(pipeline) = newest.and_then(|id| world.gitlab.pipelines.get_mut(&id)) {
        pipeline.set_stage("prod-release-triggers", "success");
        "success".clone_into(&mut pipeline.status);
    }
}
