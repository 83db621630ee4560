#![doc = include_str!("../README.md")]

mod alerts;
mod approval;
mod brew;
mod client;
mod cve;
mod cvp;
mod elliott;
mod error;
mod issues;
mod kerberos;
mod koji;
mod operations;
mod owners;
mod pages;
mod process;
mod push;
mod read;
mod request;
mod staging;
mod state;
mod stop_ship;
mod types;
mod wire;
mod words;
mod working_set;
mod write;

pub use alerts::{CurrentAlerts, current_alerts};
pub use approval::{Action, ApprovalEntry, ApprovalReport, Approver};
pub use brew::{BrewRead, Component, HttpBrew};
pub use client::{ErrataRead, ErrataWrite, HttpErrata};
pub use cve::{Attached, CveVerdict, Misplaced, Side, Tracker, find_missed, shipped_keys};
pub use cvp::{CvpReport, check_cvp};
pub use elliott::{
    BuildSystem, Elliott, ElliottConfig, ElliottError, FindTrackers, TrackerReport, Trackers,
};
pub use error::AdvisoryError;
pub use issues::{DropReport, LostApprovals, drop_issues, lost_approvals};
pub use kerberos::Kerberos;
pub use operations::OPERATIONS;
pub use owners::{Abnormal, OwnersReport, change_owners};
pub use process::{Ended, LocalProcesses, ProcessError, ProcessOutput, ProcessSpec, RunProcess};
pub use push::{MAX_RETRIGGERS, StagePush, TargetStatus, stage_push, stage_targets};
pub use staging::{Progress, PushEntry, PushReport, push_to_staging};
pub use state::{AdvisoryState, IllegalMove, NotATarget, StateMove, TargetState};
pub use stop_ship::{StopShip, StopShipRule, Tagged, check_stop_ship};
pub use types::{
    Approval, Build, Comment, CvpStatus, CvpTest, Erratum, IssueAdvisory, PushJob, PushStatus,
    SecurityAlert, SecurityAlerts, StagePushGuard, User,
};
pub use words::{AdvisoryId, ErratumKind, Impetus};
pub use working_set::{AdvisoryMap, Member, StateOf, WorkingSet, all_shipped_enough, states};

#[cfg(feature = "mock")]
pub use brew::MockBrewRead;
#[cfg(feature = "mock")]
pub use client::{MockErrataRead, MockErrataWrite};
#[cfg(feature = "mock")]
pub use elliott::MockFindTrackers;
#[cfg(feature = "mock")]
pub use process::MockRunProcess;
