//! What holds a release, and how a drive ended, for people.

use std::fmt::Write as _;

use anstyle::Style;
use oar_operators::drive::Driven;
use oar_release::time::{countdown, stamp};
use oar_release::workflow::{Ending, Node, Standing, Why};
use serde::Serialize;

use super::Render;
use super::plan::PlanResult;
use super::reports::changes;
use super::table::{BAD, BOLD, DIM, GOOD, WARN, paint};

/// What holds one release.
#[derive(Debug, Serialize)]
pub struct WhyResult {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// The answer.
    #[serde(flatten)]
    pub why: Why,
}

impl Render for WhyResult {
    fn text(&self) -> String {
        whole(&self.why)
    }
}

/// At most six lines.
fn whole(why: &Why) -> String {
    let standing = paint(style(why.standing), why.standing.word());
    let mut text = format!("{}  {standing}", paint(BOLD, &why.release.to_string()));
    // Writing to a String cannot fail.
    if let Some(node) = why.task {
        let _infallible = write!(text, " at {node}");
    }
    if let Some(since) = why.since {
        let ago = ago(why.at.duration_since(since).as_secs());
        let _infallible = write!(text, " since {} ({ago})", stamp(since));
    }
    if let Some(days) = why.days_to_release.filter(|_| why.task.is_some()) {
        let _infallible = write!(text, "   release {}", countdown(days));
    }
    text.push('\n');
    let mut line = |label: &str, words: &str| {
        let _infallible = writeln!(text, "  {} {words}", paint(DIM, &format!("{label:<8}")));
    };
    line("because", &why.reason);
    if !why.holds.is_empty() {
        let also = match why.also.as_slice() {
            [] => String::new(),
            also => format!("   (beside it: {})", names(also, ", ")),
        };
        line("holds", &(names(&why.holds, " > ") + &also));
    }
    if let Some(page) = &why.evidence {
        line("see", page);
    }
    if why.task.is_some() {
        let next = why.next_check.map(|at| format!("; a driver looks again at {}", stamp(at)));
        line("move", &format!("{}{}", why.turn.words(), next.unwrap_or_default()));
    }
    if let Some(command) = &why.command {
        line("run", command);
    }
    text
}

fn names(nodes: &[Node], between: &str) -> String {
    nodes.iter().map(|node| node.name()).collect::<Vec<_>>().join(between)
}

/// A span of time in its two largest units.
fn ago(seconds: i64) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

const fn style(standing: Standing) -> Style {
    match standing {
        Standing::Shipped => GOOD,
        Standing::Blocked | Standing::Failed => BAD,
        Standing::NeedsDecision | Standing::Unknown | Standing::Waiting => WARN,
        Standing::Ready | Standing::Running => BOLD,
    }
}

/// How the drives of one or more releases ended.
#[derive(Debug, Serialize)]
pub struct DriveResult {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// One for each release.
    pub releases: Vec<Driven>,
    /// Releases that could not be looked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

impl Render for DriveResult {
    fn text(&self) -> String {
        let mut text = String::new();
        for driven in &self.releases {
            text.push_str(&of_release(driven));
            text.push('\n');
        }
        for problem in &self.problems {
            let _infallible = writeln!(text, "{} {problem}", paint(WARN, "warning:"));
        }
        if self.releases.is_empty() {
            text.push_str("No active release.\n");
        }
        text
    }
}

fn of_release(driven: &Driven) -> String {
    let plan = PlanResult { schema: "oar.plan/1", plan: driven.plan.clone() };
    let mut text = plan.text();
    text.push('\n');
    if !driven.steps.is_empty() {
        let _infallible = writeln!(text, "{} commands were run.", driven.steps.len());
    }
    text.push_str(&changes(&driven.planned_changes));
    text.push_str(&whole(&driven.why));
    let onward = match driven.ending {
        Ending::Shipped => format!("Next: `oar -r {} status` is the report.", driven.release),
        Ending::Reached => format!("Next: `oar -r {} drive --execute --watch`.", driven.release),
        Ending::Waiting => {
            format!(
                "Nothing to do now; `oar -r {} drive --execute --watch` goes on.",
                driven.release
            )
        }
        Ending::Blocked | Ending::NeedsDecision | Ending::Failed => {
            "The driver stopped: a person is needed.".to_owned()
        }
    };
    let _infallible = writeln!(text, "{onward}");
    text
}

#[cfg(test)]
mod tests {
    use oar_release::Links;
    use oar_release::workflow::{Fact, Facts, State, StateView, why};

    use super::*;

    #[test]
    fn the_answer_has_at_most_six_lines() {
        let now = "2026-03-02T09:00:00Z".parse().unwrap();
        let mut facts = Facts::new("4.99.3".parse().unwrap(), now);
        facts.state = Fact::Known(State::Present(StateView::default()));
        facts.owner = Fact::Known(None);
        let why = why(&facts, &Links::default());
        let text = anstream::adapter::strip_str(&whole(&why)).to_string();
        assert!(text.lines().count() <= 6, "{text}");
        assert!(text.starts_with("4.99.3  NEEDS A DECISION at take-ownership\n"), "{text}");
        assert!(text.contains("  move     the release lead"), "{text}");
    }

    #[test]
    fn spans_have_two_units() {
        assert_eq!(ago(59), "0 min");
        assert_eq!(ago(3 * 3600 + 12 * 60), "3 h 12 min");
        assert_eq!(ago(2 * 86_400 + 3600), "2 d 1 h");
    }
}
