//! Asks whether a release of the shipment has happened (spec 03 §2.6).

use oar_release::MergeRequest;

use super::load::{Shipment, load_shipment};
use crate::error::GitLabError;
use crate::gate::{GateReport, ReleaseStage, SeenSuccess, newest};
use crate::port::GitLabRead;
use crate::project::Project;
use crate::shipment::ShipmentError;
use crate::types::{Job, MrInfo, Pipeline};

/// The verdict on one release of the shipment: the label first, without asking for pipelines; else
/// the newest pipeline's jobs and bridges. `before` is the label's success of an earlier look.
pub async fn release_gate(
    gitlab: &dyn GitLabRead,
    mr: &MergeRequest,
    info: &MrInfo,
    stage: ReleaseStage,
    before: Option<SeenSuccess>,
) -> Result<GateReport, GitLabError> {
    if let Some(report) = GateReport::by_label(stage, info) {
        return Ok(report);
    }
    let newest = newest_pipeline(gitlab, mr).await?;
    let newest = newest.as_ref().map(|(pipeline, jobs)| (pipeline, jobs.as_slice()));
    Ok(GateReport::by_pipeline(stage, newest, before))
}

/// The merge request's newest pipeline with its jobs and bridges; `None` when it has none.
pub async fn newest_pipeline(
    gitlab: &dyn GitLabRead,
    mr: &MergeRequest,
) -> Result<Option<(Pipeline, Vec<Job>)>, GitLabError> {
    let pipelines = gitlab.pipelines(mr).await?;
    let Some(newest) = newest(&pipelines) else { return Ok(None) };
    let project = newest.project_id.map_or_else(|| Project::from(mr.project()), Project::Id);
    let jobs = gitlab.jobs(&project, newest.id).await?;
    Ok(Some((newest.clone(), jobs)))
}

/// The release to stage, with what must be there after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageRelease {
    /// The verdict.
    pub report: GateReport,
    /// After a success: shipment files whose stage advisory is missing all the same.
    pub missing_advisories: Vec<String>,
    /// The shipment, read only after a success.
    pub shipment: Option<Shipment>,
}

impl StageRelease {
    /// Whether stage testing can begin: the release succeeded and left an advisory in every file
    /// that needs one.
    pub fn is_complete(&self) -> bool {
        self.report.is_success() && self.missing_advisories.is_empty()
    }
}

/// The verdict on the release to stage; after a success also whether every file has its advisory.
pub async fn stage_release(
    gitlab: &dyn GitLabRead,
    mr: &MergeRequest,
    before: Option<SeenSuccess>,
) -> Result<StageRelease, ShipmentError> {
    let info = gitlab.merge_request(mr).await?;
    let report = release_gate(gitlab, mr, &info, ReleaseStage::Stage, before).await?;
    if !report.is_success() {
        return Ok(StageRelease { report, missing_advisories: Vec::new(), shipment: None });
    }
    let shipment = load_shipment(gitlab, mr).await?;
    let missing = shipment.without_stage_advisory();
    let missing_advisories = missing.into_iter().map(str::to_owned).collect();
    Ok(StageRelease { report, missing_advisories, shipment: Some(shipment) })
}
