//! Asks Slack who `SLACK_BOT_TOKEN` belongs to: `cargo run -p oar-slack --example who_am_i`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use std::sync::Arc;

use oar_release::Masker;
use oar_release::clock::{SystemClock, SystemEntropy};
use oar_slack::{HttpSlack, SlackRead as _};
use oar_transport::env::Environment;
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::{Endpoints, HttpClient, SecretSource};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let environment = Environment::from_process();
    let endpoints = Endpoints::new(&environment.with_prefix("OAR_ENDPOINT_"), &[])?;
    let network = ReqwestSend::new(NetworkSettings::from_environment(&environment, &endpoints));
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let http = HttpClient::new(Arc::new(network), clock, entropy, endpoints, Masker::default());
    let token = SecretSource::variable(&environment, "SLACK_BOT_TOKEN", "this example");
    println!("{:#?}", HttpSlack::new(&http, token).who_am_i().await?);
    Ok(())
}
