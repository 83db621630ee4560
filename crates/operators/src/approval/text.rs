//! What the StateBox keeps of a job: at most 4 KB, whatever happened (spec 06 §3.6). Pure functions.

use std::fmt::Write as _;

use oar_release::task::status_marker;
use oar_release::time::stamp;
use oar_release::{Task, TaskStatus};

use super::record::{JobRecord, JobStatus};

/// The longest text, bytes.
pub(super) const LIMIT: usize = 4096;
/// The most that the job's own words have, bytes; the rest is for what the command wrote before.
const OWN: usize = 3000;
/// The most that one line has, characters.
const LINE: usize = 600;
/// Advisories that are named.
const ADVISORIES: usize = 12;

/// The line that says how the job ended; it tells whether a StateBox knows of it.
pub(super) fn ending(record: &JobRecord) -> String {
    format!("approval job {} ended: {}", record.id, record.status)
}

/// The text for the StateBox: what was there (`previous`), then the job from its start to its end.
pub(super) fn result(record: &JobRecord, previous: &str, status: TaskStatus) -> String {
    let own = own(record, status);
    // One line break between the two.
    let room = LIMIT.saturating_sub(own.len() + 1);
    let kept = whole_lines(previous.trim_end(), room);
    if kept.is_empty() { own } else { format!("{kept}\n{own}") }
}

fn own(record: &JobRecord, status: TaskStatus) -> String {
    let ended = record.ended_at.unwrap_or(record.started_at);
    let (start, end) = (stamp(record.started_at), stamp(ended));
    let (deadline, every) = (stamp(record.deadline), record.interval_s);
    let mut lines = vec![format!(
        "{start}: INFO: approval job {} started: one check every {every} s until {deadline}",
        record.id
    )];
    let mut say = |level: &str, text: &str| lines.push(cut(&format!("{end}: {level}: {text}")));
    say("INFO", &format!("{} checks", record.checks));
    for (name, check) in [("first", &record.first), ("last", &record.last)] {
        if let Some(check) = check {
            say("INFO", &format!("{name} check at {}: {}", stamp(check.at), check.in_words()));
        }
    }
    if let Some(by) = record.held_by.as_deref().filter(|_| record.status != JobStatus::Done) {
        say("WARNING", &format!("the last try was stopped: {by}"));
    }
    for line in record.advisories.iter().take(ADVISORIES) {
        let from = line.from.as_deref().unwrap_or("unknown");
        let mut text = format!(
            "advisory {} ({}): {} ({from} to {})",
            line.errata_id, line.impetus, line.action, line.to
        );
        if !line.reason.is_empty() {
            // Writing to a String cannot fail.
            let _infallible = write!(text, ": {}", line.reason);
        }
        say("INFO", &text);
    }
    if record.advisories.len() > ADVISORIES {
        say("INFO", &format!("{} more advisories", record.advisories.len() - ADVISORIES));
    }
    if !record.closed_subtasks.is_empty() {
        say("INFO", &format!("closed subtasks {}", record.closed_subtasks.join(", ")));
    }
    if let Some(path) = &record.log_path {
        say("INFO", &format!("log: {path}"));
    }
    let level = if record.status == JobStatus::Done { "INFO" } else { "ERROR" };
    let conclusion = record.conclusion.as_deref().unwrap_or_default();
    let head = whole_lines(&lines.join("\n"), OWN - 2 * LINE - 200);
    // The end is never what is left out.
    let last = [
        cut(&format!("{end}: {level}: {}: {conclusion}", ending(record))),
        format!("{end}: INFO: {}", status_marker(Task::ChangeAdvisoryStatus, status)),
    ];
    format!("{head}\n{}", last.join("\n"))
}

/// One line of at most [`LINE`] characters; it has no line breaks.
fn cut(line: &str) -> String {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LINE {
        return line;
    }
    line.chars().take(LINE - 1).chain(['…']).collect()
}

/// The first lines of `text` that fit into `room` bytes, with a note when lines are left out.
fn whole_lines(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    let note = "[the rest is in the log]";
    let room = room.saturating_sub(note.len() + 1);
    let end = text.floor_char_boundary(room);
    let end = text[..end].rfind('\n').unwrap_or(0);
    match &text[..end] {
        "" => String::new(),
        kept => format!("{kept}\n{note}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::super::record::{AdvisoryLine, Check, CheckOutcome, NewJob};
    use super::*;

    fn job() -> JobRecord {
        let now: Timestamp = "2026-03-10T10:00:00Z".parse().unwrap();
        let mut job = JobRecord::new(NewJob {
            id: "0123".to_owned(),
            release: "4.99.3".parse().unwrap(),
            flow: "konflux",
            now,
            deadline: now + SignedDuration::from_hours(48),
            interval: std::time::Duration::from_mins(30),
            slack: None,
            allow_draft: false,
        });
        let check = Check {
            at: now,
            outcome: CheckOutcome::NotYet,
            http_status: Some(404),
            error: Some("the page answers 404".to_owned()),
        };
        (job.first, job.last, job.checks) = (Some(check.clone()), Some(check), 97);
        job.end(JobStatus::TimedOut, "the page is not there".to_owned(), job.deadline);
        job
    }

    #[test]
    fn the_text_says_what_happened_from_the_start_to_the_end() {
        let before = "2026-03-10T10:00:00Z: INFO: scheduled";
        let text = result(&job(), before, TaskStatus::Fail);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], before, "what the command wrote stays");
        for part in [
            "approval job 0123 started: one check every 1800 s until 2026-03-12T10:00:00Z",
            "97 checks",
            "first check at 2026-03-10T10:00:00Z: not yet: the page answers 404",
            "ERROR: approval job 0123 ended: timed_out: the page is not there",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        let marker =
            "2026-03-12T10:00:00Z: INFO: task [Change Advisory Status] status is changed to [Fail]";
        assert_eq!(lines.last(), Some(&marker));
    }

    proptest! {
        #[test]
        fn the_text_is_never_longer_than_4_kb_and_keeps_its_end(
            before in "(ä{0,80}\n){0,80}", reason in "[a-zä\n ]{0,900}",
            advisories in 0_usize..40, conclusion in ".{0,3000}"
        ) {
            let mut job = job();
            job.conclusion = Some(conclusion);
            job.advisories = (0..advisories)
                .map(|number| AdvisoryLine {
                    errata_id: number as u64,
                    impetus: "rpm".to_owned(),
                    from: Some("QE".to_owned()),
                    to: "REL_PREP".to_owned(),
                    action: "failed".to_owned(),
                    reason: reason.clone(),
                })
                .collect();
            let text = result(&job, &before, TaskStatus::Fail);
            prop_assert!(text.len() <= LIMIT, "{}", text.len());
            prop_assert!(text.contains("approval job 0123 started"));
            prop_assert!(text.contains(&ending(&job)));
            prop_assert!(text.ends_with("[Fail]"));
        }
    }
}
