//! Shows a shipment merge request:
//! `cargo run -p oar-gitlab-shipment --example shipment -- https://…/-/merge_requests/337`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use oar_gitlab_shipment::{HttpGitLab, load_shipment, stage_release};
use oar_transport::env::Environment;
use oar_transport::{HttpClient, SecretSource};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mr = std::env::args().nth(1).ok_or("give the address of a merge request")?.parse()?;
    let environment = Environment::from_process();
    let http = HttpClient::from_environment(&environment)?;
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
