//! Pushing a release to CDN staging (spec 02 §3.7; R30): what the push jobs of one advisory say.
//! Pure; [`crate::push_to_staging`] acts on it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::types::{PushJob, PushStatus};

/// A target that failed is triggered again at most so often (spec 02 §3.7).
pub const MAX_RETRIGGERS: usize = 2;

/// The newest job of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetStatus {
    /// The target, `cdn_stage`.
    pub target: String,
    /// Its newest job.
    pub job: u64,
    /// That job's status.
    pub status: PushStatus,
    /// The jobs that failed since the target was complete last, oldest first.
    pub failed: Vec<u64>,
}

impl TargetStatus {
    /// Whether it failed for good: it was triggered again as often as that makes sense.
    pub fn is_exhausted(&self) -> bool {
        self.status == PushStatus::Failed && self.failed.len() > MAX_RETRIGGERS
    }
}

/// What the push jobs of an advisory say about staging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StagePush {
    /// There is no job.
    NotStarted,
    /// No target failed, one is under way.
    Running,
    /// All targets are done.
    Complete,
    /// A target failed and may be triggered again.
    Failed,
    /// These jobs failed, and triggering again makes no sense.
    Exhausted(Vec<u64>),
}

/// The newest job of each target of staging, by target. Live targets do not count.
pub fn stage_targets(jobs: &[PushJob]) -> Vec<TargetStatus> {
    let mut sorted: Vec<&PushJob> = jobs.iter().filter(|job| job.is_stage()).collect();
    sorted.sort_by_key(|job| job.id);
    let mut targets: BTreeMap<&str, TargetStatus> = BTreeMap::new();
    for job in sorted {
        let known = targets.entry(&job.target).or_insert_with(|| TargetStatus {
            target: job.target.clone(),
            job: job.id,
            status: job.status.clone(),
            failed: Vec::new(),
        });
        (known.job, known.status) = (job.id, job.status.clone());
        match job.status {
            PushStatus::Complete => known.failed.clear(),
            PushStatus::Failed => known.failed.push(job.id),
            PushStatus::Running(_) => {}
        }
    }
    targets.into_values().collect()
}

/// What `targets` say together.
pub fn stage_push(targets: &[TargetStatus]) -> StagePush {
    let exhausted: Vec<u64> = targets
        .iter()
        .filter(|target| target.is_exhausted())
        .flat_map(|target| target.failed.clone())
        .collect();
    if !exhausted.is_empty() {
        return StagePush::Exhausted(exhausted);
    }
    let has = |wanted: fn(&PushStatus) -> bool| targets.iter().any(|one| wanted(&one.status));
    if targets.is_empty() {
        StagePush::NotStarted
    } else if has(|status| *status == PushStatus::Failed) {
        StagePush::Failed
    } else if has(|status| matches!(status, PushStatus::Running(_))) {
        StagePush::Running
    } else {
        StagePush::Complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(list: &[(u64, &str, &str)]) -> Vec<PushJob> {
        let job = |(id, target, status): &(u64, &str, &str)| PushJob {
            id: *id,
            target: (*target).to_owned(),
            status: (*status).into(),
        };
        list.iter().map(job).collect()
    }

    fn say(list: &[(u64, &str, &str)]) -> StagePush {
        stage_push(&stage_targets(&jobs(list)))
    }

    #[test]
    fn spec02_case_10_the_highest_id_of_a_target_wins_in_any_order() {
        let (old, new) = ((5, "cdn_stage", "FAILED"), (9, "cdn_stage", "COMPLETE"));
        assert_eq!(say(&[old, new]), StagePush::Complete);
        assert_eq!(say(&[new, old]), StagePush::Complete);
        assert_eq!(
            say(&[(5, "cdn_stage", "COMPLETE"), (9, "cdn_stage", "FAILED")]),
            StagePush::Failed
        );
    }

    #[test]
    fn spec02_case_14_live_targets_are_ignored() {
        assert_eq!(say(&[(3, "cdn_stage", "COMPLETE"), (4, "cdn", "FAILED")]), StagePush::Complete);
        assert_eq!(
            say(&[(3, "cdn_stage", "COMPLETE"), (4, "cdn", "RUNNING")]),
            StagePush::Complete
        );
        assert_eq!(say(&[(4, "cdn", "COMPLETE")]), StagePush::NotStarted, "live does not satisfy");
        assert_eq!(say(&[]), StagePush::NotStarted);
    }

    #[test]
    fn r22_any_word_but_two_is_under_way() {
        for word in ["QUEUED", "READY", "RUNNING", "WAITING_ON_PUB", "POST_PUSH_PROCESSING", "NEW"]
        {
            assert_eq!(say(&[(1, "cdn_stage", word)]), StagePush::Running, "{word}");
        }
    }

    #[test]
    fn a_failed_target_outweighs_one_under_way() {
        let both = [(1, "cdn_stage", "FAILED"), (2, "cdn_docker_stage", "RUNNING")];
        assert_eq!(say(&both), StagePush::Failed);
    }

    #[test]
    fn the_third_failure_since_the_last_success_is_the_end() {
        let mut list = vec![(1, "cdn_stage", "FAILED"), (2, "cdn_stage", "COMPLETE")];
        for (id, expected) in [(3, StagePush::Failed), (4, StagePush::Failed)] {
            list.push((id, "cdn_stage", "FAILED"));
            assert_eq!(say(&list), expected, "{id}");
        }
        list.push((5, "cdn_stage", "FAILED"));
        assert_eq!(say(&list), StagePush::Exhausted(vec![3, 4, 5]));
        list.push((6, "cdn_stage", "RUNNING"));
        assert_eq!(say(&list), StagePush::Running, "somebody triggered it by hand");
        list.push((7, "cdn_stage", "COMPLETE"));
        assert_eq!(say(&list), StagePush::Complete);
    }
}
