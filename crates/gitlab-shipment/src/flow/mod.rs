//! What the calls add up to: loading a shipment, the release gate, approval, comments, merge requests
//! that merge themselves, dropping bugs. Each reads first, decides by a pure rule, then writes.

mod approve;
mod auto_merge;
mod comment;
mod drop_bugs;
mod lead;
mod load;
mod stage;

pub use approve::{Approval, Drafts, approve};
pub use auto_merge::{AutoMerge, Readiness, auto_merge, readiness};
pub use comment::{NoteOutcome, put_note};
pub use drop_bugs::{BugDrop, DropBugsError, DroppedBugs, drop_bugs};
pub use lead::{choose_user, put_lead_note};
pub use load::{Shipment, load_shipment};
pub use stage::{StageRelease, newest_pipeline, release_gate, stage_release};
