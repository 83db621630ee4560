//! Many files in one commit: every answer that GitHub may give, on loopback.

use std::collections::VecDeque;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oar_github::GitHubRepo;
use oar_release::ErrorClass;
use oar_state_repo::{Change, Commit, Expected, RepoError, StateRepo as _, blob_id};
use oar_transport::testing::Step;
use oar_transport::{Processed, SendErrorKind};
use serde_json::{Value, json};
use wiremock::matchers::{method, path as at};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::fake::{holding, message, path, repo_at, save, scripted, version};

/// A GraphQL service that gives these answers, one after the other.
async fn graphql(answers: impl IntoIterator<Item = Value>) -> (MockServer, GitHubRepo) {
    let answers: Mutex<VecDeque<Value>> = Mutex::new(answers.into_iter().collect());
    let server = MockServer::start().await;
    let respond = move |_: &Request| match answers.lock().expect("no test panics").pop_front() {
        Some(answer) => ResponseTemplate::new(200).set_body_json(answer),
        None => ResponseTemplate::new(400),
    };
    Mock::given(method("POST")).and(at("/graphql")).respond_with(respond).mount(&server).await;
    let repo = repo_at(&server);
    (server, repo)
}

async fn sent(server: &MockServer) -> Vec<Value> {
    let requests = server.received_requests().await.expect("they are recorded");
    requests.iter().map(|request| request.body_json().expect("JSON")).collect()
}

fn is_commit(body: &Value) -> bool {
    body["query"].as_str().is_some_and(|query| query.starts_with("mutation"))
}

/// One file is replaced, one created, one removed.
fn three_changes() -> Commit {
    let change = |name: &str, content: Option<&[u8]>, expected| Change {
        path: path(name),
        content: content.map(<[u8]>::to_vec),
        expected,
    };
    let changes = vec![
        change("f/a.json", Some(b"new"), holding("old")),
        change("f/b.bin", Some(b"\xff\xfe"), Expected::Absent),
        change("f/c.json", None, holding("bye")),
    ];
    Commit { message: message("Three files"), changes }
}

/// The branch at `head` with the ids of `a`, `b` and `c`.
fn at_head(head: &str, files: [Option<&str>; 3]) -> Value {
    let mut target = json!({ "oid": head, "__typename": "Commit" });
    for (number, id) in files.into_iter().enumerate() {
        target[format!("f{number}")] = id.map_or(Value::Null, |id| json!({ "oid": id }));
    }
    json!({ "data": { "repository": { "head": { "target": target } } } })
}

fn before() -> Value {
    at_head("h1", [Some(&version("old").0), None, Some(&version("bye").0)])
}

fn after(head: &str) -> Value {
    at_head(head, [Some(&version("new").0), Some(&blob_id(b"\xff\xfe").0), None])
}

fn done(commit: &str) -> Value {
    json!({ "data": { "createCommitOnBranch": { "commit": { "oid": commit } } } })
}

fn refused(kind: &str, words: &str) -> Value {
    let error = json!({ "type": kind, "path": ["createCommitOnBranch"], "message": words });
    json!({ "data": { "createCommitOnBranch": null }, "errors": [error] })
}

fn stale() -> Value {
    refused("STALE_DATA", "Expected branch to point to \"h1\" but it did not.  Pull and try again.")
}

#[tokio::test]
async fn many_files_are_one_look_and_one_commit_on_the_head_that_was_seen() {
    let (server, repo) = graphql([before(), done("h2")]).await;
    let saved = repo.commit(&three_changes()).await.unwrap();
    assert_eq!(saved.versions, [Some(version("new")), Some(blob_id(b"\xff\xfe")), None]);
    let sent = sent(&server).await;
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0]["variables"]["ref"], "refs/heads/z-stream");
    assert_eq!(sent[0]["variables"]["p1"], "f/b.bin");
    let message = three_changes().message.render();
    let (headline, body) = message.split_once("\n\n").unwrap();
    assert_eq!(
        sent[1]["variables"]["input"],
        json!({
            "branch": { "repositoryNameWithOwner": "o/r", "branchName": "z-stream" },
            "message": { "headline": headline, "body": body },
            "fileChanges": {
                "additions": [
                    { "path": "f/a.json", "contents": STANDARD.encode("new") },
                    { "path": "f/b.bin", "contents": STANDARD.encode(b"\xff\xfe") },
                ],
                "deletions": [{ "path": "f/c.json" }],
            },
            "expectedHeadOid": "h1",
        })
    );
    assert!(!sent[1]["query"].as_str().unwrap().contains("json"), "names are variables");
}

#[tokio::test]
async fn a_file_that_is_not_as_expected_stops_before_the_commit() {
    let (old, bye) = (version("old").0, version("bye").0);
    for (files, exists) in [
        ([Some("other"), None, Some(bye.as_str())], false),
        ([None, None, None], false),
        ([Some(old.as_str()), Some("b"), Some(bye.as_str())], true),
    ] {
        let (server, repo) = graphql([at_head("h1", files)]).await;
        let error = repo.commit(&three_changes()).await.unwrap_err();
        assert_eq!(matches!(error, RepoError::AlreadyExists { .. }), exists, "{error}");
        assert_eq!(error.class(), ErrorClass::Conflict);
        assert_eq!(sent(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn r07_a_branch_that_moved_after_the_look_is_a_conflict() {
    let words = "Expected branch to point to \"h1\" but it did not.  Pull and try again.";
    let only_words = json!({ "data": null, "errors": [{ "message": words }] });
    for answer in [stale(), only_words] {
        let (server, repo) = graphql([before(), answer]).await;
        let error = repo.commit(&three_changes()).await.unwrap_err();
        assert!(matches!(error, RepoError::Conflict { .. }), "{error}");
        assert_eq!(sent(&server).await.iter().filter(|body| is_commit(body)).count(), 1);
    }
}

#[tokio::test]
async fn refusals_are_told_apart_and_nothing_is_repeated() {
    let rules = "Repository rule violations found\n\n3 of 3 required status checks are expected.";
    for (answer, class) in [
        (refused("FORBIDDEN", rules), ErrorClass::ForbiddenUpstream),
        (
            refused("FORBIDDEN", "Resource not accessible by integration"),
            ErrorClass::ForbiddenUpstream,
        ),
        (refused("INSUFFICIENT_SCOPES", "needs repo"), ErrorClass::ForbiddenUpstream),
        (refused("NOT_FOUND", "Could not resolve to a Repository"), ErrorClass::NotFound),
        (refused("RATE_LIMITED", "API rate limit exceeded"), ErrorClass::UpstreamUnavailable),
        (refused("UNPROCESSABLE", "no"), ErrorClass::Undetermined),
        (
            json!({ "errors": [{ "message": "x", "extensions": { "code": "undefinedField" } }] }),
            ErrorClass::Undetermined,
        ),
    ] {
        let (server, repo) = graphql([before(), answer.clone()]).await;
        let error = repo.commit(&three_changes()).await.unwrap_err();
        assert_eq!(error.class(), class, "{answer}");
        assert_eq!(sent(&server).await.len(), 2, "one look, one commit, no second look: {answer}");
    }
}

#[tokio::test]
async fn an_id_among_errors_is_a_commit() {
    let mut answer = done("h2");
    answer["errors"] = json!([{ "message": "Something went wrong while executing your query." }]);
    let (_, repo) = graphql([before(), answer]).await;
    assert!(repo.commit(&three_changes()).await.is_ok());
}

#[tokio::test]
async fn an_answer_that_tells_nothing_is_looked_up() {
    let wrong = json!([{ "message": "Something went wrong while executing your query." }]);
    let tells_nothing = [
        json!({ "data": null, "errors": wrong }),
        json!({ "data": { "createCommitOnBranch": null } }),
        json!({ "data": { "createCommitOnBranch": null }, "errors": wrong }),
        json!({}),
        json!("<html>"),
    ];
    for answer in tells_nothing {
        let (server, repo) = graphql([before(), answer.clone(), after("h2")]).await;
        let saved = repo.commit(&three_changes()).await.unwrap();
        assert_eq!(saved.versions[0], Some(version("new")));
        let sent = sent(&server).await;
        assert_eq!(sent.iter().filter(|body| is_commit(body)).count(), 1, "{answer}");
        let (_, repo) = graphql([before(), answer, before()]).await;
        let error = repo.commit(&three_changes()).await.unwrap_err();
        assert!(matches!(error, RepoError::ReplyLost { .. }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_commit_is_looked_up_and_never_repeated() {
    let lost = || {
        [
            Step::Stall,
            Step::Fail(SendErrorKind::Interrupted, Processed::Unknown),
            Step::answer(502, "<html>Bad gateway</html>"),
        ]
    };
    let ours_and_more = after("h3");
    let theirs = at_head("h2", [Some("theirs"), None, None]);
    let no_look = json!({ "data": { "repository": null } });
    let cases: [(Value, Option<ErrorClass>); 5] = [
        (after("h2"), None),
        (before(), Some(ErrorClass::UpstreamUnavailable)),
        // Somebody committed on top of ours, or instead of ours.
        (ours_and_more, None),
        (theirs, Some(ErrorClass::Conflict)),
        (no_look, Some(ErrorClass::Undetermined)),
    ];
    for (look, expected) in cases {
        for step in lost() {
            let (script, repo) = scripted([Step::json(&before()), step, Step::json(&look)]);
            let result = repo.commit(&three_changes()).await.map_err(|error| error.class());
            assert_eq!(result.err(), expected, "{look}");
            assert_eq!(script.seen().len(), 3);
        }
    }
}

/// The folder `f` with `a`, `c` and another file; its tree is the one of the commit `head`, or not.
fn folder(head: &str, tree: &str) -> Value {
    let entry = |name: &str, text: &str| {
        let object = json!({ "isTruncated": false, "text": text });
        json!({ "name": name, "type": "blob", "oid": version(text).0, "object": object })
    };
    let entries = [entry("a.json", "old"), entry("c.json", "bye"), entry("d.json", "dee")];
    let target = json!({ "oid": head, "folder": { "oid": tree } });
    let folder = json!({ "oid": "tree-1", "entries": entries });
    json!({ "data": { "repository": { "head": { "target": target }, "folder": folder } } })
}

/// Two of the files of [`folder`] are replaced.
fn two_changes(text: &str, a: &str, c: &str) -> Commit {
    let change = |name: &str, before: &str| Change {
        path: path(name),
        content: Some(text.as_bytes().to_vec()),
        expected: holding(before),
    };
    let changes = vec![change("f/a.json", a), change("f/c.json", c)];
    Commit { message: message("Two files"), changes }
}

#[tokio::test]
async fn what_was_read_with_its_head_is_committed_in_one_request() {
    let (server, repo) = graphql([folder("h1", "tree-1"), done("h2"), done("h3")]).await;
    assert_eq!(repo.read_folder(&path("f")).await.unwrap().len(), 3);
    repo.commit(&two_changes("one", "old", "bye")).await.unwrap();
    // On top of our own commit nothing needs a look either.
    repo.commit(&two_changes("two", "one", "one")).await.unwrap();
    let sent = sent(&server).await;
    let heads: Vec<&Value> =
        sent[1..].iter().map(|body| &body["variables"]["input"]["expectedHeadOid"]).collect();
    assert_eq!(heads, ["h1", "h2"]);
}

#[tokio::test]
async fn a_folder_that_is_not_the_one_of_the_head_proves_nothing() {
    let look = at_head("h2", [Some(&version("old").0), Some(&version("bye").0), None]);
    let (server, repo) = graphql([folder("h1", "another tree"), look, done("h3")]).await;
    repo.read_folder(&path("f")).await.unwrap();
    repo.commit(&two_changes("one", "old", "bye")).await.unwrap();
    assert_eq!(sent(&server).await[2]["variables"]["input"]["expectedHeadOid"], "h2");
}

#[tokio::test]
async fn a_head_that_moved_since_the_read_costs_one_more_look_and_loses_nothing() {
    // Somebody changed another file: the commit is made on the new head.
    let same = at_head("h2", [Some(&version("old").0), Some(&version("bye").0), None]);
    let answers = [folder("h1", "tree-1"), stale(), same, done("h3")];
    let (server, repo) = graphql(answers).await;
    repo.read_folder(&path("f")).await.unwrap();
    repo.commit(&two_changes("one", "old", "bye")).await.unwrap();
    assert_eq!(sent(&server).await[3]["variables"]["input"]["expectedHeadOid"], "h2");
    // Somebody changed one of ours: the caller has to look at it.
    let other = at_head("h2", [Some("other"), Some(&version("bye").0), None]);
    let (server, repo) = graphql([folder("h1", "tree-1"), stale(), other]).await;
    repo.read_folder(&path("f")).await.unwrap();
    let error = repo.commit(&two_changes("one", "old", "bye")).await.unwrap_err();
    assert!(matches!(error, RepoError::Conflict { .. }), "{error}");
    assert_eq!(sent(&server).await.len(), 3);
}

#[tokio::test]
async fn a_listing_brings_the_head_too() {
    let (server, repo) = graphql([folder("h1", "tree-1"), done("h2")]).await;
    let listed = repo.list_direct(&path("f")).await.unwrap();
    let shown: Vec<_> = listed.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(shown, ["f/a.json", "f/c.json", "f/d.json"]);
    assert_eq!(listed[0].version, version("old"));
    repo.commit(&two_changes("one", "old", "bye")).await.unwrap();
    let sent = sent(&server).await;
    assert!(!sent[0]["query"].as_str().unwrap().contains("text"), "ids only");
    assert_eq!(sent.len(), 2);
}

#[tokio::test]
async fn a_single_file_that_was_saved_between_makes_the_next_commit_look_again() {
    let written = Step::json(&json!({ "content": { "sha": "1" }, "commit": { "sha": "h2" } }));
    let look = at_head("h2", [Some(&version("old").0), Some(&version("bye").0), None]);
    let steps = [folder("h1", "tree-1"), look, done("h3")].map(|answer| Step::json(&answer));
    let [read, look, done] = steps;
    let (script, repo) = scripted([read, written, look, done]);
    repo.read_folder(&path("f")).await.unwrap();
    repo.commit(&save("new\n", holding("old\n"))).await.unwrap();
    repo.commit(&two_changes("one", "old", "bye")).await.unwrap();
    assert_eq!(script.seen().len(), 4);
}

#[tokio::test]
async fn a_look_that_half_failed_makes_no_file_absent() {
    let mut half = at_head("h1", [None, None, None]);
    half["errors"] = json!([{ "message": "Something went wrong", "path": ["repository"] }]);
    let (server, repo) = graphql([half]).await;
    let error = repo.commit(&three_changes()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Undetermined, "{error}");
    assert_eq!(sent(&server).await.len(), 1);
    // A branch that is not there, and one that is a tag on something else.
    let none = json!({ "data": { "repository": { "head": null } } });
    let (_, repo) = graphql([none]).await;
    let error = repo.commit(&three_changes()).await.unwrap_err();
    assert!(matches!(error, RepoError::NotAccessible { .. }), "{error}");
    let tag = json!({ "data": { "repository": { "head": { "target": { "oid": "t" } } } } });
    let (_, repo) = graphql([tag]).await;
    assert!(matches!(
        repo.commit(&three_changes()).await.unwrap_err(),
        RepoError::Malformed { .. }
    ));
}

#[tokio::test]
async fn files_beyond_one_query_are_looked_at_in_parts_of_one_head() {
    let many = |number: usize| Change {
        path: path(&format!("f/{number}")),
        content: Some(b"x".to_vec()),
        expected: Expected::Absent,
    };
    let commit = Commit { message: message("Many"), changes: (0..150).map(many).collect() };
    let nothing = |head: &str| at_head(head, [None, None, None]);
    let (server, repo) = graphql([nothing("h1"), nothing("h1"), done("h2")]).await;
    repo.commit(&commit).await.unwrap();
    assert_eq!(sent(&server).await.len(), 3);
    let (server, repo) = graphql([nothing("h1"), nothing("h2")]).await;
    let error = repo.commit(&commit).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Conflict);
    assert_eq!(sent(&server).await.len(), 2);
}
