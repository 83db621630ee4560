//! Verdicts on what Sippy tells (spec 04 §14). Pure rules.

use super::types::{ComponentReadiness, Risk, VariantRate};

/// Above this a run is risky.
const RISKY: i64 = 50;

/// What the number of a column means, on Sippy's scale of today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnStanding {
    /// Worse than before, and nobody looks after it yet.
    Regressed,
    /// Worse than before, and somebody does.
    Triaged,
    /// Fixed, missing on one side, equal or better.
    Fine,
}

impl ColumnStanding {
    /// The meaning of `status`. A sample or a basis that is missing (-100, 100, 200) says nothing, and
    /// so does what was fixed (-150).
    pub const fn of(status: i64) -> Self {
        match status {
            -200 | -300 => Self::Triaged,
            ..=-200 => Self::Regressed,
            _ => Self::Fine,
        }
    }
}

/// A component that is worse than in the release before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regression {
    /// Its name.
    pub component: String,
    /// Whether somebody looks after all of it.
    pub is_triaged: bool,
}

/// The components that got worse. None is the green verdict; those that are triaged are told apart.
pub fn components_regressed(readiness: &ComponentReadiness) -> Vec<Regression> {
    let mut found = Vec::new();
    for row in &readiness.rows {
        let lists_tests = row
            .columns
            .iter()
            .any(|column| column.regressed_tests.as_ref().is_some_and(|t| !t.is_empty()));
        let standings = row.columns.iter().map(|column| ColumnStanding::of(column.status));
        let (mut regressed, mut triaged) = (lists_tests, false);
        for standing in standings {
            regressed |= standing == ColumnStanding::Regressed;
            triaged |= standing == ColumnStanding::Triaged;
        }
        if regressed || triaged {
            let (component, is_triaged) = (row.component.clone(), !regressed);
            found.push(Regression { component, is_triaged });
        }
    }
    found
}

/// The variants, of those that count, that got worse by at least `threshold` points (2 is usual).
pub fn variants_worse(
    rates: &[VariantRate],
    counts: impl Fn(&str) -> bool,
    threshold: f64,
) -> Vec<&VariantRate> {
    let is_worse = |rate: &&VariantRate| {
        counts(&rate.name) && rate.net_improvement < 0.0 && rate.net_improvement <= -threshold
    };
    rates.iter().filter(is_worse).collect()
}

/// Whether the failures of a run are likely to be new.
pub const fn is_risky(risk: &Risk) -> bool {
    risk.overall_risk.level.level > RISKY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sippy::types::{Component, ComponentColumn, OverallRisk, RiskLevel};

    fn readiness(columns: &[(i64, Option<usize>)]) -> ComponentReadiness {
        let column = |(status, tests): &(i64, Option<usize>)| ComponentColumn {
            status: *status,
            regressed_tests: tests.map(|count| vec![serde_json::Value::Null; count]),
        };
        let columns = columns.iter().map(column).collect();
        ComponentReadiness { rows: vec![Component { component: "etcd".to_owned(), columns }] }
    }

    #[test]
    fn a_missing_sample_is_no_regression() {
        for fine in [-150, -100, 0, 100, 200, 300, -2] {
            assert_eq!(components_regressed(&readiness(&[(fine, None)])), [], "{fine}");
        }
        for (bad, is_triaged) in
            [(-400, false), (-500, false), (-1000, false), (-200, true), (-300, true)]
        {
            let found = components_regressed(&readiness(&[(0, None), (bad, None)]));
            assert_eq!(found.len(), 1, "{bad}");
            assert_eq!(found[0].is_triaged, is_triaged, "{bad}");
        }
        assert_eq!(components_regressed(&ComponentReadiness::default()), []);
    }

    #[test]
    fn one_open_regression_outweighs_the_triaged_ones() {
        assert!(!components_regressed(&readiness(&[(-300, None), (-400, None)]))[0].is_triaged);
        assert!(!components_regressed(&readiness(&[(0, Some(1))]))[0].is_triaged);
        assert_eq!(components_regressed(&readiness(&[(0, Some(0))])), []);
    }

    #[test]
    fn small_losses_and_other_variants_do_not_count() {
        let rate = |name: &str, net_improvement| VariantRate {
            name: name.to_owned(),
            current_pass_percentage: 90.0,
            previous_pass_percentage: 92.0,
            net_improvement,
        };
        let rates = [rate("aws", -2.0), rate("gcp", -1.9), rate("ovirt", -9.0), rate("azure", 3.0)];
        let worse = variants_worse(&rates, |name| name != "ovirt", 2.0);
        assert_eq!(worse.iter().map(|rate| rate.name.as_str()).collect::<Vec<_>>(), ["aws"]);
    }

    #[test]
    fn risk_begins_above_medium() {
        let risk = |level| Risk {
            prow_job_name: "job".to_owned(),
            prow_job_run_id: 1,
            overall_risk: OverallRisk {
                level: RiskLevel { name: "x".to_owned(), level },
                reasons: None,
            },
        };
        assert!(!is_risky(&risk(50)));
        assert!(is_risky(&risk(75)));
    }
}
