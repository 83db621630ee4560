//! Shipment YAML files: reading, naming, issues, exact edits, and whether they all name one release
//! (spec 03 §3, §4). Pure rules.

mod edit;
mod error;
mod file;
mod identity;
mod issues;
mod name;

pub use edit::{Dropped, without_issues};
pub use error::ShipmentError;
pub use file::{
    Component, Cve, Environment, Environments, FixedIssue, Metadata, ReleaseNotes, ShipmentFile,
    Snapshot,
};
pub use identity::{Mismatch, mismatches};
pub use issues::{is_jira_source, jira_keys, line_of_key};
pub use name::{FileName, is_fbc_path, is_shipment_file, release_in_branch, release_in_title};
