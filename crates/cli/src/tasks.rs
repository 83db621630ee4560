//! Runs the release tasks and prints what became of them.

use oar_gitlab_shipment::Project;
use oar_operators::commands::{is_shipped, qe_approval, rhcos_alerts};
use oar_operators::tasks::analyze_build::{self, Subject};
use oar_operators::tasks::bugs::{check_greenwave_cvp_tests, drop_bugs, update_bug_list};
use oar_operators::tasks::image_consistency_check::Request;
use oar_operators::tasks::{
    change_advisory_status, check_cve_tracker_bug, image_consistency_check, image_signed_check,
    push_to_cdn_staging, stage_testing, take_ownership,
};
use oar_release::version::VersionError;
use oar_release::{ReleaseVersion, TaskOutcome};

use crate::error::CliError;
use crate::exit::Exit;
use crate::oar::{AnalyzeBuild, Backend, ImageConsistencyCheck, TaskWork};
use crate::render::Printer;
use crate::run::{Ended, print, tell};
use crate::wiring::Surroundings;

pub(crate) async fn run(
    around: &Surroundings,
    printer: Printer,
    release: &ReleaseVersion,
    task: &TaskWork,
) -> Result<Ended, CliError> {
    match task {
        TaskWork::TakeOwnership(options) => {
            let context = around.context(options.dry_run.dry_run)?;
            tell(printer, &take_ownership::run(&context, release, &options.email).await)
        }
        TaskWork::CheckRhcosSecurityAlerts(dry_run) => {
            let found = rhcos_alerts::run(&around.context(dry_run.dry_run)?, release).await?;
            print(printer, &found)?;
            Ok(if found.blocking > 0 { Ended::as_exit(Exit::Failed) } else { Ended::done() })
        }
        TaskWork::IsShipped => {
            let found = is_shipped::run(&around.context(false)?, release).await?;
            print(printer, &found)?;
            Ok(match (found.determined, found.shipped) {
                (false, _) => Ended::as_exit(Exit::Undecided).with_trouble(),
                (true, false) => Ended::as_exit(Exit::Failed),
                (true, true) => Ended::done(),
            })
        }
        TaskWork::PushToCdnStaging(dry_run) => {
            let context = around.context(dry_run.dry_run)?;
            tell(printer, &push_to_cdn_staging::run(&context, release).await)
        }
        TaskWork::CheckCveTrackerBug(options) => {
            let context = around.context(options.dry_run.dry_run)?;
            let notify = !options.no_notify;
            tell(printer, &check_cve_tracker_bug::run(&context, release, notify).await)
        }
        TaskWork::UpdateBugList(options) => {
            let context = around.context(options.dry_run.dry_run)?;
            tell(printer, &update_bug_list::run(&context, release, options.tell()).await?)
        }
        TaskWork::CheckGreenwaveCvpTests(dry_run) => {
            let context = around.context(dry_run.dry_run)?;
            tell(printer, &check_greenwave_cvp_tests::run(&context, release).await?)
        }
        TaskWork::DropBugs(options) => {
            let context = around.context(options.dry_run.dry_run)?;
            let fork = around.settings.gitlab().fork_project;
            let options = drop_bugs::Options {
                keep_high_severity: options.keep_high_severity,
                shipment: options.shipment,
                fork: fork.as_deref().map(Project::from),
            };
            tell(printer, &drop_bugs::run(&context, release, &options).await?)
        }
        TaskWork::StageTesting(options) => {
            let context = around.context(options.dry_run.dry_run)?;
            let number = options.build_number;
            let request =
                number.map_or(stage_testing::Request::Start, stage_testing::Request::Build);
            tell(printer, &stage_testing::run(&context, release, request).await)
        }
        TaskWork::ImageSignedCheck(options) => {
            let mut context = around.context(options.dry_run.dry_run)?;
            if !(options.public_keys.is_empty() && options.signature_stores.is_empty()) {
                let http = around.http(around.config().as_ref().ok())?;
                let (keys, stores) = (&options.public_keys, &options.signature_stores);
                context.services.signatures = around.signatures(&http, keys, stores);
            }
            let report = image_signed_check::run(&context, release, &options.archs).await;
            let is_signed =
                matches!(report.outcome, TaskOutcome::Pass | TaskOutcome::Unchanged { .. });
            let ended = tell(printer, &report)?;
            // The one task whose plain exit code says whether the check passed (spec 00 §e).
            Ok(if is_signed { ended } else { ended.with_trouble() })
        }
        TaskWork::ImageConsistencyCheck(options) => {
            let request = wanted(options)?;
            let context = around.context(options.dry_run.dry_run)?;
            tell(printer, &image_consistency_check::run(&context, release, &request).await)
        }
        TaskWork::AnalyzeCandidateBuild(options) => {
            analyze(around, printer, release, Subject::Candidate, options).await
        }
        TaskWork::AnalyzePromotedBuild(options) => {
            analyze(around, printer, release, Subject::Promoted, options).await
        }
        TaskWork::ChangeAdvisoryStatus(options) => {
            let context = around.context(options.dry_run.dry_run)?;
            let (target, allow_draft) = (options.status, options.allow_draft);
            let options = change_advisory_status::Options { target, allow_draft };
            tell(printer, &change_advisory_status::run(&context, release, options).await)
        }
        TaskWork::AddQeApproval(options) => {
            let context = around.context(options.dry_run.dry_run)?;
            let done = qe_approval::run(&context, release, options.allow_draft).await?;
            print(printer, &done)?;
            let waiting = done.standing == qe_approval::Standing::Waiting;
            Ok(if waiting { Ended::as_exit(Exit::Undecided) } else { Ended::done() })
        }
    }
}

async fn analyze(
    around: &Surroundings,
    printer: Printer,
    release: &ReleaseVersion,
    subject: Subject,
    options: &AnalyzeBuild,
) -> Result<Ended, CliError> {
    let context = around.context(options.dry_run.dry_run)?;
    let decision = options.decision();
    tell(printer, &analyze_build::run(&context, release, subject, decision.as_ref()).await)
}

/// What the options of `image-consistency-check` ask for; an empty `-i` asks for a start.
fn wanted(options: &ImageConsistencyCheck) -> Result<Request, CliError> {
    let name = options.job_id.as_deref().map(str::trim).filter(|name| !name.is_empty());
    match (options.backend, name, options.build_number) {
        (Backend::Prow, Some(name), _) => {
            let name = name.parse();
            let name = name.map_err(|error: VersionError| CliError::usage(error.to_string()))?;
            Ok(Request::Run(name))
        }
        (Backend::Jenkins, None, Some(number)) => Ok(Request::Build(number)),
        (Backend::Prow, _, Some(_)) => {
            let hint = "image-consistency-check --backend jenkins -n NUMBER";
            Err(CliError::usage("a build number is one of Jenkins").hint(hint))
        }
        (Backend::Jenkins, Some(_), _) => {
            let hint = "image-consistency-check --backend jenkins -n NUMBER";
            Err(CliError::usage("-i names a run on Prow").hint(hint))
        }
        (backend, None, None) => {
            let backend = match backend {
                Backend::Prow => image_consistency_check::Backend::Prow,
                Backend::Jenkins => image_consistency_check::Backend::Jenkins,
            };
            Ok(Request::Start { backend, force: options.force })
        }
    }
}
