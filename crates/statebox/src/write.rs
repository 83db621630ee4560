//! Turns a [`StateBox`] back into a document's value. A field that still reads the same keeps the
//! value it was read from, so that a hand-written form of it survives.

use oar_release::{JobRef, JobSystem};
use oar_yaml::{Map, Value, emit};

use crate::model::{Issue, Metadata, Notification, StateBox, TaskRecord};

impl StateBox {
    /// The whole state as a value, keys in the order of the file.
    pub fn to_value(&self) -> Value {
        let mut root = self.raw.clone();
        put_text(&mut root, "schema_version", Some(&self.schema_version));
        put_text(&mut root, "release", Some(&self.release.to_string()));
        put_text(&mut root, "created_at", Some(&self.created_at));
        put_text(&mut root, "updated_at", Some(&self.updated_at));
        let metadata = metadata(&self.metadata);
        if !metadata.is_empty() {
            root.set("metadata", metadata);
        }
        put_list(&mut root, "tasks", self.tasks.iter().map(task));
        put_list(&mut root, "issues", self.issues.iter().map(issue));
        put_list(&mut root, "notifications", self.notifications.iter().map(notification));
        Value::Map(root)
    }

    /// The text of a new file with this state (spec 01 §6.4).
    pub fn render(&self) -> String {
        emit::document(&self.to_value())
    }
}

/// Two of a kind are equal when they are written alike.
macro_rules! equal_as_written {
    ($($kind:ty: $write:path),*) => {$(
        impl PartialEq for $kind {
            fn eq(&self, other: &Self) -> bool {
                $write(self) == $write(other)
            }
        }

        impl Eq for $kind {}
    )*};
}

equal_as_written!(
    StateBox: Self::to_value,
    Metadata: metadata,
    TaskRecord: task,
    Issue: issue,
    Notification: notification
);

/// True when both read as the same field.
fn reads_same(stored: &Value, new: &Value) -> bool {
    match (stored, new) {
        (Value::Map(stored), Value::Map(new)) => {
            stored.len() == new.len()
                && stored
                    .entries()
                    .zip(new.entries())
                    .all(|((a, stored), (b, new))| a == b && reads_same(stored, new))
        }
        (Value::Seq(stored), Value::Seq(new)) => {
            stored.len() == new.len() && stored.iter().zip(new).all(|(a, b)| reads_same(a, b))
        }
        (stored, Value::String(new)) => stored.as_str() == Some(new),
        (stored, Value::Int(_)) => stored.as_i64().is_some() && stored.as_i64() == new.as_i64(),
        (stored, new) => stored == new,
    }
}

/// Sets a field unless it reads the same; a missing one is not added only to be null or empty.
fn put(map: &mut Map, key: &str, new: Value) {
    let nothing = match &new {
        Value::Null => true,
        Value::Map(map) => map.is_empty(),
        Value::Seq(items) => items.is_empty(),
        _ => false,
    };
    match map.get(key) {
        Some(stored) if reads_same(stored, &new) || nothing && stored.is_null() => {}
        None if nothing => {}
        _ => map.set(key, new),
    }
}

fn put_text(map: &mut Map, key: &str, new: Option<&str>) {
    // The common case without a copy.
    if map.get(key).is_none_or(|stored| stored.as_str() != new) {
        put(map, key, Value::text_or_null(new));
    }
}

fn put_list(map: &mut Map, key: &str, items: impl Iterator<Item = Map>) {
    let items: Vec<Value> = items.map(Value::Map).collect();
    if !items.is_empty() {
        map.set(key, Value::Seq(items));
    }
}

pub(crate) fn metadata(metadata: &Metadata) -> Map {
    let mut map = metadata.raw.clone();
    put_text(&mut map, "jira_ticket", metadata.jira_ticket.as_deref());
    let ids = metadata.advisory_ids.iter().map(|(impetus, id)| (impetus.as_str(), *id));
    put(&mut map, "advisory_ids", Value::Map(ids.collect()));
    put_text(&mut map, "release_date", metadata.release_date.as_deref());
    let builds = metadata.candidate_builds.iter();
    let builds = builds.map(|(arch, build)| (arch.as_str(), build.as_str()));
    put(&mut map, "candidate_builds", Value::Map(builds.collect()));
    put_text(&mut map, "shipment_mr", metadata.shipment_mr.as_deref());
    map
}

fn task(task: &TaskRecord) -> Map {
    let mut map = task.raw.clone();
    put_text(&mut map, "name", Some(&task.name));
    put_text(&mut map, "status", Some(task.status.name()));
    put_text(&mut map, "started_at", task.started_at.as_deref());
    put_text(&mut map, "completed_at", task.completed_at.as_deref());
    put_text(&mut map, "result", task.result.as_deref());
    match &task.job {
        Some(new) => put_job(&mut map, new),
        None if map.get("job").is_some_and(|stored| !stored.is_null()) => {
            map.remove("job");
        }
        None => {}
    }
    map
}

/// Known keys of the job in their order; unknown keys of the same job are kept behind them.
fn put_job(task: &mut Map, job: &JobRef) {
    let system = match job.system {
        JobSystem::Prow => "prow",
        JobSystem::Jenkins => "jenkins",
        JobSystem::Approval => "approval",
    };
    let mut map = Map::new();
    map.set("system", system);
    // A claim says only who is about to start a job; afterwards the id is there or null.
    if job.id.is_some() || job.claim.is_none() {
        map.set("id", Value::text_or_null(job.id.as_deref()));
    }
    let optional = [("queue_id", &job.queue_id), ("url", &job.url)];
    for (key, value) in optional.into_iter().filter_map(|(key, v)| Some((key, v.as_deref()?))) {
        map.set(key, value);
    }
    map.set("triggered_at", job.triggered_at.as_str());
    if let Some(claim) = &job.claim {
        map.set("claim", claim.as_str());
    }
    let known = ["system", "id", "queue_id", "url", "triggered_at", "claim"];
    let stored = task.get("job").and_then(Value::as_map);
    let same_job = |stored: &&Map| {
        stored.get("triggered_at").and_then(Value::as_str) == Some(&job.triggered_at)
    };
    if let Some(stored) = stored.filter(same_job) {
        let unknown = stored.entries().filter(|(key, _)| !known.contains(key));
        let unknown: Vec<_> = unknown.map(|(key, value)| (key.to_owned(), value.clone())).collect();
        if unknown.is_empty() && reads_same(&Value::Map(stored.clone()), &Value::Map(map.clone())) {
            return;
        }
        for (key, value) in unknown {
            map.set(&key, value);
        }
    }
    put(task, "job", Value::Map(map));
}

fn issue(issue: &Issue) -> Map {
    let mut map = issue.raw.clone();
    put_text(&mut map, "issue", Some(&issue.text));
    put_text(&mut map, "reported_at", Some(&issue.reported_at));
    put(&mut map, "resolved", Value::Bool(issue.resolved));
    put_text(&mut map, "resolution", issue.resolution.as_deref());
    put(&mut map, "blocker", Value::Bool(issue.blocker));
    put(&mut map, "related_tasks", Value::from(issue.related_tasks.clone()));
    put_text(&mut map, "source", issue.source.as_deref());
    put_text(&mut map, "resolved_at", issue.resolved_at.as_deref());
    map
}

fn notification(notification: &Notification) -> Map {
    let mut map = notification.raw.clone();
    put_text(&mut map, "kind", Some(&notification.kind));
    put_text(&mut map, "hash", Some(&notification.hash));
    put_text(&mut map, "sent_at", Some(&notification.sent_at));
    map
}
