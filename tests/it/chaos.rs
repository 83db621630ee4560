//! Chaos: thousands of releases drive themselves while services fail, machines die and start again,
//! clocks jump, and several drivers work on the same release. Nothing is done twice, nothing passes
//! that did not, nothing that was found out is lost, and every release ends shipped or with a reason.
//!
//! The seed throws all dice: `OAR_CHAOS_SEED=17 cargo test -p oar-tests --test it -- chaos` repeats them.
//! What two commands do at the same moment may still come in another order: repeat a rare one some times.
//! `OAR_CHAOS_JOURNEYS` says how many there are, `OAR_CHAOS_FROM` the first seed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use oar_operators::Context;
use oar_operators::commands::decide;
use oar_operators::drive::Driven;
use oar_operators::tasks::analyze_build::Decision;
use oar_operators::tasks::{
    change_advisory_status, check_cve_tracker_bug, image_consistency_check, image_signed_check,
    push_to_cdn_staging, stage_testing, take_ownership,
};
use oar_release::clock::SeededEntropy;
use oar_release::workflow::{Ending, Node, Verdict};
use oar_release::{Entropy, Task, TaskStatus};
use oar_sandbox::fault::{Faults, Kind, RandomFaults};
use oar_sandbox::story::{Pace, Trouble};
use oar_sandbox::world::World;
use oar_transport::env::Environment;

use crate::machine::{End, Life, Machine, release};
use crate::trial::RELEASE;

/// Starts of the machine during which services fail; afterwards they behave.
const STORMY: usize = 6;
/// Starts within which every journey has to end.
const MOST: usize = 30;

/// Dice.
struct Dice(Arc<SeededEntropy>);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(Arc::new(SeededEntropy::new(seed)))
    }

    /// A number below `bound`.
    fn below(&self, bound: u64) -> u64 {
        self.0.next_u64() % bound
    }

    fn one_in(&self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn minutes(&self, bound: u64) -> Duration {
        Duration::from_mins(self.below(bound))
    }
}

/// What services do to requests.
fn faults(dice: &Dice) -> Faults {
    let kinds = vec![
        Kind::Status(500),
        Kind::Status(503),
        Kind::RateLimited(2),
        Kind::StatusAfter(502),
        Kind::ResetBefore,
        Kind::ResetAfter,
        Kind::Stall,
        Kind::Truncated,
        Kind::LoginPage,
        Kind::HeadMoved { branch: "z-stream" },
        Kind::Dies { acts: false },
        Kind::Dies { acts: true },
    ];
    let permille = u16::try_from(dice.below(40)).expect("a small number");
    let entropy = Arc::clone(&dice.0) as _;
    Faults {
        rules: Vec::new(),
        random: Some(RandomFaults { entropy, permille, method: None, kinds }),
    }
}

/// One release and everything that happens to it.
struct Journey {
    seed: u64,
    dice: Dice,
    machine: Machine,
    troubles: Vec<Trouble>,
    passed: BTreeMap<String, TaskStatus>,
}

impl Journey {
    fn new(seed: u64) -> Self {
        let dice = Dice::new(seed);
        let troubles: Vec<Trouble> = Trouble::ALL.into_iter().filter(|_| dice.one_in(6)).collect();
        let mut world = World::seeded();
        world.begin_story_with(Pace::Hasty, RELEASE, &troubles);
        let machine = Machine::new(world);
        Self { seed, dice, machine, troubles, passed: BTreeMap::new() }
    }

    /// Drives, dies, starts again; how it ended.
    fn run(&mut self) -> Ending {
        for start in 0..MOST {
            let stormy = start < STORMY;
            let faults = if stormy { faults(&self.dice) } else { Faults::default() };
            self.machine.sandbox().set_faults(faults);
            let drivers = if self.dice.one_in(3) { 2 } else { 1 };
            let lasts =
                if stormy { self.dice.minutes(6 * 60) } else { Duration::from_hours(24 * 20) };
            let life = Life { drivers, lasts, seed: self.dice.0.next_u64() };
            let end = self.machine.live(life);
            self.check();
            match end {
                End::Off => self.time_goes_on(),
                End::Over(ended) => {
                    let driven = &ended[0];
                    match driven.ending {
                        Ending::Shipped => return Ending::Shipped,
                        _ if self.person_gives_up(driven) => return driven.ending,
                        _ => {}
                    }
                    self.check();
                }
            }
        }
        self.fail(&format!("it does not end: {:?}", self.machine.statuses()))
    }

    /// While the machine is off; its clock may be wrong afterwards, in either direction.
    fn time_goes_on(&mut self) {
        let (off, wrong) = (self.dice.minutes(2 * 60), self.dice.below(180));
        self.machine.change(|world| world.now += off);
        let wrong = i64::try_from(wrong).expect("a small number") - 90;
        let wrong_by = if self.dice.one_in(4) { wrong } else { 0 };
        self.machine.wrong_by = SignedDuration::from_mins(wrong_by);
    }

    /// A person does what the driver left to people; true when that ends the journey.
    fn person_gives_up(&self, driven: &Driven) -> bool {
        assert!(!driven.why.reason.is_empty(), "seed {}: no reason", self.seed);
        let seed = self.dice.0.next_u64();
        if driven.ending == Ending::NeedsDecision {
            let rejects = self.dice.one_in(10);
            return self.machine.person(seed, async |context| decided(context, rejects).await);
        }
        // Hours later, when whoever is to blame has repaired it.
        self.machine.change(|world| {
            world.now += Duration::from_hours(3);
            oar_sandbox::story::advance(world);
        });
        let failed: Vec<Task> = driven
            .plan
            .tasks
            .iter()
            .filter(|row| matches!(row.verdict, Verdict::Retry | Verdict::Blocked | Verdict::Run))
            .filter_map(|row| match row.task {
                Node::Task(task) if !matches!(task, Task::DropBugs) => Some(task),
                _ => None,
            })
            .collect();
        self.machine.person(seed, async |context| {
            for task in failed {
                retried(context, task).await;
            }
        });
        false
    }

    /// What must hold at every moment.
    fn check(&mut self) {
        let world = self.machine.world();
        let statuses = self.machine.statuses();
        for (task, before) in &self.passed {
            if *before == TaskStatus::Pass && statuses.get(task) != Some(&TaskStatus::Pass) {
                self.fail(&format!("{task} had passed"));
            }
        }
        for (task, status) in &statuses {
            if *status == TaskStatus::Pass && !is_true(&world, task) {
                self.fail(&format!("{task} passed, and that is not true"));
            }
        }
        self.nothing_was_done_twice(&world);
        self.passed = statuses;
    }

    fn nothing_was_done_twice(&self, world: &World) {
        let mut done: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
        for effect in &world.effects {
            let deed = (effect.service.as_str(), effect.action.as_str(), effect.target.as_str());
            *done.entry(deed).or_default() += 1;
        }
        for ((service, action, target), count) in done {
            let allowed = match (service, action, target) {
                // Files, messages (looked at below), the summary that is kept up to date, and an owner
                // who was the owner before.
                ("github" | "slack", _, _)
                | ("gitlab", "update-note", _)
                | ("errata", "change-owner", _) => continue,
                // The note to the lead, and the summary of image health.
                ("gitlab", "add-note", _) => 2,
                ("errata", "push", "990031") if self.has(Trouble::FlakyPush) => 2,
                _ => 1,
            };
            if count > allowed {
                self.fail(&format!("{service} {action} {target}: {count} times"));
            }
        }
        let mut told: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for message in &world.slack.messages {
            *told.entry((&message.channel, &message.text)).or_default() += 1;
        }
        // Once, but for a StateBox that could not be read at the very moment: then nobody knows which
        // message came before, and whoever looks for the first of its kind does not find a later one.
        if let Some(((channel, text), count)) = told.into_iter().find(|(_, count)| *count > 2) {
            self.fail(&format!("{channel} was told {count} times: {text}"));
        }
    }

    fn has(&self, trouble: Trouble) -> bool {
        self.troubles.contains(&trouble)
    }

    fn fail(&self, what: &str) -> ! {
        let diary = self.machine.diary.lines();
        let last = &diary[diary.len().saturating_sub(60)..];
        panic!("seed {}, troubles {:?}: {what}\n{last:#?}", self.seed, self.troubles)
    }
}

/// The person's word about rejected tests; true for a rejection, which ends the journey.
async fn decided(context: &Context, rejects: bool) -> bool {
    let reason = "looked at by the person of this test".parse().expect("a reason");
    let decision = if rejects { Decision::Reject(reason) } else { Decision::Accept(reason) };
    let subject = decide::subject(Task::AnalyzePromotedBuild);
    let told = decide::run(context, &release(), subject, &decision).await;
    rejects && told.is_ok_and(|report| report.statebox.written)
}

/// Runs the command of a task that failed or is blocked, as a person does.
async fn retried(context: &Context, task: Task) {
    let release = release();
    let lead = "lead@example.com";
    let _report = match task {
        Task::TakeOwnership => take_ownership::run(context, &release, lead).await,
        Task::CheckCveTrackerBug => check_cve_tracker_bug::run(context, &release, true).await,
        Task::PushToCdnStaging => push_to_cdn_staging::run(context, &release).await,
        Task::StageTesting => stage_testing::run(context, &release, None).await,
        Task::ImageConsistencyCheck => {
            let backend = image_consistency_check::Backend::Prow;
            let request = image_consistency_check::Request::Start { backend, force: false };
            image_consistency_check::run(context, &release, &request).await
        }
        Task::ImageSignedCheck => {
            let archs = [oar_release::Arch::Amd64];
            image_signed_check::run(context, &release, &archs).await
        }
        Task::ChangeAdvisoryStatus => {
            let target = oar_errata::TargetState::RelPrep;
            let options = change_advisory_status::Options { target, allow_draft: false };
            change_advisory_status::run(context, &release, options).await
        }
        _ => return,
    };
}

/// Whether the world agrees that `task` is done.
fn is_true(world: &World, task: &str) -> bool {
    let advisories = || [990_031, 990_032].map(|id| &world.errata.advisories[&id]);
    let record = |build: &str| {
        let path = format!("_releases/ocp-test-result-{build}-amd64.json");
        world.github.branch_file("record", &path).unwrap_or_default()
    };
    match task {
        "push-to-cdn-staging" => advisories().iter().all(|advisory| {
            advisory.jobs.last().is_some_and(|job| job.status == "COMPLETE")
                || matches!(advisory.state.as_str(), "PUSH_READY" | "IN_PUSH" | "SHIPPED_LIVE")
        }),
        "change-advisory-status" => advisories().iter().all(|advisory| {
            matches!(
                advisory.state.as_str(),
                "REL_PREP" | "PUSH_READY" | "IN_PUSH" | "SHIPPED_LIVE"
            )
        }),
        "analyze-promoted-build" | "analyze-candidate-build" => {
            let build = match task {
                "analyze-promoted-build" => RELEASE,
                _ => "4.99.0-0.nightly-2026-03-01-045853",
            };
            record(build).contains("\"aggregated\"")
        }
        // Ended by themselves; the clock may have been set back since.
        "stage-testing" => !world.jenkins.items.is_empty(),
        "image-consistency-check" => !world.prow.runs.is_empty(),
        "image-signed-check" => !world.signatures.files.is_empty(),
        _ => true,
    }
}

fn number(name: &str) -> Option<u64> {
    Environment::from_process().get(name)?.parse().ok()
}

/// Lets no journey begin any more, unless it is taken back before it is dropped.
struct StopOthers<'n> {
    next: &'n AtomicU64,
    at: u64,
}

impl Drop for StopOthers<'_> {
    fn drop(&mut self) {
        self.next.fetch_max(self.at / 2, Ordering::Relaxed);
    }
}

#[test]
fn thousands_of_releases_survive_everything() {
    if let Some(seed) = number("OAR_CHAOS_SEED") {
        let mut journey = Journey::new(seed);
        let ending = journey.run();
        println!("{:#?}\n{ending:?}", journey.machine.diary.lines());
        return;
    }
    let journeys = number("OAR_CHAOS_JOURNEYS").unwrap_or(100);
    let first = number("OAR_CHAOS_FROM").unwrap_or(0);
    let next = AtomicU64::new(first);
    let started = std::time::Instant::now();
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let endings = std::thread::scope(|scope| {
        let work = || {
            let mut endings: BTreeMap<String, usize> = BTreeMap::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + journeys {
                    return endings;
                }
                // One failure is enough: the others need not be waited for.
                let mut stop = StopOthers { next: &next, at: u64::MAX };
                let ending = Journey::new(seed).run();
                stop.at = 0;
                *endings.entry(format!("{ending:?}")).or_default() += 1;
            }
        };
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut all: BTreeMap<String, usize> = BTreeMap::new();
        for thread in threads {
            for (ending, count) in thread.join().expect("no journey fails") {
                *all.entry(ending).or_default() += count;
            }
        }
        all
    });
    println!("{journeys} journeys from seed {first} in {:?}: {endings:?}", started.elapsed());
    assert_eq!(endings.values().sum::<usize>() as u64, journeys);
}
