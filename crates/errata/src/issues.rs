//! Detaching issues, and the approvals that this may cost (spec 02 §3.3, §3.9, §7.6).

use std::collections::BTreeSet;

use crate::client::{ErrataRead, ErrataWrite};
use crate::error::AdvisoryError;
use crate::types::{Approval, Erratum};
use crate::words::AdvisoryId;

/// What became of the issues to detach from one advisory.
#[derive(Debug, Default)]
pub struct DropReport {
    /// Gone, as reading the advisory back shows.
    pub dropped: Vec<String>,
    /// Were not attached to begin with.
    pub absent: Vec<String>,
    /// Still attached, with the reason.
    pub failed: Vec<(String, String)>,
    /// What else changed meanwhile: issues that came or went by another hand.
    pub surprises: Vec<String>,
    /// The advisory after all of this; `None` when it could not be read back.
    pub after: Option<Erratum>,
}

/// Detaches `keys` from advisory `id`, one request each, and reads the advisory back.
///
/// A failure of one does not lose the record of the others; the only error is an advisory that cannot be read
/// before anything was done.
pub async fn drop_issues(
    read: &dyn ErrataRead,
    write: &dyn ErrataWrite,
    id: AdvisoryId,
    keys: &[String],
) -> Result<DropReport, AdvisoryError> {
    let before = read.erratum(id).await?;
    let mut report = DropReport::default();
    let mut sent: Vec<(String, Option<String>)> = Vec::new();
    for key in keys {
        if !before.has_issue(key) {
            report.absent.push(key.clone());
        } else if sent.iter().all(|(known, _)| known != key) {
            let problem = write.remove_issue(id, key).await.err().map(|error| error.whole());
            sent.push((key.clone(), problem));
        }
    }
    if sent.is_empty() {
        report.after = Some(before);
        return Ok(report);
    }
    let after = match read.erratum(id).await {
        Ok(after) => after,
        Err(error) => {
            // What was accepted is taken for done; what was not is told.
            for (key, problem) in sent {
                match problem {
                    None => report.dropped.push(key),
                    Some(problem) => report.failed.push((key, problem)),
                }
            }
            report.surprises.push(format!("it could not be read back: {}", error.whole()));
            return Ok(report);
        }
    };
    let asked: BTreeSet<&String> = sent.iter().map(|(key, _)| key).collect();
    let gone = before.issues.iter().filter(|key| !after.has_issue(key) && !asked.contains(key));
    report.surprises.extend(gone.map(|key| format!("{key} is gone as well")));
    let came = after.issues.iter().filter(|key| !before.has_issue(key));
    report.surprises.extend(came.map(|key| format!("{key} was attached meanwhile")));
    for (key, problem) in sent {
        if after.has_issue(&key) {
            let problem =
                problem.unwrap_or_else(|| "it was accepted and is still there".to_owned());
            report.failed.push((key, problem));
        } else {
            report.dropped.push(key);
        }
    }
    report.after = Some(after);
    Ok(report)
}

/// The approvals that an advisory had and has lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostApprovals {
    /// The documentation was approved, and is neither approved nor asked for now.
    pub docs: bool,
    /// Product Security had approved a security advisory, and nobody asks it now.
    pub prodsec: bool,
}

/// Compares an advisory before and after its issues changed.
pub fn lost_approvals(before: &Erratum, after: &Erratum) -> LostApprovals {
    let lost = |before: Approval, after: Approval| {
        before == Approval::Approved && after == Approval::NotRequested
    };
    LostApprovals {
        docs: lost(before.docs, after.docs),
        prodsec: after.kind.is_security() && lost(before.prodsec, after.prodsec),
    }
}
