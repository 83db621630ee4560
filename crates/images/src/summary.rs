//! The summary of image health as a comment on the shipment (spec 03 §5.4).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::grade::Grade;
use crate::health::{HealthReport, HealthVerdict};

/// Longest comment, bytes.
const LONGEST: usize = 900_000;
/// A longer list goes into a block that can be folded.
const LONG_LIST: usize = 50;

/// One row of the table of vulnerabilities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VulnerabilityRow {
    /// `<name>-<version>`.
    pub package: String,
    /// The highest severity.
    pub severity: String,
    /// The CVEs, sorted.
    pub cves: Vec<String>,
    /// The packages that came with the highest severity.
    pub suggested: Vec<String>,
}

/// The vulnerabilities of all bad images, grouped by package and version, worst first.
pub fn vulnerability_rows(report: &HealthReport) -> Vec<VulnerabilityRow> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for found in report.unhealthy.iter().flat_map(|image| &image.vulnerabilities) {
        for (name, version) in &found.affected {
            let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "N/A".to_owned());
            let group = groups.entry(format!("{}-{}", part(name), part(version))).or_default();
            group.cves.extend(found.cve.clone());
            let severity = found.severity.clone().unwrap_or_else(|| "N/A".to_owned());
            let rank = rank(&severity);
            match group.worst.as_ref().map(|(worst, _)| rank.cmp(worst)) {
                None | Some(std::cmp::Ordering::Less) => {
                    group.worst = Some((rank, severity));
                    group.suggested = found.suggested.iter().cloned().collect();
                }
                Some(std::cmp::Ordering::Equal) => {
                    group.suggested.extend(found.suggested.iter().cloned());
                }
                Some(std::cmp::Ordering::Greater) => {}
            }
        }
    }
    let mut rows: Vec<(usize, VulnerabilityRow)> = groups
        .into_iter()
        .map(|(package, group)| {
            let (rank, severity) = group.worst.unwrap_or((usize::MAX, "N/A".to_owned()));
            let cves = group.cves.into_iter().collect();
            let suggested = group.suggested.into_iter().collect();
            (rank, VulnerabilityRow { package, severity, cves, suggested })
        })
        .collect();
    rows.sort_by(|one, two| (one.0, &one.1.package).cmp(&(two.0, &two.1.package)));
    rows.into_iter().map(|(_, row)| row).collect()
}

#[derive(Default)]
struct Group {
    worst: Option<(usize, String)>,
    cves: BTreeSet<String>,
    suggested: BTreeSet<String>,
}

fn rank(severity: &str) -> usize {
    let order = ["Critical", "Important", "Moderate", "Low"];
    order.iter().position(|name| *name == severity).unwrap_or(order.len())
}

/// The comment about `report` for `release`, made at `time` (both shown as they are).
pub fn summary_comment(report: &HealthReport, release: &str, time: &str) -> String {
    let verdict = match report.verdict() {
        HealthVerdict::Healthy => "healthy",
        HealthVerdict::Unhealthy => "unhealthy",
        HealthVerdict::Undetermined => "undetermined",
    };
    let mut text = format!("### Image health of {release}: {verdict}\n\n");
    let mut line = |name: &str, value: usize| {
        writeln!(text, "- {name}: {value}").expect("writing to a string cannot fail");
    };
    line("Images scanned", report.scanned);
    line("Unhealthy components", report.unhealthy.len());
    line("Components without health information (Unknown)", report.unknown());
    line("Images found", report.found);
    line("Images that could not be looked up", report.unavailable.len());
    writeln!(text, "- Checked at {time}").expect("writing to a string cannot fail");

    let unhealthy = report.unhealthy.iter().map(|bad| {
        let grade =
            if bad.grade == Grade::Unknown { "Unknown".to_owned() } else { bad.grade.to_string() };
        let (name, image) = (plain(&bad.image.name), &bad.image);
        let note = bad.vulnerabilities_note.as_deref().map(plain);
        let note = note.map_or(String::new(), |note| format!(" (vulnerabilities: `{note}`)"));
        format!(
            "- `{name}`: grade {grade}, `{}`, `{}`{note}",
            plain(&image.architecture),
            plain(&image.pull_spec)
        )
    });
    block(&mut text, "Unhealthy components", &unhealthy.collect::<Vec<_>>());

    let rows: Vec<String> = vulnerability_rows(report)
        .iter()
        .map(|row| {
            let or_none = |list: &[String]| {
                if list.is_empty() { "N/A".to_owned() } else { list.join(", ") }
            };
            let cells =
                [&row.package, &row.severity, &or_none(&row.cves), &or_none(&row.suggested)];
            let cell = |cell: &&String| plain(cell).replace('@', "&#64;");
            let cells: Vec<String> = cells.iter().map(cell).collect();
            format!("| {} |", cells.join(" | "))
        })
        .collect();
    if !rows.is_empty() {
        let head = [
            "| Affected package | Severity | CVEs | Suggested package |".to_owned(),
            "| --- | --- | --- | --- |".to_owned(),
        ];
        let table: Vec<String> = head.into_iter().chain(rows).collect();
        block(&mut text, "Vulnerabilities", &table);
    }

    let unavailable = report
        .unavailable
        .iter()
        .map(|missing| format!("- `{}`: `{}`", plain(&missing.image.name), plain(&missing.reason)));
    block(&mut text, "Could not be looked up", &unavailable.collect::<Vec<_>>());
    let gaps: Vec<String> = report.gaps.iter().map(|gap| format!("- `{}`", plain(gap))).collect();
    block(&mut text, "Missing", &gaps);
    text
}

/// Adds a list; a long one can be folded, and what does not fit is counted instead of shown.
fn block(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let folded = lines.len() > LONG_LIST;
    text.push('\n');
    if folded {
        write!(text, "<details><summary>{title} ({})</summary>\n\n", lines.len())
    } else {
        write!(text, "**{title}**\n\n")
    }
    .expect("writing to a string cannot fail");
    let room = LONGEST.saturating_sub(text.len() + 2000);
    let mut used = 0;
    let shown = lines.iter().take_while(|line| {
        used += line.len() + 1;
        used <= room
    });
    let shown: Vec<&str> = shown.map(String::as_str).collect();
    text.push_str(&shown.join("\n"));
    text.push('\n');
    if shown.len() < lines.len() {
        writeln!(text, "\n{} more lines are left out.", lines.len() - shown.len())
            .expect("writing to a string cannot fail");
    }
    if folded {
        text.push_str("\n</details>\n");
    }
}

/// Text of others as plain text: it cannot end a cell, a line or the block it stands in, address
/// anybody or give a command.
fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars().take(1000) {
        match letter {
            '|' => shown.push('¦'),
            '`' => shown.push('\''),
            '<' => shown.push_str("&lt;"),
            '\n' | '\r' | '\t' => shown.push(' '),
            other if other.is_control() => {}
            other => shown.push(other),
        }
    }
    shown
}

#[cfg(test)]
mod tests;
