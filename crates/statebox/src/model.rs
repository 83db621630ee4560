//! A StateBox as data (spec 01 §6.1). Known fields are typed, everything else is kept beside them.

use oar_release::time::parse_stamp;
use oar_release::{JobRef, ReleaseDate, ReleaseVersion, Task, TaskStatus};
use oar_yaml::{Map, Value};

/// The state of one release.
///
/// Times are texts as the file holds them: UTC, `YYYY-MM-DDTHH:MM:SSZ` when this program wrote
/// them, any RFC 3339 form in older files.
#[derive(Debug, Clone)]
pub struct StateBox {
    /// Always `1.0`.
    pub schema_version: String,
    /// Which release; equals the file's name.
    pub release: ReleaseVersion,
    /// When the file was made.
    pub created_at: String,
    /// When it was changed last.
    pub updated_at: String,
    /// Facts about the release.
    pub metadata: Metadata,
    /// Recorded tasks in the order of their first appearance; one never started is absent.
    pub tasks: Vec<TaskRecord>,
    /// Issues, resolved ones too, oldest first.
    pub issues: Vec<Issue>,
    /// The last message sent per kind (spec 05 §3).
    pub notifications: Vec<Notification>,
    /// The root as it was read; typed lists stand in it as empty ones.
    pub(crate) raw: Map,
}

/// Facts about a release, copied from ART's data when the StateBox is made.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    /// ART's ticket (`ART-10001`).
    pub jira_ticket: Option<String>,
    /// Advisory numbers by impetus, in the order of the file.
    pub advisory_ids: Vec<(String, i64)>,
    /// The announced date as it is written; see [`Metadata::release_date`].
    pub release_date: Option<String>,
    /// Candidate nightlies by RPM architecture, in the order of the file.
    pub candidate_builds: Vec<(String, String)>,
    /// URL of the shipment merge request.
    pub shipment_mr: Option<String>,
    /// The map as it was read.
    pub(crate) raw: Map,
}

impl Metadata {
    /// The announced date, if it can be read.
    pub fn release_date(&self) -> Option<ReleaseDate> {
        self.release_date.as_ref()?.trim().parse().ok()
    }

    /// The advisory of an impetus (`rpm`).
    pub fn advisory(&self, impetus: &str) -> Option<i64> {
        self.advisory_ids.iter().find(|(key, _)| key == impetus).map(|(_, id)| *id)
    }

    /// The candidate nightly of an architecture (`x86_64`).
    pub fn candidate_build(&self, arch: &str) -> Option<&str> {
        self.candidate_builds.iter().find(|(key, _)| key == arch).map(|(_, build)| build.as_str())
    }

    /// The value of any key, also of unknown ones; `None` when the key is absent.
    pub fn get(&self, key: &str) -> Option<Value> {
        crate::write::metadata(self).get(key).cloned()
    }
}

/// One task's record.
#[derive(Debug, Clone)]
pub struct TaskRecord {
    /// The task's name; unknown names in a file are kept.
    pub name: String,
    /// Its status.
    pub status: TaskStatus,
    /// When the current attempt began.
    pub started_at: Option<String>,
    /// When it ended; absent while it runs. May lie before `started_at` in old files.
    pub completed_at: Option<String>,
    /// The log of the last run, or a person's words.
    pub result: Option<String>,
    /// The external job, or the claim on starting one.
    pub job: Option<JobRef>,
    /// The map as it was read.
    pub(crate) raw: Map,
}

impl TaskRecord {
    /// Whether it is in progress.
    pub fn is_in_progress(&self) -> bool {
        self.status == TaskStatus::InProgress
    }

    /// The record of a task that was never started.
    pub fn new(task: Task) -> Self {
        let null = |key| (key, Value::Null);
        let raw = [
            ("name", Value::from(task.name())),
            ("status", Value::from(TaskStatus::NotStarted.name())),
            null("started_at"),
            null("completed_at"),
            null("result"),
        ];
        Self {
            name: task.name().to_owned(),
            status: TaskStatus::NotStarted,
            started_at: None,
            completed_at: None,
            result: None,
            job: None,
            raw: raw.into_iter().collect(),
        }
    }

    /// The task, if the name is one of the 13.
    pub fn task(&self) -> Option<Task> {
        self.name.parse().ok()
    }

    /// How long the attempt took; `None` while it runs and where old times contradict each other.
    pub fn duration(&self) -> Option<std::time::Duration> {
        let started = parse_stamp(self.started_at.as_ref()?)?;
        let completed = parse_stamp(self.completed_at.as_ref()?)?;
        std::time::Duration::try_from(completed.duration_since(started)).ok()
    }
}

/// One issue.
#[derive(Debug, Clone)]
pub struct Issue {
    /// What is wrong (key `issue`).
    pub text: String,
    /// When it was reported.
    pub reported_at: String,
    /// Whether it is settled.
    pub resolved: bool,
    /// How it was settled.
    pub resolution: Option<String>,
    /// Whether it stops work.
    pub blocker: bool,
    /// Tasks it belongs to; none means the whole release.
    pub related_tasks: Vec<String>,
    /// The command whose check found it; absent for a person's issue.
    pub source: Option<String>,
    /// When it was settled.
    pub resolved_at: Option<String>,
    /// The map as it was read.
    pub(crate) raw: Map,
}

impl Issue {
    /// The form under which two texts count as the same.
    pub(crate) fn normalised(text: &str) -> String {
        text.trim().to_lowercase()
    }

    /// True for an open issue that stops work.
    pub const fn is_open_blocker(&self) -> bool {
        self.blocker && !self.resolved
    }

    /// True when the issue names `task`.
    pub fn concerns(&self, task: &str) -> bool {
        self.related_tasks.iter().any(|name| name == task)
    }
}

/// The last message of one kind that was sent.
#[derive(Debug, Clone)]
pub struct Notification {
    /// Kind of message (`N4`).
    pub kind: String,
    /// Digest of its content.
    pub hash: String,
    /// When it was sent.
    pub sent_at: String,
    /// The map as it was read.
    pub(crate) raw: Map,
}
