//! What is asked of Gangway: the job, its variables, and the mark by which a run is found again
//! (spec 04 §5, 03 §11.3).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use oar_release::ReleaseVersion;
use oar_release::version::{VersionError, YStream};

use crate::run::ProwRun;

/// The job that compares a payload with its shipment.
pub const CONSISTENCY_JOB: &str =
    "periodic-ci-openshift-release-tests-main-image-consistency-check";
/// The annotation that carries the id of the attempt, so that a run whose id was lost is found
/// (spec 04 §5.1).
pub const ATTEMPT_ANNOTATION: &str = "oar.openshift.io/attempt";

const PAYLOAD_ENV: &str = "MULTISTAGE_PARAM_OVERRIDE_PAYLOAD_URL";
const MERGE_REQUEST_ENV: &str = "MULTISTAGE_PARAM_OVERRIDE_MERGE_REQUEST_ID";
const REPOSITORY: &str = "quay.io/openshift-release-dev/ocp-release:";

/// The pull spec of a release payload for amd64, checked as every trigger of the image-consistency
/// and stage-testing jobs demands (spec 04 §5.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadUrl {
    url: String,
    stream: YStream,
}

impl PayloadUrl {
    /// The payload of `release`.
    pub fn of_release(release: &ReleaseVersion) -> Result<Self, VersionError> {
        format!("{REPOSITORY}{release}-x86_64").parse()
    }

    /// The pull spec.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// The y-stream in the tag.
    pub const fn y_stream(&self) -> YStream {
        self.stream
    }
}

impl fmt::Display for PayloadUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl FromStr for PayloadUrl {
    type Err = VersionError;

    /// The whole text must fit: no blanks, no other architecture, host or repository.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let stream = text
            .strip_prefix(REPOSITORY)
            .and_then(|tag| tag.strip_suffix("-x86_64"))
            .and_then(tagged_stream)
            .ok_or_else(|| VersionError {
                text: text.to_owned(),
                expected: "a payload such as \
                           quay.io/openshift-release-dev/ocp-release:4.20.7-x86_64",
            })?;
        Ok(Self { url: text.to_owned(), stream })
    }
}

/// `X.Y.Z`, possibly `-ec.N`, `-rc.N` or `-fc.N`, possibly `-assembly.NAME`.
fn tagged_stream(tag: &str) -> Option<YStream> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (tag, assembly) = match tag.split_once("-assembly.") {
        Some((tag, assembly)) => (tag, Some(assembly)),
        None => (tag, None),
    };
    let named = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
    };
    if !assembly.is_none_or(named) {
        return None;
    }
    let (numbers, candidate) = match tag.split_once('-') {
        Some((numbers, candidate)) => (numbers, Some(candidate)),
        None => (tag, None),
    };
    let is_candidate = |text: &str| {
        text.split_once('.')
            .is_some_and(|(kind, n)| matches!(kind, "ec" | "rc" | "fc") && digits(n))
    };
    if !candidate.is_none_or(is_candidate) {
        return None;
    }
    let (stream, patch) = numbers.rsplit_once('.')?;
    digits(patch).then(|| stream.parse().ok())?
}

/// An order that Gangway would refuse; nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The payload is none.
    #[error(transparent)]
    Payload(#[from] VersionError),
    /// Merge requests are numbered from 1.
    #[error("0 is no number of a merge request")]
    NoMergeRequest,
    /// A job without a name, or with characters that no job has.
    #[error("{job:?} cannot be the name of a Prow job")]
    JobName {
        /// What was given.
        job: String,
    },
    /// Gangway takes no empty names and values.
    #[error("{what} {name:?} of the run is empty")]
    Empty {
        /// Variable or annotation.
        what: &'static str,
        /// Its name.
        name: String,
    },
}

/// One run that is to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOrder {
    job: String,
    attempt: String,
    env: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

impl RunOrder {
    /// A run of `job` under the unique id `attempt`: the claim under which the task starts it. The
    /// same attempt never becomes two runs.
    pub fn new(job: &str, attempt: &str) -> Result<Self, OrderError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        if job.is_empty() || job.starts_with('.') || !job.bytes().all(allowed) {
            return Err(OrderError::JobName { job: job.to_owned() });
        }
        let order = Self {
            job: job.to_owned(),
            attempt: attempt.to_owned(),
            env: BTreeMap::new(),
            annotations: BTreeMap::new(),
        };
        order.annotation(ATTEMPT_ANNOTATION, attempt)
    }

    /// The stage tests of a payload on Prow (spec 04 §5.3).
    pub fn stage_testing(payload: &PayloadUrl, attempt: &str) -> Result<Self, OrderError> {
        let job = format!(
            "periodic-ci-openshift-openshift-tests-private-release-{}-stage-testing-e2e-aws-ipi",
            payload.y_stream()
        );
        Self::new(&job, attempt)?.env("RELEASE_IMAGE_LATEST", payload.as_str())
    }

    /// Adds a variable to every container of the run.
    pub fn env(mut self, name: &str, value: &str) -> Result<Self, OrderError> {
        filled("variable", name, value)?;
        self.env.insert(name.to_owned(), value.to_owned());
        Ok(self)
    }

    /// Adds an annotation, for tracing a run back: build, architecture, version of the tool.
    pub fn annotation(mut self, name: &str, value: &str) -> Result<Self, OrderError> {
        filled("annotation", name, value)?;
        self.annotations.insert(name.to_owned(), value.to_owned());
        Ok(self)
    }

    /// The job.
    pub fn job(&self) -> &str {
        &self.job
    }

    /// The id of the attempt.
    pub fn attempt(&self) -> &str {
        &self.attempt
    }

    /// The variables.
    pub const fn envs(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// The annotations, the attempt's among them.
    pub const fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }
}

fn filled(what: &'static str, name: &str, value: &str) -> Result<(), OrderError> {
    if name.is_empty() || value.is_empty() {
        return Err(OrderError::Empty { what, name: name.to_owned() });
    }
    Ok(())
}

/// One image-consistency check: a payload against the shipment of a merge request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyCheck {
    payload: PayloadUrl,
    merge_request: u64,
}

/// How well a run is known to be the one of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belongs {
    /// Job, payload and merge request agree.
    Surely,
    /// The job agrees; what is left of the run does not tell payload and merge request. Enough for
    /// a run whose id our own state remembers, not for one that somebody names.
    JobOnly,
}

/// A run that is about something else: it must not decide a task (spec 03 §11.4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the run's {what} is {found:?}, not {expected:?}")]
pub struct ForeignRun {
    /// What differs.
    pub what: &'static str,
    /// What this check is about.
    pub expected: String,
    /// What the run is about.
    pub found: String,
}

impl ConsistencyCheck {
    /// The check of `payload` against merge request number `merge_request`.
    pub fn new(payload: PayloadUrl, merge_request: u64) -> Result<Self, OrderError> {
        if merge_request == 0 {
            return Err(OrderError::NoMergeRequest);
        }
        Ok(Self { payload, merge_request })
    }

    /// The payload.
    pub const fn payload(&self) -> &PayloadUrl {
        &self.payload
    }

    /// The order that starts it under the unique id `attempt`.
    pub fn order(&self, attempt: &str) -> Result<RunOrder, OrderError> {
        RunOrder::new(CONSISTENCY_JOB, attempt)?
            .env(PAYLOAD_ENV, self.payload.as_str())?
            .env(MERGE_REQUEST_ENV, &self.merge_request.to_string())?
            .annotation("oar.openshift.io/payload", self.payload.as_str())?
            .annotation("oar.openshift.io/version", env!("CARGO_PKG_VERSION"))
    }

    /// Whether `run` is a run of this very check.
    pub fn belongs(&self, run: &ProwRun) -> Result<Belongs, ForeignRun> {
        same("job", CONSISTENCY_JOB, &run.job)?;
        if !run.knows_env() {
            return Ok(Belongs::JobOnly);
        }
        same("payload", self.payload.as_str(), run.env(PAYLOAD_ENV).unwrap_or_default())?;
        let merge_request = run.env(MERGE_REQUEST_ENV).unwrap_or_default();
        same("merge request", &self.merge_request.to_string(), merge_request)?;
        Ok(Belongs::Surely)
    }
}

fn same(what: &'static str, expected: &str, found: &str) -> Result<(), ForeignRun> {
    if expected == found {
        return Ok(());
    }
    Err(ForeignRun { what, expected: expected.to_owned(), found: found.to_owned() })
}

#[cfg(test)]
mod tests;
