//! The `oarctl` program: everything is in `oar-cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    oar_cli::oarctl(std::env::args_os())
}
