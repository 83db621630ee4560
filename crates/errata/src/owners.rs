//! Handing the advisories of a release to their QE owner (spec 02 §3.5).

use futures_util::future::join_all;
use oar_release::email::is_email;
use serde::Serialize;

use crate::client::{ErrataRead, ErrataWrite};
use crate::error::AdvisoryError;
use crate::state::AdvisoryState;
use crate::types::Erratum;
use crate::words::{AdvisoryId, Impetus};
use crate::working_set::WorkingSet;

/// An advisory that is not where it should be when a release begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Abnormal {
    /// What it is for.
    pub impetus: Impetus,
    /// Its number; `None` when it does not exist yet.
    pub id: Option<AdvisoryId>,
    /// What is wrong, in words.
    pub why: String,
}

/// What became of a change of owner.
#[derive(Debug, Default)]
pub struct OwnersReport {
    /// Handed over now.
    pub changed: Vec<AdvisoryId>,
    /// Had this owner already; not written to.
    pub already: Vec<AdvisoryId>,
    /// In `NEW_FILES` instead of `QE`, or not created yet.
    pub abnormal: Vec<Abnormal>,
    /// Those that failed, with the reason; the others were done all the same.
    pub failed: Vec<(AdvisoryId, AdvisoryError)>,
}

impl OwnersReport {
    /// The failures in one line, `None` without any.
    pub fn failure(&self) -> Option<String> {
        let words: Vec<String> = self
            .failed
            .iter()
            .map(|(id, error)| format!("advisory {id}: {}", error.whole()))
            .collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}

/// Makes `email` the QE owner of every advisory of `set`, at the same time.
///
/// Advisories that have this owner, in any case of letters, are left alone. The only error is an
/// address that is none; failures of single advisories are in the report.
pub async fn change_owners(
    read: &dyn ErrataRead,
    write: &dyn ErrataWrite,
    set: WorkingSet,
    email: &str,
) -> Result<OwnersReport, AdvisoryError> {
    if !is_email(email) {
        return Err(AdvisoryError::NotAnAddress { email: email.to_owned() });
    }
    let mut report = OwnersReport::default();
    let changes = set.members.iter().map(|member| change(read, write, &member.erratum, email));
    for (member, change) in set.members.iter().zip(join_all(changes).await) {
        let Erratum { id, state, .. } = &member.erratum;
        if *state == AdvisoryState::NewFiles {
            let why = "in NEW_FILES instead of QE".to_owned();
            tracing::warn!(%id, impetus = %member.impetus, "advisory is {why}");
            let impetus = member.impetus.clone();
            report.abnormal.push(Abnormal { impetus, id: Some(*id), why });
        }
        match change {
            Ok(true) => report.changed.push(*id),
            Ok(false) => report.already.push(*id),
            Err(error) => report.failed.push((*id, error)),
        }
    }
    for impetus in set.not_created {
        report.abnormal.push(Abnormal { impetus, id: None, why: "not created yet".to_owned() });
    }
    report.failed.extend(set.unreadable.into_iter().map(|(_, id, error)| (id, error)));
    Ok(report)
}

/// Whether the owner had to be changed.
async fn change(
    read: &dyn ErrataRead,
    write: &dyn ErrataWrite,
    erratum: &Erratum,
    email: &str,
) -> Result<bool, AdvisoryError> {
    let owner = match erratum.assigned_to {
        // Who it is now only saves a request: when that cannot be read, the change is made.
        Some(account) => read.user(account).await.ok(),
        None => None,
    };
    if owner.is_some_and(|owner| owner.is(email)) {
        return Ok(false);
    }
    write.change_owner(erratum.id, email).await.map(|()| true)
}
