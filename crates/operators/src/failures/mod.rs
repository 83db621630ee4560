//! Why a run failed, as one object that programs and assistants read (spec 04 §15.3).

mod collect;
mod must_gather;
mod patterns;
mod trace;

use std::path::PathBuf;

use oar_prow_jobs::junit::{Counts, FailedCase};
use oar_prow_jobs::{ArtifactsError, RunFiles, RunPage};
use oar_release::Links;
use serde::Serialize;

use self::collect::Collected;

/// How much of a message is told, characters.
const MESSAGE: usize = 500;
/// How much of the details is told, characters.
const DETAILS: usize = 2_000;
/// How much of the end of the build log is told, characters.
const SNIPPET: usize = 20_000;
/// Pages of artefacts of buckets that everybody may read.
const PUBLIC_PAGES: &str = "https://gcsweb-ci.apps.ci.l2s4.p1.openshiftapps.com/gcs";

/// What is asked.
#[derive(Debug, Clone)]
pub struct Options {
    /// The run's page as it was given.
    pub url: String,
    /// Failures that are told at most.
    pub most: usize,
    /// Where the must-gather archive is unpacked; `None` leaves it alone.
    pub must_gather: Option<PathBuf>,
    /// Pages that reports link to.
    pub links: Links,
}

/// What is known about the failures of a run.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum FailureReport {
    /// It left no test results that can be read.
    Infrastructure(Box<InfrastructureFailure>),
    /// It left some.
    Tests(Box<TestFailures>),
}

/// A run without test results.
#[derive(Debug, Serialize)]
pub struct InfrastructureFailure {
    /// The job.
    pub job_name: String,
    /// The number of the build.
    pub job_run_id: String,
    /// What is missing.
    pub error: String,
    /// The whole build log.
    pub build_log_url: String,
    /// Its end.
    pub build_log_snippet: Option<String>,
    /// All artefacts.
    pub gcsweb_url: String,
    /// Always `infrastructure_failure`.
    pub analysis_type: &'static str,
    /// The archive of the cluster's state, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub must_gather: Option<must_gather::MustGather>,
}

/// A run with test results.
#[derive(Debug, Serialize)]
pub struct TestFailures {
    /// The job.
    pub job_name: String,
    /// The number of the build.
    pub job_run_id: String,
    /// The page as it was given.
    pub prow_deck_url: String,
    /// All artefacts.
    pub gcsweb_url: String,
    /// The numbers.
    pub summary: Summary,
    /// The suites.
    pub suites: Vec<SuiteCounts>,
    /// Failures that are alike, the most frequent first.
    pub failure_patterns: Vec<patterns::Pattern>,
    /// The failures.
    pub failures: Vec<Failure>,
    /// How many are left out.
    pub truncation_info: Option<patterns::Truncation>,
    /// Result files that cannot be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable_files: Vec<UnreadableFile>,
    /// The archive of the cluster's state, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub must_gather: Option<must_gather::MustGather>,
}

/// The numbers of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// All tests.
    pub total_tests: u64,
    /// Those that passed.
    pub passed: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that broke.
    pub errors: u64,
    /// Those that did not run.
    pub skipped: u64,
    /// Result files that were read.
    pub junit_files: usize,
    /// Failed and broken tests.
    pub total_failures: usize,
    /// Kinds of failures.
    pub unique_patterns: usize,
    /// Whether some failures are not told.
    pub is_truncated: bool,
}

/// One suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuiteCounts {
    /// Its name.
    pub name: String,
    /// All tests.
    pub tests: u64,
    /// Those that failed.
    pub failures: u64,
    /// Those that broke.
    pub errors: u64,
    /// Those that did not run.
    pub skipped: u64,
    /// Its file.
    pub source_file: String,
}

/// A result file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadableFile {
    /// The file.
    pub source_file: String,
    /// Why.
    pub problem: String,
}

/// One failed test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// The test.
    pub test_name: String,
    /// Its class.
    pub classname: String,
    /// Its suite.
    pub suite: String,
    /// How long it ran, seconds.
    pub duration: f64,
    /// `failure` or `error`.
    pub failure_type: &'static str,
    /// The kind of failure in the words of the test's language.
    pub error_type: String,
    /// What it said.
    pub message: String,
    /// More about it.
    pub details: String,
    /// Its file.
    pub source_file: String,
    /// What the cucushift log says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cucushift_trace: Option<trace::Trace>,
}

impl Failure {
    fn new(case: FailedCase, source_file: &str) -> Self {
        let duration = case.time.and_then(|time| time.trim().parse::<f64>().ok());
        Self {
            test_name: case.name,
            classname: case.classname,
            suite: case.suite,
            duration: duration.filter(|seconds| seconds.is_finite()).unwrap_or(0.0),
            failure_type: case.kind.word(),
            error_type: case.error_type,
            message: shortened(&case.message, MESSAGE),
            details: shortened(&case.details, DETAILS),
            source_file: source_file.to_owned(),
            cucushift_trace: None,
        }
    }
}

/// The beginning of `text`, with dots when it goes on.
fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

/// The page of a run's artefacts, with `name` behind it.
fn pages(links: &Links, page: &RunPage, name: &str) -> String {
    let is_private = page.bucket().contains("qe-private-deck");
    let base = if is_private { links.gcsweb.trim_end_matches('/') } else { PUBLIC_PAGES };
    format!("{base}/{}/{}", page.bucket(), page.below(name))
}

/// Looks at the run `page`.
pub async fn run(
    files: &dyn RunFiles,
    page: &RunPage,
    options: &Options,
) -> Result<FailureReport, ArtifactsError> {
    let must_gather = match &options.must_gather {
        Some(folder) => Some(must_gather::set_up(files, page, folder).await),
        None => None,
    };
    let Collected { names, counts, suites, failures, unlisted, unreadable } =
        collect::collect(files, page).await?;
    let job_name = page.job().to_owned();
    let job_run_id = page.build_id().to_owned();
    let gcsweb_url = pages(&options.links, page, "artifacts/");
    if names.is_empty() {
        let error = match unreadable.first() {
            None => "No JUnit files found: the run broke before its tests".to_owned(),
            Some(first) => format!(
                "None of {} JUnit files can be read: {}: {}",
                unreadable.len(),
                first.source_file,
                first.problem
            ),
        };
        return Ok(FailureReport::Infrastructure(Box::new(InfrastructureFailure {
            job_name,
            job_run_id,
            error,
            build_log_url: pages(&options.links, page, "build-log.txt"),
            build_log_snippet: collect::end_of(files, page, "build-log.txt", SNIPPET).await?,
            gcsweb_url,
            analysis_type: "infrastructure_failure",
            must_gather,
        })));
    }
    let total_failures = failures.len() + unlisted;
    let patterns = patterns::patterns(&failures);
    let (mut failures, mut truncation_info) = patterns::choose(failures, &patterns, options.most);
    if unlisted > 0 {
        truncation_info = Some(patterns::Truncation {
            is_truncated: true,
            original_count: total_failures,
            analyzed_count: failures.len(),
            max_limit: options.most,
        });
    }
    if names.iter().any(|name| name.contains("cucushift")) && !failures.is_empty() {
        trace::add(files, page, &mut failures).await?;
    }
    Ok(FailureReport::Tests(Box::new(TestFailures {
        job_name,
        job_run_id,
        prow_deck_url: options.url.clone(),
        gcsweb_url,
        summary: summary(
            &counts,
            names.len(),
            total_failures,
            &patterns,
            truncation_info.is_some(),
        ),
        suites,
        failure_patterns: patterns.into_iter().map(|found| found.pattern).collect(),
        failures,
        truncation_info,
        unreadable_files: unreadable,
        must_gather,
    })))
}

fn summary(
    counts: &Counts,
    junit_files: usize,
    total_failures: usize,
    patterns: &[patterns::Found],
    is_truncated: bool,
) -> Summary {
    Summary {
        total_tests: counts.tests,
        passed: counts.passed(),
        failed: counts.failures,
        errors: counts.errors,
        skipped: counts.skipped,
        junit_files,
        total_failures,
        unique_patterns: patterns.len(),
        is_truncated,
    }
}
