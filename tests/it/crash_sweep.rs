//! The crash sweep: each scenario is killed at every effect point in turn and run again; the world
//! must end as if nothing had happened, with every effect once (promises P2, P4, P5).

use oar_sandbox::crash;
use oar_sandbox::world::World;

use crate::approvals::kill_job;
use crate::harness::Place;

/// A scenario: what is there before, and the command that is killed and repeated.
struct Scenario {
    name: &'static str,
    before: &'static [&'static [&'static str]],
    program: &'static str,
    command: &'static [&'static str],
    /// The state is in a folder instead of the sandbox's GitHub.
    local: bool,
    /// The command records a task: a repeated run records it again, with a log of its own.
    records: bool,
    /// The release is promoted, and the repeated run comes when the claim of the first is stale.
    starts_a_job: bool,
    /// The release is promoted and its advisory's page is public.
    public: bool,
}

/// The StateBox of 4.99.3 exists.
const BEGUN: &[&[&str]] = &[&["-r", "4.99.3", "create-test-report"]];

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "create a release",
        before: &[],
        program: "oar",
        command: &["-r", "4.99.3", "create-test-report"],
        local: false,
        records: false,
        starts_a_job: false,
        public: false,
    },
    Scenario {
        name: "create a release in a folder",
        before: &[],
        program: "oar",
        command: &["-r", "4.99.3", "create-test-report"],
        local: true,
        records: false,
        starts_a_job: false,
        public: false,
    },
    Scenario {
        name: "detect all announced releases",
        before: &[],
        program: "oarctl",
        command: &["start-release-detector", "--all"],
        local: false,
        records: false,
        starts_a_job: false,
        public: false,
    },
    Scenario {
        name: "add an issue",
        before: &[&["-r", "4.99.3", "create-test-report"]],
        program: "oar",
        command: &["-r", "4.99.3", "issue", "add", "stage is down", "--task", "stage-testing"],
        local: true,
        records: false,
        starts_a_job: false,
        public: false,
    },
    Scenario {
        name: "resolve an issue",
        before: &[
            &["-r", "4.99.3", "create-test-report"],
            &["-r", "4.99.3", "issue", "add", "stage is down", "--task", "stage-testing"],
        ],
        program: "oar",
        command: &["-r", "4.99.3", "issue", "resolve", "stage", "--resolution", "it is back"],
        local: false,
        records: false,
        starts_a_job: false,
        public: false,
    },
    Scenario {
        name: "set a task",
        before: &[&["-r", "4.99.3", "create-test-report"]],
        program: "oar",
        command: &["-r", "4.99.3", "task", "set", "take-ownership", "Pass", "--result", "by hand"],
        local: true,
        records: false,
        starts_a_job: false,
        public: false,
    },
    Scenario {
        name: "start the stage tests",
        before: BEGUN,
        program: "oar",
        command: &["-r", "4.99.3", "stage-testing"],
        local: true,
        records: true,
        starts_a_job: true,
        public: false,
    },
    Scenario {
        name: "start the image consistency check",
        before: BEGUN,
        program: "oar",
        command: &["-r", "4.99.3", "image-consistency-check"],
        local: true,
        records: true,
        starts_a_job: true,
        public: false,
    },
    Scenario {
        name: "check the CVE trackers",
        before: BEGUN,
        program: "oar",
        command: &["-r", "4.99.3", "check-cve-tracker-bug"],
        local: true,
        records: true,
        starts_a_job: false,
        public: false,
    },
    Scenario {
        name: "push to staging",
        before: BEGUN,
        program: "oar",
        command: &["-r", "4.99.3", "push-to-cdn-staging"],
        local: true,
        records: true,
        starts_a_job: false,
        public: false,
    },
    Scenario {
        name: "approve the shipment",
        before: BEGUN,
        program: "oar",
        command: &["-r", "4.99.3", "add-qe-approval"],
        local: true,
        records: true,
        starts_a_job: false,
        public: false,
    },
    Scenario {
        name: "approve the release",
        before: BEGUN,
        program: "oar",
        command: &["-r", "4.99.3", "change-advisory-status"],
        local: true,
        records: true,
        starts_a_job: false,
        public: true,
    },
    Scenario {
        name: "run the approval job to its end",
        before: &[
            &["-r", "4.99.3", "create-test-report"],
            // Its process is killed before anything else happens.
            &["-r", "4.99.3", "change-advisory-status"],
        ],
        program: "oarctl",
        command: &["approvals", "run", "-r", "4.99.3", "--foreground"],
        local: true,
        records: true,
        starts_a_job: false,
        public: true,
    },
    Scenario {
        name: "take ownership",
        before: BEGUN,
        program: "oar",
        command: &["-r", "4.99.3", "take-ownership", "-e", "lead@example.com"],
        local: true,
        records: true,
        starts_a_job: false,
        public: false,
    },
];

impl Scenario {
    /// A place where `before` has happened.
    fn prepare(&self) -> Place {
        let place = Place::new();
        if self.local {
            std::fs::create_dir(place.path("state-repo")).expect("a folder");
        }
        for command in self.before {
            self.start(&place, "oar", command, "").expect(0);
        }
        kill_job(&place);
        let arranged = place.sandbox().change(|world| {
            if let Some(systems) = world.errata.trackers.get_mut("4.99.3") {
                let missed = vec!["OCPBUGS-99100".to_owned()];
                systems.entry("konflux".to_owned()).or_default().insert("image".to_owned(), missed);
            }
            if self.public {
                world.promote("4.99.3", "RHSA-2026:9903");
                world.publish_page("RHSA-2026:9903");
            }
            if self.starts_a_job {
                world.promote("4.99.3", "RHSA-2026:9903");
                (world.jenkins.waits, world.jenkins.takes) = (0, 86_400);
                (world.prow.page_after, world.prow.ends_after) = (0, 86_400);
            }
        });
        arranged.expect("a change");
        place
    }

    fn start(
        &self,
        place: &Place,
        program: &str,
        command: &[&str],
        crash_at: &str,
    ) -> crate::harness::Run {
        let world = format!("--sandbox={}", place.path("world").display());
        let repo = place.path("state-repo").display().to_string();
        let mut arguments = vec![world.as_str()];
        if self.local {
            arguments.extend(["--state-repo", repo.as_str()]);
        }
        arguments.extend_from_slice(command);
        place.run_with(program, &arguments, &[(crash::SETTING, crash_at)])
    }
}

/// What must be equal at the end: files of all branches and posted messages, without times.
fn end_state(
    place: &Place,
    scenario: &Scenario,
) -> (Vec<(String, String)>, Vec<String>, Vec<String>) {
    let world: World = place.sandbox().world(Clone::clone);
    let mut files = Vec::new();
    for path in [
        "_releases/4.98/statebox/4.98.17.yaml",
        "_releases/4.99/statebox/4.99.3.yaml",
        "_releases/4.99/statebox/4.99.2.yaml",
    ] {
        let text = if scenario.local {
            std::fs::read_to_string(place.path("state-repo").join(path)).ok()
        } else {
            world.github.branch_file("z-stream", path)
        };
        if let Some(text) = text {
            let text = if scenario.records { without_log(&text) } else { text };
            let text = without_job_ids(&text);
            files.push((path.to_owned(), without_times(&text)));
        }
    }
    let messages = world.slack.messages.iter().map(|m| m.text.clone()).collect();
    let mut effects: Vec<String> =
        world.effects.iter().map(|e| format!("{} {} {}", e.service, e.action, e.target)).collect();
    if scenario.records {
        // Independent steps of a task run at the same time.
        effects.sort();
    }
    (files, messages, effects)
}

/// Leaves out the lines of task logs: a run that finds the work done says so.
fn without_log(text: &str) -> String {
    let is_log = |line: &&str| {
        ["INFO", "WARNING", "ERROR"].iter().any(|level| line.contains(&format!("Z: {level}: ")))
    };
    text.lines().filter(|line| !is_log(line)).collect::<Vec<_>>().join("\n")
}

/// Replaces the ids of approval jobs, which are random.
fn without_job_ids(text: &str) -> String {
    let is_random = |id: &str| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lines = text.lines().map(|line| match line.trim().strip_prefix("id: ") {
        Some(id) if is_random(id.trim_matches('\'')) => "id: random",
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Replaces every time stamp.
fn without_times(text: &str) -> String {
    text.split('\'')
        .map(|part| if part.ends_with('Z') && part.len() == 20 { "T" } else { part })
        .collect::<Vec<_>>()
        .join("'")
}

#[test]
fn every_scenario_survives_a_crash_at_every_point() {
    for scenario in SCENARIOS {
        let calm = scenario.prepare();
        let counted = scenario.start(&calm, scenario.program, scenario.command, "count").expect(0);
        let points: usize = counted
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("effect points: "))
            .and_then(|count| count.parse().ok())
            .expect("the number of effect points");
        assert!(points >= 2, "{}: only {points} effect points", scenario.name);
        let wanted = end_state(&calm, scenario);

        for point in 1..=points {
            let place = scenario.prepare();
            let crashed =
                scenario.start(&place, scenario.program, scenario.command, &point.to_string());
            assert_eq!(crashed.code, None, "{} did not crash at {point}", scenario.name);
            if scenario.starts_a_job {
                let later = place.sandbox().change(|world| {
                    world.now += std::time::Duration::from_mins(20);
                });
                later.expect("a change");
            }
            scenario.start(&place, scenario.program, scenario.command, "").expect(0);
            let got = end_state(&place, scenario);
            assert_eq!(got, wanted, "{}: after a crash at point {point}", scenario.name);
        }
    }
}

/// Whatever point a write is killed at, a reader sees the old file or the new one.
#[test]
fn a_kill_at_any_point_of_a_write_leaves_the_old_or_the_new_file() {
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == "set a task");
    let scenario = scenario.expect("the scenario");
    let file = "state-repo/_releases/4.99/statebox/4.99.3.yaml";
    let (mut old_seen, mut new_seen) = (0, 0);
    for point in 1.. {
        let place = scenario.prepare();
        let before = std::fs::read_to_string(place.path(file)).expect("the old file");
        let run = scenario.start(&place, scenario.program, scenario.command, &point.to_string());
        let status =
            scenario.start(&place, "oar", &["-r", "4.99.3", "status", "--json"], "").expect(0);
        let after = std::fs::read_to_string(place.path(file)).expect("a file");
        if after == before {
            old_seen += 1;
            assert_eq!(status.json()["overview"]["status"], "NOT STARTED");
        } else {
            new_seen += 1;
            assert!(after.ends_with("issues: []\n"), "torn file:\n{after}");
            assert_eq!(status.json()["overview"]["status"], "IN PROGRESS");
        }
        if run.code == Some(0) {
            break;
        }
    }
    assert!(old_seen > 0 && new_seen > 1, "{old_seen} old, {new_seen} new");
}

/// R10: a lock belongs to the kernel and ends with its process; no file with a dead number is left
/// in the way.
#[test]
fn r10_a_lock_ends_with_the_process_that_held_it() {
    let scenario = SCENARIOS.last().expect("the scenario that sets a task");
    let place = scenario.prepare();
    let crashed = scenario.start(&place, scenario.program, scenario.command, "1");
    assert_eq!(crashed.code, None, "killed in the middle of its write");
    assert!(place.path("state-repo/.oar/update-lock").exists(), "it had the lock");
    scenario.start(&place, scenario.program, scenario.command, "").expect(0);
}
