//! `status`: what one release's StateBox says, read once.

use oar_release::ReleaseVersion;
use oar_statebox::StateBox;
use oar_statebox::overview::Overview;
use serde::Serialize;

use crate::context::Context;
use crate::error::OperatorError;

/// The state of one release.
#[derive(Debug, Serialize)]
pub struct ReleaseStatus {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// The release.
    pub release: ReleaseVersion,
    /// Where it is kept, for people.
    pub location: String,
    /// One word, phase, countdown, progress.
    #[serde(serialize_with = "overview_object")]
    pub overview: Overview,
    /// The StateBox itself, same keys and order as in the file.
    #[serde(serialize_with = "as_in_the_file")]
    pub state: StateBox,
}

/// Reads the StateBox of `release`; a missing one is an error, never a default.
pub async fn run(
    context: &Context,
    release: &ReleaseVersion,
) -> Result<ReleaseStatus, OperatorError> {
    let state = load(context, release).await?;
    // Whether the release is shipped is a question to the Errata Tool, not to the StateBox.
    let overview = Overview::of(&state, None, context.clock.now());
    Ok(ReleaseStatus {
        schema: "oar.status/1",
        release: release.clone(),
        location: context.state.location(),
        overview,
        state,
    })
}

/// The StateBox of `release`, or the error that says that there is none.
pub async fn load(context: &Context, release: &ReleaseVersion) -> Result<StateBox, OperatorError> {
    context.boxes.load(release).await?.ok_or_else(|| OperatorError::NoStateBox {
        release: release.clone(),
        location: context.state.location(),
    })
}

fn as_in_the_file<S: serde::Serializer>(
    state: &StateBox,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    state.to_json().serialize(serializer)
}

/// An overview as other programs read it.
pub(crate) fn overview_object<S: serde::Serializer>(
    view: &Overview,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serde_json::json!({
        "status": view.status.name(),
        "phase": view.phase,
        "passed": view.passed,
        "total": view.total,
        "days_left": view.days_left,
        "countdown": view.countdown(),
        "has_non_blocking": view.has_non_blocking,
        "issues": view.issues,
    })
    .serialize(serializer)
}
