//! One file: read, save, create, conflict (spec 01 §7.2–7.3).

use std::convert::Infallible;

use oar_release::ErrorClass;
use oar_release::clock::SeededEntropy;
use oar_state_repo::memory::RecordedPause;
use oar_state_repo::{
    Change, Commit, Decision, Expected, RepoError, Retry, StateRepo as _, StoredFile, UpdateError,
    update_file,
};
use oar_transport::testing::Step;
use serde_json::json;
use wiremock::matchers::{header, method, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake::{
    FILE, Fake, Mishap, TOKEN, contents, holding, message, path, repo_at, requests, save, scripted,
    version,
};

#[tokio::test]
async fn a_save_is_one_get_and_one_put() {
    let (fake, server) = Fake::start(&[(FILE, "old\n")]).await;
    let repo = repo_at(&server);
    let before = repo.read(&path(FILE)).await.unwrap().unwrap();
    assert_eq!(before, StoredFile { content: b"old\n".to_vec(), version: version("old\n") });
    let saved = repo.commit(&save("new\n", Expected::Version(before.version))).await.unwrap();
    assert_eq!(saved.versions, [Some(version("new\n"))]);
    assert_eq!(fake.text(FILE).unwrap(), "new\n");
    let file = format!("/repos/o/r/contents/{FILE}");
    assert_eq!(requests(&server).await, [format!("GET {file}"), format!("PUT {file}")]);
    assert_eq!(fake.commits(), ["Save\n\nActor: person lead\nCommand: test"]);
}

#[tokio::test]
async fn requests_carry_token_version_and_media_type() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(header("authorization", format!("Bearer {TOKEN}")))
        .and(header("accept", "application/vnd.github+json"))
        .and(header("x-github-api-version", "2022-11-28"))
        .and(query_param("ref", "z-stream"))
        .respond_with(ResponseTemplate::new(200).set_body_json(contents(b"x")))
        .expect(1)
        .mount(&server)
        .await;
    repo_at(&server).read(&path(FILE)).await.unwrap().unwrap();
}

#[tokio::test]
async fn absent_is_told_from_out_of_reach() {
    // The branch is there, the file is not; the branch is looked at once only.
    let (_, server) = Fake::start(&[]).await;
    let repo = repo_at(&server);
    for _ in 0..2 {
        assert_eq!(repo.read(&path(FILE)).await.unwrap(), None);
    }
    assert_eq!(requests(&server).await.len(), 3);
    // Nothing is there: no such repository for this token.
    let server = MockServer::start().await;
    let error = repo_at(&server).read(&path(FILE)).await.unwrap_err();
    assert!(matches!(error, RepoError::NotAccessible { .. }), "{error}");
    // The branch is missing, and GitHub says so.
    let no_branch = json!({ "message": "No commit found for the ref z-stream" });
    let (script, repo) = scripted([Step::answer(404, no_branch.to_string())]);
    let error = repo.read(&path(FILE)).await.unwrap_err();
    assert!(matches!(error, RepoError::NotAccessible { .. }), "{error}");
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn a_file_that_is_too_long_a_folder_or_damaged_is_no_file() {
    let too_long = json!({ "sha": "1", "encoding": "none", "content": "", "size": 2_000_000 });
    let (_, repo) = scripted([Step::json(&too_long)]);
    let error = repo.read(&path(FILE)).await.unwrap_err();
    assert!(matches!(error, RepoError::TooLarge { limit: 1_048_576, .. }), "{error}");
    for body in [
        json!([{ "name": "x" }]),
        json!({ "sha": "1", "encoding": "base64", "content": "%%%" }),
        json!({ "encoding": "base64", "content": "eA==" }),
    ] {
        let (_, repo) = scripted([Step::json(&body)]);
        let error = repo.read(&path(FILE)).await.unwrap_err();
        assert!(matches!(error, RepoError::Malformed { .. }), "{body}: {error}");
    }
}

#[tokio::test]
async fn spec01_case_15_creating_twice_leaves_the_file_as_it_is() {
    let (fake, server) = Fake::start(&[]).await;
    let repo = repo_at(&server);
    repo.commit(&save("first\n", Expected::Absent)).await.unwrap();
    let put = &server.received_requests().await.unwrap()[0];
    assert_eq!(put.body_json::<serde_json::Value>().unwrap().get("sha"), None);
    let error = repo.commit(&save("second\n", Expected::Absent)).await.unwrap_err();
    assert!(matches!(error, RepoError::AlreadyExists { .. }), "{error}");
    assert_eq!(fake.text(FILE).unwrap(), "first\n");
}

/// Appends one line to the file, as a writer that changes one task would.
async fn append(
    repo: &oar_github::GitHubRepo,
    pause: &RecordedPause,
    line: &str,
) -> Result<(), UpdateError<Infallible>> {
    let entropy = SeededEntropy::new(1);
    let retry = Retry { entropy: &entropy, pause };
    let decide = |file: Option<&StoredFile>| {
        let mut content = file.map(|file| file.content.clone()).unwrap_or_default();
        content.extend_from_slice(format!("{line}\n").as_bytes());
        Ok(Decision::write(content, message("Append"), ()))
    };
    update_file(repo, &path(FILE), &retry, decide).await.map(drop)
}

#[tokio::test]
async fn spec01_case_16_two_writers_of_one_version_both_stay() {
    let (fake, server) = Fake::start(&[(FILE, "start\n")]).await;
    fake.mishap(Mishap::Overtaken("start\nX\n"));
    let pause = RecordedPause::default();
    append(&repo_at(&server), &pause, "Y").await.unwrap();
    assert_eq!(fake.text(FILE).unwrap(), "start\nX\nY\n");
    assert_eq!(requests(&server).await.len(), 4, "two GETs, two PUTs");
    assert_eq!(pause.waits().len(), 1);
}

#[tokio::test]
async fn spec01_case_17_two_conflicts_are_survived_five_are_reported() {
    let (fake, server) = Fake::start(&[(FILE, "start\n")]).await;
    fake.mishap(Mishap::Overtaken("start\nX\n"));
    fake.mishap(Mishap::Answer(409));
    append(&repo_at(&server), &RecordedPause::default(), "Y").await.unwrap();
    assert_eq!(fake.text(FILE).unwrap(), "start\nX\nY\n");

    let (fake, server) = Fake::start(&[(FILE, "start\n")]).await;
    fake.mishap(Mishap::Overtaken("start\nX\n"));
    (0..4).for_each(|_| fake.mishap(Mishap::Answer(409)));
    let error = append(&repo_at(&server), &RecordedPause::default(), "Y").await.unwrap_err();
    assert!(matches!(error, UpdateError::Contended { attempts: 5, .. }), "{error}");
    assert_eq!(fake.text(FILE).unwrap(), "start\nX\n");
}

#[tokio::test]
async fn writers_of_one_process_take_turns_and_lose_nothing() {
    let (fake, server) = Fake::start(&[(FILE, "")]).await;
    let repo = repo_at(&server);
    let writers = (0..16).map(|number| {
        let repo = repo.clone();
        let line = number.to_string();
        tokio::spawn(async move { append(&repo, &RecordedPause::default(), &line).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(fake.text(FILE).unwrap().lines().count(), 16);
    assert_eq!(requests(&server).await.len(), 32, "no conflict among ourselves");
}

#[tokio::test]
async fn refusals_are_final_and_told_apart() {
    for (status, body, class) in [
        (401, "{}", ErrorClass::UnauthenticatedUpstream),
        (403, "{\"message\":\"Resource not accessible\"}", ErrorClass::ForbiddenUpstream),
        (404, "{}", ErrorClass::NotFound),
        (409, "{}", ErrorClass::Conflict),
        (422, "{\"message\":\"sha does not match\"}", ErrorClass::Conflict),
        (422, "{\"message\":\"message is too long\"}", ErrorClass::Undetermined),
    ] {
        let (script, repo) = scripted([Step::answer(status, body)]);
        let error = repo.commit(&save("new\n", holding("old\n"))).await.unwrap_err();
        assert_eq!(error.class(), class, "{status} {body}: {error}");
        assert_eq!(script.seen().len(), 1, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secondary_rate_limit_is_waited_for_up_to_two_minutes() {
    let written = Step::json(&json!({ "content": { "sha": "1" } }));
    let limited = |seconds: &str| {
        let body = "{\"message\":\"You have exceeded a secondary rate limit\"}";
        Step::answer(403, body).with("retry-after", seconds)
    };
    let (script, repo) = scripted([limited("90"), written.clone()]);
    repo.commit(&save("new\n", holding("old\n"))).await.unwrap();
    assert_eq!(script.seen().len(), 2);
    let (script, repo) = scripted([limited("121"), written]);
    let error = repo.commit(&save("new\n", holding("old\n"))).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UpstreamUnavailable);
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn a_delete_names_the_version_it_deletes() {
    let (script, repo) = scripted([Step::json(&json!({ "content": null }))]);
    let change = Change { path: path(FILE), content: None, expected: holding("old\n") };
    let commit = Commit { message: message("Delete"), changes: vec![change] };
    assert_eq!(repo.commit(&commit).await.unwrap().versions, [None]);
    let seen = &script.seen()[0];
    assert_eq!(seen.method, http::Method::DELETE);
    let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body["sha"], version("old\n").0);
}

#[tokio::test]
async fn r04_errors_do_not_show_the_token() {
    let (_, repo) = scripted([Step::answer(400, format!("bad {TOKEN}"))]);
    let error = repo.read(&path(FILE)).await.unwrap_err();
    let mut shown = format!("{error} {error:?} {repo:?}");
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        shown.push_str(&inner.to_string());
        cause = inner.source();
    }
    assert!(!shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn a_missing_token_is_not_an_outage() {
    let script = oar_transport::testing::Script::new([Step::answer(200, "")]);
    let http = oar_transport::testing::client(std::sync::Arc::new(script.clone()));
    let none = oar_transport::env::Environment::from_map::<&str, &str>([]);
    let token = oar_transport::SecretSource::variable(&none, "GITHUB_TOKEN", "the state");
    let github = oar_github::HttpGitHub::new(&http, token);
    let repo = oar_github::GitHubRepo::new(github, "o/r".parse().unwrap(), "z-stream");
    let error = repo.read(&path(FILE)).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotConfigured);
    assert!(script.seen().is_empty());
}
