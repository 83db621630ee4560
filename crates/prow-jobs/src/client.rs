//! The calls.

use std::fmt;

use async_trait::async_trait;
use http::{Method, StatusCode};
use oar_release::version::Candidate;
use oar_release::{Arch, ReleaseVersion, YStream};
use oar_transport::{HttpClient, Reply, Service, ServiceClient, encode_segment};

use crate::error::ReleaseControllerError;
use crate::operations::{LATEST, ONE_TAG};
use crate::types::{Phase, Promotion, Tag};

/// Reads from the release controller of one architecture.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ReleaseController: Send + Sync {
    /// The newest accepted stable release of a y-stream; `None` when there is no stable one yet.
    async fn latest_stable(
        &self,
        stream: YStream,
    ) -> Result<Option<ReleaseVersion>, ReleaseControllerError>;

    /// Whether exactly this release is promoted.
    async fn promotion(&self, release: &ReleaseVersion) -> Promotion;
}

/// The release controller over HTTP; needs no credential.
#[derive(Clone)]
pub struct HttpReleaseController {
    service: ServiceClient,
    arch: Arch,
}

impl HttpReleaseController {
    /// The release controller of `arch`.
    pub fn new(http: &HttpClient, arch: Arch) -> Self {
        Self { service: http.service_for(Service::ReleaseController, arch.go_name()), arch }
    }

    /// `4-stable`, `4-stable-arm64`, `4-dev-preview`.
    fn stream(&self, major: u16, kind: &str) -> String {
        match self.arch {
            Arch::Amd64 => format!("{major}-{kind}"),
            other => format!("{major}-{kind}-{}", other.go_name()),
        }
    }

    /// The tag of `release` in a stream, `None` when the stream does not have it.
    async fn tag(
        &self,
        release: &ReleaseVersion,
        kind: &str,
    ) -> Result<Option<Tag>, ReleaseControllerError> {
        let stream = self.stream(release.major(), kind);
        let tag = encode_segment(&release.to_string());
        let path = format!("api/v1/releasestream/{stream}/release/{tag}");
        // Without the short form the service computes a changelog for every request.
        let call = self.service.call(ONE_TAG.name, Method::GET, path).query("format", "short");
        found(&call.accept(&[404]).send().await?)
    }

    async fn phase(
        &self,
        release: &ReleaseVersion,
    ) -> Result<Option<Phase>, ReleaseControllerError> {
        let [first, other] = match release.candidate() {
            Some(Candidate::Engineering) => ["dev-preview", "stable"],
            _ => ["stable", "dev-preview"],
        };
        let mut tag = self.tag(release, first).await?;
        if tag.is_none() && release.candidate().is_some() {
            tag = self.tag(release, other).await?;
        }
        let Some(tag) = tag else { return Ok(None) };
        if tag.name != release.to_string() {
            let asked = release.y_stream();
            return Err(ReleaseControllerError::OtherStream { asked, answered: tag.name });
        }
        Ok(Some(tag.phase))
    }
}

impl fmt::Debug for HttpReleaseController {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpReleaseController").field("arch", &self.arch).finish_non_exhaustive()
    }
}

#[async_trait]
impl ReleaseController for HttpReleaseController {
    #[tracing::instrument(name = "release_controller.latest", skip_all, fields(stream = %stream))]
    async fn latest_stable(
        &self,
        stream: YStream,
    ) -> Result<Option<ReleaseVersion>, ReleaseControllerError> {
        let path = format!("api/v1/releasestream/{}/latest", self.stream(stream.major(), "stable"));
        // With the dot: "4.3" alone would also find 4.30.
        let call = self.service.call(LATEST.name, Method::GET, path);
        let call = call.query("prefix", format_args!("{stream}."));
        let Some(tag) = found(&call.accept(&[404]).send().await?)? else { return Ok(None) };
        match tag.name.parse::<ReleaseVersion>() {
            Ok(release) if release.y_stream() == stream => Ok(Some(release)),
            _ => Err(ReleaseControllerError::OtherStream { asked: stream, answered: tag.name }),
        }
    }

    #[tracing::instrument(name = "release_controller.promotion", skip_all, fields(release = %release))]
    async fn promotion(&self, release: &ReleaseVersion) -> Promotion {
        match self.phase(release).await {
            Ok(Some(Phase::Accepted)) => Promotion::Accepted,
            Ok(phase) => Promotion::NotPromoted { phase },
            Err(error) => Promotion::Unknown { problem: one_line(&error) },
        }
    }
}

fn found(reply: &Reply) -> Result<Option<Tag>, ReleaseControllerError> {
    if reply.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    Ok(Some(reply.json()?))
}

fn one_line(error: &ReleaseControllerError) -> String {
    match error {
        ReleaseControllerError::Http(cause) => cause.to_string(),
        ReleaseControllerError::OtherStream { .. } => error.to_string(),
    }
}
