//! Grammar of `jobctl archive-test-results`.

use clap::Args;
use oar_release::YStream;

use super::OfArch;
use crate::oar::DryRun;

/// The fewest days after which a result may be put aside.
const FEWEST: u16 = 30;

/// Arguments of `archive-test-results`.
#[derive(Debug, Args)]
pub struct Archive {
    /// Only results whose last run ended longer ago than this, such as 180d; at least 30d
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub older_than: u16,
    /// Only builds of this y-stream
    #[arg(short, long, value_name = "Y-STREAM")]
    pub release: Option<YStream>,
    /// At most so many files, the oldest ones
    #[arg(long, default_value_t = 200)]
    pub limit: usize,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub arch: OfArch,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// `180d`.
fn days(text: &str) -> Result<u16, String> {
    let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
    days.filter(|days| *days >= FEWEST)
        .ok_or_else(|| format!("days such as 180d, from {FEWEST}d to {}d", u16::MAX))
}
