//! `is-shipped`: whether a release is out (spec 06 §4); reads only.
//!
//! Advisories and shipment are asked at the same time, each for at most 30 s. What does not answer is
//! in the details, and is never taken for a yes.

pub mod rule;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use oar_config::ReleaseData;
use oar_errata::{AdvisoryId, AdvisoryMap, Impetus};
use oar_gitlab_shipment::{ReleaseStage, release_gate};
use oar_release::time::stamp;
use oar_release::{Flow, MergeRequest, ReleaseVersion};
use serde::{Serialize, Serializer};

use crate::context::Context;
use crate::error::OperatorError;
use crate::report::error_chain;
use rule::{Advisory, ListedAdvisory, Shipment, Verdict, judge};

/// How long each system may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The answer.
#[derive(Debug, Serialize)]
pub struct Shipped {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// The release.
    pub release: ReleaseVersion,
    /// QE is done with it; false also while that is not known.
    pub shipped: bool,
    /// Users have it; false also while that is not known.
    pub live: bool,
    /// Whether everything that decides `shipped` is known.
    pub determined: bool,
    /// `errata` or `konflux`; `konflux-pending` while ART has not made the merge request.
    pub flow_type: &'static str,
    /// One text per question.
    pub details: BTreeMap<String, String>,
    /// The advisories.
    pub advisories: Vec<ListedAdvisory>,
    /// When it was looked up.
    #[serde(serialize_with = "stamp_text")]
    pub checked_at: Timestamp,
}

fn stamp_text<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&stamp(*at))
}

/// Looks whether `release` is shipped. Without ART's data nobody knows where to look, which is an
/// error.
pub async fn run(context: &Context, release: &ReleaseVersion) -> Result<Shipped, OperatorError> {
    let data = context.build_data.release(release).await?;
    let verdict = look(context, &data).await;
    let masked = |text: String| context.masker.mask(&text).into_owned();
    Ok(Shipped {
        schema: "oar.shipped/1",
        release: release.clone(),
        shipped: verdict.shipped == Some(true),
        live: verdict.live == Some(true),
        determined: verdict.shipped.is_some(),
        flow_type: data.flow.word(),
        details: verdict.details.into_iter().map(|(key, text)| (key, masked(text))).collect(),
        advisories: verdict.advisories,
        checked_at: context.clock.now(),
    })
}

/// Asks everybody and judges.
async fn look(context: &Context, data: &ReleaseData) -> Verdict {
    let map = crate::tasks::advisory_map(data);
    let (advisories, shipment) =
        tokio::join!(advisories(context, &map), shipment(context, &data.flow));
    judge(&data.flow, &advisories, &shipment)
}

/// The answer of `asked`, or why there is none; in words.
async fn patiently<T, E: std::error::Error>(
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|error| error_chain(&error)),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

async fn advisories(context: &Context, map: &AdvisoryMap) -> Vec<Advisory> {
    let created = map.created.iter().map(|(impetus, id)| advisory(context, impetus, *id));
    let mut found = join_all(created).await;
    let planned = map.not_created.iter().cloned();
    found.extend(planned.map(|impetus| Advisory { impetus, id: None, state: Ok(None) }));
    found
}

async fn advisory(context: &Context, impetus: &Impetus, id: AdvisoryId) -> Advisory {
    let state = match &context.services.errata {
        Ok(errata) => patiently(errata.read.erratum(id)).await.map(|found| Some(found.state)),
        Err(error) => Err(error.to_string()),
    };
    Advisory { impetus: impetus.clone(), id: Some(id.0), state }
}

async fn shipment(context: &Context, flow: &Flow) -> Shipment {
    let mr = match flow {
        Flow::Errata => return Shipment::NotApplicable,
        Flow::KonfluxPending => return Shipment::NotCreated,
        Flow::Konflux { mr } => mr,
    };
    read(context, mr).await.unwrap_or_else(Shipment::Unread)
}

async fn read(context: &Context, mr: &MergeRequest) -> Result<Shipment, String> {
    let gitlab = context.services.gitlab.as_ref().map_err(ToString::to_string)?;
    let info = patiently(gitlab.read.merge_request(mr)).await?;
    let gate = release_gate(&*gitlab.read, mr, &info, ReleaseStage::Prod, None);
    let production = patiently(gate).await.map(|report| report.is_success());
    Ok(Shipment::Read { state: info.state, production })
}
