#![doc = include_str!("../README.md")]

mod build;
mod client;
mod error;
mod headers;
mod operations;
mod order;
mod queue;
mod types;

pub use build::{Build, BuildPhase, BuildResult, ForeignBuild};
pub use client::{HttpJenkins, JenkinsRead, JenkinsWrite};
pub use error::JenkinsError;
pub use headers::{BadHeader, ExtraHeaders};
pub use operations::OPERATIONS;
pub use order::{BuildOrder, JenkinsJob, NoMetadataAdvisory, Shipment, UnsupportedJob};
pub use queue::{JobAddress, Look, Pending, QueueItem, QueueState};

#[cfg(feature = "mock")]
pub use client::{MockJenkinsRead, MockJenkinsWrite};
