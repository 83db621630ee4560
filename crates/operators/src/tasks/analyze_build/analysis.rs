//! Why the tests rejected a build, and what to make of it (spec 01 §12.5). Pure rules.
//!
//! Nothing here recommends to accept: that a failure is a flake, an outage or a known issue is for a
//! person to say. What counts for rejection is told.

use std::collections::BTreeMap;

use oar_prow_jobs::test_result::{BuildResults, JobRuns};
use serde::Serialize;

/// Failed scenarios of one job that are shown.
const SHOWN: usize = 20;

/// The failures of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Analysis {
    /// How many jobs were run.
    pub jobs: usize,
    /// Those that failed.
    pub failed: Vec<FailedJob>,
    /// What follows from the results alone.
    pub recommendation: Recommendation,
}

/// A job that did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedJob {
    /// The job.
    pub name: String,
    /// Prow's states of its runs, the first run first.
    pub states: Vec<String>,
    /// Pages of its runs.
    pub urls: Vec<String>,
    /// Scenarios that failed in two runs or more, or in the only run that tells any.
    pub lasting: Vec<String>,
}

/// What the results alone recommend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "word", content = "why", rename_all = "kebab-case")]
pub enum Recommendation {
    /// Reject.
    Reject(String),
    /// The results do not say what failed: look at the runs first.
    Look(String),
}

impl Recommendation {
    /// For people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Reject(why) => format!("recommendation: reject, {why}"),
            Self::Look(why) => format!("recommendation: look at the runs first, {why}"),
        }
    }
}

/// The analysis of a rejected build.
pub fn analyse(results: &BuildResults) -> Analysis {
    let failed: Vec<FailedJob> =
        results.jobs.iter().filter(|job| !job.passed()).map(failed_job).collect();
    let recommendation = recommend(&failed);
    Analysis { jobs: results.jobs.len(), failed, recommendation }
}

fn failed_job(job: &JobRuns) -> FailedJob {
    let telling = job.runs.iter().filter(|run| !run.failing.is_empty()).count();
    let mut times = BTreeMap::<&str, usize>::new();
    for run in &job.runs {
        let mut names: Vec<&str> = run.failing.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            *times.entry(name).or_default() += 1;
        }
    }
    let enough = telling.min(2);
    let lasting = times.iter().filter(|(_, count)| **count >= enough);
    FailedJob {
        name: job.name.clone(),
        states: job
            .runs
            .iter()
            .map(|run| run.state.clone().unwrap_or_else(|| "just triggered".to_owned()))
            .collect(),
        urls: job.runs.iter().filter_map(|run| run.url.clone()).collect(),
        lasting: lasting.map(|(name, _)| (*name).to_owned()).collect(),
    }
}

fn recommend(failed: &[FailedJob]) -> Recommendation {
    let mut jobs_of = BTreeMap::<&str, usize>::new();
    for job in failed {
        for scenario in &job.lasting {
            *jobs_of.entry(scenario).or_default() += 1;
        }
    }
    // On several platforms at once: no flake of one of them.
    if let Some((scenario, count)) = jobs_of.iter().find(|(_, count)| **count > 1) {
        return Recommendation::Reject(format!("{scenario:?} failed in {count} jobs"));
    }
    let lasting = jobs_of.len();
    if lasting > 0 {
        let why = format!("{lasting} scenarios failed again and again");
        return Recommendation::Reject(why);
    }
    match failed.len() {
        0 => Recommendation::Look("no failed job is recorded".to_owned()),
        count => Recommendation::Look(format!("{count} jobs failed without telling a scenario")),
    }
}

impl FailedJob {
    /// One line for people, and one for each scenario.
    pub fn lines(&self) -> Vec<String> {
        let mut head = format!("failed: {} ({})", self.name, self.states.join(", "));
        if let Some(url) = self.urls.last() {
            head = format!("{head}, see {url}");
        }
        let mut lines = vec![head];
        lines.extend(self.lasting.iter().take(SHOWN).map(|name| format!("failed again: {name}")));
        if let Some(more) = self.lasting.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            lines.push(format!("and {more} more scenarios of this job"));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use oar_prow_jobs::test_result::RunNote;
    use oar_release::workflow::TestResult;

    use super::*;

    fn job(name: &str, runs: &[(&str, &[&str])]) -> JobRuns {
        let run = |(state, failing): &(&str, &[&str])| RunNote {
            state: Some((*state).to_owned()),
            url: Some(format!("https://prow.example.com/{name}")),
            failing: failing.iter().map(|name| (*name).to_owned()).collect(),
        };
        JobRuns { name: name.to_owned(), runs: runs.iter().map(run).collect() }
    }

    fn analysis(jobs: Vec<JobRuns>) -> Analysis {
        analyse(&BuildResults { build: None, verdict: TestResult::Rejected, jobs })
    }

    #[test]
    fn a_scenario_that_fails_on_two_platforms_is_a_reason_to_reject() {
        let runs: &[(&str, &[&str])] =
            &[("failure", &["login", "flake"]), ("success", &[]), ("failure", &["login"])];
        let found =
            analysis(vec![job("aws", runs), job("gcp", runs), job("ok", &[("success", &[])])]);
        assert_eq!((found.jobs, found.failed.len()), (3, 2));
        assert_eq!(found.failed[0].lasting, ["login"]);
        assert_eq!(
            found.recommendation,
            Recommendation::Reject("\"login\" failed in 2 jobs".to_owned())
        );
    }

    #[test]
    fn a_scenario_that_lasts_on_one_platform_is_one_too() {
        let found = analysis(vec![job("aws", &[("failure", &["a"]), ("failure", &["a", "b"])])]);
        assert_eq!(found.failed[0].lasting, ["a"]);
        assert!(matches!(found.recommendation, Recommendation::Reject(_)));
        // The only run that tells anything is believed.
        let found = analysis(vec![job("aws", &[("failure", &["a"]), ("failure", &[])])]);
        assert_eq!(found.failed[0].lasting, ["a"]);
    }

    #[test]
    fn failures_that_tell_nothing_are_for_a_person_to_look_at() {
        let found = analysis(vec![job("aws", &[("failure", &[]), ("error", &[])])]);
        assert!(matches!(found.recommendation, Recommendation::Look(_)));
        assert_eq!(found.failed[0].states, ["failure", "error"]);
        assert!(matches!(analysis(Vec::new()).recommendation, Recommendation::Look(_)));
        // Different scenarios in each run are flakes until somebody looked.
        let found = analysis(vec![job("aws", &[("failure", &["a"]), ("failure", &["b"])])]);
        assert!(matches!(found.recommendation, Recommendation::Look(_)));
    }

    #[test]
    fn long_lists_are_cut_and_say_so() {
        let names: Vec<String> = (0..25).map(|n| format!("s{n:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = analysis(vec![job("aws", &[("failure", &names)])]);
        let lines = found.failed[0].lines();
        assert_eq!(lines.len(), 1 + 20 + 1);
        assert!(lines[21].contains("5 more"), "{lines:?}");
    }
}
