//! `start-release-detector`: creates the StateBox of every announced release that has none
//! (spec 01 §9).

use oar_release::{ReleaseVersion, YStream};
use oar_statebox::discovery::{self, Discovery, Stream};
use serde::Serialize;

use super::create_test_report;
use crate::context::Context;
use crate::error::OperatorError;
use crate::report::error_chain;

/// Which y-streams to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streams {
    /// One.
    One(YStream),
    /// All that have a tracking file.
    All,
}

/// What one pass found.
#[derive(Debug, Serialize)]
pub struct Detected {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// Per y-stream.
    pub streams: Vec<StreamReport>,
}

/// What one pass found in one y-stream.
#[derive(Debug, Serialize)]
pub struct StreamReport {
    /// The stream.
    pub stream: YStream,
    /// Newest announced release.
    pub tracked: Option<ReleaseVersion>,
    /// Newest stable release of the release controller.
    pub stable: Option<ReleaseVersion>,
    /// Releases whose StateBox was created (or would be, in a dry run).
    pub created: Vec<ReleaseVersion>,
    /// Trouble that needs a look but is none of this pass.
    pub warnings: Vec<String>,
    /// What failed; other releases and streams were still looked at (R37).
    pub errors: Vec<String>,
}

impl StreamReport {
    fn new(stream: YStream, tracked: Option<ReleaseVersion>, errors: Vec<String>) -> Self {
        Self { stream, tracked, stable: None, created: Vec::new(), warnings: Vec::new(), errors }
    }
}

impl Detected {
    /// True when nothing failed.
    pub fn is_sound(&self) -> bool {
        self.streams.iter().all(|stream| stream.errors.is_empty())
    }
}

/// One pass over `streams`.
pub async fn run(context: &Context, streams: Streams) -> Result<Detected, OperatorError> {
    let wanted = |stream: YStream| match streams {
        Streams::One(one) => one == stream,
        Streams::All => true,
    };
    let found = discovery::discover(context.state.as_ref(), context.clock.now(), 0).await?;
    let mut reports = Vec::new();
    for stream in found.streams.iter().filter(|stream| wanted(stream.stream)) {
        reports.push(one_stream(context, stream, &found).await);
    }
    // A stream whose whole tracking file cannot be read is not "nothing announced" (R37).
    for file in &found.broken {
        let stream = tracked_stream(&file.path).filter(|stream| wanted(*stream));
        let Some(stream) = stream else { continue };
        if !reports.iter().any(|report| report.stream == stream) {
            reports.push(StreamReport::new(stream, None, broken_tracking(stream, &found)));
        }
    }
    if let (Streams::One(stream), true) = (streams, reports.is_empty()) {
        tracing::info!("{stream} has no tracking file: nothing is announced");
    }
    Ok(Detected { schema: "oar.detector/1", streams: reports })
}

async fn one_stream(context: &Context, announced: &Stream, found: &Discovery) -> StreamReport {
    let errors = broken_tracking(announced.stream, found);
    let mut report = StreamReport::new(announced.stream, announced.latest().cloned(), errors);
    let Some(tracked) = report.tracked.clone() else {
        tracing::info!("{}: no release is announced", report.stream);
        return report;
    };
    match context.releases.latest_stable(report.stream).await {
        Ok(stable) => report.stable = stable,
        Err(error) => {
            report.errors.push(error_chain(&error));
            return report;
        }
    }
    let shown = report.stable.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    tracing::info!("{}: announced {tracked}, latest stable {shown}", report.stream);
    if report.stable.as_ref().is_some_and(|stable| tracked < *stable) {
        let warning = format!(
            "the newest announced release {tracked} is older than the latest stable {shown}: tell ART"
        );
        tracing::warn!("{warning}");
        report.warnings.push(warning);
    }
    let stable = report.stable.clone();
    let releases = announced.tracked.iter().map(|tracked| &tracked.release);
    for release in releases.filter(|release| stable.as_ref().is_none_or(|stable| *release > stable))
    {
        create(context, release, &mut report).await;
    }
    report
}

async fn create(context: &Context, release: &ReleaseVersion, report: &mut StreamReport) {
    match create_test_report::run(context, release).await {
        Ok(created) => {
            if created.written || context.is_dry_run() && created.outcome.word() == "pass" {
                report.created.push(release.clone());
            }
            report.warnings.extend(created.warnings);
        }
        Err(error) => {
            let text = format!("{release}: {}", error_chain(&error));
            tracing::error!("{text}");
            report.errors.push(text);
        }
    }
}

/// The stream whose tracking file is at `path`: `_releases/4.99/4.99.z.yaml`.
fn tracked_stream(path: &str) -> Option<YStream> {
    path.rsplit('/').next()?.strip_suffix(".z.yaml")?.parse().ok()
}

/// Problems of the stream's own tracking file; other broken files are not this pass's business.
fn broken_tracking(stream: YStream, found: &Discovery) -> Vec<String> {
    let own = format!("/{stream}.z.yaml");
    let of_stream = found.broken.iter().filter(|file| file.path.ends_with(&own));
    of_stream.map(|file| format!("{}: {}", file.path, file.problem)).collect()
}
