//! The model keeps to what the services document: compare-and-swap, fast-forward, membership.

mod served;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use oar_sandbox::Sandbox;
use oar_sandbox::fault::{Kind, Rule};
use oar_sandbox::world::World;
use oar_transport::{Body, HttpSend as _, Processed};
use serde_json::{Value, json};

const CONTENTS: &str = "https://api.github.com/repos/openshift/release-tests/contents";

async fn call(sandbox: &Sandbox, method: Method, url: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = http::Request::builder()
        .method(method)
        .uri(url)
        .header("authorization", "Bearer anything")
        .body(body)
        .expect("a valid request");
    let response = sandbox.send(request).await.expect("an answer");
    let Body::Full(body) = response.body else { panic!("a whole body") };
    (response.status.as_u16(), serde_json::from_slice(&body).unwrap_or(Value::Null))
}

fn put(text: &str, sha: Option<&str>) -> Value {
    let mut body =
        json!({ "message": "m", "branch": "z-stream", "content": STANDARD.encode(text) });
    if let Some(sha) = sha {
        body["sha"] = json!(sha);
    }
    body
}

#[tokio::test]
async fn contents_are_compare_and_swap() {
    let sandbox = Sandbox::in_memory(World::seeded());
    let url = format!("{CONTENTS}/a/b.yaml");

    let (status, made) = call(&sandbox, Method::PUT, &url, put("one", None)).await;
    assert_eq!(status, 201);
    let sha = made["content"]["sha"].as_str().expect("a sha");
    assert_eq!(call(&sandbox, Method::PUT, &url, put("two", None)).await.0, 422, "sha missing");
    assert_eq!(call(&sandbox, Method::PUT, &url, put("two", Some(sha))).await.0, 200);
    assert_eq!(
        call(&sandbox, Method::PUT, &url, put("three", Some(sha))).await.0,
        409,
        "stale sha"
    );

    let (status, file) =
        call(&sandbox, Method::GET, &format!("{url}?ref=z-stream"), Value::Null).await;
    assert_eq!(status, 200);
    let content = file["content"].as_str().expect("content").replace('\n', "");
    assert_eq!(STANDARD.decode(content).expect("base64"), b"two");
    assert_eq!(sandbox.world(|w| w.count("github", "put-contents")), 2);
}

#[tokio::test]
async fn branches_move_only_forward() {
    let sandbox = Sandbox::in_memory(World::seeded());
    let git = "https://api.github.com/repos/openshift/release-tests/git";
    let (_, head) =
        call(&sandbox, Method::GET, &format!("{git}/ref/heads/record"), Value::Null).await;
    let head = head["object"]["sha"].as_str().expect("head").to_owned();
    let tree = json!({ "base_tree": head, "tree": [{ "path": "x", "mode": "100644", "type": "blob", "content": "X" }] });
    let (_, tree) = call(&sandbox, Method::POST, &format!("{git}/trees"), tree).await;
    let commit = |parent: &str| json!({ "message": "m", "tree": tree["sha"], "parents": [parent] });
    let (_, first) = call(&sandbox, Method::POST, &format!("{git}/commits"), commit(&head)).await;
    let (_, second) = call(&sandbox, Method::POST, &format!("{git}/commits"), commit(&head)).await;

    let branch = format!("{git}/refs/heads/record");
    let move_to = |commit: &Value| json!({ "sha": commit["sha"], "force": false });
    assert_eq!(call(&sandbox, Method::PATCH, &branch, move_to(&first)).await.0, 200);
    assert_eq!(call(&sandbox, Method::PATCH, &branch, move_to(&second)).await.0, 422);
    assert_eq!(sandbox.world(|w| w.github.branch_file("record", "x")), Some("X".to_owned()));
}

#[tokio::test]
async fn graphql_reads_trees_and_blobs_with_variables() {
    let sandbox = Sandbox::in_memory(World::seeded());
    let query = r#"query($o: String!, $n: String!, $e: String!) {
        repository(owner: $o, name: $n) {
            a: object(expression: $e) { ... on Tree { entries { name type object { ... on Blob { text isTruncated } } } } }
            b: object(expression: "z-stream:missing") { ... on Blob { text } }
        }
    }"#;
    let variables =
        json!({ "o": "openshift", "n": "release-tests", "e": "z-stream:_releases/4.99" });
    let body = json!({ "query": query, "variables": variables });
    let (_, answer) = call(&sandbox, Method::POST, "https://api.github.com/graphql", body).await;
    let repo = &answer["data"]["repository"];
    assert_eq!(repo["a"]["entries"][0]["name"], "4.99.z.yaml");
    assert!(
        repo["a"]["entries"][0]["object"]["text"].as_str().is_some_and(|t| t.contains("4.99.3"))
    );
    assert_eq!(repo["b"], Value::Null);
}

#[tokio::test]
async fn latest_takes_the_prefix_as_plain_text() {
    let sandbox = Sandbox::in_memory(World::seeded());
    let base = "https://amd64.ocp.releases.ci.openshift.org/api/v1/releasestream/4-stable";
    let (_, exact) =
        call(&sandbox, Method::GET, &format!("{base}/latest?prefix=4.9."), Value::Null).await;
    assert_eq!(exact["name"], "4.9.8");
    let (_, loose) =
        call(&sandbox, Method::GET, &format!("{base}/latest?prefix=4.9"), Value::Null).await;
    assert_eq!(loose["name"], "4.99.2", "a prefix without the dot matches other streams too");
}

#[tokio::test]
async fn slack_knows_only_its_channels() {
    let sandbox = Sandbox::in_memory(World::seeded());
    let url = "https://slack.com/api/chat.postMessage";
    let post = |channel: &str| json!({ "channel": channel, "text": "hello" });
    assert_eq!(
        call(&sandbox, Method::POST, url, post("#team-release-example")).await.1["ok"],
        true
    );
    let refused = call(&sandbox, Method::POST, url, post("#elsewhere")).await.1;
    assert_eq!(refused["error"], "channel_not_found");
    assert_eq!(sandbox.world(|w| w.slack.messages.len()), 1);
}

#[tokio::test]
async fn a_reset_after_the_effect_leaves_the_effect() {
    let sandbox = Sandbox::in_memory(World::seeded());
    sandbox.plant(Rule::once("github", Kind::ResetAfter).method(Method::PUT));
    let request = http::Request::put(format!("{CONTENTS}/x"))
        .header("authorization", "Bearer anything")
        .body(Bytes::from(put("X", None).to_string()))
        .expect("a valid request");
    let error = sandbox.send(request).await.expect_err("no answer");
    assert_eq!(error.processed, Processed::Unknown);
    assert_eq!(sandbox.world(|w| w.github.branch_file("z-stream", "x")), Some("X".to_owned()));
}

#[tokio::test]
async fn two_sandboxes_in_one_folder_share_the_world() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Sandbox::in_folder(folder.path()).expect("a sandbox");
    let second = Sandbox::in_folder(folder.path()).expect("a sandbox");
    call(&first, Method::PUT, &format!("{CONTENTS}/x"), put("X", None)).await;
    let (status, _) =
        call(&second, Method::GET, &format!("{CONTENTS}/x?ref=z-stream"), Value::Null).await;
    assert_eq!(status, 200);
}
