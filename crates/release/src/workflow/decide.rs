//! The rules of spec 01 §12.5, in their order.

use jiff::{SignedDuration, Timestamp};

use super::facts::{Alerts, Fact, Facts, Issue, State, StateView};
use super::guards::{self, Guard, status};
use super::node::Node;
use super::plan::{Phase, Plan, TaskPlan, Verdict};
use crate::approval;
use crate::outcome::{JobRef, JobSystem};
use crate::task::{Task, TaskStatus};
use crate::time::parse_stamp;

/// How long a claim on starting a job keeps others away (spec 01 §7.4).
const CLAIM: SignedDuration = SignedDuration::from_mins(15);
/// How long the approval job tries before it gives up.
const APPROVAL_PATIENCE: SignedDuration = SignedDuration::from_hours(48);
/// Seconds between two looks at the push jobs.
const PUSH_RECHECK: u64 = 600;
/// Seconds to the next look after a fact could not be read.
const UNKNOWN_RECHECK: u64 = 300;
/// Seconds between two looks at a Prow, Jenkins or approval job.
const JOB_RECHECK: u64 = 1800;

/// The plan that follows from `facts`, and from nothing else.
pub fn plan(facts: &Facts) -> Plan {
    Plan {
        release: facts.release.clone(),
        phase: phase(facts),
        flow: facts.flow.known().map_or("unknown", |flow| flow.word()),
        promotion: facts.promotion.known().map_or("unknown", |phase| phase.word()).to_owned(),
        days_to_release: facts.release_date.known().map(|date| date.days_from(facts.now)),
        tasks: Node::ALL.into_iter().map(|node| dated(decide(node, facts), facts)).collect(),
        warnings: warnings(facts),
    }
}

/// The first condition that holds names the phase (§12.4).
fn phase(facts: &Facts) -> Phase {
    let passed = |task| status(Node::Task(task), facts) == TaskStatus::Pass;
    let external =
        [Task::PushToCdnStaging, Task::ImageConsistencyCheck, Task::StageTesting].map(passed);
    if facts.shipped.known() == Some(&true) {
        Phase::Shipped
    } else if facts.state.known().is_none() {
        Phase::Unknown
    } else if !passed(Task::TakeOwnership) {
        Phase::Initialisation
    } else if facts.promotion.known().is_none() {
        Phase::Unknown
    } else if guards::done(Node::Promotion, facts).is_none() {
        Phase::WaitingForPromotion
    } else if !passed(Task::AnalyzePromotedBuild) {
        Phase::AsyncTasksAndTestEvaluation
    } else if external.contains(&false) {
        Phase::WaitingForAsyncTasks
    } else {
        Phase::FinalApproval
    }
}

fn warnings(facts: &Facts) -> Vec<String> {
    let mut warnings = Vec::new();
    if status(Node::Task(Task::AnalyzeCandidateBuild), facts) == TaskStatus::Fail {
        let name = Task::AnalyzeCandidateBuild.name();
        let holds = |view: &StateView| {
            view.issues.iter().any(|issue| issue.is_open_blocker() && issue.names(name))
        };
        warnings.push(match facts.view() {
            Some(view) if holds(view) => {
                "the candidate build was rejected: final approval waits for its blocker".to_owned()
            }
            _ => "the candidate build was rejected; this does not hold the release".to_owned(),
        });
    }
    if let Some(Alerts::Read { blocking: blocking @ 1.., .. }) = facts.alerts.known() {
        warnings.push(format!("{blocking} blocking security alerts: contact product security"));
    }
    warnings
}

/// The row with the time since when it is so: of its oldest blocker, its job, its own change, or the
/// last thing that had to be done before it.
fn dated(row: TaskPlan, facts: &Facts) -> TaskPlan {
    let Some(view) = facts.view() else { return row };
    let recorded = |node: Node| match node {
        Node::Task(task) => view.tasks.get(&task),
        _ => None,
    };
    let own = recorded(row.task).filter(|task| task.status != TaskStatus::NotStarted);
    let since = if row.blockers.is_empty() {
        let job = own.and_then(|task| task.job.as_ref());
        let job = job.and_then(|job| parse_stamp(&job.triggered_at));
        let own = job.or_else(|| own?.changed_at);
        own.or_else(|| {
            let before = row.task.predecessors().iter();
            before.filter_map(|node| recorded(*node)?.changed_at).max()
        })
    } else {
        let holds = |issue: &&Issue| issue.is_open_blocker() && row.blockers.contains(&issue.text);
        view.issues.iter().filter(holds).filter_map(|issue| issue.reported_at).min()
    };
    TaskPlan { since, ..row }
}

fn decide(node: Node, facts: &Facts) -> TaskPlan {
    if let Some(reason) = guards::done(node, facts) {
        return row(node, Verdict::Done, reason);
    }
    if let Some(reason) = guards::not_applicable(node, facts) {
        return row(node, Verdict::NotApplicable, reason);
    }
    if node == Node::Task(Task::CreateTestReport) {
        return offer(node, facts, Verdict::Run);
    }
    let view = match facts.state.require("StateBox") {
        Ok(State::Present(view)) => view,
        Ok(State::Missing) => {
            return waiting(node, "waiting on create-test-report".to_owned(), None);
        }
        Err(reason) => return unread(node, reason),
    };
    let Node::Task(task) = node else {
        return start(node, facts, view, Verdict::Run);
    };
    match status(node, facts) {
        TaskStatus::InProgress => in_progress(task, facts, view).unwrap_or_else(|| {
            let again = start(node, facts, view, Verdict::Run);
            let reason = format!("in progress without a job that can be found; {}", again.reason);
            TaskPlan { reason, ..again }
        }),
        TaskStatus::Fail => start(node, facts, view, Verdict::Retry),
        TaskStatus::NotStarted | TaskStatus::Pass => start(node, facts, view, Verdict::Run),
    }
}

/// Rules 2 and 3 for a task that is in progress; `None` when it has to be started again.
fn in_progress(task: Task, facts: &Facts, view: &StateView) -> Option<TaskPlan> {
    let node = Node::Task(task);
    let job = view.tasks.get(&task).and_then(|recorded| recorded.job.as_ref());
    match task {
        // The command repeats no push that runs or is complete, so it is its own poll.
        Task::PushToCdnStaging => Some(match facts.jobs.get(&task) {
            Some(Fact::Unknown { why }) => {
                unread(node, format!("unknown: state of the push jobs: {why}"))
            }
            Some(Fact::Known(jobs)) if jobs.ended => poll(
                node,
                facts,
                "no push job is under way: record it or push on",
                "",
                PUSH_RECHECK,
            ),
            Some(Fact::Known(jobs)) => {
                poll(node, facts, &format!("push jobs are {}", jobs.word), "", PUSH_RECHECK)
            }
            Some(Fact::NotLookedUp) | None => poll(node, facts, "push jobs run", "", PUSH_RECHECK),
        }),
        Task::ChangeAdvisoryStatus => approval_in_progress(facts, job),
        Task::ImageConsistencyCheck => job.and_then(|job| {
            // Old records name builds of the Jenkins job that did this before Prow.
            let jenkins = job.system == JobSystem::Jenkins;
            job_in_progress(task, facts, job, if jenkins { "--backend jenkins -n" } else { "-i" })
        }),
        Task::StageTesting => job.and_then(|job| job_in_progress(task, facts, job, "-n")),
        _ => None,
    }
}

fn job_in_progress(task: Task, facts: &Facts, job: &JobRef, option: &str) -> Option<TaskPlan> {
    let node = Node::Task(task);
    if job.id.is_none() && job.queue_id.is_none() {
        // Only a claim: another process is starting the job, or died while doing so.
        let left = later(&job.triggered_at, CLAIM)?.duration_since(facts.now).as_secs();
        let left = u64::try_from(left).ok().filter(|left| *left > 0)?;
        return Some(waiting(node, "another run is starting the job".to_owned(), Some(left)));
    }
    let options = job.id.as_ref().map_or_else(String::new, |id| format!(" {option} {id}"));
    let reason = match facts.jobs.get(&task) {
        Some(Fact::Unknown { why }) => {
            let reason = format!("unknown: state of the job: {why}");
            return Some(unread(node, reason));
        }
        Some(Fact::Known(job)) if job.ended => {
            format!("the job ended with {}: record it", job.word)
        }
        Some(Fact::Known(job)) => format!("the job is {}", job.word),
        Some(Fact::NotLookedUp) | None => "a job is recorded".to_owned(),
    };
    Some(poll(node, facts, &reason, &options, JOB_RECHECK))
}

fn approval_in_progress(facts: &Facts, job: Option<&JobRef>) -> Option<TaskPlan> {
    let node = Node::Task(Task::ChangeAdvisoryStatus);
    if facts.approval_job_here.known() == Some(&true) {
        let reason = match facts.jobs.get(&Task::ChangeAdvisoryStatus).and_then(Fact::known) {
            Some(job) => format!("the approval job of this machine is {}", job.word),
            None => "the approval job's record is here".to_owned(),
        };
        return Some(poll(node, facts, &reason, "", JOB_RECHECK));
    }
    if facts.advisories_ready.known() == Some(&true) {
        let reason = "every advisory is in REL_PREP or later: record it";
        return Some(poll(node, facts, reason, "", JOB_RECHECK));
    }
    let announced = facts.release_date.known().copied();
    let begun = job.and_then(|job| parse_stamp(&job.triggered_at));
    let deadline = begun.map(|begun| approval::deadline(begun, APPROVAL_PATIENCE, announced));
    if let Some(deadline) = deadline.filter(|deadline| facts.now < *deadline) {
        let until = crate::time::stamp(deadline);
        let reason = format!("the approval job runs elsewhere, until {until} at the latest");
        return Some(waiting(node, reason, Some(JOB_RECHECK)));
    }
    let unknown = facts.approval_job_here.require("approval job").err();
    let unknown = unknown.or_else(|| facts.advisories_ready.require("advisory states").err());
    unknown.map(|reason| unread(node, reason))
}

/// The time `stamp` names, moved by `span`; `None` when it is no time or too far away.
fn later(stamp: &str, span: SignedDuration) -> Option<Timestamp> {
    parse_stamp(stamp)?.checked_add(span).ok()
}

/// Rules 4 to 7: blockers, predecessors, the node's own guard.
fn start(node: Node, facts: &Facts, view: &StateView, offered: Verdict) -> TaskPlan {
    let blockers = blockers(node, facts, view, offered);
    if !blockers.is_empty() {
        let reason = format!("{} open", count(blockers.len(), "blocker"));
        let not_before = guards::not_before(node, facts);
        return TaskPlan { not_before, blockers, ..row(node, Verdict::Blocked, reason) };
    }
    let mut pending = Vec::new();
    for before in node.predecessors() {
        if guards::done(*before, facts).is_some() {
            continue;
        }
        if status(*before, facts) == TaskStatus::Fail {
            return row(node, Verdict::Stopped, format!("{before} failed"));
        }
        pending.push(before.name());
    }
    let not_before = guards::not_before(node, facts);
    match pending.as_slice() {
        [] => TaskPlan { not_before, ..offer(node, facts, offered) },
        // What is known about the promotion says more than its name.
        [only] if *only == Node::Promotion.name() => {
            offer_as(node, Node::Promotion, facts, offered)
        }
        names => {
            let reason = format!("waiting on {}", names.join(", "));
            TaskPlan { not_before, ..waiting(node, reason, None) }
        }
    }
}

/// Texts of the open blockers that hold `node` up.
fn blockers(node: Node, facts: &Facts, view: &StateView, offered: Verdict) -> Vec<String> {
    let Some(name) = (match node {
        Node::Task(_) | Node::SecurityAlerts => Some(node.name()),
        // Nothing of ours starts here, so nothing can be blocked.
        Node::Promotion | Node::Shipped => None,
    }) else {
        return Vec::new();
    };
    let overridden = matches!(node, Node::Task(task) if facts.overridden.contains(&task))
        && offered == Verdict::Run;
    let holds = |issue: &&Issue| {
        let own = issue.names(name) && !overridden;
        // Final approval waits for every blocker of the release, whatever it names.
        let any = node == Node::Task(Task::ChangeAdvisoryStatus) && !issue.names(name);
        issue.is_open_general_blocker() || issue.is_open_blocker() && (own || any)
    };
    let mut texts: Vec<String> =
        view.issues.iter().filter(holds).map(|issue| issue.text.clone()).collect();
    texts.sort_unstable();
    texts
}

fn offer(node: Node, facts: &Facts, offered: Verdict) -> TaskPlan {
    offer_as(node, node, facts, offered)
}

/// The row of `node` that follows from the guard of `guarded`.
fn offer_as(node: Node, guarded: Node, facts: &Facts, offered: Verdict) -> TaskPlan {
    match guards::guard(guarded, facts) {
        Guard::Open { reason, options } => {
            let reason = match offered {
                Verdict::Retry => format!("failed before; {reason}"),
                _ => reason,
            };
            TaskPlan { command: command(node, facts, &options), ..row(node, offered, reason) }
        }
        Guard::Wait { reason, recheck } => waiting(node, reason, recheck),
        Guard::Unread { reason } => unread(node, reason),
        Guard::Decide { reason } => row(node, Verdict::NeedsDecision, reason),
    }
}

fn poll(node: Node, facts: &Facts, reason: &str, options: &str, recheck: u64) -> TaskPlan {
    TaskPlan {
        command: command(node, facts, options),
        recheck_after_s: Some(recheck),
        ..row(node, Verdict::Poll, reason)
    }
}

/// The command line of `node`.
fn command(node: Node, facts: &Facts, options: &str) -> Option<String> {
    let has_command = !matches!(node, Node::Promotion | Node::Shipped);
    has_command.then(|| format!("oar -r {} {node}{options}", facts.release))
}

fn waiting(node: Node, reason: String, recheck: Option<u64>) -> TaskPlan {
    TaskPlan { recheck_after_s: recheck, ..row(node, Verdict::Waiting, reason) }
}

/// It waits because something is not known.
fn unread(node: Node, reason: String) -> TaskPlan {
    TaskPlan { unknown: true, ..waiting(node, reason, Some(UNKNOWN_RECHECK)) }
}

fn row(node: Node, verdict: Verdict, reason: impl Into<String>) -> TaskPlan {
    TaskPlan {
        task: node,
        verdict,
        reason: reason.into(),
        command: None,
        not_before: None,
        recheck_after_s: None,
        blockers: Vec::new(),
        since: None,
        unknown: false,
    }
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
