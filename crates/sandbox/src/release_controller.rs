//! The release controllers: streams and the phase of each build.

use std::collections::BTreeMap;

use oar_release::ReleaseVersion;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, Incoming};
use crate::world::World;

/// Streams by name (`4-stable`, `4.99.0-0.nightly-arm64`), each with the phase of its tags.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReleaseController {
    /// Stream to tag to phase.
    pub streams: BTreeMap<String, BTreeMap<String, String>>,
}

/// Answers `/api/v1/releasestream/...`.
pub(crate) fn answer(world: &World, incoming: &Incoming<'_>) -> Answer {
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    if path == ["api", "v1", "releasestreams", "all"] {
        return all(world, incoming.url.host_str().unwrap_or_default());
    }
    let ["api", "v1", "releasestream", stream, rest @ ..] = path.as_slice() else {
        return not_found();
    };
    let Some(tags) = world.releases.streams.get(*stream) else { return not_found() };
    match rest {
        ["latest"] => latest(tags, &incoming.query("prefix").unwrap_or_default()),
        ["tags"] => {
            let tags: Vec<Value> = tags.iter().map(|(name, phase)| tag(name, phase)).collect();
            Answer::json(200, &json!({ "name": stream, "tags": tags }))
        }
        ["release", name] => match tags.get(*name) {
            Some(phase) if incoming.query("format").as_deref() == Some("short") => {
                Answer::json(200, &json!({ "name": name, "phase": phase }))
            }
            // The long form knows the digest once the changes are rendered.
            Some(phase) => {
                let digest = world.registry.payload(name, "x86_64").unwrap_or_default();
                let changes = json!({ "from": {}, "to": { "name": name, "digest": digest } });
                let answer = json!({ "name": name, "phase": phase, "changeLogJson": changes });
                Answer::json(200, &answer)
            }
            None => not_found(),
        },
        _ => not_found(),
    }
}

/// The highest accepted tag whose name starts with `prefix`, a plain text prefix.
fn latest(tags: &BTreeMap<String, String>, prefix: &str) -> Answer {
    let accepted =
        tags.iter().filter(|(name, phase)| *phase == "Accepted" && name.starts_with(prefix));
    match accepted.max_by_key(|(name, _)| name.parse::<ReleaseVersion>().ok()) {
        // Laid out for people, with a line break at the end.
        Some((name, phase)) => {
            Answer::text(200, "application/json", format!("{:#}\n", tag(name, phase)))
        }
        None => not_found(),
    }
}

/// The names of all tags by stream, of the architecture whose host was asked.
fn all(world: &World, host: &str) -> Answer {
    let arch = host.split('.').next().unwrap_or_default();
    let others = ["-arm64", "-multi", "-ppc64le", "-s390x"];
    let is_of_arch = |stream: &str| match arch {
        "amd64" => !others.iter().any(|other| stream.ends_with(other)),
        arch => stream.ends_with(&format!("-{arch}")),
    };
    let streams = world.releases.streams.iter().filter(|(stream, _)| is_of_arch(stream));
    let streams: serde_json::Map<String, Value> = streams
        .map(|(stream, tags)| (stream.clone(), json!(tags.keys().collect::<Vec<_>>())))
        .collect();
    Answer::json(200, &Value::Object(streams))
}

fn tag(name: &str, phase: &str) -> Value {
    let pull_spec = if name.contains("-0.nightly-") {
        format!("registry.ci.openshift.org/ocp/release:{name}")
    } else {
        format!("quay.io/openshift-release-dev/ocp-release:{name}-x86_64")
    };
    json!({
        "name": name,
        "phase": phase,
        "pullSpec": pull_spec,
        "downloadURL": format!("https://artifacts.example.com/{name}"),
    })
}

fn not_found() -> Answer {
    Answer::text(404, "text/plain; charset=utf-8", "404 page not found\n")
}
