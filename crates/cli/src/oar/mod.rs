//! Grammar of `oar`: the tasks and the state of one release.

mod drive;
mod tasks;

use clap::{Parser, Subcommand};
use oar_release::ReleaseVersion;

use crate::global::Global;

pub use drive::{DecideCommand, Decided, Drive};
pub use tasks::{
    AddQeApproval, AnalyzeBuild, Backend, ChangeAdvisoryStatus, CheckCveTrackerBug, DropBugs,
    ImageConsistencyCheck, ImageSignedCheck, StageTesting, TakeOwnership, TaskWork, UpdateBugList,
};

/// Runs the tasks of an OpenShift z-stream release and keeps their state
#[derive(Debug, Parser)]
#[command(
    name = "oar",
    version,
    disable_version_flag = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = EXAMPLES
)]
pub struct Oar {
    /// Release to work on, such as 4.20.7 or 4.22.0-rc.1
    #[arg(short, long, global = true, value_name = "VERSION")]
    pub release: Option<ReleaseVersion>,

    /// Print the version
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    pub version: Option<bool>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub global: Global,

    #[command(subcommand)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub command: OarCommand,
}

const EXAMPLES: &str = "\
Examples:
  oar --sandbox -r 4.99.3 create-test-report   try it without credentials
  oar status                                   all active releases
  oar -r 4.20.7 plan                           what may run next, and why the rest may not
  oar -r 4.20.7 status --output json           the same state for a program";

/// What `oar` can do.
#[derive(Debug, Subcommand)]
pub enum OarCommand {
    /// Create the release's StateBox and tell the release leads
    ///
    /// Safe to repeat: an existing StateBox is left as it is and nobody is told twice.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 create-test-report
  oar -r 4.20.7 create-test-report --dry-run")]
    CreateTestReport(DryRun),

    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    Work(TaskWork),

    /// Show the state of one release, or of all active ones without -r
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 status
  oar status --output json
  oar --state-repo ./z-stream status -r 4.20.7")]
    Status,

    /// Show per task whether it may run now, and what it waits for
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 plan
  oar -r 4.20.7 plan --exit-code     exits with 5 when something may run now")]
    Plan,

    /// Say what holds the release: why, since when, whose move it is, and what unblocks it
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 why
  oar -r 4.20.7 why --output json
  oar -r 4.20.7 why --exit-code     exits with 7 for a blocker or a decision, 3 while it waits")]
    Why,

    /// Drive the release: run what may run, follow what runs, leave to people what is theirs
    ///
    /// Shows the plan; --execute carries it out. A driver may be stopped at any moment, and another one
    /// goes on. Rejected tests, blockers and failed tasks are left to a person; one blocked branch does
    /// not stop the others.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 drive                                 the plan, nothing else
  oar -r 4.20.7 drive --execute                       what may run now, once
  oar -r 4.20.7 drive --execute --watch               until it is out, or a person is needed
  oar -r 4.20.7 drive --execute --watch --until stage-testing
  oar drive --all --execute --watch                   every active release
  oar --sandbox --sandbox-speed 20000 -r 4.99.3 drive --execute --watch")]
    Drive(Drive),

    /// Decide about rejected test results; who and why are recorded
    #[command(subcommand, arg_required_else_help = true)]
    Decide(DecideCommand),

    /// Check credentials, endpoints and access: what is missing for which command
    #[command(after_help = "\
Examples:
  oar doctor
  oar doctor --output json")]
    Doctor,

    /// Report, resolve and list the issues of a release
    #[command(subcommand, arg_required_else_help = true)]
    Issue(IssueCommand),

    /// Record the status of a task by hand
    #[command(subcommand, arg_required_else_help = true)]
    Task(TaskCommand),

    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  oar completions bash > ~/.local/share/bash-completion/completions/oar
  oar completions zsh > ~/.zfunc/_oar")]
    Completions(Completions),

    /// Write the manual pages into a folder
    #[command(after_help = "\
Examples:
  oar man /usr/local/share/man/man1
  oar man .")]
    Man(Man),
}

/// The option of every command that changes something.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct DryRun {
    /// Print what would be changed and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Work on issues.
#[derive(Debug, Subcommand)]
pub enum IssueCommand {
    /// Report an issue; a blocker unless told otherwise
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 issue add 'stage pipeline is down' --task stage-testing
  oar -r 4.20.7 issue add 'release date may move' --no-blocker")]
    Add(IssueAdd),
    /// Mark an open issue as resolved
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 issue resolve 'stage pipeline' --resolution 'pipeline is back'
  oar -r 4.20.7 issue resolve 'stage pipeline' --resolution 'works again' --dry-run")]
    Resolve(IssueResolve),
    /// List issues
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 issue list
  oar -r 4.20.7 issue list --all --output json")]
    List(IssueList),
}

/// Arguments of `issue add`.
#[derive(Debug, clap::Args)]
pub struct IssueAdd {
    /// What is wrong, at most 1000 characters
    pub text: String,
    /// Task that is affected; repeatable; none: the whole release
    #[arg(long = "task", value_name = "TASK")]
    pub tasks: Vec<String>,
    /// The issue does not hold the release
    #[arg(long)]
    pub no_blocker: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `issue resolve`.
#[derive(Debug, clap::Args)]
pub struct IssueResolve {
    /// The issue's text, or a part of it that only it contains (3 characters or more)
    pub text: String,
    /// How it was resolved
    #[arg(long, value_name = "TEXT")]
    pub resolution: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `issue list`.
#[derive(Debug, clap::Args)]
pub struct IssueList {
    /// Also the resolved ones
    #[arg(long)]
    pub all: bool,
    /// Only blockers
    #[arg(long)]
    pub blockers: bool,
    /// Only issues of this task
    #[arg(long, value_name = "TASK")]
    pub task: Option<String>,
}

/// Work on task records.
#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// Set the status of a task, with the reason as its result
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 task set analyze-promoted-build Pass --result 'waived: known flake'
  oar -r 4.20.7 task set stage-testing 'Not Started'      run it again")]
    Set(TaskSet),
}

/// Arguments of `task set`.
#[derive(Debug, clap::Args)]
pub struct TaskSet {
    /// Task, such as stage-testing
    pub task: String,
    /// Not Started, In Progress, Pass or Fail
    pub status: String,
    /// Text to keep as the task's result; without it the old result stays
    #[arg(long, value_name = "TEXT")]
    pub result: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// Shell to complete in
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct Man {
    /// Folder to write the pages into
    pub folder: std::path::PathBuf,
}
