//! The verdict in a build's test-result file, and which jobs it comes from (spec 04 §2.3, 01 §12.3).

use oar_release::workflow::TestResult;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The keys of a result file that decide; all others are left alone.
#[derive(Debug, Deserialize)]
struct ResultFile {
    #[serde(default)]
    aggregated: Option<bool>,
    #[serde(default)]
    accepted: Option<bool>,
    #[serde(default)]
    build: Option<Build>,
    #[serde(default)]
    result: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Build {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    job_name: String,
    first_job: WireRun,
    #[serde(default)]
    retried_jobs: Vec<WireRun>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRun {
    #[serde(default)]
    job_state: Option<String>,
    #[serde(default, rename = "jobURL")]
    job_url: Option<String>,
    #[serde(default)]
    test_result_summary: Map<String, Value>,
}

/// A result file that cannot be read as one.
#[derive(Debug, thiserror::Error)]
#[error("the test result file is malformed")]
pub struct MalformedResult(#[from] serde_json::Error);

/// What a result file says of one build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildResults {
    /// The build that it speaks of; older files may not say.
    pub build: Option<String>,
    /// The verdict.
    pub verdict: TestResult,
    /// The jobs, in the order of the file.
    pub jobs: Vec<JobRuns>,
}

/// The runs of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRuns {
    /// The job.
    pub name: String,
    /// Its first run, then the retries.
    pub runs: Vec<RunNote>,
}

/// One run, as far as a verdict needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunNote {
    /// Prow's word for its state; none while nothing was fetched.
    pub state: Option<String>,
    /// Its page.
    pub url: Option<String>,
    /// Scenarios that failed, as far as the summary lists them.
    pub failing: Vec<String>,
}

impl JobRuns {
    /// Whether more than half of the runs succeeded: the best of an odd number (spec 04 §2.1).
    pub fn passed(&self) -> bool {
        let succeeded = |run: &&RunNote| run.state.as_deref() == Some("success");
        self.runs.iter().filter(succeeded).count() * 2 > self.runs.len()
    }
}

impl From<WireRun> for RunNote {
    fn from(run: WireRun) -> Self {
        let lists = run.test_result_summary.values();
        let names = lists.filter_map(|suite| suite.get("failingScenarios")?.as_array());
        let failing = names.flatten().filter_map(|name| name.as_str().map(str::to_owned));
        Self { state: run.job_state, url: run.job_url, failing: failing.collect() }
    }
}

fn parse(content: &[u8]) -> Result<(ResultFile, TestResult), MalformedResult> {
    // An object first: a structure would also take a list for its fields in order.
    let object: Map<String, Value> = serde_json::from_slice(content)?;
    // That the key is there is the promotion, whatever its value (spec 04 §2.3).
    let manual = object.contains_key("manual_promotion");
    let file: ResultFile = serde_json::from_value(object.into())?;
    let verdict = match (manual, file.aggregated, file.accepted) {
        (true, _, _) => TestResult::Accepted { manual: true },
        (false, Some(true), Some(true)) => TestResult::Accepted { manual: false },
        (false, Some(true), Some(false)) => TestResult::Rejected,
        _ => TestResult::Running,
    };
    Ok((file, verdict))
}

/// What the file says: promoted by hand when the promotion's key is there, else still running unless
/// it is aggregated. The promotion is read here and nowhere else (R27).
pub fn verdict(content: &[u8]) -> Result<TestResult, MalformedResult> {
    Ok(parse(content)?.1)
}

/// The verdict with the build and the jobs behind it.
pub fn read(content: &[u8]) -> Result<BuildResults, MalformedResult> {
    let (file, verdict) = parse(content)?;
    let jobs = file.result.into_iter().map(|entry| JobRuns {
        name: entry.job_name,
        runs: std::iter::once(entry.first_job)
            .chain(entry.retried_jobs)
            .map(RunNote::from)
            .collect(),
    });
    let build = file.build.map(|build| build.name);
    Ok(BuildResults { build, verdict, jobs: jobs.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r27_the_verdict_and_the_manual_promotion_come_from_one_place() {
        let verdict = |text: &str| verdict(text.as_bytes()).unwrap();
        assert_eq!(verdict("{}"), TestResult::Running);
        assert_eq!(verdict(r#"{"aggregated": false, "accepted": true}"#), TestResult::Running);
        assert_eq!(
            verdict(r#"{"aggregated": true, "accepted": true}"#),
            TestResult::Accepted { manual: false }
        );
        assert_eq!(
            verdict(r#"{"aggregated": true, "accepted": true, "manual_promotion": true}"#),
            TestResult::Accepted { manual: true }
        );
        assert_eq!(verdict(r#"{"aggregated": true, "accepted": false}"#), TestResult::Rejected);
    }

    #[test]
    fn the_key_of_a_promotion_counts_and_not_its_value() {
        for promotion in ["true", "false", "null"] {
            for rest in [r#""aggregated": true, "accepted": false"#, r#""aggregated": false"#] {
                let text = format!("{{{rest}, \"manual_promotion\": {promotion}}}");
                let found = verdict(text.as_bytes()).unwrap();
                assert_eq!(found, TestResult::Accepted { manual: true }, "{text}");
            }
        }
    }

    #[test]
    fn a_file_that_is_no_object_is_malformed_and_never_a_verdict() {
        for text in ["", "[]", "{\"accepted\": \"yes\"}", "<html>"] {
            assert!(verdict(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_job_passed_when_most_of_its_runs_did() {
        let text = r#"{"build": {"name": "4.99.3"}, "aggregated": true, "accepted": false, "result": [
            {"jobName": "a", "firstJob": {"jobID": "1", "jobState": "failure", "jobURL": "https://example.com/1",
              "testResultSummary": {"s": {"total": 3, "failingScenarios": ["x", "y"]}, "t": {"total": 1}}},
             "retriedJobs": [{"jobState": "success"}, {"jobState": "success"}]},
            {"jobName": "b", "firstJob": {"jobID": "2"}},
            {"jobName": "c", "firstJob": {"jobState": "success"}, "retriedJobs": []}]}"#;
        let found = read(text.as_bytes()).unwrap();
        assert_eq!(found.build.as_deref(), Some("4.99.3"));
        assert_eq!(found.verdict, TestResult::Rejected);
        let passed: Vec<bool> = found.jobs.iter().map(JobRuns::passed).collect();
        assert_eq!(passed, [true, false, true]);
        assert_eq!(found.jobs[0].runs[0].failing, ["x", "y"]);
    }
}
