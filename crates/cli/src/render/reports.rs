//! Results of the commands as text.

use std::fmt::Write as _;

use oar_operators::commands::active_releases::ActiveReleases;
use oar_operators::commands::issues::{ChangedIssue, Issues};
use oar_operators::commands::release_detector::Detected;
use oar_operators::commands::scan_secrets::Scan;
use oar_operators::commands::set_task::ChangedTask;
use oar_operators::doctor::{Diagnosis, Health};
use oar_operators::dry_run::Change;
use oar_operators::report::CommandReport;
use oar_release::TaskOutcome;
use oar_statebox::Issue;

use super::Render;
use super::table::{BAD, BOLD, Cell, DIM, GOOD, WARN, columns, paint};

// Writing to a String cannot fail; the results of `write!` are dropped throughout this file.

impl Render for CommandReport {
    fn text(&self) -> String {
        let head = format!("{} {}: ", self.release, self.command);
        let (style, word) = match &self.outcome {
            TaskOutcome::Pass if self.planned_changes.is_empty() => (GOOD, "done".to_owned()),
            TaskOutcome::Pass => (WARN, "would be done".to_owned()),
            TaskOutcome::Fail { error } => (BAD, format!("failed: {error}")),
            TaskOutcome::InProgress { .. } if self.planned_changes.is_empty() => {
                (WARN, "in progress".to_owned())
            }
            TaskOutcome::InProgress { .. } => (WARN, "would be in progress".to_owned()),
            TaskOutcome::Reset => (WARN, "reset".to_owned()),
            TaskOutcome::Unchanged { reason } => (GOOD, format!("nothing to do: {reason}")),
            TaskOutcome::Waiting { reason, .. } => (WARN, format!("waiting: {reason}")),
            TaskOutcome::Undetermined { error } => (BAD, format!("undetermined: {error}")),
        };
        let mut text = format!("{head}{}\n", paint(style, &word));
        for finding in &self.findings {
            let _ = writeln!(text, "  {finding}");
        }
        text.push_str(&changes(&self.planned_changes));
        for warning in &self.warnings {
            let _ = writeln!(text, "{} {warning}", paint(WARN, "warning:"));
        }
        if let Some(hint) = self.error.as_ref().and_then(|error| error.hint.as_ref()) {
            let _ = writeln!(text, "{} {hint}", paint(BOLD, "help:"));
        }
        let _ = writeln!(text, "Next: oar -r {} plan", self.release);
        text
    }
}

/// The changes of a dry run, with the content that would be written.
pub(super) fn changes(changes: &[Change]) -> String {
    let mut text = String::new();
    if changes.is_empty() {
        return text;
    }
    let _ = writeln!(text, "{}", paint(BOLD, "Would change"));
    for change in changes {
        let _ = writeln!(text, "  {}: {} ({})", change.system, change.action, change.target);
        let before: Vec<&str> = change.before.as_deref().unwrap_or_default().lines().collect();
        let after: Vec<&str> = change.after.as_deref().unwrap_or_default().lines().collect();
        for line in before.iter().filter(|line| !after.contains(line)) {
            let _ = writeln!(text, "    {}", paint(BAD, &format!("- {line}")));
        }
        for line in after.iter().filter(|line| !before.contains(line)) {
            let _ = writeln!(text, "    {}", paint(GOOD, &format!("+ {line}")));
        }
    }
    text
}

impl Render for ActiveReleases {
    fn text(&self) -> String {
        let mut text = String::new();
        if self.releases.is_empty() {
            text.push_str("No active releases.\n");
        } else {
            let rows: Vec<Vec<Cell>> = self
                .releases
                .iter()
                .map(|active| {
                    let view = &active.overview;
                    vec![
                        Cell::from(active.release.to_string()),
                        Cell::styled(
                            format!("{} {}", view.marker(), view.status),
                            super::status::overview_style(view.status),
                        ),
                        Cell::from(view.countdown().unwrap_or_else(|| "-".to_owned())),
                        Cell::from(format!("{}/9", view.passed)),
                        Cell::from(view.phase.clone()),
                        Cell::from(view.issues_line()),
                    ]
                })
                .collect();
            let header = ["RELEASE", "STATUS", "DUE", "TASKS", "PHASE", "ISSUES"];
            text.push_str(&columns(&header, &rows));
        }
        for release in &self.not_initialised {
            let _ = writeln!(text, "{release} is announced and has no StateBox");
        }
        for problem in &self.problems {
            let _ = writeln!(text, "{} {problem}", paint(WARN, "warning:"));
        }
        text
    }
}

impl Render for Detected {
    fn text(&self) -> String {
        let rows: Vec<Vec<Cell>> = self
            .streams
            .iter()
            .map(|stream| {
                let version = |v: &Option<oar_release::ReleaseVersion>| {
                    v.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
                };
                let created: Vec<String> = stream.created.iter().map(ToString::to_string).collect();
                let created = if created.is_empty() { "-".to_owned() } else { created.join(", ") };
                vec![
                    Cell::from(stream.stream.to_string()),
                    Cell::from(version(&stream.tracked)),
                    Cell::from(version(&stream.stable)),
                    Cell::styled(created, GOOD),
                ]
            })
            .collect();
        let mut text = columns(&["STREAM", "ANNOUNCED", "STABLE", "CREATED"], &rows);
        for stream in &self.streams {
            for warning in &stream.warnings {
                let _ = writeln!(text, "{} {}: {warning}", paint(WARN, "warning:"), stream.stream);
            }
            for error in &stream.errors {
                let _ = writeln!(text, "{} {}: {error}", paint(BAD, "error:"), stream.stream);
            }
        }
        text
    }
}

impl Render for Issues {
    fn text(&self) -> String {
        if self.issues.is_empty() {
            return format!("{}: no such issues\n", self.release);
        }
        self.issues.iter().map(issue_lines).collect()
    }
}

impl Render for ChangedIssue {
    fn text(&self) -> String {
        let next = format!("Next: oar -r {} plan\n", self.release);
        format!("{}{}{next}", issue_lines(&self.issue), changes(&self.planned_changes))
    }
}

/// One issue: kind, text, tasks, times.
pub fn issue_lines(issue: &Issue) -> String {
    let (style, kind) = match (issue.resolved, issue.blocker) {
        (true, _) => (DIM, "RESOLVED"),
        (false, true) => (BAD, "BLOCKER"),
        (false, false) => (WARN, "NON-BLOCKING"),
    };
    let tasks = if issue.related_tasks.is_empty() {
        "whole release".to_owned()
    } else {
        issue.related_tasks.join(", ")
    };
    let label = paint(style, &format!("[{kind}]"));
    let mut text =
        format!("{label} {}\n    {tasks}, since {}\n", issue.text.trim_end(), issue.reported_at);
    if let Some(resolution) = &issue.resolution {
        let _ = writeln!(text, "    resolved: {}", resolution.trim_end());
    }
    text
}

impl Render for ChangedTask {
    fn text(&self) -> String {
        let status = self.task.status;
        let mut text = format!("{} {}: {status}\n", self.release, self.task.name);
        text.push_str(&changes(&self.planned_changes));
        let _ = writeln!(text, "Next: oar -r {} plan", self.release);
        text
    }
}

impl Render for Scan {
    fn text(&self) -> String {
        let mut text = String::new();
        for leak in &self.leaks {
            let _ = writeln!(text, "{}:{}: {}", leak.path, leak.line, leak.masked);
        }
        let _ = writeln!(text, "{} files read, {} lines to clean", self.files, self.leaks.len());
        text
    }
}

impl Render for Diagnosis {
    fn text(&self) -> String {
        let rows: Vec<Vec<Cell>> = self
            .checks
            .iter()
            .map(|check| {
                let (style, word) = match check.health {
                    Health::Ok => (GOOD, "ok"),
                    Health::Warning => (WARN, "warning"),
                    Health::Missing => (BAD, "missing"),
                    Health::Failed => (BAD, "failed"),
                };
                let needed = match check.needed_by.len() {
                    0 => "all".to_owned(),
                    1 | 2 => check.needed_by.join(", "),
                    many => format!("{many} commands"),
                };
                vec![
                    Cell::from(check.name.clone()),
                    Cell::styled(word, style),
                    Cell::from(needed),
                    Cell::from(check.detail.clone()),
                ]
            })
            .collect();
        let mut text = columns(&["CHECK", "STATE", "NEEDED BY", "FOUND"], &rows);
        for check in &self.checks {
            if let (Some(remedy), true) = (&check.remedy, check.health != Health::Ok) {
                let _ = writeln!(text, "{} {}: {remedy}", paint(BOLD, "help:"), check.name);
                if !check.needed_by.is_empty() {
                    let _ = writeln!(text, "      needed by {}", check.needed_by.join(", "));
                }
            }
        }
        text
    }
}
