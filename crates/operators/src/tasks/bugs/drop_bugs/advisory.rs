//! Bugs leave an advisory, and the approvals that this cost are asked for again (spec 02 §3.9).

use std::collections::BTreeSet;

use oar_errata::{
    Approval, DropReport, ErrataRead, ErrataWrite, Erratum, LostApprovals, drop_issues,
    lost_approvals,
};
use oar_jira::IssueKey;

use super::{AdvisoryId, Done, ErrorClass, Failed, Share, TaskScope, failure};
use crate::services::Ports;

/// What is approved now; the keys are filled in by the caller.
pub(super) fn approved(erratum: &Erratum) -> Share {
    Share {
        keys: BTreeSet::new(),
        docs: erratum.docs == Approval::Approved,
        prodsec: erratum.kind.is_security() && erratum.prodsec == Approval::Approved,
    }
}

/// Detaches the bugs of `share` from advisory `id`. `carried` is what an earlier run that was cut off had
/// set out to do: what is gone of it counts as dropped, and what it asked for as asked.
pub(super) async fn drop_from(
    scope: &TaskScope<'_>,
    errata: &Ports<dyn ErrataRead, dyn ErrataWrite>,
    id: AdvisoryId,
    share: &Share,
    carried: Option<&Share>,
) -> Done {
    let mut done = Done::default();
    let keys: Vec<String> = share.keys.iter().map(ToString::to_string).collect();
    let report = match drop_issues(&*errata.read, &*errata.write, id, &keys).await {
        Ok(report) => report,
        Err(error) => {
            let unread = Failed { unread: true, ..failed(id, error.class(), &error) };
            done.failed.push(unread);
            return done;
        }
    };
    collect(scope, id, &report, carried, &mut done);
    let Some(after) = &report.after else { return done };
    let lost = lost_approvals(&as_it_was(after, share), after);
    ask_again(errata, after, lost, carried, &mut done).await;
    done
}

fn collect(
    scope: &TaskScope<'_>,
    id: AdvisoryId,
    report: &DropReport,
    carried: Option<&Share>,
    done: &mut Done,
) {
    let was_planned = |key: &IssueKey| carried.is_some_and(|share| share.keys.contains(key));
    let parsed = |keys: &[String]| -> Vec<IssueKey> {
        keys.iter().filter_map(|key| key.parse().ok()).collect()
    };
    done.dropped.extend(parsed(&report.dropped));
    done.dropped.extend(parsed(&report.absent).into_iter().filter(was_planned));
    for (key, problem) in &report.failed {
        // A dry run removes nothing, so everything is still there.
        if scope.context().is_dry_run() {
            done.dropped.extend(key.parse::<IssueKey>());
            continue;
        }
        done.failed.push(Failed {
            source: "errata",
            target: format!("{key} of advisory {id}"),
            error: problem.clone(),
            class: ErrorClass::PreconditionFailed,
            unread: false,
        });
    }
    for surprise in &report.surprises {
        scope.warn(format!("advisory {id}: {surprise}"));
    }
}

/// The advisory with the approvals that it had before the first bug went.
fn as_it_was(after: &Erratum, share: &Share) -> Erratum {
    let or_approved = |is: bool, now| if is { Approval::Approved } else { now };
    Erratum {
        docs: or_approved(share.docs, after.docs),
        prodsec: or_approved(share.prodsec, after.prodsec),
        ..after.clone()
    }
}

async fn ask_again(
    errata: &Ports<dyn ErrataRead, dyn ErrataWrite>,
    after: &Erratum,
    lost: LostApprovals,
    carried: Option<&Share>,
    done: &mut Done,
) {
    let id = after.id;
    let asked_before = |had: bool, now| had && now == Approval::Requested;
    if lost.docs {
        match errata.write.request_docs(id).await {
            Ok(()) => done.docs.push(id),
            Err(error) => done.failed.push(failed(id, error.class(), &error)),
        }
    } else if carried.is_some_and(|share| asked_before(share.docs, after.docs)) {
        done.docs.push(id);
    }
    if lost.prodsec {
        match errata.write.request_prodsec(id).await {
            Ok(()) => done.prodsec.push(id),
            Err(error) => done.failed.push(failed(id, error.class(), &error)),
        }
    } else if carried.is_some_and(|share| asked_before(share.prodsec, after.prodsec)) {
        done.prodsec.push(id);
    }
}

fn failed(id: AdvisoryId, class: ErrorClass, error: &dyn std::error::Error) -> Failed {
    failure("errata", format!("advisory {id}"), class, error)
}
