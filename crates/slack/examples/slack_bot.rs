//! Asks Slack who `SLACK_BOT_TOKEN` belongs to: `cargo run -p oar-slack --example slack_bot`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use oar_slack::{HttpSlack, SlackRead as _};
use oar_transport::env::Environment;
use oar_transport::{HttpClient, SecretSource};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let environment = Environment::from_process();
    let http = HttpClient::from_environment(&environment)?;
    let token = SecretSource::variable(&environment, "SLACK_BOT_TOKEN", "this example");
    println!("{:#?}", HttpSlack::new(&http, token).who_am_i().await?);
    Ok(())
}
