//! `check-greenwave-cvp-tests`: container verification tests of the advisories (spec 02 §3.6, §4.7,
//! §7.3; Errata flow).
//!
//! A failed test becomes one Jira issue per release; tests that still run, or that cannot be read, are
//! no failure and no pass.

use oar_config::ReleaseData;
use oar_errata::{CvpReport, WorkingSet, check_cvp};
use oar_jira::{CvpOutcome, CvpTest, report_cvp};
use oar_release::{ReleaseVersion, Task, TaskOutcome};
use serde_json::json;

use super::{errata_flow, list, words};
use crate::context::Context;
use crate::error::OperatorError;
use crate::notify::{Audience, Notice};
use crate::report::{CommandReport, error_chain};
use crate::runner::{self, TaskError, TaskScope};
use crate::tasks::support::advisory_map;

const COMMAND: &str = "check-greenwave-cvp-tests";
/// What stands for a build that the Errata Tool does not name.
const UNKNOWN_BUILD: &str = "unknown build";

/// Checks the tests of `release`. An error before the work begins: another flow, a release that is kept
/// in a Google Sheet, no build data.
pub async fn run(
    context: &Context,
    release: &ReleaseVersion,
) -> Result<CommandReport, OperatorError> {
    let data = errata_flow(context, release, COMMAND).await?;
    let work = |scope| async move { check(&scope, &data).await };
    Ok(runner::run(context, release, Task::CheckGreenwaveCvpTests, work).await)
}

async fn check(scope: &TaskScope<'_>, data: &ReleaseData) -> Result<TaskOutcome, TaskError> {
    let errata = scope.context().services.errata.as_ref().map_err(TaskError::reading)?;
    let set = WorkingSet::load(&*errata.read, &advisory_map(data)).await;
    if let Some((outcome, reason)) = set.when_empty(&data.flow) {
        scope.say(reason);
        return Ok(outcome);
    }
    scope.begin();
    list::tell_left_out(scope, &set);
    let report = check_cvp(&*errata.read, &set).await;
    tell(scope, &report);
    if report.failed().next().is_some() {
        file_issue(scope, &report).await;
    }
    Ok(match report.outcome() {
        // What is not created yet has not been tested.
        TaskOutcome::Pass if !set.not_created.is_empty() => {
            let reason = "advisories that are not created yet have no tests".to_owned();
            TaskOutcome::Waiting { reason, recheck: None }
        }
        outcome => outcome,
    })
}

fn tell(scope: &TaskScope<'_>, report: &CvpReport) {
    for test in &report.abnormal {
        let nvr = test.nvr.as_deref().unwrap_or(UNKNOWN_BUILD);
        scope.say(format!(
            "test {} of {nvr} (advisory {}) is {}",
            test.id,
            test.advisory,
            test.status.as_str()
        ));
    }
    for problem in &report.unreadable {
        scope.warn(problem.clone());
    }
    if report.abnormal.is_empty() && report.unreadable.is_empty() {
        scope.say("all tests passed or are waived");
    }
    let tests: Vec<_> = report
        .abnormal
        .iter()
        .map(|test| {
            json!({ "id": test.id, "advisory": test.advisory, "nvr": test.nvr,
                    "status": test.status.as_str() })
        })
        .collect();
    scope.fact("abnormal_tests", tests);
}

/// Sees to it that one open issue names the failed tests, and tells the release leads of it. Trouble
/// is a warning: the tests have failed whatever becomes of the issue.
async fn file_issue(scope: &TaskScope<'_>, report: &CvpReport) {
    let links = &scope.context().links;
    let jira = match &scope.context().services.jira {
        Ok(jira) => &jira.ports,
        Err(error) => return scope.warn(format!("no CVP issue is filed: {error}")),
    };
    let failed: Vec<CvpTest> = report
        .failed()
        .map(|test| CvpTest {
            id: test.id,
            advisory: test.advisory.0,
            nvr: test.nvr.clone().unwrap_or_else(|| UNKNOWN_BUILD.to_owned()),
        })
        .collect();
    match report_cvp(&*jira.read, &*jira.write, scope.release(), &failed, links).await {
        Ok(outcome) => {
            let key = outcome.key().to_string();
            scope.say(match &outcome {
                CvpOutcome::Created(_) => format!("filed {key} about the failed tests"),
                CvpOutcome::Commented(_) => format!("other tests fail now: commented on {key}"),
                CvpOutcome::Known(_) => format!("{key} names the failed tests already"),
            });
            // Also about one that an earlier run filed: it may have ended before it told anybody, and
            // what was told is not repeated.
            let text = words::cvp_failures(&key, links);
            scope.notify(Notice { kind: "cvp-failures", to: Audience::ReleaseLeads, text });
            scope.fact("issue", key);
        }
        Err(error) => scope.warn(format!("no CVP issue is filed: {}", error_chain(&error))),
    }
}
