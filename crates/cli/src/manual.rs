//! The commands of `job`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use oar_github::{GitHubRepo, HttpGitHub};
use oar_operators::dry_run::Recorder;
use oar_operators::job::{self, CSV_HEADER, JobError, RunImages, RunInfo};
use oar_operators::services::Ports;
use oar_prow_jobs::{
    ConsistencyCheck, HttpReleaseController, ProwRead, ProwWrite, RunOrder, newest_accepted,
};
use oar_release::{Arch, ErrorClass};
use oar_state_repo::StateRepo;
use oar_transport::HttpClient;

use crate::error::CliError;
use crate::job::{Consistency, GetResults, JobCommand, List, Payloads, Required, Run, Stage};
use crate::render::Printer;
use crate::render::manual::{PayloadList, ShownRun};
use crate::run::{Ended, print};
use crate::wiring::Surroundings;

/// Where jobs are defined.
const DEFINITIONS: &str = "openshift/release";

impl From<JobError> for CliError {
    fn from(error: JobError) -> Self {
        if error.is_usage() {
            return Self::usage(error.to_string());
        }
        Self::from_error(error.class(), &error)
    }
}

pub(crate) async fn run(
    around: &Surroundings,
    printer: Printer,
    command: &JobCommand,
) -> Result<Ended, CliError> {
    match command {
        JobCommand::GetResults(options) => results(around, printer, options).await,
        JobCommand::Run(options) => start(around, printer, options).await,
        JobCommand::List(options) => list(around, printer, options).await,
        JobCommand::RunRequired(options) => required(around, printer, options).await,
        JobCommand::GetPayloads(options) => payloads(around, printer, options).await,
        JobCommand::RunImageConsistencyCheck(options) => check(around, printer, options).await,
        JobCommand::RunStageTesting(options) => stage(around, printer, options).await,
        JobCommand::Completions(_) | JobCommand::Man(_) => Ok(Ended::done()),
    }
}

/// Prow, and the list of a dry run's changes.
struct Desk {
    http: HttpClient,
    prow: Ports<dyn ProwRead, dyn ProwWrite>,
    recorder: Option<Recorder>,
}

fn desk(around: &Surroundings, dry_run: bool) -> Result<Desk, CliError> {
    let http = around.http(None)?;
    let recorder = dry_run.then(Recorder::default);
    let prow = around.prow(&http, recorder.as_ref());
    Ok(Desk { http, prow, recorder })
}

/// A dry run starts nothing, so it needs no token. Without one nothing is asked of anybody.
fn needs_token(around: &Surroundings, dry_run: bool) -> Result<(), CliError> {
    if dry_run {
        return Ok(());
    }
    let token = around.secret("APITOKEN", "starting Prow jobs").read();
    token.map(drop).map_err(|_| {
        CliError::new(ErrorClass::NotConfigured, "missing in the environment: APITOKEN")
    })
}

fn definitions(
    around: &Surroundings,
    http: &HttpClient,
    branch: &str,
) -> Result<Arc<dyn StateRepo>, CliError> {
    let token = around.secret("GITHUB_TOKEN", "the definitions of jobs");
    token.read()?;
    let github = HttpGitHub::new(http, token);
    Ok(Arc::new(GitHubRepo::new(github, DEFINITIONS.parse()?, branch)))
}

async fn results(
    around: &Surroundings,
    printer: Printer,
    options: &GetResults,
) -> Result<Ended, CliError> {
    let desk = desk(around, false)?;
    let poll = options.poll && !options.no_poll;
    let found = job::get(&*desk.prow.read, &options.job_id, poll).await?;
    if let Some(path) = &options.csv {
        append(path, &found).map_err(|error| {
            let message = format!("{} cannot be written", path.display());
            CliError::new(ErrorClass::Internal, format!("{message}: {error}"))
        })?;
    }
    print(printer, &ShownRun(found))?;
    Ok(Ended::done())
}

/// Adds a line to the file; a new one begins with the names of the columns.
fn append(path: &Path, found: &RunInfo) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let header = if file.metadata()?.len() == 0 { CSV_HEADER } else { "" };
    file.write_all(format!("{header}{}", found.csv()).as_bytes())
}

/// Starts one run and tells about it.
async fn begin(
    desk: &Desk,
    printer: Printer,
    order: &RunOrder,
    images: &RunImages,
    needs_page: bool,
) -> Result<Ended, CliError> {
    let recorder = desk.recorder.as_ref();
    let started = job::start(&desk.prow, order, images, needs_page, recorder).await?;
    print(printer, &started)?;
    Ok(Ended::done())
}

async fn start(around: &Surroundings, printer: Printer, options: &Run) -> Result<Ended, CliError> {
    let dry_run = options.dry_run.dry_run;
    let images = RunImages {
        payload: options.payload.clone(),
        upgrade_from: options.upgrade_from.clone(),
        upgrade_to: options.upgrade_to.clone(),
    };
    let s390x = around.settings.prow().s390x_vars;
    let attempt = around.entropy.id();
    let order = |job: &str| job::order(job, &images, options.arch, &s390x, &attempt);
    // What is wrong with the images is told before anybody is asked for the job.
    order("any")?;
    needs_token(around, dry_run)?;
    let desk = desk(around, dry_run)?;
    let named = options.job_name.trim();
    let job = if named.starts_with("periodic-ci-") {
        named.to_owned()
    } else {
        let repo = definitions(around, &desk.http, "main")?;
        let found = job::find(&*repo, named, options.first).await?;
        let _closed = writeln!(anstream::stderr(), "{named} is {found}");
        found
    };
    begin(&desk, printer, &order(&job)?, &images, false).await
}

async fn check(
    around: &Surroundings,
    printer: Printer,
    options: &Consistency,
) -> Result<Ended, CliError> {
    let dry_run = options.dry_run.dry_run;
    let usage = |error: &dyn std::error::Error| CliError::usage(error.to_string());
    let check = ConsistencyCheck::new(options.payload_url.clone(), options.mr_id);
    let check = check.map_err(|error| usage(&error))?;
    let order = check.order(&around.entropy.id()).map_err(|error| usage(&error))?;
    special(around, printer, &order, &options.payload_url.to_string(), dry_run).await
}

async fn stage(
    around: &Surroundings,
    printer: Printer,
    options: &Stage,
) -> Result<Ended, CliError> {
    let order = job::stage_order(&options.payload_url, &around.entropy.id())?;
    let payload = options.payload_url.to_string();
    special(around, printer, &order, &payload, options.dry_run.dry_run).await
}

/// A run that is only of use with its page.
async fn special(
    around: &Surroundings,
    printer: Printer,
    order: &RunOrder,
    payload: &str,
    dry_run: bool,
) -> Result<Ended, CliError> {
    needs_token(around, dry_run)?;
    let images = RunImages { payload: Some(payload.to_owned()), ..RunImages::default() };
    begin(&desk(around, dry_run)?, printer, order, &images, true).await
}

async fn list(around: &Surroundings, printer: Printer, options: &List) -> Result<Ended, CliError> {
    let repo = definitions(around, &around.http(None)?, &options.branch)?;
    let found = job::list(&*repo, &options.component, &options.branch).await?;
    print(printer, &found)?;
    Ok(if found.problems.is_empty() { Ended::done() } else { Ended::found_trouble() })
}

async fn required(
    around: &Surroundings,
    printer: Printer,
    options: &Required,
) -> Result<Ended, CliError> {
    let dry_run = options.dry_run.dry_run;
    let file = job::read_file(&options.file)?;
    let unknown = options.channel.iter().find(|channel| !file.contains_key(*channel));
    if let Some(unknown) = unknown {
        let shown = options.file.display();
        return Err(CliError::usage(format!("{shown} has no channel {unknown:?}")));
    }
    needs_token(around, dry_run)?;
    let desk = desk(around, dry_run)?;
    let done = job::run_required(
        &desk.prow,
        &file,
        &options.channel,
        &options.release,
        &around.settings.prow().s390x_vars,
        &*around.entropy,
        desk.recorder.as_ref(),
    )
    .await?;
    print(printer, &done)?;
    Ok(if done.problems.is_empty() { Ended::done() } else { Ended::found_trouble() })
}

async fn payloads(
    around: &Surroundings,
    printer: Printer,
    options: &Payloads,
) -> Result<Ended, CliError> {
    let controller = HttpReleaseController::new(&around.http(None)?, Arch::Amd64);
    let mut list = PayloadList::default();
    for version in &options.versions {
        let tags = controller.accepted_releases(version.y_stream().major()).await;
        let tags = tags.map_err(|error| CliError::from_error(error.class(), &error))?;
        list.add(version, newest_accepted(&tags, version));
    }
    print(printer, &list)?;
    Ok(if list.is_complete() { Ended::done() } else { Ended::found_trouble() })
}
