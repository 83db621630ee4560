//! Grammar of `jobctl registry`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use oar_release::YStream;

use super::OfArch;
use crate::oar::DryRun;

/// Look after the lists of jobs that test builds.
#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// List the automated jobs of a y-stream, as openshift/release defines them
    ///
    /// Jobs are defined for amd64 only.
    #[command(after_help = "\
Examples:
  jobctl registry jobs -r 4.20
  jobctl registry jobs -r 4.20 --output json")]
    Jobs(Jobs),

    /// Propose a new list of test jobs as a pull request of the GitHub App
    ///
    /// The file replaces `_releases/ocp-Y-test-jobs-ARCH.json`. It is refused when it is no
    /// registry, has mistakes, or drops all jobs of a list. Running the command again with the same
    /// file finds the pull request and opens no second one.
    ///
    /// Needs `GITHUB_TOKEN` to read, `APP_PRIVATE_KEY` (the path of the app's key), and the settings
    /// `selector.app_id` and `selector.fork`. A dry run needs no key.
    #[command(after_help = "\
Examples:
  jobctl registry update -r 4.20 --file jobs.json --dry-run
  jobctl registry update -r 4.20 --arch arm64 --file jobs.json
  jobctl registry update -r 4.20 --file jobs.json --auto-approve --output json")]
    Update(Update),
}

/// Arguments of `registry jobs`.
#[derive(Debug, Args)]
pub struct Jobs {
    /// Y-stream, such as 4.20
    #[arg(short, long, value_name = "Y-STREAM")]
    pub release: YStream,
}

/// Arguments of `registry update`.
#[derive(Debug, Args)]
pub struct Update {
    /// Y-stream, such as 4.20
    #[arg(short, long, value_name = "Y-STREAM")]
    pub release: YStream,
    /// File with the new list
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// Let the pull request approve itself: labels lgtm and approved
    #[arg(long)]
    pub auto_approve: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub arch: OfArch,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}
