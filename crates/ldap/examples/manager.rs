//! Asks the directory who manages a person: `cargo run -p oar-ldap --example manager -- ADDRESS`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use oar_ldap::{DirectoryRead as _, LdapDirectory};
use oar_transport::Endpoints;
use oar_transport::env::Environment;
use oar_transport::real::NetworkSettings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let email = std::env::args().nth(1).ok_or("which address?")?;
    let environment = Environment::from_process();
    let endpoints = Endpoints::new(&environment.with_prefix("OAR_ENDPOINT_"), &[])?;
    let network = NetworkSettings::from_environment(&environment, &endpoints);
    let manager = LdapDirectory::new(&endpoints, &network).manager_email(&email).await?;
    println!("{}", manager.as_deref().unwrap_or("nobody"));
    Ok(())
}
