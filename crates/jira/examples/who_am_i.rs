//! Asks Jira who the credential belongs to, and proves the custom fields:
//! `cargo run -p oar-jira --example who_am_i`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use std::sync::Arc;

use oar_jira::{FieldIds, HttpJira, JiraRead as _};
use oar_release::Masker;
use oar_release::clock::{SystemClock, SystemEntropy};
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
    let secret = |name: &str| SecretSource::variable(&environment, name, "this example");
    let (user, token) = (secret("JIRA_USERNAME"), secret("JIRA_TOKEN"));
    let jira = HttpJira::new(&http, user, token, FieldIds::default());
    println!("{}", jira.myself().await?.name());
    jira.check_fields().await?;
    println!("every custom field is where it should be");
    Ok(())
}
