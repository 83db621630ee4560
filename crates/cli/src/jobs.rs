//! The commands of `jobctl`: environment, wiring, one pass or many, exit codes.

mod failures;
mod leader;
mod registry;
mod storage;
mod wiring;

use std::future::Future;
use std::io::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use oar_operators::test_jobs::{
    Desk, Halt, aggregator, archive, checker, controller, history, repair, status,
};
use oar_prow_jobs::result_file::BuildVerdict;
use oar_prow_jobs::{RunArtifacts, StreamKind};
use oar_transport::pause::sleep;
use tokio::select;

use crate::error::CliError;
use crate::exit::Exit;
use crate::jobctl::{
    Aggregator, Archive, Builds, Checker, Controller, History, JobctlCommand, Kind, Promote,
    Replace, Service, Status, Trigger, Watch,
};
use crate::render::{Printer, Render};
use crate::run::{Ended, print};
use crate::stop;
use crate::wiring::Surroundings;

use self::wiring::Needs;

pub(crate) async fn run(
    around: &Surroundings,
    printer: Printer,
    command: &JobctlCommand,
) -> Result<Ended, CliError> {
    match command {
        JobctlCommand::StartController(options) => control(around, printer, options).await,
        JobctlCommand::TriggerJobsForBuild(options) => trigger(around, printer, options).await,
        JobctlCommand::StartAggregator(options) => aggregate(around, printer, options).await,
        JobctlCommand::PromoteTestResults(options) => promote(around, printer, options).await,
        JobctlCommand::UpdateRetriedJobRun(options) => replace(around, printer, options).await,
        JobctlCommand::ResultChecker(options) => check(around, printer, options).await,
        JobctlCommand::Status(options) => show(around, printer, options).await,
        JobctlCommand::Watch(options) => watch(around, printer, options).await,
        JobctlCommand::History(options) => tell_history(around, printer, options).await,
        JobctlCommand::Failures(options) => failures::run(around, printer, options).await,
        JobctlCommand::ArchiveTestResults(options) => put_aside(around, printer, options).await,
        JobctlCommand::Registry(command) => registry::run(around, printer, command).await,
        JobctlCommand::Completions(_) | JobctlCommand::Man(_) => Ok(Ended::done()),
    }
}

const fn ended(is_sound: bool) -> Ended {
    if is_sound { Ended::done() } else { Ended::found_trouble() }
}

/// How long a service that was told to stop may take to finish what it has begun; whoever told it
/// waits longer than that (systemd: 90 s, Kubernetes: 30 s and then the next one finds the claims).
const GRACE: Duration = Duration::from_mins(1);

/// Runs `pass` once, or again and again while this process leads. A pass that fails is told and
/// does not end a service; a signal ends it when the pass has stored what it has.
async fn serve<R, F>(
    around: &Surroundings,
    printer: Printer,
    name: &str,
    service: Service,
    pass: impl Fn(Halt) -> F,
) -> Result<Ended, CliError>
where
    R: Render,
    F: Future<Output = Result<(R, bool), CliError>>,
{
    let halt = Halt::default();
    let Some(interval) = service.interval else {
        let (report, is_sound) = pass(halt).await?;
        print(printer, &report)?;
        return Ok(ended(is_sound));
    };
    let mut told = pin!(stop::signals());
    let _leads = select! {
        biased;
        stop = &mut told => return Err(CliError::stopped(stop)),
        leads = leader::lead(around, name) => leads?,
    };
    loop {
        let mut work = pin!(pass(halt.clone()));
        let (done, stop) = select! {
            biased;
            stop = &mut told => {
                tracing::warn!("{stop}: ending after what has begun");
                halt.call();
                select! {
                    done = &mut work => (Some(done), Some(stop)),
                    () = sleep(GRACE) => (None, Some(stop)),
                }
            }
            done = &mut work => (Some(done), None),
        };
        match done {
            Some(Ok((report, _))) => print(printer, &report)?,
            Some(Err(error)) => {
                let _closed = anstream::stderr().write_all(error.text(&around.masker).as_bytes());
            }
            None => around.writes.ended().await,
        }
        if let Some(stop) = stop {
            return Err(CliError::stopped(stop));
        }
        select! {
            biased;
            stop = &mut told => return Err(CliError::stopped(stop)),
            () = sleep(interval) => {}
        }
    }
}

async fn control(
    around: &Surroundings,
    printer: Printer,
    options: &Controller,
) -> Result<Ended, CliError> {
    around.check_environment(Needs::Starting, None)?;
    let wanted = controller::Options {
        releases: options.release.clone(),
        kinds: options.kinds(),
        trigger: options.trigger_prow_job && !options.no_trigger_prow_job,
        force: options.force,
    };
    let arch = options.arch.arch;
    let name = format!("controller-{arch}");
    serve(around, printer, &name, options.service, async |halt: Halt| {
        let desk = Desk { halt, ..around.desk(arch, options.dry_run.dry_run, None)? };
        let report = controller::run(&desk, &wanted).await?;
        let is_sound = report.is_sound();
        Ok((report, is_sound))
    })
    .await
}

async fn trigger(
    around: &Surroundings,
    printer: Printer,
    options: &Trigger,
) -> Result<Ended, CliError> {
    around.check_environment(Needs::Starting, None)?;
    let desk = around.desk(options.arch.arch, options.dry_run.dry_run, None)?;
    let report = controller::trigger(&desk, &options.build, !options.no_skip_existing).await?;
    print(printer, &report)?;
    Ok(ended(report.is_sound()))
}

async fn aggregate(
    around: &Surroundings,
    printer: Printer,
    options: &Aggregator,
) -> Result<Ended, CliError> {
    around.check_environment(Needs::Aggregating, Some(&options.cluster))?;
    let arch = options.arch.arch;
    let name = format!("aggregator-{arch}");
    serve(around, printer, &name, options.service, async |halt: Halt| {
        let (dry_run, cluster) = (options.dry_run.dry_run, Some(&options.cluster));
        let artifacts: Arc<dyn RunArtifacts> = Arc::new(around.storage()?);
        let desk = around.desk(arch, dry_run, cluster)?;
        let desk = Desk { halt, artifacts: Some(artifacts), ..desk };
        let report = aggregator::run(&desk).await?;
        let is_sound = report.is_sound();
        Ok((report, is_sound))
    })
    .await
}

async fn promote(
    around: &Surroundings,
    printer: Printer,
    options: &Promote,
) -> Result<Ended, CliError> {
    around.check_environment(Needs::Repairing, None)?;
    let desk = around.desk(options.arch.arch, options.dry_run.dry_run, Some(&options.cluster))?;
    let done = repair::promote(&desk, &options.build).await?;
    print(printer, &done)?;
    Ok(ended(done.problems.is_empty()))
}

async fn replace(
    around: &Surroundings,
    printer: Printer,
    options: &Replace,
) -> Result<Ended, CliError> {
    around.check_environment(Needs::Repairing, None)?;
    let desk = around.desk(options.arch.arch, options.dry_run.dry_run, None)?;
    let Replace { build, job_name, current_job_id, new_job_id, .. } = options;
    let done = repair::replace_run(&desk, build, job_name, current_job_id, new_job_id).await?;
    print(printer, &done)?;
    Ok(Ended::done())
}

async fn check(
    around: &Surroundings,
    printer: Printer,
    options: &Checker,
) -> Result<Ended, CliError> {
    around.check_environment(Needs::Telling, None)?;
    serve(around, printer, "result-checker", options.service, async |halt: Halt| {
        let (desk, slack) = around.checker_desk(options)?;
        let desk = Desk { halt, ..desk };
        let kind = match options.builds {
            Builds::Nightly => Some(StreamKind::Nightly),
            Builds::Stable => Some(StreamKind::Stable),
            Builds::All => None,
        };
        let wanted = checker::Options {
            repo: options.repo_name.clone(),
            branch: options.branch.clone(),
            folder: options.path.clone(),
            channel: options.slack_channel.clone(),
            list: options.notified_file_path.clone(),
            limit: options.limit,
            kind,
            slack_read: slack.read,
            slack_write: slack.write,
        };
        let report = checker::run(&desk, &wanted).await?;
        let is_sound = report.problems.is_empty();
        Ok((report, is_sound))
    })
    .await
}

async fn show(
    around: &Surroundings,
    printer: Printer,
    options: &Status,
) -> Result<Ended, CliError> {
    around.check_environment(Needs::Reading, None)?;
    let desk = around.desk(options.arch.arch, false, None)?;
    let found = match &options.build {
        Some(build) => status::one(&desk, build).await?,
        None => status::all(&desk, options.release).await?,
    };
    if options.html {
        let page = crate::render::jobs::page(&found);
        let _closed = anstream::stdout().write_all(page.as_bytes());
    } else {
        print(printer, &found)?;
    }
    Ok(ended(found.problems.is_empty()))
}

async fn watch(
    around: &Surroundings,
    printer: Printer,
    options: &Watch,
) -> Result<Ended, CliError> {
    around.check_environment(Needs::Reading, None)?;
    let desk = around.desk(options.arch.arch, false, None)?;
    let mut shown = None;
    loop {
        let found = status::one(&desk, &options.build).await?;
        let build = found.builds.first();
        let line = build.map(|build| (build.verdict, build.expected, build.counts));
        // Only news is printed.
        if line != shown {
            print(printer, &found)?;
            shown = line;
        }
        let verdict = build.map(|build| (build.verdict, build.expected));
        match verdict {
            Some((BuildVerdict::Accepted | BuildVerdict::AcceptedByHand, _)) => {
                return Ok(Ended::done());
            }
            Some((BuildVerdict::Rejected, _)) => return Ok(Ended::as_exit(Exit::Failed)),
            Some((BuildVerdict::Pending, _)) => sleep(options.interval).await,
            None => return Ok(Ended::found_trouble()),
        }
    }
}

async fn tell_history(
    around: &Surroundings,
    printer: Printer,
    options: &History,
) -> Result<Ended, CliError> {
    around.check_environment(Needs::Reading, None)?;
    let desk = around.desk(options.arch.arch, false, None)?;
    let kind = match options.stream {
        Kind::Nightly => StreamKind::Nightly,
        Kind::Stable => StreamKind::Stable,
    };
    let found = history::run(&desk, options.release, kind, options.limit).await?;
    print(printer, &found)?;
    Ok(ended(found.problems.is_empty()))
}

async fn put_aside(
    around: &Surroundings,
    printer: Printer,
    options: &Archive,
) -> Result<Ended, CliError> {
    around.check_environment(Needs::Repairing, None)?;
    let desk = around.desk(options.arch.arch, options.dry_run.dry_run, None)?;
    let wanted = archive::Options {
        release: options.release,
        older_than: SignedDuration::from_hours(24 * i64::from(options.older_than)),
        limit: options.limit,
    };
    let done = archive::run(&desk, &wanted).await?;
    print(printer, &done)?;
    Ok(ended(done.problems.is_empty()))
}
