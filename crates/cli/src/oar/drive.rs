//! Grammar of `drive` and `decide`.

use clap::{Args, Subcommand};
use oar_operators::commands::decide;
use oar_operators::tasks::analyze_build::{Reason, Subject};
use oar_release::Task;

use super::DryRun;
use super::tasks::address;

/// Arguments of `drive`.
#[derive(Debug, Args)]
pub struct Drive {
    /// Carry the plan out
    #[arg(long)]
    pub execute: bool,
    /// Go on until the release is out or only a person can go on
    #[arg(long, requires = "execute")]
    pub watch: bool,
    /// Stop when this task has passed
    #[arg(long, value_name = "TASK", requires = "execute")]
    pub until: Option<Task>,
    /// Every active release
    #[arg(long)]
    pub all: bool,
    /// E-mail address of the release lead, where the configuration names none
    #[arg(short, long, value_name = "ADDRESS", value_parser = address, conflicts_with = "all")]
    pub email: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// A person's decision.
#[derive(Debug, Subcommand)]
pub enum DecideCommand {
    /// The rejected tests do not hold the release
    ///
    /// For flaky tests, infrastructure, errors of the tests themselves, known issues. Never for product
    /// regressions.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 decide accept --reason 'console tests are flaky, see OCPQE-1'
  oar -r 4.20.7 decide accept --reason 'known outage of the lab' --dry-run")]
    Accept(Decided),
    /// The rejected tests hold the release: a blocker is reported
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 decide reject --reason 'upgrades from 4.19 lose volumes'
  oar -r 4.20.7 decide reject --reason 'etcd loses quorum' --task analyze-candidate-build")]
    Reject(Decided),
}

/// Arguments of both decisions.
#[derive(Debug, Args)]
pub struct Decided {
    /// Why, in 10 to 1000 characters
    #[arg(long, value_name = "TEXT")]
    pub reason: Reason,
    /// Which build's tests, where both wait: analyze-candidate-build or analyze-promoted-build
    #[arg(long, value_name = "TASK", value_parser = subject)]
    pub task: Option<Subject>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

fn subject(name: &str) -> Result<Subject, String> {
    let task: Task =
        name.parse().map_err(|error: oar_release::task::UnknownTask| error.to_string())?;
    decide::subject(task).ok_or_else(|| {
        "only analyze-candidate-build and analyze-promoted-build are decided".to_owned()
    })
}
