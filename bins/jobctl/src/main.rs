//! The `jobctl` program: everything is in `oar-cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    oar_cli::jobctl(std::env::args_os())
}
