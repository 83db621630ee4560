//! Whether merge request and shipment files belong to the release that was asked for (spec 08 R16).

use std::fmt;

use oar_release::ReleaseVersion;

use super::file::ShipmentFile;
use super::name::{FileName, release_in_branch, release_in_title};
use crate::types::MrInfo;

/// One thing that names another release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What it is: `the title`, `shipment/…: assembly`.
    pub what: String,
    /// What it should say.
    pub expected: String,
    /// What it says.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} says {:?} instead of {:?}", self.what, self.found, self.expected)
    }
}

/// Everything that does not belong to `release`.
///
/// The title must name it; a branch whose name is not
/// of ART's form names nothing. `live_ids` are the numbers that the build data reserves per kind
/// (`image`, `extras`), where it does.
pub fn mismatches(
    release: &ReleaseVersion,
    mr: &MrInfo,
    files: &[ShipmentFile],
    live_ids: &[(String, i64)],
) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let mut differs = |what: String, expected: &str, got: &str| {
        let (expected, got) = (expected.to_owned(), got.to_owned());
        found.push(Mismatch { what, expected, found: got });
    };
    let name = release.to_string();
    let is_ours = |assembly: &str| assembly == name || assembly == release.assembly_key();
    if release_in_title(&mr.title).as_ref() != Some(release) {
        differs("the title of the merge request".to_owned(), &name, &mr.title);
    }
    if let Some(assembly) = release_in_branch(&mr.source_branch).filter(|found| !is_ours(found)) {
        differs("the source branch".to_owned(), &name, assembly);
    }
    let group = format!("openshift-{}", release.y_stream());
    for file in files {
        let path = &file.path;
        let metadata = &file.metadata;
        if !is_ours(&metadata.assembly) {
            differs(format!("{path}: assembly"), &release.assembly_key(), &metadata.assembly);
        }
        if metadata.group != group {
            differs(format!("{path}: group"), &group, &metadata.group);
        }
        let snapshot = file.snapshot.as_ref().map(|snapshot| &snapshot.application);
        if let Some(application) = snapshot.filter(|found| **found != metadata.application) {
            differs(format!("{path}: snapshot"), &metadata.application, application);
        }
        let Some(named) = FileName::parse(path) else { continue };
        if !is_ours(&named.assembly) {
            differs(format!("{path}: file name"), &release.assembly_key(), &named.assembly);
        }
        let reserved = live_ids.iter().find(|(kind, _)| *kind == named.kind);
        let live_id = file.release_notes.as_ref().and_then(|notes| notes.live_id);
        if let (Some((_, reserved)), Some(live_id)) = (reserved, live_id)
            && *reserved != live_id
        {
            differs(format!("{path}: live_id"), &reserved.to_string(), &live_id.to_string());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: &str = include_str!("../../tests/fixtures/4.99.3.image.yaml");
    const PATH: &str =
        "shipment/ocp/openshift-4.99/openshift-4-99/prod/4.99.3.image.20260301083000.yaml";

    fn mr(title: &str, branch: &str) -> MrInfo {
        serde_json::from_value(serde_json::json!({
            "iid": 1, "project_id": 1, "title": title, "state": "opened", "labels": [],
            "web_url": "https://gitlab.example.com/p/-/merge_requests/1",
            "source_branch": branch, "target_branch": "main",
        }))
        .unwrap()
    }

    fn found(release: &str, mr: &MrInfo, path: &str, live_id: i64) -> Vec<String> {
        let files = [ShipmentFile::parse(path, IMAGE).unwrap()];
        let live_ids = [("image".to_owned(), live_id)];
        let found = mismatches(&release.parse().unwrap(), mr, &files, &live_ids);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn r16_what_names_the_same_release_passes() {
        let right = mr("Draft: Shipment for 4.99.3", "prepare-shipment-4.99.3-20260301083000");
        assert_eq!(found("4.99.3", &right, PATH, 1555), [""; 0]);
        assert_eq!(found("4.99.3", &mr("Shipment for 4.99.3", "fix"), PATH, 1555), [""; 0]);
    }

    #[test]
    fn r16_every_difference_is_named() {
        let wrong = mr("Shipment for 4.99.30", "prepare-shipment-4.99.2-20260301083000");
        let path = PATH.replace("4.99.3.image", "4.99.4.image");
        let found = found("4.99.3", &wrong, &path, 1556);
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(found[0].contains("4.99.30") && found[1].contains("4.99.2"), "{found:#?}");
        assert!(found[2].contains("file name") && found[3].contains("1555"), "{found:#?}");
    }

    #[test]
    fn r16_another_stream_and_a_candidate_are_told_apart() {
        let right = mr("Shipment for 4.98.3", "x");
        assert_eq!(found("4.98.3", &right, "shipment/x.yaml", 1555).len(), 2, "assembly and group");
        let text = IMAGE.replace("assembly: 4.99.3\n", "assembly: rc.2\n");
        let files = [ShipmentFile::parse("shipment/x.yaml", text).unwrap()];
        let release = "4.99.0-rc.2".parse().unwrap();
        let mr = mr("Shipment for 4.99.0-rc.2", "prepare-shipment-rc.2-20260301083000");
        assert_eq!(mismatches(&release, &mr, &files, &[]), []);
    }
}
