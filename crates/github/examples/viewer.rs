//! Asks GitHub who `GITHUB_TOKEN` belongs to: `cargo run -p oar-github --example viewer`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use oar_github::{GitHubRead as _, HttpGitHub};
use oar_transport::env::Environment;
use oar_transport::{HttpClient, SecretSource};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let environment = Environment::from_process();
    let http = HttpClient::from_environment(&environment)?;
    let token = SecretSource::variable(&environment, "GITHUB_TOKEN", "this example");
    println!("{:#?}", HttpGitHub::new(&http, token).viewer().await?);
    Ok(())
}
