//! Runs the release tasks and prints what became of them.

use oar_operators::tasks::take_ownership;
use oar_release::ReleaseVersion;

use crate::error::CliError;
use crate::oar::TaskWork;
use crate::render::Printer;
use crate::run::{Ended, tell};
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
    }
}
