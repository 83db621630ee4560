//! ART's tracking files: which releases were announced (spec 01 §8.1).

use oar_release::{ReleaseVersion, YStream};
use oar_yaml::{Document, Node};

use crate::error::StateBoxError;
use crate::read::parse_document;

/// A release that ART announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedRelease {
    /// Which release.
    pub release: ReleaseVersion,
    /// Advisory numbers by impetus, in the order of the file.
    pub advisories: Vec<(String, i64)>,
    /// ART's ticket.
    pub release_jira: Option<String>,
}

/// The announced releases of one y-stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackingFile {
    /// The releases by version; the file sorts them as texts.
    pub releases: Vec<TrackedRelease>,
    /// Keys that are no versions, with what is wrong.
    pub skipped: Vec<String>,
}

impl TrackingFile {
    /// Where the file of a y-stream is.
    pub fn path_of(stream: YStream) -> String {
        format!("_releases/{stream}/{stream}.z.yaml")
    }

    /// Reads the text of the file at `path`; an empty text has no releases.
    pub fn parse(path: &str, text: &str) -> Result<Self, StateBoxError> {
        let document = parse_document(path, text)?;
        let root = document.root();
        let mut file = Self { releases: Vec::new(), skipped: Vec::new() };
        if root.is_null() {
            return Ok(file);
        }
        let releases = match root.get("releases") {
            _ if !root.is_map() => return Err(corrupt(path, &document, root, "document")),
            None => return Ok(file),
            Some(node) if node.is_null() => return Ok(file),
            Some(node) if node.is_map() => node,
            Some(node) => return Err(corrupt(path, &document, node, "releases")),
        };
        for entry in releases.entries() {
            match entry.key.parse() {
                Ok(release) => file.releases.push(tracked(release, &entry.value)),
                Err(error) => file.skipped.push(format!("{path}: releases: {error}")),
            }
        }
        file.releases.sort_by(|a, b| a.release.cmp(&b.release));
        Ok(file)
    }

    /// The newest announced release.
    pub fn latest(&self) -> Option<&TrackedRelease> {
        self.releases.last()
    }
}

fn tracked(release: ReleaseVersion, node: &Node<'_>) -> TrackedRelease {
    let advisories = node.get("advisories").map(Node::entries).unwrap_or_default();
    TrackedRelease {
        release,
        advisories: advisories
            .iter()
            .filter_map(|entry| Some((entry.key.to_string(), entry.value.as_i64()?)))
            .collect(),
        release_jira: node.get("release_jira").and_then(Node::as_str).map(str::to_owned),
    }
}

fn corrupt(path: &str, document: &Document<'_>, node: &Node<'_>, field: &str) -> StateBoxError {
    StateBoxError::Corrupt {
        path: path.to_owned(),
        field: field.to_owned(),
        line: Some(document.position(node.span.start).line),
        problem: "expected a map".to_owned(),
    }
}
