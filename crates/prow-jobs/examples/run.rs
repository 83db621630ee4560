//! Shows a run as Deck knows it: `cargo run -p oar-prow-jobs --example run -- <run id>`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use oar_prow_jobs::{HttpProw, ProwRead as _};
use oar_transport::env::Environment;
use oar_transport::{HttpClient, SecretSource};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let id = std::env::args().nth(1).ok_or("usage: run <run id>")?.parse()?;
    let environment = Environment::from_process();
    let http = HttpClient::from_environment(&environment)?;
    let token = SecretSource::variable(&environment, "APITOKEN", "this example");
    match HttpProw::new(&http, token).run(&id).await? {
        Some(run) => println!("{}: {}\n{run:#?}", run.job, run.shown_state()),
        None => println!("Deck does not know this run (any more)"),
    }
    Ok(())
}
