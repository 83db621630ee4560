//! The planner's verdicts as text.

use std::fmt::Write as _;

use anstyle::Style;
use oar_release::time::{countdown, stamp};
use oar_release::workflow::{Plan, TaskPlan, Verdict};
use serde::Serialize;

use super::Render;
use super::table::{BAD, BOLD, Cell, DIM, GOOD, WARN, columns, paint};

/// The plan of one release.
#[derive(Debug, Serialize)]
pub struct PlanResult {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// The planner's answer.
    #[serde(flatten)]
    pub plan: Plan,
}

/// The plans of several releases.
#[derive(Debug, Serialize)]
pub struct PlansResult {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// One for each release.
    pub releases: Vec<Plan>,
    /// State files that could not be read.
    pub problems: Vec<String>,
}

impl Render for PlansResult {
    fn text(&self) -> String {
        let one = |plan: &Plan| PlanResult { schema: "oar.plan/1", plan: plan.clone() }.text();
        let mut text = self.releases.iter().map(one).collect::<Vec<_>>().join("\n");
        if self.releases.is_empty() {
            text.push_str("No active release.\n");
        }
        for problem in &self.problems {
            let _infallible = writeln!(text, "{} {problem}", paint(WARN, "warning:"));
        }
        text
    }
}

impl Render for PlanResult {
    fn text(&self) -> String {
        let plan = &self.plan;
        let due = plan.days_to_release.map_or_else(|| "unknown".to_owned(), countdown);
        let mut text = format!(
            "{}   {} flow   promotion {}   release {due}\n",
            paint(BOLD, &plan.release.to_string()),
            plan.flow,
            plan.promotion,
        );
        let phase = serde_json::to_value(plan.phase).unwrap_or_default();
        let phase = phase.as_str().unwrap_or_default().replace('-', " ");
        let number = plan.phase.number().map_or_else(String::new, |n| format!("{n} of 6, "));
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "Phase: {number}{phase}\n");
        let rows: Vec<Vec<Cell>> = plan.tasks.iter().map(row).collect();
        text.push_str(&columns(&["TASK", "VERDICT", "WHY"], &rows));
        for warning in &plan.warnings {
            let _infallible = writeln!(text, "{} {warning}", paint(WARN, "warning:"));
        }
        let commands: Vec<&str> = plan
            .tasks
            .iter()
            .filter(|task| task.verdict.is_offer())
            .filter_map(|task| task.command.as_deref())
            .collect();
        if commands.is_empty() {
            text.push_str("\nNothing to run now.\n");
        } else {
            let _infallible = writeln!(text, "\n{}", paint(BOLD, "May run now"));
            for command in commands {
                let _infallible = writeln!(text, "  {command}");
            }
        }
        text
    }
}

fn row(task: &TaskPlan) -> Vec<Cell> {
    let mut why = task.reason.clone();
    if let Some(at) = task.not_before {
        let _infallible = write!(why, " (not before {})", stamp(at));
    }
    if let Some(seconds) = task.recheck_after_s {
        let _infallible = write!(why, " (look again in {} min)", seconds.div_ceil(60));
    }
    let name = serde_json::to_value(task.task).unwrap_or_default();
    let name = name.as_str().unwrap_or_default().to_owned();
    vec![Cell::from(name), Cell::styled(task.verdict.word(), style(task.verdict)), Cell::from(why)]
}

const fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Done => GOOD,
        Verdict::Run | Verdict::Poll | Verdict::Retry => BOLD,
        Verdict::Waiting | Verdict::NeedsDecision => WARN,
        Verdict::Blocked | Verdict::Stopped => BAD,
        Verdict::NotApplicable => DIM,
    }
}
