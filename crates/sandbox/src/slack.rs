//! A Slack workspace: people, groups, channels and what was posted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, Incoming};
use crate::world::World;

/// A Slack workspace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Slack {
    /// E-mail to user id.
    pub users: BTreeMap<String, String>,
    /// Group handle to group id.
    pub groups: BTreeMap<String, String>,
    /// Channels the bot is a member of, without `#`.
    pub channels: Vec<String>,
    /// Everything posted, in order.
    pub messages: Vec<Message>,
}

/// A posted message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Channel name without `#`.
    pub channel: String,
    /// Time stamp, the message's id.
    pub ts: String,
    /// Thread it answers to.
    pub thread_ts: Option<String>,
    /// Text with Slack's markup.
    pub text: String,
    /// Message metadata as posted.
    pub metadata: Value,
}

/// Answers one Web API call.
pub(crate) fn answer(world: &mut World, incoming: &Incoming<'_>) -> Answer {
    let ok = |mut body: Value| {
        body["ok"] = json!(true);
        Answer::json(200, &body)
    };
    if incoming.credential().is_none() {
        return error("not_authed");
    }
    let arguments = arguments(incoming);
    let argument = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    match incoming.path.last().map(String::as_str) {
        Some("auth.test") => {
            ok(json!({ "user_id": "U0BOT", "bot_id": "B0BOT", "team": "sandbox" }))
        }
        Some("users.lookupByEmail") => match world.slack.users.get(argument("email")) {
            Some(id) => ok(json!({ "user": { "id": id } })),
            None => error("users_not_found"),
        },
        Some("usergroups.list") => {
            let group = |(handle, id): (&String, &String)| json!({ "handle": handle, "id": id });
            ok(json!({ "usergroups": world.slack.groups.iter().map(group).collect::<Vec<_>>() }))
        }
        Some("chat.postMessage") => post(world, &arguments),
        Some("conversations.list") => {
            let channels = world.slack.channels.iter();
            let channel = |name: &String| json!({ "id": channel_id(name), "name": name });
            let channels: Vec<Value> = channels.map(channel).collect();
            ok(json!({ "channels": channels, "response_metadata": { "next_cursor": "" } }))
        }
        // Histories are read by id, never by name.
        Some("conversations.history") => {
            let known = |name: &&String| channel_id(name) == argument("channel");
            let Some(channel) = world.slack.channels.iter().find(known) else {
                return error("channel_not_found");
            };
            let of_channel = world.slack.messages.iter().rev().filter(|m| m.channel == *channel);
            let message = |m: &Message| json!({ "ts": m.ts, "text": m.text, "user": "U0BOT", "bot_id": "B0BOT", "metadata": m.metadata });
            ok(
                json!({ "messages": of_channel.map(message).collect::<Vec<_>>(), "has_more": false }),
            )
        }
        _ => error("unknown_method"),
    }
}

fn post(world: &mut World, arguments: &Value) -> Answer {
    let text_of = |name: &str| arguments.get(name).and_then(Value::as_str);
    let given = text_of("channel").unwrap_or_default().trim_start_matches('#');
    let channel =
        world.slack.channels.iter().find(|name| *name == given || channel_id(name) == given);
    let Some(channel) = channel.cloned() else { return error("channel_not_found") };
    let Some(text) = text_of("text").filter(|text| !text.is_empty()) else {
        return error("no_text");
    };
    if text.chars().count() > 40_000 {
        return error("msg_too_long");
    }
    let ts = format!("{}.{:06}", world.now.as_second(), world.slack.messages.len() + 1);
    world.slack.messages.push(Message {
        channel: channel.clone(),
        ts: ts.clone(),
        thread_ts: text_of("thread_ts").map(str::to_owned),
        text: text.to_owned(),
        metadata: arguments.get("metadata").cloned().unwrap_or(Value::Null),
    });
    world.record("slack", "post", format!("#{channel}"));
    Answer::json(200, &json!({ "ok": true, "channel": channel_id(&channel), "ts": ts }))
}

/// An id in Slack's shape, made from the name.
fn channel_id(name: &str) -> String {
    let id = crate::github::blob_id(name.as_bytes()).to_ascii_uppercase();
    format!("C{}", &id[..10])
}

fn error(code: &str) -> Answer {
    Answer::json(200, &json!({ "ok": false, "error": code }))
}

/// JSON or form arguments as one JSON object.
fn arguments(incoming: &Incoming<'_>) -> Value {
    if let Value::Object(map) = incoming.json() {
        return Value::Object(map);
    }
    let pairs = url::form_urlencoded::parse(incoming.body)
        .chain(incoming.url.query_pairs())
        .map(|(key, value)| (key.into_owned(), Value::String(value.into_owned())));
    Value::Object(pairs.collect())
}
