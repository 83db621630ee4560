//! Shows a shipment merge request:
//! `cargo run -p oar-gitlab-shipment --example shipment -- https://…/-/merge_requests/337`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use std::sync::Arc;

use oar_gitlab_shipment::{HttpGitLab, load_shipment, stage_release};
use oar_release::Masker;
use oar_release::clock::{SystemClock, SystemEntropy};
use oar_transport::env::Environment;
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::{Endpoints, HttpClient, SecretSource};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mr = std::env::args().nth(1).ok_or("give the address of a merge request")?.parse()?;
    let environment = Environment::from_process();
    let endpoints = Endpoints::new(&environment.with_prefix("OAR_ENDPOINT_"), &[])?;
    let network = ReqwestSend::new(NetworkSettings::from_environment(&environment, &endpoints));
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let http = HttpClient::new(Arc::new(network), clock, entropy, endpoints, Masker::default());
    let token = SecretSource::variable(&environment, "GITLAB_TOKEN", "this example");
    let gitlab = HttpGitLab::new(&http, token, []);
    let shipment = load_shipment(&gitlab, &mr).await?;
    println!("{} is {}, at {}", shipment.mr.title, shipment.mr.state, shipment.head);
    for file in &shipment.files {
        println!("  {}", file.path);
    }
    println!("{}", stage_release(&gitlab, &mr, None).await?.report);
    Ok(())
}
