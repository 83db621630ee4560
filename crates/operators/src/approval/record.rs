//! The record of an approval job: what survives the process (spec 06 §3.6).

use jiff::{SignedDuration, Timestamp};
use oar_errata::ApprovalEntry;
use oar_release::{JobRef, JobSystem, ReleaseVersion};
use serde::{Deserialize, Serialize};

/// The shape of the record that this program reads and writes.
pub const SCHEMA: u32 = 1;

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// It waits for the page, or for another try.
    Waiting,
    /// It is moving the advisories.
    Applying,
    /// They are moved.
    Done,
    /// Something said no for good.
    Failed,
    /// The deadline passed.
    TimedOut,
    /// Somebody stopped it.
    Cancelled,
}

impl JobStatus {
    /// Whether a process has to go on with the job.
    pub const fn is_unfinished(self) -> bool {
        matches!(self, Self::Waiting | Self::Applying)
    }

    /// The word in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Applying => "applying",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
        }
    }
}

impl std::fmt::Display for JobStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// What one check of the page brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// The page is there.
    Accessible,
    /// It is not there yet, or the release is not promoted.
    NotYet,
    /// The payload names no page.
    NoUrl,
    /// It could not be found out.
    Error,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// When, UTC.
    pub at: Timestamp,
    /// What it brought.
    pub outcome: CheckOutcome,
    /// The status of the page's answer, where there was one.
    #[serde(default)]
    pub http_status: Option<u16>,
    /// Why the page is not there or not known, masked.
    #[serde(default)]
    pub error: Option<String>,
}

/// What is known of the payload; it never changes, so it is read once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPayload {
    /// Its pull spec.
    pub pullspec: String,
    /// The digest of its image.
    pub digest: String,
    /// The advisory's page; none when the payload names none.
    pub url: Option<String>,
}

/// How one advisory stands, or what was done to it (spec 06 §3.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvisoryLine {
    /// Its number.
    pub errata_id: u64,
    /// What it is for.
    pub impetus: String,
    /// Its state before; none when it could not be read.
    pub from: Option<String>,
    /// Where it was to go.
    pub to: String,
    /// `moved`, `already`, `not_ready`, `blocked`, `failed`, `undetermined`.
    pub action: String,
    /// Why, masked; empty when there is nothing to say.
    pub reason: String,
}

impl From<&ApprovalEntry> for AdvisoryLine {
    fn from(entry: &ApprovalEntry) -> Self {
        let action = serde_json::to_value(entry.action).unwrap_or_default();
        Self {
            errata_id: entry.errata_id.0,
            impetus: entry.impetus.as_str().to_owned(),
            from: entry.from.as_ref().map(ToString::to_string),
            to: entry.to.to_string(),
            action: action.as_str().unwrap_or_default().to_owned(),
            reason: entry.reason.clone(),
        }
    }
}

/// The thread of whoever asked for the approval (R11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// The channel's id.
    pub channel: String,
    /// The message that is answered.
    pub thread: String,
}

/// An approval job. Unknown keys of a newer program are ignored; missing ones have a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The job's id, also in the StateBox.
    pub id: String,
    /// The release.
    pub release: ReleaseVersion,
    /// `konflux` or `errata`.
    pub flow: String,
    /// Where it is.
    pub status: JobStatus,
    /// When it was scheduled, UTC, whole seconds.
    pub started_at: Timestamp,
    /// When it gives up.
    pub deadline: Timestamp,
    /// Seconds between two checks.
    pub interval_s: u64,
    /// When the next check is due.
    pub next_check_at: Timestamp,
    /// Checks so far; the command's own is the first.
    pub checks: u32,
    /// The first check.
    #[serde(default)]
    pub first: Option<Check>,
    /// The last check.
    #[serde(default)]
    pub last: Option<Check>,
    /// The payload, as soon as it was read.
    #[serde(default)]
    pub payload: Option<KnownPayload>,
    /// The advisories, as the last try to move them left them.
    #[serde(default)]
    pub advisories: Vec<AdvisoryLine>,
    /// Where its end is told besides the release leads' channel.
    #[serde(default)]
    pub slack: Option<Thread>,
    /// Where it logs.
    #[serde(default)]
    pub log_path: Option<String>,
    /// The process that ran it last; none before the first.
    #[serde(default)]
    pub pid: Option<u32>,
    /// The machine of that process.
    #[serde(default)]
    pub host: Option<String>,
    /// Whether that process looks at once when it gets SIGUSR1; others it would end.
    #[serde(default)]
    pub listens: bool,
    /// Whether the merge request may be a draft.
    #[serde(default)]
    pub allow_draft: bool,
    /// Checks in a row that could not find it out.
    #[serde(default)]
    pub errors_in_row: u32,
    /// When the first of them was.
    #[serde(default)]
    pub trouble_since: Option<Timestamp>,
    /// Whether somebody was told about them.
    #[serde(default)]
    pub warned: bool,
    /// Tries in a row in which moving the advisories met trouble.
    #[serde(default)]
    pub failed_tries: u32,
    /// What stopped the last try, masked; none when nothing did.
    #[serde(default)]
    pub held_by: Option<String>,
    /// What was told about and need not be told again: `ticket`, `alert`.
    #[serde(default)]
    pub told: Vec<String>,
    /// QE subtasks that were closed.
    #[serde(default)]
    pub closed_subtasks: Vec<String>,
    /// How it ended, masked; none while it has not.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// Whether its end is in the StateBox.
    #[serde(default)]
    pub recorded: bool,
}

/// What a new job is made of.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// A fresh random id.
    pub id: String,
    /// The release.
    pub release: ReleaseVersion,
    /// Its flow's word.
    pub flow: &'static str,
    /// When it begins.
    pub now: Timestamp,
    /// When it gives up.
    pub deadline: Timestamp,
    /// Between two checks.
    pub interval: std::time::Duration,
    /// Where its end is told too.
    pub slack: Option<Thread>,
    /// Whether the merge request may be a draft.
    pub allow_draft: bool,
}

impl JobRecord {
    /// A job that waits, before its first check.
    pub fn new(new: NewJob) -> Self {
        let now = whole_seconds(new.now);
        Self {
            schema: SCHEMA,
            id: new.id,
            release: new.release,
            flow: new.flow.to_owned(),
            status: JobStatus::Waiting,
            started_at: now,
            deadline: whole_seconds(new.deadline),
            // A job that asks all the time helps nobody.
            interval_s: new.interval.as_secs().max(1),
            next_check_at: now,
            checks: 0,
            first: None,
            last: None,
            payload: None,
            advisories: Vec::new(),
            slack: new.slack,
            log_path: None,
            pid: None,
            host: None,
            listens: false,
            allow_draft: new.allow_draft,
            errors_in_row: 0,
            trouble_since: None,
            warned: false,
            failed_tries: 0,
            held_by: None,
            told: Vec::new(),
            closed_subtasks: Vec::new(),
            conclusion: None,
            ended_at: None,
            recorded: false,
        }
    }

    /// The reference in the StateBox (spec 01 §7.4).
    pub fn reference(&self) -> JobRef {
        JobRef {
            system: JobSystem::Approval,
            id: Some(self.id.clone()),
            queue_id: None,
            url: None,
            triggered_at: oar_release::time::stamp(self.started_at),
            claim: None,
        }
    }

    /// Between two checks.
    pub fn interval(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::try_from(self.interval_s).unwrap_or(i64::MAX))
    }

    /// Whether it should have looked two intervals ago, and has not (promise P14).
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        let latest = self.next_check_at.checked_add(self.interval() * 2);
        now > latest.unwrap_or(Timestamp::MAX)
    }

    /// Whether a process has to go on with it, be it only to record its end.
    pub const fn needs_a_process(&self) -> bool {
        self.status.is_unfinished() || !self.recorded
    }
}

/// `at` without the fraction of its second: records and messages show whole seconds.
pub fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
