//! From a node of the plan to the command that does it, and what that says to a driver.

use jiff::SignedDuration;
use oar_errata::TargetState;
use oar_release::workflow::{Attempted, Node, TaskPlan, Verdict};
use oar_release::{ErrorClass, ReleaseVersion, Task, TaskOutcome};

use crate::commands::{create_test_report, rhcos_alerts};
use crate::context::Context;
use crate::error::OperatorError;
use crate::report::{CommandReport, error_chain};
use crate::tasks::analyze_build::{self, Subject};
use crate::tasks::bugs::{check_greenwave_cvp_tests, update_bug_list};
use crate::tasks::{
    change_advisory_status, check_cve_tracker_bug, image_consistency_check, image_signed_check,
    push_to_cdn_staging, stage_testing, take_ownership,
};

/// How a command ended, for people and for the driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Done {
    /// The outcome's word.
    pub(super) outcome: &'static str,
    /// Why, masked.
    pub(super) reason: Option<String>,
    /// What the driver makes of it.
    pub(super) attempted: Attempted,
}

/// Runs the command that `row` asks for. `owner` is who takes ownership.
pub(super) async fn act(
    context: &Context,
    release: &ReleaseVersion,
    row: &TaskPlan,
    owner: Option<&str>,
) -> Done {
    // To be recorded only: between the plan and its turn somebody else may have done so, and then the
    // same command would start the job once more.
    let is_poll = row.verdict == Verdict::Poll;
    let task = match row.task {
        Node::Task(task) => task,
        Node::SecurityAlerts => return alerts(context, release).await,
        Node::Promotion | Node::Shipped => {
            unreachable!("nobody here promotes or ships, and no plan offers it")
        }
    };
    let report = match task {
        Task::CreateTestReport => return created(context, release).await,
        Task::TakeOwnership => {
            take_ownership::run(context, release, owner.unwrap_or_default()).await
        }
        Task::CheckCveTrackerBug => check_cve_tracker_bug::run(context, release, true).await,
        Task::PushToCdnStaging => push_to_cdn_staging::run(context, release).await,
        Task::ImageConsistencyCheck => {
            use image_consistency_check::{Backend, Request};
            let start = Request::Start { backend: Backend::Prow, force: false };
            let request = if is_poll { Request::Recorded } else { start };
            image_consistency_check::run(context, release, &request).await
        }
        Task::StageTesting => {
            use stage_testing::Request;
            let request = if is_poll { Request::Recorded } else { Request::Start };
            stage_testing::run(context, release, request).await
        }
        Task::AnalyzeCandidateBuild => {
            analyze_build::run(context, release, Subject::Candidate, None).await
        }
        Task::AnalyzePromotedBuild => {
            analyze_build::run(context, release, Subject::Promoted, None).await
        }
        Task::ImageSignedCheck => {
            let archs = [oar_release::Arch::Amd64];
            image_signed_check::run(context, release, &archs).await
        }
        Task::ChangeAdvisoryStatus => {
            let (target, allow_draft) = (TargetState::RelPrep, false);
            let options = change_advisory_status::Options { target, allow_draft };
            change_advisory_status::run(context, release, options).await
        }
        Task::UpdateBugList => {
            let tell = update_bug_list::Tell::Contacts;
            match update_bug_list::run(context, release, tell).await {
                // The contacts need their time: one look in the morning, one in the evening.
                Ok(report) if matches!(report.outcome, TaskOutcome::InProgress { .. }) => {
                    let attempted = Attempted::Waits(Some(SignedDuration::from_hours(12)));
                    return Done { attempted, ..reported(&report) };
                }
                Ok(report) => report,
                Err(error) => return failed(context, &error),
            }
        }
        Task::CheckGreenwaveCvpTests => {
            match check_greenwave_cvp_tests::run(context, release).await {
                Ok(report) => report,
                Err(error) => return failed(context, &error),
            }
        }
        Task::DropBugs => unreachable!("a driver leaves it to people"),
    };
    reported(&report)
}

async fn created(context: &Context, release: &ReleaseVersion) -> Done {
    match create_test_report::run(context, release).await {
        Ok(created) => {
            let (outcome, reason) =
                (created.outcome.word(), created.outcome.reason().map(str::to_owned));
            Done { outcome, reason, attempted: attempted(&created.outcome, None) }
        }
        Err(error) => failed(context, &error),
    }
}

async fn alerts(context: &Context, release: &ReleaseVersion) -> Done {
    match rhcos_alerts::run(context, release).await {
        Ok(found) => {
            let blocking = (found.blocking > 0)
                .then(|| format!("{} alerts block: contact product security", found.blocking));
            let trouble = found.warnings.first().cloned();
            let attempted = match trouble {
                Some(_) => Attempted::Unclear { transient: true },
                None => Attempted::Passed,
            };
            Done { outcome: "pass", reason: trouble.or(blocking), attempted }
        }
        Err(error) => failed(context, &error),
    }
}

/// A command that could not begin.
fn failed(context: &Context, error: &OperatorError) -> Done {
    let transient = is_transient(error.class());
    let reason = context.masker.mask(&error_chain(error)).into_owned();
    let attempted = Attempted::Unclear { transient };
    Done { outcome: "undetermined", reason: Some(reason), attempted }
}

fn reported(report: &CommandReport) -> Done {
    let outcome = report.outcome.word();
    if let Some(problem) = &report.statebox.error {
        // What is not recorded is not done: the command finds its own work when it runs again.
        let reason = Some(format!("{outcome}, and that is not recorded: {problem}"));
        return Done { outcome, reason, attempted: Attempted::Unclear { transient: true } };
    }
    let class = report.error.as_ref().map(|error| error.code);
    let reason = report.error.as_ref().map(|error| error.message.clone());
    let reason = reason.or_else(|| report.reason.clone());
    Done { outcome, reason, attempted: attempted(&report.outcome, class) }
}

fn attempted(outcome: &TaskOutcome, class: Option<ErrorClass>) -> Attempted {
    let transient = class.is_some_and(is_transient);
    match outcome {
        TaskOutcome::Pass => Attempted::Passed,
        TaskOutcome::InProgress { .. } => Attempted::Started,
        TaskOutcome::Unchanged { .. } => Attempted::Waits(None),
        TaskOutcome::Waiting { recheck, .. } => {
            Attempted::Waits(recheck.and_then(|wait| SignedDuration::try_from(wait).ok()))
        }
        // Its job ended without a verdict: a new one is started after a moment.
        TaskOutcome::Reset => Attempted::Failed { transient: true },
        TaskOutcome::Fail { .. } => Attempted::Failed { transient },
        TaskOutcome::Undetermined { .. } => Attempted::Unclear { transient },
    }
}

/// Network, rate limits, servers' errors, another writer: it passes by itself (spec 01 §12.5).
const fn is_transient(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::UpstreamUnavailable
            | ErrorClass::Timeout
            | ErrorClass::Conflict
            | ErrorClass::Busy
            | ErrorClass::Undetermined
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_pass_and_missing_credentials_do_not() {
        let unknown = TaskOutcome::Undetermined { error: "503".to_owned() };
        let of = |class| attempted(&unknown, Some(class));
        assert_eq!(of(ErrorClass::UpstreamUnavailable), Attempted::Unclear { transient: true });
        assert_eq!(
            of(ErrorClass::UnauthenticatedUpstream),
            Attempted::Unclear { transient: false }
        );
        assert_eq!(of(ErrorClass::PreconditionFailed), Attempted::Unclear { transient: false });
        let fail = TaskOutcome::Fail { error: "bug missed".to_owned() };
        assert_eq!(attempted(&fail, None), Attempted::Failed { transient: false });
        assert_eq!(attempted(&TaskOutcome::Reset, None), Attempted::Failed { transient: true });
    }
}
