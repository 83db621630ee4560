//! From arguments to an exit code: parse, wire, run one command, print, choose the code.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser};
use oar_operators::commands::release_detector::Streams;
use oar_operators::commands::{
    active_releases, create_test_report, issues, plan, release_detector, scan_secrets, set_task,
    status,
};
use oar_operators::report::{CommandReport, StateBoxWrite};
use oar_release::{ErrorClass, ReleaseVersion, Task};
use oar_sandbox::crash;
use oar_statebox::overview::OverviewStatus;
use oar_statebox::{IssueFilter, NewIssue};
use oar_transport::env::Environment;

use crate::doctor;
use crate::error::CliError;
use crate::exit::{Codes, Exit, process_code};
use crate::global::Global;
use crate::job::{Job, JobCommand};
use crate::jobctl::{Jobctl, JobctlCommand};
use crate::log::Detail;
use crate::oar::{IssueAdd, IssueCommand, IssueList, Oar, OarCommand, TaskCommand, TaskSet};
use crate::oarctl::{Detector, Oarctl, OarctlCommand};
use crate::pages;
use crate::render::plan::PlanResult;
use crate::render::{Printer, Render};
use crate::stop;
use crate::wiring::Surroundings;

/// How a command ended that brought a result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    exit: Exit,
    /// With plain codes: 1 although there is a result.
    trouble: bool,
}

impl Ended {
    /// All is well.
    pub(crate) const fn done() -> Self {
        Self { exit: Exit::Done, trouble: false }
    }

    /// The command looked for trouble and found some.
    pub(crate) const fn found_trouble() -> Self {
        Self { exit: Exit::Failed, trouble: true }
    }

    /// The same end, with 1 also for plain codes.
    pub(crate) const fn with_trouble(self) -> Self {
        Self { exit: self.exit, trouble: true }
    }

    /// A result that only the detailed codes tell from `done`.
    pub(crate) const fn as_exit(exit: Exit) -> Self {
        Self { exit, trouble: false }
    }
}

/// Prints a result; a failing stdout is an error of the command.
pub(crate) fn print(printer: Printer, result: &impl Render) -> Result<(), CliError> {
    printer.print(result).map_err(|error| {
        CliError::new(ErrorClass::Internal, format!("the result cannot be written: {error}"))
    })
}

/// Runs `oar` with `arguments`, the program's name first.
pub fn oar(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = match Oar::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    match &parsed.command {
        OarCommand::Completions(options) => {
            return script(&pages::completions(Oar::command(), options.shell));
        }
        OarCommand::Man(options) => return manual(&Oar::command(), &options.folder),
        _ => {}
    }
    let detail = match &parsed.command {
        OarCommand::Drive(_) => Detail::Trouble,
        _ => Detail::Work,
    };
    finish(&parsed.global, detail, |around, printer| {
        block_on(around, oar_command(around, printer, parsed.release.as_ref(), &parsed.command))
    })
}

/// Runs `oarctl` with `arguments`, the program's name first.
pub fn oarctl(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = match Oarctl::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    match &parsed.command {
        OarctlCommand::Completions(options) => {
            return script(&pages::completions(Oarctl::command(), options.shell));
        }
        OarctlCommand::Man(options) => return manual(&Oarctl::command(), &options.folder),
        _ => {}
    }
    finish(&parsed.global, Detail::Work, |around, printer| {
        let work = oarctl_command(around, printer, &parsed.command);
        if parsed.command.is_service() { to_the_end(work) } else { block_on(around, work) }
    })
}

/// Runs `jobctl` with `arguments`, the program's name first.
pub fn jobctl(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = match Jobctl::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    match &parsed.command {
        JobctlCommand::Completions(options) => {
            return script(&pages::completions(Jobctl::command(), options.shell));
        }
        JobctlCommand::Man(options) => return manual(&Jobctl::command(), &options.folder),
        _ => {}
    }
    finish(&parsed.global, Detail::Work, |around, printer| {
        let work = crate::jobs::run(around, printer, &parsed.command);
        if parsed.command.is_service() { to_the_end(work) } else { block_on(around, work) }
    })
}

/// Runs `job` with `arguments`, the program's name first.
pub fn job(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = match Job::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    match &parsed.command {
        JobCommand::Completions(options) => {
            return script(&pages::completions(Job::command(), options.shell));
        }
        JobCommand::Man(options) => return manual(&Job::command(), &options.folder),
        _ => {}
    }
    let state = if parsed.global.debug { "on" } else { "off" };
    let _closed = writeln!(anstream::stderr(), "Debug mode is {state}");
    finish(&parsed.global, Detail::Work, |around, printer| {
        block_on(around, crate::manual::run(around, printer, &parsed.command))
    })
}

/// clap prints help to stdout (0) and errors of use to stderr (2).
fn usage(error: &clap::Error) -> ExitCode {
    let _closed = error.print();
    process_code(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn script(bytes: &[u8]) -> ExitCode {
    let _closed = anstream::stdout().write_all(bytes);
    ExitCode::SUCCESS
}

fn manual(program: &clap::Command, folder: &std::path::Path) -> ExitCode {
    match pages::manual(program, folder) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            let text = format!("error: {} cannot be written: {error}\n", folder.display());
            let _closed = anstream::stderr().write_all(text.as_bytes());
            process_code(1)
        }
    }
}

/// Sets the call up, runs `command`, prints its error if it has one, and chooses the exit code.
fn finish(
    global: &Global,
    detail: Detail,
    command: impl FnOnce(&Surroundings, Printer) -> Result<Ended, CliError>,
) -> ExitCode {
    let environment = Environment::from_process();
    let detailed = environment.get("OAR_EXIT_CODES").is_some_and(|value| value == "detailed");
    let codes = if global.exit_code || detailed { Codes::Detailed } else { Codes::Plain };
    let printer = Printer::new(global.format());
    let (result, masker, id) = match Surroundings::new(global, environment) {
        Ok(around) => {
            let (clock, masker) = (around.clock.clone(), around.masker.clone());
            let detail = if global.debug { Detail::Debug } else { detail };
            crate::log::start(detail, clock, masker, around.bars.clone());
            rehearse_crash(&around);
            let result = command(&around, printer);
            report_crash_points(&around);
            (result, around.masker.clone(), around.entropy.id())
        }
        Err(error) => (Err(error), std::sync::Arc::default(), String::new()),
    };
    match result {
        Ok(ended) => process_code(ended.exit.verdict_code(codes, ended.trouble)),
        Err(error) => {
            let _closed = anstream::stderr().write_all(error.text(&masker).as_bytes());
            let _closed = printer.print_object(&error.object(&masker, &id));
            process_code(error.exit_code(codes))
        }
    }
}

/// In the sandbox a run can be told to end at one of its effect points (`OAR_SANDBOX_CRASH_AT`).
fn rehearse_crash(around: &Surroundings) {
    if around.sandbox.is_some() {
        match around.environment.get(crash::SETTING).as_deref().map(str::parse::<usize>) {
            Some(Ok(point)) => crash::abort_at(point),
            Some(Err(_)) => crash::count(),
            None => {}
        }
    }
}

fn report_crash_points(around: &Surroundings) {
    if around.sandbox.is_some() && around.environment.get(crash::SETTING).is_some() {
        let line = format!("effect points: {}\n", crash::seen());
        let _closed = anstream::stderr().write_all(line.as_bytes());
    }
}

fn block_on(
    around: &Surroundings,
    work: impl Future<Output = Result<Ended, CliError>>,
) -> Result<Ended, CliError> {
    to_the_end(stop::unless_told(work, stop::signals(), &around.writes))
}

/// The runtime is built only for commands that need one.
fn to_the_end(work: impl Future<Output = Result<Ended, CliError>>) -> Result<Ended, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        CliError::new(ErrorClass::Internal, format!("the runtime cannot be built: {error}"))
    })?;
    let ended = runtime.block_on(work);
    // A commit to a folder ends within this; what only waits for a lock is not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

fn required(release: Option<&ReleaseVersion>) -> Result<&ReleaseVersion, CliError> {
    release.ok_or_else(|| {
        CliError::usage("the release is missing: --release <VERSION>")
            .hint("oar --release 4.20.7 COMMAND")
    })
}

async fn oar_command(
    around: &Surroundings,
    printer: Printer,
    release: Option<&ReleaseVersion>,
    command: &OarCommand,
) -> Result<Ended, CliError> {
    match command {
        OarCommand::CreateTestReport(options) => {
            create(around, printer, required(release)?, options.dry_run).await
        }
        OarCommand::Status => match release {
            Some(release) => {
                let found = status::run(&around.context(false)?, release).await?;
                let blocked = found.overview.status == OverviewStatus::Blocked;
                print(printer, &found)?;
                Ok(Ended::as_exit(if blocked { Exit::Blocked } else { Exit::Done }))
            }
            None => active(around, printer).await,
        },
        OarCommand::Plan => {
            let plan = plan::run(&around.context(false)?, required(release)?).await;
            let offers = plan.tasks.iter().any(|task| task.verdict.is_offer());
            print(printer, &PlanResult { schema: "oar.plan/1", plan })?;
            Ok(Ended::as_exit(if offers { Exit::ChangesPending } else { Exit::Done }))
        }
        OarCommand::Why => crate::drive::why(around, printer, required(release)?).await,
        OarCommand::Drive(options) => crate::drive::run(around, printer, release, options).await,
        OarCommand::Decide(command) => {
            crate::drive::decide(around, printer, required(release)?, command).await
        }
        OarCommand::Doctor => doctor::run(around, printer).await,
        OarCommand::Issue(command) => issue(around, printer, required(release)?, command).await,
        OarCommand::Task(TaskCommand::Set(options)) => {
            task_set(around, printer, required(release)?, options).await
        }
        OarCommand::Completions(_) | OarCommand::Man(_) => Ok(Ended::done()),
        OarCommand::Work(task) => {
            crate::tasks::run(around, printer, required(release)?, task).await
        }
    }
}

async fn oarctl_command(
    around: &Surroundings,
    printer: Printer,
    command: &OarctlCommand,
) -> Result<Ended, CliError> {
    match command {
        OarctlCommand::StartReleaseDetector(options) => detect(around, printer, options).await,
        OarctlCommand::ActiveReleases => active(around, printer).await,
        OarctlCommand::JiraNotificator(options) => {
            crate::notificator::run(around, printer, options).await
        }
        OarctlCommand::Approvals(command) => crate::approvals::run(around, printer, command).await,
        OarctlCommand::ScanSecrets => {
            let scan = scan_secrets::run(&around.context(false)?).await?;
            print(printer, &scan)?;
            Ok(if scan.leaks.is_empty() { Ended::done() } else { Ended::found_trouble() })
        }
        OarctlCommand::Config(command) => crate::config::run(around, printer, command),
        OarctlCommand::Sandbox(command) => crate::sandbox::run(around, printer, command).await,
        OarctlCommand::Doctor => doctor::run(around, printer).await,
        OarctlCommand::Completions(_) | OarctlCommand::Man(_) => Ok(Ended::done()),
    }
}

async fn create(
    around: &Surroundings,
    printer: Printer,
    release: &ReleaseVersion,
    dry_run: bool,
) -> Result<Ended, CliError> {
    let context = around.context(dry_run)?;
    let started_at = around.clock.now();
    let created = create_test_report::run(&context, release).await?;
    let finished_at = around.clock.now();
    let duration = finished_at.duration_since(started_at).as_millis();
    let report = CommandReport {
        success: true,
        command: create_test_report::COMMAND.to_owned(),
        release: release.to_string(),
        task: Some(Task::CreateTestReport),
        task_status: None,
        reason: created.outcome.reason().map(str::to_owned),
        outcome: created.outcome,
        statebox: StateBoxWrite { written: created.written, error: None },
        job: None,
        operation_id: around.entropy.id(),
        started_at,
        finished_at,
        duration_ms: i64::try_from(duration).unwrap_or(i64::MAX),
        output: String::new(),
        output_truncated: false,
        output_total_chars: 0,
        findings: Vec::new(),
        facts: serde_json::Map::new(),
        warnings: created.warnings,
        planned_changes: context.planned_changes(),
        error: None,
    };
    tell(printer, &report)
}

/// Prints the report of a task, says when its record is missing, and chooses how to end.
pub(crate) fn tell(printer: Printer, report: &CommandReport) -> Result<Ended, CliError> {
    print(printer, report)?;
    if let Some(line) = not_saved(report) {
        let _closed = anstream::stderr().write_all(line.as_bytes());
    }
    let exit = match &report.error {
        Some(error) => Exit::of_error(error.code),
        None => Exit::of_outcome(&report.outcome),
    };
    Ok(Ended { exit, trouble: !report.success })
}

/// One line for scripts and people: the work is done, its record is not (spec 01 §10.4).
fn not_saved(report: &CommandReport) -> Option<String> {
    let why = report.statebox.error.as_deref()?.replace('\n', " ");
    Some(format!("STATE NOT SAVED: {} {}: {why}\n", report.release, report.command))
}

async fn active(around: &Surroundings, printer: Printer) -> Result<Ended, CliError> {
    let keep_days = i32::try_from(around.settings.prow().keep_days).unwrap_or(i32::MAX);
    let found = active_releases::run(&around.context(false)?, keep_days).await?;
    print(printer, &found)?;
    Ok(Ended::done())
}

async fn detect(
    around: &Surroundings,
    printer: Printer,
    options: &Detector,
) -> Result<Ended, CliError> {
    let streams = options.minor_release.map_or(Streams::All, Streams::One);
    let context = around.context(options.dry_run.dry_run)?;
    let detected = release_detector::run(&context, streams).await?;
    let sound = detected.is_sound();
    print(printer, &detected)?;
    Ok(if sound { Ended::done() } else { Ended::found_trouble() })
}

async fn issue(
    around: &Surroundings,
    printer: Printer,
    release: &ReleaseVersion,
    command: &IssueCommand,
) -> Result<Ended, CliError> {
    match command {
        IssueCommand::Add(IssueAdd { text, tasks, no_blocker, dry_run }) => {
            let issue = NewIssue {
                text: text.clone(),
                blocker: !no_blocker,
                related_tasks: tasks.clone(),
                source: None,
            };
            let context = around.context(dry_run.dry_run)?;
            print(printer, &issues::add(&context, release, &issue).await?)?;
        }
        IssueCommand::Resolve(options) => {
            let context = around.context(options.dry_run.dry_run)?;
            let (text, resolution) = (&options.text, &options.resolution);
            print(printer, &issues::resolve(&context, release, text, resolution).await?)?;
        }
        IssueCommand::List(IssueList { all, blockers, task }) => {
            let filter = IssueFilter { unresolved: !all, blockers: *blockers, task: task.clone() };
            print(printer, &issues::list(&around.context(false)?, release, &filter).await?)?;
        }
    }
    Ok(Ended::done())
}

async fn task_set(
    around: &Surroundings,
    printer: Printer,
    release: &ReleaseVersion,
    options: &TaskSet,
) -> Result<Ended, CliError> {
    let task = options
        .task
        .parse()
        .map_err(|error: oar_release::task::UnknownTask| CliError::usage(error.to_string()))?;
    let status = options
        .status
        .parse()
        .map_err(|error: oar_release::task::UnknownStatus| CliError::usage(error.to_string()))?;
    let context = around.context(options.dry_run.dry_run)?;
    let result = options.result.as_deref();
    print(printer, &set_task::run(&context, release, task, status, result).await?)?;
    Ok(Ended::done())
}

#[cfg(test)]
mod tests {
    use oar_release::TaskOutcome;

    use super::*;

    #[test]
    fn spec01_case_35_a_missing_record_is_one_line_that_scripts_can_find() {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let mut report = CommandReport {
            success: true,
            command: "stage-testing".to_owned(),
            release: "4.99.3".to_owned(),
            task: Some(Task::StageTesting),
            task_status: None,
            outcome: TaskOutcome::Pass,
            reason: None,
            statebox: StateBoxWrite { written: true, error: None },
            job: None,
            operation_id: String::new(),
            started_at: at,
            finished_at: at,
            duration_ms: 0,
            output: String::new(),
            output_truncated: false,
            output_total_chars: 0,
            findings: Vec::new(),
            facts: serde_json::Map::new(),
            warnings: Vec::new(),
            planned_changes: Vec::new(),
            error: None,
        };
        assert_eq!(not_saved(&report), None);
        report.statebox.error = Some("GitHub is unavailable\n(500)".to_owned());
        assert_eq!(
            not_saved(&report).as_deref(),
            Some("STATE NOT SAVED: 4.99.3 stage-testing: GitHub is unavailable (500)\n")
        );
        let ended = tell(Printer::new(crate::global::Format::Text), &report).expect("told");
        assert_eq!(ended.exit.verdict_code(Codes::Plain, ended.trouble), 0, "its own verdict");
    }
}
