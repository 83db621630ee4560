//! Builds: what they are about and how they ended (spec 05 §6.5).

use std::fmt;
use std::time::Duration;

use oar_release::{BuildName, ReleaseVersion};

use crate::order::JenkinsJob;

/// How a build ended, in Jenkins' words. A word that is not known here is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildResult {
    /// All is well.
    Success,
    /// A step failed.
    Failure,
    /// Tests failed.
    Unstable,
    /// Cancelled, by a person or by a time-out of the pipeline.
    Aborted,
    /// It never ran.
    NotBuilt,
    /// Any other word.
    Other(String),
}

impl BuildResult {
    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "SUCCESS" => Self::Success,
            "FAILURE" => Self::Failure,
            "UNSTABLE" => Self::Unstable,
            "ABORTED" => Self::Aborted,
            "NOT_BUILT" => Self::NotBuilt,
            _ => Self::Other(word.to_owned()),
        }
    }
}

impl fmt::Display for BuildResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Unstable => "UNSTABLE",
            Self::Aborted => "ABORTED",
            Self::NotBuilt => "NOT_BUILT",
            Self::Other(word) => word,
        })
    }
}

/// What a build's state means for a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BuildPhase {
    /// It builds, or is about to tell its result.
    Running,
    /// `SUCCESS`.
    Passed,
    /// `FAILURE` or `UNSTABLE`.
    Failed,
    /// `ABORTED` or `NOT_BUILT`: no product failure. Stage testing fails all the same and the lead
    /// may waive it (05 §6.5); the image check starts again (03 §11.6).
    Interrupted,
    /// A result that is not known: shown, never a verdict (spec 08 R22).
    Unknown,
}

/// One build of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The job.
    pub job: JenkinsJob,
    /// Its number, from 1.
    pub number: u64,
    /// Its page.
    pub url: String,
    /// The queue item it came from.
    pub queue_id: Option<u64>,
    /// Whether it runs.
    pub running: bool,
    /// How it ended; none while it runs and for a moment after.
    pub result: Option<BuildResult>,
    /// How long it took; zero while it runs.
    pub duration: Duration,
    /// The payload it is about, by its parameter.
    pub payload: Option<String>,
}

/// A build that is about something else, or does not tell: it must not decide a task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForeignBuild {
    /// Its parameter names another payload.
    #[error("build {number} of {job} is about {payload}, not about {expected}")]
    OtherPayload {
        /// The job.
        job: JenkinsJob,
        /// The build.
        number: u64,
        /// Its payload.
        payload: String,
        /// What it should be about.
        expected: String,
    },
    /// It has no payload parameter.
    #[error("build {number} of {job} has no payload among its parameters")]
    NoPayload {
        /// The job.
        job: JenkinsJob,
        /// The build.
        number: u64,
    },
}

impl Build {
    /// What the state means for a task.
    pub fn phase(&self) -> BuildPhase {
        match &self.result {
            _ if self.running => BuildPhase::Running,
            None => BuildPhase::Running,
            Some(BuildResult::Success) => BuildPhase::Passed,
            Some(BuildResult::Failure | BuildResult::Unstable) => BuildPhase::Failed,
            Some(BuildResult::Aborted | BuildResult::NotBuilt) => BuildPhase::Interrupted,
            Some(BuildResult::Other(_)) => BuildPhase::Unknown,
        }
    }

    /// Whether the build is about `release`: its image tag is the release's own, for amd64 or multi,
    /// or the name of the amd64 `candidate` build. Tags are compared whole: 4.19.10 is not 4.19.1.
    pub fn check_payload(
        &self,
        release: &ReleaseVersion,
        candidate: Option<&BuildName>,
    ) -> Result<(), ForeignBuild> {
        let (job, number) = (self.job, self.number);
        let payload = self.payload.as_deref().filter(|payload| !payload.is_empty());
        let payload = payload.ok_or(ForeignBuild::NoPayload { job, number })?;
        let mut expected = vec![format!("{release}-x86_64"), format!("{release}-multi")];
        expected.extend(candidate.map(ToString::to_string));
        if tag(payload).is_some_and(|tag| expected.iter().any(|name| name == tag)) {
            return Ok(());
        }
        let (payload, expected) = (payload.to_owned(), expected.join(" or "));
        Err(ForeignBuild::OtherPayload { job, number, payload, expected })
    }
}

/// The tag of a pull spec; a port of the host is none.
fn tag(pull_spec: &str) -> Option<&str> {
    let name = pull_spec.trim().split('@').next()?;
    name.rsplit('/').next()?.split_once(':').map(|(_, tag)| tag)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn build(payload: Option<&str>) -> Build {
        Build {
            job: JenkinsJob::StagePipeline,
            number: 1673,
            url: String::new(),
            queue_id: None,
            running: false,
            result: Some(BuildResult::Success),
            duration: Duration::ZERO,
            payload: payload.map(str::to_owned),
        }
    }

    #[rstest]
    #[case("SUCCESS", BuildPhase::Passed)]
    #[case("FAILURE", BuildPhase::Failed)]
    #[case("UNSTABLE", BuildPhase::Failed)]
    #[case("ABORTED", BuildPhase::Interrupted)]
    #[case("NOT_BUILT", BuildPhase::Interrupted)]
    #[case("PARTLY", BuildPhase::Unknown)]
    fn every_result_has_one_meaning(#[case] word: &str, #[case] phase: BuildPhase) {
        let result = BuildResult::from_word(word);
        assert_eq!(result.to_string(), word);
        let ended = Build { result: Some(result), ..build(None) };
        assert_eq!(ended.phase(), phase);
        // What still runs has no result yet, whatever it says.
        assert_eq!(Build { running: true, ..ended }.phase(), BuildPhase::Running);
    }

    #[test]
    fn a_build_that_ended_without_a_result_is_finalising() {
        assert_eq!(Build { result: None, ..build(None) }.phase(), BuildPhase::Running);
    }

    #[rstest]
    #[case("quay.io/openshift-release-dev/ocp-release:4.19.1-x86_64", true)]
    #[case("quay.io/openshift-release-dev/ocp-release:4.19.1-multi", true)]
    #[case("registry.example.com:5000/ocp/release:4.19.0-0.nightly-2025-01-28-123456", true)]
    #[case("quay.io/openshift-release-dev/ocp-release:4.19.10-x86_64", false)]
    #[case("quay.io/openshift-release-dev/ocp-release:4.19.1-aarch64", false)]
    #[case("quay.io/openshift-release-dev/ocp-release:4.19.1-rc.1-x86_64", false)]
    #[case("registry.example.com:4.19.1-x86_64/x", false)]
    #[case("registry.example.com/x@sha256:00", false)]
    fn spec05_case_40_tags_are_compared_whole(#[case] payload: &str, #[case] ours: bool) {
        let release = "4.19.1".parse().unwrap();
        let candidate = "4.19.0-0.nightly-2025-01-28-123456".parse().unwrap();
        let checked = build(Some(payload)).check_payload(&release, Some(&candidate));
        assert_eq!(checked.is_ok(), ours, "{checked:?}");
        if let Err(error) = checked {
            let text = error.to_string();
            assert!(text.contains(payload) && text.contains("4.19.1-x86_64"), "{text}");
        }
    }

    #[test]
    fn a_build_without_payload_is_nobodys() {
        let release = "4.19.1".parse().unwrap();
        for payload in [None, Some("")] {
            let error = build(payload).check_payload(&release, None).unwrap_err();
            assert!(matches!(error, ForeignBuild::NoPayload { number: 1673, .. }));
        }
        // Without a candidate a nightly is foreign, too.
        let nightly = build(Some("x/release:4.19.0-0.nightly-2025-01-28-123456"));
        assert!(nightly.check_payload(&release, None).is_err());
    }
}
