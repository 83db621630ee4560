//! Accepted releases of a major version (spec 04 §4, §12 `get_payloads`).

use http::Method;
use oar_release::ReleaseVersion;
use serde::Deserialize;
use serde_json::Value;

use crate::client::HttpReleaseController;
use crate::current_build::Build;
use crate::error::ReleaseControllerError;
use crate::operations::TAGS;

/// Longest list that is read, bytes.
const LONGEST: usize = 64 * 1024 * 1024;

#[derive(Deserialize)]
struct Tags {
    #[serde(default)]
    tags: Vec<Value>,
}

impl HttpReleaseController {
    /// The accepted builds of `<major>-stable`, in no particular order.
    pub async fn accepted_releases(
        &self,
        major: u16,
    ) -> Result<Vec<Build>, ReleaseControllerError> {
        let path = format!("api/v1/releasestream/{major}-stable/tags");
        let call = self.service().call(TAGS.name, Method::GET, path);
        let reply = call.query("phase", "Accepted").body_limit(LONGEST).send().await?;
        let tags: Tags = reply.json()?;
        let malformed = |problem: &str| reply.malformed("list of tags", "tags", problem);
        let builds = tags.tags.into_iter().map(Build::from_value);
        let builds = builds.collect::<Result<Vec<Build>, _>>();
        Ok(builds.map_err(|error| malformed(&error.problem))?)
    }
}

/// The newest accepted build of the same y-stream that is at or above `version`.
pub fn newest_accepted<'b>(builds: &'b [Build], version: &ReleaseVersion) -> Option<&'b Build> {
    let fitting = builds.iter().filter_map(|build| {
        let release: ReleaseVersion = build.name().parse().ok()?;
        let fits = build.phase() == "Accepted"
            && release.y_stream() == version.y_stream()
            && release >= *version;
        fits.then_some((release, build))
    });
    fitting.max_by(|(one, _), (other, _)| one.cmp(other)).map(|(_, build)| build)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_of_the_same_stream_counts() {
        let build = |name: &str, phase: &str| {
            let value =
                json!({ "name": name, "phase": phase, "pullSpec": "p", "downloadURL": "d" });
            Build::from_value(value).unwrap()
        };
        let builds = [
            build("4.99.3", "Accepted"),
            build("4.99.10", "Accepted"),
            build("4.99.11", "Rejected"),
            build("4.98.12", "Accepted"),
            build("5.99.20", "Accepted"),
        ];
        let newest = |version: &str| {
            newest_accepted(&builds, &version.parse().unwrap()).map(|build| build.name().to_owned())
        };
        assert_eq!(newest("4.99.1").as_deref(), Some("4.99.10"));
        assert_eq!(newest("4.99.10").as_deref(), Some("4.99.10"));
        assert_eq!(newest("4.99.11"), None);
        assert_eq!(newest("4.97.0"), None);
    }
}
