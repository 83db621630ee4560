//! Runs `why`, `drive` and `decide`.

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use jiff::Timestamp;
use oar_operators::commands::{active_releases, decide as word};
use oar_operators::drive::{self, Driven, Event, Options, Watcher};
use oar_operators::tasks::analyze_build::Decision;
use oar_release::time::stamp;
use oar_release::workflow::{self, Ending, Goal, Node, Plan, Standing, Verdict};
use oar_release::{Masker, ReleaseVersion, Task};

use crate::error::CliError;
use crate::exit::Exit;
use crate::oar::{DecideCommand, Drive};
use crate::progress::{Bars, ReleaseBar};
use crate::render::Printer;
use crate::render::drive::{DriveResult, WhyResult};
use crate::render::plan::{PlanResult, PlansResult};
use crate::run::{Ended, print, tell};
use crate::wiring::Surroundings;

/// `oar why`.
pub(crate) async fn why(
    around: &Surroundings,
    printer: Printer,
    release: &ReleaseVersion,
) -> Result<Ended, CliError> {
    let why = drive::why(&around.context(false)?, release).await;
    let exit = match why.standing {
        Standing::Shipped | Standing::Ready => Exit::Done,
        Standing::Blocked | Standing::NeedsDecision => Exit::Blocked,
        Standing::Failed => Exit::Failed,
        Standing::Unknown | Standing::Waiting | Standing::Running => Exit::Undecided,
    };
    print(printer, &WhyResult { schema: "oar.why/1", why })?;
    Ok(Ended::as_exit(exit))
}

/// `oar decide`.
pub(crate) async fn decide(
    around: &Surroundings,
    printer: Printer,
    release: &ReleaseVersion,
    command: &DecideCommand,
) -> Result<Ended, CliError> {
    let (options, decision) = match command {
        DecideCommand::Accept(options) => (options, Decision::Accept(options.reason.clone())),
        DecideCommand::Reject(options) => (options, Decision::Reject(options.reason.clone())),
    };
    let context = around.context(options.dry_run.dry_run)?;
    tell(printer, &word::run(&context, release, options.task, &decision).await?)
}

/// `oar drive`.
pub(crate) async fn run(
    around: &Surroundings,
    printer: Printer,
    release: Option<&ReleaseVersion>,
    options: &Drive,
) -> Result<Ended, CliError> {
    check(around, release, options)?;
    let (releases, problems) = if let Some(release) = release {
        (vec![release.clone()], Vec::new())
    } else {
        let keep_days = i32::try_from(around.settings.prow().keep_days).unwrap_or(i32::MAX);
        let found = active_releases::run(&around.context(false)?, keep_days).await?;
        (found.releases.into_iter().map(|one| one.release).collect(), found.problems)
    };
    if options.execute {
        let drives = releases.iter().map(|release| drive_one(around, release, options));
        let drives =
            join_all(drives).await.into_iter().collect::<Result<Vec<Driven>, CliError>>()?;
        // A release that could not be looked at is a failure, whatever became of the others.
        let unread = problems.iter().map(|_| Exit::Failed);
        let exits = drives.iter().map(|driven| exit_of(driven.ending)).chain(unread);
        let exit = exits.max_by_key(|exit| severity(*exit));
        let result = DriveResult { schema: "oar.drives/1", releases: drives, problems };
        print(printer, &result)?;
        return Ok(Ended::as_exit(exit.unwrap_or(Exit::Done)));
    }
    let plans = releases.iter().map(|release| plan_one(around, release, options));
    let plans = join_all(plans).await.into_iter().collect::<Result<Vec<Plan>, CliError>>()?;
    let offers = plans.iter().flat_map(|plan| &plan.tasks).any(|row| row.verdict.is_offer());
    match (plans.as_slice(), options.all) {
        ([plan], false) => {
            print(printer, &PlanResult { schema: "oar.plan/1", plan: plan.clone() })?;
        }
        _ => print(printer, &PlansResult { schema: "oar.plans/1", releases: plans, problems })?,
    }
    Ok(Ended::as_exit(if offers { Exit::ChangesPending } else { Exit::Done }))
}

/// What clap cannot know.
fn check(
    around: &Surroundings,
    release: Option<&ReleaseVersion>,
    options: &Drive,
) -> Result<(), CliError> {
    if options.all == release.is_some() {
        let problem = if options.all { "name a release or --all, not both" } else { "drive what?" };
        return Err(CliError::usage(problem).hint("oar -r 4.20.7 drive, or oar drive --all"));
    }
    if options.watch && options.dry_run.dry_run {
        let problem = "--dry-run changes nothing, so there is nothing to watch";
        return Err(CliError::usage(problem).hint("leave --watch out"));
    }
    let stands = around.sandbox.as_ref().is_some_and(|sandbox| !sandbox.has_time());
    if options.watch && stands {
        let problem = "time stands still in this sandbox: nothing would ever happen";
        return Err(CliError::usage(problem).hint("add --sandbox-speed 20000"));
    }
    Ok(())
}

async fn plan_one(
    around: &Surroundings,
    release: &ReleaseVersion,
    options: &Drive,
) -> Result<Plan, CliError> {
    let context = around.context(false)?;
    let facts = drive::facts_for(&context, release, options.email.as_deref()).await;
    Ok(workflow::plan(&facts))
}

async fn drive_one(
    around: &Surroundings,
    release: &ReleaseVersion,
    options: &Drive,
) -> Result<Driven, CliError> {
    let context = around.context(options.dry_run.dry_run)?;
    let what = Options {
        owner: options.email.clone(),
        watch: options.watch,
        goal: options.until.map_or(Goal::Shipped, Goal::Task),
    };
    let view = View::new(&around.bars, Arc::clone(&around.masker));
    Ok(drive::run(&context, release, &what, &view).await)
}

const fn exit_of(ending: Ending) -> Exit {
    match ending {
        Ending::Shipped | Ending::Reached => Exit::Done,
        Ending::Waiting => Exit::Undecided,
        Ending::Blocked | Ending::NeedsDecision => Exit::Blocked,
        Ending::Failed => Exit::Failed,
    }
}

/// Of several releases the one that most needs somebody decides.
const fn severity(exit: Exit) -> u8 {
    match exit {
        Exit::Failed => 3,
        Exit::Blocked => 2,
        Exit::Undecided => 1,
        _ => 0,
    }
}

/// Shows a drive: one line for each event, and on a terminal how far the release is.
#[derive(Debug)]
struct View {
    bars: Bars,
    masker: Arc<Masker>,
    bar: Option<ReleaseBar>,
    last: Mutex<String>,
}

impl View {
    fn new(bars: &Bars, masker: Arc<Masker>) -> Self {
        Self { bars: bars.clone(), masker, bar: bars.of_release(), last: Mutex::default() }
    }

    /// Says a line, unless it was the last one said: a wait that goes on is told once.
    fn say(&self, at: Timestamp, release: &ReleaseVersion, line: &str) {
        let line = self.masker.mask(line);
        let at = stamp(at);
        self.bars.aside(|| {
            let _closed = writeln!(anstream::stderr(), "{at} {release} {line}");
        });
    }

    fn is_news(&self, line: &str) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *last != line;
        line.clone_into(&mut last);
        is_news
    }
}

impl Watcher for View {
    fn see(&self, release: &ReleaseVersion, at: Timestamp, event: &Event<'_>) {
        match event {
            Event::Planned { plan } => {
                if let Some(bar) = &self.bar {
                    let done = |task: &&Task| {
                        let verdict = plan.row(Node::Task(**task)).verdict;
                        matches!(verdict, Verdict::Done | Verdict::NotApplicable)
                    };
                    let all = Task::WORKFLOW.iter();
                    bar.at(all.filter(done).count() as u64, Task::WORKFLOW.len() as u64);
                    bar.say(format!("{release}  {}", stamp(at)));
                }
            }
            Event::Waits { why, .. } => {
                let held = why.task.map_or("release", |node| node.name());
                let words = format!("waiting: {held}: {}", why.reason);
                if let Some(bar) = &self.bar {
                    bar.say(format!("{release}  {}  {words}", stamp(at)));
                }
                if self.is_news(&words) {
                    self.say(at, release, &words);
                }
            }
            event => {
                if let Some(line) = event.line() {
                    self.say(at, release, &line);
                }
            }
        }
    }
}
