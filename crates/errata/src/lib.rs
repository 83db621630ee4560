#![doc = include_str!("../README.md")]

mod brew;
mod client;
mod error;
mod kerberos;
mod koji;
mod operations;
mod pages;
mod read;
mod request;
mod state;
mod types;
mod wire;
mod words;
mod write;

pub use brew::{BrewRead, Component, HttpBrew};
pub use client::{ErrataRead, ErrataWrite, HttpErrata};
pub use error::AdvisoryError;
pub use kerberos::Kerberos;
pub use operations::OPERATIONS;
pub use state::{AdvisoryState, IllegalMove, NotATarget, StateMove, TargetState};
pub use types::{
    Approval, Build, Comment, CvpStatus, CvpTest, Erratum, IssueAdvisory, PushJob, PushStatus,
    SecurityAlert, SecurityAlerts, StagePushGuard, User,
};
pub use words::{AdvisoryId, ErratumKind, Impetus};

#[cfg(feature = "mock")]
pub use brew::MockBrewRead;
#[cfg(feature = "mock")]
pub use client::{MockErrataRead, MockErrataWrite};
