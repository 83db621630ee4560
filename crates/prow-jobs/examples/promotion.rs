//! Asks whether a release is promoted:
//! `cargo run -p oar-prow-jobs --example promotion -- 4.20.1`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use oar_prow_jobs::{HttpReleaseController, ReleaseController as _};
use oar_release::{Arch, ReleaseVersion};
use oar_transport::HttpClient;
use oar_transport::env::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let release: ReleaseVersion = std::env::args().nth(1).ok_or("which release?")?.parse()?;
    let environment = Environment::from_process();
    let http = HttpClient::from_environment(&environment)?;
    let controller = HttpReleaseController::new(&http, Arch::Amd64);
    println!("{release}: {:?}", controller.promotion(&release).await);
    println!("newest: {:?}", controller.latest_stable(release.y_stream()).await?);
    Ok(())
}
