//! Shows an image's digests and labels:
//! `cargo run -p oar-registry --example inspect -- quay.io/group/name:tag`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use std::sync::Arc;

use oar_registry::{AuthFiles, Hosts, HttpRegistry, Platform, RegistryRead as _};
use oar_release::Masker;
use oar_release::clock::{SystemClock, SystemEntropy};
use oar_transport::env::Environment;
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::{Endpoints, HttpClient};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let image = std::env::args().nth(1).ok_or("usage: inspect <pull spec>")?.parse()?;
    let environment = Environment::from_process();
    let endpoints = Endpoints::new(&environment.with_prefix("OAR_ENDPOINT_"), &[])?;
    let network = ReqwestSend::new(NetworkSettings::from_environment(&environment, &endpoints));
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let http = HttpClient::new(Arc::new(network), clock, entropy, endpoints, Masker::default());
    let files = AuthFiles::new(&environment, None);
    let registry = HttpRegistry::new(&http, Hosts::default(), files);
    let found = registry.image(&image, &Platform::linux("amd64")).await?;
    println!("manifest {}\nindex    {:?}", found.digest, found.list_digest);
    println!("{:#?}", registry.config(&found).await?);
    Ok(())
}
