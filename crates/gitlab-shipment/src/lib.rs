#![doc = include_str!("../README.md")]

mod advisory;
mod client;
mod error;
mod flow;
pub mod gate;
mod note;
mod operations;
mod page;
mod port;
mod project;
mod read;
mod requests;
pub mod shipment;
mod suggestion;
mod types;
mod words;
mod write;

pub use advisory::{AdvisoryContent, AdvisoryImage};
pub use client::HttpGitLab;
pub use error::GitLabError;
pub use flow::{
    Approval, AutoMerge, BugDrop, Drafts, DropBugsError, DroppedBugs, NoteOutcome, Readiness,
    Shipment, StageRelease, approve, auto_merge, choose_user, drop_bugs, load_shipment,
    newest_pipeline, put_lead_note, put_note, readiness, release_gate, stage_release,
};
pub use gate::{Gate, GateReport, ReleaseStage, SeenSuccess};
pub use note::{NoteKind, NotePlan, NoteText, plan_note};
pub use operations::OPERATIONS;
pub use port::{Accepted, GitLabRead, GitLabWrite};
pub use project::Project;
pub use requests::{BranchStart, FileUpdate, MrQuery, NewCommit, NewMergeRequest, Suggestion};
pub use shipment::{ShipmentError, ShipmentFile};
pub use suggestion::suggestion;
pub use types::{
    Approval as UserApproval, Approvals, Branch, BranchCommit, ChangedFile, DiffRefs, Downstream,
    FileText, HeadPipeline, Job, JobStatus, MrInfo, MrState, Note, Pipeline, User,
};

#[cfg(feature = "mock")]
pub use port::{MockGitLabRead, MockGitLabWrite};
