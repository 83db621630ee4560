//! Pushing the advisories of a release to staging, those that block them first (spec 02 §3.7).

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use oar_release::{ErrorClass, TaskOutcome};
use serde::Serialize;

use crate::client::{ErrataRead, ErrataWrite};
use crate::error::AdvisoryError;
use crate::push::{StagePush, TargetStatus, stage_push, stage_targets};
use crate::state::AdvisoryState;
use crate::types::{Erratum, PushJob, StagePushGuard};
use crate::words::AdvisoryId;
use crate::working_set::WorkingSet;

/// Advisories that one push may touch, blockers of blockers included (R34).
const MOST: usize = 200;

/// How far one advisory is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Progress {
    /// On staging, or past the need of it.
    Done,
    /// Being pushed.
    Running,
    /// Triggered by this run.
    Triggered {
        /// The new jobs.
        jobs: Vec<u64>,
    },
    /// Must wait for others.
    Waiting {
        /// What for, in words.
        reason: String,
    },
    /// The Errata Tool takes no push of an advisory in `NEW_FILES`.
    NotInQe {
        /// Its words.
        reason: String,
    },
    /// Failed for good, or the Errata Tool refused it.
    Failed {
        /// Why.
        reason: String,
    },
    /// The Errata Tool could not be asked: no ticket, no permission, an outage.
    NotAsked {
        /// Why.
        reason: String,
        /// The error's class.
        #[serde(skip)]
        class: ErrorClass,
    },
    /// It could not be looked at, or whether it was triggered is unknown.
    Undetermined {
        /// Why.
        reason: String,
    },
}

/// What became of one advisory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PushEntry {
    /// Its number.
    pub id: AdvisoryId,
    /// Whether it is part of the release, and not only blocks one that is.
    pub of_release: bool,
    /// The newest job of each target of staging.
    pub targets: Vec<TargetStatus>,
    /// How far it is.
    pub progress: Progress,
}

/// What became of a push.
#[derive(Debug, Default)]
pub struct PushReport {
    /// Blockers first, then what they block.
    pub entries: Vec<PushEntry>,
    /// What a person should see.
    pub warnings: Vec<String>,
    /// Placeholders of the working set, in words.
    pub missing: Option<String>,
}

impl PushReport {
    /// Why the Errata Tool could not be asked, where that is so: then a `Fail` is no verdict of its.
    pub fn trouble(&self) -> Option<ErrorClass> {
        self.entries.iter().find_map(|entry| match entry.progress {
            Progress::NotAsked { class, .. } => Some(class),
            _ => None,
        })
    }

    /// The task's outcome. `Pass` needs every advisory done and no placeholder left; an empty
    /// working set is answered by [`WorkingSet::when_empty`] before anything is pushed.
    pub fn outcome(&self) -> TaskOutcome {
        let reasons = |wanted: fn(&Progress) -> Option<&String>| -> Vec<String> {
            let words = |entry: &PushEntry| {
                wanted(&entry.progress).map(|reason| format!("advisory {}: {reason}", entry.id))
            };
            self.entries.iter().filter_map(words).collect()
        };
        let failed = reasons(|progress| match progress {
            Progress::Failed { reason } | Progress::NotAsked { reason, .. } => Some(reason),
            _ => None,
        });
        if !failed.is_empty() {
            return TaskOutcome::Fail { error: failed.join("; ") };
        }
        let is = |wanted: fn(&Progress) -> bool| self.entries.iter().any(|e| wanted(&e.progress));
        let unknown = reasons(|progress| match progress {
            Progress::Undetermined { reason } => Some(reason),
            _ => None,
        });
        let moving = is(|p| matches!(p, Progress::Triggered { .. } | Progress::Running));
        if !unknown.is_empty() && !moving {
            return TaskOutcome::Undetermined { error: unknown.join("; ") };
        }
        let all_done = self.entries.iter().all(|entry| entry.progress == Progress::Done);
        if all_done && self.missing.is_none() && !self.entries.is_empty() {
            TaskOutcome::Pass
        } else {
            TaskOutcome::InProgress { job: None }
        }
    }
}

/// What was read of one advisory.
type Known = Result<(Erratum, Vec<PushJob>), AdvisoryError>;

/// Pushes the advisories of `set` to staging, as far as that is possible now. Running it again goes
/// on where it stands: nothing that is done or under way is triggered twice.
pub async fn push_to_staging(
    read: &dyn ErrataRead,
    write: &dyn ErrataWrite,
    set: &WorkingSet,
) -> PushReport {
    let mut report = PushReport {
        missing: (!set.not_created.is_empty()).then(|| set.missing()),
        ..PushReport::default()
    };
    for (_, id, error) in &set.unreadable {
        let progress = Progress::Undetermined { reason: error.whole() };
        let targets = Vec::new();
        report.entries.push(PushEntry { id: *id, of_release: true, targets, progress });
    }
    let known = read_with_blockers(read, set, &mut report).await;
    let of_release: BTreeSet<AdvisoryId> = set.ids().into_iter().collect();
    let mut pusher = Pusher { read, write, known, progress: BTreeMap::new() };
    for Turn { id, circle } in in_order(&of_release, &pusher.known) {
        let (targets, progress) = match circle {
            None => pusher.push(id, &mut report.warnings).await,
            Some(others) => {
                let reason = format!("the advisories {others} block each other");
                (Vec::new(), Progress::Failed { reason })
            }
        };
        pusher.progress.insert(id, progress.clone());
        for TargetStatus { target, job, status, .. } in &targets {
            tracing::info!(%id, "{target}: {} (job {job})", status.as_str());
        }
        let of_release = of_release.contains(&id);
        report.entries.push(PushEntry { id, of_release, targets, progress });
    }
    report
}

/// Reads the members' jobs and, level by level, their blockers; each advisory once.
async fn read_with_blockers(
    read: &dyn ErrataRead,
    set: &WorkingSet,
    report: &mut PushReport,
) -> BTreeMap<AdvisoryId, Known> {
    let mut known: BTreeMap<AdvisoryId, Known> = BTreeMap::new();
    let members = set.members.iter().map(|member| async {
        let jobs = jobs_of(read, &member.erratum).await;
        (member.erratum.id, jobs.map(|jobs| (member.erratum.clone(), jobs)))
    });
    let mut fresh: Vec<(AdvisoryId, Known)> = join_all(members).await;
    loop {
        known.extend(fresh);
        let needed: BTreeSet<AdvisoryId> = known
            .values()
            .filter_map(|answer| answer.as_ref().ok())
            .filter(|(erratum, _)| !erratum.state.is_past_staging())
            .flat_map(|(erratum, _)| erratum.blocking.iter().copied())
            .filter(|id| !known.contains_key(id))
            .collect();
        if needed.is_empty() {
            return known;
        }
        if known.len() + needed.len() > MOST {
            report.warnings.push(format!("more than {MOST} advisories block each other"));
            return known;
        }
        let asked = needed.into_iter().map(|id| async move {
            let answer = async {
                let erratum = read.erratum(id).await?;
                let jobs = jobs_of(read, &erratum).await?;
                Ok((erratum, jobs))
            };
            (id, answer.await)
        });
        fresh = join_all(asked).await;
    }
}

/// The push jobs, which nobody needs of an advisory that is past them.
async fn jobs_of(read: &dyn ErrataRead, erratum: &Erratum) -> Result<Vec<PushJob>, AdvisoryError> {
    if erratum.state.is_past_staging() || erratum.state.is_terminal() {
        return Ok(Vec::new());
    }
    read.push_jobs(erratum.id).await
}

/// Whose turn it is.
struct Turn {
    id: AdvisoryId,
    /// The advisories by way of which it blocks itself.
    circle: Option<String>,
}

/// Blockers before what they block.
fn in_order(members: &BTreeSet<AdvisoryId>, known: &BTreeMap<AdvisoryId, Known>) -> Vec<Turn> {
    let mut turns = Vec::new();
    let mut done = BTreeSet::new();
    let blockers = |id: &AdvisoryId| match known.get(id) {
        Some(Ok((erratum, _))) if !erratum.state.is_past_staging() => erratum.blocking.clone(),
        _ => Vec::new(),
    };
    for member in members {
        // The way down from the member, each step with the blockers still to be visited.
        let mut path = vec![(*member, blockers(member))];
        while let Some((id, left)) = path.last_mut() {
            let id = *id;
            let Some(next) = left.pop() else {
                path.pop();
                if done.insert(id) {
                    turns.push(Turn { id, circle: None });
                }
                continue;
            };
            if let Some(start) = path.iter().position(|(open, _)| *open == next) {
                let circle: Vec<AdvisoryId> = path[start..].iter().map(|(open, _)| *open).collect();
                let names: Vec<String> = circle.iter().map(ToString::to_string).collect();
                for id in circle {
                    if done.insert(id) {
                        turns.push(Turn { id, circle: Some(names.join(", ")) });
                    }
                }
            } else if !done.contains(&next) {
                path.push((next, blockers(&next)));
            }
        }
    }
    turns
}

struct Pusher<'p> {
    read: &'p dyn ErrataRead,
    write: &'p dyn ErrataWrite,
    known: BTreeMap<AdvisoryId, Known>,
    progress: BTreeMap<AdvisoryId, Progress>,
}

impl Pusher<'_> {
    async fn push(&self, id: AdvisoryId, warn: &mut Vec<String>) -> (Vec<TargetStatus>, Progress) {
        let (erratum, jobs) = match self.known.get(&id) {
            Some(Ok(known)) => known,
            Some(Err(error)) => {
                return (Vec::new(), Progress::Undetermined { reason: error.whole() });
            }
            None => {
                let reason = "it was not looked at".to_owned();
                return (Vec::new(), Progress::Undetermined { reason });
            }
        };
        match erratum.state {
            AdvisoryState::DroppedNoShip => {
                warn.push(format!("advisory {id} was dropped and blocks others: not waited for"));
                return (Vec::new(), Progress::Done);
            }
            AdvisoryState::NewFiles => {
                warn.push(format!("advisory {id} is in NEW_FILES instead of QE"));
            }
            _ if erratum.state.is_past_staging() => return (Vec::new(), Progress::Done),
            _ => {}
        }
        let targets = stage_targets(jobs);
        let progress = match stage_push(&targets) {
            StagePush::Running => Progress::Running,
            StagePush::Exhausted(jobs) => {
                let jobs: Vec<String> = jobs.iter().map(ToString::to_string).collect();
                let reason = format!("the push failed again and again (jobs {})", jobs.join(", "));
                Progress::Failed { reason }
            }
            StagePush::Complete if !self.is_stale(erratum, warn).await => Progress::Done,
            StagePush::Complete | StagePush::NotStarted | StagePush::Failed => {
                match self.waits_for(erratum) {
                    Some(reason) => Progress::Waiting { reason },
                    None => return self.trigger(erratum, jobs, targets).await,
                }
            }
        };
        (targets, progress)
    }

    /// Whether what is on staging is from before a respin.
    async fn is_stale(&self, erratum: &Erratum, warn: &mut Vec<String>) -> bool {
        if erratum.respins == 0 {
            return false;
        }
        let id = erratum.id;
        let problem = match self.read.stage_push_guard(id).await {
            Ok(StagePushGuard::Blocking) => return true,
            Ok(StagePushGuard::Satisfied) => return false,
            Ok(StagePushGuard::NotFound) => "it is not on the page".to_owned(),
            Err(error) => error.whole(),
        };
        warn.push(format!(
            "advisory {id} was respun and its guard of the push to staging cannot be read \
             ({problem}): its complete push is taken for current"
        ));
        false
    }

    /// The first blocker that is not done.
    fn waits_for(&self, erratum: &Erratum) -> Option<String> {
        let blocker = erratum
            .blocking
            .iter()
            .find(|blocker| self.progress.get(blocker) != Some(&Progress::Done))?;
        Some(format!("advisory {blocker} must be on staging first"))
    }

    async fn trigger(
        &self,
        erratum: &Erratum,
        jobs: &[PushJob],
        targets: Vec<TargetStatus>,
    ) -> (Vec<TargetStatus>, Progress) {
        let id = erratum.id;
        let newest = jobs.iter().map(|job| job.id).max().unwrap_or(0);
        let new = match self.write.push_to_stage(id, newest).await {
            Ok(new) => new,
            Err(error) => return (targets, refused(erratum, &error)),
        };
        tracing::info!(%id, jobs = ?new, "push to staging triggered");
        // What the Errata Tool made of it, and whether it is done already.
        match self.read.push_jobs(id).await {
            Ok(jobs) => {
                let targets = stage_targets(&jobs);
                let is_done = stage_push(&targets) == StagePush::Complete;
                let progress =
                    if is_done { Progress::Done } else { Progress::Triggered { jobs: new } };
                (targets, progress)
            }
            Err(_) => (targets, Progress::Triggered { jobs: new }),
        }
    }
}

/// A push that was not taken, in words.
fn refused(erratum: &Erratum, error: &AdvisoryError) -> Progress {
    let reason = error.whole();
    match error {
        AdvisoryError::DependenciesIncomplete { reason, .. } => {
            Progress::Waiting { reason: reason.clone() }
        }
        AdvisoryError::Refused { .. } if erratum.state == AdvisoryState::NewFiles => {
            Progress::NotInQe { reason: format!("not in QE: {reason}") }
        }
        AdvisoryError::Unknown { .. } => Progress::Undetermined { reason },
        AdvisoryError::Refused { .. } => Progress::Failed { reason },
        error => Progress::NotAsked { reason, class: error.class() },
    }
}
