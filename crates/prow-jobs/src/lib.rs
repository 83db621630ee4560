#![doc = include_str!("../README.md")]

mod client;
mod error;
mod operations;
mod order;
mod prow;
mod prow_error;
mod report;
mod run;
mod start;
pub mod test_result;
mod types;
mod wire;

pub use client::{HttpReleaseController, ReleaseController};
pub use error::ReleaseControllerError;
pub use operations::OPERATIONS;
pub use order::{
    ATTEMPT_ANNOTATION, Belongs, CONSISTENCY_JOB, ConsistencyCheck, ForeignRun, OrderError,
    PayloadUrl, RunOrder,
};
pub use prow::{HttpProw, ProwRead, ProwWrite, StartedRun};
pub use prow_error::ProwError;
pub use report::{ConsistencyReport, ConsistencyVerdict, ReportedImage};
pub use run::{
    LOST_AFTER, ProwRun, RunHandle, RunId, RunName, RunPage, RunPhase, RunSource, RunState, is_lost,
};
pub use types::{Phase, Promotion, Tag, ToldDigest};
pub use wire::JobNameIn;

#[cfg(feature = "mock")]
pub use client::MockReleaseController;
#[cfg(feature = "mock")]
pub use prow::{MockProwRead, MockProwWrite};
