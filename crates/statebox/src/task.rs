//! Changing a task's record (spec 01 §7.4).

use jiff::Timestamp;
use oar_release::time::{parse_stamp, stamp};
use oar_release::{JobRef, Masker, Task, TaskStatus};

use crate::error::StateBoxError;
use crate::model::{StateBox, TaskRecord};
use crate::stamps;

/// The most a stored result has, bytes.
pub const RESULT_LIMIT: usize = 64 << 10;
/// What is kept of the start of a longer result, bytes; the rest is its end.
const RESULT_HEAD: usize = 16 << 10;

/// A change of a task's record. Start from [`TaskUpdate::new`] and fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskUpdate {
    /// Which task.
    pub task: Task,
    /// The new status; `None` leaves the stored one and the times alone.
    pub status: Option<TaskStatus>,
    /// The new result, also an empty one; `None` leaves the stored one.
    pub result: Option<String>,
    /// What happens to the job reference.
    pub job: JobChange,
    /// Messages sent with this outcome, as kind and content hash.
    pub notifications: Vec<(String, String)>,
    /// What must hold of the record; otherwise it stays as it is.
    pub expects: Expected,
}

/// What the record must say for an update to be made: the work behind it took its time, and somebody
/// else may have recorded something newer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// The task has not passed.
    pub unpassed: bool,
    /// This job is the recorded one; `None` for whichever.
    pub job: Option<JobRef>,
}

impl Expected {
    fn holds(&self, record: &TaskRecord) -> bool {
        let has_passed = self.unpassed && record.status == TaskStatus::Pass;
        let other = |job: &JobRef| record.job.as_ref().is_some_and(|now| now.id != job.id);
        !has_passed && !self.job.as_ref().is_some_and(other)
    }
}

/// What an update does to a task's job reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum JobChange {
    /// Leave it; a reset to `Not Started` removes it all the same.
    #[default]
    Keep,
    /// Store this one, without a claim once the job is known.
    Set(JobRef),
    /// Remove it.
    Clear,
}

impl TaskUpdate {
    /// An update of `task` that changes nothing yet.
    pub const fn new(task: Task) -> Self {
        Self {
            task,
            status: None,
            result: None,
            job: JobChange::Keep,
            notifications: Vec::new(),
            expects: Expected { unpassed: false, job: None },
        }
    }

    /// An update to `status`.
    pub fn status(task: Task, status: TaskStatus) -> Self {
        Self { status: Some(status), ..Self::new(task) }
    }

    /// The same update with a result.
    #[must_use]
    pub fn with_result(self, result: impl Into<String>) -> Self {
        Self { result: Some(result.into()), ..self }
    }
}

/// Reads a task's name as it comes from outside: not blank, at most 200 characters, one of the 13.
pub fn parse_task(name: &str) -> Result<Task, StateBoxError> {
    let invalid = |problem: &str| StateBoxError::InvalidArgument {
        argument: "task",
        problem: problem.to_owned(),
    };
    if name.trim().is_empty() {
        return Err(invalid("the name is blank"));
    }
    if name.chars().count() > 200 {
        return Err(invalid("the name is longer than 200 characters"));
    }
    Ok(name.parse()?)
}

impl StateBox {
    /// The record of `task`, added when there is none.
    pub(crate) fn record(&mut self, task: Task) -> &mut TaskRecord {
        let at = self.tasks.iter().position(|record| record.name == task.name());
        let at = at.unwrap_or_else(|| {
            self.tasks.push(TaskRecord::new(task));
            self.tasks.len() - 1
        });
        &mut self.tasks[at]
    }

    /// Changes a task's record as of `now`; texts are masked.
    ///
    /// - `In Progress` keeps the start of a running attempt; a new attempt starts at the result's
    ///   first log time, else now.
    /// - `Pass` and `Fail` end at the result's last log time, else now, never before the start.
    /// - `Not Started` forgets times and job.
    ///
    /// Answers whether the record was what the update expects; the messages are recorded all the same.
    pub fn update_task(&mut self, update: &TaskUpdate, now: Timestamp, masker: &Masker) -> bool {
        for (kind, hash) in &update.notifications {
            self.record_notification(kind, hash, now);
        }
        let record = self.record(update.task);
        if !update.expects.holds(record) {
            return false;
        }
        let result = update.result.as_ref().map(|result| limit(masker.mask(result).into_owned()));
        if let Some(status) = update.status {
            record.enter(status, result.as_deref(), now);
        }
        if let Some(result) = result {
            record.result = Some(result);
        }
        match &update.job {
            JobChange::Keep => {}
            JobChange::Set(job) => record.job = Some(masked(job, masker)),
            JobChange::Clear => record.job = None,
        }
        true
    }
}

fn masked(job: &JobRef, masker: &Masker) -> JobRef {
    let url = job.url.as_ref().map(|url| masker.mask(url).into_owned());
    JobRef { url, ..job.clone() }
}

impl TaskRecord {
    /// Sets status and times; `result` is the new result, if there is one.
    fn enter(&mut self, status: TaskStatus, result: Option<&str>, now: Timestamp) {
        let logged = result.and_then(stamps::first_and_last);
        let first = logged.map_or(now, |(first, _)| first);
        match status {
            TaskStatus::NotStarted => {
                self.started_at = None;
                self.completed_at = None;
                self.job = None;
            }
            TaskStatus::InProgress => {
                if self.status != TaskStatus::InProgress || self.started_at.is_none() {
                    self.started_at = Some(stamp(first));
                }
                self.completed_at = None;
            }
            TaskStatus::Pass | TaskStatus::Fail => {
                let ended_before = matches!(self.status, TaskStatus::Pass | TaskStatus::Fail);
                // A log of its own after an end is another attempt; a bare status corrects the last.
                if self.started_at.is_none() || ended_before && logged.is_some() {
                    self.started_at = Some(stamp(first));
                }
                let completed = logged.map_or(now, |(_, last)| last);
                let started = self.started_at.as_deref().and_then(parse_stamp);
                let completed = started.map_or(completed, |started| completed.max(started));
                self.completed_at = Some(stamp(completed));
            }
        }
        self.status = status;
    }
}

/// Cuts the middle out of a result beyond [`RESULT_LIMIT`], at line ends where there are some.
fn limit(text: String) -> String {
    if text.len() <= RESULT_LIMIT {
        return text;
    }
    // Room for the line that says what was left out.
    let note = 64;
    let head_end = text.floor_char_boundary(RESULT_HEAD);
    let head = &text[..head_end];
    let head = head.rfind('\n').map_or(head, |end| &head[..=end]);
    let tail_start = text.ceil_char_boundary(text.len() - (RESULT_LIMIT - RESULT_HEAD - note));
    let tail = &text[tail_start..];
    let tail = match tail.find('\n') {
        Some(end) if end + 1 < tail.len() => &tail[end + 1..],
        _ => tail,
    };
    let left_out = text.len() - head.len() - tail.len();
    let line_end = if head.ends_with('\n') { "" } else { "\n" };
    format!("{head}{line_end}[... {left_out} bytes left out ...]\n{tail}")
}

#[cfg(test)]
mod tests;
