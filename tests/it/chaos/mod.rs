//! Chaos: thousands of releases drive themselves while services fail, machines die and start again,
//! clocks jump, and several drivers work on the same release. Nothing is done twice, nothing passes
//! that did not, nothing that was found out is lost, and every release ends shipped or with a reason.
//!
//! A journey is its seed: `OAR_CHAOS_SEED=17 cargo test -p oar-tests --test it -- chaos` repeats one and
//! prints its diary. `OAR_CHAOS_JOURNEYS` says how many there are, `OAR_CHAOS_FROM` the first seed.

mod people;
mod truth;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use oar_operators::drive::Driven;
use oar_release::clock::SeededEntropy;
use oar_release::workflow::{Ending, Node, Verdict};
use oar_release::{Entropy, Task, TaskStatus};
use oar_sandbox::fault::{Faults, Kind, RandomFaults};
use oar_sandbox::story::{Pace, Trouble};
use oar_sandbox::world::World;
use oar_transport::env::Environment;

use self::people::Word;
use crate::machine::{End, Life, Machine};
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

    fn pick<'w>(&self, words: &[&'w str]) -> &'w str {
        let count = u64::try_from(words.len()).expect("a few");
        words[usize::try_from(self.below(count)).expect("a few")]
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
    /// How often the machine was started.
    lives: usize,
    /// The statuses when they were last looked at.
    statuses: BTreeMap<String, TaskStatus>,
    /// What a person accepted although its tests failed.
    accepted: BTreeSet<Task>,
}

impl Journey {
    fn new(seed: u64) -> Self {
        let dice = Dice::new(seed);
        let troubles: Vec<Trouble> = Trouble::ALL.into_iter().filter(|_| dice.one_in(6)).collect();
        let mut world = World::seeded();
        world.begin_story_with(Pace::Hasty, RELEASE, &troubles);
        // Until a person has repaired what they test.
        if dice.one_in(6) {
            let words = ["FAILURE", "UNSTABLE", "ABORTED"];
            dice.pick(&words).clone_into(&mut world.jenkins.ends_as);
        }
        if dice.one_in(6) {
            let words = ["failure", "aborted", "error"];
            dice.pick(&words).clone_into(&mut world.prow.ends_as);
        }
        let machine = Machine::new(world);
        let (statuses, accepted) = (BTreeMap::new(), BTreeSet::new());
        Self { seed, dice, machine, troubles, lives: 0, statuses, accepted }
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
            self.lives += 1;
            let end = self.machine.live(life);
            self.check();
            match end {
                End::Off => self.time_goes_on(),
                End::Over(ended) => {
                    let driven = &ended[0];
                    match driven.ending {
                        Ending::Shipped => return Ending::Shipped,
                        _ if self.person_ends_it(driven) => return driven.ending,
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
    fn person_ends_it(&mut self, driven: &Driven) -> bool {
        assert!(!driven.why.reason.is_empty(), "seed {}: no reason", self.seed);
        let seed = self.dice.0.next_u64();
        if driven.ending == Ending::NeedsDecision {
            let word = if self.dice.one_in(10) { Word::Reject } else { Word::Accept };
            let recorded =
                self.machine.person(seed, async |context| people::decide(context, word).await);
            if word == Word::Accept {
                self.accepted.insert(Task::AnalyzePromotedBuild);
            }
            return recorded && word == Word::Reject;
        }
        // Hours later, when whoever is to blame has repaired it.
        self.machine.change(|world| {
            world.now += Duration::from_hours(3);
            "SUCCESS".clone_into(&mut world.jenkins.ends_as);
            "success".clone_into(&mut world.prow.ends_as);
            oar_sandbox::story::advance(world);
        });
        let rows = driven.plan.tasks.iter();
        let left = rows
            .filter(|row| matches!(row.verdict, Verdict::Retry | Verdict::Blocked | Verdict::Run));
        let left: Vec<Task> = left
            .filter_map(|row| match row.task {
                Node::Task(task) => Some(task),
                _ => None,
            })
            .collect();
        self.machine.person(seed, async |context| {
            for task in left {
                people::retry(context, task).await;
            }
        });
        false
    }

    /// What must hold at every moment.
    fn check(&mut self) {
        let world = self.machine.world();
        let statuses = self.machine.statuses();
        for (task, before) in &self.statuses {
            if *before == TaskStatus::Pass && statuses.get(task) != Some(&TaskStatus::Pass) {
                self.fail(&format!("{task} had passed"));
            }
        }
        for (task, status) in &statuses {
            if *status == TaskStatus::Pass && !truth::is_true(&world, task, &self.accepted) {
                self.fail(&format!("{task} passed, and that is not true"));
            }
        }
        if let Some(excess) = truth::done_too_often(&world, &self.troubles, self.lives) {
            self.fail(&excess);
        }
        self.statuses = statuses;
    }

    fn fail(&self, what: &str) -> ! {
        let diary = self.machine.diary.lines();
        let last = &diary[diary.len().saturating_sub(60)..];
        panic!("seed {}, troubles {:?}: {what}\n{last:#?}", self.seed, self.troubles)
    }
}

fn number(name: &str) -> Option<u64> {
    Environment::from_process().get(name)?.parse().ok()
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
    let started = std::time::Instant::now();
    let (next, failed) = (AtomicU64::new(first), AtomicBool::new(false));
    let work = || {
        let mut endings: BTreeMap<String, u64> = BTreeMap::new();
        // One failure is enough: the others need not be waited for.
        let _alarm = Alarm(&failed);
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + journeys || failed.load(Ordering::Relaxed) {
                return endings;
            }
            *endings.entry(format!("{:?}", Journey::new(seed).run())).or_default() += 1;
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut endings: BTreeMap<String, u64> = BTreeMap::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            for (ending, count) in thread.join().expect("no journey fails") {
                *endings.entry(ending).or_default() += count;
            }
        }
    });
    println!("{journeys} journeys from seed {first} in {:?}: {endings:?}", started.elapsed());
    assert_eq!(endings.values().sum::<u64>(), journeys);
}

/// Tells the other workers that a journey failed.
struct Alarm<'f>(&'f AtomicBool);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        self.0.fetch_or(std::thread::panicking(), Ordering::Relaxed);
    }
}

#[test]
fn a_journey_is_its_seed() {
    for seed in 0..8 {
        let lived = || {
            let mut journey = Journey::new(seed);
            let ending = journey.run();
            (ending, journey.machine.diary.lines(), journey.machine.world())
        };
        let (first, second) = (lived(), lived());
        assert_eq!(first.1, second.1, "seed {seed}");
        assert!(first == second, "seed {seed}: another world");
    }
}
