//! Moving the advisories of a release: everything is checked first, nothing moves unless all may
//! (spec 02 §3.8, §7.7; R30, R32).

use futures_util::future::join_all;
use oar_release::TaskOutcome;
use serde::Serialize;

use crate::alerts::current_alerts;
use crate::brew::BrewRead;
use crate::client::{ErrataRead, ErrataWrite};
use crate::error::AdvisoryError;
use crate::state::{AdvisoryState, StateMove, TargetState};
use crate::stop_ship::{StopShip, StopShipRule, check_stop_ship};
use crate::types::Erratum;
use crate::words::{AdvisoryId, Impetus};
use crate::working_set::{Member, WorkingSet};

/// What a review found, or a move did, for one advisory (spec 06 §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// May be moved; only in a review.
    Ready,
    /// Moved now.
    Moved,
    /// There already, or further on.
    Already,
    /// Not in a state from which it can be moved there.
    NotReady,
    /// A security alert or a kernel tag forbids it.
    Blocked,
    /// Something could not be looked up, or whether it moved is unknown.
    Undetermined,
    /// The Errata Tool refused.
    Failed,
}

/// One advisory in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApprovalEntry {
    /// Its number.
    pub errata_id: AdvisoryId,
    /// What it is for.
    pub impetus: Impetus,
    /// Its state before; `None` when it could not be read.
    pub from: Option<AdvisoryState>,
    /// Where it was to go.
    pub to: TargetState,
    /// What was found or done.
    pub action: Action,
    /// Why; empty when there is nothing to say.
    pub reason: String,
}

/// A review of all advisories, or what became of moving them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApprovalReport {
    /// One entry per advisory.
    pub entries: Vec<ApprovalEntry>,
    /// What a person should see.
    pub warnings: Vec<String>,
    /// Placeholders of the working set, in words.
    pub missing: Option<String>,
}

impl ApprovalReport {
    /// Whether every advisory may be moved, or is there.
    pub fn is_clear(&self) -> bool {
        let is_fine =
            |entry: &ApprovalEntry| matches!(entry.action, Action::Ready | Action::Already);
        self.missing.is_none() && self.entries.iter().all(is_fine)
    }

    /// Whether every advisory is where it was to be; only then may the subtasks be closed.
    pub fn all_reached(&self) -> bool {
        let is_there =
            |entry: &ApprovalEntry| matches!(entry.action, Action::Moved | Action::Already);
        self.missing.is_none() && self.entries.iter().all(is_there)
    }

    /// The task's outcome: a block or a refusal is a failure, what could not be looked up leaves no
    /// verdict, what is not ready is waited for. Not for an empty working set, which
    /// [`WorkingSet::when_empty`] answers.
    pub fn outcome(&self) -> TaskOutcome {
        let reasons = |wanted: &[Action]| -> Option<String> {
            let entries = self.entries.iter().filter(|entry| wanted.contains(&entry.action));
            let words: Vec<String> = entries.map(ToString::to_string).collect();
            (!words.is_empty()).then(|| words.join("; "))
        };
        if let Some(error) = reasons(&[Action::Blocked, Action::Failed]) {
            return TaskOutcome::Fail { error };
        }
        let moved = self.entries.iter().any(|entry| entry.action == Action::Moved);
        if let Some(error) = reasons(&[Action::Undetermined])
            && !moved
        {
            return TaskOutcome::Undetermined { error };
        }
        if self.all_reached() { TaskOutcome::Pass } else { TaskOutcome::InProgress { job: None } }
    }
}

impl std::fmt::Display for ApprovalEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "advisory {} ({})", self.errata_id, self.impetus)?;
        if self.reason.is_empty() { Ok(()) } else { write!(f, ": {}", self.reason) }
    }
}

/// What a review needs.
#[derive(Clone, Copy)]
pub struct Approver<'a> {
    /// Reads advisories.
    pub read: &'a dyn ErrataRead,
    /// Moves them, and refreshes their alerts.
    pub write: &'a dyn ErrataWrite,
    /// Looks into kernels.
    pub brew: &'a dyn BrewRead,
    /// The kernels that must not ship; empty for the default.
    pub rules: &'a [StopShipRule],
}

impl std::fmt::Debug for Approver<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Approver").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Approver<'_> {
    /// Checks only the kernels: what must pass before anything at all is approved (spec 02 §7.7).
    /// Its entries are [`Action::Already`] where nothing was found.
    pub async fn review_kernels(&self, set: &WorkingSet, target: TargetState) -> ApprovalReport {
        let mut report = Self::begin(set, target);
        let checks = set.members.iter().map(|member| async {
            let mut warnings = Vec::new();
            let Member { impetus, erratum } = member;
            let found = self.check_kernel(impetus, erratum, &mut warnings).await;
            (found.unwrap_or((Action::Already, String::new())), warnings)
        });
        for (member, (found, warnings)) in set.members.iter().zip(join_all(checks).await) {
            report.entries.push(entry(member, target, found));
            report.warnings.extend(warnings);
        }
        report
    }

    /// Checks states, security alerts and kernels of all advisories of `set`; moves nothing.
    ///
    /// Alerts and kernels are checked only on the way to `REL_PREP`: handing over to QE approves
    /// nothing. Alerts are those of the advisories that would be moved.
    pub async fn review(&self, set: &WorkingSet, target: TargetState) -> ApprovalReport {
        let mut report = Self::begin(set, target);
        let checks = set.members.iter().map(|member| self.check(member, target));
        for (entry, warnings) in join_all(checks).await {
            report.entries.push(entry);
            report.warnings.extend(warnings);
        }
        report
    }

    /// Moves what a review found ready. When it found anything else than ready or there, nothing is
    /// moved and the review is the answer: no release is left half moved by what was known before.
    pub async fn move_all(&self, review: ApprovalReport) -> ApprovalReport {
        if !review.is_clear() {
            return review;
        }
        let mut report = review;
        for entry in &mut report.entries {
            if entry.action == Action::Ready {
                (entry.action, entry.reason) = self.move_one(entry).await;
                tracing::info!(id = %entry.errata_id, to = %entry.to, action = ?entry.action, "moved");
            }
        }
        report
    }

    /// A report of what is missing or could not be read.
    fn begin(set: &WorkingSet, target: TargetState) -> ApprovalReport {
        let mut report = ApprovalReport {
            entries: Vec::new(),
            warnings: Vec::new(),
            missing: (!set.not_created.is_empty()).then(|| set.missing()),
        };
        for (impetus, errata_id, error) in &set.unreadable {
            report.entries.push(ApprovalEntry {
                errata_id: *errata_id,
                impetus: impetus.clone(),
                from: None,
                to: target,
                action: Action::Undetermined,
                reason: error.whole(),
            });
        }
        report
    }

    async fn check(&self, member: &Member, target: TargetState) -> (ApprovalEntry, Vec<String>) {
        let Member { impetus, erratum } = member;
        let mut warnings = Vec::new();
        let (mut action, mut reason) = by_state(erratum, target);
        if target == TargetState::RelPrep {
            if action == Action::Ready
                && let Some(found) = self.check_alerts(erratum, &mut warnings).await
            {
                (action, reason) = found;
            }
            // A kernel that must not ship stops an advisory that is not ready just the same.
            if let Some(found) = self.check_kernel(impetus, erratum, &mut warnings).await {
                (action, reason) = found;
            }
        }
        (entry(member, target, (action, reason)), warnings)
    }

    async fn check_alerts(
        &self,
        erratum: &Erratum,
        warnings: &mut Vec<String>,
    ) -> Option<(Action, String)> {
        if !erratum.kind.is_security() {
            return None;
        }
        let current = match current_alerts(self.read, self.write, erratum.id).await {
            Ok(current) => current,
            // The check is the task's own: without it nothing may be approved (spec 02 §3.8).
            Err(error) => {
                let reason = format!("its security alerts cannot be read: {}", error.whole());
                return Some((Action::Failed, reason));
            }
        };
        if let Some(problem) = current.not_refreshed {
            let id = erratum.id;
            warnings.push(format!("security alerts of {id} could not be refreshed: {problem}"));
        }
        if !current.alerts.blocking {
            return None;
        }
        let words: Vec<String> = current
            .alerts
            .blockers()
            .map(|alert| format!("{}: {} ({})", alert.name, alert.text, alert.how_to_resolve))
            .collect();
        Some((Action::Blocked, format!("blocking security alert: {}", words.join("; "))))
    }

    async fn check_kernel(
        &self,
        impetus: &Impetus,
        erratum: &Erratum,
        warnings: &mut Vec<String>,
    ) -> Option<(Action, String)> {
        let id = erratum.id;
        match check_stop_ship(self.read, self.brew, impetus, id, self.rules).await {
            Ok(StopShip::NotApplicable | StopShip::Clear(_)) => None,
            Ok(StopShip::NoImage) => {
                warnings.push(format!("advisory {id} ({impetus}) has no RHCOS build to check"));
                None
            }
            Ok(StopShip::Tagged(found)) => {
                let words: Vec<String> = found
                    .iter()
                    .map(|one| format!("{} in {} is tagged {}", one.kernel, one.image, one.tag))
                    .collect();
                Some((Action::Blocked, words.join("; ")))
            }
            Err(error) => {
                let reason = format!("its kernel cannot be checked: {}", error.whole());
                Some((Action::Undetermined, reason))
            }
        }
    }

    async fn move_one(&self, entry: &ApprovalEntry) -> (Action, String) {
        let (id, wanted) = (entry.errata_id, entry.to.state());
        match self.step(id, entry.to, &wanted).await {
            Ok(true) => (Action::Moved, String::new()),
            Ok(false) => (Action::Already, "somebody else moved it".to_owned()),
            Err(error @ AdvisoryError::Unknown { .. }) => (Action::Undetermined, error.whole()),
            Err(error) => (Action::Failed, error.whole()),
        }
    }

    /// Reads the state once more, since the review took its time, and makes the move.
    async fn step(
        &self,
        id: AdvisoryId,
        target: TargetState,
        wanted: &AdvisoryState,
    ) -> Result<bool, AdvisoryError> {
        let now = self.read.erratum(id).await?.state;
        if target.is_reached_by(&now) {
            return Ok(false);
        }
        match StateMove::plan(id, &now, wanted)? {
            Some(step) => self.write.change_state(&step).await.map(|()| true),
            None => Ok(false),
        }
    }
}

fn entry(member: &Member, to: TargetState, (action, reason): (Action, String)) -> ApprovalEntry {
    let Member { impetus, erratum } = member;
    let (errata_id, from) = (erratum.id, Some(erratum.state.clone()));
    ApprovalEntry { errata_id, impetus: impetus.clone(), from, to, action, reason }
}

/// What the state alone says. Only `NEW_FILES` leads to `QE`, and only `QE` to `REL_PREP`.
fn by_state(erratum: &Erratum, target: TargetState) -> (Action, String) {
    let state = &erratum.state;
    if target.is_reached_by(state) {
        return (Action::Already, String::new());
    }
    let leads_there = matches!(
        (target, state),
        (TargetState::Qe, AdvisoryState::NewFiles) | (TargetState::RelPrep, AdvisoryState::Qe)
    );
    if leads_there {
        (Action::Ready, String::new())
    } else {
        (Action::NotReady, format!("it is in {state} and cannot go to {target} from there"))
    }
}
