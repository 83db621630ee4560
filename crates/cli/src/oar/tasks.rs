//! Grammar of the release tasks.

use clap::Subcommand;
use oar_release::email::is_email;

use super::DryRun;

/// The tasks of a release.
#[derive(Debug, Subcommand)]
pub enum TaskWork {
    /// Make the release lead owner of advisories and Jira subtasks
    ///
    /// Advisories decide the outcome; subtasks, the comment on the shipment merge request and
    /// messages are done as far as possible. Safe to repeat: what is done is not done again.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 take-ownership -e lead@example.com
  oar -r 4.20.7 take-ownership -e lead@example.com --dry-run")]
    TakeOwnership(TakeOwnership),
}

/// Arguments of `take-ownership`.
#[derive(Debug, clap::Args)]
pub struct TakeOwnership {
    /// E-mail address of the release lead
    #[arg(short, long, value_name = "ADDRESS", value_parser = address)]
    pub email: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

fn address(text: &str) -> Result<String, &'static str> {
    if is_email(text) { Ok(text.to_owned()) } else { Err("this is no e-mail address") }
}
