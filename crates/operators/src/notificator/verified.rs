//! Whether a bug was verified before its merge (spec 02 §8.3).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use oar_github::{GitHubError, PullRequest, PullRequestId, PullRequestRead};
use oar_jira::{IssueKey, JiraRead};

use crate::report::error_chain;
use crate::services::Reach;

const VERIFIED: &str = "verified";
const LATER: &str = "verified-later";

/// Looks at the pull requests of bugs, at each once in a run.
pub(super) struct SignOffs<'a> {
    jira: &'a dyn JiraRead,
    pulls: &'a Reach<Arc<dyn PullRequestRead>>,
    organisations: &'a [String],
    known: Mutex<BTreeMap<PullRequestId, PullRequest>>,
}

impl<'a> SignOffs<'a> {
    pub(super) const fn new(
        jira: &'a dyn JiraRead,
        pulls: &'a Reach<Arc<dyn PullRequestRead>>,
        organisations: &'a [String],
    ) -> Self {
        Self { jira, pulls, organisations, known: Mutex::new(BTreeMap::new()) }
    }

    /// Whether every pull request of the bug is labelled as verified. What cannot be found out is no
    /// verification: somebody is told then who need not have been, and not the other way round.
    pub(super) async fn is_verified(&self, key: &IssueKey) -> bool {
        let Ok(pulls) = self.pulls else { return false };
        let links = match self.jira.remote_links(key).await {
            Ok(links) => links,
            Err(error) => {
                tracing::warn!("{key}: its links cannot be read: {}", error_chain(&error));
                return false;
            }
        };
        let mut ids: Vec<PullRequestId> =
            links.iter().filter_map(|link| link.parse().ok()).collect();
        ids.retain(|id: &PullRequestId| self.organisations.iter().any(|one| one == id.owner()));
        ids.sort();
        ids.dedup();
        let found = join_all(ids.iter().map(|id| self.look(&**pulls, id))).await;
        let found: Result<Vec<PullRequest>, GitHubError> = found.into_iter().collect();
        match found {
            Ok(found) => all_verified(&found),
            Err(error) => {
                tracing::warn!("{key}: a pull request cannot be read: {}", error_chain(&error));
                false
            }
        }
    }

    async fn look(
        &self,
        pulls: &dyn PullRequestRead,
        id: &PullRequestId,
    ) -> Result<PullRequest, GitHubError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = pulls.pull_request(id).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(id.clone(), found.clone());
        Ok(found)
    }
}

/// Abandoned ones do not count; without any other nothing is verified.
fn all_verified(pulls: &[PullRequest]) -> bool {
    let mut counted = pulls.iter().filter(|pull| !pull.is_abandoned).peekable();
    counted.peek().is_some()
        && counted.all(|pull| {
            let has = |wanted: &str| pull.labels.iter().any(|label| label == wanted);
            has(VERIFIED) && !has(LATER)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spec02_case_40_all_pull_requests_must_be_verified_and_none_later() {
        let pull = |labels: &[&str], is_abandoned| PullRequest {
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            is_abandoned,
        };
        let verified = || pull(&["verified"], false);
        assert!(all_verified(&[verified(), verified()]));
        assert!(!all_verified(&[verified(), pull(&["verified", "verified-later"], false)]));
        assert!(!all_verified(&[verified(), pull(&["lgtm"], false)]));
        assert!(all_verified(&[verified(), pull(&[], true)]));
        assert!(!all_verified(&[]));
        assert!(!all_verified(&[pull(&["verified"], true)]));
    }
}
