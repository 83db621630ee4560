//! What Jenkins answers, as far as it is read.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::build::{Build, BuildResult};
use crate::order::JenkinsJob;
use crate::queue::{QueueItem, QueueState};

/// The fields of a build that are asked for.
pub(crate) const BUILD_TREE: &str = "number,url,building,inProgress,result,duration,queueId,\
                                     actions[parameters[name,value]]";
/// The fields of a queue item that are asked for.
pub(crate) const ITEM_TREE: &str = "id,why,cancelled,executable[number,url]";
/// The fields of the queue that are asked for.
pub(crate) const QUEUE_TREE: &str = "items[id,why,task[name,url],actions[parameters[name,value]]]";
/// How many of the newest builds are looked at (spec 05 §6.3).
pub(crate) const RECENT: usize = 20;

/// `crumbIssuer/api/json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Crumb {
    pub(crate) crumb: String,
    pub(crate) crumb_request_field: String,
}

/// An action of a build or queue item; most of them hold nothing that is read.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Action {
    #[serde(default)]
    parameters: Option<Vec<Parameter>>,
}

/// A parameter of any type.
#[derive(Debug, Deserialize)]
pub(crate) struct Parameter {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: Value,
}

/// The payload among the parameters: by name, whatever the type of the parameter says.
fn payload(actions: &[Option<Action>]) -> Option<String> {
    let parameters = actions.iter().flatten().filter_map(|action| action.parameters.as_ref());
    parameters
        .flatten()
        .filter(|parameter| matches!(parameter.name.as_str(), "PAYLOAD_URL" | "PULL_SPEC"))
        .find_map(|parameter| parameter.value.as_str().filter(|value| !value.is_empty()))
        .map(str::to_owned)
}

/// A build.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireBuild {
    pub(crate) number: u64,
    #[serde(default)]
    url: String,
    #[serde(default)]
    building: Option<bool>,
    #[serde(default)]
    in_progress: Option<bool>,
    #[serde(default)]
    result: Option<String>,
    #[serde(default)]
    duration: u64,
    #[serde(default)]
    queue_id: Option<u64>,
    #[serde(default)]
    actions: Vec<Option<Action>>,
}

impl WireBuild {
    pub(crate) fn into_build(self, job: JenkinsJob) -> Build {
        Build {
            job,
            number: self.number,
            url: self.url,
            // Builds that did not come from the queue have -1 or 0.
            queue_id: self.queue_id.filter(|id| *id > 0),
            running: self.in_progress.or(self.building).unwrap_or(false),
            result: self.result.as_deref().map(BuildResult::from_word),
            duration: Duration::from_millis(self.duration),
            payload: payload(&self.actions),
        }
    }
}

/// The newest builds of a job.
#[derive(Debug, Deserialize)]
pub(crate) struct Builds {
    pub(crate) builds: Vec<WireBuild>,
}

/// The queue.
#[derive(Debug, Deserialize)]
pub(crate) struct Queue {
    pub(crate) items: Vec<WireItem>,
}

/// An item of the queue.
#[derive(Debug, Deserialize)]
pub(crate) struct WireItem {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) why: Option<String>,
    #[serde(default)]
    cancelled: Option<bool>,
    #[serde(default)]
    executable: Option<Executable>,
    #[serde(default)]
    task: Option<Task>,
    #[serde(default)]
    actions: Vec<Option<Action>>,
}

#[derive(Debug, Deserialize)]
struct Executable {
    number: u64,
    #[serde(default)]
    url: String,
}

/// What is queued; placeholders of pipelines have neither name nor address.
#[derive(Debug, Deserialize)]
struct Task {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    url: Option<String>,
}

impl WireItem {
    /// Whether the item waits for `job`: by the path of its address, else by the short name.
    pub(crate) fn is_of(&self, job: JenkinsJob) -> bool {
        let Some(task) = &self.task else { return false };
        match (&task.url, &task.name) {
            (Some(url), _) => {
                format!("{}/", url.trim_end_matches('/')).ends_with(&format!("/{}/", job.path()))
            }
            (None, Some(name)) => name == job.short_name() || name == job.name(),
            (None, None) => false,
        }
    }

    pub(crate) fn payload(&self) -> Option<String> {
        payload(&self.actions)
    }

    pub(crate) fn into_item(self) -> QueueItem {
        let state = match self.executable {
            Some(build) => QueueState::Building { number: build.number, url: build.url },
            None if self.cancelled == Some(true) => QueueState::Cancelled,
            None => QueueState::Waiting { why: self.why },
        };
        QueueItem { id: self.id, state }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn build(value: Value) -> Build {
        serde_json::from_value::<WireBuild>(value).unwrap().into_build(JenkinsJob::StagePipeline)
    }

    #[test]
    fn the_payload_is_found_by_name_in_any_action() {
        let actions = json!([{}, null, { "_class": "x" }, { "parameters": [
            { "name": "VERSION", "value": "4.19" }, { "name": "FLAG", "value": true },
            { "name": "PAYLOAD_URL", "value": "" }, { "name": "PULL_SPEC", "value": "p:1" },
        ] }]);
        let found = build(json!({ "number": 1, "actions": actions }));
        assert_eq!(found.payload.as_deref(), Some("p:1"));
        assert_eq!(build(json!({ "number": 1, "actions": [{}] })).payload, None);
        let odd = json!([{ "parameters": [{ "name": "PULL_SPEC", "value": 7 }] }]);
        assert_eq!(build(json!({ "number": 1, "actions": odd })).payload, None);
    }

    #[test]
    fn building_stands_in_for_a_missing_in_progress() {
        assert!(build(json!({ "number": 1, "building": true })).running);
        assert!(!build(json!({ "number": 1, "building": true, "inProgress": false })).running);
        assert!(!build(json!({ "number": 1 })).running);
    }

    #[test]
    fn items_are_known_by_address_else_by_name() {
        let item =
            |task: Value| serde_json::from_value::<WireItem>(json!({ "id": 1, "task": task }));
        let ours = |task: Value| item(task).unwrap().is_of(JenkinsJob::StagePipeline);
        assert!(ours(
            json!({ "url": "https://jenkins.example.com/job/zstreams/job/Stage-Pipeline/" })
        ));
        assert!(ours(json!({ "url": "https://example.com/ci/job/zstreams/job/Stage-Pipeline" })));
        assert!(ours(json!({ "name": "Stage-Pipeline" })));
        assert!(ours(json!({ "name": "zstreams/Stage-Pipeline" })));
        let other = "https://jenkins.example.com/job/other/job/Stage-Pipeline/";
        assert!(!ours(json!({ "url": other, "name": "Stage-Pipeline" })));
        assert!(!ours(
            json!({ "url": "https://jenkins.example.com/job/xzstreams/job/Stage-Pipeline/" })
        ));
        assert!(!ours(json!({})) && !ours(Value::Null));
    }

    #[test]
    fn an_item_waits_builds_or_was_cancelled() {
        let state =
            |value: Value| serde_json::from_value::<WireItem>(value).unwrap().into_item().state;
        let waiting = QueueState::Waiting { why: Some("busy".to_owned()) };
        assert_eq!(state(json!({ "id": 1, "why": "busy", "executable": null })), waiting);
        assert_eq!(state(json!({ "id": 1, "cancelled": true })), QueueState::Cancelled);
        let building = QueueState::Building { number: 7, url: "u".to_owned() };
        assert_eq!(state(json!({ "id": 1, "executable": { "number": 7, "url": "u" } })), building);
    }
}
