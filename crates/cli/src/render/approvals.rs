//! Approval jobs as text.

use std::fmt::Write as _;

use oar_operators::approval::{Check, CheckOutcome, JobRecord, JobStatus};
use oar_operators::commands::approvals::{Cancelled, Job, Jobs, ResumedJobs};
use oar_release::time::stamp;

use super::Render;
use super::reports::changes;
use super::table::{BAD, BOLD, Cell, DIM, GOOD, WARN, columns, paint};
use crate::approvals::EndedJob;

// Writing to a String cannot fail; the results of `write!` are dropped throughout this file.

impl Render for Jobs {
    fn text(&self) -> String {
        if self.jobs.is_empty() && self.problems.is_empty() {
            return "No approval jobs on this machine.\n".to_owned();
        }
        let rows: Vec<Vec<Cell>> = self.jobs.iter().map(row).collect();
        let header = ["RELEASE", "STATUS", "PROCESS", "CHECKS", "LAST", "NEXT", "DEADLINE"];
        let mut text = columns(&header, &rows);
        for job in &self.jobs {
            let record = &job.record;
            for why in record.held_by.iter().chain(&record.conclusion) {
                let _ = writeln!(text, "{}: {why}", record.release);
            }
            if job.silent {
                let release = &record.release;
                let _ = writeln!(
                    text,
                    "{} nobody looks for {release}: oarctl approvals resume -r {release}",
                    paint(BOLD, "help:")
                );
            }
        }
        for problem in &self.problems {
            let _ = writeln!(text, "{} {problem}", paint(BAD, "error:"));
        }
        text
    }
}

fn row(job: &Job) -> Vec<Cell> {
    let record = &job.record;
    let style = match record.status {
        JobStatus::Done => GOOD,
        JobStatus::Waiting | JobStatus::Applying => WARN,
        JobStatus::Failed | JobStatus::TimedOut => BAD,
        JobStatus::Cancelled => DIM,
    };
    let process = match (job.running, record.pid) {
        (true, Some(pid)) => Cell::from(pid.to_string()),
        _ if record.needs_a_process() => Cell::styled("none", BAD),
        _ => Cell::from("-"),
    };
    let ahead = record.status.is_unfinished();
    vec![
        Cell::from(record.release.to_string()),
        Cell::styled(record.status.word(), style),
        process,
        Cell::from(record.checks.to_string()),
        Cell::from(record.last.as_ref().map_or_else(|| "-".to_owned(), last)),
        Cell::from(if ahead { stamp(record.next_check_at) } else { "-".to_owned() }),
        Cell::from(stamp(record.deadline)),
    ]
}

fn last(check: &Check) -> String {
    let word = match check.outcome {
        CheckOutcome::Accessible => "accessible",
        CheckOutcome::NotYet => "not yet",
        CheckOutcome::NoUrl => "no page",
        CheckOutcome::Error => "error",
    };
    match check.http_status {
        Some(status) if check.outcome != CheckOutcome::Accessible => format!("{word} ({status})"),
        _ => word.to_owned(),
    }
}

impl Render for ResumedJobs {
    fn text(&self) -> String {
        let mut text = String::new();
        if self.jobs.is_empty() {
            text.push_str("No job needs a process.\n");
        }
        for job in &self.jobs {
            let what = match (&job.error, job.pid) {
                (Some(error), _) => paint(BAD, &format!("not resumed: {error}")),
                (None, Some(pid)) => {
                    let log = job.log_path.as_deref().unwrap_or("-");
                    format!("{} by process {pid}, log {log}", paint(GOOD, "resumed"))
                }
                (None, None) => paint(WARN, "would be resumed"),
            };
            let _ = writeln!(text, "{}: job {} {what}", job.release, job.id);
        }
        for problem in &self.problems {
            let _ = writeln!(text, "{} {problem}", paint(BAD, "error:"));
        }
        text
    }
}

impl Render for Cancelled {
    fn text(&self) -> String {
        let what = if !self.planned_changes.is_empty() {
            paint(WARN, "would be stopped")
        } else if self.stopped {
            self.status.word().to_owned()
        } else {
            paint(WARN, "is in the middle of something and stops before its next step")
        };
        let mut text = format!("{}: job {} {what}\n", self.release, self.id);
        text.push_str(&changes(&self.planned_changes));
        text
    }
}

impl Render for EndedJob {
    fn text(&self) -> String {
        let record: &JobRecord = &self.record;
        let style = if record.status == JobStatus::Done { GOOD } else { BAD };
        let words = record.conclusion.as_deref().unwrap_or_default();
        let mut text =
            format!("{}: {} {words}\n", record.release, paint(style, record.status.word()));
        for one in &record.advisories {
            let _ =
                writeln!(text, "  advisory {} ({}): {}", one.errata_id, one.impetus, one.action);
        }
        if !record.recorded {
            let help = paint(BOLD, "help:");
            let _ =
                writeln!(text, "{help} its end is not in the StateBox: oarctl approvals resume");
        }
        text
    }
}
