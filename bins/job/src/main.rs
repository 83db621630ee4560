//! The `job` program: everything is in `oar-cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    oar_cli::job(std::env::args_os())
}
