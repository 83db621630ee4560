//! Issues in shipments (spec 03 §4.1), and where a key stands in a file (spec 03 §2.8).

use std::collections::BTreeSet;

use super::file::ShipmentFile;

/// Whether a `source` is our Jira, today's or that of before the move to the cloud.
pub fn is_jira_source(source: &str) -> bool {
    matches!(source, "redhat.atlassian.net" | "issues.redhat.com")
}

/// The Jira keys of all files: sorted as text, each once.
pub fn jira_keys(files: &[ShipmentFile]) -> Vec<String> {
    let fixed = files.iter().filter_map(|file| file.release_notes.as_ref());
    let keys: BTreeSet<&String> = fixed
        .flat_map(|notes| &notes.fixed)
        .filter(|issue| issue.source.as_deref().is_some_and(is_jira_source))
        .map(|issue| &issue.id)
        .collect();
    keys.into_iter().cloned().collect()
}

/// The first line of `text` that holds the whole key: number from 1, and the line. `OCPBUGS-12` is
/// not found in `OCPBUGS-123` or in `XOCPBUGS-12`.
pub fn line_of_key<'t>(text: &'t str, key: &str) -> Option<(usize, &'t str)> {
    if key.is_empty() {
        return None;
    }
    let continues = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let holds = |line: &str| {
        line.match_indices(key).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + key.len()..].chars().next();
            !before.is_some_and(continues) && !after.is_some_and(continues)
        })
    };
    text.lines().enumerate().find(|(_, line)| holds(line)).map(|(at, line)| (at + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(fixed: &str) -> ShipmentFile {
        let text = format!(
            "shipment:\n  metadata: {{product: ocp, application: a, group: g, assembly: x}}\n  data: {{releaseNotes: {{issues: {{fixed: {fixed}}}}}}}\n"
        );
        ShipmentFile::parse("shipment/x.yaml", text).unwrap()
    }

    #[test]
    fn spec03_case_06_issues_are_united_sorted_and_only_of_jira() {
        let files = [
            file(
                "[{id: OCPBUGS-2, source: redhat.atlassian.net}, {id: OCPBUGS-1, source: redhat.atlassian.net}]",
            ),
            file(
                "[{id: 123, source: bugzilla.redhat.com}, {id: OCPBUGS-1, source: issues.redhat.com}, {id: X-1}]",
            ),
            file("null"),
        ];
        assert_eq!(jira_keys(&files), ["OCPBUGS-1", "OCPBUGS-2"]);
        let fbc = "shipment: {metadata: {product: ocp, application: a, group: g, assembly: x, fbc: true}}";
        assert_eq!(jira_keys(&[ShipmentFile::parse("shipment/x.yaml", fbc).unwrap()]), [""; 0]);
    }

    #[test]
    fn a_key_is_found_as_a_whole() {
        let text = "a\n  - id: OCPBUGS-123\n  - id: 'OCPBUGS-12'\n  - id: OCPBUGS-12\n";
        assert_eq!(line_of_key(text, "OCPBUGS-12"), Some((3, "  - id: 'OCPBUGS-12'")));
        assert_eq!(line_of_key("XOCPBUGS-12", "OCPBUGS-12"), None);
        assert_eq!(line_of_key(text, ""), None);
    }
}
