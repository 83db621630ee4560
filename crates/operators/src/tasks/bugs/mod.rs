//! What the commands on a release's bugs and container tests have in common (spec 02 §7.2, §7.3,
//! §7.6): which releases they are for, the list of bugs, the words of their messages.

pub mod check_greenwave_cvp_tests;
pub mod drop_bugs;
mod list;
mod plan;
pub mod update_bug_list;
mod words;

use std::sync::Arc;

use oar_config::ReleaseData;
use oar_release::ReleaseVersion;

use crate::context::{Context, LegacyReport};
use crate::error::OperatorError;

/// The data of a release in the Errata flow; another flow is a wrong use of `command`, found before
/// anything but the build data was asked.
async fn errata_flow(
    context: &Context,
    release: &ReleaseVersion,
    command: &'static str,
) -> Result<Arc<ReleaseData>, OperatorError> {
    let data = context.build_data.release(release).await?;
    if data.flow.is_konflux() {
        return Err(wrong_flow(&data, release, command, "errata"));
    }
    no_sheet(context, release).await?;
    Ok(data)
}

fn wrong_flow(
    data: &ReleaseData,
    release: &ReleaseVersion,
    command: &'static str,
    wanted: &'static str,
) -> OperatorError {
    let (release, flow) = (release.clone(), data.flow.word());
    OperatorError::WrongFlow { command, wanted, release, flow }
}

/// Refuses a release whose bugs are listed in a Google Sheet: the former tool writes them there, this
/// one keeps StateBoxes, and a second list would divide the release's state (spec 01 §11).
async fn no_sheet(context: &Context, release: &ReleaseVersion) -> Result<(), OperatorError> {
    if context.boxes.load(release).await?.is_some() {
        return Ok(());
    }
    match context.legacy_reports.find(release).await? {
        LegacyReport::None => Ok(()),
        LegacyReport::NotLookedUp => {
            tracing::warn!("GCP_SA_FILE is not set: taking it that {release} has no legacy report");
            Ok(())
        }
        LegacyReport::Found { url } => {
            let problem =
                format!("{release} is tracked in a Google Sheet, which OAR does not write: {url}");
            Err(OperatorError::NotConfigured { problem })
        }
    }
}
