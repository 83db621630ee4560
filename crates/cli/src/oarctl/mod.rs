//! Grammar of `oarctl`: agents, reports and configuration of all releases.

mod approvals;
mod sandbox;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use oar_release::YStream;

use crate::global::Global;
use crate::oar::{Completions, DryRun, Man};

pub use approvals::{ApprovalsCommand, Cancel, OneRelease, Resume, RunJob};
pub use sandbox::{SandboxCommand, Serve, StandIn, StoryPace};

/// Runs agents, reports and configuration of all OpenShift z-stream releases
#[derive(Debug, Parser)]
#[command(
    name = "oarctl",
    version,
    disable_version_flag = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = EXAMPLES
)]
pub struct Oarctl {
    /// Print the version
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    pub version: Option<bool>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub global: Global,

    #[command(subcommand)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub command: OarctlCommand,
}

const EXAMPLES: &str = "\
Examples:
  oarctl --sandbox start-release-detector --all   try it without credentials
  oarctl active-releases                          what is in work, the blocked ones first
  oarctl config validate                          is the encrypted configuration complete?";

/// What `oarctl` can do.
#[derive(Debug, Subcommand)]
pub enum OarctlCommand {
    /// Create the StateBox of every announced release that has none
    ///
    /// One pass; safe to repeat and to run beside another detector.
    #[command(after_help = "\
Examples:
  oarctl start-release-detector -r 4.20
  oarctl start-release-detector --all --dry-run")]
    StartReleaseDetector(Detector),

    /// Bring bugs that wait too long for verification to the people who can verify them
    ///
    /// One run: QA contact, team lead, manager, one after the other, each after 24 weekday hours; then
    /// the bug is marked. Safe to repeat; a second run on the same machine is refused.
    #[command(after_help = "\
Examples:
  oarctl jira-notificator --dry-run
  oarctl jira-notificator --from-date 2026-03-01")]
    JiraNotificator(Notificator),

    /// Report the active releases, those that need somebody first
    #[command(after_help = "\
Examples:
  oarctl active-releases
  oarctl active-releases --output json")]
    ActiveReleases,

    /// Look after the approval jobs of this machine
    #[command(subcommand, arg_required_else_help = true)]
    Approvals(ApprovalsCommand),

    /// Look for e-mail addresses and secrets in the stored state
    ///
    /// Reads every StateBox and names the file and line of what masking would remove today. Nothing
    /// is changed. Exits with 1 when something is found.
    #[command(after_help = "\
Examples:
  oarctl scan-secrets
  oarctl scan-secrets --output json")]
    ScanSecrets,

    /// Read, check and change the encrypted configuration
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigCommand),

    /// Work on the model of the outside world
    #[command(subcommand, arg_required_else_help = true)]
    Sandbox(SandboxCommand),

    /// Check credentials, endpoints and access: what is missing for which command
    #[command(after_help = "\
Examples:
  oarctl doctor
  oarctl doctor --output json")]
    Doctor,

    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  oarctl completions bash > ~/.local/share/bash-completion/completions/oarctl
  oarctl completions zsh > ~/.zfunc/_oarctl")]
    Completions(Completions),

    /// Write the manual pages into a folder
    #[command(after_help = "\
Examples:
  oarctl man /usr/local/share/man/man1
  oarctl man .")]
    Man(Man),
}

impl OarctlCommand {
    /// Whether it runs until it is told to stop, which is then a good end.
    pub(crate) const fn is_service(&self) -> bool {
        matches!(self, Self::Sandbox(SandboxCommand::Serve(_)))
    }
}

/// Arguments of `start-release-detector`.
#[derive(Debug, clap::Args)]
#[group(id = "streams", required = true, multiple = false, args = ["minor_release", "all"])]
pub struct Detector {
    /// One y-stream, such as 4.20
    #[arg(short = 'r', long, value_name = "Y-STREAM")]
    pub minor_release: Option<YStream>,
    /// All y-streams
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `jira-notificator`.
#[derive(Debug, clap::Args)]
pub struct Notificator {
    /// Only bugs that began to wait after this day, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub from_date: Option<jiff::civil::Date>,
    /// Bugs per search request
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub search_batch_size: Option<u16>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Work on the configuration. The key is read from `OAR_JWK` or the file named by `OAR_JWK_FILE`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show the decrypted configuration; addresses and keys are redacted
    #[command(after_help = "\
Examples:
  oarctl config show
  oarctl config show --output yaml")]
    Show,
    /// List all settings with their values
    #[command(after_help = "\
Examples:
  oarctl config list
  oarctl config list --show-origin")]
    List(ConfigList),
    /// Check the encrypted configuration: every key, and keys nobody reads
    #[command(after_help = "\
Examples:
  oarctl config validate
  oarctl config validate plain.json --plain")]
    Validate(ConfigValidate),
    /// Encrypt a JSON file after checking it
    #[command(after_help = "\
Examples:
  oarctl config encrypt plain.json --to configstore.json
  oarctl config encrypt plain.json --to configstore.json --dry-run")]
    Encrypt(ConfigConvert),
    /// Decrypt into a new file that only you can read
    #[command(after_help = "\
Examples:
  oarctl config decrypt configstore.json --to plain.json
  oarctl config decrypt configstore.json --to plain.json --dry-run")]
    Decrypt(ConfigConvert),
    /// Encrypt the configuration anew, with the key in `OAR_NEW_JWK`
    #[command(after_help = "\
Examples:
  OAR_NEW_JWK_FILE=new.key oarctl config rotate-key
  OAR_NEW_JWK_FILE=new.key oarctl config rotate-key --dry-run")]
    RotateKey(DryRun),
}

/// Arguments of `config list`.
#[derive(Debug, clap::Args)]
pub struct ConfigList {
    /// Show where each value comes from
    #[arg(long)]
    pub show_origin: bool,
}

/// Arguments of `config validate`.
#[derive(Debug, clap::Args)]
pub struct ConfigValidate {
    /// File to check; without it the configured one
    pub file: Option<PathBuf>,
    /// The file is plain JSON, not encrypted
    #[arg(long, requires = "file")]
    pub plain: bool,
}

/// Arguments of `config encrypt` and `config decrypt`.
#[derive(Debug, clap::Args)]
pub struct ConfigConvert {
    /// File to read
    pub file: PathBuf,
    /// File to write; must not exist unless --force is given
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}
