//! `jobctl failures`: its errors are for programs, too (spec 04 §15.3).

use std::io::Write as _;
use std::path::PathBuf;

use oar_operators::failures::{self, Options};
use oar_prow_jobs::RunPage;
use oar_release::ErrorClass;
use serde_json::json;

use crate::error::CliError;
use crate::jobctl::Failures;
use crate::render::Printer;
use crate::run::{Ended, print};
use crate::wiring::Surroundings;

const USAGE: &str = "Usage: jobctl failures <URL> [--setup-must-gather]\n";

pub(super) async fn run(
    around: &Surroundings,
    printer: Printer,
    options: &Failures,
) -> Result<Ended, CliError> {
    let Some(url) = &options.url else {
        let _closed = anstream::stderr().write_all(USAGE.as_bytes());
        return Ok(Ended::found_trouble());
    };
    match look(around, printer, url, options.setup_must_gather).await {
        Ok(()) => Ok(Ended::done()),
        Err(error) => {
            let message = around.masker.mask(&error.one_line()).into_owned();
            let object = json!({ "error": message, "error_type": error.class().code() });
            let _closed = anstream::stderr().write_all(format!("{object:#}\n").as_bytes());
            Ok(Ended::found_trouble())
        }
    }
}

async fn look(
    around: &Surroundings,
    printer: Printer,
    url: &str,
    unpack: bool,
) -> Result<(), CliError> {
    let page: RunPage =
        url.parse().map_err(|error| CliError::from_error(ErrorClass::InvalidArgument, &error))?;
    let settings = around.settings.failures();
    let folder = || settings.must_gather_dir.clone().unwrap_or_else(|| temporary(around));
    let options = Options {
        url: url.to_owned(),
        most: usize::try_from(settings.max_for_ai).unwrap_or(usize::MAX),
        must_gather: unpack.then(folder),
        links: around.settings.links(),
    };
    let report = failures::run(&around.storage()?, &page, &options).await;
    let report = report.map_err(|error| CliError::from_error(error.class(), &error))?;
    print(printer, &report)
}

fn temporary(around: &Surroundings) -> PathBuf {
    let set = around.environment.get("TMPDIR").filter(|folder| !folder.is_empty());
    set.map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
}
