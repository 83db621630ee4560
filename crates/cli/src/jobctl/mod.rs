//! Grammar of `jobctl`: the tests of new builds (spec 04 §11).

mod archive;
mod registry;

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use oar_prow_jobs::{RunId, StreamKind};
use oar_release::{Arch, BuildName, YStream};

use crate::global::Global;
use crate::oar::{Completions, DryRun, Man};

pub use archive::Archive;
pub use registry::{Jobs as RegistryJobs, RegistryCommand, Update as RegistryUpdate};

/// Starts the tests of new OpenShift builds, follows them to a verdict and puts results right
#[derive(Debug, Parser)]
#[command(
    name = "jobctl",
    version,
    disable_version_flag = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = EXAMPLES
)]
pub struct Jobctl {
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
    pub command: JobctlCommand,
}

const EXAMPLES: &str = "\
Examples:
  jobctl --sandbox status --all                       try it without credentials
  jobctl start-controller -r 4.20,4.21 --stream both  one round over the newest builds
  jobctl start-aggregator --interval 10m              follow runs until SIGTERM
  jobctl status --build 4.20.7                        what is known about one build";

/// What `jobctl` can do.
#[derive(Debug, Subcommand)]
pub enum JobctlCommand {
    /// Start the tests of every stream's newest build, unless it is recorded already
    ///
    /// Streams are independent of each other: trouble with one is told in the end, exit code 1.
    #[command(after_help = "\
Examples:
  jobctl start-controller -r 4.20
  jobctl start-controller -r 4.20 -r 4.21 --stream both
  jobctl start-controller -r 4.20 --no-nightly --no-trigger-prow-job
  jobctl start-controller -r 4.20 --dry-run")]
    StartController(Controller),

    /// Start the tests of one build by hand, whatever its phase
    #[command(after_help = "\
Examples:
  jobctl trigger-jobs-for-build --build 4.20.7
  jobctl trigger-jobs-for-build --build 4.20.7 --no-skip-existing --dry-run")]
    TriggerJobsForBuild(Trigger),

    /// Look at all runs, start what is missing, decide, label and store
    ///
    /// One pass, or with --interval one after another until SIGTERM. Only one such service of a
    /// machine works at a time; passes by hand beside it do no harm.
    #[command(after_help = "\
Examples:
  jobctl start-aggregator
  jobctl start-aggregator --arch arm64 --output json
  jobctl start-aggregator --interval 10m
  jobctl start-aggregator --dry-run")]
    StartAggregator(Aggregator),

    /// Accept a build by hand: result file and payload label
    #[command(after_help = "\
Examples:
  jobctl promote-test-results --build 4.20.7
  jobctl promote-test-results --build 4.20.7 --dry-run")]
    PromoteTestResults(Promote),

    /// Let a run that was started by hand count in the place of another
    #[command(after_help = "\
Examples:
  jobctl update-retried-job-run --build 4.20.7 --job-name JOB --current-job-id OLD --new-job-id NEW
  jobctl update-retried-job-run --build 4.20.7 --job-name JOB \\
      --current-job-id OLD --new-job-id NEW --dry-run")]
    UpdateRetriedJobRun(Replace),

    /// Tell a channel about rejected builds, each rejection once
    #[command(after_help = "\
Examples:
  jobctl result-checker --repo-name openshift/release-tests --slack-channel '#forum-qe'
  jobctl result-checker --repo-name openshift/release-tests --slack-channel '#forum-qe' --dry-run")]
    ResultChecker(Checker),

    /// Show verdicts, jobs and runs of one build, or of all
    #[command(after_help = "\
Examples:
  jobctl status --build 4.20.7
  jobctl status --all
  jobctl status --all -r 4.20 --output json
  jobctl status --all --html > results.html")]
    Status(Status),

    /// Look at one build again and again until it is decided
    #[command(after_help = "\
Examples:
  jobctl watch --build 4.20.7
  jobctl watch --build 4.20.7 --interval 1m --exit-code")]
    Watch(Watch),

    /// Show how the jobs of a y-stream did over its newest builds
    #[command(after_help = "\
Examples:
  jobctl history -r 4.20
  jobctl history -r 4.20 --stream stable --limit 10 --output json")]
    History(History),

    /// Tell why a run failed, as one JSON object
    ///
    /// Test results, failures that are alike, traces, and on request the archive of the cluster's
    /// state. Errors are a JSON object on stderr, exit code 1.
    #[command(after_help = "\
Examples:
  jobctl failures https://prow.ci.openshift.org/view/gs/test-platform-results/logs/JOB/2100000000000000001
  jobctl failures URL --setup-must-gather")]
    Failures(Failures),

    /// Put results aside that were decided long ago
    ///
    /// The files move to _releases/archive on the same branch, where status --build still finds
    /// them; links to their old place end. The newest build of a stream stays.
    #[command(after_help = "\
Examples:
  jobctl archive-test-results --older-than 365d --dry-run
  jobctl archive-test-results --older-than 365d -r 4.12 --arch amd64")]
    ArchiveTestResults(Archive),

    /// Look after the lists of jobs that test builds
    #[command(
        subcommand,
        after_help = "\
Examples:
  jobctl registry jobs -r 4.20
  jobctl registry update -r 4.20 --file jobs.json --dry-run"
    )]
    Registry(RegistryCommand),

    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  jobctl completions bash > ~/.local/share/bash-completion/completions/jobctl
  jobctl completions zsh > ~/.zfunc/_jobctl")]
    Completions(Completions),

    /// Write the manual pages into a folder
    #[command(after_help = "\
Examples:
  jobctl man /usr/local/share/man/man1
  jobctl man .")]
    Man(Man),
}

impl JobctlCommand {
    /// Whether it works until it is told to stop, and then ends by itself.
    pub const fn is_service(&self) -> bool {
        let service = match self {
            Self::StartController(options) => &options.service,
            Self::StartAggregator(options) => &options.service,
            Self::ResultChecker(options) => &options.service,
            _ => return false,
        };
        service.interval.is_some()
    }
}

/// The architecture of the builds.
#[derive(Debug, Clone, Copy, Args)]
pub struct OfArch {
    /// Architecture: amd64, arm64, multi, ppc64le or s390x
    #[arg(long, default_value = "amd64", value_parser = arch)]
    pub arch: Arch,
}

pub(crate) fn arch(text: &str) -> Result<Arch, String> {
    let found = Arch::ALL.into_iter().find(|arch| arch.go_name() == text);
    found.ok_or_else(|| "one of amd64, arm64, multi, ppc64le, s390x".to_owned())
}

/// Which streams of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stream {
    /// Nightly builds.
    Nightly,
    /// Releases and candidates.
    Stable,
    /// Both.
    Both,
}

/// Arguments of `start-controller`.
#[derive(Debug, Args)]
pub struct Controller {
    /// Y-stream, such as 4.20; repeatable, or a list with commas
    #[arg(short, long, required = true, value_name = "Y-STREAM", value_delimiter = ',')]
    pub release: Vec<YStream>,
    /// Nightly builds (the default)
    #[arg(long, overrides_with = "no_nightly")]
    pub nightly: bool,
    /// Stable builds instead
    #[arg(long, overrides_with = "nightly")]
    pub no_nightly: bool,
    /// Which builds
    #[arg(long, conflicts_with_all = ["nightly", "no_nightly"])]
    pub stream: Option<Stream>,
    /// Whether tests are started: true or false
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        default_value = "true",
        default_missing_value = "true",
        value_parser = truth,
        overrides_with = "no_trigger_prow_job"
    )]
    pub trigger_prow_job: bool,
    /// Only record new builds
    #[arg(long, overrides_with = "trigger_prow_job")]
    pub no_trigger_prow_job: bool,
    /// Record the newest build although it is older than the recorded one
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub arch: OfArch,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub service: Service,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

impl Controller {
    /// The kinds of builds asked for.
    pub fn kinds(&self) -> Vec<StreamKind> {
        match self.stream {
            Some(Stream::Both) => vec![StreamKind::Nightly, StreamKind::Stable],
            Some(Stream::Stable) => vec![StreamKind::Stable],
            None if self.no_nightly => vec![StreamKind::Stable],
            Some(Stream::Nightly) | None => vec![StreamKind::Nightly],
        }
    }
}

/// `true`, `False`, `1`, `no`: what command lines of scripts have.
fn truth(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "yes" | "y" | "on" => Ok(true),
        "false" | "f" | "0" | "no" | "n" | "off" => Ok(false),
        _ => Err("true or false".to_owned()),
    }
}

/// Working without end.
#[derive(Debug, Clone, Copy, Args)]
pub struct Service {
    /// Repeat with this time in between (90s, 15m, 6h) until SIGTERM
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub interval: Option<Duration>,
}

/// `90s`, `15m`, `6h`; at least a second, so that nobody hammers a service.
fn duration(text: &str) -> Result<Duration, String> {
    let number = |unit: char, seconds: u64| {
        let digits = text.strip_suffix(unit)?;
        digits.parse::<u64>().ok()?.checked_mul(seconds)
    };
    let seconds = number('s', 1).or_else(|| number('m', 60)).or_else(|| number('h', 3600));
    match seconds {
        Some(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err("a duration such as 90s, 15m or 6h".to_owned()),
    }
}

/// Arguments of `trigger-jobs-for-build`.
#[derive(Debug, Args)]
pub struct Trigger {
    /// Build, such as 4.20.7 or 4.20.0-0.nightly-2025-01-28-123456
    #[arg(long)]
    pub build: BuildName,
    /// Leave jobs alone that have a run (the default)
    #[arg(long, overrides_with = "no_skip_existing")]
    pub skip_existing: bool,
    /// Start all jobs anew
    #[arg(long, overrides_with = "skip_existing")]
    pub no_skip_existing: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub arch: OfArch,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `start-aggregator`.
#[derive(Debug, Args)]
pub struct Aggregator {
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub arch: OfArch,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub cluster: Cluster,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub service: Service,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Which cluster has the payloads.
#[derive(Debug, Clone, Default, Args)]
pub struct Cluster {
    /// Kubeconfig of the CI cluster, instead of `KUBECONFIG` or `~/.kube/config`
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig, instead of its current one
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

/// Arguments of `promote-test-results`.
#[derive(Debug, Args)]
pub struct Promote {
    /// Build to accept
    #[arg(long)]
    pub build: BuildName,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub arch: OfArch,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub cluster: Cluster,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `update-retried-job-run`.
#[derive(Debug, Args)]
pub struct Replace {
    /// Build whose file is changed
    #[arg(long)]
    pub build: BuildName,
    /// Job, by its full name
    #[arg(long)]
    pub job_name: String,
    /// Id of the run that shall not count any more
    #[arg(long)]
    pub current_job_id: String,
    /// Id of the run that shall count instead
    #[arg(long, value_parser = uuid)]
    pub new_job_id: RunId,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub arch: OfArch,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// The id of a run that Prow made: a UUID.
fn uuid(text: &str) -> Result<RunId, String> {
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = text.split('-').collect();
    let is_hex = |part: &&str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_uuid = parts.iter().map(|part| part.len()).eq(lengths) && parts.iter().all(is_hex);
    let bad = || "the id of a run, such as 6ec0d27e-9f0e-4d4c-bb08-0c43b4b8b7ee".to_owned();
    if is_uuid { RunId::from_str(text).map_err(|_| bad()) } else { Err(bad()) }
}

/// Which builds the checker tells about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Builds {
    /// Nightly builds.
    Nightly,
    /// Releases and candidates.
    Stable,
    /// All.
    All,
}

/// Arguments of `result-checker`.
#[derive(Debug, Args)]
pub struct Checker {
    /// Repository of the results, owner/name
    #[arg(long, value_name = "REPO")]
    pub repo_name: String,
    /// Channel that is told
    #[arg(long, value_name = "CHANNEL")]
    pub slack_channel: String,
    /// File that remembers what was told
    #[arg(long, value_name = "FILE", default_value = "notified_files.txt")]
    pub notified_file_path: PathBuf,
    /// Messages of the first run, when nothing is remembered yet
    #[arg(long, default_value_t = 5)]
    pub limit: usize,
    /// Folder of the results
    #[arg(long, default_value = "_releases")]
    pub path: String,
    /// Branch of the results
    #[arg(long, default_value = "record")]
    pub branch: String,
    /// Which builds
    #[arg(long, default_value = "all")]
    pub builds: Builds,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub service: Service,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = false, args = ["build", "all"])]
pub struct Status {
    /// One build
    #[arg(long)]
    pub build: Option<BuildName>,
    /// All builds
    #[arg(long)]
    pub all: bool,
    /// Only builds of this y-stream
    #[arg(short, long, value_name = "Y-STREAM", requires = "all")]
    pub release: Option<YStream>,
    /// Write a web page
    #[arg(long)]
    pub html: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub arch: OfArch,
}

/// Arguments of `failures`.
#[derive(Debug, Args)]
pub struct Failures {
    /// Page of the run
    #[arg(value_name = "URL")]
    pub url: Option<String>,
    /// Unpack the run's must-gather archive
    #[arg(long)]
    pub setup_must_gather: bool,
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// Build to look at
    #[arg(long)]
    pub build: BuildName,
    /// Between two looks (90s, 15m, 6h)
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "2m")]
    pub interval: Duration,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub arch: OfArch,
}

/// Which of the two kinds of builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Nightly builds.
    Nightly,
    /// Releases and candidates.
    Stable,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
pub struct History {
    /// Y-stream, such as 4.20
    #[arg(short, long, value_name = "Y-STREAM")]
    pub release: YStream,
    /// Which builds
    #[arg(long, default_value = "nightly")]
    pub stream: Kind,
    /// At most so many builds, the newest ones
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub arch: OfArch,
}
