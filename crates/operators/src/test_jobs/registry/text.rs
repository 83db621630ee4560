//! What a proposal says: commit, author, pull request.

use std::fmt::Write as _;

use oar_github::{PullText, RepoName};
use oar_prow_jobs::RegistryName;
use oar_state_repo::CommitMessage;

use super::{ListReport, Selector, UpdateReport};

/// Jobs that are named one by one; more are counted.
const NAMED: usize = 50;

pub(super) fn commit_message(selector: &Selector, name: RegistryName) -> String {
    let subject = format!("Update the test jobs of {} {}", name.stream, name.arch);
    let command = format!("registry update -r {} --arch {}", name.stream, name.arch);
    let actor = selector.actor.clone();
    let message = CommitMessage { subject, actor, command, intent: None };
    selector.masker.mask(&message.render()).into_owned()
}

/// The app's own name and address (spec 04 §13).
pub(super) fn author(fork: &RepoName, app_id: Option<&str>) -> (String, String) {
    let name = format!("{}-github-app-{}[bot]", fork.name(), fork.owner());
    let id = app_id.map(|id| format!("{id}+")).unwrap_or_default();
    let email = format!("{id}{name}@users.noreply.github.com");
    (name, email)
}

pub(super) fn pull_text(
    selector: &Selector,
    name: RegistryName,
    report: &UpdateReport,
) -> PullText {
    let at = selector.clock.now().strftime("%y%m%d%H%M");
    let title = format!("Update test jobs of {} {} ({at})", name.stream, name.arch);
    // Writing to a String cannot fail.
    let mut body = format!("Changes `{}`.\n", report.file);
    for (list, change) in [("nightly", &report.nightly), ("stable", &report.stable)] {
        let _ = writeln!(body, "\n**{list}**: {}", summary(change));
        for (sign, jobs) in [("+", &change.added), ("-", &change.removed), ("~", &change.changed)] {
            for job in jobs.iter().take(NAMED) {
                let _ = writeln!(body, "- `{sign} {job}`");
            }
            if let Some(more) = jobs.len().checked_sub(NAMED).filter(|more| *more > 0) {
                let _ = writeln!(body, "- `{sign}` and {more} more");
            }
        }
    }
    for warning in &report.warnings {
        let _ = writeln!(body, "\n:warning: {warning}");
    }
    let _ = writeln!(body, "\nProposed for {} by `jobctl registry update`.", selector.actor);
    let body = selector.masker.mask(&body).into_owned();
    PullText { title, body }
}

fn summary(change: &ListReport) -> String {
    let ListReport { added, removed, changed } = change;
    match (added.len(), removed.len(), changed.len()) {
        (0, 0, 0) => "the same jobs".to_owned(),
        (added, removed, changed) => {
            format!("{added} added, {removed} removed, {changed} treated otherwise")
        }
    }
}
