//! Results of `jobctl registry` and `archive-test-results` as text.

use std::fmt::Write as _;

use oar_operators::test_jobs::archive::Archived;
use oar_operators::test_jobs::registry::{JobNames, ListReport, Proposed, UpdateReport};

use super::Render;
use super::jobs::problems;
use super::reports::changes;
use super::table::{GOOD, WARN, paint};

// Writing to a String cannot fail; the results of `write!` are dropped throughout this file.

impl Render for JobNames {
    fn text(&self) -> String {
        self.jobs.iter().fold(String::new(), |text, job| text + job + "\n")
    }
}

impl Render for UpdateReport {
    fn text(&self) -> String {
        let mut text = format!("{}\n", self.file);
        for (list, change) in [("nightly", &self.nightly), ("stable", &self.stable)] {
            let ListReport { added, removed, changed } = change;
            for (sign, jobs) in [("+", added), ("-", removed), ("~", changed)] {
                for job in jobs {
                    let _ = writeln!(text, "  {sign} {list} {job}");
                }
            }
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "{} {warning}", paint(WARN, "warning:"));
        }
        let page = self.pull_request.as_deref().unwrap_or_default();
        let is_planned = !self.planned_changes.is_empty();
        let _ = match self.proposed {
            Proposed::Unchanged => writeln!(text, "Nothing to do: the registry is so already."),
            Proposed::Before => writeln!(text, "{} {page}", paint(GOOD, "Proposed before:")),
            Proposed::Now if is_planned => writeln!(text, "Would be proposed."),
            Proposed::Now => writeln!(text, "{} {page}", paint(GOOD, "Proposed:")),
        };
        text + &changes(&self.planned_changes) + &problems(&self.problems)
    }
}

impl Render for Archived {
    fn text(&self) -> String {
        let (moved, folder) = (self.archived.len(), self.folder);
        let verb = if self.planned_changes.is_empty() { "moved" } else { "would be moved" };
        let mut text =
            format!("{}: {moved} of {} results {verb} to {folder}\n", self.arch, self.files);
        for name in &self.archived {
            let _ = writeln!(text, "  {name}");
        }
        // The list above says it all; the contents of the files are no news.
        text.push_str(&problems(&self.problems));
        text
    }
}
