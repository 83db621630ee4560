use super::*;

pub(crate) const IMAGE: &str = include_str!("../../../tests/fixtures/4.99.3.image.yaml");
const FBC: &str = include_str!("../../../tests/fixtures/4.99.3.fbc.yaml");

fn parse(text: &str) -> Result<ShipmentFile, ShipmentError> {
    ShipmentFile::parse("shipment/ocp/x.image.1.yaml", text)
}

#[test]
fn a_full_file_is_read() {
    let file = parse(IMAGE).unwrap();
    assert_eq!(file.metadata.assembly, "4.99.3");
    assert!(file.needs_advisory() && !file.is_fbc());
    let stage = &file.environments.stage;
    assert!(stage.internal_url.as_deref().unwrap().ends_with("/advisory.yaml"));
    assert_eq!(file.environments.prod.internal_url, None);
    let notes = file.release_notes.as_ref().unwrap();
    assert_eq!((notes.kind.as_deref(), notes.live_id), (Some("RHSA"), Some(1555)));
    let ids: Vec<&str> = notes.fixed.iter().map(|issue| issue.id.as_str()).collect();
    assert_eq!(ids, ["2345678", "OCPBUGS-99001", "OCPBUGS-99002", "OCPBUGS-990021"]);
    assert_eq!(notes.cves[0].key, "CVE-2026-0001");
    let snapshot = file.snapshot.as_ref().unwrap();
    assert_eq!(snapshot.application, file.metadata.application);
    assert_eq!(snapshot.components[0].source_revision.as_deref().unwrap().len(), 40);
    assert_eq!(snapshot.nvrs.len(), 1);
}

#[test]
fn an_fbc_file_has_no_advisory() {
    let file = parse(FBC).unwrap();
    assert!(file.is_fbc() && !file.needs_advisory());
    assert_eq!(file.release_notes, None);
    let by_path = ShipmentFile::parse("shipment/x.fbc.1.yaml", IMAGE).unwrap();
    assert!(by_path.is_fbc());
}

#[test]
fn early_and_null_parts_are_absent() {
    let file = parse(
        "shipment:\n  metadata: {product: ocp, application: a, group: openshift-4.99, assembly: rc.2, fbc: null, advisory_required: false}\n  environments: null\n  snapshot: null\n  data:\n    releaseNotes:\n      issues:\n        fixed: null\n      cves: null\n",
    )
    .unwrap();
    assert!(!file.needs_advisory());
    assert_eq!((file.snapshot, file.environments), (None, Environments::default()));
    assert_eq!(file.release_notes.unwrap().fixed, []);
}

#[test]
fn what_is_wrong_is_named_with_file_line_and_field() {
    let metadata = "metadata: {product: ocp, application: a, group: g, assembly: x}";
    for (text, expected) in [
        (String::new(), "there is no shipment"),
        ("shipment: []".to_owned(), "shipment must be a map"),
        ("shipment: {}".to_owned(), "there is no shipment.metadata"),
        (
            "shipment:\n  metadata: {product: ocp, application: a, group: g}".to_owned(),
            "shipment.metadata has no assembly",
        ),
        (
            format!(
                "shipment:\n  {metadata}\n  data: {{releaseNotes: {{issues: {{fixed: [x]}}}}}}"
            ),
            "shipment.data.releaseNotes.issues.fixed must be a map",
        ),
        (
            format!(
                "shipment:\n  {metadata}\n  data: {{releaseNotes: {{issues: {{fixed: [{{source: x}}]}}}}}}"
            ),
            "line 3, column 42: shipment.data.releaseNotes.issues.fixed has no id",
        ),
        (
            format!("shipment:\n  {metadata}\n  data: {{releaseNotes: {{live_id: soon}}}}"),
            "live_id must be a number",
        ),
        ("shipment:\n\tx: 1".to_owned(), "line 2, column 1"),
    ] {
        let error = parse(&text).unwrap_err();
        let shown = error.to_string();
        assert!(shown.starts_with("shipment file shipment/ocp/x.image.1.yaml: "), "{shown}");
        assert!(shown.contains(expected), "{shown}");
        assert_eq!(error.file(), Some("shipment/ocp/x.image.1.yaml"));
    }
}
