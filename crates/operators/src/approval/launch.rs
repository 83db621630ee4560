//! How the process of a job is started: the face of the program knows its own programs, this room does
//! not.

use std::path::PathBuf;

use async_trait::async_trait;
use oar_release::ReleaseVersion;

use super::error::ApprovalError;

/// A process that has the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launched {
    /// Its number.
    pub pid: u32,
    /// Where it logs.
    pub log_path: Option<PathBuf>,
}

/// Starts the process of a job.
#[async_trait]
pub trait LaunchJob: Send + Sync + std::fmt::Debug {
    /// Starts the job of `release`, whose record is there, and waits until its process has the lock.
    /// [`ApprovalError::Busy`] when another process was faster.
    async fn launch(&self, release: &ReleaseVersion) -> Result<Launched, ApprovalError>;
}

/// Starts nothing, for the reason it holds.
#[derive(Debug)]
pub struct NoLauncher(pub String);

#[async_trait]
impl LaunchJob for NoLauncher {
    async fn launch(&self, _release: &ReleaseVersion) -> Result<Launched, ApprovalError> {
        Err(ApprovalError::NotStarted { problem: self.0.clone() })
    }
}
