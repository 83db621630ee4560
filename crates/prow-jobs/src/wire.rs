//! Bodies of requests and answers of Gangway, Deck and the artefacts, without sending anything.

use std::collections::BTreeMap;

use jiff::Timestamp;
use oar_release::time::stamp;
use oar_yaml::{Document, Node};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::order::RunOrder;
use crate::run::{ProwRun, RunId, RunPage, RunSource, RunState};

/// Longest value of a Kubernetes label, by which Gangway selects the runs of a job.
const LABEL_LENGTH: usize = 63;

/// Where Gangway reads the name of the job (spec 04 §5.1, setting `gangway.job_name_in`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JobNameIn {
    /// The path: what production uses.
    #[default]
    Path,
    /// The body: what its documentation says.
    Body,
}

/// Body of a start. `job_execution_type` 1 is "periodic".
pub(crate) fn start_body(order: &RunOrder, name_in: JobNameIn) -> Value {
    let mut options = Map::new();
    if !order.envs().is_empty() {
        options.insert("envs".to_owned(), json!(order.envs()));
    }
    options.insert("annotations".to_owned(), json!(order.annotations()));
    let mut body = json!({ "job_execution_type": "1", "pod_spec_options": options });
    if name_in == JobNameIn::Body {
        body["job_name"] = json!(order.job());
    }
    body
}

/// The name by which the runs of `job` are listed. Gangway selects by a label, and Prow cuts the
/// names in labels; an uncut name would find nothing, silently.
pub(crate) fn listed_name(job: &str) -> &str {
    if job.len() <= LABEL_LENGTH {
        return job;
    }
    job[..job.floor_char_boundary(LABEL_LENGTH)].trim_end_matches(['.', '-'])
}

/// A run in Gangway's words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Execution {
    pub(crate) id: String,
    #[serde(alias = "jobName", default)]
    pub(crate) job_name: String,
    #[serde(alias = "jobStatus", default)]
    pub(crate) job_status: String,
    #[serde(alias = "jobUrl", default)]
    pub(crate) job_url: String,
    #[serde(alias = "createTime", default)]
    pub(crate) create_time: Option<String>,
    #[serde(alias = "completionTime", default)]
    pub(crate) completion_time: Option<String>,
}

impl Execution {
    pub(crate) fn into_run(self) -> Option<ProwRun> {
        Some(ProwRun {
            id: Some(self.id.parse().ok()?),
            job: self.job_name,
            state: RunState::from_word(&self.job_status),
            url: Some(self.job_url).filter(|url| !url.is_empty()),
            started_at: self.create_time,
            completed_at: self.completion_time,
            env: Vec::new(),
            annotations: BTreeMap::new(),
            source: RunSource::Gangway,
        })
    }
}

/// The runs in a list; none is told by leaving the key out.
pub(crate) fn executions(mut list: Map<String, Value>) -> Result<Vec<Execution>, String> {
    let found = list.remove("job_execution").or_else(|| list.remove("jobExecution"));
    match found {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(found) => serde_json::from_value(found).map_err(|error| error.to_string()),
    }
}

/// What a refusal says, when it is one of Gangway's own and not of a proxy before it.
pub(crate) fn refusal(body: &str) -> Option<String> {
    let answer: Map<String, Value> = serde_json::from_str(body).ok()?;
    ["message", "error"]
        .iter()
        .find_map(|key| answer.get(*key).and_then(Value::as_str))
        .map(str::to_owned)
        .or_else(|| answer.contains_key("code").then(|| body.to_owned()))
}

/// Whether a refusal means that there is no such job.
pub(crate) fn means_unknown_job(message: &str) -> bool {
    message.contains("failed to find associated periodic job")
}

/// A ProwJob as Deck shows it (YAML) or as it lies among the artefacts (JSON, which is YAML too).
pub(crate) fn prow_job(text: &str, source: RunSource) -> Result<ProwRun, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let root = document.root();
    let at = |path: &[&str]| path.iter().try_fold(root, |node, key| node.get(key));
    let word = |path: &[&str]| at(path).and_then(Node::as_str).map(str::to_owned);
    let job = word(&["spec", "job"]).ok_or("spec.job is missing")?;
    let id = word(&["metadata", "name"]).map(|name| name.parse::<RunId>());
    Ok(ProwRun {
        id: id.transpose().map_err(|error| error.to_string())?,
        job,
        state: word(&["status", "state"]).as_deref().and_then(RunState::from_word),
        url: word(&["status", "url"]).filter(|url| !url.is_empty()),
        started_at: word(&["status", "startTime"]),
        completed_at: word(&["status", "completionTime"]),
        env: at(&["spec", "pod_spec", "containers"]).map(env).unwrap_or_default(),
        annotations: at(&["metadata", "annotations"]).map(text_map).unwrap_or_default(),
        source,
    })
}

fn env(containers: &Node<'_>) -> Vec<(String, String)> {
    let variables = containers.items().iter().filter_map(|item| item.value.get("env"));
    variables
        .flat_map(Node::items)
        .filter_map(|item| {
            let name = item.value.get("name")?.text()?;
            let value = item.value.get("value")?.text()?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

fn text_map(node: &Node<'_>) -> BTreeMap<String, String> {
    let pairs = node.entries().iter();
    pairs
        .filter_map(|entry| Some((entry.key.to_string(), entry.value.text()?.to_owned())))
        .collect()
}

/// `finished.json` beside the artefacts of a run.
#[derive(Debug, Deserialize)]
pub(crate) struct Finished {
    timestamp: Option<i64>,
    passed: Option<bool>,
    #[serde(default)]
    result: String,
}

impl Finished {
    /// The run that `page` is about; `None` when the file tells no result.
    pub(crate) fn into_run(self, page: &RunPage) -> Option<ProwRun> {
        let state = RunState::from_word(&self.result).or(match self.passed {
            Some(true) => Some(RunState::Success),
            _ => None,
        })?;
        let completed_at = self.timestamp.and_then(|at| Timestamp::from_second(at).ok());
        Some(ProwRun {
            id: None,
            job: page.job().to_owned(),
            state: Some(state),
            url: None,
            started_at: None,
            completed_at: completed_at.map(stamp),
            env: Vec::new(),
            annotations: BTreeMap::new(),
            source: RunSource::FinishedFile,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = "apiVersion: prow.k8s.io/v1\nkind: ProwJob\nmetadata:\n  annotations:\n    oar.openshift.io/attempt: claim-1\n    number: 1.0\n  name: 6ec0d27e-9f0e-4d4c-bb08-0c43b4b8b7ee\nspec:\n  job: periodic-x\n  pod_spec:\n    containers:\n    - args:\n      - --x\n      env:\n      - name: SECRET\n        valueFrom:\n          secretKeyRef:\n            key: a\n      - name: VERSION\n        value: \"4.20\"\n    - name: second\nstatus:\n  startTime: \"2026-03-02T09:00:00Z\"\n  state: pending\n";

    #[test]
    fn a_prow_job_is_read_and_times_stay_text() {
        let run = prow_job(JOB, RunSource::Deck).unwrap();
        assert_eq!(run.id.unwrap().as_str(), "6ec0d27e-9f0e-4d4c-bb08-0c43b4b8b7ee");
        assert_eq!((run.job.as_str(), run.state), ("periodic-x", Some(RunState::Pending)));
        assert_eq!(run.started_at.as_deref(), Some("2026-03-02T09:00:00Z"));
        assert_eq!(run.env, [("VERSION".to_owned(), "4.20".to_owned())]);
        assert_eq!(run.annotations["oar.openshift.io/attempt"], "claim-1");
        assert_eq!(run.annotations["number"], "1.0");
        assert_eq!((run.url, run.completed_at), (None, None));
    }

    #[test]
    fn unquoted_times_are_text_too_and_json_is_read_alike() {
        let text = "spec: {job: x}\nstatus: {startTime: 2026-03-02T09:00:00Z}\n";
        let run = prow_job(text, RunSource::Deck).unwrap();
        assert_eq!(run.started_at.as_deref(), Some("2026-03-02T09:00:00Z"));
        let json = r#"{"spec": {"job": "x"}, "status": {"state": "success", "url": ""}}"#;
        let run = prow_job(json, RunSource::ProwJobFile).unwrap();
        assert_eq!((run.state, run.url), (Some(RunState::Success), None));
    }

    #[test]
    fn what_is_no_prow_job_is_an_error() {
        for text in ["", "\"a text\"", "{}", "<html>", "\u{feff}{}", "spec: {job: }", "spec: [job]"]
        {
            assert!(prow_job(text, RunSource::Deck).is_err(), "{text}");
        }
        assert!(prow_job(&"[".repeat(100_000), RunSource::Deck).is_err());
    }

    #[test]
    fn a_list_is_read_in_both_spellings() {
        let list = |text: &str| executions(serde_json::from_str(text).unwrap());
        assert_eq!(list("{}"), Ok(Vec::new()));
        let snake =
            list(r#"{"job_execution": [{"id": "a", "job_name": "j", "job_status": "PENDING"}]}"#);
        let camel =
            list(r#"{"jobExecution": [{"id": "a", "jobName": "j", "jobStatus": "PENDING"}]}"#);
        assert_eq!(snake, camel);
        let run = snake.unwrap().remove(0).into_run().unwrap();
        assert_eq!((run.job.as_str(), run.state), ("j", Some(RunState::Pending)));
        assert!(list(r#"{"job_execution": {}}"#).is_err());
    }

    #[test]
    fn long_names_are_listed_as_labels_have_them() {
        assert_eq!(listed_name("periodic-x"), "periodic-x");
        let job = crate::order::CONSISTENCY_JOB;
        assert_eq!(job.len(), 64);
        assert_eq!(listed_name(job), &job[..63]);
        let dotted = format!("{}-.rest", "x".repeat(61));
        assert_eq!(listed_name(&dotted), "x".repeat(61));
    }

    #[test]
    fn a_finished_file_without_a_result_is_none() {
        let page = RunPage::new("b", "job", "1").unwrap();
        let run = |text: &str| serde_json::from_str::<Finished>(text).unwrap().into_run(&page);
        let done =
            run(r#"{"timestamp": 1772445600, "passed": true, "result": "SUCCESS"}"#).unwrap();
        assert_eq!(done.state, Some(RunState::Success));
        assert_eq!(done.completed_at.as_deref(), Some("2026-03-02T10:00:00Z"));
        assert_eq!(run(r#"{"result": "ABORTED"}"#).unwrap().state, Some(RunState::Aborted));
        assert_eq!(run(r#"{"passed": true}"#).unwrap().state, Some(RunState::Success));
        // Not passed may mean failed, cancelled or broken.
        assert_eq!(run(r#"{"passed": false}"#), None);
        assert_eq!(run("{}"), None);
    }

    #[test]
    fn refusals_are_told_from_pages_of_proxies() {
        assert_eq!(refusal(r#"{"code": 2, "message": "no"}"#), Some("no".to_owned()));
        assert_eq!(refusal(r#"{"code": 2}"#), Some(r#"{"code": 2}"#.to_owned()));
        for text in ["", "<html>", "upstream connect error", "[]", "{}"] {
            assert_eq!(refusal(text), None, "{text}");
        }
    }
}
