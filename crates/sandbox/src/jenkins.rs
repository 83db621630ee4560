//! Jenkins: a queue whose items become builds, builds that end, both with the world's time.

use std::collections::BTreeMap;

use http::{Method, header};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, Incoming};
use crate::world::World;

/// Where it is.
const HOME: &str = "https://jenkins.example.com";
/// Items of the queue are forgotten so many seconds after they left it.
const FORGOTTEN_AFTER: i64 = 300;

/// All of Jenkins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Jenkins {
    /// Names of the jobs, folders included.
    pub jobs: Vec<String>,
    /// What was triggered, by the number of its queue item.
    pub items: BTreeMap<u64, Item>,
    /// Seconds that a new item waits.
    pub waits: i64,
    /// Seconds that a new build takes.
    pub takes: i64,
    /// The result of new builds.
    pub ends_as: String,
    /// Whether a POST needs a crumb.
    pub wants_crumb: bool,
}

/// Something that was triggered: first an item of the queue, then a build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The job.
    pub job: String,
    /// Its parameters in order.
    pub parameters: Vec<(String, String)>,
    /// Number of its build, given at once and shown later.
    pub number: u64,
    /// When it leaves the queue.
    pub leaves_at: Timestamp,
    /// When its build ends.
    pub ends_at: Timestamp,
    /// How its build ends.
    pub ends_as: String,
    /// Whether somebody took it out of the queue.
    pub cancelled: bool,
}

impl Item {
    fn actions(&self) -> Value {
        let parameters = self.parameters.iter().map(|(name, value)| {
            json!({ "_class": "hudson.model.StringParameterValue", "name": name, "value": value })
        });
        let parameters: Vec<Value> = parameters.collect();
        json!([{}, { "_class": "hudson.model.ParametersAction", "parameters": parameters }])
    }

    fn is_build(&self, now: Timestamp) -> bool {
        !self.cancelled && now >= self.leaves_at
    }

    fn build_url(&self) -> String {
        format!("{HOME}/{}/{}/", job_path(&self.job), self.number)
    }

    fn build(&self, id: u64, now: Timestamp) -> Value {
        let runs = now < self.ends_at;
        let took = self.ends_at.duration_since(self.leaves_at).as_secs() * 1000;
        json!({
            "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun",
            "number": self.number, "url": self.build_url(), "queueId": id,
            "building": runs, "inProgress": runs, "duration": if runs { 0 } else { took },
            "result": if runs { Value::Null } else { json!(self.ends_as) },
            "timestamp": self.leaves_at.as_millisecond(), "actions": self.actions(),
        })
    }

    fn queued(&self, id: u64, now: Timestamp) -> Value {
        let left = self.is_build(now);
        let executable = json!({ "number": self.number, "url": self.build_url() });
        let name = self.job.rsplit('/').next();
        json!({
            "id": id, "blocked": !left && !self.cancelled, "cancelled": self.cancelled,
            "why": if left { Value::Null } else { json!("Waiting for next available executor") },
            "executable": if left { executable } else { Value::Null },
            "task": { "name": name, "url": format!("{HOME}/{}/", job_path(&self.job)) },
            "actions": self.actions(),
        })
    }
}

/// Jenkins as the invented world begins: items wait 4 s, builds take 30 s and pass.
pub fn seeded() -> Jenkins {
    Jenkins {
        jobs: vec!["zstreams/Stage-Pipeline".to_owned(), "image-consistency-check".to_owned()],
        items: BTreeMap::new(),
        waits: 4,
        takes: 30,
        ends_as: "SUCCESS".to_owned(),
        wants_crumb: false,
    }
}

fn job_path(name: &str) -> String {
    name.split('/').map(|level| format!("job/{level}")).collect::<Vec<_>>().join("/")
}

/// Answers everything of Jenkins that is used.
pub(crate) fn answer(world: &mut World, incoming: &Incoming<'_>) -> Answer {
    let scheme = incoming.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    if !scheme.is_some_and(|value| value.starts_with("Basic ")) {
        return page(401, "Authentication required");
    }
    let path = incoming.path.join("/");
    let (jenkins, now) = (&world.jenkins, world.now);
    match (incoming.method, path.as_str()) {
        (&Method::GET, "crumbIssuer/api/json") if jenkins.wants_crumb => Answer::json(
            200,
            &json!({ "crumb": "sandbox-crumb", "crumbRequestField": "Jenkins-Crumb" }),
        )
        .with(header::SET_COOKIE, "JSESSIONID=sandbox; Path=/; HttpOnly"),
        (&Method::GET, "queue/api/json") => {
            let waiting =
                jenkins.items.iter().filter(|(_, item)| !item.cancelled && now < item.leaves_at);
            let items: Vec<Value> = waiting.map(|(id, item)| item.queued(*id, now)).collect();
            Answer::json(200, &json!({ "items": items }))
        }
        (&Method::GET, item) if item.starts_with("queue/item/") => {
            let id = item.split('/').nth(2).and_then(|id| id.parse().ok()).unwrap_or(0);
            let kept = |item: &&Item| {
                now.duration_since(item.leaves_at) < SignedDuration::from_secs(FORGOTTEN_AFTER)
            };
            match jenkins.items.get(&id).filter(kept) {
                Some(item) => Answer::json(200, &item.queued(id, now)),
                None => page(404, "Not Found"),
            }
        }
        (method, path) => {
            let job = jenkins.jobs.iter().find_map(|job| {
                Some((job.clone(), path.strip_prefix(&format!("{}/", job_path(job)))?.to_owned()))
            });
            match job {
                Some((job, rest)) => of_job(world, incoming, method, &job, &rest),
                None => page(404, "Not Found"),
            }
        }
    }
}

fn of_job(
    world: &mut World,
    incoming: &Incoming<'_>,
    method: &Method,
    job: &str,
    rest: &str,
) -> Answer {
    let now = world.now;
    let builds = || {
        let items = world.jenkins.items.iter().rev();
        items.filter(|(_, item)| item.job == job && item.is_build(now))
    };
    match (method, rest) {
        (&Method::POST, "buildWithParameters") => trigger(world, incoming, job),
        (&Method::GET, "api/json") => {
            let builds: Vec<Value> =
                builds().take(20).map(|(id, item)| item.build(*id, now)).collect();
            Answer::json(200, &json!({ "builds": builds }))
        }
        (&Method::GET, rest) => {
            let number = rest.strip_suffix("/api/json").and_then(|number| number.parse().ok());
            match builds().find(|(_, item)| Some(item.number) == number) {
                Some((id, item)) => Answer::json(200, &item.build(*id, now)),
                None => page(404, "Not Found"),
            }
        }
        _ => page(405, "Method Not Allowed"),
    }
}

fn trigger(world: &mut World, incoming: &Incoming<'_>, job: &str) -> Answer {
    let jenkins = &mut world.jenkins;
    if jenkins.wants_crumb && incoming.headers.get("jenkins-crumb").is_none() {
        return page(403, "No valid crumb was included in the request");
    }
    let parameters: Vec<(String, String)> =
        incoming.url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
    let payload = |parameters: &[(String, String)]| {
        let mut found =
            parameters.iter().filter(|(name, _)| name == "PULL_SPEC" || name == "PAYLOAD_URL");
        found.next().map(|(_, value)| value.clone())
    };
    let Some(ours) = payload(&parameters) else { return page(400, "a parameter is missing") };
    let now = world.now;
    let pending = jenkins.items.values().any(|item| {
        item.job == job
            && !item.cancelled
            && now < item.ends_at
            && payload(&item.parameters).as_ref() == Some(&ours)
    });
    let same = |item: &&Item| item.job == job;
    let number = jenkins.items.values().filter(same).map(|item| item.number).max().unwrap_or(0) + 1;
    let id = jenkins.items.keys().max().copied().unwrap_or(1000) + 1;
    let leaves_at = now + SignedDuration::from_secs(jenkins.waits);
    let item = Item {
        job: job.to_owned(),
        parameters,
        number,
        leaves_at,
        ends_at: leaves_at + SignedDuration::from_secs(jenkins.takes),
        ends_as: jenkins.ends_as.clone(),
        cancelled: false,
    };
    jenkins.items.insert(id, item);
    // Jenkins allows it; a test may not.
    world.record(
        "jenkins",
        if pending { "trigger-again" } else { "trigger" },
        format!("{job} {ours}"),
    );
    let location = format!("{HOME}/queue/item/{id}/");
    Answer::text(201, "text/html", "").with(header::LOCATION, &location)
}

fn page(status: u16, text: &str) -> Answer {
    Answer::text(status, "text/html;charset=utf-8", format!("<html><body>{text}</body></html>"))
}
