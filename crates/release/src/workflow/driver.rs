//! What a driver does next: the pure half of `oar drive` (spec 01 §12.5).
//!
//! A driver remembers nothing about a release: each round begins with fresh facts. What it remembers is
//! what it tried itself, so that trouble is met with patience and never with a tight loop.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::facts::{Alerts, Fact, Facts, Issue, JobState};
use super::node::Node;
use super::plan::{Plan, TaskPlan, Verdict};
use super::why::way_out;
use crate::task::Task;

/// Waits before the first, second and third retry of something transient.
const RETRIES: [SignedDuration; 3] =
    [SignedDuration::from_mins(1), SignedDuration::from_mins(2), SignedDuration::from_mins(4)];
/// Until something that could not be found out, retries included, is looked at again.
const LATER: SignedDuration = SignedDuration::from_mins(30);
/// Until a command that left things as they are is run again, when it names no time.
const RECHECK: SignedDuration = SignedDuration::from_mins(10);
/// The shortest wait: a round never follows the one before at once.
const SHORTEST: SignedDuration = SignedDuration::from_secs(5);

/// How a command ended that a driver ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempted {
    /// The task is done.
    Passed,
    /// Its job runs, or part of the work is accepted.
    Started,
    /// Something must happen first; look again after this.
    Waits(Option<SignedDuration>),
    /// The task failed, or is to start again.
    Failed {
        /// Trouble that passes by itself: network, rate limit, a server's error.
        transient: bool,
    },
    /// Nobody knows, or it is not recorded.
    Unclear {
        /// Trouble that passes by itself.
        transient: bool,
    },
}

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing special.
    Onward,
    /// It is tried again by itself.
    Retry {
        /// When.
        at: Timestamp,
        /// Which retry it is, from 1 to 3.
        number: usize,
    },
    /// The retries are used up; it is looked at again later.
    Later {
        /// When.
        at: Timestamp,
    },
    /// This driver leaves it alone: a person must look.
    GivenUp,
}

/// Where a node stands: what somebody else changes when they work on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stand {
    verdict: Verdict,
    since: Option<Timestamp>,
}

impl Stand {
    const fn of(row: &TaskPlan) -> Self {
        Self { verdict: row.verdict, since: row.since }
    }
}

/// The latest attempt at a node.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    /// Where it stood when the plan offered it.
    offered: Stand,
    /// Where it stood when it was first looked at afterwards.
    left: Option<Stand>,
    /// Tries in a row of which nobody knows how they ended.
    unclear: usize,
    /// Not again before; never, when there is none.
    again: Option<Timestamp>,
    /// Whether a recorded `Fail` is this driver's own, and transient.
    may_retry: bool,
}

/// What a driver tried so far.
#[derive(Debug, Clone, Default)]
pub struct Attempts {
    latest: BTreeMap<Node, Attempt>,
    /// Failures that passing trouble caused, until the task is done.
    failures: BTreeMap<Node, usize>,
    /// Starts, until the task is done. What others do in between forgets none: of two drivers one may
    /// start what the other sees aborted, for ever.
    starts: BTreeMap<Node, usize>,
}

impl Attempts {
    /// Notes how an attempt ended that was offered as `row`.
    pub fn note(&mut self, row: &TaskPlan, ended: Attempted, now: Timestamp) -> After {
        let unclear = self.latest.get(&row.task).map_or(0, |attempt| attempt.unclear);
        let later = |wait: SignedDuration| now.checked_add(wait).unwrap_or(Timestamp::MAX);
        let recheck = row.recheck_after_s.and_then(|seconds| i64::try_from(seconds).ok());
        let recheck = recheck.map_or(RECHECK, SignedDuration::from_secs);
        let mut attempt = Attempt {
            offered: Stand::of(row),
            left: None,
            unclear: 0,
            again: Some(later(recheck)),
            may_retry: false,
        };
        let after = match ended {
            // Should the record be lost, it is not done again at once.
            Attempted::Passed => After::Onward,
            Attempted::Started => {
                if row.verdict != Verdict::Poll {
                    count(&mut self.starts, row.task);
                }
                After::Onward
            }
            Attempted::Waits(wait) => {
                attempt.again = Some(later(wait.unwrap_or(RECHECK).max(SHORTEST)));
                After::Onward
            }
            Attempted::Failed { transient: false } | Attempted::Unclear { transient: false } => {
                attempt.again = None;
                After::GivenUp
            }
            Attempted::Failed { transient: true } | Attempted::Unclear { transient: true } => {
                let failed = matches!(ended, Attempted::Failed { .. });
                let before = if failed { count(&mut self.failures, row.task) } else { unclear };
                match RETRIES.get(before) {
                    Some(wait) => {
                        let at = later(*wait);
                        attempt.again = Some(at);
                        attempt.unclear = if failed { 0 } else { before + 1 };
                        attempt.may_retry = failed;
                        After::Retry { at, number: before + 1 }
                    }
                    // Reading may go on for ever; an action that failed is a person's.
                    None if failed => {
                        attempt.again = None;
                        After::GivenUp
                    }
                    None => {
                        let at = later(LATER);
                        attempt.again = Some(at);
                        After::Later { at }
                    }
                }
            }
        };
        self.latest.insert(row.task, attempt);
        after
    }

    /// Whether `node` was tried and retried as often as a driver does.
    fn is_exhausted(&self, node: Node) -> bool {
        let many = |counted: &BTreeMap<Node, usize>| {
            counted.get(&node).is_some_and(|count| *count > RETRIES.len())
        };
        many(&self.failures) || many(&self.starts)
    }

    /// Looks at what became of the attempts. One is forgotten when its task is done, and when somebody
    /// else changed where it stands: a person who repaired something is not held up by what this driver
    /// had tried.
    pub fn observe(&mut self, plan: &Plan) {
        for counted in [&mut self.failures, &mut self.starts] {
            counted.retain(|node, _| plan.row(*node).verdict != Verdict::Done);
        }
        self.latest.retain(|node, attempt| {
            let row = plan.row(*node);
            match row.verdict {
                Verdict::Done | Verdict::NotApplicable => false,
                // It says nothing about the task itself.
                Verdict::Waiting | Verdict::Stopped => true,
                _ => attempt.still_holds(Stand::of(row)),
            }
        });
    }

    /// When `row` may be tried; `None` when this driver has given it up.
    fn when(&self, row: &TaskPlan) -> Option<Timestamp> {
        match (self.latest.get(&row.task), row.verdict) {
            (_, Verdict::Run | Verdict::Retry) if self.is_exhausted(row.task) => None,
            (Some(attempt), offered) if attempt.offered.verdict == offered => attempt.again,
            (Some(attempt), Verdict::Retry) => attempt.again.filter(|_| attempt.may_retry),
            (Some(attempt), Verdict::Run) => attempt.again,
            // Nobody here knows why it failed: a person retries it.
            (None, Verdict::Retry) => None,
            // What was started, by whomever, may be looked at as soon as there is something to see.
            (Some(_) | None, _) => Some(Timestamp::MIN),
        }
    }
}

/// Counts one more at `node`; how many there were before.
fn count(counted: &mut BTreeMap<Node, usize>, node: Node) -> usize {
    let count = counted.entry(node).or_default();
    *count += 1;
    *count - 1
}

impl Attempt {
    /// Whether nobody else changed where the node stands, which is `now`.
    fn still_holds(&mut self, now: Stand) -> bool {
        if let Some(left) = self.left {
            return left == now;
        }
        self.left = Some(now);
        // A failure that is not this attempt's: it did not get as far as recording one.
        let is_others = now.verdict == Verdict::Retry && now != self.offered && self.unclear > 0;
        !is_others
    }
}

/// What a driver works for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Goal {
    /// Until the release is out.
    #[default]
    Shipped,
    /// Until this task has passed.
    Task(Task),
}

impl Goal {
    /// Whether `node` is part of the way: nothing else is done for a task.
    fn needs(self, node: Node) -> bool {
        fn leads(to: Node, node: Node) -> bool {
            to == node || to.predecessors().iter().any(|before| leads(*before, node))
        }
        match self {
            Self::Shipped => true,
            Self::Task(task) => {
                node == Node::Task(Task::CreateTestReport) || leads(Node::Task(task), node)
            }
        }
    }
}

/// Why a driver stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The release is out.
    Shipped,
    /// The task that was asked for has passed, or is none of this release.
    Reached,
    /// Open blockers hold everything that is left.
    Blocked,
    /// A person must decide.
    NeedsDecision,
    /// Something failed, and a person must look at it.
    Failed,
    /// Others are at it; there is nothing to do now.
    Waiting,
}

/// What a driver does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Run these, all at once.
    Act(Vec<Node>),
    /// Look again then.
    Wait(Timestamp),
    /// Stop: nothing is left that goes on without a person.
    Over(Ending),
}

/// What follows from `facts`, the `plan` they give, and what was tried.
pub fn next(facts: &Facts, plan: &Plan, attempts: &Attempts, goal: Goal) -> Next {
    if plan.row(Node::Shipped).verdict == Verdict::Done {
        return Next::Over(Ending::Shipped);
    }
    if let Goal::Task(task) = goal
        && matches!(plan.row(Node::Task(task)).verdict, Verdict::Done | Verdict::NotApplicable)
    {
        return Next::Over(Ending::Reached);
    }
    let tries: Vec<(&TaskPlan, Timestamp)> = plan
        .tasks
        .iter()
        .filter(|row| goal.needs(row.task) && is_work(row, facts))
        .filter_map(|row| Some((row, attempts.when(row)?)))
        .collect();
    let due: Vec<Node> =
        tries.iter().filter(|(_, at)| *at <= facts.now).map(|(row, _)| row.task).collect();
    if !due.is_empty() {
        return Next::Act(due);
    }
    let looks = plan.tasks.iter().filter(|row| counts(row.task, goal));
    // What ended and could not be recorded is looked at by nobody but a person.
    let looks = looks.filter(|row| !is_work(row, facts) || attempts.when(row).is_some());
    let looks = looks.filter_map(|row| look_again(row, facts));
    let later = tries.into_iter().filter(|(row, _)| counts(row.task, goal)).map(|(_, at)| at);
    match looks.chain(later).min() {
        Some(at) => Next::Wait(at.max(facts.now.checked_add(SHORTEST).unwrap_or(at))),
        None => Next::Over(ending(plan, goal)),
    }
}

/// Whether a driver with this goal waits for `node`. What only informs keeps nobody waiting.
fn counts(node: Node, goal: Goal) -> bool {
    match goal {
        Goal::Shipped => node == Node::Shipped || !way_out(node).is_empty(),
        Goal::Task(_) => goal.needs(node),
    }
}

/// Whether there is something for a driver to run.
fn is_work(row: &TaskPlan, facts: &Facts) -> bool {
    match (row.task, row.verdict) {
        // Which bugs are given up is a person's decision.
        (Node::Task(Task::DropBugs), _) => false,
        (Node::SecurityAlerts, _) => alerts_are_to_be_reported(facts),
        (_, Verdict::Run | Verdict::Retry) => true,
        (Node::Task(task), Verdict::Poll) => has_news(task, facts),
        _ => false,
    }
}

/// Whether running the command of a polled task can tell more than the facts did.
fn has_news(task: Task, facts: &Facts) -> bool {
    let job = facts.view().and_then(|view| view.tasks.get(&task)?.job.as_ref());
    match facts.jobs.get(&task) {
        Some(Fact::Known(JobState { ended, .. })) => {
            // A job in a queue has no number to look it up by: the command finds it.
            *ended || job.is_some_and(|job| job.id.is_none() && job.queue_id.is_some())
        }
        Some(Fact::Unknown { .. }) => false,
        Some(Fact::NotLookedUp) | None => true,
    }
}

/// Whether the issue about security alerts does not say what the alerts say.
fn alerts_are_to_be_reported(facts: &Facts) -> bool {
    let (Some(Alerts::Read { blocking, .. }), Some(view)) = (facts.alerts.known(), facts.view())
    else {
        return false;
    };
    // A person's own issue about them is the person's.
    let source = Some(Node::SecurityAlerts.name());
    let is_about = |issue: &Issue| !issue.resolved && issue.source.as_deref() == source;
    (*blocking > 0) != view.issues.iter().any(is_about)
}

/// When the facts behind `row` may have changed without a person; never for what only waits on another
/// row.
fn look_again(row: &TaskPlan, facts: &Facts) -> Option<Timestamp> {
    let waits = matches!(row.verdict, Verdict::Waiting | Verdict::Poll);
    let seconds = row.recheck_after_s.filter(|_| waits)?;
    let wait = SignedDuration::from_secs(i64::try_from(seconds).ok()?);
    facts.now.checked_add(wait).ok()
}

/// Why nothing goes on.
fn ending(plan: &Plan, goal: Goal) -> Ending {
    let has =
        |verdict| plan.tasks.iter().any(|row| row.verdict == verdict && counts(row.task, goal));
    if has(Verdict::NeedsDecision) {
        Ending::NeedsDecision
    } else if has(Verdict::Blocked) {
        Ending::Blocked
    } else if has(Verdict::Retry) || has(Verdict::Run) || has(Verdict::Poll) {
        Ending::Failed
    } else {
        Ending::Waiting
    }
}
