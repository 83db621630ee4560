//! A machine of a release lead, in this process: drivers and approval jobs over a world in memory whose
//! time passes with the runtime's paused clock. It may die at any request and be started again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use oar_cli::wiring::Surroundings;
use oar_operators::Context;
use oar_operators::approval::{self, ApprovalError, LaunchJob, Launched, RunOptions};
use oar_operators::context::Journals;
use oar_operators::drive::{self, Driven, Event, Options, Watcher};
use oar_release::clock::SeededEntropy;
use oar_release::{Clock, ReleaseVersion, TaskStatus};
use oar_sandbox::Sandbox;
use oar_sandbox::world::World;
use oar_state_repo::Actor;
use oar_statebox::StateBox;
use oar_transport::journal::MemoryJournal;
use oar_transport::pause::{self, Stopwatch};
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::trial::{RELEASE, STATEBOX, process, surroundings};

/// The release of all journeys.
pub fn release() -> ReleaseVersion {
    RELEASE.parse().expect("a release")
}

/// The machine's clock: it passes with the runtime's.
#[derive(Debug)]
struct PausedClock(Stopwatch);

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.0.elapsed()
    }
}

/// A clock that is wrong by as much.
#[derive(Debug)]
struct WrongClock {
    right: Arc<dyn Clock>,
    by: SignedDuration,
}

impl Clock for WrongClock {
    fn now(&self) -> Timestamp {
        self.right.now() + self.by
    }
}

type Asked = (ReleaseVersion, oneshot::Sender<Result<Launched, ApprovalError>>);

/// Starts approval jobs beside the drivers.
#[derive(Debug)]
struct Beside(mpsc::UnboundedSender<Asked>);

#[async_trait]
impl LaunchJob for Beside {
    async fn launch(&self, release: &ReleaseVersion) -> Result<Launched, ApprovalError> {
        let (told, answer) = oneshot::channel();
        let gone = |()| ApprovalError::NotStarted { problem: "the machine is off".to_owned() };
        self.0.send((release.clone(), told)).map_err(|_| gone(()))?;
        answer.await.map_err(|_| gone(()))?
    }
}

/// Lines of what the drivers did.
#[derive(Debug, Default)]
pub struct Diary(Mutex<Vec<String>>);

impl Diary {
    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Watcher for Diary {
    fn see(&self, _release: &ReleaseVersion, at: Timestamp, event: &Event<'_>) {
        if let Some(line) = event.line() {
            let line = format!("{} {line}", oar_release::time::stamp(at));
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }
}

/// How the machine's time between two starts is spent.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    /// So many drivers at once.
    pub drivers: usize,
    /// It is switched off after this, if nothing happens before.
    pub lasts: Duration,
    /// Seed of everything random.
    pub seed: u64,
}

/// How it ended.
#[derive(Debug)]
pub enum End {
    /// Every driver had stopped by itself.
    Over(Vec<Driven>),
    /// It died, or was switched off.
    Off,
}

/// A machine and the world around it.
pub struct Machine {
    sandbox: Sandbox,
    folder: TempDir,
    /// What its journals know. Files are written by other threads, whose speed is nobody's seed.
    journal: MemoryJournal,
    /// By how much its clock is wrong.
    pub wrong_by: SignedDuration,
    pub diary: Diary,
}

impl Machine {
    /// A machine in `world`.
    pub fn new(world: World) -> Self {
        // In memory where there is such a place: a journey writes thousands of small files.
        let shm = Path::new("/dev/shm");
        let folder = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
        let folder = folder.expect("a scratch folder");
        let (wrong_by, diary) = (SignedDuration::ZERO, Diary::default());
        let sandbox = Sandbox::in_memory(world);
        let journal = MemoryJournal::new(sandbox.clock());
        Self { sandbox, folder, journal, wrong_by, diary }
    }

    /// The sandbox, to plant faults in.
    pub const fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The world as it is.
    pub fn world(&self) -> World {
        self.sandbox.world(Clone::clone)
    }

    /// Changes the world.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        self.sandbox.change(change).expect("a world in memory");
    }

    /// The StateBox.
    pub fn statebox(&self) -> Option<StateBox> {
        let text = self.sandbox.world(|world| world.github.branch_file("z-stream", STATEBOX))?;
        Some(StateBox::parse(STATEBOX, &text).expect("a StateBox"))
    }

    /// The stored statuses.
    pub fn statuses(&self) -> BTreeMap<String, TaskStatus> {
        let tasks = self.statebox().map(|state| state.tasks).unwrap_or_default();
        tasks.into_iter().map(|task| (task.name, task.status)).collect()
    }

    /// Starts the machine and its drivers.
    pub fn live(&self, life: Life) -> End {
        self.start(life.seed, async |context, host| {
            let options = Options { watch: true, ..Options::default() };
            let release = release();
            let drivers =
                (0..life.drivers).map(|_| drive::run(context, &release, &options, &self.diary));
            tokio::select! {
                biased;
                () = self.sandbox.until_death() => End::Off,
                drivers = join_all(drivers) => End::Over(drivers),
                () = host => unreachable!("it waits for jobs for ever"),
                () = pause::sleep(life.lasts) => End::Off,
            }
        })
    }

    /// Lets a person do something at the machine.
    pub fn person<T>(&self, seed: u64, work: impl AsyncFnOnce(&Context) -> T) -> T {
        self.start(seed, async |context, host| {
            tokio::select! {
                biased;
                done = work(context) => done,
                () = host => unreachable!("it waits for jobs for ever"),
            }
        })
    }

    fn start<T>(
        &self,
        seed: u64,
        life: impl AsyncFnOnce(&Context, std::pin::Pin<&mut dyn Future<Output = ()>>) -> T,
    ) -> T {
        let mut around = surroundings(&self.sandbox, self.folder.path());
        around.entropy = Arc::new(SeededEntropy::new(seed));
        around.clock = Arc::new(WrongClock { right: around.clock, by: self.wrong_by });
        process(around.clock.clone(), async {
            let clock = Arc::new(PausedClock(Stopwatch::start()));
            self.sandbox.pass_with(clock).expect("a world in memory");
            let (asked, asks) = mpsc::unbounded_channel();
            let mut context = around.context(false).expect("a context");
            context.approval.launcher = Arc::new(Beside(asked));
            context.journals = Journals::Memory(self.journal.clone());
            let host = std::pin::pin!(host(&around, &self.journal, asks));
            life(&context, host).await
        })
    }
}

/// Runs approval jobs as they are asked for.
async fn host(
    around: &Surroundings,
    journal: &MemoryJournal,
    mut asks: mpsc::UnboundedReceiver<Asked>,
) {
    let mut jobs = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some((release, told)) = asks.recv() => {
                jobs.push(run_job(around, journal, release, told));
            }
            Some(()) = jobs.next(), if !jobs.is_empty() => {}
            else => std::future::pending().await,
        }
    }
}

async fn run_job(
    around: &Surroundings,
    journal: &MemoryJournal,
    release: ReleaseVersion,
    told: oneshot::Sender<Result<Launched, ApprovalError>>,
) {
    let mut context = around.context(false).expect("a context");
    context.actor = Actor::Timer("approval job".to_owned());
    context.journals = Journals::Memory(journal.clone());
    let told = Mutex::new(Some(told));
    let tell = |answer| {
        if let Some(told) = told.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _nobody_waits = told.send(answer);
        }
    };
    let ready = |_: &_| tell(Ok(Launched { pid: std::process::id(), log_path: None }));
    let poke = Notify::new();
    if let Err(error) = approval::run(&context, &release, RunOptions::default(), &poke, ready).await
    {
        tell(Err(error));
    }
}
