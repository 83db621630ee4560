//! What holds a release: one cause, its evidence, and whose move it is.
//!
//! A plan answers for every node. People ask one question: what are we waiting for? The answer is the
//! node at the front of the graph that most needs somebody to do something.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::decide::plan;
use super::facts::{Fact, Facts};
use super::guards::status;
use super::node::Node;
use super::plan::{Plan, TaskPlan, Verdict, optional_stamp};
use crate::build::{Arch, BuildName};
use crate::flow::Flow;
use crate::links::Links;
use crate::outcome::JobSystem;
use crate::task::{Task, TaskStatus};
use crate::version::ReleaseVersion;

/// How a release stands as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is out.
    Shipped,
    /// An open blocker holds it.
    Blocked,
    /// A person must decide.
    NeedsDecision,
    /// Something failed and may be tried again.
    Failed,
    /// Something may be started now.
    Ready,
    /// Something could not be read.
    Unknown,
    /// Somebody else's turn, or a date.
    Waiting,
    /// A job runs.
    Running,
}

impl Standing {
    /// The word people see first.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Shipped => "SHIPPED",
            Self::Blocked => "BLOCKED",
            Self::NeedsDecision => "NEEDS A DECISION",
            Self::Failed => "FAILED",
            Self::Ready => "READY",
            Self::Unknown => "UNKNOWN",
            Self::Waiting => "WAITING",
            Self::Running => "RUNNING",
        }
    }

    const fn of(row: &TaskPlan) -> Self {
        match row.verdict {
            Verdict::Blocked => Self::Blocked,
            Verdict::NeedsDecision => Self::NeedsDecision,
            Verdict::Retry | Verdict::Stopped => Self::Failed,
            Verdict::Run => Self::Ready,
            Verdict::Waiting if row.unknown => Self::Unknown,
            Verdict::Waiting => Self::Waiting,
            Verdict::Poll => Self::Running,
            Verdict::Done | Verdict::NotApplicable => Self::Shipped,
        }
    }

    /// What a person can change comes first.
    const fn urgency(self) -> u8 {
        match self {
            Self::Blocked => 0,
            Self::NeedsDecision => 1,
            Self::Failed => 2,
            Self::Ready => 3,
            Self::Unknown => 4,
            Self::Waiting => 5,
            Self::Running => 6,
            Self::Shipped => 7,
        }
    }
}

/// Whose move it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// Nobody's.
    Nobody,
    /// The release lead's.
    Lead,
    /// ART's.
    Art,
    /// Whoever works on the blocker.
    BlockerOwner,
    /// Whoever runs OAR: it may go on.
    Driver,
    /// The release controller's.
    ReleaseController,
    /// The test jobs', and the aggregator that judges them.
    TestJobs,
    /// The Errata Tool's.
    ErrataTool,
    /// Prow's.
    Prow,
    /// Jenkins'.
    Jenkins,
    /// The approval job's.
    ApprovalJob,
    /// The calendar's.
    Calendar,
    /// Whoever can repair the access to a system.
    Access,
}

impl Turn {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Lead => "the release lead",
            Self::Art => "ART",
            Self::BlockerOwner => "whoever works on the blocker",
            Self::Driver => "yours, or the driver's",
            Self::ReleaseController => "the release controller",
            Self::TestJobs => "the test jobs",
            Self::ErrataTool => "the Errata Tool",
            Self::Prow => "Prow",
            Self::Jenkins => "Jenkins",
            Self::ApprovalJob => "the approval job",
            Self::Calendar => "the calendar",
            Self::Access => "whoever can repair the access",
        }
    }
}

/// What holds a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Why {
    /// The release.
    pub release: ReleaseVersion,
    /// How it stands.
    pub standing: Standing,
    /// The node that holds it; none when it is out.
    pub task: Option<Node>,
    /// Why that node is not done.
    pub reason: String,
    /// What cannot happen before it, in order, up to `shipped`.
    pub holds: Vec<Node>,
    /// Other nodes that hold the release too.
    pub also: Vec<Node>,
    /// Since when, UTC, as far as it is recorded.
    #[serde(serialize_with = "optional_stamp")]
    pub since: Option<Timestamp>,
    /// The page to look at.
    pub evidence: Option<String>,
    /// Whose move it is.
    pub turn: Turn,
    /// When a driver looks again by itself, UTC.
    #[serde(serialize_with = "optional_stamp")]
    pub next_check: Option<Timestamp>,
    /// What a person can run about it.
    pub command: Option<String>,
    /// Whole days to the release date, negative when overdue.
    pub days_to_release: Option<i32>,
    /// When this was found out, UTC.
    #[serde(serialize_with = "stamped")]
    pub at: Timestamp,
}

fn stamped<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&crate::time::stamp(*at))
}

/// What holds the release that `facts` are about; `links` are the pages of evidence.
pub fn why(facts: &Facts, links: &Links) -> Why {
    let plan = plan(facts);
    let mut holders: Vec<&TaskPlan> =
        plan.tasks.iter().filter(|row| holds_release(row, &plan)).collect();
    holders.sort_by_key(|row| Standing::of(row).urgency());
    let out = plan.row(Node::Shipped).verdict == Verdict::Done;
    let Some((row, others)) = holders.split_first().filter(|_| !out) else {
        return Why {
            standing: Standing::Shipped,
            task: None,
            reason: "the release is out".to_owned(),
            holds: Vec::new(),
            also: Vec::new(),
            since: None,
            evidence: Some(links.statebox(&facts.release)),
            turn: Turn::Nobody,
            next_check: None,
            command: None,
            days_to_release: plan.days_to_release,
            release: plan.release,
            at: facts.now,
        };
    };
    Why {
        standing: Standing::of(row),
        task: Some(row.task),
        reason: reason(row),
        holds: way_out(row.task),
        also: others.iter().map(|row| row.task).collect(),
        since: row.since,
        evidence: evidence(row, facts, links),
        turn: turn(row, facts),
        next_check: next_check(row, facts.now),
        command: command(row, facts),
        days_to_release: plan.days_to_release,
        release: plan.release.clone(),
        at: facts.now,
    }
}

/// Whether `row` is at the front: not done, on the way to the customers, and nothing but itself to wait
/// for.
fn holds_release(row: &TaskPlan, plan: &Plan) -> bool {
    let on_the_way = row.task == Node::Shipped || !way_out(row.task).is_empty();
    let done = |node: &Node| {
        let verdict = plan.row(*node).verdict;
        matches!(verdict, Verdict::Done | Verdict::NotApplicable)
    };
    let ready = row.task.predecessors().iter().all(done);
    let created =
        row.task == Node::Task(Task::CreateTestReport) || done(&Node::Task(Task::CreateTestReport));
    on_the_way
        && !done(&row.task)
        && created
        && (ready || matches!(row.verdict, Verdict::Blocked | Verdict::Retry | Verdict::Poll))
}

/// The nodes that cannot be done before `node`, nearest first; empty for a node that holds nothing.
pub(super) fn way_out(node: Node) -> Vec<Node> {
    if node == Node::Task(Task::CreateTestReport) {
        let first = Node::Task(Task::TakeOwnership);
        return [vec![first], way_out(first)].concat();
    }
    let followers = Node::ALL.into_iter().filter(|next| next.predecessors().contains(&node));
    let mut ways = followers.map(|next| match next {
        Node::Shipped => vec![next],
        next => {
            let rest = way_out(next);
            if rest.is_empty() { rest } else { [vec![next], rest].concat() }
        }
    });
    ways.find(|way| !way.is_empty()).unwrap_or_default()
}

fn reason(row: &TaskPlan) -> String {
    match row.blockers.as_slice() {
        [] => row.reason.clone(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} (and {} more blockers)", rest.len()),
    }
}

fn evidence(row: &TaskPlan, facts: &Facts, links: &Links) -> Option<String> {
    let release = &facts.release;
    let statebox = Some(links.statebox(release));
    if row.verdict == Verdict::Blocked {
        return statebox;
    }
    let merge_request = match facts.flow.known() {
        Some(Flow::Konflux { mr }) => Some(mr.to_string()),
        _ => None,
    };
    let job = match (row.task, facts.view()) {
        (Node::Task(task), Some(view)) => view.tasks.get(&task).and_then(|task| task.job.as_ref()),
        _ => None,
    };
    if let Some(url) = job.and_then(|job| job.url.clone()).filter(|_| row.verdict == Verdict::Poll)
    {
        return Some(url);
    }
    match row.task {
        Node::Promotion => Some(links.release_page(release)),
        Node::Shipped | Node::Task(Task::ImageConsistencyCheck | Task::StageTesting)
            if row.verdict == Verdict::Waiting =>
        {
            merge_request.or(statebox)
        }
        Node::Task(Task::AnalyzePromotedBuild) => {
            Some(links.test_result(&BuildName::Release(release.clone()), Arch::Amd64))
        }
        Node::Task(Task::CreateTestReport) => None,
        _ => statebox,
    }
}

fn turn(row: &TaskPlan, facts: &Facts) -> Turn {
    match row.verdict {
        Verdict::Blocked => Turn::BlockerOwner,
        Verdict::NeedsDecision | Verdict::Retry | Verdict::Stopped => Turn::Lead,
        Verdict::Run => Turn::Driver,
        Verdict::Poll => running(row.task, facts),
        Verdict::Waiting if row.unknown => Turn::Access,
        Verdict::Waiting => match row.task {
            Node::Promotion => Turn::ReleaseController,
            Node::Task(Task::AnalyzePromotedBuild | Task::AnalyzeCandidateBuild) => Turn::TestJobs,
            Node::Task(Task::ChangeAdvisoryStatus) if row.since.is_none() => Turn::Calendar,
            Node::Task(Task::ChangeAdvisoryStatus) => match row.not_before {
                Some(_) => Turn::Calendar,
                None => Turn::ApprovalJob,
            },
            // Somebody is starting its job.
            node if status(node, facts) == TaskStatus::InProgress => Turn::Driver,
            _ => Turn::Art,
        },
        Verdict::Done | Verdict::NotApplicable => Turn::Nobody,
    }
}

/// Who works on the job of `node`.
fn running(node: Node, facts: &Facts) -> Turn {
    let Node::Task(task) = node else { return Turn::Driver };
    if matches!(facts.jobs.get(&task), Some(Fact::Known(job)) if job.ended) {
        return Turn::Driver;
    }
    let job = facts.view().and_then(|view| view.tasks.get(&task)?.job.as_ref());
    match (task, job.map(|job| job.system)) {
        (Task::PushToCdnStaging, _) => Turn::ErrataTool,
        (_, Some(JobSystem::Prow)) => Turn::Prow,
        (_, Some(JobSystem::Jenkins)) => Turn::Jenkins,
        (Task::ChangeAdvisoryStatus, _) | (_, Some(JobSystem::Approval)) => Turn::ApprovalJob,
        (_, None) => Turn::Driver,
    }
}

fn next_check(row: &TaskPlan, now: Timestamp) -> Option<Timestamp> {
    let wait = row.recheck_after_s.and_then(|seconds| i64::try_from(seconds).ok());
    let soon = wait.and_then(|wait| now.checked_add(SignedDuration::from_secs(wait)).ok());
    row.not_before.or(soon)
}

fn command(row: &TaskPlan, facts: &Facts) -> Option<String> {
    let oar = format!("oar -r {}", facts.release);
    match row.verdict {
        Verdict::Blocked => {
            let text = row.blockers.first()?;
            // Quoted for a shell; the issue is found by a part of its text.
            let part: String = text.chars().take_while(|c| *c != '\'').take(60).collect();
            Some(format!("{oar} issue resolve '{}' --resolution 'HOW'", part.trim_end()))
        }
        Verdict::NeedsDecision if row.task == Node::Task(Task::TakeOwnership) => {
            Some(format!("{oar} take-ownership --email ADDRESS"))
        }
        Verdict::NeedsDecision => Some(format!("{oar} decide accept|reject --reason 'WHY'")),
        Verdict::Waiting if row.unknown => Some("oar doctor".to_owned()),
        _ => row.command.clone(),
    }
}
