//! The aggregator: one pass over all builds that are not decided (spec 04 §10).

mod pass;
mod report;
mod runs;

pub use report::{AggregatorReport, BuildReport};

use super::Desk;
use crate::error::OperatorError;

/// The name of the command.
pub const COMMAND: &str = "start-aggregator";

/// One pass over the builds of one architecture.
///
/// Trouble with one file, run or label is a problem of the report and stops nothing else. An error is
/// answered only when nothing could be done.
pub async fn run(desk: &Desk) -> Result<AggregatorReport, OperatorError> {
    // Found out before the first build is accepted, not then (spec 04 §1).
    if let Err(error) = &desk.payloads {
        return Err(error.clone().into());
    }
    pass::run(desk).await
}
