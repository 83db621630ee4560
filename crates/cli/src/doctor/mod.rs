//! `doctor` on the command line: files and secrets of this machine, then the services.

mod access;
mod machine;
mod reach;

use oar_operators::doctor::{Check, Diagnosis, Health, services};

use crate::error::CliError;
use crate::render::Printer;
use crate::run::{Ended, print};
use crate::wiring::Surroundings;

/// Checks everything and prints the diagnosis.
pub(crate) async fn run(around: &Surroundings, printer: Printer) -> Result<Ended, CliError> {
    let mut checks = machine::checks(around);
    match around.context(false) {
        Ok(context) => {
            let (services, access) =
                futures_util::future::join(services(&context), access::checks(around)).await;
            checks.extend(services);
            checks.extend(access);
        }
        Err(error) => {
            let failed = Check::new("state repository", Health::Failed, error.one_line());
            checks.push(failed.remedy("set what is missing, then run doctor again"));
            checks.extend(access::checks(around).await);
        }
    }
    let diagnosis = Diagnosis { schema: "oar.doctor/1", checks };
    print(printer, &diagnosis)?;
    Ok(if diagnosis.is_healthy() { Ended::done() } else { Ended::found_trouble() })
}
