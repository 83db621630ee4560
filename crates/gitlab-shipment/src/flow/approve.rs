//! QE approval of a merge request (spec 03 §2.7).

use oar_release::MergeRequest;

use crate::error::GitLabError;
use crate::port::{GitLabRead, GitLabWrite};

/// Whether a draft may be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drafts {
    /// Drafts are refused.
    Refuse,
    /// The operator said `--allow-draft`.
    Allow,
}

/// How an approval came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// By this call.
    Given,
    /// It was there before; nothing was sent.
    AlreadyThere,
}

/// Approves exactly the commit `checked`: the head that the checks looked at.
///
/// The state is read anew. An open merge request whose head moved since is
/// [`GitLabError::HeadMoved`]; one that is not open is [`GitLabError::MrNotOpen`] with its state, so
/// that the caller can take `merged` for the success that it is (spec 08 R13).
pub async fn approve(
    read: &dyn GitLabRead,
    write: &dyn GitLabWrite,
    mr: &MergeRequest,
    checked: &str,
    drafts: Drafts,
) -> Result<Approval, GitLabError> {
    let info = read.merge_request(mr).await?;
    info.require_open()?;
    if info.is_draft() && drafts == Drafts::Refuse {
        return Err(GitLabError::Draft { url: info.web_url });
    }
    let head = info.head()?;
    if head != checked {
        return Err(GitLabError::HeadMoved {
            url: info.web_url.clone(),
            expected: checked.to_owned(),
            found: Some(head.to_owned()),
        });
    }
    let me = read.current_user().await?;
    if read.approvals(mr).await?.include(&me) {
        tracing::info!(mr = %mr, user = me.username, "already approved");
        return Ok(Approval::AlreadyThere);
    }
    write.approve(mr, checked).await?;
    Ok(Approval::Given)
}
