mod cases;
mod driver;
mod properties;
mod rules;
mod why;

use jiff::Timestamp;

use super::*;
use crate::flow::Flow;
use crate::outcome::{JobRef, JobSystem};
use crate::task::{Task, TaskStatus};

/// A Konflux release two weeks before its date: everything outside is known, nothing is done.
fn facts() -> Facts {
    let now: Timestamp = "2026-03-01T08:00:00Z".parse().unwrap();
    let mr = "https://gitlab.example.com/grp/data/-/merge_requests/1".parse().unwrap();
    Facts {
        state: Fact::Known(State::Present(StateView::default())),
        flow: Fact::Known(Flow::Konflux { mr }),
        owner: Fact::Known(Some("lead@example.com".to_owned())),
        release_date: Fact::Known("2026-Mar-15".parse().unwrap()),
        candidate: Fact::Known(None),
        promotion: Fact::Known(Promotion::Other("Ready".to_owned())),
        stage_release: Fact::Known(StageGate::NotPresent),
        promoted_tests: Fact::Known(TestResult::Missing),
        shipped: Fact::Known(false),
        ..Facts::new("4.99.3".parse().unwrap(), now)
    }
}

fn view(facts: &mut Facts) -> &mut StateView {
    match &mut facts.state {
        Fact::Known(State::Present(view)) => view,
        other => panic!("no StateBox: {other:?}"),
    }
}

fn set(facts: &mut Facts, task: Task, status: TaskStatus) {
    view(facts).tasks.insert(task, TaskView::new(status));
}

fn pass(facts: &mut Facts, tasks: impl IntoIterator<Item = Task>) {
    for task in tasks {
        set(facts, task, TaskStatus::Pass);
    }
}

fn job(id: &str) -> JobRef {
    JobRef {
        system: JobSystem::Prow,
        id: Some(id.to_owned()),
        queue_id: None,
        url: None,
        triggered_at: "2026-03-01T07:55:00Z".to_owned(),
        claim: None,
    }
}

fn running(facts: &mut Facts, task: Task, job: Option<JobRef>) {
    view(facts).tasks.insert(task, TaskView { job, ..TaskView::new(TaskStatus::InProgress) });
}

fn blocker(text: &str, tasks: &[&str]) -> Issue {
    Issue {
        text: text.to_owned(),
        blocker: true,
        resolved: false,
        related_tasks: tasks.iter().map(|name| (*name).to_owned()).collect(),
        reported_at: None,
        source: None,
    }
}

/// Promoted, stage release done, results accepted.
fn promoted(facts: &mut Facts) {
    facts.promotion = Fact::Known(Promotion::Accepted);
    facts.stage_release = Fact::Known(StageGate::Success);
    facts.promoted_tests = Fact::Known(TestResult::Accepted { manual: false });
}

fn verdict(facts: &Facts, task: Task) -> Verdict {
    plan(facts).row(Node::Task(task)).verdict
}

fn row(facts: &Facts, task: Task) -> TaskPlan {
    plan(facts).row(Node::Task(task)).clone()
}

/// Nodes with this verdict.
fn with(plan: &Plan, verdict: Verdict) -> Vec<&'static str> {
    plan.tasks.iter().filter(|row| row.verdict == verdict).map(|row| row.task.name()).collect()
}
