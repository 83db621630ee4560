//! Options that every program and every command has (spec 00 §f).

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr as _;

use clap::{Args, ValueEnum};
use oar_sandbox::story::Trouble;

/// Options shared by all commands; they may stand before or after the command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Log details (level DEBUG) to stderr
    #[arg(short = 'v', long, global = true)]
    pub debug: bool,

    /// Output format of the result on stdout
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub output: Format,

    /// Short for `--output json`
    #[arg(long, global = true, conflicts_with = "output")]
    pub json: bool,

    /// Detailed exit codes: 1 a negative verdict, 3 undecided, 4 no permission, 7 blocked …
    #[arg(long, global = true)]
    pub exit_code: bool,

    /// Use the built-in model of the outside world: no credentials, no network
    ///
    /// Its state is kept in a folder between calls, by default `sandbox` in the state folder.
    #[arg(long, global = true, value_name = "FOLDER", num_args = 0..=1, require_equals = true)]
    pub sandbox: Option<Option<PathBuf>>,

    /// Let the sandbox's time pass by itself, this many times as fast as the machine's
    ///
    /// The other people of the release do their part as time goes by; 20000 makes a week half a minute.
    #[arg(long, global = true, value_name = "TIMES", requires = "sandbox")]
    pub sandbox_speed: Option<NonZeroU32>,

    /// What goes wrong in the sandbox's story, when it begins; repeatable. `oarctl sandbox serve --help` names
    /// them
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        requires = "sandbox_speed",
        value_parser = Trouble::from_str
    )]
    pub sandbox_trouble: Vec<Trouble>,

    /// State repository: `owner/name`, or a folder for the local adapter
    #[arg(long, global = true, value_name = "REPO")]
    pub state_repo: Option<String>,

    /// Encrypted configuration file
    #[arg(long, global = true, value_name = "FILE")]
    pub config_file: Option<PathBuf>,

    /// Settings file
    #[arg(long, global = true, value_name = "FILE")]
    pub settings: Option<PathBuf>,

    /// Base URL of a service, instead of the production one; repeatable
    #[arg(long, global = true, value_name = "SERVICE=URL")]
    pub endpoint: Vec<String>,

    /// More certificate authorities to trust (PEM), beside the system's
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

/// How a result is written to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object.
    Json,
    /// The same object as YAML.
    Yaml,
}

impl Global {
    /// The same options for a program that this one starts: where things are, not how they are shown.
    pub(crate) fn as_arguments(&self) -> Vec<OsString> {
        let mut arguments = vec![OsString::from("--debug")];
        match &self.sandbox {
            None => {}
            Some(None) => arguments.push("--sandbox".into()),
            Some(Some(folder)) => {
                let mut argument = OsString::from("--sandbox=");
                argument.push(folder);
                arguments.push(argument);
            }
        }
        if let Some(speed) = self.sandbox_speed {
            arguments.extend(["--sandbox-speed".into(), speed.to_string().into()]);
        }
        let mut add = |name: &str, value: Option<OsString>| {
            if let Some(value) = value {
                arguments.extend([name.into(), value]);
            }
        };
        add("--state-repo", self.state_repo.clone().map(Into::into));
        add("--config-file", self.config_file.clone().map(Into::into));
        add("--settings", self.settings.clone().map(Into::into));
        add("--ca-file", self.ca_file.clone().map(Into::into));
        for endpoint in &self.endpoint {
            add("--endpoint", Some(endpoint.into()));
        }
        arguments
    }

    /// The format asked for.
    pub const fn format(&self) -> Format {
        if self.json { Format::Json } else { self.output }
    }
}
