//! The client against Jenkins' answers.

#[cfg(test)]
mod reads;
#[cfg(test)]
mod triggers;
#[cfg(test)]
mod world;

#[cfg(test)]
use {
    oar_jenkins::{BuildOrder, HttpJenkins},
    oar_release::Flow,
    oar_transport::testing::{Script, Step, client_at, endpoints_at},
    oar_transport::{Endpoints, HttpClient, Secret, Service},
    serde_json::{Value, json},
    std::sync::Arc,
};

/// The pull spec of the release of these tests.
#[cfg(test)]
pub(crate) const PAYLOAD: &str = "quay.io/openshift-release-dev/ocp-release:4.99.3-x86_64";
/// The same of another release.
#[cfg(test)]
pub(crate) const OTHER: &str = "quay.io/openshift-release-dev/ocp-release:4.99.30-x86_64";

#[cfg(test)]
pub(crate) fn endpoints() -> Endpoints {
    endpoints_at(Service::Jenkins, "https://jenkins.example.com/")
}

#[cfg(test)]
pub(crate) fn jenkins_at(http: &HttpClient) -> HttpJenkins {
    let secret = |value: &str| Secret::new(value).into();
    HttpJenkins::new(http, secret("lead"), secret("canary-jenkins-token"))
}

#[cfg(test)]
pub(crate) fn scripted(steps: impl IntoIterator<Item = Step>) -> (Script, HttpJenkins) {
    let script = Script::new(steps);
    let http = client_at(Arc::new(script.clone()), endpoints());
    (script, jenkins_at(&http))
}

#[cfg(test)]
pub(crate) fn order() -> BuildOrder {
    let release = "4.99.3".parse().expect("a release");
    BuildOrder::stage_testing(&release, &Flow::KonfluxPending, Some(990_035)).expect("an order")
}

#[cfg(test)]
pub(crate) fn parameters(payload: &str) -> Value {
    json!([{}, { "_class": "hudson.model.ParametersAction", "parameters": [
        { "_class": "hudson.model.StringParameterValue", "name": "PULL_SPEC", "value": payload }
    ] }])
}

#[cfg(test)]
pub(crate) fn build(number: u64, payload: &str, result: Option<&str>) -> Value {
    json!({
        "number": number, "queueId": 1000 + number, "inProgress": result.is_none(),
        "result": result, "duration": 65_000, "actions": parameters(payload),
        "url": format!("https://jenkins.example.com/job/zstreams/job/Stage-Pipeline/{number}/"),
    })
}

#[cfg(test)]
pub(crate) fn builds(builds: &[Value]) -> Step {
    Step::json(&json!({ "builds": builds }))
}

#[cfg(test)]
pub(crate) fn item(id: u64, payload: &str) -> Value {
    json!({
        "id": id, "why": "Waiting for next available executor", "actions": parameters(payload),
        "task": { "name": "Stage-Pipeline",
                  "url": "https://jenkins.example.com/job/zstreams/job/Stage-Pipeline/" },
    })
}

#[cfg(test)]
pub(crate) fn queue(items: &[Value]) -> Step {
    Step::json(&json!({ "items": items }))
}

#[test]
fn every_operation_tells_what_becomes_of_a_lost_answer() {
    for operation in oar_jenkins::OPERATIONS {
        assert!(operation.is_accounted_for(), "{operation:?}");
    }
}
