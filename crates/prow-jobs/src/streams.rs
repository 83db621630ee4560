//! The streams of a release controller: the newest build, a build by name, and which builds are
//! still there (spec 04 §4).

use std::collections::BTreeMap;

use async_trait::async_trait;
use http::{Method, StatusCode};
use jiff::Timestamp;
use oar_release::{Arch, BuildName, YStream};
use serde::Deserialize;
use serde_json::Value;

use crate::client::HttpReleaseController;
use crate::current_build::{Build, ToldBuild};
use crate::error::ReleaseControllerError;
use crate::file_name::StreamKind;
use crate::operations::{ALL_STREAMS, LATEST, TAGS};
use crate::verdict::RECYCLED_AFTER;

/// Longest list of tags that is read, bytes.
const LONGEST_LIST: usize = 32 * 1024 * 1024;

/// Reads about the builds of one architecture.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ReleaseStreams: Send + Sync {
    /// The newest accepted build of a y-stream; `None` when there is none yet. Where there is no
    /// stable one, it is the newest development preview of the same y-stream.
    async fn latest_build(
        &self,
        stream: YStream,
        kind: StreamKind,
    ) -> Result<Option<ToldBuild>, ReleaseControllerError>;

    /// The build of this name, whatever its phase; `None` when no stream has it.
    async fn find_build(&self, build: &BuildName) -> Result<Option<Build>, ReleaseControllerError>;

    /// The names of all builds by stream. Streams at their end of life are left out.
    async fn all_tags(&self) -> Result<AllTags, ReleaseControllerError>;
}

/// The names of all builds by stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllTags(pub BTreeMap<String, Vec<String>>);

impl AllTags {
    /// Whether `build` is a nightly that its release controller removed for good (spec 04 §4): its
    /// stream is listed, has other builds, and the build is older than 72 hours. Whatever is
    /// uncertain says no.
    pub fn is_recycled(&self, build: &BuildName, now: Timestamp) -> bool {
        let Some(nightly) = build.nightly() else { return false };
        let stream = nightly_stream(build.y_stream(), nightly.arch());
        let Some(tags) = self.0.get(&stream).filter(|tags| !tags.is_empty()) else { return false };
        let is_old = |at: Timestamp| now.duration_since(at) > RECYCLED_AFTER;
        let name = build.to_string();
        nightly.built_at().is_some_and(is_old) && !tags.contains(&name)
    }
}

/// `4.99.0-0.nightly`, `4.99.0-0.nightly-arm64`.
fn nightly_stream(stream: YStream, arch: Arch) -> String {
    suffixed(format!("{stream}.0-0.nightly"), arch)
}

fn suffixed(stream: String, arch: Arch) -> String {
    match arch {
        Arch::Amd64 => stream,
        other => format!("{stream}-{}", other.go_name()),
    }
}

#[derive(Deserialize)]
struct Tags {
    #[serde(default)]
    tags: Vec<Value>,
}

impl HttpReleaseController {
    /// The newest accepted build of a stream whose name starts with `prefix`.
    async fn latest_of(
        &self,
        stream: &str,
        prefix: Option<YStream>,
    ) -> Result<Option<ToldBuild>, ReleaseControllerError> {
        let path = format!("api/v1/releasestream/{stream}/latest");
        let mut call = self.service().call(LATEST.name, Method::GET, path);
        if let Some(prefix) = prefix {
            // With the dot: "4.3" alone would also find 4.30.
            call = call.query("prefix", format_args!("{prefix}."));
        }
        let reply = call.accept(&[404]).send().await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let told = ToldBuild::parse(reply.body.to_vec());
        Ok(Some(told.map_err(|error| reply.malformed("build", ".", &error.problem))?))
    }

    /// The build `name` among the tags of a stream.
    async fn tag_of(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<Option<Build>, ReleaseControllerError> {
        let path = format!("api/v1/releasestream/{stream}/tags");
        let call = self.service().call(TAGS.name, Method::GET, path).body_limit(LONGEST_LIST);
        let reply = call.accept(&[404]).send().await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let tags: Tags = reply.json()?;
        let found = tags.tags.into_iter().find(|tag| tag["name"] == name);
        let malformed = |problem: &str| reply.malformed("list of tags", "tags", problem);
        let build = found.map(Build::from_value).transpose();
        Ok(build.map_err(|error| malformed(&error.problem))?)
    }
}

/// The build's stream is the one asked for.
fn is_of(told: &ToldBuild, stream: YStream, kind: StreamKind, arch: Arch) -> bool {
    let Ok(name) = told.build.name().parse::<BuildName>() else { return false };
    let is_of_arch = name.nightly().is_none_or(|nightly| nightly.arch() == arch);
    name.y_stream() == stream && StreamKind::of(&name) == kind && is_of_arch
}

#[async_trait]
impl ReleaseStreams for HttpReleaseController {
    #[tracing::instrument(name = "release_controller.latest_build", skip_all, fields(stream = %stream, kind = kind.word()))]
    async fn latest_build(
        &self,
        stream: YStream,
        kind: StreamKind,
    ) -> Result<Option<ToldBuild>, ReleaseControllerError> {
        let arch = self.arch();
        let other = |told: &ToldBuild| ReleaseControllerError::OtherStream {
            asked: stream,
            answered: told.build.name().to_owned(),
        };
        if kind == StreamKind::Nightly {
            let told = self.latest_of(&nightly_stream(stream, arch), None).await?;
            return match told {
                Some(told) if !is_of(&told, stream, kind, arch) => Err(other(&told)),
                told => Ok(told),
            };
        }
        let name = |kind: &str| suffixed(format!("{}-{kind}", stream.major()), arch);
        match self.latest_of(&name("stable"), Some(stream)).await? {
            Some(told) if is_of(&told, stream, kind, arch) => return Ok(Some(told)),
            Some(told) => return Err(other(&told)),
            None => {}
        }
        // The previews of another minor are not builds of this one (spec 04 §4).
        let preview = self.latest_of(&name("dev-preview"), Some(stream)).await?;
        Ok(preview.filter(|told| is_of(told, stream, kind, arch)))
    }

    #[tracing::instrument(name = "release_controller.find_build", skip_all, fields(build = %build))]
    async fn find_build(&self, build: &BuildName) -> Result<Option<Build>, ReleaseControllerError> {
        let (name, major) = (build.to_string(), build.y_stream().major());
        let (nightly, stable) = match build {
            BuildName::Nightly(_) => (Some(nightly_stream(build.y_stream(), self.arch())), None),
            BuildName::Release(release) => (None, Some(release)),
        };
        let kinds = stable.map(crate::client::all_kinds).unwrap_or_default();
        let others = kinds.iter().map(|kind| suffixed(format!("{major}-{kind}"), self.arch()));
        for stream in nightly.into_iter().chain(others) {
            if let Some(found) = self.tag_of(&stream, &name).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    #[tracing::instrument(name = "release_controller.all_tags", skip_all)]
    async fn all_tags(&self) -> Result<AllTags, ReleaseControllerError> {
        let path = "api/v1/releasestreams/all";
        let call = self.service().call(ALL_STREAMS.name, Method::GET, path);
        let reply = call.body_limit(LONGEST_LIST).send().await?;
        // A stream without tags may be null.
        let streams: BTreeMap<String, Option<Vec<String>>> = reply.json()?;
        Ok(AllTags(streams.into_iter().map(|(k, tags)| (k, tags.unwrap_or_default())).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spec04_case_15_only_what_is_surely_gone_is_recycled() {
        let now = "2030-01-06T00:00:00Z".parse().unwrap();
        let tags = |stream: &str, names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            AllTags([(stream.to_owned(), names)].into())
        };
        let old: BuildName = "4.99.0-0.nightly-2030-01-02-030405".parse().unwrap();
        let young: BuildName = "4.99.0-0.nightly-2030-01-03-000001".parse().unwrap();
        let stable: BuildName = "4.99.7".parse().unwrap();
        let arm: BuildName = "4.99.0-0.nightly-arm64-2030-01-02-030405".parse().unwrap();
        let listed = tags("4.99.0-0.nightly", &["4.99.0-0.nightly-2030-01-05-030405"]);
        assert!(listed.is_recycled(&old, now));
        assert!(!listed.is_recycled(&young, now), "younger than 72 hours");
        assert!(!listed.is_recycled(&stable, now), "never a release");
        assert!(!listed.is_recycled(&arm, now), "its stream is missing from the answer");
        assert!(!tags("4.99.0-0.nightly", &[]).is_recycled(&old, now), "an empty list");
        assert!(!tags("4.99.0-0.nightly", &[&old.to_string()]).is_recycled(&old, now));
        assert!(tags("4.99.0-0.nightly-arm64", &["x"]).is_recycled(&arm, now));
        assert!(!AllTags::default().is_recycled(&old, now));
    }
}
