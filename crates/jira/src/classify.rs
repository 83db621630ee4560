//! What kind of bug an issue is, and what may be done with it (spec 02 §4.4). Pure rules.

use crate::key::IssueKey;
use crate::types::{Issue, Issues};

/// Statuses of a bug that needs nothing more.
const FINISHED: [&str; 3] = ["Verified", "Closed", "Release Pending"];

impl Issue {
    /// Whether nothing more is to be verified.
    pub fn is_finished(&self) -> bool {
        FINISHED.contains(&self.status.as_str())
    }

    /// Whether it waits for verification.
    pub fn is_on_qa(&self) -> bool {
        self.status == "ON_QA"
    }

    /// Whether it tracks a CVE. Where what decides is not visible, it is taken for a tracker: those
    /// are never dropped.
    pub fn is_cve_tracker(&self) -> bool {
        let (Some(summary), Some(kind), Some(labels)) =
            (&self.summary, &self.issue_type, &self.labels)
        else {
            return true;
        };
        let tracks = |label: &String| {
            label == "SecurityTracking"
                || ["CVE-", "CVE_", "flaw:"].iter().any(|start| label.starts_with(start))
        };
        kind == "Vulnerability"
            || labels.iter().any(tracks)
            || summary.starts_with("CVE")
            || names_a_cve(summary)
            || self.cve_id.is_some()
    }

    /// Whether it is critical by priority, label or the release blocker field.
    pub fn is_critical(&self) -> bool {
        let labels = self.labels.as_deref().unwrap_or_default();
        matches!(self.priority.as_deref(), Some("Critical" | "Blocker"))
            || labels.iter().any(|label| label == "TestBlocker")
            || matches!(self.release_blocker.as_deref(), Some("Approved" | "Proposed"))
    }

    /// Why it is of high severity; empty when it is not.
    pub fn severity(&self) -> Vec<Severity> {
        let reasons = [
            (self.is_cve_tracker(), Severity::CveTracker),
            (self.is_critical(), Severity::Critical),
            (self.has_customer_case, Severity::CustomerCase),
        ];
        reasons.into_iter().filter_map(|(holds, reason)| holds.then_some(reason)).collect()
    }
}

/// A reason why a bug is of high severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// It tracks a CVE.
    CveTracker,
    /// Its priority, a label or the release blocker field.
    Critical,
    /// Customers are affected.
    CustomerCase,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::CveTracker => "CVE tracker",
            Self::Critical => "critical",
            Self::CustomerCase => "customer case",
        })
    }
}

/// `CVE-` with four digits, a dash and at least four more, anywhere.
fn names_a_cve(text: &str) -> bool {
    text.match_indices("CVE-").any(|(at, start)| {
        let rest = &text[at + start.len()..];
        let Some((year, number)) = rest.split_once('-') else { return false };
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()) && digits >= 4
    })
}

/// Which bugs may be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Every bug that is neither finished nor a CVE tracker may go.
    #[default]
    TrackersOnly,
    /// High severity protects too (`--keep-high-severity`).
    HighSeverity,
}

/// A bug that may be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Droppable {
    /// Its key.
    pub key: IssueKey,
    /// Its status.
    pub status: String,
    /// What speaks against it; shown to people.
    pub severity: Vec<Severity>,
}

/// The bugs that may be dropped, and those that nobody knows enough about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DropSet {
    /// May go.
    pub droppable: Vec<Droppable>,
    /// Stay because of `--keep-high-severity`.
    pub kept: Vec<Droppable>,
    /// Not visible: never dropped.
    pub not_visible: Vec<IssueKey>,
}

/// The drop set: not finished and no CVE tracker (spec 02 §4.4).
pub fn drop_set(issues: &Issues, keep: Keep) -> DropSet {
    let mut set = DropSet { not_visible: issues.not_visible.clone(), ..DropSet::default() };
    for issue in &issues.found {
        if issue.is_finished() || issue.is_cve_tracker() {
            continue;
        }
        let severity = issue.severity();
        let stays = keep == Keep::HighSeverity && !severity.is_empty();
        let one = Droppable { key: issue.key.clone(), status: issue.status.clone(), severity };
        if stays { set.kept.push(one) } else { set.droppable.push(one) }
    }
    set
}

/// Bugs that are not finished, by whether somebody must confirm before they are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Triage<'i> {
    /// High severity, with the reasons.
    pub high_severity: Vec<(&'i Issue, Vec<Severity>)>,
    /// The rest.
    pub can_drop: Vec<&'i Issue>,
}

/// Splits the bugs that are not finished (spec 02 §4.4).
pub fn triage(issues: &[Issue]) -> Triage<'_> {
    let mut triage = Triage::default();
    for issue in issues.iter().filter(|issue| !issue.is_finished()) {
        match issue.severity() {
            reasons if reasons.is_empty() => triage.can_drop.push(issue),
            reasons => {
                tracing::warn!(key = %issue.key, ?reasons, "a bug of high severity");
                triage.high_severity.push((issue, reasons));
            }
        }
    }
    triage
}

/// CVE trackers that wait for verification.
pub fn unverified_trackers(issues: &[Issue]) -> impl Iterator<Item = &Issue> {
    issues.iter().filter(|issue| issue.is_on_qa() && issue.is_cve_tracker())
}

/// Bugs that are not finished, or may not be: those that are not visible count.
pub fn unfinished(issues: &Issues) -> Vec<&IssueKey> {
    let open = issues.found.iter().filter(|issue| !issue.is_finished()).map(|issue| &issue.key);
    open.chain(&issues.not_visible).collect()
}

#[cfg(test)]
mod tests;
