//! The words of the messages about bugs (spec 05 §3, N7 to N9, N12 to N14, N17). Pure functions; who is
//! mentioned was looked up before.

use oar_errata::AdvisoryId;
use oar_jira::classify::Severity;
use oar_jira::{Contact, Issue};
use oar_release::Links;
use oar_slack::People;
use oar_slack::text::{escape, link};

/// What stands for a QA contact that is not there.
pub(super) const UNKNOWN: &str = "Unknown";

/// How the QA contact of `issue` is named: the address to look up, else a name.
pub(super) fn contact(issue: &Issue) -> &str {
    match issue.contact() {
        Contact::Known { email, .. } => email,
        Contact::Hidden { account } => account.name(),
        Contact::Inactive { .. } | Contact::Missing => UNKNOWN,
    }
}

/// N7 and N8: `heading`, and one line per bug that waits for verification; `None` when there is none.
pub(super) fn to_verify<'i>(
    heading: &str,
    issues: impl IntoIterator<Item = &'i Issue>,
    people: &People,
    links: &Links,
) -> Option<String> {
    let line = |issue: &Issue| {
        let note = if issue.is_cve_tracker() { " (a CVE: must be verified)" } else { "" };
        format!(
            "{} {}{note}",
            issue_link(links, issue.key.as_str()),
            people.mention(contact(issue))
        )
    };
    let rows: Vec<String> = issues.into_iter().filter(|issue| issue.is_on_qa()).map(line).collect();
    with_heading(heading, &rows)
}

/// N9: one line per bug with the manager of its contact; a manager that is not known is not mentioned.
pub(super) fn to_managers(
    trackers: &[(&Issue, Option<String>)],
    people: &People,
    links: &Links,
) -> Option<String> {
    let line = |(issue, manager): &(&Issue, Option<String>)| {
        let manager = manager.as_deref().map(|email| people.mention(email)).unwrap_or_default();
        format!("{} {manager}", issue_link(links, issue.key.as_str())).trim_end().to_owned()
    };
    let rows: Vec<String> = trackers.iter().map(line).collect();
    with_heading("these CVE trackers wait for verification by your people:", &rows)
}

/// A bug in a message about dropping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) key: String,
    pub(super) severity: Vec<Severity>,
}

/// N12 and N13: what was dropped, then what is of high severity and was kept; `None` when there is
/// neither.
pub(super) fn dropped(dropped: &[Told], kept: &[Told], links: &Links) -> Option<String> {
    let line = |bug: &Told| {
        let reasons: Vec<String> = bug.severity.iter().map(ToString::to_string).collect();
        let note =
            if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        format!("{}{note}", issue_link(links, &bug.key))
    };
    let block = |heading: &str, bugs: &[Told]| {
        let rows: Vec<String> = bugs.iter().map(line).collect();
        with_heading(heading, &rows)
    };
    let blocks: Vec<String> = [
        block("these bugs are not verified and were dropped from the release:", dropped),
        block("these bugs of high severity are not verified and were kept:", kept),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!blocks.is_empty()).then(|| blocks.join("\n\n"))
}

/// Advisories that wait for another team's approval again, and how that team is mentioned.
#[derive(Debug, Default)]
pub(super) struct Asked<'a> {
    pub(super) advisories: &'a [AdvisoryId],
    pub(super) mention: String,
}

/// N14: a part per team that is asked; `None` when none is.
pub(super) fn approvals(docs: &Asked<'_>, prodsec: &Asked<'_>, links: &Links) -> Option<String> {
    let part = |asked: &Asked<'_>, what: &str| {
        let ids: Vec<String> = asked
            .advisories
            .iter()
            .map(|id| link(&links.advisory(id.0), &id.to_string()))
            .collect();
        let request = format!(
            "{} please approve the {what} of these advisories again, bugs were dropped: {}",
            asked.mention,
            ids.join(", ")
        );
        (!ids.is_empty()).then(|| request.trim_start().to_owned())
    };
    let parts: Vec<String> = [part(docs, "documentation"), part(prodsec, "security content")]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// N17: the issue about failed container tests.
pub(super) fn cvp_failures(key: &str, links: &Links) -> String {
    format!("Greenwave CVP tests failed, see {}", issue_link(links, key))
}

/// A bug as a link to its page.
pub(super) fn issue_link(links: &Links, key: &str) -> String {
    link(&links.jira_issue(key), key)
}

fn with_heading(heading: &str, rows: &[String]) -> Option<String> {
    (!rows.is_empty()).then(|| format!("{}\n{}", escape(heading), rows.join("\n")))
}
