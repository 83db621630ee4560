//! The Errata Tool and Brew: advisories, their states, pushes, issues, alerts and builds.
//!
//! It follows the services' wire format. What they refuse is refused in their words and noted as an
//! effect, so that a test sees that somebody tried.

mod answers;
mod brew;
mod seed;

use std::collections::BTreeMap;

use http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, Incoming};
use crate::world::World;

pub(crate) use brew::answer as answer_brew;
pub use seed::seeded;

/// The Errata Tool, and what Brew knows about its builds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Errata {
    /// Advisories by number.
    pub advisories: BTreeMap<u64, Advisory>,
    /// Accounts: number to address.
    pub users: BTreeMap<u64, String>,
    /// Container verification tests by number.
    pub tests: BTreeMap<u64, Test>,
    /// RPMs inside of images: name of the build to name, version and release of each.
    pub images: BTreeMap<String, Vec<[String; 3]>>,
    /// Tags in Koji by name of the build.
    pub tags: BTreeMap<String, Vec<String>>,
    /// What elliott finds, by release and build system (`brew`, `konflux`): kind to keys. elliott is
    /// a program; an in-process stand-in answers from here.
    pub trackers: BTreeMap<String, BTreeMap<String, BTreeMap<String, Vec<String>>>>,
    /// The highest number given to a push job or a comment.
    pub last_id: u64,
}

/// An advisory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Advisory {
    /// `rhsa`, `rhba` or `rhea`.
    pub kind: String,
    /// Its state.
    pub state: String,
    /// One line about it.
    pub synopsis: String,
    /// `rpm`, `docker`.
    pub content_types: Vec<String>,
    /// Documentation was asked for.
    pub text_ready: bool,
    /// Documentation is approved.
    pub doc_complete: bool,
    /// Product Security: asked (`false`), approved (`true`).
    pub security_approved: Option<bool>,
    /// Advisories that must be on staging first.
    pub blocking: Vec<u64>,
    /// Account of the QE owner.
    pub assigned_to: u64,
    /// How often it was respun.
    pub respins: u32,
    /// Whether the last push to staging is from before a respin.
    pub stage_is_stale: bool,
    /// Whether its packages are signed; a push is refused otherwise.
    pub is_signed: bool,
    /// Attached Jira issues.
    pub issues: Vec<String>,
    /// CVE names.
    pub cves: Vec<String>,
    /// Push jobs.
    pub jobs: Vec<Job>,
    /// Security alerts.
    pub alerts: Vec<Alert>,
    /// Whether a refresh of the alerts is refused, as it has been seen to be.
    pub refresh_is_refused: bool,
    /// Builds by product version.
    pub builds: BTreeMap<String, Vec<String>>,
    /// Comments, oldest first.
    pub comments: Vec<Comment>,
    /// Health grade on the container page.
    pub grade: Option<char>,
}

/// A push job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// `cdn_stage`, `cdn_docker_stage`, `cdn`.
    pub target: String,
    /// Its status; a list of the jobs moves it on by one step, unless it has a clock.
    pub status: String,
    /// In a story it goes on with time.
    #[serde(default)]
    pub clock: Option<PushClock>,
}

/// How a push job goes on with time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushClock {
    /// When it was started.
    pub started: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
    /// Whether it fails then.
    pub fails: bool,
}

impl PushClock {
    /// The job's status at `now`: the steps take the same time each.
    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        let [steps @ .., last] = answers::STEPS;
        if now >= self.ends {
            return if self.fails { "FAILED" } else { last };
        }
        let gone = now.duration_since(self.started).as_secs().max(0);
        let each = self.ends.duration_since(self.started).as_secs() / 4;
        let reached = (0..).zip(steps).take_while(|(step, _)| gone >= each.saturating_mul(*step));
        reached.last().map_or(last, |(_, step)| step)
    }
}

/// A security alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its name.
    pub name: String,
    /// What was found.
    pub text: String,
    /// Whether it blocks.
    pub blocking: bool,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Its text.
    pub text: String,
}

/// A container verification test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// Advisory.
    pub advisory: u64,
    /// Build; the Errata Tool does not always say.
    pub nvr: Option<String>,
    /// Status.
    pub status: String,
}

/// Answers one request to the Errata Tool.
pub(crate) fn answer(world: &mut World, incoming: &Incoming<'_>) -> Answer {
    if incoming.credential().is_none() {
        return Answer::text(401, "text/html", "<html>Unauthorized</html>")
            .with(http::header::WWW_AUTHENTICATE, "Negotiate");
    }
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    let get = *incoming.method == Method::GET;
    let post = *incoming.method == Method::POST;
    match path.as_slice() {
        ["api", "v1", "user", id] if get => answers::user(world, id),
        ["api", "v1", "external_tests"] if get => answers::tests(world, incoming),
        ["api", "v1", "comments"] if get => answers::comments(world, incoming),
        ["api", "v1", "jira", "refresh"] if post => answers::resync(world, incoming),
        ["jira_issues", key, "advisories.json"] if get => answers::of_issue(world, key),
        ["errata", "container", id] if get => with(world, id, |_, _, it| answers::container(it)),
        ["workflow_rules", "for_advisory", id] if get => {
            with(world, id, |_, _, it| answers::guards(it))
        }
        ["api", "v1", "erratum", id] if get => {
            with(world, id, |_, id, it| Answer::json(200, &answers::erratum(id, it)))
        }
        ["api", "v1", "erratum", id] if *incoming.method == Method::PUT => {
            with(world, id, |world, id, it| answers::edit(world, id, it, incoming))
        }
        ["api", "v1", "erratum", id, what] if get => match *what {
            "push" => with(world, id, |_, _, it| answers::jobs(it)),
            "builds" => with(world, id, |_, _, it| answers::builds(it)),
            "security_alerts" => with(world, id, |_, _, it| answers::alerts(it)),
            _ => missing(),
        },
        ["api", "v1", "erratum", id, what] if post => match *what {
            "change_state" => with(world, id, |world, id, it| {
                answers::change_state(world, id, it, &form(incoming))
            }),
            "push" => with(world, id, |world, id, it| answers::push(world, id, it, incoming)),
            "add_jira_issue" | "remove_jira_issue" => {
                let add = *what == "add_jira_issue";
                with(world, id, |world, id, it| answers::issue(world, id, it, incoming, add))
            }
            "add_comment" => {
                with(world, id, |world, id, it| answers::comment(world, id, it, &form(incoming)))
            }
            _ => missing(),
        },
        ["api", "v1", "erratum", id, "security_alerts", "refresh"] if post => {
            with(world, id, |_, id, it| answers::refresh(id, it))
        }
        _ => missing(),
    }
}

/// Hands out the advisory `id` together with the rest of the world.
fn with(
    world: &mut World,
    id: &str,
    act: impl FnOnce(&mut World, u64, &mut Advisory) -> Answer,
) -> Answer {
    let taken =
        id.parse().ok().and_then(|id| Some((id, world.errata.advisories.get(&id)?.clone())));
    let Some((id, mut advisory)) = taken else { return missing() };
    let answer = act(world, id, &mut advisory);
    world.errata.advisories.insert(id, advisory);
    answer
}

/// The pairs of a form.
fn form(incoming: &Incoming<'_>) -> Vec<(String, String)> {
    url::form_urlencoded::parse(incoming.body)
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect()
}

fn missing() -> Answer {
    Answer::json(404, &json!({ "status": 404, "error": "Not Found" }))
}

/// A refusal in the Errata Tool's words, noted.
fn refuse(world: &mut World, status: u16, action: &str, id: u64, errors: &Value) -> Answer {
    world.record("errata", action, id.to_string());
    Answer::json(status, errors)
}
