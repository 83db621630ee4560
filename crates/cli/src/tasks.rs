//! Runs the release tasks and prints what became of them.

use oar_operators::commands::{qe_approval, rhcos_alerts};
use oar_operators::tasks::{
    change_advisory_status, check_cve_tracker_bug, image_consistency_check, image_signed_check,
    push_to_cdn_staging, stage_testing, take_ownership,
};
use oar_prow_jobs::RunName;
use oar_release::version::VersionError;
use oar_release::{ReleaseVersion, TaskOutcome};

use crate::error::CliError;
use crate::exit::Exit;
use crate::oar::TaskWork;
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
        TaskWork::PushToCdnStaging(dry_run) => {
            let context = around.context(dry_run.dry_run)?;
            tell(printer, &push_to_cdn_staging::run(&context, release).await)
        }
        TaskWork::CheckCveTrackerBug(options) => {
            let context = around.context(options.dry_run.dry_run)?;
            let notify = !options.no_notify;
            tell(printer, &check_cve_tracker_bug::run(&context, release, notify).await)
        }
        TaskWork::StageTesting(options) => {
            let context = around.context(options.dry_run.dry_run)?;
            tell(printer, &stage_testing::run(&context, release, options.build_number).await)
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
            let name = options.job_id.as_deref().map(str::trim).filter(|name| !name.is_empty());
            let name: Option<RunName> = name
                .map(str::parse)
                .transpose()
                .map_err(|error: VersionError| CliError::usage(error.to_string()))?;
            let context = around.context(options.dry_run.dry_run)?;
            let (name, force) = (name.as_ref(), options.force);
            tell(printer, &image_consistency_check::run(&context, release, name, force).await)
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
