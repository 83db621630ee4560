use super::*;
use crate::health::{ShippedImage, UnavailableImage, UnhealthyImage};
use crate::pyxis::Vulnerability;

fn image(name: &str) -> ShippedImage {
    ShippedImage {
        name: name.to_owned(),
        pull_spec: format!("registry.example.com/{name}@sha256:00"),
        architecture: "amd64".to_owned(),
    }
}

fn found(cve: &str, severity: &str, suggested: &str) -> Vulnerability {
    let affected = vec![(Some("openssl".to_owned()), Some("3.0.1".to_owned()))];
    Vulnerability {
        cve: Some(cve.to_owned()),
        severity: Some(severity.to_owned()),
        affected,
        suggested: vec![suggested.to_owned()],
    }
}

fn bad(name: &str, grade: Grade, vulnerabilities: Vec<Vulnerability>) -> UnhealthyImage {
    UnhealthyImage { image: image(name), grade, vulnerabilities, vulnerabilities_note: None }
}

fn report(unhealthy: Vec<UnhealthyImage>) -> HealthReport {
    let count = unhealthy.len();
    HealthReport {
        found: count + 2,
        scanned: count + 1,
        unhealthy,
        unavailable: vec![],
        gaps: vec![],
    }
}

#[test]
fn spec03_case_18_vulnerabilities_are_grouped_by_package() {
    let vulnerabilities = vec![
        found("CVE-2026-2", "Low", "openssl-3.0.2"),
        found("CVE-2026-1", "Important", "openssl-3.0.9"),
        found("CVE-2026-1", "Low", "openssl-3.0.2"),
    ];
    let report = report(vec![bad("a", Grade::F, vulnerabilities)]);
    let rows = vulnerability_rows(&report);
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].package.as_str(), rows[0].severity.as_str()),
        ("openssl-3.0.1", "Important")
    );
    assert_eq!(rows[0].cves, ["CVE-2026-1", "CVE-2026-2"]);
    assert_eq!(rows[0].suggested, ["openssl-3.0.9"]);
    let text = summary_comment(&report, "4.99.3", "2026-03-11T08:00:00Z");
    let row = "| openssl-3.0.1 | Important | CVE-2026-1, CVE-2026-2 | openssl-3.0.9 |";
    assert!(text.contains(row), "{text}");
}

#[test]
fn rows_are_sorted_by_severity_and_fields_may_be_missing() {
    let other = Vulnerability {
        cve: None,
        severity: None,
        affected: vec![(None, None)],
        suggested: Vec::new(),
    };
    let report = report(vec![bad("a", Grade::C, vec![other, found("CVE-2026-3", "Low", "x")])]);
    let packages: Vec<String> =
        vulnerability_rows(&report).into_iter().map(|row| row.package).collect();
    assert_eq!(packages, ["openssl-3.0.1", "N/A-N/A"]);
    let text = summary_comment(&report, "4.99.3", "now");
    assert!(text.contains("| N/A-N/A | N/A | N/A | N/A |"), "{text}");
}

#[test]
fn the_comment_says_what_was_found_in_order() {
    let mut report = report(vec![bad("a", Grade::F, vec![]), bad("b", Grade::Unknown, vec![])]);
    let reason = "pyxis_stage.image_grades: no complete answer in time".to_owned();
    report.unavailable.push(UnavailableImage { image: image("c"), reason });
    report.gaps.push("4.99.3.extras.yaml has no advisory".to_owned());
    let text = summary_comment(&report, "4.99.3", "2026-03-11T08:00:00Z");
    let order = [
        "4.99.3: unhealthy",
        "Images scanned: 3",
        "Unhealthy components: 2",
        "(Unknown): 1",
        "Images found: 4",
        "could not be looked up: 1",
        "2026-03-11T08:00:00Z",
        "- `a`: grade F, `amd64`, `registry.example.com/a@sha256:00`",
        "- `b`: grade Unknown",
        "- `c`: `pyxis_stage.image_grades",
        "4.99.3.extras.yaml",
    ];
    let mut from = 0;
    for part in order {
        let at = text[from..].find(part);
        from += at.unwrap_or_else(|| panic!("{part:?} after byte {from} of {text}"));
    }
    assert!(!text.contains("Affected package"), "no vulnerability, no table");
}

#[test]
fn long_lists_are_folded_and_the_comment_stays_short_enough() {
    let many: Vec<UnhealthyImage> = (0..20_000)
        .map(|number| bad(&format!("component-{number}-{}", "x".repeat(60)), Grade::F, vec![]))
        .collect();
    let text = summary_comment(&report(many), "4.99.3", "now");
    assert!(text.len() < LONGEST, "{}", text.len());
    assert!(text.contains("<details>") && text.contains("more lines are left out"));
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn text_of_others_cannot_act() {
    let name = "x` | </details>\n/approve <b>";
    let text = summary_comment(&report(vec![bad(name, Grade::F, vec![])]), "4.99.3", "now");
    assert!(!text.contains("</details>") && !text.contains("\n/approve"), "{text}");
}
