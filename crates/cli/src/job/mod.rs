//! Grammar of `job`: single Prow jobs by hand (spec 04 §12). Names of commands and of some options
//! have underscores, as scripts know them.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};
use oar_prow_jobs::{PayloadUrl, RunId};
use oar_release::{Arch, ReleaseVersion};

use crate::global::Global;
use crate::jobctl::arch;
use crate::oar::{Completions, DryRun, Man};

/// Starts single Prow jobs, looks at their runs and finds jobs
#[derive(Debug, Parser)]
#[command(
    name = "job",
    version,
    disable_version_flag = true,
    subcommand_required = true,
    arg_required_else_help = true,
    rename_all = "snake_case",
    after_help = EXAMPLES
)]
pub struct Job {
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    pub version: Option<bool>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub global: Global,

    /// The default; kept for scripts
    #[arg(long, global = true, overrides_with = "debug", hide = true)]
    pub no_debug: bool,

    #[command(subcommand)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub command: JobCommand,
}

const EXAMPLES: &str = "\
Examples:
  job run JOB --payload quay.io/openshift-release-dev/ocp-release:4.20.7-x86_64 --dry-run
  job get_results 6ec0d27e-9f0e-4d4c-bb08-0c43b4b8b7ee --poll
  job list --component openshift/openshift-tests-private";

/// What `job` can do.
#[derive(Debug, Subcommand)]
#[command(rename_all = "snake_case")]
pub enum JobCommand {
    /// Show what is known about a run
    #[command(after_help = "\
Examples:
  job get_results 6ec0d27e-9f0e-4d4c-bb08-0c43b4b8b7ee
  job get_results 6ec0d27e-9f0e-4d4c-bb08-0c43b4b8b7ee --poll --csv runs.csv")]
    GetResults(GetResults),

    /// Start a run of a job, named in full or by a part of its name
    #[command(after_help = "\
Examples:
  job run JOB
  job run JOB --payload quay.io/openshift-release-dev/ocp-release:4.20.7-x86_64
  job run JOB --upgrade_from OLD --upgrade_to NEW --dry-run
  job run aws-ipi-f14 --first")]
    Run(Run),

    /// List the tests of a component
    #[command(after_help = "\
Examples:
  job list
  job list --component openshift/hive --branch main --output json")]
    List(List),

    /// Start the runs that a release needs, as a local file lists them by channel
    #[command(after_help = "\
Examples:
  job run_required --channel 4.20 --file jobs.json --version 4.20.7 --dry-run
  job run_required --channel 4.20,4.21 --file jobs.json --version 4.20.7")]
    RunRequired(Required),

    /// Show the newest accepted release at or above each version; kept for scripts
    #[command(after_help = "\
Examples:
  job get_payloads 4.20.0
  job get_payloads 4.19.0,4.20.0 --output json")]
    GetPayloads(Payloads),

    /// Compare a payload with the shipment of a merge request
    #[command(after_help = "\
Examples:
  job run_image_consistency_check \\
      -p quay.io/openshift-release-dev/ocp-release:4.20.7-x86_64 -m 189
  job run_image_consistency_check \\
      -p quay.io/openshift-release-dev/ocp-release:4.20.7-x86_64 -m 189 --dry-run")]
    RunImageConsistencyCheck(Consistency),

    /// Start the stage tests of a payload
    #[command(after_help = "\
Examples:
  job run_stage_testing -p quay.io/openshift-release-dev/ocp-release:4.20.7-x86_64
  job run_stage_testing -p quay.io/openshift-release-dev/ocp-release:4.20.7-x86_64 --dry-run")]
    RunStageTesting(Stage),

    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  job completions bash > ~/.local/share/bash-completion/completions/job
  job completions zsh > ~/.zfunc/_job")]
    Completions(Completions),

    /// Write the manual pages into a folder
    #[command(after_help = "\
Examples:
  job man /usr/local/share/man/man1
  job man .")]
    Man(Man),
}

/// Arguments of `get_results`.
#[derive(Debug, Args)]
pub struct GetResults {
    /// Id of the run
    pub job_id: RunId,
    /// Wait until the run has a page
    #[arg(long, overrides_with = "no_poll")]
    pub poll: bool,
    /// Do not wait (the default)
    #[arg(long, overrides_with = "poll")]
    pub no_poll: bool,
    /// Append what was found to this file
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Name of the job, or a part of it
    pub job_name: String,
    /// Payload to install
    #[arg(long, value_name = "IMAGE", conflicts_with_all = ["upgrade_from", "upgrade_to"])]
    pub payload: Option<String>,
    /// Payload where the upgrade starts
    #[arg(long = "upgrade_from", alias = "upgrade-from", value_name = "IMAGE")]
    pub upgrade_from: Option<String>,
    /// Payload where the upgrade ends
    #[arg(long = "upgrade_to", alias = "upgrade-to", value_name = "IMAGE")]
    pub upgrade_to: Option<String>,
    /// Architecture of the images; by default what they name, else amd64
    #[arg(long, value_parser = arch)]
    pub arch: Option<Arch>,
    /// Take the first of several jobs that have the text in their name
    #[arg(long)]
    pub first: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// Component, as organisation/repository
    #[arg(long, default_value = "openshift/openshift-tests-private")]
    pub component: String,
    /// Branch of the job definitions
    #[arg(long, default_value = "main")]
    pub branch: String,
}

/// Arguments of `run_required`.
#[derive(Debug, Args)]
pub struct Required {
    /// Channels, with commas
    #[arg(long, required = true, value_delimiter = ',')]
    pub channel: Vec<String>,
    /// File with the jobs of each channel: {"4.20": ["job", ...]}
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// Release whose payload is tested
    #[arg(long = "version", value_name = "RELEASE", id = "required_release")]
    pub release: ReleaseVersion,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `get_payloads`.
#[derive(Debug, Args)]
pub struct Payloads {
    /// Versions, with commas
    #[arg(required = true, value_delimiter = ',')]
    pub versions: Vec<ReleaseVersion>,
    /// No more: only `false` is taken
    #[arg(long, value_name = "BOOL", default_value = "false", value_parser = never, hide = true)]
    pub push: bool,
}

/// Nothing is pushed any more.
fn never(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "false" | "f" | "0" | "no" | "n" | "off" => Ok(false),
        _ => Err("payloads are not pushed any more: jobctl start-controller records builds".into()),
    }
}

/// Arguments of `run_image_consistency_check`.
#[derive(Debug, Args)]
pub struct Consistency {
    /// Payload for amd64
    #[arg(short, long, value_name = "IMAGE")]
    pub payload_url: PayloadUrl,
    /// Number of the shipment's merge request
    #[arg(short, long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..),
          allow_negative_numbers = true)]
    pub mr_id: u64,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `run_stage_testing`.
#[derive(Debug, Args)]
pub struct Stage {
    /// Payload for amd64
    #[arg(short, long, value_name = "IMAGE")]
    pub payload_url: PayloadUrl,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}
