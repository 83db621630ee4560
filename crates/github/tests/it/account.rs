//! What the environment check asks.

use std::sync::Arc;

use oar_github::{GitHubRead as _, HttpGitHub, PullRequestRead as _};
use oar_release::ErrorClass;
use oar_transport::Secret;
use oar_transport::testing::{Script, Step, client};
use serde_json::json;

fn github(step: Step) -> (Script, HttpGitHub) {
    let script = Script::new([step]);
    let http = client(Arc::new(script.clone()));
    (script, HttpGitHub::new(&http, Secret::new("canary-token").into()))
}

#[tokio::test]
async fn the_viewer_comes_with_scopes_and_the_services_clock() {
    let answer = Step::json(&json!({ "login": "bot" }))
        .with("x-oauth-scopes", "repo, workflow")
        .with("date", "Wed, 11 Mar 2026 08:02:00 GMT");
    let (script, github) = github(answer);
    let viewer = github.viewer().await.unwrap();
    assert_eq!(viewer.login, "bot");
    assert_eq!(viewer.scopes.unwrap(), ["repo", "workflow"]);
    assert_eq!(viewer.server_time.unwrap().to_string(), "2026-03-11T08:02:00Z");
    assert_eq!(script.seen()[0].url, "https://api.github.com/user");
}

#[tokio::test]
async fn a_token_without_scopes_is_not_one_with_none() {
    let core = json!({ "resources": { "core": { "limit": 5000, "remaining": 4990 } } });
    let (_, fine_grained) = github(Step::json(&core));
    let limits = fine_grained.limits().await.unwrap();
    assert_eq!((limits.limit, limits.remaining, limits.scopes), (5000, 4990, None));
    let (_, scopeless) = github(Step::json(&core).with("x-oauth-scopes", ""));
    assert_eq!(scopeless.limits().await.unwrap().scopes, Some(Vec::new()));
}

#[tokio::test]
async fn push_access_is_told() {
    let repo = "o/r".parse().unwrap();
    let (script, writer) = github(Step::json(&json!({ "permissions": { "push": true } })));
    assert_eq!(writer.repository(&repo).await.unwrap().push, Some(true));
    assert_eq!(script.seen()[0].url, "https://api.github.com/repos/o/r");
    let (_, silent) = github(Step::json(&json!({})));
    assert_eq!(silent.repository(&repo).await.unwrap().push, None);
    let (_, stranger) = github(Step::answer(404, "{}"));
    let error = stranger.repository(&repo).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotFound);
}

#[tokio::test]
async fn a_pull_request_comes_with_its_labels_in_one_request() {
    let id = "https://github.com/openshift/installer/pull/12".parse().unwrap();
    let answer = |merged: Option<&str>, state: &str| {
        Step::json(&json!({
            "number": 12, "state": state, "labels": [{ "name": "verified", "color": "x" }],
            "pull_request": { "merged_at": merged, "url": "https://example.com" }
        }))
    };
    let (script, merged) = github(answer(Some("2026-03-01T00:00:00Z"), "closed"));
    let found = merged.pull_request(&id).await.unwrap();
    assert_eq!((found.labels, found.is_abandoned), (vec!["verified".to_owned()], false));
    assert_eq!(script.seen()[0].url, "https://api.github.com/repos/openshift/installer/issues/12");
    let (_, open) = github(answer(None, "open"));
    assert!(!open.pull_request(&id).await.unwrap().is_abandoned);
    let (_, abandoned) = github(answer(None, "closed"));
    assert!(abandoned.pull_request(&id).await.unwrap().is_abandoned);
}
