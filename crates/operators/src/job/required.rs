//! The runs that a release needs, from a local file (`run_required`).

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::StreamExt as _;
use futures_util::stream;
use oar_prow_jobs::{ProwRead, ProwWrite, RunOrder};
use oar_release::{Arch, Entropy, ReleaseVersion};
use oar_transport::file::read_at_most;
use serde::Serialize;

use super::order::{self, RunImages};
use super::runs;
use super::{JobError, StartedJob};
use crate::dry_run::{Change, Recorder};
use crate::report::error_chain;
use crate::services::Ports;
use crate::test_jobs::Problem;

/// Runs that are started at the same time.
const AT_ONCE: usize = 4;

/// What became of the runs.
#[derive(Debug, Serialize)]
pub struct RequiredRuns {
    /// Runs that were started, in the order of the file.
    pub started: Vec<StartedJob>,
    /// Jobs that were not.
    pub problems: Vec<Problem>,
    /// What a dry run would have changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planned_changes: Vec<Change>,
}

/// Longest list, bytes.
const LONGEST: u64 = 4 << 20;

/// The jobs of each channel: `{"4.99": ["job", …]}`.
pub fn read_file(path: &Path) -> Result<BTreeMap<String, Vec<String>>, JobError> {
    let shown = path.display();
    let text = read_at_most(path, LONGEST);
    let text = text.map_err(|error| JobError::usage(format!("{shown} cannot be read: {error}")))?;
    serde_json::from_slice(&text)
        .map_err(|error| JobError::usage(format!("{shown} holds no jobs of channels: {error}")))
}

/// The orders for the jobs of `channels` and a release.
fn orders(
    file: &BTreeMap<String, Vec<String>>,
    channels: &[String],
    release: &ReleaseVersion,
    s390x: &str,
    entropy: &dyn Entropy,
) -> Result<Vec<(RunOrder, RunImages)>, JobError> {
    let mut orders = Vec::new();
    for channel in channels {
        let unknown = || JobError::usage(format!("the file has no channel {channel:?}"));
        for job in file.get(channel).ok_or_else(unknown)? {
            let (images, arch) = images(job, release);
            orders.push((order::order(job, &images, Some(arch), s390x, &entropy.id())?, images));
        }
    }
    Ok(orders)
}

/// The images of a job, read from its name.
fn images(job: &str, release: &ReleaseVersion) -> (RunImages, Arch) {
    let arch = if job.contains("arm64") { Arch::Arm64 } else { Arch::Amd64 };
    let suffix = if arch == Arch::Arm64 { "aarch64" } else { "x86_64" };
    let image = Some(format!("quay.io/openshift-release-dev/ocp-release:{release}-{suffix}"));
    let images = if job.contains("upgrade-from-stable") {
        RunImages { upgrade_to: image, ..RunImages::default() }
    } else if job.contains("upgrade") {
        RunImages::default()
    } else {
        RunImages { payload: image, ..RunImages::default() }
    };
    (images, arch)
}

/// Starts all of them; one that fails does not hold up the others.
pub async fn run_required(
    prow: &Ports<dyn ProwRead, dyn ProwWrite>,
    file: &BTreeMap<String, Vec<String>>,
    channels: &[String],
    release: &ReleaseVersion,
    s390x: &str,
    entropy: &dyn Entropy,
    recorder: Option<&Recorder>,
) -> Result<RequiredRuns, JobError> {
    let orders = orders(file, channels, release, s390x, entropy)?;
    let starts = stream::iter(&orders).map(|(order, images)| async move {
        (order.job(), runs::start(prow, order, images, false, None).await)
    });
    let mut report =
        RequiredRuns { started: Vec::new(), problems: Vec::new(), planned_changes: Vec::new() };
    let done: Vec<_> = starts.buffered(AT_ONCE).collect().await;
    for (job, done) in done {
        match done {
            Ok(started) => report.started.push(started),
            Err(error) => {
                let (code, message) = (error.class().code(), error_chain(&error));
                report.problems.push(Problem { subject: job.to_owned(), code, message });
            }
        }
    }
    report.planned_changes = recorder.map(Recorder::changes).unwrap_or_default();
    Ok(report)
}

#[cfg(test)]
mod tests {
    use oar_release::clock::SeededEntropy;

    use super::*;

    #[test]
    fn images_follow_the_names_of_the_jobs() {
        let release = "4.99.3".parse().unwrap();
        let jobs = ["install-aws", "install-arm64", "upgrade-from-stable-4.98-aws", "upgrade-x"];
        let file = [("4.99".to_owned(), jobs.map(str::to_owned).to_vec())].into();
        let entropy = SeededEntropy::new(1);
        let orders = orders(&file, &["4.99".to_owned()], &release, "", &entropy).unwrap();
        let envs: Vec<Vec<_>> = orders
            .iter()
            .map(|(order, _)| order.envs().iter().map(|(k, v)| format!("{k}={v}")).collect())
            .collect();
        let image = "quay.io/openshift-release-dev/ocp-release:4.99.3";
        assert_eq!(envs[0], [format!("RELEASE_IMAGE_LATEST={image}-x86_64")]);
        assert_eq!(
            envs[1],
            [
                format!("RELEASE_IMAGE_ARM64_LATEST={image}-aarch64"),
                format!("RELEASE_IMAGE_LATEST={image}-x86_64")
            ]
        );
        assert_eq!(envs[2], [format!("RELEASE_IMAGE_TARGET={image}-x86_64")]);
        assert_eq!(envs[3], Vec::<String>::new());
        let attempts: std::collections::BTreeSet<_> =
            orders.iter().map(|(order, _)| order.attempt()).collect();
        assert_eq!(attempts.len(), 4, "each run has an attempt of its own");
    }
}
