//! What several tasks need.

use std::sync::Arc;

use oar_config::ReleaseData;
use oar_errata::{AdvisoryId, AdvisoryMap};

use crate::runner::{TaskError, TaskScope};

/// ART's data about the task's release.
pub(super) async fn release_data(scope: &TaskScope<'_>) -> Result<Arc<ReleaseData>, TaskError> {
    let data = scope.context().build_data.release(scope.release()).await;
    data.map_err(|error| TaskError::reading(&error))
}

/// The advisories in ART's data.
pub(crate) fn advisory_map(data: &ReleaseData) -> AdvisoryMap {
    let created = data.advisories.iter().map(|(kind, id)| (kind.as_str(), *id));
    AdvisoryMap::new(created, data.not_created.iter().map(String::as_str))
}

/// `990031, 990032`.
pub(super) fn listed(ids: &[AdvisoryId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
