//! Asks whether a release is promoted:
//! `cargo run -p oar-prow-jobs --example promotion -- 4.20.1`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use std::sync::Arc;

use oar_prow_jobs::{HttpReleaseController, ReleaseController as _};
use oar_release::clock::{SystemClock, SystemEntropy};
use oar_release::{Arch, Masker, ReleaseVersion};
use oar_transport::env::Environment;
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::{Endpoints, HttpClient};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let release: ReleaseVersion = std::env::args().nth(1).ok_or("which release?")?.parse()?;
    let environment = Environment::from_process();
    let endpoints = Endpoints::new(&environment.with_prefix("OAR_ENDPOINT_"), &[])?;
    let network = ReqwestSend::new(NetworkSettings::from_environment(&environment, &endpoints));
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let http = HttpClient::new(Arc::new(network), clock, entropy, endpoints, Masker::default());
    let controller = HttpReleaseController::new(&http, Arch::Amd64);
    println!("{release}: {:?}", controller.promotion(&release).await);
    println!("newest: {:?}", controller.latest_stable(release.y_stream()).await?);
    Ok(())
}
