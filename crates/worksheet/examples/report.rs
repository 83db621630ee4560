//! Looks for a release's report: `GCP_SA_FILE=key.json cargo run -p oar-worksheet --example report --
//! SPREADSHEET-ID 4.12.1`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use oar_transport::HttpClient;
use oar_transport::env::Environment;
use oar_worksheet::{HttpWorksheets, ServiceAccount, WorksheetRead as _};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let document = arguments.next().ok_or("which spreadsheet?")?;
    let release = arguments.next().ok_or("which release?")?.parse()?;
    let environment = Environment::from_process();
    let key_file = environment.get("GCP_SA_FILE").ok_or("GCP_SA_FILE is not set")?;
    let account = ServiceAccount::read("GCP_SA_FILE", key_file.as_ref())?;
    let http = HttpClient::from_environment(&environment)?;
    let report = HttpWorksheets::new(&http, account).find(&document, &release).await?;
    println!("{report:#?}");
    Ok(())
}
