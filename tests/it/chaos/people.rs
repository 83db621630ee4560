//! The people of a journey: they decide, and do by hand what a driver left to them.

use oar_operators::Context;
use oar_operators::commands::decide;
use oar_operators::tasks::analyze_build::Decision;
use oar_operators::tasks::{
    change_advisory_status, check_cve_tracker_bug, image_consistency_check, image_signed_check,
    push_to_cdn_staging, stage_testing, take_ownership,
};
use oar_release::Task;

use crate::machine::release;

/// What a person says about the rejected tests of the promoted build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Accept,
    Reject,
}

/// Decides; whether the word is recorded.
pub async fn decide(context: &Context, word: Word) -> bool {
    let reason = "looked at by the person of this test".parse().expect("a reason");
    let decision = match word {
        Word::Accept => Decision::Accept(reason),
        Word::Reject => Decision::Reject(reason),
    };
    let subject = decide::subject(Task::AnalyzePromotedBuild);
    let told = decide::run(context, &release(), subject, &decision).await;
    told.is_ok_and(|report| report.statebox.written)
}

/// Runs the command of a task that failed or is blocked, as a person does.
pub async fn retry(context: &Context, task: Task) {
    let release = release();
    let lead = "lead@example.com";
    let _report = match task {
        Task::TakeOwnership => take_ownership::run(context, &release, lead).await,
        Task::CheckCveTrackerBug => check_cve_tracker_bug::run(context, &release, true).await,
        Task::PushToCdnStaging => push_to_cdn_staging::run(context, &release).await,
        Task::StageTesting => {
            stage_testing::run(context, &release, stage_testing::Request::Start).await
        }
        Task::ImageConsistencyCheck => {
            let backend = image_consistency_check::Backend::Prow;
            let request = image_consistency_check::Request::Start { backend, force: false };
            image_consistency_check::run(context, &release, &request).await
        }
        Task::ImageSignedCheck => {
            let archs = [oar_release::Arch::Amd64];
            image_signed_check::run(context, &release, &archs).await
        }
        Task::ChangeAdvisoryStatus => {
            let target = oar_errata::TargetState::RelPrep;
            let options = change_advisory_status::Options { target, allow_draft: false };
            change_advisory_status::run(context, &release, options).await
        }
        _ => return,
    };
}
