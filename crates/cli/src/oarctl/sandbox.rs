//! Grammar of `oarctl sandbox`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use oar_sandbox::story::Trouble;

/// Work on the model of the outside world.
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Serve the sandbox over HTTP on this machine, for programs that have no `--sandbox`
    ///
    /// Prints the environment that such a program needs, then answers until it is told to stop with
    /// Ctrl-C or SIGTERM. Nothing of that environment leads to the network. Every credential is believed,
    /// so it listens on 127.0.0.1 only.
    #[command(after_help = AFTER_SERVE)]
    Serve(Serve),

    /// What elliott would print in the sandbox
    #[command(
        hide = true,
        disable_help_flag = true,
        after_help = "\
Examples:
  oarctl --sandbox=FOLDER sandbox elliott -- --version"
    )]
    Elliott(StandIn),
}

const AFTER_SERVE: &str = "\
Examples:
  oarctl sandbox serve --env-file sandbox.env &         serve the world of --sandbox
  until [ -e sandbox.env ]; do sleep 0.1; done          it is there when the server listens
  . ./sandbox.env && oar -r 4.99.3 plan                 a program in it, without --sandbox
  oarctl sandbox serve --story --trouble late-metadata-url --trouble flaky-services
  oarctl sandbox serve --port 8080 --folder /tmp/world --output json

Troubles:
  flaky-push                the first push job of one advisory fails, the next one works
  stage-release-fails-once  the shipment's release to stage fails; hours later ART has repaired it
  rejected-candidate        the tests of the candidate build are rejected
  rejected-build-tests      the tests of the promoted build are rejected: a person must decide
  missed-cve-bug            elliott finds a CVE tracker that is attached nowhere; hours later ART attaches it
  late-metadata-url         the advisory's page is published many hours late
  expired-token             from promotion on GitLab answers 401 for some hours, then the token is renewed
  flaky-services            every seventh read is answered with 503, whichever service it is";

/// Arguments of `sandbox serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Keep the world in this folder; by default where `--sandbox` keeps its own
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Write the environment into this file when the server listens; removed first, and at the end
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Listen on this port of 127.0.0.1; 0 is any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// Let everybody else do their part of release 4.99.3 while time passes
    ///
    /// `brisk`: everything happens within about a day. `real`: as in production, eight days.
    #[arg(
        long, value_name = "PACE", num_args = 0..=1, require_equals = true,
        default_missing_value = "brisk"
    )]
    pub story: Option<StoryPace>,
    /// Something that goes wrong in the story; repeatable
    #[arg(long, value_name = "NAME", requires = "story")]
    pub trouble: Vec<Trouble>,
    /// How many times as fast as the machine's clock the sandbox's time passes
    ///
    /// The programs that use the sandbox keep the machine's time.
    #[arg(long, value_name = "TIMES", default_value = "1")]
    pub speed: NonZeroU32,
}

/// How fast a story goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoryPace {
    /// About a day.
    Brisk,
    /// As in production.
    Real,
}

/// Arguments of a program that another one stands in for.
#[derive(Debug, clap::Args)]
pub struct StandIn {
    /// Arguments of the program
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_trouble_with_its_description() {
        for trouble in Trouble::ALL {
            let line = format!("  {:<26}{}", trouble.name(), trouble.description());
            assert!(AFTER_SERVE.contains(&line), "{line}");
        }
    }
}
