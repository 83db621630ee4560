//! What the calls add up to: the QE subtasks of a release's ticket, the issue about failed CVP tests.
//! Each reads first, decides by a pure rule, then writes.

mod cvp;
mod subtasks;

pub use cvp::{CvpOutcome, CvpTest, cvp_description, cvp_summary, report_cvp};
pub use subtasks::{SubtaskReport, Summaries, close_subtasks, take_subtasks};
