//! Changing the metadata (spec 01 §7.5).

use oar_yaml::{Map, Value};

use crate::error::StateBoxError;
use crate::model::{Metadata, StateBox};

impl StateBox {
    /// Sets metadata keys: maps of `advisory_ids` and `candidate_builds` are united with the stored
    /// ones, everything else is replaced. Known keys must have their type; unknown keys are kept as
    /// they are given.
    pub fn update_metadata(&mut self, changes: &Map) -> Result<(), StateBoxError> {
        let mut metadata = self.metadata.clone();
        for (key, value) in changes.entries() {
            metadata.set(key, value)?;
        }
        self.metadata = metadata;
        Ok(())
    }
}

impl Metadata {
    fn set(&mut self, key: &str, value: &Value) -> Result<(), StateBoxError> {
        match key {
            "jira_ticket" => self.jira_ticket = text(key, value)?,
            "shipment_mr" => self.shipment_mr = text(key, value)?,
            "release_date" => {
                let date = text(key, value)?;
                if let Some(date) = &date {
                    let _valid: oar_release::ReleaseDate =
                        date.parse().map_err(|error| invalid(key, &format!("{error}")))?;
                }
                self.release_date = date;
            }
            "advisory_ids" => {
                for (impetus, id) in entries(key, value)? {
                    let id = id.as_i64().ok_or_else(|| invalid(key, "advisories are numbers"))?;
                    unite(&mut self.advisory_ids, impetus, id);
                }
            }
            "candidate_builds" => {
                for (arch, build) in entries(key, value)? {
                    let build = build.as_str().ok_or_else(|| invalid(key, "builds are texts"))?;
                    unite(&mut self.candidate_builds, arch, build.to_owned());
                }
            }
            _ if key.trim().is_empty() => return Err(invalid("key", "the key is blank")),
            unknown => self.raw.set(unknown, value.clone()),
        }
        Ok(())
    }
}

fn invalid(key: &str, problem: &str) -> StateBoxError {
    StateBoxError::InvalidArgument { argument: "metadata", problem: format!("{key}: {problem}") }
}

fn text(key: &str, value: &Value) -> Result<Option<String>, StateBoxError> {
    match value {
        Value::Null => Ok(None),
        value => match value.as_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(invalid(key, "expected a text")),
        },
    }
}

fn entries<'v>(
    key: &str,
    value: &'v Value,
) -> Result<impl Iterator<Item = (&'v str, &'v Value)>, StateBoxError> {
    value.as_map().map(Map::entries).ok_or_else(|| invalid(key, "expected a map"))
}

fn unite<T>(pairs: &mut Vec<(String, T)>, key: &str, value: T) {
    match pairs.iter_mut().find(|(stored, _)| stored == key) {
        Some((_, stored)) => *stored = value,
        None => pairs.push((key.to_owned(), value)),
    }
}
