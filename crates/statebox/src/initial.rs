//! The first state of a release (spec 01 §7.1).

use jiff::Timestamp;
use oar_release::time::stamp;
use oar_release::{ReleaseDate, ReleaseVersion};
use oar_yaml::{Map, Value};

use crate::model::{Metadata, StateBox};

/// What a release's StateBox starts with, from ART's build data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitialState {
    /// Which release.
    pub release: ReleaseVersion,
    /// ART's ticket.
    pub jira_ticket: Option<String>,
    /// Advisory numbers by impetus.
    pub advisory_ids: Vec<(String, i64)>,
    /// The announced date; without one no StateBox is made.
    pub release_date: ReleaseDate,
    /// Candidate nightlies by RPM architecture.
    pub candidate_builds: Vec<(String, String)>,
    /// URL of the shipment merge request; an empty one counts as none.
    pub shipment_mr: Option<String>,
}

impl InitialState {
    /// The state as of `now`.
    pub fn state(&self, now: Timestamp) -> StateBox {
        let now = stamp(now);
        let empty = |key: &str| (Value::from(key), Value::Map(Map::new()));
        let null = |key: &str| (Value::from(key), Value::Null);
        // The schema's keys in their order; the typed fields fill them in.
        let metadata = vec![
            null("jira_ticket"),
            empty("advisory_ids"),
            null("release_date"),
            empty("candidate_builds"),
            null("shipment_mr"),
        ];
        let list = |key: &str| (Value::from(key), Value::Seq(Vec::new()));
        let raw = vec![
            null("schema_version"),
            null("release"),
            null("created_at"),
            null("updated_at"),
            empty("metadata"),
            list("tasks"),
            list("issues"),
        ];
        StateBox {
            schema_version: "1.0".to_owned(),
            release: self.release.clone(),
            created_at: now.clone(),
            updated_at: now,
            metadata: Metadata {
                jira_ticket: self.jira_ticket.clone(),
                advisory_ids: self.advisory_ids.clone(),
                release_date: Some(self.release_date.to_string()),
                candidate_builds: self.candidate_builds.clone(),
                shipment_mr: self.shipment_mr.clone().filter(|url| !url.trim().is_empty()),
                raw: Map::from_pairs(metadata),
            },
            tasks: Vec::new(),
            issues: Vec::new(),
            notifications: Vec::new(),
            raw: Map::from_pairs(raw),
        }
    }
}
