//! What several tasks need.

use std::sync::Arc;
use std::time::Duration;

use oar_config::ReleaseData;
use oar_errata::{AdvisoryId, AdvisoryMap};
use oar_gitlab_shipment::stage_release;
use oar_registry::ImageRef;
use oar_release::{ErrorClass, Flow, TaskOutcome};
use oar_statebox::StateBox;

use crate::runner::{Stage, TaskError, TaskScope};

/// When another look at the stage release makes sense (spec 01 §12.2).
pub(super) const RECHECK: Duration = Duration::from_mins(15);

/// Nothing was started and nothing is wrong.
pub(super) fn unchanged(reason: impl Into<String>) -> TaskOutcome {
    TaskOutcome::Unchanged { reason: reason.into() }
}

/// The release's StateBox, which the task needs: it keeps what must not be done twice.
pub(super) async fn begun(scope: &TaskScope<'_>) -> Result<StateBox, TaskError> {
    let release = scope.release();
    let state = scope.context().boxes.require(release).await.map_err(|error| {
        TaskError::reading(&error).hint(format!("`oar -r {release} create-test-report` creates it"))
    })?;
    scope.began_at(&state);
    Ok(state)
}

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

/// What must happen before tests of the payload make sense; `None` when they do.
pub(super) async fn waits_for(
    scope: &TaskScope<'_>,
    flow: &Flow,
) -> Result<Option<String>, TaskError> {
    let gate = async {
        let mr = match flow {
            Flow::Errata => return Ok(None),
            Flow::KonfluxPending => {
                return Ok(Some("ART has not made the shipment merge request yet".to_owned()));
            }
            Flow::Konflux { mr } => mr,
        };
        let gitlab = scope.context().services.gitlab.as_ref().map_err(TaskError::reading)?;
        let release = stage_release(&*gitlab.read, mr, None).await;
        let release = release.map_err(|error| TaskError::reading(&error))?;
        if release.is_complete() {
            return Ok(None);
        }
        let missing = match release.missing_advisories.as_slice() {
            [] => String::new(),
            files => format!("; without advisory: {}", files.join(", ")),
        };
        Ok(Some(format!("waiting for the stage release of {mr}: {}{missing}", release.report)))
    };
    let (gate, promoted) = tokio::join!(gate, is_promoted(scope));
    Ok(match (gate?, promoted?) {
        (Some(reason), _) => Some(reason),
        (None, false) => {
            Some(format!("the payload of {} is not in the registry yet", scope.release()))
        }
        (None, true) => None,
    })
}

/// Whether the payload's tag exists.
async fn is_promoted(scope: &TaskScope<'_>) -> Result<bool, TaskError> {
    let release = scope.release();
    let registry = scope.context().services.registry.as_ref().map_err(TaskError::reading)?;
    let tag = format!("quay.io/openshift-release-dev/ocp-release:{release}-x86_64");
    let image: ImageRef = tag
        .parse()
        .map_err(|error| TaskError::new(ErrorClass::InvalidArgument, Stage::Reading, &error))?;
    let digest = registry.digest(&image).await.map_err(|error| TaskError::reading(&error))?;
    Ok(digest.is_some())
}
