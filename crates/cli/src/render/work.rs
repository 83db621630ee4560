//! Results of commands on a release that are no tasks of its StateBox.

use std::fmt::Write as _;

use oar_operators::commands::is_shipped::Shipped;
use oar_operators::commands::qe_approval::{QeApproval, Standing};
use oar_operators::commands::rhcos_alerts::RhcosAlerts;
use oar_operators::notificator::NotificatorReport;

use super::Render;
use super::reports::changes;
use super::table::{BAD, BOLD, GOOD, WARN, paint};

// Writing to a String cannot fail; the results of `write!` are dropped throughout this file.

impl Render for RhcosAlerts {
    fn text(&self) -> String {
        let Some(id) = self.advisory else {
            return format!("{} has no rhcos advisory, or none yet\n", self.release);
        };
        let mut text = String::new();
        let (total, blocking) = (self.alerts.len(), self.blocking);
        let style = if blocking > 0 { WARN } else { GOOD };
        let count = paint(style, &format!("{total} security alerts, {blocking} of them block"));
        let _ = writeln!(text, "{} rhcos advisory {id}: {count}", self.release);
        for alert in &self.alerts {
            let label = if alert.blocking { paint(BAD, "[BLOCKS]") } else { "[info]".to_owned() };
            let _ = writeln!(text, "{label} {}: {}", alert.name, alert.text);
            for (name, words) in
                [("what it means", &alert.description), ("how to resolve", &alert.how_to_resolve)]
            {
                if !words.is_empty() {
                    let _ = writeln!(text, "    {name}: {words}");
                }
            }
        }
        if let Some(url) = &self.url {
            let _ = writeln!(text, "See {url}");
        }
        if blocking > 0 {
            let _ = writeln!(text, "{} ask Product Security", paint(BOLD, "help:"));
        }
        text.push_str(&changes(&self.planned_changes));
        text.push_str(&warnings(&self.warnings));
        text
    }
}

impl Render for Shipped {
    fn text(&self) -> String {
        let said = match (self.determined, self.shipped, self.live) {
            (false, _, _) => paint(BAD, "not known whether it is shipped"),
            (true, false, _) => paint(WARN, "not shipped"),
            (true, true, false) => paint(GOOD, "shipped, not live yet"),
            (true, true, true) => paint(GOOD, "shipped and live"),
        };
        let mut text = format!("{} ({}): {said}\n", self.release, self.flow_type);
        for (question, answer) in &self.details {
            let _ = writeln!(text, "  {question}: {answer}");
        }
        let left_out: Vec<&str> =
            self.advisories.iter().filter(|one| !one.counted).map(|one| &*one.impetus).collect();
        if !left_out.is_empty() {
            let _ = writeln!(text, "  not counted: {}", left_out.join(", "));
        }
        text
    }
}

impl Render for QeApproval {
    fn text(&self) -> String {
        let mr = self.merge_request.as_deref().unwrap_or("the shipment merge request");
        let said = match self.standing {
            Standing::Approved if self.planned_changes.is_empty() => paint(GOOD, "approved"),
            Standing::Approved => paint(WARN, "would be approved"),
            Standing::AlreadyApproved => paint(GOOD, "was approved before"),
            Standing::Merged => paint(GOOD, "is merged already, there is nothing to approve"),
            Standing::Waiting => paint(WARN, "does not exist yet: wait for ART"),
        };
        let mut text = format!("{}: {mr} {said}\n", self.release);
        if let Some(commit) = &self.commit {
            let _ = writeln!(text, "  commit {commit}");
        }
        if !self.closed_subtasks.is_empty() {
            let _ = writeln!(text, "  closed subtasks {}", self.closed_subtasks.join(", "));
        }
        text.push_str(&changes(&self.planned_changes));
        text.push_str(&warnings(&self.warnings));
        let _ = writeln!(text, "Next: oar -r {} plan", self.release);
        text
    }
}

impl Render for NotificatorReport {
    fn text(&self) -> String {
        let mut text = format!("waiting for verification: {}\n", self.issues);
        for sent in &self.sent {
            let (key, kind) = (paint(BOLD, &sent.key), sent.kind.in_words());
            let _ = writeln!(text, "{key} {kind}: {}", sent.to.join(", "));
        }
        for mark in &self.marks {
            let verb = if mark.added { "marked" } else { "mark removed" };
            let _ = writeln!(text, "{} {verb}", paint(BOLD, &mark.key));
        }
        for skipped in &self.skipped {
            let _ = writeln!(text, "{} {}", skipped.key, skipped.reason);
        }
        for failed in &self.failed {
            let _ = writeln!(text, "{} {}: {}", paint(BAD, "failed:"), failed.key, failed.error);
        }
        let (sent, failed) = (self.sent.len(), self.failed.len());
        let _ = writeln!(text, "{sent} sent, {} skipped, {failed} failed", self.skipped.len());
        text.push_str(&changes(&self.planned_changes));
        text.push_str(&warnings(&self.warnings));
        text
    }
}

fn warnings(warnings: &[String]) -> String {
    let mut text = String::new();
    for warning in warnings {
        let _ = writeln!(text, "{} {warning}", paint(WARN, "warning:"));
    }
    text
}
