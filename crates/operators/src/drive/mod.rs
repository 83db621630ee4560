//! `drive`: a release that runs itself (spec 01 §12.5, §12.7).
//!
//! Each round gathers facts (reads only), plans, and runs what may run now; [`workflow::next`] decides
//! which, as a pure rule. Nothing is remembered between rounds but what this driver tried itself, so a
//! driver may be killed at any moment and another one goes on, and several may drive the same release:
//! every command finds out by itself what was done before.
//!
//! A person decides what only a person may: rejected tests, blockers, bugs to drop, failures that are
//! not an outage's.

mod act;
mod watcher;

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use oar_release::ReleaseVersion;
use oar_release::workflow::{
    self, After, Attempts, Ending, Fact, Facts, Goal, Next, Node, Plan, State, Verdict, Why,
};
use oar_transport::pause;
use serde::Serialize;

pub use watcher::{Event, Silent, Told, Watcher};

use crate::commands::create_test_report;
use crate::context::Context;
use crate::dry_run::Change;
use crate::facts;
use crate::report::error_chain;

/// The longest sleep: a clock that jumps, and what nobody expected, cost no more than this.
const LONGEST_SLEEP: Duration = Duration::from_hours(2);
/// Commands that a result lists, the newest; a drive of weeks stays bounded.
const MOST_STEPS: usize = 500;

/// What a driver is asked to do.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Who owns the release; else whom the configuration names.
    pub owner: Option<String>,
    /// Whether to go on until nothing goes on without a person; otherwise until there is nothing to do
    /// now.
    pub watch: bool,
    /// What to work for.
    pub goal: Goal,
}

/// A command that a driver ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When it ended, UTC.
    pub at: String,
    /// What was run.
    pub task: Node,
    /// How it ended.
    pub outcome: &'static str,
    /// Why, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How a drive ended.
#[derive(Debug, Serialize)]
pub struct Driven {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// The release.
    pub release: ReleaseVersion,
    /// Why the driver stopped.
    pub ending: Ending,
    /// What holds the release now.
    pub why: Why,
    /// What was run, the newest 500.
    pub steps: Vec<Step>,
    /// The plan as it is now.
    pub plan: Plan,
    /// What a dry run would have changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planned_changes: Vec<Change>,
}

/// The facts of `release`, with the owner that a person named.
pub async fn facts_for(context: &Context, release: &ReleaseVersion, owner: Option<&str>) -> Facts {
    let mut facts = facts::gather(context, release).await;
    if let Some(owner) = owner {
        facts.owner = Fact::Known(Some(owner.to_owned()));
    }
    facts
}

/// Drives `release` until [`Options::goal`] is reached or nothing goes on without a person.
pub async fn run(
    context: &Context,
    release: &ReleaseVersion,
    options: &Options,
    watcher: &dyn Watcher,
) -> Driven {
    let mut at_work = Driver {
        context,
        release,
        options,
        watcher,
        attempts: Attempts::default(),
        steps: Vec::new(),
    };
    let (ending, facts) = at_work.until_over().await;
    let why = workflow::why(&facts, &context.links);
    let driven = Driven {
        schema: "oar.drive/1",
        release: release.clone(),
        ending,
        why,
        steps: at_work.steps,
        plan: workflow::plan(&facts),
        planned_changes: context.planned_changes(),
    };
    watcher.see(release, context.clock.now(), &Event::Over { ending, why: &driven.why });
    driven
}

struct Driver<'a> {
    context: &'a Context,
    release: &'a ReleaseVersion,
    options: &'a Options,
    watcher: &'a dyn Watcher,
    attempts: Attempts,
    steps: Vec<Step>,
}

impl Driver<'_> {
    async fn until_over(&mut self) -> (Ending, Facts) {
        let mut before: Option<Plan> = None;
        let mut finished = false;
        loop {
            let facts = facts_for(self.context, self.release, self.options.owner.as_deref()).await;
            if !finished && matches!(facts.state, Fact::Known(State::Present(_))) {
                finished = true;
                self.finish_announcement().await;
            }
            let plan = workflow::plan(&facts);
            self.tell_changes(before.as_ref(), &plan);
            self.attempts.observe(&plan);
            match workflow::next(&facts, &plan, &self.attempts, self.options.goal) {
                Next::Over(ending) => return (ending, facts),
                Next::Wait(_) if !self.options.watch => return (Ending::Waiting, facts),
                Next::Act(nodes) => self.act(&nodes, &facts, &plan).await,
                Next::Wait(until) => self.wait(until, &facts).await,
            }
            before = Some(plan);
        }
    }

    /// A driver that was killed between making the StateBox and telling of it: nothing in the facts
    /// says so, only this machine's journal.
    async fn finish_announcement(&self) {
        if let Err(error) = create_test_report::finish(self.context, self.release).await {
            let why = self.context.masker.mask(&error_chain(&error)).into_owned();
            tracing::warn!("whether the release leads were told is unknown: {why}");
        }
    }

    fn see(&self, event: &Event<'_>) {
        self.watcher.see(self.release, self.context.clock.now(), event);
    }

    /// Tells the plan, and what others did since the last round. What is about to be run tells itself.
    fn tell_changes(&self, before: Option<&Plan>, plan: &Plan) {
        self.see(&Event::Planned { plan });
        let Some(before) = before else { return };
        for row in &plan.tasks {
            let was = before.row(row.task).verdict;
            let of_ours = self.steps.iter().rev().take(MOST_AT_ONCE);
            let ours = of_ours.map(|step| step.task).any(|task| task == row.task);
            let speaks = !matches!(row.verdict, Verdict::Run | Verdict::Poll)
                && was != Verdict::NotApplicable;
            if was != row.verdict && speaks && !ours {
                self.see(&Event::Changed { row, was });
            }
        }
    }

    async fn act(&mut self, nodes: &[Node], facts: &Facts, plan: &Plan) {
        let owner = facts.owner.known().cloned().flatten();
        for node in nodes {
            self.see(&Event::Begins { row: plan.row(*node) });
        }
        let (context, release, owner) = (self.context, self.release, owner.as_deref());
        let work = nodes.iter().map(|node| async move {
            let done = act::act(context, release, plan.row(*node), owner).await;
            (*node, done, context.clock.now())
        });
        for (node, done, at) in join_all(work).await {
            let row = plan.row(node);
            let after = self.attempts.note(row, done.attempted, at);
            let told = Told { outcome: done.outcome, reason: done.reason.as_deref() };
            self.see(&Event::Ended { row, told });
            if after != After::Onward {
                self.see(&Event::Trouble { row, after, told });
            }
            self.note(node, done, at);
        }
    }

    fn note(&mut self, task: Node, done: act::Done, at: Timestamp) {
        let at = oar_release::time::stamp(at);
        self.steps.push(Step { at, task, outcome: done.outcome, reason: done.reason });
        if self.steps.len() > MOST_STEPS {
            self.steps.remove(0);
        }
    }

    async fn wait(&self, until: Timestamp, facts: &Facts) {
        let why = workflow::why(facts, &self.context.links);
        self.see(&Event::Waits { until, why: &why });
        let wait = until.duration_since(self.context.clock.now());
        let wait = Duration::try_from(wait).unwrap_or_default();
        pause::sleep(wait.min(LONGEST_SLEEP)).await;
    }
}

/// More commands than a round runs.
const MOST_AT_ONCE: usize = 8;

/// What holds `release`, and whose move it is.
pub async fn why(context: &Context, release: &ReleaseVersion) -> Why {
    workflow::why(&facts::gather(context, release).await, &context.links)
}
