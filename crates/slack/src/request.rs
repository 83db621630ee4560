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
    let mut hidden = serde_json::Map::new();
    if let Some(intent) = &message.intent {
        hidden.insert("intent".to_owned(), json!(intent));
    }
    if let Some(topic) = &message.topic {
        hidden.insert("topic".to_owned(), json!(topic.id));
        hidden.insert("content".to_owned(), json!(topic.content));
    }
    if !hidden.is_empty() {
        body["metadata"] = json!({ "event_type": EVENT_TYPE, "event_payload": hidden });
    }
    body
}

/// Whether `metadata` marks the message of `intent`.
pub(crate) fn is_marked(metadata: Option<&Metadata>, intent: &str) -> bool {
    hidden(metadata, "intent") == Some(intent)
}

/// What `metadata` says about `topic`; `None` when it is another message's.
pub(crate) fn said_about<'m>(metadata: Option<&'m Metadata>, topic: &str) -> Option<&'m str> {
    hidden(metadata, "topic").filter(|id| *id == topic)?;
    hidden(metadata, "content")
}

fn hidden<'m>(metadata: Option<&'m Metadata>, name: &str) -> Option<&'m str> {
    let ours = metadata.filter(|metadata| metadata.event_type.as_deref() == Some(EVENT_TYPE))?;
    ours.event_payload.get(name)?.as_str()
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
    use crate::types::Topic;

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
        assert_eq!(said_about(Some(&metadata), "ownership"), None, "it is about nothing");
    }

    #[test]
    fn a_message_says_what_it_is_about() {
        let topic = Topic { id: "ownership".to_owned(), content: "c0ffee".to_owned() };
        let body = post_body(&Message { topic: Some(topic), ..Message::new("#qe", "hello") });
        let metadata: Metadata = serde_json::from_value(body["metadata"].clone()).unwrap();
        assert_eq!(said_about(Some(&metadata), "ownership"), Some("c0ffee"));
        assert_eq!(said_about(Some(&metadata), "other"), None);
        assert!(!is_marked(Some(&metadata), "0a1b"));
    }

    #[test]
    fn names_are_no_ids() {
        assert!(is_id("C0123456789"));
        for name in ["#qe-release", "C", "qe", "Channel99", "U0123456789"] {
            assert!(!is_id(name), "{name}");
        }
    }
}
