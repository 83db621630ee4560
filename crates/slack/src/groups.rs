//! User groups by handle: one list for the process, fetched again once for a handle it lacks.

use std::collections::{HashMap, HashSet};

use crate::error::SlackError;
use crate::types::{GroupId, Usergroup};

/// The cached list. Held in an asynchronous lock, so that callers that miss together share one
/// request.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    list: Option<HashMap<String, GroupId>>,
    /// Handles that a fresh list lacked.
    missing: HashSet<String>,
}

impl Groups {
    pub(crate) async fn find<F>(
        &mut self,
        handle: &str,
        fetch: impl FnOnce() -> F,
    ) -> Result<Option<GroupId>, SlackError>
    where
        F: Future<Output = Result<Vec<Usergroup>, SlackError>>,
    {
        let known = self.list.as_ref().and_then(|list| list.get(handle));
        if known.is_some() || self.missing.contains(handle) {
            return Ok(known.cloned());
        }
        let fresh = fetch().await?;
        let list: HashMap<_, _> = fresh.into_iter().map(|group| (group.handle, group.id)).collect();
        let found = list.get(handle).cloned();
        if found.is_none() {
            self.missing.insert(handle.to_owned());
        }
        self.list = Some(list);
        Ok(found)
    }
}
