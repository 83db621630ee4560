//! Tells whether a release is signed: `cargo run -p oar-images --example signed -- 4.20.1`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use oar_images::payload::{payload_image, read_payload};
use oar_images::signature::{HttpSignatureStores, SignatureQuestion, TrustedKeys, find_signature};
use oar_registry::{AuthFiles, Hosts, HttpRegistry};
use oar_release::{Arch, ReleaseVersion};
use oar_transport::HttpClient;
use oar_transport::env::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let release: ReleaseVersion = std::env::args().nth(1).ok_or("which release?")?.parse()?;
    let environment = Environment::from_process();
    let http = HttpClient::from_environment(&environment)?;

    let files = AuthFiles::new(&environment, None);
    let registry = HttpRegistry::new(&http, Hosts::default(), files);
    let payload = read_payload(&registry, &payload_image(&release, Arch::Amd64)).await?;
    payload.require(&release)?;
    println!("{} images, page {:?}", payload.images.len(), payload.url);
    let digest = payload.list_digest.unwrap_or(payload.digest);
    let question =
        SignatureQuestion { release, arch: Arch::Amd64, digest, now: http.clock().now() };
    let stores = HttpSignatureStores::new(&http, Vec::new());
    println!("{:#?}", find_signature(&stores, &TrustedKeys::built_in()?, &question).await);
    Ok(())
}
