//! Shows an advisory: `cargo run -p oar-errata --example advisory -- NUMBER` (needs `kinit`).
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use std::sync::Arc;

use oar_errata::{AdvisoryId, ErrataRead as _, HttpErrata, Kerberos};
use oar_release::Masker;
use oar_release::clock::{SystemClock, SystemEntropy};
use oar_transport::env::Environment;
use oar_transport::negotiate::Gssapi;
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::{Endpoints, HttpClient};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = std::env::args().nth(1).ok_or("which advisory?")?.parse()?;
    let environment = Environment::from_process();
    let endpoints = Endpoints::new(&environment.with_prefix("OAR_ENDPOINT_"), &[])?;
    let network = ReqwestSend::new(NetworkSettings::from_environment(&environment, &endpoints));
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let http = HttpClient::new(Arc::new(network), clock, entropy, endpoints, Masker::default());
    let errata = HttpErrata::new(&http, Kerberos::new(Arc::new(Gssapi::new()), None, &environment));
    println!("{:#?}", errata.erratum(AdvisoryId(number)).await?);
    Ok(())
}
