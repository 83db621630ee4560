#![doc = include_str!("../README.md")]

pub mod discovery;
mod edit;
mod error;
mod initial;
mod issue;
mod job;
mod json;
mod merge;
mod metadata;
mod model;
mod notification;
pub mod overview;
mod query;
mod read;
mod stamps;
mod store;
mod task;
mod tracking;
mod write;

pub use edit::{Edited, edit};
pub use error::StateBoxError;
pub use initial::InitialState;
pub use issue::NewIssue;
pub use job::{CLAIM_VALID_FOR, Claim, ClaimRequest, Replaces};
pub use json::{from_json, to_json};
pub use merge::{Merged, merge};
pub use model::{Issue, Metadata, Notification, StateBox, TaskRecord};
pub use query::IssueFilter;
pub use store::{Initialised, Loaded, Saved, StateBoxStore, Who, path_of};
pub use task::{Expected, JobChange, RESULT_LIMIT, TaskUpdate, parse_task};
pub use tracking::{TrackedRelease, TrackingFile};
