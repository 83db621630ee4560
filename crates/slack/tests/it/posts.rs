//! Posts: what is sent, what is never sent twice.

use std::time::Duration;

use oar_release::ErrorClass;
use oar_slack::{HttpSlack, Message, Posted, SlackError, SlackWrite as _};
use oar_transport::testing::faults::{Subject, check_write};
use oar_transport::testing::{Seen, Step};
use oar_transport::{HttpClient, Processed, Secret, SendErrorKind, Service};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{refusal, scripted};

const CHANNEL: &str = "C0123456789";

fn posted() -> Step {
    Step::json(&json!({ "ok": true, "channel": CHANNEL, "ts": "1700.1" }))
}

fn history(intent: &str) -> Step {
    let metadata = json!({ "event_type": "oar_intent", "event_payload": { "intent": intent } });
    let messages = json!([{ "ts": "1699.9" }, { "ts": "1700.1", "metadata": metadata }]);
    Step::json(&json!({ "ok": true, "messages": messages }))
}

fn marked(channel: &str) -> Message {
    Message { intent: Some("0a1b".to_owned()), ..Message::new(channel, "hello") }
}

fn lost() -> Step {
    Step::Fail(SendErrorKind::Interrupted, Processed::Unknown)
}

fn is_post(seen: &Seen) -> bool {
    seen.url.ends_with("/chat.postMessage")
}

#[tokio::test]
async fn a_post_is_json_and_answers_where_it_is() {
    let (script, slack) = scripted([posted()]);
    let message = Message { thread: Some("1699.0".to_owned()), ..marked("#qe") };
    let answer = slack.post(&message).await.unwrap();
    assert_eq!(answer, Posted { channel: CHANNEL.to_owned(), ts: "1700.1".to_owned() });
    let seen = &script.seen()[0];
    assert_eq!(seen.url, "https://slack.com/api/chat.postMessage");
    assert_eq!(seen.header("content-type"), Some("application/json;charset=utf-8"));
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!((&body["channel"], &body["thread_ts"]), (&json!("#qe"), &json!("1699.0")));
    assert_eq!(body["unfurl_links"], false);
}

#[tokio::test]
async fn nothing_and_too_much_are_not_sent() {
    let (script, slack) = scripted([posted()]);
    let error = slack.post(&Message::new("#qe", " \n")).await.unwrap_err();
    assert!(matches!(error, SlackError::Empty { .. }), "{error}");
    let error = slack.post(&Message::new("#qe", "x".repeat(3901))).await.unwrap_err();
    assert!(matches!(error, SlackError::TooLong { .. }), "{error}");
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn r39_a_channel_that_cannot_be_posted_to_is_named_with_a_remedy() {
    for (code, class, remedy) in [
        ("not_in_channel", ErrorClass::ForbiddenUpstream, "invite the bot"),
        ("channel_not_found", ErrorClass::NotFound, "check the name"),
        ("is_archived", ErrorClass::ForbiddenUpstream, "another channel"),
        ("restricted_action_read_only_channel", ErrorClass::ForbiddenUpstream, "admin"),
    ] {
        let (script, slack) = scripted([refusal(code)]);
        let error = slack.post(&Message::new("#qe", "hello")).await.unwrap_err();
        assert_eq!(error.class(), class, "{code}");
        let text = error.to_string();
        assert!(text.contains("#qe") && text.contains(remedy), "{text}");
        assert_eq!(script.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_thread_that_is_gone_is_answered_in_the_channel() {
    let (script, slack) = scripted([refusal("cannot_reply_to_message"), posted()]);
    let message = Message { thread: Some("1.1".to_owned()), ..Message::new("#qe", "hello") };
    slack.post(&message).await.unwrap();
    let second: Value = serde_json::from_slice(&script.seen()[1].body).unwrap();
    assert_eq!(second.get("thread_ts"), None);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_waited_for_up_to_five_minutes() {
    let limited = |seconds: &str| Step::answer(429, "").with("retry-after", seconds);
    let (script, slack) = scripted([limited("30"), limited("30"), posted()]);
    let begun = Instant::now();
    slack.post(&Message::new("#qe", "hello")).await.unwrap();
    assert_eq!(script.seen().len(), 3);
    assert!((60..64).contains(&begun.elapsed().as_secs()));
    let (script, slack) = scripted([limited("301")]);
    let error = slack.post(&Message::new("#qe", "hello")).await.unwrap_err();
    let told = matches!(error, SlackError::RateLimited { retry_after: Some(wait), .. }
        if wait == Duration::from_secs(301));
    assert!(told, "{error}");
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn spec05_case_06_a_post_that_was_too_early_is_sent_again_when_slack_says() {
    let limited = Step::answer(429, "").with("retry-after", "2");
    let (script, slack) = scripted([limited, posted()]);
    let begun = Instant::now();
    let answer = slack.post(&Message::new("#qe", "hello")).await.unwrap();
    assert_eq!(answer.ts, "1700.1");
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(script.seen().iter().filter(|seen| is_post(seen)).count(), 2);
    assert_eq!(script.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn ten_posts_to_one_channel_take_nine_seconds() {
    let (script, slack) = scripted([posted()]);
    let begun = Instant::now();
    let posts = (0..10).map(|number| {
        let slack = slack.clone();
        tokio::spawn(async move { slack.post(&Message::new("#qe", number.to_string())).await })
    });
    for post in posts.collect::<Vec<_>>() {
        post.await.unwrap().unwrap();
    }
    assert_eq!(begun.elapsed(), Duration::from_secs(9));
    let text = |seen: &Seen| serde_json::from_slice::<Value>(&seen.body).unwrap()["text"].clone();
    let texts: Vec<Value> = script.seen().iter().map(text).collect();
    let expected: Vec<Value> = (0..10).map(|number| json!(number.to_string())).collect();
    assert_eq!(texts, expected);
}

#[tokio::test]
async fn a_lost_post_is_found_by_its_intent_and_not_sent_again() {
    for answer in [lost(), Step::answer(502, ""), refusal("internal_error"), Step::answer(200, "")]
    {
        let (script, slack) = scripted([answer, history("0a1b")]);
        let found = slack.post(&marked(CHANNEL)).await.unwrap();
        assert_eq!(found.ts, "1700.1");
        assert_eq!(script.seen().iter().filter(|seen| is_post(seen)).count(), 1);
    }
}

#[tokio::test]
async fn a_lost_reply_in_a_thread_is_searched_in_the_thread() {
    let (script, slack) = scripted([lost(), history("0a1b")]);
    let message = Message { thread: Some("1600.1".to_owned()), ..marked(CHANNEL) };
    slack.post(&message).await.unwrap();
    let look = &script.seen()[1];
    assert!(look.url.ends_with("/conversations.replies"));
    assert!(String::from_utf8_lossy(&look.body).contains("ts=1600.1"));
}

#[tokio::test]
async fn a_name_is_turned_into_an_id_to_search_under() {
    let page = |channels: Value, next: &str| {
        let metadata = json!({ "next_cursor": next });
        Step::json(&json!({ "ok": true, "channels": channels, "response_metadata": metadata }))
    };
    let (script, slack) = scripted([
        lost(),
        page(json!([{ "id": "C0000000001", "name": "other" }]), "more"),
        page(json!([{ "id": CHANNEL, "name": "qe" }]), ""),
        history("0a1b"),
    ]);
    assert_eq!(slack.post(&marked("#qe")).await.unwrap().channel, CHANNEL);
    assert_eq!(script.seen().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_was_posted_to_is_known_by_id() {
    let (script, slack) = scripted([posted(), lost(), history("0a1b")]);
    slack.post(&marked("#qe")).await.unwrap();
    slack.post(&marked("#qe")).await.unwrap();
    assert_eq!(script.seen().len(), 3, "no list of channels");
}

#[tokio::test]
async fn r34_a_list_of_channels_that_never_ends_is_given_up() {
    let again = json!({ "ok": true, "channels": [], "response_metadata": { "next_cursor": "x" } });
    let (script, slack) = scripted([lost(), Step::json(&again)]);
    let error = slack.post(&marked("#qe")).await.unwrap_err();
    assert!(matches!(error, SlackError::Unknown { .. }), "{error}");
    assert!(script.seen().len() < 30);
}

#[tokio::test]
async fn a_lost_post_that_is_not_there_was_not_posted() {
    let (_, slack) = scripted([lost(), history("another")]);
    let error = slack.post(&marked(CHANNEL)).await.unwrap_err();
    assert!(matches!(error, SlackError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_unknown() {
    let unmarked = Message::new(CHANNEL, "hello");
    let missing = json!({ "ok": false, "error": "missing_scope", "needed": "channels:history" });
    for (message, look) in [(unmarked, history("0a1b")), (marked(CHANNEL), Step::json(&missing))] {
        let (script, slack) = scripted([lost(), look]);
        let error = slack.post(&message).await.unwrap_err();
        assert!(matches!(error, SlackError::Unknown { .. }), "{error}");
        assert_eq!(error.class(), ErrorClass::Undetermined);
        assert_eq!(script.seen().iter().filter(|seen| is_post(seen)).count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_slack_did_not_take_is_sent_again() {
    let (script, slack) = scripted([refusal("service_unavailable"), posted()]);
    slack.post(&marked("#qe")).await.unwrap();
    assert_eq!(script.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_fault_makes_a_post_appear_twice() {
    let call = |http: HttpClient| async move {
        let slack = HttpSlack::new(&http, Secret::new("t").into());
        slack.post(&marked(CHANNEL)).await.map(drop).map_err(|error| error.class())
    };
    let subject = Subject { writes: is_post, ..Subject::new(Service::Slack, posted(), call) };
    check_write(&subject).await;
}

#[tokio::test]
async fn r04_no_error_shows_the_token() {
    let (_, slack) = scripted([Step::answer(400, "canary-slack-token")]);
    let error = slack.post(&Message::new("#qe", "hello")).await.unwrap_err();
    let shown = format!("{error} {error:?} {slack:?}");
    assert!(!shown.contains("canary"), "{shown}");
}
