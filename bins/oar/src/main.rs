//! The `oar` program: everything is in `oar-cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    oar_cli::oar(std::env::args_os())
}
