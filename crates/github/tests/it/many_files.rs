//! Many files: listing by trees, reading by GraphQL.

use oar_release::ErrorClass;
use oar_state_repo::{RepoError, RepoPath, StateRepo as _, blob_id};
use oar_transport::testing::{Seen, Step};
use serde_json::{Value, json};

use crate::fake::{path, scripted, version};

fn body(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).unwrap()
}

fn entry(path: &str, kind: &str, sha: &str) -> Value {
    json!({ "path": path, "type": kind, "mode": "100644", "sha": sha })
}

fn tree(entries: &[Value], truncated: bool) -> Step {
    Step::json(&json!({ "sha": "t", "tree": entries, "truncated": truncated }))
}

#[tokio::test]
async fn a_listing_is_one_request_and_only_of_files_below_the_folder() {
    let entries = [
        entry("a", "tree", "1"),
        entry("a/z.yaml", "blob", "2"),
        entry("a/b/c.yaml", "blob", "3"),
        entry("ab/x.yaml", "blob", "4"),
        entry("a/module", "commit", "5"),
    ];
    let (script, repo) = scripted([tree(&entries, false)]);
    let listed = repo.list(&path("a")).await.unwrap();
    let shown: Vec<_> = listed.iter().map(|e| (e.path.as_str(), e.version.0.as_str())).collect();
    assert_eq!(shown, [("a/b/c.yaml", "3"), ("a/z.yaml", "2")]);
    assert_eq!(script.seen().len(), 1);
    assert!(script.seen()[0].url.ends_with("/repos/o/r/git/trees/z-stream?recursive=1"));
}

#[tokio::test]
async fn a_truncated_listing_is_walked_folder_by_folder() {
    let (script, repo) = scripted([
        tree(&[entry("a", "tree", "t-a")], true),
        tree(&[entry("a", "tree", "t-a"), entry("other", "tree", "t-o")], false),
        tree(&[entry("b", "tree", "t-b"), entry("z.yaml", "blob", "2")], false),
        tree(&[entry("c.yaml", "blob", "3")], false),
    ]);
    let listed = repo.list(&path("a")).await.unwrap();
    assert_eq!(listed.len(), 2);
    let asked: Vec<String> =
        script.seen().iter().map(|s| s.url.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(asked, ["z-stream?recursive=1", "z-stream", "t-a", "t-b"]);
}

#[tokio::test]
async fn r34_a_tree_that_never_ends_is_given_up() {
    let (script, repo) =
        scripted([tree(&[], true), tree(&[entry("again", "tree", "loop")], false)]);
    let error = repo.list(&path("again")).await.unwrap_err();
    assert!(matches!(error, RepoError::Malformed { .. }), "{error}");
    assert!(script.seen().len() <= 10_001);
}

#[tokio::test]
async fn a_missing_branch_is_no_empty_folder() {
    let (_, repo) = scripted([Step::answer(404, "{}")]);
    let error = repo.list(&path("a")).await.unwrap_err();
    assert!(matches!(error, RepoError::NotAccessible { .. }), "{error}");
}

fn blob(text: &str) -> Value {
    json!({ "oid": blob_id(text.as_bytes()).0, "isTruncated": false, "text": text })
}

fn paths(count: usize) -> Vec<RepoPath> {
    (0..count).map(|number| path(&format!("f/{number}.yaml"))).collect()
}

#[tokio::test]
async fn fifty_files_are_one_query_with_variables() {
    let nodes: serde_json::Map<String, Value> =
        (0..50).map(|number| (format!("f{number}"), blob("x"))).collect();
    let (script, repo) = scripted([Step::json(&json!({ "data": { "repository": nodes } }))]);
    assert_eq!(repo.read_many(&paths(50)).await.unwrap().len(), 50);
    assert_eq!(script.seen().len(), 1);
    let sent = body(&script.seen()[0]);
    assert_eq!(sent["variables"]["e49"], "z-stream:f/49.yaml");
    assert!(!sent["query"].as_str().unwrap().contains("yaml"));
    // One more file is one more query; no file is none.
    assert_eq!(repo.read_many(&paths(51)).await.unwrap().len(), 51);
    assert_eq!(script.seen().len(), 3);
    assert!(repo.read_many(&[]).await.unwrap().is_empty());
    assert_eq!(script.seen().len(), 3);
}

#[tokio::test]
async fn absent_files_and_folders_are_left_out() {
    let answer = json!({ "data": { "repository": { "f0": blob("x"), "f1": null, "f2": {} } } });
    let (_, repo) = scripted([Step::json(&answer)]);
    let found = repo.read_many(&paths(3)).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, paths(1)[0]);
    assert_eq!(found[0].1.version, version("x"));
}

#[tokio::test]
async fn a_node_that_failed_is_read_by_itself_and_the_others_stand() {
    let answer = json!({
        "data": { "repository": { "f0": blob("x"), "f1": null } },
        "errors": [{ "message": "Something went wrong", "path": ["repository", "f1"] }],
    });
    let (script, repo) = scripted([Step::json(&answer), Step::json(&crate::fake::contents(b"y"))]);
    let found = repo.read_many(&paths(2)).await.unwrap();
    assert_eq!(found[1].1.content, b"y");
    assert_eq!(script.seen().len(), 2);
    // When that fails too, it is an error and not an absent file.
    let (_, repo) = scripted([Step::json(&answer), Step::answer(403, "{}")]);
    assert_eq!(repo.read_many(&paths(2)).await.unwrap_err().class(), ErrorClass::ForbiddenUpstream);
}

#[tokio::test]
async fn cut_binary_and_altered_texts_are_read_as_blobs() {
    let oid = blob_id(b"whole").0;
    for node in [
        json!({ "oid": oid, "isTruncated": true, "text": "who" }),
        json!({ "oid": oid, "isTruncated": false, "text": null }),
        json!({ "oid": oid, "isTruncated": false, "text": "whole\u{fffd}" }),
    ] {
        let answer = json!({ "data": { "repository": { "f0": node } } });
        let whole = json!({ "encoding": "base64", "content": "d2hv\nbGU=\n" });
        let (script, repo) = scripted([Step::json(&answer), Step::json(&whole)]);
        assert_eq!(repo.read_many(&paths(1)).await.unwrap()[0].1.content, b"whole");
        assert!(script.seen()[1].url.ends_with(&format!("/git/blobs/{oid}")));
    }
}

#[tokio::test]
async fn refusals_of_the_whole_query_are_told_apart() {
    for (answer, class) in [
        (json!({ "data": { "repository": null } }), ErrorClass::NotFound),
        (
            json!({ "data": null, "errors": [{ "message": "x", "type": "NOT_FOUND" }] }),
            ErrorClass::NotFound,
        ),
        (
            json!({ "errors": [{ "message": "x", "type": "RATE_LIMITED" }] }),
            ErrorClass::UpstreamUnavailable,
        ),
        (json!({ "errors": [{ "message": "parse error" }] }), ErrorClass::Undetermined),
    ] {
        let (_, repo) = scripted([Step::json(&answer)]);
        assert_eq!(repo.read_many(&paths(1)).await.unwrap_err().class(), class, "{answer}");
    }
}

#[tokio::test]
async fn a_folder_is_one_query_and_what_does_not_come_whole_is_read_by_itself() {
    let entry = |name: &str, text: &str, truncated: bool| {
        let object = json!({ "isTruncated": truncated, "text": text });
        json!({ "name": name, "type": "blob", "oid": blob_id(text.as_bytes()).0, "object": object })
    };
    let folder = json!({ "name": "sub", "type": "tree", "oid": null, "object": {} });
    let entries = [entry("b.json", "two", true), entry("a.json", "one", false), folder];
    let whole = json!({ "data": { "repository": { "folder": { "entries": entries } } } });
    let one = json!({ "data": { "repository": { "f0": blob("two") } } });
    let (script, repo) = scripted([Step::json(&whole), Step::json(&one)]);
    let files = repo.read_folder(&path("f")).await.unwrap();
    let shown: Vec<_> =
        files.iter().map(|(path, file)| (path.as_str(), file.content.as_slice())).collect();
    assert_eq!(shown, [("f/a.json", b"one".as_slice()), ("f/b.json", b"two")]);
    assert_eq!(script.seen().len(), 2);
    assert_eq!(body(&script.seen()[0])["variables"]["folder"], "z-stream:f");
}

#[tokio::test]
async fn a_folder_that_the_query_does_not_bring_is_read_in_portions() {
    let nothing = json!({ "data": { "repository": { "folder": null } } });
    let refused = json!({ "errors": [{ "message": "too much" }] });
    for first in [Step::json(&nothing), Step::json(&refused), Step::json(&json!([]))] {
        let entries = [entry("f/a.json", "blob", &blob_id(b"one").0), entry("f/b/c", "blob", "2")];
        let one = json!({ "data": { "repository": { "f0": blob("one") } } });
        let (script, repo) = scripted([first, tree(&entries, false), Step::json(&one)]);
        let files = repo.read_folder(&path("f")).await.unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(script.seen().len(), 3);
    }
    // A listing then goes through the trees.
    let entries = [entry("f/a.json", "blob", "1"), entry("f/b/c", "blob", "2")];
    let (script, repo) = scripted([Step::json(&nothing), tree(&entries, false)]);
    let listed = repo.list_direct(&path("f")).await.unwrap();
    assert_eq!((listed.len(), listed[0].path.as_str()), (1, "f/a.json"));
    assert_eq!(script.seen().len(), 2);
}
