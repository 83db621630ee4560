//! What the environment check asks.

use std::sync::Arc;

use oar_github::{GitHubRead as _, HttpGitHub};
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
