//! Merge requests that merge themselves when their pipeline succeeds (spec 03 §2.10).

use std::time::Duration;

use oar_release::MergeRequest;
use oar_transport::pause::sleep;
use tokio::time::Instant;

use crate::error::GitLabError;
use crate::port::{Accepted, GitLabRead, GitLabWrite};
use crate::types::{MrInfo, MrState};

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(10);
/// Time for all looks.
const PATIENCE: Duration = Duration::from_mins(5);

/// Whether a merge request can be told to merge itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Yes.
    Ready,
    /// Not yet; GitLab is still looking, or says something that this version does not know.
    Wait {
        /// GitLab's word.
        status: String,
    },
    /// Never by waiting.
    Stop {
        /// GitLab's word.
        status: String,
    },
}

/// Decides from the detailed status, or from the plain one on old servers.
pub fn readiness(mr: &MrInfo) -> Readiness {
    if mr.state != MrState::Opened {
        return Readiness::Stop { status: mr.state.to_string() };
    }
    let (status, is_ready, is_over) = match (&mr.detailed_merge_status, &mr.merge_status) {
        (Some(status), _) => {
            let ready = matches!(
                status.as_str(),
                "mergeable"
                    | "ci_still_running"
                    | "ci_must_pass"
                    | "not_approved"
                    | "discussions_not_resolved"
            );
            let over =
                matches!(status.as_str(), "conflict" | "need_rebase" | "not_open" | "draft_status");
            (status, ready, over)
        }
        (None, Some(status)) => (status, status == "can_be_merged", status == "cannot_be_merged"),
        (None, None) => return Readiness::Wait { status: "unknown".to_owned() },
    };
    let status = status.clone();
    match (is_ready, is_over) {
        (true, _) => Readiness::Ready,
        (_, true) => Readiness::Stop { status },
        _ => Readiness::Wait { status },
    }
}

/// What became of the wish. The merge request exists in every case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AutoMerge {
    /// It merges when its pipeline succeeds.
    Set,
    /// It is merged.
    Merged,
    /// It could not be set in time: a person has to.
    TimedOut {
        /// GitLab's last word.
        status: String,
    },
}

/// Waits up to 300 s for the merge request to be ready, looking every 10 s, and tells it to merge
/// itself. Stops at once where waiting cannot help.
pub async fn auto_merge(
    read: &dyn GitLabRead,
    write: &dyn GitLabWrite,
    mr: &MergeRequest,
) -> Result<AutoMerge, GitLabError> {
    let begun = Instant::now();
    loop {
        let info = read.merge_request(mr).await?;
        if info.state == MrState::Merged {
            return Ok(AutoMerge::Merged);
        }
        if info.merge_when_pipeline_succeeds {
            return Ok(AutoMerge::Set);
        }
        let status = match readiness(&info) {
            Readiness::Stop { status } => {
                return Err(GitLabError::Invalid {
                    what: format!("set {} to merge", info.web_url),
                    problem: format!("GitLab says {status}"),
                });
            }
            Readiness::Wait { status } => status,
            Readiness::Ready => match write.set_auto_merge(mr, info.head()?).await? {
                Accepted::Scheduled => return Ok(AutoMerge::Set),
                Accepted::Merged => return Ok(AutoMerge::Merged),
                Accepted::NotYet => info.detailed_merge_status.unwrap_or_default(),
            },
        };
        if begun.elapsed() + INTERVAL > PATIENCE {
            return Ok(AutoMerge::TimedOut { status });
        }
        sleep(INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mr(detailed: Option<&str>, plain: Option<&str>) -> MrInfo {
        serde_json::from_value(json!({
            "iid": 1, "project_id": 1, "title": "t", "state": "opened", "labels": [],
            "web_url": "https://gitlab.example.com/p/-/merge_requests/1", "source_branch": "s",
            "target_branch": "t", "detailed_merge_status": detailed, "merge_status": plain,
        }))
        .unwrap()
    }

    #[test]
    fn each_status_has_its_meaning() {
        let of = |detailed: &str| readiness(&mr(Some(detailed), Some("cannot_be_merged")));
        for ready in [
            "mergeable",
            "ci_still_running",
            "ci_must_pass",
            "not_approved",
            "discussions_not_resolved",
        ] {
            assert_eq!(of(ready), Readiness::Ready, "{ready}");
        }
        for wait in ["unchecked", "checking", "preparing", "approvals_syncing", "a_new_word"] {
            assert!(matches!(of(wait), Readiness::Wait { .. }), "{wait}");
        }
        for stop in ["conflict", "need_rebase", "not_open", "draft_status"] {
            assert!(matches!(of(stop), Readiness::Stop { .. }), "{stop}");
        }
    }

    #[test]
    fn old_servers_and_ended_merge_requests_are_understood() {
        assert_eq!(readiness(&mr(None, Some("can_be_merged"))), Readiness::Ready);
        assert!(matches!(readiness(&mr(None, Some("checking"))), Readiness::Wait { .. }));
        assert!(matches!(readiness(&mr(None, Some("cannot_be_merged"))), Readiness::Stop { .. }));
        assert!(matches!(readiness(&mr(None, None)), Readiness::Wait { .. }));
        let merged = MrInfo { state: MrState::Merged, ..mr(Some("mergeable"), None) };
        assert!(matches!(readiness(&merged), Readiness::Stop { .. }));
    }
}
