//! The words of this client, and what Slack answers as far as it is read.

use std::fmt;

use serde::Deserialize;

/// A person's id (`U0AAA`); shown it is a mention.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub String);

/// A user group's id (`S0AAA`); shown it is a mention.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct GroupId(pub String);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<@{}>", self.0)
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<!subteam^{}>", self.0)
    }
}

/// The account behind the token.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Bot {
    /// Its user id.
    pub user_id: UserId,
    /// Its name.
    #[serde(default)]
    pub user: Option<String>,
    /// The workspace's name.
    #[serde(default)]
    pub team: Option<String>,
}

/// A message to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `#name` of a public channel, or an id.
    pub channel: String,
    /// Text in Slack's markup; inserted text is escaped with [`crate::text::escape`]. At most 3900
    /// characters ([`crate::text::LIMIT`]).
    pub text: String,
    /// The `ts` of the message that is answered, for a thread.
    pub thread: Option<String>,
    /// The intent this message fulfils; travels hidden along and finds the message again when the
    /// answer to the post is lost.
    pub intent: Option<String>,
    /// What the message is about; travels hidden along, too.
    pub topic: Option<Topic>,
}

/// What a message is about and what it says of it: of each topic the newest message holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Which one; nobody else's.
    pub id: String,
    /// Digest of what is said.
    pub content: String,
}

impl Message {
    /// A message to a channel.
    pub fn new(channel: impl Into<String>, text: impl Into<String>) -> Self {
        Self { channel: channel.into(), text: text.into(), thread: None, intent: None, topic: None }
    }
}

/// A message that is there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Posted {
    /// The channel's id.
    pub channel: String,
    /// The message's id within the channel.
    pub ts: String,
}

/// The part that every answer has.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) ok: bool,
    #[serde(default)]
    pub(crate) error: Option<String>,
    /// The scope that a `missing_scope` asks for.
    #[serde(default)]
    pub(crate) needed: Option<String>,
}

/// `users.lookupByEmail`.
#[derive(Debug, Deserialize)]
pub(crate) struct LookedUp {
    pub(crate) user: User,
}

/// One user.
#[derive(Debug, Deserialize)]
pub(crate) struct User {
    pub(crate) id: UserId,
}

/// `usergroups.list`.
#[derive(Debug, Deserialize)]
pub(crate) struct Usergroups {
    pub(crate) usergroups: Vec<Usergroup>,
}

/// One group.
#[derive(Debug, Deserialize)]
pub(crate) struct Usergroup {
    pub(crate) handle: String,
    pub(crate) id: GroupId,
}

/// One page of `conversations.list`.
#[derive(Debug, Deserialize)]
pub(crate) struct ChannelPage {
    pub(crate) channels: Vec<Channel>,
    #[serde(default)]
    pub(crate) response_metadata: PageMetadata,
}

/// A channel.
#[derive(Debug, Deserialize)]
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// Where the next page starts; empty at the end.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PageMetadata {
    #[serde(default)]
    pub(crate) next_cursor: String,
}

/// `conversations.history` and `conversations.replies`.
#[derive(Debug, Deserialize)]
pub(crate) struct History {
    pub(crate) messages: Vec<HistoryMessage>,
}

/// One message of a history.
#[derive(Debug, Deserialize)]
pub(crate) struct HistoryMessage {
    pub(crate) ts: String,
    #[serde(default)]
    pub(crate) metadata: Option<Metadata>,
}

/// What travels hidden along with a message.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    #[serde(default)]
    pub(crate) event_type: Option<String>,
    #[serde(default)]
    pub(crate) event_payload: serde_json::Value,
}
