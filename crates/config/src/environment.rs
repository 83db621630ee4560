//! Which secrets a process has: a report for people and for the health route (spec 01 §3).
//!
//! It only reports. A command fails only for what it uses itself.

use oar_transport::env::Environment;
use serde::Serialize;

/// A secret variable and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretVariable {
    /// Name of the variable.
    pub name: &'static str,
    /// What does not work without it, as a noun.
    pub purpose: &'static str,
    /// Whether its value is itself a path, so that there is no `<NAME>_FILE`.
    pub is_path: bool,
}

const fn secret(name: &'static str, purpose: &'static str) -> SecretVariable {
    SecretVariable { name, purpose, is_path: false }
}

const fn path(name: &'static str, purpose: &'static str) -> SecretVariable {
    SecretVariable { name, purpose, is_path: true }
}

/// What a full installation needs, in the order of the report.
pub const REQUIRED: [SecretVariable; 8] = [
    secret("OAR_JWK", "the encrypted configuration"),
    secret("JIRA_TOKEN", "Jira"),
    secret("JIRA_USERNAME", "Jira"),
    secret("SLACK_BOT_TOKEN", "Slack notifications"),
    secret("JENKINS_USER", "stage testing"),
    secret("JENKINS_TOKEN", "stage testing"),
    secret("GITLAB_TOKEN", "the shipment merge request"),
    secret("GITHUB_TOKEN", "the state repository"),
];

/// What only some features need, in the order of the report.
pub const OPTIONAL: [SecretVariable; 4] = [
    path("GCP_SA_FILE", "legacy reports in Google Sheets"),
    secret("SLACK_APP_TOKEN", "the Slack bot"),
    secret("APITOKEN", "Prow jobs"),
    path("GCS_CRED_FILE", "test artifacts"),
];

impl SecretVariable {
    /// Whether the variable, or its `<NAME>_FILE`, has a value; empty counts as absent.
    pub fn is_set(&self, environment: &Environment) -> bool {
        environment.get(self.name).is_some()
            || !self.is_path && environment.get(&format!("{}_FILE", self.name)).is_some()
    }
}

/// Which variables are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvironmentReport {
    /// True when no required variable is missing.
    pub valid: bool,
    /// Missing required variables, in fixed order.
    pub missing_required: Vec<&'static str>,
    /// Missing optional variables, in fixed order.
    pub missing_optional: Vec<&'static str>,
    /// One sentence for each missing required variable: its name and what needs it.
    pub errors: Vec<String>,
}

/// Looks at `environment`; nothing is read but the presence of variables.
pub fn validate_environment(environment: &Environment) -> EnvironmentReport {
    let missing = |variables: &[SecretVariable]| -> Vec<SecretVariable> {
        variables.iter().filter(|variable| !variable.is_set(environment)).copied().collect()
    };
    let required = missing(&REQUIRED);
    EnvironmentReport {
        valid: required.is_empty(),
        missing_required: required.iter().map(|variable| variable.name).collect(),
        missing_optional: missing(&OPTIONAL).iter().map(|variable| variable.name).collect(),
        errors: required
            .iter()
            .map(|variable| format!("{} is not set; {} needs it", variable.name, variable.purpose))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_but(absent: &str) -> Environment {
        let names = REQUIRED.iter().chain(&OPTIONAL).map(|variable| variable.name);
        Environment::from_map(names.filter(|name| *name != absent).map(|name| (name, "x")))
    }

    #[test]
    fn spec01_case_08_a_missing_required_variable_makes_it_invalid() {
        let report = validate_environment(&all_but("JENKINS_TOKEN"));
        assert!(!report.valid);
        assert_eq!(report.missing_required, ["JENKINS_TOKEN"]);
        assert_eq!(report.missing_optional, [""; 0]);
        assert_eq!(report.errors, ["JENKINS_TOKEN is not set; stage testing needs it"]);

        let report = validate_environment(&all_but("SLACK_APP_TOKEN"));
        assert!(report.valid);
        assert_eq!(report.missing_required, [""; 0]);
        assert_eq!(report.missing_optional, ["SLACK_APP_TOKEN"]);
    }

    #[test]
    fn nothing_set_lists_everything_in_order() {
        let report = validate_environment(&Environment::from_map([("GITHUB_TOKEN", "")]));
        assert_eq!(report.missing_required, REQUIRED.map(|variable| variable.name));
        assert_eq!(report.missing_optional, OPTIONAL.map(|variable| variable.name));
        let json = serde_json::to_value(&report).unwrap();
        let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["valid", "missing_required", "missing_optional", "errors"]);
    }

    #[test]
    fn a_file_variant_counts_except_for_variables_that_are_paths() {
        let set = |name| Environment::from_map([(name, "/run/secrets/x")]);
        assert!(REQUIRED[7].is_set(&set("GITHUB_TOKEN_FILE")));
        assert!(!OPTIONAL[0].is_set(&set("GCP_SA_FILE_FILE")));
    }
}
