//! The port to what a finished run leaves behind in private storage (spec 04 §7).

use async_trait::async_trait;
use oar_release::ErrorClass;
use oar_transport::HttpError;
use serde_json::{Map, Value};

use crate::run::{ProwRun, RunPage};

/// The storage could not be asked, or answered nonsense. That something is not there is no error.
#[derive(Debug, thiserror::Error)]
#[error("the artefacts of {page} cannot be read")]
pub struct ArtifactsError {
    /// Which run, as bucket and path.
    pub page: String,
    /// The class of the cause (spec 00 §e).
    pub class: ErrorClass,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl ArtifactsError {
    /// The error of a call about the run `page`.
    pub(crate) fn http(page: &RunPage, error: HttpError) -> Self {
        Self { page: page.to_string(), class: error.class(), source: Box::new(error) }
    }

    /// The storage answered, but with nonsense.
    pub fn nonsense(
        page: &RunPage,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let class = ErrorClass::Undetermined;
        Self { page: page.to_string(), class, source: source.into() }
    }

    /// The error's class.
    pub const fn class(&self) -> ErrorClass {
        self.class
    }
}

/// Reads what runs leave behind.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RunArtifacts: Send + Sync {
    /// The run as its artefacts tell it: the copy of the ProwJob, else the summary of its end;
    /// `None` when neither is there (spec 04 §6).
    async fn run(&self, page: &RunPage) -> Result<Option<ProwRun>, ArtifactsError>;

    /// The counts of the run's test suites as result files store them; `None` when the run wrote no
    /// report (spec 04 §7.3).
    async fn test_summary(
        &self,
        page: &RunPage,
    ) -> Result<Option<Map<String, Value>>, ArtifactsError>;
}
