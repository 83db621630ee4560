//! Shows an image's digests and labels:
//! `cargo run -p oar-registry --example inspect -- quay.io/group/name:tag`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use oar_registry::{AuthFiles, Hosts, HttpRegistry, Platform, RegistryRead as _};
use oar_transport::HttpClient;
use oar_transport::env::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let image = std::env::args().nth(1).ok_or("usage: inspect <pull spec>")?.parse()?;
    let environment = Environment::from_process();
    let http = HttpClient::from_environment(&environment)?;
    let files = AuthFiles::new(&environment, None);
    let registry = HttpRegistry::new(&http, Hosts::default(), files);
    let found = registry.image(&image, &Platform::linux("amd64")).await?;
    println!("manifest {}\nindex    {:?}", found.digest, found.list_digest);
    println!("{:#?}", registry.config(&found).await?);
    Ok(())
}
