//! Grammar of `oarctl approvals`.

use std::path::PathBuf;

use clap::Subcommand;
use oar_release::ReleaseVersion;

use crate::oar::DryRun;

/// Look after the approval jobs of this machine.
#[derive(Debug, Subcommand)]
pub enum ApprovalsCommand {
    /// List the jobs: what they wait for, and whether a process has them
    #[command(after_help = "\
Examples:
  oarctl approvals list
  oarctl approvals list --output json")]
    List(OneRelease),

    /// Start a process for every job that lost its own, with its original deadline
    ///
    /// Safe to run at any time, from a timer or at the start of the machine: a job that has a process is
    /// left alone.
    #[command(after_help = "\
Examples:
  oarctl approvals resume
  oarctl approvals resume -r 4.20.7
  oarctl approvals resume --dry-run")]
    Resume(Resume),

    /// Stop a job; the task can then be started again
    #[command(after_help = "\
Examples:
  oarctl approvals cancel -r 4.20.7
  oarctl approvals cancel -r 4.20.7 --dry-run")]
    Cancel(Cancel),

    /// Run a job here, or start its process
    ///
    /// With --foreground this call looks, waits and acts until the job ends. SIGTERM and Ctrl-C leave
    /// the job waiting, SIGUSR1 makes it look at once.
    #[command(after_help = "\
Examples:
  oarctl approvals run -r 4.20.7 --foreground
  oarctl approvals run -r 4.20.7")]
    Run(RunJob),
}

/// Arguments of `approvals list`.
#[derive(Debug, clap::Args)]
pub struct OneRelease {
    /// Only the job of this release
    #[arg(short, long, value_name = "VERSION")]
    pub release: Option<ReleaseVersion>,
}

/// Arguments of `approvals resume`.
#[derive(Debug, clap::Args)]
pub struct Resume {
    /// Only the job of this release
    #[arg(short, long, value_name = "VERSION")]
    pub release: Option<ReleaseVersion>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `approvals cancel`.
#[derive(Debug, clap::Args)]
pub struct Cancel {
    /// The release
    #[arg(short, long, value_name = "VERSION")]
    pub release: ReleaseVersion,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `approvals run`.
#[derive(Debug, clap::Args)]
pub struct RunJob {
    /// The release
    #[arg(short, long, value_name = "VERSION")]
    pub release: ReleaseVersion,
    /// Run it in this process, until it ends
    #[arg(long)]
    pub foreground: bool,
    /// This is the process of the job, in a session of its own; says on stdout when it has the job
    #[arg(long, hide = true, conflicts_with = "foreground")]
    pub detached: bool,
    /// Where stderr of this process goes
    #[arg(long, hide = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}
