//! Sippy: how healthy tests, components and variants of a stream are (spec 04 §14). Reads only.

mod query;
mod rules;
mod types;

use std::fmt;

use async_trait::async_trait;
use http::Method;
use oar_release::ErrorClass;
use oar_transport::probe::Operation;
use oar_transport::{Call, HttpClient, HttpError, Service, ServiceClient};
use serde::de::DeserializeOwned;

use crate::operations::{
    SIPPY_COMPONENTS, SIPPY_HEALTH, SIPPY_JOBS, SIPPY_RISK, SIPPY_TESTS, SIPPY_VARIANTS,
};

pub use query::{Filter, FilterItem, Link, Operator, Period, Since, SippyQuery};
pub use rules::{ColumnStanding, Regression, components_regressed, is_risky, variants_worse};
pub use types::{
    Component, ComponentColumn, ComponentReadiness, Health, JobStatistics, PassRate, Risk,
    RiskLevel, TestName, VariantRate,
};

/// Sippy could not be asked, or its answer makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("Sippy did not answer as needed")]
pub struct SippyError(#[from] HttpError);

impl SippyError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        self.0.class()
    }
}

/// Reads from Sippy.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SippyRead: Send + Sync {
    /// Pass rates of the health indicators of a stream (`4.20`).
    async fn health(&self, release: &str) -> Result<Health, SippyError>;

    /// Statistics of jobs.
    async fn jobs(&self, query: &SippyQuery) -> Result<Vec<JobStatistics>, SippyError>;

    /// Names of tests.
    async fn tests(&self, query: &SippyQuery) -> Result<Vec<TestName>, SippyError>;

    /// Component readiness; prefer a query that names a view.
    async fn component_readiness(
        &self,
        query: &SippyQuery,
    ) -> Result<ComponentReadiness, SippyError>;

    /// Pass rates of the variants of a stream (`4.20`).
    async fn variants(&self, release: &str) -> Result<Vec<VariantRate>, SippyError>;

    /// How risky the failures of a finished run are, by its number.
    async fn risk(&self, run: u64) -> Result<Risk, SippyError>;
}

/// Sippy over HTTP; needs no credential.
#[derive(Clone)]
pub struct HttpSippy {
    service: ServiceClient,
}

impl HttpSippy {
    /// Sippy at its endpoint.
    pub fn new(http: &HttpClient) -> Self {
        Self { service: http.service(Service::Sippy) }
    }

    fn call(&self, operation: Operation, path: &str) -> Call {
        self.service.call(operation.name, Method::GET, path)
    }

    async fn read<T: DeserializeOwned>(call: Call) -> Result<T, SippyError> {
        Ok(call.accept_type("application/json").send().await?.json()?)
    }

    fn with(mut call: Call, query: &SippyQuery) -> Call {
        for (name, value) in query.pairs() {
            call = call.query(name, value);
        }
        call
    }
}

impl fmt::Debug for HttpSippy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpSippy")
    }
}

#[async_trait]
impl SippyRead for HttpSippy {
    #[tracing::instrument(name = "sippy.health", skip_all, fields(release))]
    async fn health(&self, release: &str) -> Result<Health, SippyError> {
        Self::read(self.call(SIPPY_HEALTH, "health").query("release", release)).await
    }

    #[tracing::instrument(name = "sippy.jobs", skip_all)]
    async fn jobs(&self, query: &SippyQuery) -> Result<Vec<JobStatistics>, SippyError> {
        Self::read(Self::with(self.call(SIPPY_JOBS, "jobs"), query)).await
    }

    #[tracing::instrument(name = "sippy.tests", skip_all)]
    async fn tests(&self, query: &SippyQuery) -> Result<Vec<TestName>, SippyError> {
        Self::read(Self::with(self.call(SIPPY_TESTS, "tests"), query)).await
    }

    #[tracing::instrument(name = "sippy.component_readiness", skip_all)]
    async fn component_readiness(
        &self,
        query: &SippyQuery,
    ) -> Result<ComponentReadiness, SippyError> {
        let call = self.call(SIPPY_COMPONENTS, "component_readiness");
        Self::read(Self::with(call, query)).await
    }

    #[tracing::instrument(name = "sippy.variants", skip_all, fields(release))]
    async fn variants(&self, release: &str) -> Result<Vec<VariantRate>, SippyError> {
        Self::read(self.call(SIPPY_VARIANTS, "variants").query("release", release)).await
    }

    #[tracing::instrument(name = "sippy.risk", skip_all, fields(run))]
    async fn risk(&self, run: u64) -> Result<Risk, SippyError> {
        let call = self.call(SIPPY_RISK, "jobs/runs/risk_analysis");
        Self::read(call.query("prow_job_run_id", run)).await
    }
}
