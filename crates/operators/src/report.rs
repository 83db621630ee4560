//! The result object of every command: what `--output json` prints and other programs read
//! (spec 06 §6.2).

use jiff::Timestamp;
use oar_release::time::stamp;
use oar_release::{ErrorClass, JobRef, Task, TaskOutcome, TaskStatus};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// Characters kept from the start of a long output.
const HEAD: usize = 4_000;
/// Characters kept from its end.
const TAIL: usize = 16_000;

/// What one command did and found.
#[derive(Debug, Clone, Serialize)]
pub struct CommandReport {
    /// True when the exit code is 0: the outcome was determined, also when it is `Fail`.
    pub success: bool,
    /// The command (`create-test-report`).
    pub command: String,
    /// The release.
    pub release: String,
    /// The task the command works on, where it is one.
    pub task: Option<Task>,
    /// The task's status after the command, where it is known.
    pub task_status: Option<TaskStatus>,
    /// What was determined.
    #[serde(serialize_with = "outcome_word")]
    pub outcome: TaskOutcome,
    /// Why it waits, failed, is undetermined or was left alone, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the outcome is in the StateBox.
    pub statebox: StateBoxWrite,
    /// The external job, where there is one.
    pub job: Option<JobRef>,
    /// Correlation id of this run, also in errors and the journal.
    pub operation_id: String,
    /// Start, `YYYY-MM-DDTHH:MM:SSZ`.
    #[serde(serialize_with = "stamp_text")]
    pub started_at: Timestamp,
    /// End.
    #[serde(serialize_with = "stamp_text")]
    pub finished_at: Timestamp,
    /// Wall time, milliseconds.
    pub duration_ms: i64,
    /// What the command logged, head and tail when long.
    pub output: String,
    /// Whether `output` was cut.
    pub output_truncated: bool,
    /// Characters before cutting.
    pub output_total_chars: usize,
    /// What was found and done, one line each, masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// The same as data, by name.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub facts: Map<String, Value>,
    /// Trouble that changed no verdict, such as a failed notification.
    pub warnings: Vec<String>,
    /// What would have been changed, in a dry run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planned_changes: Vec<crate::dry_run::Change>,
    /// Why the command failed.
    pub error: Option<ReportedError>,
}

/// Whether a command's outcome reached the StateBox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StateBoxWrite {
    /// True when this command wrote to it.
    pub written: bool,
    /// Why a wanted write failed.
    pub error: Option<String>,
}

/// An error as other programs read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedError {
    /// Stable code, the error's class.
    #[serde(serialize_with = "class_code")]
    pub code: ErrorClass,
    /// What happened, masked, with its causes.
    pub message: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// What to do.
    pub hint: Option<String>,
    /// The command's `operation_id`.
    pub correlation_id: String,
}

fn outcome_word<S: Serializer>(outcome: &TaskOutcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(outcome.word())
}

fn stamp_text<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&stamp(*at))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn class_code<S: Serializer>(class: &ErrorClass, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(class.code())
}

/// `text` within the output budget: the first 4,000 and the last 16,000 characters, and how many
/// there were.
pub fn within_budget(text: &str) -> (String, bool, usize) {
    let total = text.chars().count();
    if total <= HEAD + TAIL {
        return (text.to_owned(), false, total);
    }
    let head: String = text.chars().take(HEAD).collect();
    let tail: String = text.chars().skip(total - TAIL).collect();
    let left_out = total - HEAD - TAIL;
    (format!("{head}\n[{left_out} characters left out]\n{tail}"), true, total)
}

/// The whole chain of an error in one line: `saving failed: connection refused`.
///
/// Causes that only repeat what the error above them says are left out.
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_keeps_head_and_tail_and_says_how_much_is_gone() {
        let text = "a".repeat(HEAD) + &"b".repeat(7) + &"c".repeat(TAIL);
        let (cut, truncated, total) = within_budget(&text);
        assert!(truncated);
        assert_eq!(total, HEAD + TAIL + 7);
        assert!(cut.contains("[7 characters left out]"));
        assert!(!cut.contains('b'));
        assert_eq!(within_budget("short"), ("short".to_owned(), false, 5));
    }
}
