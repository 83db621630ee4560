//! What Sippy answers; unknown fields are ignored.

use serde::Deserialize;

/// Pass rates of a stream's health indicators.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Health {
    /// The indicators.
    pub indicators: Indicators,
}

/// The indicators that are read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Indicators {
    /// Of all tests.
    pub tests: PassRate,
}

/// A pass rate now and before.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PassRate {
    /// What passes.
    pub name: String,
    /// Percent in this week.
    pub current_pass_percentage: f64,
    /// Percent in the week before.
    pub previous_pass_percentage: f64,
}

/// Statistics of a job.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct JobStatistics {
    /// Its full name.
    pub name: String,
    /// Its short name.
    #[serde(default)]
    pub brief_name: Option<String>,
    /// What it runs on: `Platform:aws`.
    #[serde(default)]
    pub variants: Vec<String>,
    /// Runs in this week.
    #[serde(default)]
    pub current_runs: u64,
    /// Runs in the week before.
    #[serde(default)]
    pub previous_runs: u64,
}

/// A test.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TestName {
    /// Its name.
    pub name: String,
}

/// How components stand against the release before.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ComponentReadiness {
    /// One row a component; none when nothing was found.
    #[serde(default)]
    pub rows: Vec<Component>,
}

/// A component.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Component {
    /// Its name.
    pub component: String,
    /// One column a combination of variants.
    #[serde(default)]
    pub columns: Vec<ComponentColumn>,
}

/// How a component stands on some variants.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ComponentColumn {
    /// Below zero is worse; see [`super::ColumnStanding`].
    pub status: i64,
    /// Tests that got worse, if the answer lists them.
    #[serde(default)]
    pub regressed_tests: Option<Vec<serde_json::Value>>,
}

/// The pass rate of a variant.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct VariantRate {
    /// Its name.
    pub name: String,
    /// Percent in this week.
    pub current_pass_percentage: f64,
    /// Percent in the week before.
    pub previous_pass_percentage: f64,
    /// Points by which it got better; below zero it got worse.
    pub net_improvement: f64,
}

/// How risky the failures of a run are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Risk {
    /// The job.
    pub prow_job_name: String,
    /// The run's number.
    #[serde(rename = "ProwJobRunID")]
    pub prow_job_run_id: u64,
    /// All failures together.
    pub overall_risk: OverallRisk,
}

/// The risk of all failures together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OverallRisk {
    /// How high it is.
    pub level: RiskLevel,
    /// Why, in Sippy's words. The level's own list of reasons is always empty.
    #[serde(default)]
    pub reasons: Option<Vec<String>>,
}

/// A level of risk.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RiskLevel {
    /// `None`, `Low`, `Unknown`, `Medium`, `IncompleteTests`, `MissingData`, `High`.
    pub name: String,
    /// 0 to 100.
    pub level: i64,
}
