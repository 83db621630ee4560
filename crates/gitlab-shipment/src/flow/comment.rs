//! A comment that is there once, however often a command runs (spec 03 §2.8).

use oar_release::MergeRequest;

use crate::error::GitLabError;
use crate::note::{NotePlan, NoteText, plan_note};
use crate::port::{GitLabRead, GitLabWrite};

/// What became of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteOutcome {
    /// It was there as it should be; nothing was sent.
    Kept {
        /// Its number.
        id: u64,
    },
    /// It got a new text.
    Updated {
        /// Its number.
        id: u64,
    },
    /// It is new.
    Posted {
        /// Its number.
        id: u64,
    },
}

/// Sees to it that the comment is there once with this text. The merge request must be open.
///
/// A failure here is for the caller to report as a warning: it never undoes other work.
pub async fn put_note(
    read: &dyn GitLabRead,
    write: &dyn GitLabWrite,
    mr: &MergeRequest,
    note: &NoteText,
) -> Result<NoteOutcome, GitLabError> {
    let (info, me) = tokio::try_join!(read.merge_request(mr), read.current_user())?;
    info.require_open()?;
    match plan_note(&read.notes(mr).await?, &me, note) {
        NotePlan::Keep { id } => Ok(NoteOutcome::Kept { id }),
        NotePlan::Update { id } => {
            write.update_note(mr, id, note).await?;
            Ok(NoteOutcome::Updated { id })
        }
        NotePlan::Post => Ok(NoteOutcome::Posted { id: write.add_note(mr, note).await? }),
    }
}
