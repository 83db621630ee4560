//! The kernel stop-ship check: no operating system image with a kernel that must not ship (spec 02
//! §3.11; R31).

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde::Serialize;

use crate::brew::BrewRead;
use crate::client::ErrataRead;
use crate::error::AdvisoryError;
use crate::words::{AdvisoryId, Impetus};

/// Packages, and the tag that must not be on their builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopShipRule {
    /// The packages inside of the image.
    pub packages: Vec<String>,
    /// The tag in Koji.
    pub tag: String,
}

impl Default for StopShipRule {
    /// What holds when the build data names nothing else.
    fn default() -> Self {
        let packages = ["kernel", "kernel-rt"].map(str::to_owned).into();
        Self { packages, tag: "early-kernel-stop-ship".to_owned() }
    }
}

/// A kernel that must not ship.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tagged {
    /// The advisory.
    pub advisory: AdvisoryId,
    /// The image that holds it.
    pub image: String,
    /// The kernel.
    pub kernel: String,
    /// The tag.
    pub tag: String,
}

/// What the check found on one advisory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum StopShip {
    /// This kind of advisory holds no kernel.
    NotApplicable,
    /// The advisory holds no image of the operating system; worth a warning.
    NoImage,
    /// No tag; the kernels that were looked at.
    Clear(Vec<String>),
    /// At least one kernel must not ship.
    Tagged(Vec<Tagged>),
}

/// Checks every operating system image, of every architecture, of advisory `id`. An image that
/// cannot be looked into, or holds none of the packages, is an error and never "clear".
pub async fn check_stop_ship(
    errata: &dyn ErrataRead,
    brew: &dyn BrewRead,
    impetus: &Impetus,
    id: AdvisoryId,
    rules: &[StopShipRule],
) -> Result<StopShip, AdvisoryError> {
    if !matches!(impetus, Impetus::Image | Impetus::Rhcos) {
        tracing::info!(%id, %impetus, "no kernel to check in this kind of advisory");
        return Ok(StopShip::NotApplicable);
    }
    let builds = errata.builds(id).await?;
    let images: BTreeSet<String> =
        builds.into_iter().map(|build| build.nvr).filter(|nvr| nvr.starts_with("rhcos-")).collect();
    if images.is_empty() {
        tracing::warn!(%id, %impetus, "the advisory has no RHCOS build: no kernel to check");
        return Ok(StopShip::NoImage);
    }
    let defaults = [StopShipRule::default()];
    let rules = if rules.is_empty() { &defaults } else { rules };
    let kernels = kernels_of(brew, images, rules).await?;
    let distinct: BTreeSet<&str> = kernels.iter().map(|(_, kernel, _)| kernel.as_str()).collect();
    let distinct: Vec<&str> = distinct.into_iter().collect();
    let mut tags = Vec::new();
    for (kernel, answer) in
        distinct.iter().zip(join_all(distinct.iter().map(|k| brew.tags(k))).await)
    {
        tags.push((*kernel, answer?));
    }
    let has = |kernel: &str, tag: &str| {
        tags.iter().any(|(known, tags)| *known == kernel && tags.iter().any(|one| one == tag))
    };
    let tagged: Vec<Tagged> = kernels
        .iter()
        .filter(|(_, kernel, tag)| has(kernel, tag))
        .map(|(image, kernel, tag)| Tagged {
            advisory: id,
            image: image.clone(),
            kernel: kernel.clone(),
            tag: tag.clone(),
        })
        .collect();
    if tagged.is_empty() {
        return Ok(StopShip::Clear(distinct.into_iter().map(str::to_owned).collect()));
    }
    Ok(StopShip::Tagged(tagged))
}

/// Image, kernel and the tag that must not be on it.
async fn kernels_of(
    brew: &dyn BrewRead,
    images: BTreeSet<String>,
    rules: &[StopShipRule],
) -> Result<Vec<(String, String, String)>, AdvisoryError> {
    let mut packages: Vec<String> = rules.iter().flat_map(|rule| rule.packages.clone()).collect();
    packages.sort_unstable();
    packages.dedup();
    let mut kernels = Vec::new();
    let asked = join_all(images.iter().map(|image| brew.components(image, &packages))).await;
    for (image, components) in images.iter().zip(asked) {
        let components = components?;
        if components.is_empty() {
            let packages = packages.join(", ");
            return Err(AdvisoryError::NoKernel { nvr: image.clone(), packages });
        }
        for component in components {
            for rule in rules.iter().filter(|rule| rule.packages.contains(&component.name)) {
                kernels.push((image.clone(), component.nvr.clone(), rule.tag.clone()));
            }
        }
    }
    Ok(kernels)
}
