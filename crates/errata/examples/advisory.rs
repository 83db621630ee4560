//! Shows an advisory: `cargo run -p oar-errata --example advisory -- NUMBER` (needs `kinit`).
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use std::sync::Arc;

use oar_errata::{AdvisoryId, ErrataRead as _, HttpErrata, Kerberos};
use oar_transport::HttpClient;
use oar_transport::env::Environment;
use oar_transport::negotiate::Gssapi;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = std::env::args().nth(1).ok_or("which advisory?")?.parse()?;
    let environment = Environment::from_process();
    let http = HttpClient::from_environment(&environment)?;
    let errata = HttpErrata::new(&http, Kerberos::new(Arc::new(Gssapi::new()), None, &environment));
    println!("{:#?}", errata.erratum(AdvisoryId(number)).await?);
    Ok(())
}
