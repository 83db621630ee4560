//! One release's state on one screen.

use std::fmt::Write as _;

use anstyle::Style;
use oar_operators::commands::status::ReleaseStatus;
use oar_release::time::parse_stamp;
use oar_statebox::TaskRecord;
use oar_statebox::overview::OverviewStatus;

use super::Render;
use super::reports::issue_lines;
use super::table::{BAD, BOLD, Cell, DIM, GOOD, WARN, columns, paint, status_style};

/// The colour of an overview status; the word stays beside it.
pub const fn overview_style(status: OverviewStatus) -> Style {
    match status {
        OverviewStatus::Shipped | OverviewStatus::Complete => GOOD,
        OverviewStatus::Blocked => BAD,
        OverviewStatus::InProgress => WARN,
        OverviewStatus::NotStarted => DIM,
    }
}

impl Render for ReleaseStatus {
    fn text(&self) -> String {
        let view = &self.overview;
        let word = format!("{} {}", view.marker(), view.status);
        let mut text = format!(
            "{}   {}   {}/9 tasks passed   release {} ({})\n",
            paint(BOLD, &self.release.to_string()),
            paint(overview_style(view.status), &word),
            view.passed,
            self.state.metadata.release_date.as_deref().unwrap_or("date unknown"),
            view.countdown().unwrap_or_else(|| "date unknown".to_owned()),
        );
        // Writing to a String cannot fail; the results of `write!` are dropped here.
        let _ = writeln!(text, "Phase: {}\n", view.phase);
        if self.state.tasks.is_empty() {
            text.push_str("No task has been recorded yet.\n");
        } else {
            let rows: Vec<Vec<Cell>> = self.state.tasks.iter().map(row).collect();
            text.push_str(&columns(&["TASK", "STATUS", "SINCE", "TOOK", "JOB"], &rows));
        }
        let open: Vec<_> = self.state.issues.iter().filter(|issue| !issue.resolved).collect();
        if !open.is_empty() {
            let _ = writeln!(text, "\n{}", paint(BOLD, "Open issues"));
            text.extend(open.into_iter().map(issue_lines));
        }
        let _ = writeln!(text, "\nState: {}, updated {}", self.location, self.state.updated_at);
        let _ = writeln!(text, "Next: oar -r {} plan", self.release);
        text
    }
}

fn row(task: &TaskRecord) -> Vec<Cell> {
    let style = status_style(task.status);
    let job = task.job.as_ref().map(|job| {
        job.url.clone().or_else(|| job.id.clone()).unwrap_or_else(|| "being started".to_owned())
    });
    vec![
        Cell::from(task.name.clone()),
        Cell::styled(task.status.name(), style),
        Cell::from(task.started_at.clone().unwrap_or_else(|| "-".to_owned())),
        Cell::from(took(task)),
        Cell::from(job.unwrap_or_default()),
    ]
}

/// How long the task took; times in the wrong order, as old files hold them, are unknown.
fn took(task: &TaskRecord) -> String {
    let at = |text: &Option<String>| text.as_deref().and_then(parse_stamp);
    let (Some(start), Some(end)) = (at(&task.started_at), at(&task.completed_at)) else {
        return "-".to_owned();
    };
    let seconds = end.duration_since(start).as_secs();
    match seconds {
        s if s < 0 => "unknown".to_owned(),
        s if s < 120 => format!("{s} s"),
        s if s < 7200 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}
