//! `oarctl sandbox`: the model of the world for programs that cannot be given it in process.

mod place;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use oar_release::clock::SystemClock;
use oar_release::{Clock, ErrorClass};
use oar_sandbox::Sandbox;
use oar_sandbox::seed::KONFLUX_RELEASE;
use oar_sandbox::serve::Server;
use oar_sandbox::story::Pace;
use oar_sandbox::world::World;
use serde::Serialize;

use crate::error::CliError;
use crate::oarctl::{SandboxCommand, Serve, StandIn, StoryPace};
use crate::render::{Printer, Render};
use crate::run::{Ended, print};
use crate::stop;
use crate::wiring::Surroundings;

/// Runs one of the commands.
pub(crate) async fn run(
    around: &Surroundings,
    printer: Printer,
    command: &SandboxCommand,
) -> Result<Ended, CliError> {
    match command {
        SandboxCommand::Serve(options) => serve(around, printer, options).await,
        SandboxCommand::Elliott(options) => elliott(around, options),
    }
}

/// Where the world is served, and what a program needs to find it.
#[derive(Debug, Serialize)]
struct Served {
    schema: &'static str,
    address: String,
    folder: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Render for Served {
    /// For a shell: `. FILE` or `eval`.
    fn text(&self) -> String {
        let mut text = format!("# the sandbox in {} at {}\n", self.folder.display(), self.address);
        for (name, value) in &self.environment {
            let quoted = value.replace('\'', r"'\''");
            let _infallible = writeln!(text, "export {name}='{quoted}'");
        }
        text
    }
}

/// The machine's clock, faster from `start` on.
#[derive(Debug)]
struct Hastened {
    start: Timestamp,
    speed: NonZeroU32,
}

impl Clock for Hastened {
    fn now(&self) -> Timestamp {
        let times = i32::try_from(self.speed.get()).unwrap_or(i32::MAX);
        let passed = SystemClock.now().duration_since(self.start).saturating_mul(times);
        self.start.checked_add(passed).unwrap_or(Timestamp::MAX)
    }
}

async fn serve(
    around: &Surroundings,
    printer: Printer,
    options: &Serve,
) -> Result<Ended, CliError> {
    if around.sandbox.as_ref().is_some_and(Sandbox::has_time) {
        return Err(CliError::usage("a server does not wait with others: use its own --speed"));
    }
    // From here on a signal is a good end.
    let told = stop::listening();
    // Who waits for the file must not find an old one.
    let env_file = options.env_file.as_deref().map(EnvFile::expect).transpose()?;
    // A port that is taken is found before anything is made.
    let server = Server::listen(options.port);
    let server = server.map_err(|error| CliError::from_error(error.class(), &error))?;
    let folder = folder(around, options)?;
    let sandbox = open(&folder)?;
    let start = SystemClock.now();
    begin(&sandbox, options, start)?;
    let passing = sandbox.pass_with(Arc::new(Hastened { start, speed: options.speed }));
    passing.map_err(|error| CliError::from_error(ErrorClass::NotConfigured, &error))?;
    let address = server.home();
    let environment = place::prepare(&folder, &address)?;
    let answer = Served { schema: "oar.sandbox/1", address, folder, environment };
    if let Some(file) = &env_file {
        file.write(&answer.text())?;
    }
    print(printer, &answer)?;
    let line = format!("the sandbox listens on {}; Ctrl-C ends it\n", server.home());
    let _closed = anstream::stderr().write_all(line.as_bytes());
    server.run(sandbox, async { _ = told.await }).await;
    Ok(Ended::done())
}

/// The file of `--env-file`: there as long as the server is.
struct EnvFile(PathBuf);

impl EnvFile {
    fn expect(path: &Path) -> Result<Self, CliError> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(place::failed(path, &error)),
            _ => Ok(Self(path.to_owned())),
        }
    }

    /// Writes it in one step: whoever sees it sees all of it.
    fn write(&self, text: &str) -> Result<(), CliError> {
        crate::config::replace(&self.0, text.as_bytes())
    }
}

impl Drop for EnvFile {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}

/// The folder of `--folder`, else of `--sandbox`, else the usual one.
fn folder(around: &Surroundings, options: &Serve) -> Result<PathBuf, CliError> {
    let of_option = around.sandbox.as_ref().and_then(Sandbox::folder);
    let usual = || around.settings.state().dir.map(|dir| dir.join("sandbox"));
    let folder = options.folder.clone().or(of_option).or_else(usual).ok_or_else(|| {
        CliError::new(ErrorClass::NotConfigured, "there is no state folder for the sandbox")
            .hint("set OAR_STATE_DIR, or name a folder: --folder FOLDER")
    })?;
    // The programs that get it may run elsewhere.
    std::path::absolute(&folder).map_err(|error| place::failed(&folder, &error))
}

fn open(folder: &Path) -> Result<Sandbox, CliError> {
    Sandbox::in_folder(folder)
        .map_err(|error| CliError::from_error(ErrorClass::NotConfigured, &error))
}

/// Begins the story in a fresh world; one that is told already goes on.
fn begin(sandbox: &Sandbox, options: &Serve, now: Timestamp) -> Result<(), CliError> {
    let Some(pace) = options.story else { return Ok(()) };
    let pace = match pace {
        StoryPace::Brisk => Pace::Brisk,
        StoryPace::Real => Pace::Real,
    };
    let begun = sandbox.change(|world| begin_in(world, pace, options, now));
    let begun = begun.map_err(|error| CliError::from_error(ErrorClass::NotConfigured, &error))?;
    begun.map_err(|problem| {
        CliError::new(ErrorClass::Conflict, problem)
            .hint("remove the folder, or name another one with --folder")
    })
}

fn begin_in(
    world: &mut World,
    pace: Pace,
    options: &Serve,
    now: Timestamp,
) -> Result<(), &'static str> {
    match &world.story {
        Some(story) if story.pace != pace || !story.troubles.iter().eq(sorted(options).iter()) => {
            Err("another story is told in this world")
        }
        Some(_) => Ok(()),
        None if !world.effects.is_empty() => {
            Err("a story begins in a fresh world; this one is used")
        }
        None => {
            world.begin_story_at(now, KONFLUX_RELEASE, pace, &options.trouble);
            Ok(())
        }
    }
}

fn sorted(options: &Serve) -> std::collections::BTreeSet<oar_sandbox::story::Trouble> {
    options.trouble.iter().copied().collect()
}

/// Prints what elliott would: the only way to ask the sandbox for trackers from outside.
fn elliott(around: &Surroundings, options: &StandIn) -> Result<Ended, CliError> {
    let sandbox = around.sandbox.as_ref().ok_or_else(|| {
        CliError::usage("elliott of the sandbox needs the sandbox: --sandbox=FOLDER")
    })?;
    let found = sandbox.world(|world| oar_sandbox::elliott::output(world, &options.arguments));
    let text = found.map_err(|problem| CliError::new(ErrorClass::InvalidArgument, problem))?;
    anstream::stdout().write_all(text.as_bytes()).map_err(|error| {
        CliError::new(ErrorClass::Internal, format!("the result cannot be written: {error}"))
    })?;
    Ok(Ended::done())
}
