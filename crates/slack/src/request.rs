//! Bodies of requests, built without sending anything.

use serde_json::{Value, json};

use crate::types::{Message, Metadata};

/// The event type of our hidden marker.
const EVENT_TYPE: &str = "oar_intent";

/// Body of `chat.postMessage`. Links are not unfolded: notifications have many.
pub(crate) fn post_body(message: &Message) -> Value {
    let mut body = json!({
        "channel": message.channel,
        "text": message.text,
        "mrkdwn": true,
        "unfurl_links": false,
        "unfurl_media": false,
    });
    if let Some(thread) = &message.thread {
        body["thread_ts"] = json!(thread);
    }
    if let Some(intent) = &message.intent {
        body["metadata"] =
            json!({ "event_type": EVENT_TYPE, "event_payload": { "intent": intent } });
    }
    body
}

/// Whether `metadata` marks the message of `intent`.
pub(crate) fn is_marked(metadata: Option<&Metadata>, intent: &str) -> bool {
    metadata.is_some_and(|metadata| {
        metadata.event_type.as_deref() == Some(EVENT_TYPE)
            && metadata.event_payload.get("intent").and_then(Value::as_str) == Some(intent)
    })
}

/// Whether `channel` is an id: histories are read by id only.
pub(crate) fn is_id(channel: &str) -> bool {
    channel.len() >= 9
        && channel.starts_with(['C', 'G', 'D'])
        && channel.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wanted_is_sent() {
        let plain = post_body(&Message::new("#qe", "hello"));
        assert_eq!(
            plain,
            json!({ "channel": "#qe", "text": "hello", "mrkdwn": true, "unfurl_links": false,
                    "unfurl_media": false })
        );
        let message = Message {
            thread: Some("17.1".to_owned()),
            intent: Some("0a1b".to_owned()),
            ..Message::new("#qe", "hello")
        };
        let body = post_body(&message);
        assert_eq!(body["thread_ts"], "17.1");
        let metadata: Metadata = serde_json::from_value(body["metadata"].clone()).unwrap();
        assert!(is_marked(Some(&metadata), "0a1b"));
        assert!(!is_marked(Some(&metadata), "other"));
        assert!(!is_marked(None, "0a1b"));
    }

    #[test]
    fn names_are_no_ids() {
        assert!(is_id("C0123456789"));
        for name in ["#qe-release", "C", "qe", "Channel99", "U0123456789"] {
            assert!(!is_id(name), "{name}");
        }
    }
}
