//! `oarctl jira-notificator`: its clients, and the lock that keeps a second run away.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use oar_github::{HttpGitHub, PullRequestRead};
use oar_jira::{JiraRead, JiraWrite};
use oar_operators::dry_run::Recorder;
use oar_operators::notificator::{Notificator, Scope};
use oar_operators::services::Ports;
use oar_release::ErrorClass;
use oar_transport::journal::{FileJournal, IntentJournal, MemoryJournal};

use crate::error::CliError;
use crate::oarctl;
use crate::render::Printer;
use crate::run::{Ended, print};
use crate::wiring::Surroundings;

const NAME: &str = "jira-notificator";

pub(crate) async fn run(
    around: &Surroundings,
    printer: Printer,
    options: &oarctl::Notificator,
) -> Result<Ended, CliError> {
    let _alone = alone(around)?;
    let report = notificator(around, options)?.run().await;
    let report = report.map_err(|error| CliError::from_error(error.class(), &error))?;
    print(printer, &report)?;
    Ok(if report.is_sound() { Ended::done() } else { Ended::found_trouble() })
}

fn notificator(
    around: &Surroundings,
    options: &oarctl::Notificator,
) -> Result<Notificator, CliError> {
    // The encrypted configuration is not needed; where there is one it moves endpoints.
    let config = around.config().ok();
    let http = around.http(config.as_ref())?;
    let recorder = options.dry_run.dry_run.then(Recorder::default);
    let jira = around.jira(&http, recorder.as_ref());
    let jira = jira.map_err(|error| CliError::from_error(error.class, &error))?;
    let pulls = around.needed("GITHUB_TOKEN", "looking at pull requests");
    let settings = around.settings.notificator();
    let page_size = u16::try_from(settings.search_batch_size).unwrap_or(100);
    let ports: Ports<dyn JiraRead, dyn JiraWrite> = jira.ports;
    Ok(Notificator {
        jira: ports,
        directory: around.directory(config.as_ref()),
        pulls: pulls
            .map(|token| Arc::new(HttpGitHub::new(&http, token)) as Arc<dyn PullRequestRead>),
        clock: Arc::clone(&around.clock),
        journal: journal(around, recorder.is_some())?,
        recorder,
        scope: Scope {
            versions: settings.versions,
            from_date: options.from_date.or(settings.from_date),
            page_size: options.search_batch_size.unwrap_or(page_size),
            calendar: settings.calendar,
            organisations: settings.github_orgs,
            former_accounts: settings.former_accounts,
        },
    })
}

fn journal(around: &Surroundings, is_dry_run: bool) -> Result<Arc<dyn IntentJournal>, CliError> {
    let clock = Arc::clone(&around.clock);
    match around.state_folder().filter(|_| !is_dry_run) {
        Some(folder) => {
            let journal = FileJournal::new(&folder, NAME, clock);
            let journal = journal.map_err(|error| CliError::from_error(error.class(), &error))?;
            Ok(Arc::new(journal))
        }
        None => Ok(Arc::new(MemoryJournal::new(clock))),
    }
}

/// Held for as long as the run lasts; the kernel gives it back when the process ends.
fn alone(around: &Surroundings) -> Result<Option<File>, CliError> {
    let Some(folder) = around.state_folder() else { return Ok(None) };
    let path = folder.join(format!("{NAME}.lock"));
    let problem = |error: std::io::Error| {
        let text = format!("the lock {} cannot be used: {error}", path.display());
        CliError::new(ErrorClass::Undetermined, text)
    };
    std::fs::create_dir_all(&folder).map_err(problem)?;
    let file = File::create(&path).map_err(problem)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Err(busy(&path)),
        Err(std::fs::TryLockError::Error(error)) => Err(problem(error)),
    }
}

fn busy(path: &Path) -> CliError {
    let text = format!("another {NAME} runs on this machine; it holds {}", path.display());
    CliError::new(ErrorClass::Busy, text).hint("wait for it to end, then try again")
}
