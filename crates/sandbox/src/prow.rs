//! Prow: Gangway starts runs, Deck shows them, the storage keeps what they leave behind.
//!
//! Runs go on by themselves with the world's time. Two runs of one attempt are possible, as in
//! reality; the second is noted as an effect of its own, so that a test can refuse it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Incoming};
use crate::gcs::Objects;
use crate::world::World;

/// Longest value of a Kubernetes label.
const LABEL_LENGTH: usize = 63;
const ATTEMPT: &str = "oar.openshift.io/attempt";
const REPORT: &str = "image-consistency-report.json";

/// All of Prow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Prow {
    /// Names of the periodic jobs.
    pub jobs: Vec<String>,
    /// Runs by id.
    pub runs: BTreeMap<String, Run>,
    /// The state in which new runs end.
    pub ends_as: String,
    /// Seconds until a new run has a page; until then it is triggered.
    pub page_after: i64,
    /// Seconds until a new run ends.
    pub ends_after: i64,
    /// What else is in the storage.
    #[serde(default)]
    pub objects: Objects,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The job.
    pub job: String,
    /// Number of its build.
    pub build_id: String,
    /// When it was started.
    pub started: Timestamp,
    /// When it has a page.
    pub page_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// How it ends.
    pub ends_as: String,
    /// A state given by hand, whatever the time.
    pub forced: Option<String>,
    /// Environment of its container.
    pub env: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Whether the ProwJob is gone, as it is about a day after the end.
    pub forgotten: bool,
}

impl Run {
    /// Its state at `now`.
    pub fn state(&self, now: Timestamp) -> String {
        match &self.forced {
            Some(state) => state.clone(),
            None if now < self.page_at => "triggered".to_owned(),
            None if now < self.ends_at => "pending".to_owned(),
            None => self.ends_as.clone(),
        }
    }

    fn has_ended(&self, now: Timestamp) -> bool {
        matches!(self.state(now).as_str(), "success" | "failure" | "aborted" | "error")
    }

    fn url(&self, now: Timestamp) -> Option<String> {
        let Self { job, build_id, .. } = self;
        let bucket = "test-platform-results";
        (now >= self.page_at).then(|| {
            format!("https://prow.ci.openshift.org/view/gs/{bucket}/logs/{job}/{build_id}")
        })
    }

    fn completed(&self, now: Timestamp) -> Option<String> {
        self.has_ended(now).then(|| self.ends_at.min(now).to_string())
    }

    /// The ProwJob as an object.
    fn object(&self, id: &str, now: Timestamp) -> Value {
        let env = self.env.iter().map(|(name, value)| json!({ "name": name, "value": value }));
        let mut status = Map::new();
        status.insert("startTime".to_owned(), json!(self.started.to_string()));
        status.insert("state".to_owned(), json!(self.state(now)));
        if let Some(url) = self.url(now) {
            status.insert("url".to_owned(), json!(url));
            status.insert("build_id".to_owned(), json!(self.build_id));
        }
        if let Some(completed) = self.completed(now) {
            status.insert("completionTime".to_owned(), json!(completed));
        }
        json!({
            "apiVersion": "prow.k8s.io/v1", "kind": "ProwJob",
            "metadata": { "name": id, "namespace": "ci", "annotations": self.annotations },
            "spec": { "job": self.job, "type": "periodic",
                      "pod_spec": { "containers": [{ "name": "", "env": env.collect::<Vec<_>>() }] } },
            "status": status,
        })
    }
}

/// Prow as the invented world begins: runs have a page after 3 s, end well after 30 s.
pub fn seeded() -> Prow {
    Prow {
        jobs: vec![
            "periodic-ci-openshift-release-tests-main-image-consistency-check".to_owned(),
            "periodic-ci-openshift-openshift-tests-private-release-4.99-stage-testing-e2e-aws-ipi"
                .to_owned(),
            "periodic-ci-example-tests-release-4.99-install-aws".to_owned(),
            "periodic-ci-example-tests-release-4.99-install-gcp".to_owned(),
            "periodic-ci-example-tests-release-4.99-install-edge".to_owned(),
            "periodic-ci-example-tests-release-4.99-upgrade-from-stable-4.98-aws".to_owned(),
        ],
        runs: BTreeMap::new(),
        ends_as: "success".to_owned(),
        page_after: 3,
        ends_after: 30,
        objects: Objects::default(),
    }
}

/// Answers Gangway's `/v1/executions`.
pub(crate) fn answer_gangway(world: &mut World, incoming: &Incoming<'_>) -> Answer {
    if incoming.credential().is_none() {
        return Answer::text(401, "text/html", "<html><title>Log in</title></html>");
    }
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    match (incoming.method, path.as_slice()) {
        (&Method::POST, ["v1", "executions"]) => {
            let job = incoming.json()["job_name"].as_str().map(str::to_owned);
            start(world, &job.unwrap_or_default(), &incoming.json())
        }
        (&Method::POST, ["v1", "executions", job]) => start(world, job, &incoming.json()),
        (&Method::GET, ["v1", "executions"]) => list(world, incoming),
        (&Method::GET, ["v1", "executions", id]) => match world.prow.runs.get(*id) {
            Some(run) if !run.forgotten => Answer::json(200, &execution(id, run, world.now)),
            _ => refusal(404, 5, "prowjobs.prow.k8s.io not found"),
        },
        _ => refusal(404, 5, "Not Found"),
    }
}

fn refusal(status: u16, code: u8, message: &str) -> Answer {
    Answer::json(status, &json!({ "code": code, "message": message, "details": [] }))
}

fn start(world: &mut World, job: &str, body: &Value) -> Answer {
    let options = &body["pod_spec_options"];
    let texts = |name: &str| -> Option<BTreeMap<String, String>> {
        let Some(map) = options[name].as_object() else { return Some(BTreeMap::new()) };
        map.iter().map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
    };
    let (Some(env), Some(annotations)) = (texts("envs"), texts("annotations")) else {
        return refusal(400, 3, "pod_spec_options holds something that is no text");
    };
    if job.is_empty() || body["job_execution_type"] != "1" {
        return refusal(400, 3, "job_name field cannot be empty, or the type is unsupported");
    }
    if env.iter().chain(&annotations).any(|(name, value)| name.is_empty() || value.is_empty()) {
        return refusal(400, 3, "invalid key/value pair");
    }
    let prow = &mut world.prow;
    if !prow.jobs.iter().any(|known| known == job) {
        let message = format!("failed to find associated periodic job {job:?}");
        return refusal(500, 2, &message);
    }
    let attempt = annotations.get(ATTEMPT).cloned();
    let again = attempt.is_some()
        && prow.runs.values().any(|run| run.annotations.get(ATTEMPT) == attempt.as_ref());
    let number = prow.runs.len() + 1;
    let hash = crate::github::blob_id(format!("{job} {number}").as_bytes());
    let id = [&hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..32]].join("-");
    let after = |seconds| world.now + SignedDuration::from_secs(seconds);
    let run = Run {
        job: job.to_owned(),
        build_id: format!("21{number:017}"),
        started: world.now,
        page_at: after(prow.page_after),
        ends_at: after(prow.ends_after),
        ends_as: prow.ends_as.clone(),
        forced: None,
        env,
        annotations,
        forgotten: false,
    };
    prow.runs.insert(id.clone(), run);
    world.record("prow", if again { "start-again" } else { "start" }, job);
    let answer = json!({ "id": id, "job_name": job, "job_type": "PERIODIC",
                         "job_status": "TRIGGERED", "pod_spec_options": options });
    Answer::json(200, &answer)
}

/// Gangway selects by a label, in which Prow cuts long names; a longer name finds nothing, and that
/// is not an error.
fn list(world: &World, incoming: &Incoming<'_>) -> Answer {
    let wanted = incoming.query("job_name").unwrap_or_default();
    let status = incoming.query("status").unwrap_or_default();
    let label = |job: &str| {
        let cut = job.floor_char_boundary(LABEL_LENGTH);
        job[..cut].trim_end_matches(['.', '-']).to_owned()
    };
    let fits = |run: &Run| {
        !run.forgotten
            && (wanted.is_empty() || label(&run.job) == wanted)
            && (status.is_empty() || run.state(world.now).eq_ignore_ascii_case(&status))
    };
    let runs: Vec<Value> = world
        .prow
        .runs
        .iter()
        .filter(|(_, run)| fits(run))
        .map(|(id, run)| {
            json!({ "id": id, "job_name": run.job, "job_type": "PERIODIC",
                    "job_status": run.state(world.now).to_uppercase() })
        })
        .collect();
    let list = if runs.is_empty() { json!({}) } else { json!({ "job_execution": runs }) };
    Answer::json(200, &list)
}

fn execution(id: &str, run: &Run, now: Timestamp) -> Value {
    let mut answer = json!({
        "id": id, "job_name": run.job, "job_type": "PERIODIC", "gcs_path": "",
        "job_status": run.state(now).to_uppercase(), "create_time": run.started.to_string(),
    });
    if let Some(url) = run.url(now) {
        answer["job_url"] = json!(url);
    }
    if let Some(completed) = run.completed(now) {
        answer["completion_time"] = json!(completed);
    }
    answer
}

/// Answers Deck's `/prowjob?prowjob=<id>`: YAML, although it says plain text.
pub(crate) fn answer_deck(world: &World, incoming: &Incoming<'_>) -> Answer {
    let Some(id) = incoming.query("prowjob").filter(|id| !id.is_empty()) else {
        return Answer::text(
            400,
            "text/plain",
            "request did not provide the 'prowjob' query parameter",
        );
    };
    match world.prow.runs.get(&id) {
        Some(run) if incoming.path == ["prowjob"] && !run.forgotten => {
            let mut text = String::new();
            yaml(&run.object(&id, world.now), 0, &mut text);
            Answer::text(200, "text/plain; charset=utf-8", text)
        }
        _ => Answer::text(404, "text/plain; charset=utf-8", "ProwJob not found"),
    }
}

/// Writes objects as nested maps and everything else as JSON, which is YAML, too.
fn yaml(value: &Value, depth: usize, text: &mut String) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let indent = "  ".repeat(depth);
        match value.as_object().filter(|map| !map.is_empty()) {
            Some(_) => {
                let _infallible = writeln!(text, "{indent}{key}:");
                yaml(value, depth + 1, text);
            }
            None => {
                let _infallible = writeln!(text, "{indent}{key}: {value}");
            }
        }
    }
}

/// What the run of `job` numbered `build` left behind by itself under `name`.
pub(crate) fn left_behind(world: &World, job: &str, build: &str, name: &[&str]) -> Option<Value> {
    let found = world.prow.runs.iter().find(|(_, run)| run.job == job && run.build_id == build);
    let (id, run) = found.filter(|(_, run)| world.now >= run.page_at)?;
    let state = run.state(world.now);
    match name {
        ["prowjob.json"] => Some(run.object(id, world.now)),
        ["finished.json"] if run.has_ended(world.now) => Some(json!({
            "timestamp": run.ends_at.as_second(), "passed": state == "success",
            "result": state.to_uppercase(),
        })),
        ["artifacts", .., last]
            if *last == REPORT && matches!(state.as_str(), "success" | "failure") =>
        {
            let verdict = if state == "success" { "consistent" } else { "inconsistent" };
            let payload = run.env.get("MULTISTAGE_PARAM_OVERRIDE_PAYLOAD_URL");
            Some(
                json!({ "payload": payload, "version": "", "verdict": verdict, "images": [], "counts": {} }),
            )
        }
        _ => None,
    }
}
