//! What is asked of Jenkins: the job and its parameters (spec 05 §6.2, 03 §11.6).

use std::fmt;
use std::str::FromStr;

use oar_release::{Flow, MergeRequest, ReleaseVersion};
use oar_transport::encode_segment;

/// A job that this client knows how to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JenkinsJob {
    /// Tests of a payload in stage, `zstreams/Stage-Pipeline`.
    StagePipeline,
    /// The image-consistency check on Jenkins, kept for a way back from Prow.
    ImageConsistency,
}

/// A name of a job that this client does not know; nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Jenkins job {name:?} is not supported")]
pub struct UnsupportedJob {
    /// The name.
    pub name: String,
}

impl JenkinsJob {
    /// Its full name, folders included.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StagePipeline => "zstreams/Stage-Pipeline",
            Self::ImageConsistency => "image-consistency-check",
        }
    }

    /// Its name without folders, as the queue tells it.
    pub(crate) fn short_name(self) -> &'static str {
        self.name().rsplit('/').next().unwrap_or_default()
    }

    /// Its path below the server: each level of the name becomes a `job/` level.
    pub(crate) fn path(self) -> String {
        let levels: Vec<String> =
            self.name().split('/').map(|level| format!("job/{}", encode_segment(level))).collect();
        levels.join("/")
    }

    /// The parameter that carries the payload.
    pub const fn payload_parameter(self) -> &'static str {
        match self {
            Self::StagePipeline => "PULL_SPEC",
            Self::ImageConsistency => "PAYLOAD_URL",
        }
    }
}

impl fmt::Display for JenkinsJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for JenkinsJob {
    type Err = UnsupportedJob;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::StagePipeline, Self::ImageConsistency]
            .into_iter()
            .find(|job| job.name() == name)
            .ok_or_else(|| UnsupportedJob { name: name.to_owned() })
    }
}

/// The stage tests of a release in the Errata flow need its metadata advisory (spec 05 §6.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{release} has no metadata advisory, which its stage tests need")]
pub struct NoMetadataAdvisory {
    /// The release.
    pub release: ReleaseVersion,
}

/// What the image-consistency check compares the payload with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shipment<'a> {
    /// The shipment merge request.
    MergeRequest(&'a MergeRequest),
    /// The advisories, in the order of the build data.
    Advisories(&'a [u64]),
}

/// A build that is to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildOrder {
    job: JenkinsJob,
    payload: String,
    parameters: Vec<(&'static str, String)>,
}

impl BuildOrder {
    /// The stage tests of `release`. `metadata_advisory` is handed on when there is one, and is
    /// needed in the Errata flow.
    pub fn stage_testing(
        release: &ReleaseVersion,
        flow: &Flow,
        metadata_advisory: Option<u64>,
    ) -> Result<Self, NoMetadataAdvisory> {
        if metadata_advisory.is_none() && !flow.is_konflux() {
            return Err(NoMetadataAdvisory { release: release.clone() });
        }
        let payload = format!("quay.io/openshift-release-dev/ocp-release:{release}-x86_64");
        let mut parameters =
            vec![("VERSION", release.y_stream().to_string()), ("PULL_SPEC", payload.clone())];
        parameters.extend(metadata_advisory.map(|id| ("METADATA_AD", id.to_string())));
        Ok(Self { job: JenkinsJob::StagePipeline, payload, parameters })
    }

    /// The image-consistency check of `payload`, a pull spec of `release`.
    pub fn image_consistency(
        release: &ReleaseVersion,
        payload: &str,
        shipment: &Shipment<'_>,
    ) -> Self {
        let mut parameters = vec![
            ("VERSION", format!("v{}", release.y_stream())),
            ("PAYLOAD_URL", payload.to_owned()),
        ];
        parameters.push(match shipment {
            Shipment::MergeRequest(mr) => ("SHIPMENT_MR_ID", mr.iid().to_string()),
            Shipment::Advisories(ids) => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                ("ERRATA_NUMBERS", ids.join(" "))
            }
        });
        Self { job: JenkinsJob::ImageConsistency, payload: payload.to_owned(), parameters }
    }

    /// The job.
    pub const fn job(&self) -> JenkinsJob {
        self.job
    }

    /// The payload: by it a build is known to be the one of this order.
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// The parameters in the order in which they are sent.
    pub fn parameters(&self) -> &[(&'static str, String)] {
        &self.parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release() -> ReleaseVersion {
        "4.19.1".parse().unwrap()
    }

    fn mr() -> MergeRequest {
        "https://gitlab.example.com/g/p/-/merge_requests/31".parse().unwrap()
    }

    #[test]
    fn spec05_case_37_stage_tests_carry_version_payload_and_metadata_advisory() {
        let konflux = Flow::Konflux { mr: mr() };
        let order = BuildOrder::stage_testing(&release(), &konflux, Some(12345)).unwrap();
        let payload = "quay.io/openshift-release-dev/ocp-release:4.19.1-x86_64";
        assert_eq!(
            order.parameters(),
            [
                ("VERSION", "4.19".to_owned()),
                ("PULL_SPEC", payload.to_owned()),
                ("METADATA_AD", "12345".to_owned())
            ]
        );
        assert_eq!(order.payload(), payload);
        for flow in [konflux, Flow::KonfluxPending] {
            let order = BuildOrder::stage_testing(&release(), &flow, None).unwrap();
            assert!(order.parameters().iter().all(|(name, _)| *name != "METADATA_AD"));
        }
        let error = BuildOrder::stage_testing(&release(), &Flow::Errata, None).unwrap_err();
        assert!(error.to_string().contains("4.19.1"), "{error}");
        assert!(BuildOrder::stage_testing(&release(), &Flow::Errata, Some(1)).is_ok());
    }

    #[test]
    fn spec05_case_38_the_image_check_takes_the_merge_request_or_the_advisories() {
        let payload = "quay.io/openshift-release-dev/ocp-release:4.19.1-x86_64";
        let order =
            BuildOrder::image_consistency(&release(), payload, &Shipment::MergeRequest(&mr()));
        assert_eq!(
            order.parameters(),
            [
                ("VERSION", "v4.19".to_owned()),
                ("PAYLOAD_URL", payload.to_owned()),
                ("SHIPMENT_MR_ID", "31".to_owned())
            ]
        );
        let order =
            BuildOrder::image_consistency(&release(), payload, &Shipment::Advisories(&[12, 7]));
        assert_eq!(order.parameters()[2], ("ERRATA_NUMBERS", "12 7".to_owned()));
    }

    #[test]
    fn spec03_case_34_an_unsupported_job_is_an_error_before_any_request() {
        let error = "foo".parse::<JenkinsJob>().unwrap_err();
        assert_eq!(error.to_string(), "Jenkins job \"foo\" is not supported");
        for job in [JenkinsJob::StagePipeline, JenkinsJob::ImageConsistency] {
            assert_eq!(job.name().parse(), Ok(job));
        }
    }

    #[test]
    fn folders_become_levels_of_the_path() {
        assert_eq!(JenkinsJob::StagePipeline.path(), "job/zstreams/job/Stage-Pipeline");
        assert_eq!(JenkinsJob::StagePipeline.short_name(), "Stage-Pipeline");
        assert_eq!(JenkinsJob::ImageConsistency.path(), "job/image-consistency-check");
    }
}
