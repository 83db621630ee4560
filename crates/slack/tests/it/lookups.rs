//! People, groups, the bot itself.

use std::sync::Arc;

use oar_release::ErrorClass;
use oar_slack::{GroupId, HttpSlack, People, SlackError, SlackRead as _, UserId};
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::testing::faults::{Subject, check_read};
use oar_transport::testing::{Step, client_at, endpoints_at};
use oar_transport::{HttpClient, Secret, Service};
use serde_json::json;
use tokio::time::Instant;
use wiremock::matchers::{body_string, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{refusal, scripted};

fn found(id: &str) -> Step {
    Step::json(&json!({ "ok": true, "user": { "id": id, "name": "x", "more": 1 } }))
}

fn groups(handles: &[&str]) -> Step {
    let groups: Vec<_> =
        handles.iter().map(|h| json!({ "handle": h, "id": format!("S-{h}") })).collect();
    Step::json(&json!({ "ok": true, "usergroups": groups }))
}

#[tokio::test]
async fn a_lookup_is_a_form_with_the_token_in_the_header() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/users.lookupByEmail"))
        .and(header("authorization", "Bearer canary-slack-token"))
        .and(body_string("email=a%2Bb%40example.com"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({ "ok": true, "user": { "id": "U0AAA" } })),
        )
        .expect(1)
        .mount(&server)
        .await;
    let network = Arc::new(ReqwestSend::new(NetworkSettings::default()));
    let http = client_at(network, endpoints_at(Service::Slack, &format!("{}/", server.uri())));
    let slack = HttpSlack::new(&http, Secret::new("canary-slack-token").into());
    let user = slack.user_by_email("a+b@example.com").await.unwrap().unwrap();
    assert_eq!(user.to_string(), "<@U0AAA>");
    // The second time from memory: the server expects one request.
    assert_eq!(slack.user_by_email("a+b@example.com").await.unwrap(), Some(user));
}

#[tokio::test]
async fn spec05_case_01_a_person_is_looked_up_without_the_tag_and_once() {
    let (script, slack) = scripted([found("U1")]);
    for _ in 0..2 {
        let people = People::look_up(&slack, ["a+jira@example.com"]).await;
        assert_eq!(people.mention("a+jira@example.com"), "<@U1>");
        assert_eq!(people.warnings, [""; 0]);
    }
    let [only] = &script.seen()[..] else { panic!("{:?}", script.seen()) };
    assert!(only.url.ends_with("/users.lookupByEmail"), "{}", only.url);
    assert_eq!(&only.body[..], b"email=a%40example.com");
}

#[tokio::test]
async fn spec05_case_02_who_is_not_there_is_named_by_address_with_one_warning() {
    let (script, slack) = scripted([refusal("users_not_found")]);
    let lines = ["b@example.com", "b+x@example.com", "b@example.com"];
    let people = People::look_up(&slack, lines).await;
    assert_eq!(people.mention("b@example.com"), "b@example.com");
    let [warning] = &people.warnings[..] else { panic!("{:?}", people.warnings) };
    assert!(warning.contains("b@example.com"), "{warning}");
    People::look_up(&slack, lines).await;
    assert_eq!(script.seen().len(), 1, "no second request in the same process");
}

#[tokio::test]
async fn spec05_case_03_what_is_no_address_is_not_looked_up() {
    let (script, slack) = scripted([found("U1")]);
    let people = People::look_up(&slack, ["Unknown", ""]).await;
    assert_eq!(people.mention("Unknown"), "Unknown");
    assert_eq!(people.mention("<!here>"), "&lt;!here&gt;");
    assert_eq!((script.seen().len(), people.warnings.len()), (0, 0));
}

#[tokio::test]
async fn spec05_case_04_two_groups_are_found_in_one_list() {
    let (script, slack) = scripted([Step::json(&json!({ "ok": true, "usergroups": [
        { "handle": "leads", "id": "S1" }, { "handle": "docs", "id": "S2" } ] }))]);
    let leads = slack.group_by_handle("leads").await.unwrap().unwrap();
    let docs = slack.group_by_handle("docs").await.unwrap().unwrap();
    assert_eq!(
        (leads.to_string().as_str(), docs.to_string().as_str()),
        ("<!subteam^S1>", "<!subteam^S2>")
    );
    let [only] = &script.seen()[..] else { panic!("{:?}", script.seen()) };
    assert!(only.url.ends_with("/usergroups.list"), "{}", only.url);
}

#[tokio::test]
async fn r39_people_that_are_not_there_are_remembered_too() {
    let (script, slack) = scripted([refusal("users_not_found")]);
    for _ in 0..3 {
        assert_eq!(slack.user_by_email("x@example.com").await.unwrap(), None);
    }
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn r39_an_error_is_not_remembered() {
    let (_, slack) = scripted([refusal("invalid_auth"), found("U1")]);
    let error = slack.user_by_email("x@example.com").await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream);
    let user = slack.user_by_email("x@example.com").await.unwrap();
    assert_eq!(user, Some(UserId("U1".to_owned())));
}

#[tokio::test]
async fn the_list_of_groups_is_fetched_once_and_again_for_a_handle_it_lacks() {
    let (script, slack) = scripted([groups(&["leads"]), groups(&["leads", "docs"])]);
    let leads = slack.group_by_handle("leads").await.unwrap();
    assert_eq!(leads, Some(GroupId("S-leads".to_owned())));
    assert_eq!(leads.unwrap().to_string(), "<!subteam^S-leads>");
    slack.group_by_handle("leads").await.unwrap().unwrap();
    assert_eq!(script.seen().len(), 1);
    // Made since: found by the one refresh.
    slack.group_by_handle("docs").await.unwrap().unwrap();
    assert_eq!(script.seen().len(), 2);
    // Not there: one more refresh, and never again for this handle.
    for _ in 0..3 {
        assert_eq!(slack.group_by_handle("nobody").await.unwrap(), None);
    }
    assert_eq!(script.seen().len(), 3);
}

#[tokio::test]
async fn callers_that_miss_together_share_one_request() {
    let (script, slack) = scripted([groups(&["leads"])]);
    let callers = (0..10).map(|_| {
        let slack = slack.clone();
        tokio::spawn(async move { slack.group_by_handle("leads").await })
    });
    for caller in callers.collect::<Vec<_>>() {
        assert!(caller.await.unwrap().unwrap().is_some());
    }
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn permanent_refusals_name_the_token_and_the_scope() {
    for code in ["invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"]
    {
        let (script, slack) = scripted([refusal(code)]);
        let error = slack.who_am_i().await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream, "{code}");
        assert!(error.to_string().contains("SLACK_BOT_TOKEN"), "{error}");
        assert_eq!(script.seen().len(), 1, "{code}");
    }
    let missing = json!({ "ok": false, "error": "missing_scope", "needed": "usergroups:read" });
    let (_, slack) = scripted([Step::json(&missing)]);
    let error = slack.group_by_handle("leads").await.unwrap_err();
    assert_eq!(error.to_string(), "SLACK_BOT_TOKEN lacks the scope usergroups:read");
}

#[tokio::test(start_paused = true)]
async fn words_for_trouble_are_tried_three_times_more() {
    for code in ["internal_error", "fatal_error", "service_unavailable", "request_timeout"] {
        let (script, slack) = scripted([refusal(code)]);
        let begun = Instant::now();
        let error = slack.who_am_i().await.unwrap_err();
        assert!(matches!(error, SlackError::Unavailable { .. }), "{error}");
        assert_eq!(script.seen().len(), 4, "{code}");
        let waited = begun.elapsed().as_secs_f64();
        assert!((3.5..10.5).contains(&waited), "1, 2 and 4 s, give or take half: {waited}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lookup_is_made_through_every_fault() {
    let call = |http: HttpClient| async move {
        let slack = HttpSlack::new(&http, Secret::new("t").into());
        slack.user_by_email("x@example.com").await.map(drop).map_err(|error| error.class())
    };
    let subject = Subject::new(Service::Slack, found("U1"), call);
    check_read(&subject).await;
}
