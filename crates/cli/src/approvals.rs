//! Runs `oarctl approvals`, and starts the processes of jobs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use oar_errata::StopShipRule;
use oar_operators::approval::{
    ApprovalError, ApprovalFolder, ApprovalSetup, JobRecord, JobStatus, LaunchJob, Launched,
    RunOptions, Thread, open_log, run as run_job,
};
use oar_operators::commands::approvals;
use oar_operators::services::NotSetUp;
use oar_operators::{Context, OperatorError};
use oar_release::{Clock, ReleaseVersion};
use oar_sandbox::crash;
use oar_state_repo::Actor;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use crate::error::CliError;
use crate::oarctl::{ApprovalsCommand, RunJob};
use crate::render::Printer;
use crate::run::{Ended, print};
use crate::wiring::Surroundings;

/// What the process of a job says when it has the job.
const READY: &str = "ready ";
/// What it says when another process has it.
const BUSY: &str = "busy";
/// How long it is given to say so.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs one of the commands.
pub(crate) async fn run(
    around: &Surroundings,
    printer: Printer,
    command: &ApprovalsCommand,
) -> Result<Ended, CliError> {
    match command {
        ApprovalsCommand::List(options) => {
            let jobs = approvals::list(&around.context(false)?, options.release.as_ref())?;
            print(printer, &jobs)?;
            Ok(if jobs.problems.is_empty() { Ended::done() } else { Ended::found_trouble() })
        }
        ApprovalsCommand::Resume(options) => {
            let context = around.context(options.dry_run.dry_run)?;
            resume(&context, printer, options.release.as_ref()).await
        }
        ApprovalsCommand::Cancel(options) => {
            let context = around.context(options.dry_run.dry_run)?;
            print(printer, &approvals::cancel(&context, &options.release).await?)?;
            Ok(Ended::done())
        }
        ApprovalsCommand::Run(options) => {
            let mut context = around.context(options.dry_run.dry_run)?;
            if options.foreground && !options.dry_run.dry_run {
                context.actor = Actor::Timer("approval job".to_owned());
                return here(&context, printer, options, |_| {}).await;
            }
            if options.detached {
                context.actor = Actor::Timer("approval job".to_owned());
                return detached(&context, printer, options).await;
            }
            require(&context, &options.release)?;
            resume(&context, printer, Some(&options.release)).await
        }
    }
}

/// That there is a job of `release` to go on with.
fn require(context: &Context, release: &ReleaseVersion) -> Result<(), CliError> {
    let jobs = approvals::list(context, Some(release))?.jobs;
    let release = release.clone();
    let error = match jobs.iter().find(|job| job.record.needs_a_process()) {
        Some(job) if job.running => ApprovalError::Busy { release },
        Some(_) => return Ok(()),
        None => ApprovalError::NoJob { release },
    };
    Err(OperatorError::from(error).into())
}

async fn resume(
    context: &Context,
    printer: Printer,
    only: Option<&ReleaseVersion>,
) -> Result<Ended, CliError> {
    let resumed = approvals::resume(context, only).await?;
    print(printer, &resumed)?;
    Ok(if resumed.is_sound() { Ended::done() } else { Ended::found_trouble() })
}

/// Runs the job in this process until it ends.
async fn here(
    context: &Context,
    printer: Printer,
    options: &RunJob,
    ready: impl FnOnce(&JobRecord),
) -> Result<Ended, CliError> {
    let poke = Notify::new();
    // Listened to before the job is ours: whoever reads our number from the record may use it.
    let heard = signal(SignalKind::user_defined1());
    let how = RunOptions { log_path: options.log_file.clone(), listens: heard.is_ok() };
    let job = run_job(context, &options.release, how, &poke, ready);
    let listening = async {
        if let Ok(mut heard) = heard {
            while heard.recv().await.is_some() {
                poke.notify_one();
            }
        }
        std::future::pending::<()>().await;
    };
    let record = select! {
        ended = job => match ended {
            // It has ended: said again, so that a repeated call answers the same.
            Err(ApprovalError::NoJob { .. }) if options.foreground => {
                ended_before(context, &options.release)?
            }
            ended => ended.map_err(OperatorError::from)?,
        },
        () = listening => unreachable!("it listens for ever"),
    };
    let good = matches!(record.status, JobStatus::Done | JobStatus::Cancelled) && record.recorded;
    print(printer, &EndedJob { schema: "oar.approval-job/1", record })?;
    Ok(if good { Ended::done() } else { Ended::found_trouble() })
}

/// The job of `release` that ended before.
fn ended_before(context: &Context, release: &ReleaseVersion) -> Result<JobRecord, CliError> {
    let jobs = approvals::list(context, Some(release))?.jobs;
    let no_job = || OperatorError::from(ApprovalError::NoJob { release: release.clone() });
    Ok(jobs.into_iter().next().ok_or_else(no_job)?.record)
}

/// A job that ended in this process.
#[derive(Debug, serde::Serialize)]
pub(crate) struct EndedJob {
    schema: &'static str,
    #[serde(flatten)]
    pub(crate) record: JobRecord,
}

/// The process of a job: in a session of its own, with stdout as the way to say that it has the job.
async fn detached(
    context: &Context,
    printer: Printer,
    options: &RunJob,
) -> Result<Ended, CliError> {
    // It leads a group already when a person started it from a shell; then it stays where it is.
    let _leads_a_group = nix::unistd::setsid();
    let say = |line: &str| {
        let mut stdout = anstream::stdout();
        let _gone = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    };
    let ready = |record: &JobRecord| {
        say(&format!("{READY}{}", record.pid.unwrap_or_default()));
        // Whoever started us goes its way; from here on everything is for the log.
        let _still_open = nix::unistd::dup2_stdout(std::io::stderr());
    };
    let ended = here(context, printer, options, ready).await;
    if let Err(error) = &ended
        && error.class() == oar_release::ErrorClass::Busy
    {
        say(BUSY);
    }
    ended
}

/// Starts `oarctl` as the process of a job, detached from this one.
#[derive(Debug)]
struct DetachedProcess {
    /// Options of this call that the process must have too.
    globals: Vec<std::ffi::OsString>,
    folder: ApprovalFolder,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl LaunchJob for DetachedProcess {
    async fn launch(&self, release: &ReleaseVersion) -> Result<Launched, ApprovalError> {
        let program = program()?;
        let mut arguments = self.globals.clone();
        arguments.extend(["approvals", "run", "-r"].map(Into::into));
        arguments.extend([release.to_string().into(), "--detached".into(), "--log-file".into()]);
        let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
        let command = format!("{} {}", program.display(), words.join(" "));
        let (log, log_path) = open_log(&self.folder, release, self.clock.now(), &command)?;
        arguments.push(log_path.clone().into());
        let start = move || first_line(&program, &arguments, log);
        let started = tokio::task::spawn_blocking(start);
        let not_started = |problem: String| ApprovalError::NotStarted { problem };
        let line = match tokio::time::timeout(PATIENCE, started).await {
            Ok(Ok(line)) => line.map_err(|error| not_started(error.to_string()))?,
            Ok(Err(ended)) => return Err(not_started(ended.to_string())),
            Err(_) => {
                let problem = format!("it did not say within {PATIENCE:?} that it has the job");
                return Err(not_started(problem));
            }
        };
        if line.trim() == BUSY {
            return Err(ApprovalError::Busy { release: release.clone() });
        }
        let pid = line.trim().strip_prefix(READY).and_then(|pid| pid.parse().ok());
        match pid {
            Some(pid) => Ok(Launched { pid, log_path: Some(log_path) }),
            None => Err(not_started(format!("it ended; see {}", log_path.display()))),
        }
    }
}

/// `oarctl`, beside this program.
fn program() -> Result<PathBuf, ApprovalError> {
    let here = std::env::current_exe()
        .map_err(|source| ApprovalError::Io { path: PathBuf::from("/proc/self/exe"), source })?;
    let program = here.with_file_name("oarctl");
    if program.exists() {
        return Ok(program);
    }
    let problem = format!("{} is not installed beside this program", program.display());
    Err(ApprovalError::NotSetUp(NotSetUp::new(problem)))
}

/// Starts the process and answers the first line it says; empty when it ended without a word.
#[expect(
    clippy::disallowed_methods,
    reason = "the job outlives this program: no runner waits for it"
)]
fn first_line(
    program: &std::path::Path,
    arguments: &[std::ffi::OsString],
    log: std::fs::File,
) -> std::io::Result<String> {
    let mut child = Command::new(program)
        .args(arguments)
        // A crash that is rehearsed is this program's own.
        .env_remove(crash::SETTING)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    if !line.starts_with(READY) {
        // It is ending: not left behind as a dead entry of the process table.
        let _ended = child.wait();
    }
    Ok(line)
}

impl Surroundings {
    /// The approval jobs of this machine. No I/O.
    pub(crate) fn approval(&self) -> ApprovalSetup {
        let settings = self.settings.approval();
        let errata = self.settings.errata();
        let folder = self.approval_folder();
        let mut setup = ApprovalSetup::none("there is no state folder for approval jobs");
        if let Some(folder) = folder {
            setup.launcher = Arc::new(DetachedProcess {
                globals: self.globals.clone(),
                folder: folder.clone(),
                clock: Arc::clone(&self.clock),
            });
            setup.folder = Ok(folder);
        } else {
            let problem = "there is no state folder for approval jobs: set OAR_STATE_DIR";
            setup.folder = Err(NotSetUp::new(problem));
        }
        setup.interval = settings.interval;
        setup.timeout = settings.timeout;
        setup.slack = settings
            .slack_channel
            .zip(settings.slack_thread)
            .map(|(channel, thread)| Thread { channel, thread });
        setup.kernels =
            vec![StopShipRule { packages: errata.stop_ship_packages, tag: errata.stop_ship_tag }];
        setup
    }

    /// Jobs of the sandbox live beside its world, and so do the files that others keep in the temporary
    /// folder.
    fn approval_folder(&self) -> Option<ApprovalFolder> {
        if let Some(world) = self.sandbox_folder() {
            return Some(ApprovalFolder::new(world.clone(), world));
        }
        let temp = ["TMPDIR", "TEMP", "TMP"].iter().find_map(|name| self.environment.get(name));
        let state = self.settings.state().dir?;
        Some(ApprovalFolder::new(state, temp.unwrap_or_else(|| "/tmp".to_owned())))
    }
}
