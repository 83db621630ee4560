//! Asks Jira who the credential belongs to, and proves the custom fields:
//! `cargo run -p oar-jira --example jira_user`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use oar_jira::{FieldIds, HttpJira, JiraRead as _};
use oar_transport::env::Environment;
use oar_transport::{HttpClient, SecretSource};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let environment = Environment::from_process();
    let http = HttpClient::from_environment(&environment)?;
    let secret = |name: &str| SecretSource::variable(&environment, name, "this example");
    let (user, token) = (secret("JIRA_USERNAME"), secret("JIRA_TOKEN"));
    let jira = HttpJira::new(&http, user, token, FieldIds::default());
    println!("{}", jira.myself().await?.name());
    jira.check_fields().await?;
    println!("every custom field is where it should be");
    Ok(())
}
