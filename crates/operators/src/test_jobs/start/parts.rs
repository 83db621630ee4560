//! What is to be started, and what became of it.

use oar_prow_jobs::{JobSpec, NoAmd64Image, OrderError, ProwError};
use oar_release::ErrorClass;
use oar_state_repo::StoredFile;
use serde::Serialize;

use crate::error::Classed;
use crate::test_jobs::Problem;

/// One run that is to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::test_jobs) struct Want {
    pub(in crate::test_jobs) spec: JobSpec,
    pub(in crate::test_jobs) place: Place,
}

/// Where a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::test_jobs) enum Place {
    /// The first run of a job without one.
    First,
    /// The n-th retry, from 1.
    Retry(u32),
    /// Instead of all runs of the job, because a person asked for it.
    Anew,
}

impl Want {
    /// Retries are claimed in their job's entry; a job without a run has none.
    pub(super) fn claimed_at(&self) -> Option<&str> {
        matches!(self.place, Place::Retry(_)).then_some(self.spec.job.as_str())
    }

    /// The id of the attempt under the claim `by`.
    pub(super) fn attempt(&self, by: &str) -> String {
        self.attempt_at(self.place, by)
    }

    /// The ids of all attempts under the claim `by` whose run may be the one that is missing here: of
    /// retries also the earlier ones.
    pub(super) fn attempts(&self, by: &str) -> Vec<String> {
        let mut attempts = vec![self.attempt(by)];
        if let Place::Retry(number) = self.place {
            let earlier = (1..number).rev();
            attempts.extend(earlier.map(|number| self.attempt_at(Place::Retry(number), by)));
        }
        attempts
    }

    fn attempt_at(&self, place: Place, by: &str) -> String {
        let place = match place {
            Place::First => "first".to_owned(),
            Place::Retry(number) => format!("retry-{number}"),
            Place::Anew => "anew".to_owned(),
        };
        format!("{by}/{}/{place}", self.spec.job)
    }
}

/// A run that was started, or found to be started before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Started {
    /// The job.
    pub job: String,
    /// Its id.
    pub id: String,
    /// Whether it was found after somebody had lost it.
    pub adopted: bool,
}

/// What became of the runs of one build.
#[derive(Debug, Default)]
pub(in crate::test_jobs) struct Outcome {
    pub(in crate::test_jobs) started: Vec<Started>,
    pub(in crate::test_jobs) problems: Vec<Problem>,
    /// Somebody else is starting them right now.
    pub(in crate::test_jobs) held_back: bool,
    /// The file as it is stored now.
    pub(in crate::test_jobs) stored: Option<StoredFile>,
}

/// A run could not be ordered.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error(transparent)]
    Image(#[from] NoAmd64Image),
    #[error(transparent)]
    Prow(#[from] ProwError),
    #[error("the stable build to start from is unknown: {0}")]
    NoStable(String),
}

impl Classed for StartError {
    fn class_of(&self) -> ErrorClass {
        match self {
            Self::Order(_) | Self::Image(_) => ErrorClass::InvalidArgument,
            Self::Prow(error) => error.class(),
            Self::NoStable(_) => ErrorClass::Undetermined,
        }
    }
}

impl StartError {
    pub(super) fn may_have_started(&self) -> bool {
        matches!(self, Self::Prow(error) if error.may_have_started())
    }
}
