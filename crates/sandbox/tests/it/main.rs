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

const GRAPHQL: &str = "https://api.github.com/graphql";

/// The id of the branch `record`, and of the entries at `paths` in that commit.
async fn head_with(sandbox: &Sandbox, paths: &[&str]) -> Value {
    let file = |(number, path)| format!("f{number}: file(path: \"{path}\") {{ oid type }}");
    let files = paths.iter().enumerate().map(file).collect::<Vec<_>>().join(" ");
    let query = format!(
        "{{ repository(owner: \"openshift\", name: \"release-tests\") {{ \
         ref(qualifiedName: \"refs/heads/record\") {{ target {{ oid ... on Commit {{ __typename {files} }} }} }} }} }}"
    );
    let (_, answer) = call(sandbox, Method::POST, GRAPHQL, json!({ "query": query })).await;
    answer["data"]["repository"]["ref"]["target"].clone()
}

fn commit(head: &Value, additions: &Value, deletions: &Value) -> Value {
    json!({
        "query": "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }",
        "variables": { "input": {
            "branch": { "repositoryNameWithOwner": "openshift/release-tests", "branchName": "record" },
            "message": { "headline": "Two files", "body": "Actor: tester" },
            "fileChanges": { "additions": additions, "deletions": deletions },
            "expectedHeadOid": head,
        } },
    })
}

#[tokio::test]
async fn many_files_are_committed_on_the_expected_head_or_not_at_all() {
    let sandbox = Sandbox::in_memory(World::seeded());
    let before = head_with(&sandbox, &["x", "y"]).await;
    assert_eq!((&before["__typename"], &before["f0"]), (&json!("Commit"), &Value::Null));
    let files = json!([{ "path": "x", "contents": "WA==" }, { "path": "y/z", "contents": "Wg==" }]);
    let body = commit(&before["oid"], &files, &json!([]));
    let (status, answer) = call(&sandbox, Method::POST, GRAPHQL, body.clone()).await;
    assert_eq!(status, 200);
    let after = head_with(&sandbox, &["x", "y", "y/z"]).await;
    assert_eq!(answer["data"]["createCommitOnBranch"]["commit"]["oid"], after["oid"]);
    assert_eq!(after["f0"]["oid"], oar_sandbox::github::blob_id(b"X"));
    assert_eq!((&after["f1"]["type"], &after["f2"]["type"]), (&json!("tree"), &json!("blob")));
    let said = sandbox.world(|world| world.github.log("record")[0].clone());
    assert_eq!(said, "Two files\n\nActor: tester");
    assert_eq!(sandbox.world(|world| world.count("github", "create-commit-on-branch")), 1);

    // The same once more: the head is another one. Its words are the ones the service uses.
    let (status, answer) = call(&sandbox, Method::POST, GRAPHQL, body).await;
    assert_eq!(status, 200, "a refusal is no error of HTTP");
    assert_eq!(answer["data"], json!({ "createCommitOnBranch": null }));
    let error = &answer["errors"][0];
    assert_eq!(
        (&error["type"], &error["path"]),
        (&json!("STALE_DATA"), &json!(["createCommitOnBranch"]))
    );
    let expected = before["oid"].as_str().expect("an id");
    let words =
        format!("Expected branch to point to \"{expected}\" but it did not.  Pull and try again.");
    assert_eq!(error["message"], words);

    // A deletion of what is not there refuses the addition beside it.
    for (files, gone, kind) in [
        (json!([{ "path": "w", "contents": "WA==" }]), json!([{ "path": "no" }]), "UNPROCESSABLE"),
        (json!([{ "path": "w", "contents": "%" }]), json!([]), "UNPROCESSABLE"),
    ] {
        let body = commit(&after["oid"], &files, &gone);
        let (_, answer) = call(&sandbox, Method::POST, GRAPHQL, body).await;
        assert_eq!(answer["errors"][0]["type"], kind, "{answer}");
        assert_eq!(head_with(&sandbox, &["w"]).await["f0"], Value::Null);
    }
    let body = commit(&after["oid"], &json!([]), &json!([{ "path": "x" }]));
    call(&sandbox, Method::POST, GRAPHQL, body).await;
    assert_eq!(head_with(&sandbox, &["x"]).await["f0"], Value::Null);
}

#[tokio::test]
async fn what_the_schema_refuses_has_no_data() {
    let sandbox = Sandbox::in_memory(World::seeded());
    let mut body = commit(&Value::Null, &json!([]), &json!([]));
    let (_, answer) = call(&sandbox, Method::POST, GRAPHQL, body.clone()).await;
    assert!(answer.get("data").is_none() && answer["errors"][0].get("type").is_none(), "{answer}");
    body["variables"]["input"]["expectedHeadOid"] = json!("0");
    for (field, value) in [("repositoryNameWithOwner", "o/none"), ("branchName", "none")] {
        let mut body = body.clone();
        body["variables"]["input"]["branch"][field] = json!(value);
        let (_, answer) = call(&sandbox, Method::POST, GRAPHQL, body).await;
        assert_eq!(answer["errors"][0]["type"], "NOT_FOUND", "{answer}");
    }
}

#[tokio::test]
async fn a_head_that_moves_under_a_commit_of_many_files_refuses_it() {
    let sandbox = Sandbox::in_memory(World::seeded());
    let kind = Kind::HeadMoved { branch: "record" };
    sandbox.plant(Rule::once("github", kind).body("createCommitOnBranch"));
    let head = head_with(&sandbox, &[]).await["oid"].clone();
    let body = commit(&head, &json!([{ "path": "x", "contents": "WA==" }]), &json!([]));
    let (_, answer) = call(&sandbox, Method::POST, GRAPHQL, body).await;
    assert_eq!(answer["errors"][0]["type"], "STALE_DATA");
    assert_ne!(head_with(&sandbox, &[]).await["oid"], head);
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
