//! Reads a document into a [`StateBox`]: tolerant of how values are written, strict about what they
//! are (spec 01 §6.3).

use std::fmt;

use oar_release::{JobRef, JobSystem};
use oar_yaml::{Document, Map, Node, Value};

use crate::error::StateBoxError;
use crate::model::{Issue, Metadata, Notification, StateBox, TaskRecord};

type Result<T> = std::result::Result<T, StateBoxError>;

impl StateBox {
    /// Reads the text of the file at `path`.
    pub fn parse(path: &str, text: &str) -> Result<Self> {
        let document = parse_document(path, text)?;
        read(path, &document)
    }
}

/// The document of a text; the path is for error messages.
pub(crate) fn parse_document<'t>(path: &str, text: &'t str) -> Result<Document<'t>> {
    Document::parse(text).map_err(|error| StateBoxError::Corrupt {
        path: path.to_owned(),
        field: "document".to_owned(),
        line: Some(error.line),
        problem: format!("column {}: {}", error.column, error.problem),
    })
}

/// A place in the schema, for error messages.
#[derive(Clone, Copy)]
struct Place {
    list: &'static str,
    index: Option<usize>,
    key: &'static str,
}

impl Place {
    const fn root(key: &'static str) -> Self {
        Self { list: "", index: None, key }
    }

    const fn of(list: &'static str, key: &'static str) -> Self {
        Self { list, index: None, key }
    }

    const fn key(self, key: &'static str) -> Self {
        Self { key, ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.list)?;
        if let Some(index) = self.index {
            write!(f, "[{index}]")?;
        }
        let dot = if self.list.is_empty() || self.key.is_empty() { "" } else { "." };
        write!(f, "{dot}{}", self.key)
    }
}

/// Reads fields and names them in errors.
struct Reader<'d> {
    path: &'d str,
    document: &'d Document<'d>,
}

pub(crate) fn read(path: &str, document: &Document<'_>) -> Result<StateBox> {
    let reader = Reader { path, document };
    let root = document.root();
    if root.is_null() {
        return Err(reader.corrupt(root, &"document", "the file is empty"));
    }
    if !root.is_map() {
        return Err(reader.corrupt(root, &"document", "expected a map of fields"));
    }
    let text = |key| reader.text(root, Place::root(key));
    let release = text("release")?;
    let release = release.parse().map_err(|error| {
        let node = root.get("release").unwrap_or(root);
        reader.corrupt(node, &"release", format!("{error}"))
    })?;
    Ok(StateBox {
        schema_version: text("schema_version")?,
        release,
        created_at: text("created_at")?,
        updated_at: text("updated_at")?,
        metadata: reader.metadata(root)?,
        tasks: reader.list(root, "tasks", Reader::task)?,
        issues: reader.list(root, "issues", Reader::issue)?,
        notifications: reader.list(root, "notifications", Reader::notification)?,
        raw: shell(root, &["metadata", "tasks", "issues", "notifications"]),
    })
}

/// The map of a node; collections under `typed` keys are left empty, they are kept elsewhere.
fn shell(node: &Node<'_>, typed: &[&str]) -> Map {
    let pairs = node.entries().iter().map(|entry| {
        let value = &entry.value;
        let value = match typed.contains(&entry.key.as_ref()) {
            true if value.is_map() => Value::Map(Map::new()),
            true if value.is_seq() => Value::Seq(Vec::new()),
            _ => value.to_value(),
        };
        (Value::scalar(&entry.key, entry.key_style), value)
    });
    Map::from_pairs(pairs.collect())
}

impl Reader<'_> {
    fn corrupt(
        &self,
        node: &Node<'_>,
        field: &dyn fmt::Display,
        problem: impl Into<String>,
    ) -> StateBoxError {
        StateBoxError::Corrupt {
            path: self.path.to_owned(),
            field: field.to_string(),
            line: Some(self.document.position(node.span.start).line),
            problem: problem.into(),
        }
    }

    fn wrong_type(&self, node: &Node<'_>, place: Place, expected: &str) -> StateBoxError {
        let found = if node.is_map() {
            "a map"
        } else if node.is_seq() {
            "a list"
        } else if node.is_null() {
            "nothing"
        } else {
            "another value"
        };
        self.corrupt(node, &place, format!("expected {expected}, found {found}"))
    }

    fn text(&self, map: &Node<'_>, place: Place) -> Result<String> {
        match self.optional(map, place)? {
            Some(text) => Ok(text),
            None => Err(match map.get(place.key) {
                Some(node) => self.wrong_type(node, place, "a text"),
                None => self.corrupt(map, &place, "the field is missing"),
            }),
        }
    }

    fn optional(&self, map: &Node<'_>, place: Place) -> Result<Option<String>> {
        match map.get(place.key) {
            None => Ok(None),
            Some(node) if node.is_null() => Ok(None),
            Some(node) => match node.as_str() {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(self.wrong_type(node, place, "a text")),
            },
        }
    }

    fn boolean(&self, map: &Node<'_>, place: Place, absent: bool) -> Result<bool> {
        match map.get(place.key) {
            None => Ok(absent),
            Some(node) => {
                node.as_bool().ok_or_else(|| self.wrong_type(node, place, "true or false"))
            }
        }
    }

    fn list<T>(
        &self,
        root: &Node<'_>,
        key: &'static str,
        item: impl Fn(&Self, &Node<'_>, Place) -> Result<T>,
    ) -> Result<Vec<T>> {
        let Some(node) = root.get(key).filter(|node| !node.is_null()) else {
            return Ok(Vec::new());
        };
        if !node.is_seq() {
            return Err(self.wrong_type(node, Place::root(key), "a list"));
        }
        let items = node.items().iter().enumerate().map(|(index, entry)| {
            let place = Place { list: key, index: Some(index), key: "" };
            if entry.value.is_map() {
                item(self, &entry.value, place)
            } else {
                Err(self.wrong_type(&entry.value, place, "a map"))
            }
        });
        items.collect()
    }

    /// The entries of a map of scalars; null and absent count as empty.
    fn pairs<T>(
        &self,
        map: &Node<'_>,
        place: Place,
        expected: &str,
        read: impl Fn(&Node<'_>) -> Option<T>,
    ) -> Result<Vec<(String, T)>> {
        let Some(node) = map.get(place.key).filter(|node| !node.is_null()) else {
            return Ok(Vec::new());
        };
        if !node.is_map() {
            return Err(self.wrong_type(node, place, "a map"));
        }
        let pairs = node.entries().iter().map(|entry| {
            let value = read(&entry.value);
            let value = value.ok_or_else(|| self.wrong_type(&entry.value, place, expected))?;
            Ok((entry.key.to_string(), value))
        });
        pairs.collect()
    }

    fn metadata(&self, root: &Node<'_>) -> Result<Metadata> {
        let Some(node) = root.get("metadata").filter(|node| !node.is_null()) else {
            return Ok(Metadata::default());
        };
        if !node.is_map() {
            return Err(self.wrong_type(node, Place::root("metadata"), "a map"));
        }
        let place = |key| Place::of("metadata", key);
        Ok(Metadata {
            jira_ticket: self.optional(node, place("jira_ticket"))?,
            advisory_ids: self
                .pairs(node, place("advisory_ids"), "numbers", |id: &Node<'_>| id.as_i64())?,
            release_date: self.optional(node, place("release_date"))?,
            candidate_builds: self.pairs(node, place("candidate_builds"), "texts", |node| {
                node.as_str().map(str::to_owned)
            })?,
            shipment_mr: self.optional(node, place("shipment_mr"))?,
            raw: shell(node, &[]),
        })
    }

    fn task(&self, node: &Node<'_>, place: Place) -> Result<TaskRecord> {
        let status = self.text(node, place.key("status"))?;
        let status = status.parse().map_err(|error| {
            let at = node.get("status").unwrap_or(node);
            self.corrupt(at, &place.key("status"), format!("{error}"))
        })?;
        Ok(TaskRecord {
            name: self.text(node, place.key("name"))?,
            status,
            started_at: self.optional(node, place.key("started_at"))?,
            completed_at: self.optional(node, place.key("completed_at"))?,
            result: self.optional(node, place.key("result"))?,
            job: self.job(node, place.key("job"))?,
            raw: shell(node, &[]),
        })
    }

    fn job(&self, task: &Node<'_>, place: Place) -> Result<Option<JobRef>> {
        let Some(node) = task.get("job").filter(|node| !node.is_null()) else { return Ok(None) };
        if !node.is_map() {
            return Err(self.wrong_type(node, place, "a map"));
        }
        let field = |key| self.optional(node, Place { key, ..place });
        let system = match field("system")?.as_deref() {
            Some("prow") => JobSystem::Prow,
            Some("jenkins") => JobSystem::Jenkins,
            Some("approval") => JobSystem::Approval,
            _ => {
                return Err(self.corrupt(
                    node,
                    &format_args!("{place}.system"),
                    "expected prow, jenkins or approval",
                ));
            }
        };
        Ok(Some(JobRef {
            system,
            id: field("id")?,
            queue_id: field("queue_id")?,
            url: field("url")?,
            triggered_at: self.text(node, place.key("triggered_at"))?,
            claim: field("claim")?,
        }))
    }

    fn issue(&self, node: &Node<'_>, place: Place) -> Result<Issue> {
        Ok(Issue {
            text: self.text(node, place.key("issue"))?,
            reported_at: self.text(node, place.key("reported_at"))?,
            resolved: self.boolean(node, place.key("resolved"), false)?,
            resolution: self.optional(node, place.key("resolution"))?,
            blocker: self.boolean(node, place.key("blocker"), true)?,
            related_tasks: self.names(node, place.key("related_tasks"))?,
            source: self.optional(node, place.key("source"))?,
            resolved_at: self.optional(node, place.key("resolved_at"))?,
            raw: shell(node, &[]),
        })
    }

    fn names(&self, map: &Node<'_>, place: Place) -> Result<Vec<String>> {
        let Some(node) = map.get(place.key).filter(|node| !node.is_null()) else {
            return Ok(Vec::new());
        };
        if !node.is_seq() {
            return Err(self.wrong_type(node, place, "a list"));
        }
        let names = node.items().iter().map(|item| {
            let name = item.value.as_str().map(str::to_owned);
            name.ok_or_else(|| self.wrong_type(&item.value, place, "texts"))
        });
        names.collect()
    }

    fn notification(&self, node: &Node<'_>, place: Place) -> Result<Notification> {
        Ok(Notification {
            kind: self.text(node, place.key("kind"))?,
            hash: self.text(node, place.key("hash"))?,
            sent_at: self.text(node, place.key("sent_at"))?,
            raw: shell(node, &[]),
        })
    }
}
