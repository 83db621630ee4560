//! Per node: whether it is done without a recorded `Pass`, whether the release has it at all, and
//! the condition of its own under which it may start (spec 01 §12.2).

use jiff::Timestamp;

use super::facts::{Alerts, Facts, Promotion, StageGate, State, TestResult};
use super::node::Node;
use crate::flow::Flow;
use crate::task::{Task, TaskStatus};

/// Recheck of the release controller, seconds.
const PROMOTION_RECHECK: u64 = 1800;
/// Recheck of a result file, seconds.
const RESULT_RECHECK: u64 = 600;
/// Recheck of the stage release and of ART's merge request, seconds.
const STAGE_RELEASE_RECHECK: u64 = 1200;
/// Recheck of shipping, seconds.
const SHIPPED_RECHECK: u64 = 3600;
/// Answer of a node's own condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Guard {
    /// It may start.
    Open {
        /// Why it makes sense now.
        reason: String,
        /// Options of the command, in the form ` -e x`.
        options: String,
    },
    /// Not yet.
    Wait {
        /// What for.
        reason: String,
        /// Seconds to the next look.
        recheck: Option<u64>,
    },
    /// What it depends on could not be read.
    Unread {
        /// What, and why.
        reason: String,
    },
    /// A person must decide.
    Decide {
        /// What about.
        reason: String,
    },
}

impl Guard {
    fn open(reason: &str) -> Self {
        Self::Open { reason: reason.to_owned(), options: String::new() }
    }

    fn wait(reason: impl Into<String>, recheck: u64) -> Self {
        Self::Wait { reason: reason.into(), recheck: Some(recheck) }
    }
}

/// A fact is missing: its reason becomes the waiting reason.
impl From<String> for Guard {
    fn from(reason: String) -> Self {
        Self::Unread { reason }
    }
}

/// The recorded status; not started where nothing is recorded.
pub(super) fn status(node: Node, facts: &Facts) -> TaskStatus {
    match node {
        Node::Task(task) => facts.status(task),
        _ => TaskStatus::NotStarted,
    }
}

/// Why nothing more is to be done for `node`, if so.
pub(super) fn done(node: Node, facts: &Facts) -> Option<String> {
    if status(node, facts) == TaskStatus::Pass {
        return Some("passed".to_owned());
    }
    let passed = |task| status(Node::Task(task), facts) == TaskStatus::Pass;
    let because = match node {
        Node::Task(Task::CreateTestReport) => {
            matches!(facts.state.known(), Some(State::Present(_))).then_some("the StateBox exists")
        }
        Node::Task(Task::CheckCveTrackerBug) => cve_failure_settled(facts)
            .then_some("failed, and every blocker that names it is resolved"),
        Node::Task(Task::CheckGreenwaveCvpTests) => {
            passed(Task::PushToCdnStaging).then_some("its time is over: the push to staging passed")
        }
        Node::Task(Task::UpdateBugList | Task::DropBugs) => {
            passed(Task::ChangeAdvisoryStatus).then_some("its time is over: approval passed")
        }
        Node::SecurityAlerts => match facts.alerts.known() {
            Some(Alerts::Read { total, blocking: 0 }) => {
                return Some(format!("{total} alerts, none blocks"));
            }
            Some(Alerts::Read { total, blocking }) => {
                return Some(format!(
                    "{total} alerts, {blocking} blocking: contact product security"
                ));
            }
            Some(Alerts::NoAdvisory) | None => None,
        },
        Node::Promotion => (facts.promotion.known() == Some(&Promotion::Accepted))
            .then_some("the release controller accepted the build"),
        Node::Shipped => (facts.shipped.known() == Some(&true)).then_some("shipped"),
        Node::Task(_) => None,
    };
    because.map(ToOwned::to_owned)
}

/// The CVE check counts as done when what it found was settled by people.
fn cve_failure_settled(facts: &Facts) -> bool {
    let cve = Node::Task(Task::CheckCveTrackerBug);
    let Some(view) = facts.view() else { return false };
    let mut blockers = view.issues.iter().filter(|issue| issue.blocker && issue.names(cve.name()));
    status(cve, facts) == TaskStatus::Fail
        && blockers.clone().count() > 0
        && blockers.all(|issue| issue.resolved)
}

/// Why the release does not have `node`, if so.
pub(super) fn not_applicable(node: Node, facts: &Facts) -> Option<&'static str> {
    let flow = facts.flow.known();
    match node {
        Node::SecurityAlerts if flow == Some(&Flow::Errata) => {
            Some("only releases with a shipment have it")
        }
        Node::Task(Task::UpdateBugList | Task::CheckGreenwaveCvpTests | Task::DropBugs)
            if flow.is_some_and(Flow::is_konflux) =>
        {
            Some("only releases without a shipment have it")
        }
        Node::Task(Task::AnalyzeCandidateBuild) if facts.candidate.known() == Some(&None) => {
            Some("the release has no candidate build")
        }
        _ => None,
    }
}

/// The node's own condition; predecessors and blockers were looked at before.
pub(super) fn guard(node: Node, facts: &Facts) -> Guard {
    let answer = match node {
        Node::Task(Task::CreateTestReport) => create_test_report(facts),
        Node::Task(Task::TakeOwnership) => take_ownership(facts),
        Node::Task(Task::CheckCveTrackerBug | Task::PushToCdnStaging | Task::ImageSignedCheck) => {
            Ok(Guard::open("everything before it is done"))
        }
        Node::Task(Task::UpdateBugList | Task::CheckGreenwaveCvpTests | Task::DropBugs) => {
            errata_only(facts)
        }
        Node::Task(Task::AnalyzeCandidateBuild) => analyze_candidate(facts),
        Node::Task(Task::ImageConsistencyCheck | Task::StageTesting) => stage_release(facts),
        Node::Task(Task::AnalyzePromotedBuild) => analyze_promoted(facts),
        Node::Task(Task::ChangeAdvisoryStatus) => approval(facts),
        Node::SecurityAlerts => security_alerts(facts),
        Node::Promotion => promotion(facts),
        Node::Shipped => shipped(facts),
    };
    answer.unwrap_or_else(Guard::from)
}

/// The node does not start before this time (approval: one day before the release date).
pub(super) fn not_before(node: Node, facts: &Facts) -> Option<Timestamp> {
    let date = facts.release_date.known()?;
    let earliest = date.midnight(-1)?;
    (node == Node::Task(Task::ChangeAdvisoryStatus) && facts.now < earliest).then_some(earliest)
}

fn create_test_report(facts: &Facts) -> Result<Guard, String> {
    facts.state.require("StateBox")?;
    // ART's data announce a release; of one that nobody announced there is nothing to write down.
    facts.flow.require("build data")?;
    Ok(Guard::open("the release has no StateBox yet"))
}

fn take_ownership(facts: &Facts) -> Result<Guard, String> {
    Ok(match facts.owner.require("owner")? {
        Some(email) => {
            Guard::Open { reason: "the owner is known".to_owned(), options: format!(" -e {email}") }
        }
        None => Guard::Decide { reason: "name the owner with --email".to_owned() },
    })
}

fn errata_only(facts: &Facts) -> Result<Guard, String> {
    facts.flow.require("flow")?;
    Ok(Guard::open("everything before it is done"))
}

fn security_alerts(facts: &Facts) -> Result<Guard, String> {
    facts.flow.require("flow")?;
    if facts.alerts.known() == Some(&Alerts::NoAdvisory) {
        return Ok(Guard::wait("the release has no rhcos advisory yet", STAGE_RELEASE_RECHECK));
    }
    match facts.alerts.require("security alerts") {
        Err(unknown) if matches!(facts.alerts, super::Fact::Unknown { .. }) => Err(unknown),
        _ => Ok(Guard::open("the alerts were not read yet")),
    }
}

fn analyze_candidate(facts: &Facts) -> Result<Guard, String> {
    facts.candidate.require("candidate build")?;
    // Looking at the results is part of this task, so it may start before anybody did.
    if facts.candidate_tests == super::Fact::NotLookedUp {
        return Ok(Guard::open("the candidate build is known"));
    }
    Ok(test_result(*facts.candidate_tests.require("test result of the candidate build")?))
}

fn analyze_promoted(facts: &Facts) -> Result<Guard, String> {
    Ok(test_result(*facts.promoted_tests.require("test result of the promoted build")?))
}

fn test_result(result: TestResult) -> Guard {
    match result {
        TestResult::Missing => Guard::wait("the result file does not exist yet", RESULT_RECHECK),
        TestResult::Running => {
            Guard::wait("test jobs run; results are not aggregated yet", RESULT_RECHECK)
        }
        TestResult::Accepted { manual: false } => Guard::open("the test results were accepted"),
        TestResult::Accepted { manual: true } => Guard::open("the build was promoted by hand"),
        TestResult::Rejected => Guard::Decide {
            reason:
                "the test results were rejected: a person decides with `oar decide accept|reject`"
                    .to_owned(),
        },
    }
}

fn promotion(facts: &Facts) -> Result<Guard, String> {
    let phase = facts.promotion.require("promotion")?;
    let reason = format!("the release controller's phase is {}", phase.word());
    Ok(Guard::wait(reason, PROMOTION_RECHECK))
}

/// Image check and stage testing need the merge request and its stage release (Konflux).
fn stage_release(facts: &Facts) -> Result<Guard, String> {
    let mr = match facts.flow.require("flow")? {
        Flow::Errata => return Ok(Guard::open("the build is promoted")),
        Flow::KonfluxPending => return Ok(waits_for_merge_request()),
        Flow::Konflux { mr } => mr,
    };
    Ok(match facts.stage_release.require("stage release")? {
        StageGate::Success => Guard::open("the build is promoted and the stage release succeeded"),
        StageGate::Running => Guard::wait("the stage release runs", STAGE_RELEASE_RECHECK),
        StageGate::Failed => Guard::wait(
            format!("the stage release failed: work with ART on {mr}"),
            STAGE_RELEASE_RECHECK,
        ),
        StageGate::NotStarted => {
            Guard::wait("the stage release was not started", STAGE_RELEASE_RECHECK)
        }
        StageGate::NotPresent => {
            Guard::wait("the merge request has no stage release yet", STAGE_RELEASE_RECHECK)
        }
    })
}

fn waits_for_merge_request() -> Guard {
    Guard::wait("waiting for ART to create the shipment MR", STAGE_RELEASE_RECHECK)
}

fn approval(facts: &Facts) -> Result<Guard, String> {
    if facts.flow.require("flow")? == &Flow::KonfluxPending {
        return Ok(waits_for_merge_request());
    }
    let date = facts.release_date.require("release date")?;
    let Some(earliest) = not_before(Node::Task(Task::ChangeAdvisoryStatus), facts) else {
        return Ok(Guard::open("everything before it is done"));
    };
    let recheck = u64::try_from(earliest.duration_since(facts.now).as_secs()).ok();
    let reason = format!("not earlier than one day before the release date {date}");
    Ok(Guard::Wait { reason, recheck })
}

fn shipped(facts: &Facts) -> Result<Guard, String> {
    facts.shipped.require("shipping")?;
    Ok(Guard::wait("approved, not shipped yet", SHIPPED_RECHECK))
}
