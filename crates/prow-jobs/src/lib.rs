#![doc = include_str!("../README.md")]

mod accepted;
mod artifacts;
mod client;
mod current_build;
mod error;
mod file_name;
mod gcs;
mod images;
mod json_text;
pub mod junit;
mod operations;
mod order;
mod periodics;
mod prow;
mod prow_error;
mod qe_report;
mod registry;
mod registry_change;
mod report;
pub mod result_file;
mod run;
mod run_files;
pub mod sippy;
mod start;
mod streams;
pub mod test_result;
mod types;
pub mod verdict;
mod wire;

pub use accepted::newest_accepted;
pub use artifacts::{ArtifactsError, RunArtifacts};
pub use client::{HttpReleaseController, ReleaseController};
pub use current_build::{Build, MalformedBuild, ToldBuild};
pub use error::ReleaseControllerError;
pub use file_name::{FOLDER, LatestName, RegistryName, ResultName, StreamKind};
pub use gcs::{GcsAccess, HttpGcs, SCOPE};
pub use images::{Images, NoAmd64Image, image_variables, starts_from_stable};
pub use json_text::json_text;
pub use operations::OPERATIONS;
pub use order::{
    ATTEMPT_ANNOTATION, Belongs, CONSISTENCY_JOB, ConsistencyCheck, ForeignRun, OrderError,
    PayloadUrl, RunOrder,
};
pub use periodics::{
    DEFINITIONS, MalformedPeriodics, automated_config_path, automated_jobs, periodics_path,
};
pub use prow::{HttpProw, ProwRead, ProwWrite, StartedRun};
pub use prow_error::ProwError;
pub use qe_report::{MalformedReport, test_summary};
pub use registry::{
    DEFAULT_RETRIES, JobRegistry, JobSpec, MAX_RETRIES, MalformedRegistry, Remark,
    normalised_retries,
};
pub use registry_change::{ListChange, RefusedChange, RegistryChange, check_registry_change};
pub use report::{ConsistencyReport, ConsistencyVerdict, ReportedImage};
pub use result_file::{BuildVerdict, Claim, RecordedJob, RecordedRun, ResultFile};
pub use run::{
    LOST_AFTER, ProwRun, RunHandle, RunId, RunName, RunPage, RunPhase, RunSource, RunState, is_lost,
};
pub use run_files::{FileStream, RunFiles};
pub use streams::{AllTags, ReleaseStreams};
pub use types::{Phase, Promotion, Tag, ToldDigest};
pub use wire::JobNameIn;

#[cfg(feature = "mock")]
pub use artifacts::MockRunArtifacts;
#[cfg(feature = "mock")]
pub use client::MockReleaseController;
#[cfg(feature = "mock")]
pub use prow::{MockProwRead, MockProwWrite};
#[cfg(feature = "mock")]
pub use run_files::MockRunFiles;
#[cfg(feature = "mock")]
pub use streams::MockReleaseStreams;
