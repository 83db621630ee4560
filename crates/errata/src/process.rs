//! Running a program: argument vector, clean environment, time limit, bounded output, and nothing
//! of it left behind.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use oar_release::ErrorClass;
use oar_transport::Secret;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

/// Longest standard output that is kept, bytes; a program that prints more is ended.
const STDOUT: usize = 16 * 1024 * 1024;
/// How much of the end of standard error is kept, bytes.
const STDERR: usize = 64 * 1024;
/// How long pipes may stay open after the program ended, before whoever holds them is ended too.
const GRACE: Duration = Duration::from_secs(1);

/// One run of one program.
#[derive(Clone)]
pub struct ProcessSpec {
    /// The program: a path, or a name that is searched in the child's `PATH`.
    pub program: PathBuf,
    /// Its arguments, never assembled from text.
    pub arguments: Vec<String>,
    /// All of its environment; nothing else is passed on.
    pub environment: Vec<(String, Secret)>,
    /// Where it runs.
    pub folder: PathBuf,
    /// Time limit.
    pub timeout: Duration,
}

impl fmt::Debug for ProcessSpec {
    /// Without the values of the environment: half of them are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.environment.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("ProcessSpec")
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .field("environment", &names)
            .finish_non_exhaustive()
    }
}

/// A program that ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessOutput {
    /// How it ended: an exit code, or a signal.
    pub ended: Ended,
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// The end of its standard error, at most 64 KiB.
    pub stderr: Vec<u8>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// A program that could not be started or did not end by itself.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("{} cannot be started", program.display())]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It was ended at its time limit, with everything it had started.
    #[error("it did not end within {} s", limit.as_secs())]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// It printed without end and was ended.
    #[error("it printed more than {limit} bytes")]
    TooMuch {
        /// The limit, bytes.
        limit: usize,
    },
    /// Its output could not be read.
    #[error("its output cannot be read")]
    Unreadable(#[source] io::Error),
}

impl ProcessError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::NotStarted { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                ErrorClass::NotConfigured
            }
            Self::Timeout { .. } => ErrorClass::Timeout,
            Self::NotStarted { .. } | Self::TooMuch { .. } | Self::Unreadable(_) => {
                ErrorClass::Undetermined
            }
        }
    }
}

/// Runs programs.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RunProcess: Send + Sync + fmt::Debug {
    /// Runs `spec` to its end. Dropping the future ends the program with everything it started.
    async fn run(&self, spec: ProcessSpec) -> Result<ProcessOutput, ProcessError>;
}

/// Runs programs on this machine, each in a process group of its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalProcesses;

#[async_trait]
impl RunProcess for LocalProcesses {
    async fn run(&self, spec: ProcessSpec) -> Result<ProcessOutput, ProcessError> {
        let limit = spec.timeout;
        let run = to_the_end(spec);
        tokio::time::timeout(limit, run).await.map_err(|_| ProcessError::Timeout { limit })?
    }
}

async fn to_the_end(spec: ProcessSpec) -> Result<ProcessOutput, ProcessError> {
    let mut command = Command::new(&spec.program);
    command
        .args(&spec.arguments)
        .env_clear()
        .envs(spec.environment.iter().map(|(name, value)| (name, value.expose())))
        .current_dir(&spec.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command
        .spawn()
        .map_err(|source| ProcessError::NotStarted { program: spec.program.clone(), source })?;
    // Declared after the child: dropped before it, while the child still holds its number.
    let mut group = Group(child.id());
    let stdout = child.stdout.take().expect("it was asked to be a pipe");
    let stderr = child.stderr.take().expect("it was asked to be a pipe");
    // Both at once: a program that fills one pipe while the other is read would wait for ever. An
    // error leaves at once, and the group is ended on the way out.
    let reading = async { tokio::try_join!(whole(stdout), tail(stderr)) };
    tokio::pin!(reading);
    let ((stdout, stderr), status) = tokio::select! {
        output = &mut reading => (output?, child.wait().await),
        status = child.wait() => {
            // Whoever still holds the pipes after the program ended was started by it.
            let output = if let Ok(output) = tokio::time::timeout(GRACE, &mut reading).await {
                output
            } else {
                group.end();
                reading.await
            };
            (output?, status)
        }
    };
    // It ended and its pipes are closed: its number may belong to somebody else from now on.
    group.0 = None;
    let status = status.map_err(ProcessError::Unreadable)?;
    Ok(ProcessOutput { ended: ended(status), stdout, stderr })
}

/// A process group that is ended when this is dropped.
struct Group(Option<u32>);

impl Group {
    fn end(&self) {
        if let Some(leader) = self.0.and_then(|id| i32::try_from(id).ok()) {
            // Gone already is what we want.
            let _gone = killpg(Pid::from_raw(leader), Signal::SIGKILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// All of standard output. More than the limit is an error at once, which ends the program.
async fn whole(stream: impl AsyncRead + Unpin) -> Result<Vec<u8>, ProcessError> {
    let mut bytes = Vec::new();
    let mut stream = stream.take(STDOUT as u64 + 1);
    stream.read_to_end(&mut bytes).await.map_err(ProcessError::Unreadable)?;
    if bytes.len() > STDOUT {
        return Err(ProcessError::TooMuch { limit: STDOUT });
    }
    Ok(bytes)
}

/// The end of standard error.
async fn tail(mut stream: impl AsyncRead + Unpin) -> Result<Vec<u8>, ProcessError> {
    let mut kept = Vec::new();
    let mut piece = vec![0; 16 * 1024];
    loop {
        let length = stream.read(&mut piece).await.map_err(ProcessError::Unreadable)?;
        if length == 0 {
            break;
        }
        kept.extend_from_slice(&piece[..length]);
        // Not at every piece: moving the rest to the front costs.
        if kept.len() > 2 * STDERR {
            kept.drain(..kept.len() - STDERR);
        }
    }
    kept.drain(..kept.len().saturating_sub(STDERR));
    Ok(kept)
}

fn ended(status: ExitStatus) -> Ended {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Code(code),
        (None, signal) => Ended::Signal(signal.unwrap_or_default()),
    }
}
