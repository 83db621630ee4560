//! The calls.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use http::{Method, StatusCode};
use oar_release::version::Candidate;
use oar_release::{Arch, ReleaseVersion, YStream};
use oar_transport::pause::sleep;
use oar_transport::probe::Operation;
use oar_transport::{Call, HttpClient, Reply, Service, ServiceClient, encode_segment};
use serde::de::DeserializeOwned;

use crate::error::ReleaseControllerError;
use crate::operations::{LATEST, ONE_TAG, ONE_TAG_WITH_CHANGES};
use crate::types::{ChangedTag, Phase, Promotion, Tag, ToldDigest};

/// Between two questions for a digest that is not rendered yet (spec 03 §12.2).
const DIGEST_WAIT: Duration = Duration::from_secs(30);
/// Waits for it: after a restart the service needs about eight minutes.
const DIGEST_WAITS: u32 = 16;

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

    /// The digest of a release's payload, which the service knows once it has rendered the changes
    /// since the release before; that is waited for, up to eight minutes (spec 03 §12.2).
    async fn release_digest(
        &self,
        release: &ReleaseVersion,
    ) -> Result<ToldDigest, ReleaseControllerError>;
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

    pub(crate) const fn service(&self) -> &ServiceClient {
        &self.service
    }

    pub(crate) const fn arch(&self) -> Arch {
        self.arch
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
        // Without the short form the service computes a changelog for every request.
        let call = self.one_tag(ONE_TAG, release, kind).query("format", "short");
        found(&call.accept(&[404]).send().await?)
    }

    fn one_tag(&self, operation: Operation, release: &ReleaseVersion, kind: &str) -> Call {
        let stream = self.stream(release.major(), kind);
        let tag = encode_segment(&release.to_string());
        let path = format!("api/v1/releasestream/{stream}/release/{tag}");
        self.service.call(operation.name, Method::GET, path)
    }

    /// One question for the digest.
    async fn told_digest(
        &self,
        release: &ReleaseVersion,
    ) -> Result<ToldDigest, ReleaseControllerError> {
        for kind in kinds(release) {
            let call = self.one_tag(ONE_TAG_WITH_CHANGES, release, kind);
            let Some(tag) = found::<ChangedTag>(&call.accept(&[404]).send().await?)? else {
                continue;
            };
            if tag.name != release.to_string() {
                let asked = release.y_stream();
                return Err(ReleaseControllerError::OtherStream { asked, answered: tag.name });
            }
            let digest = tag.changes.and_then(|changes| changes.to).and_then(|to| to.digest);
            return Ok(match digest.filter(|digest| !digest.is_empty()) {
                Some(digest) => ToldDigest::Known(digest),
                None => ToldDigest::NotRendered,
            });
        }
        Ok(ToldDigest::NoSuchRelease)
    }

    async fn phase(
        &self,
        release: &ReleaseVersion,
    ) -> Result<Option<Phase>, ReleaseControllerError> {
        let mut tag = None;
        for kind in kinds(release) {
            if tag.is_none() {
                tag = self.tag(release, kind).await?;
            }
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
        let Some(tag) = found::<Tag>(&call.accept(&[404]).send().await?)? else {
            return Ok(None);
        };
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

    #[tracing::instrument(name = "release_controller.digest", skip_all, fields(release = %release))]
    async fn release_digest(
        &self,
        release: &ReleaseVersion,
    ) -> Result<ToldDigest, ReleaseControllerError> {
        for _ in 0..DIGEST_WAITS {
            match self.told_digest(release).await? {
                ToldDigest::NotRendered => sleep(DIGEST_WAIT).await,
                told => return Ok(told),
            }
        }
        self.told_digest(release).await
    }
}

/// The kinds of streams that may have `release`, the likelier one first.
fn kinds(release: &ReleaseVersion) -> &'static [&'static str] {
    match release.candidate() {
        Some(Candidate::Engineering) => &["dev-preview", "stable"],
        Some(_) => &["stable", "dev-preview"],
        None => &["stable"],
    }
}

/// The same, with the other kind for releases that belong into one only: somebody may have put a
/// tag elsewhere (spec 04 §4).
pub(crate) fn all_kinds(release: &ReleaseVersion) -> &'static [&'static str] {
    match release.candidate() {
        Some(Candidate::Engineering) => &["dev-preview", "stable"],
        _ => &["stable", "dev-preview"],
    }
}

fn found<T: DeserializeOwned>(reply: &Reply) -> Result<Option<T>, ReleaseControllerError> {
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
