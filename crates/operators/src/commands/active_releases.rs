//! `active-releases`: every release in work, those that need somebody first (spec 01 §8.2–8.3).

use oar_release::ReleaseVersion;
use oar_statebox::discovery;
use oar_statebox::overview::{self, Overview};
use serde::Serialize;

use crate::context::Context;
use crate::error::OperatorError;

/// The report.
#[derive(Debug, Serialize)]
pub struct ActiveReleases {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// Releases in work.
    pub releases: Vec<ActiveRelease>,
    /// Announced releases without a StateBox.
    pub not_initialised: Vec<ReleaseVersion>,
    /// Files that could not be read; the others are reported nevertheless.
    pub problems: Vec<String>,
}

/// One release in work.
#[derive(Debug, Serialize)]
pub struct ActiveRelease {
    /// The release.
    pub release: ReleaseVersion,
    /// Its overview.
    #[serde(serialize_with = "super::status::overview_object")]
    pub overview: Overview,
}

/// Reads all StateBoxes and keeps those whose release date is not past by more than `keep_days`.
pub async fn run(context: &Context, keep_days: i32) -> Result<ActiveReleases, OperatorError> {
    let now = context.clock.now();
    let found = discovery::discover(context.state.as_ref(), now, keep_days).await?;
    let mut overviews: Vec<Overview> =
        found.active.iter().map(|state| Overview::of(state, None, now)).collect();
    overview::sort(&mut overviews);
    let releases = overviews
        .into_iter()
        .map(|overview| ActiveRelease { release: overview.release.clone(), overview })
        .collect();
    let problem = |file: &discovery::BrokenFile| format!("{}: {}", file.path, file.problem);
    Ok(ActiveReleases {
        schema: "oar.active-releases/1",
        releases,
        not_initialised: found.not_initialised.into_iter().map(|tracked| tracked.release).collect(),
        problems: found.broken.iter().map(problem).collect(),
    })
}
