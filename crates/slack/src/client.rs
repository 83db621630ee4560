//! The calls.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use oar_transport::pause::{Backoff, sleep};
use oar_transport::probe::Operation;
use oar_transport::{Call, HttpClient, HttpErrorKind, Reply, SecretSource, Service, ServiceClient};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::channels::{Channels, MAX_PAGES};
use crate::error::SlackError;
use crate::groups::Groups;
use crate::operations::{
    HISTORY, LIST_CHANNELS, LIST_GROUPS, POST_MESSAGE, USER_BY_EMAIL, WHO_AM_I,
};
use crate::pace::Pace;
use crate::request::{is_marked, post_body, said_about};
use crate::text::LIMIT;
use crate::types::{
    Bot, ChannelPage, Envelope, GroupId, History, HistoryMessage, LookedUp, Message, Posted, Topic,
    UserId, Usergroup, Usergroups,
};
use crate::users::{Lookup, Users};

/// Attempts when Slack answers 200 with a word for "try again": three retries (spec 05 §2.2).
const ATTEMPTS: usize = 4;
/// Messages of a history that are looked at for an earlier one.
const LOOK_BACK: &str = "100";

/// Reads from Slack.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SlackRead: Send + Sync {
    /// The account behind the token (`auth.test`).
    async fn who_am_i(&self) -> Result<Bot, SlackError>;

    /// The person with this address, as [`crate::text::lookup_address`] gives it; `None` when Slack
    /// knows nobody. Both answers are remembered.
    async fn user_by_email(&self, email: &str) -> Result<Option<UserId>, SlackError>;

    /// The group with exactly this handle, without `@`; `None` when there is none.
    async fn group_by_handle(&self, handle: &str) -> Result<Option<GroupId>, SlackError>;

    /// The message that carries `intent`, among the newest of `channel` (an id, or `#name`, which
    /// is looked up) or of one thread.
    async fn find_post(
        &self,
        channel: &str,
        thread: Option<String>,
        intent: &str,
    ) -> Result<Option<Posted>, SlackError>;

    /// The newest message of `channel` about the topic, if it says the same.
    async fn find_said(&self, channel: &str, topic: &Topic) -> Result<Option<Posted>, SlackError>;
}

/// Writes to Slack.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SlackWrite: Send + Sync {
    /// Posts `message`, at most once per second and channel.
    ///
    /// It is never sent twice: when the answer is lost, the channel is searched for the message's
    /// intent; where that is not possible the error is [`SlackError::Unknown`]. A thread that is
    /// gone is answered in the channel instead.
    async fn post(&self, message: &Message) -> Result<Posted, SlackError>;
}

/// The Slack Web API with the bot's token. Clones share caches and pace; one process has one.
#[derive(Clone)]
pub struct HttpSlack {
    slack: ServiceClient,
    token: SecretSource,
    users: Arc<Users>,
    groups: Arc<Mutex<Groups>>,
    channels: Arc<Channels>,
    pace: Arc<Pace>,
}

impl HttpSlack {
    /// A client that sends through `http` and proves its identity with `token`.
    pub fn new(http: &HttpClient, token: SecretSource) -> Self {
        Self {
            slack: http.service(Service::Slack),
            token,
            users: Arc::default(),
            groups: Arc::default(),
            channels: Arc::default(),
            pace: Arc::default(),
        }
    }

    fn call(&self, operation: Operation, method: &str) -> Call {
        self.slack
            .call(operation.name, Method::POST, method)
            .bearer(self.token.clone())
            .idempotency(operation.idempotency)
    }

    /// The newest messages of a channel, or of one thread, and the channel's id.
    async fn newest(
        &self,
        channel: &str,
        thread: Option<&str>,
    ) -> Result<(String, Vec<HistoryMessage>), SlackError> {
        let method =
            if thread.is_some() { "conversations.replies" } else { "conversations.history" };
        let id = self.channel_id(channel).await?;
        let mut pairs =
            vec![("channel", id.as_str()), ("include_all_metadata", "true"), ("limit", LOOK_BACK)];
        pairs.extend(thread.map(|ts| ("ts", ts)));
        let call = || self.call(HISTORY, method).form(pairs.iter().copied());
        let history: History = self.read(method, call).await?;
        Ok((id, history.messages))
    }

    /// Makes a read; words for "try again" in a 200 are heeded as the statuses are.
    async fn read<T: DeserializeOwned>(
        &self,
        method: &'static str,
        call: impl Fn() -> Call,
    ) -> Result<T, SlackError> {
        let entropy = self.slack.http().entropy();
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(8));
        for _ in 1..ATTEMPTS {
            match checked(method, "", &call().send().await?) {
                Err(SlackError::Unavailable { .. } | SlackError::RateLimited { .. }) => {
                    sleep(backoff.next_wait(&*entropy)).await;
                }
                done => return done,
            }
        }
        checked(method, "", &call().send().await?)
    }

    async fn list_groups(&self) -> Result<Vec<Usergroup>, SlackError> {
        let method = "usergroups.list";
        let answer: Usergroups = self.read(method, || self.call(LIST_GROUPS, method)).await?;
        Ok(answer.usergroups)
    }

    /// The id of `channel`; a name is searched in the list of public channels.
    async fn channel_id(&self, channel: &str) -> Result<String, SlackError> {
        let method = "conversations.list";
        let mut cursor = String::new();
        for _ in 0..MAX_PAGES {
            if let Some(id) = self.channels.known(channel) {
                return Ok(id);
            }
            let mut pairs = vec![("exclude_archived", "true"), ("limit", "1000")];
            if !cursor.is_empty() {
                pairs.push(("cursor", cursor.as_str()));
            }
            let call = || self.call(LIST_CHANNELS, method).form(pairs.iter().copied());
            let page: ChannelPage = self.read(method, call).await?;
            for found in page.channels {
                self.channels.remember(found.name, found.id);
            }
            cursor = page.response_metadata.next_cursor;
            if cursor.is_empty() {
                break;
            }
        }
        self.channels.known(channel).ok_or_else(|| SlackError::Channel {
            channel: channel.to_owned(),
            code: "channel_not_found".to_owned(),
            remedy: "check the name, and that the bot may see it",
        })
    }

    async fn post_once(&self, message: &Message) -> Result<Posted, SlackError> {
        self.pace.turn(&message.channel).await;
        let method = "chat.postMessage";
        let media_type = "application/json;charset=utf-8";
        let body = post_body(message).to_string();
        let sent = self.call(POST_MESSAGE, method).bytes(media_type, body).send().await;
        let reply = match sent {
            Ok(reply) => reply,
            Err(error) if error.outcome_is_unknown() => {
                return self.look_up(message, Some(Box::new(error))).await;
            }
            Err(error) => return Err(error.into()),
        };
        match checked::<Posted>(method, &message.channel, &reply) {
            // Slack says of these two that the message may be there all the same.
            Err(SlackError::Unavailable { code, .. })
                if matches!(code.as_str(), "internal_error" | "fatal_error") =>
            {
                self.look_up(message, None).await
            }
            // It was accepted; only the answer is unreadable.
            Err(SlackError::Http(error))
                if matches!(error.kind(), HttpErrorKind::Malformed { .. }) =>
            {
                self.look_up(message, Some(error)).await
            }
            Ok(posted) => {
                let name = message.channel.trim_start_matches('#').to_owned();
                self.channels.remember(name, posted.channel.clone());
                Ok(posted)
            }
            refused => refused,
        }
    }

    /// Posts, and tries again while Slack says in a 200 that it did not take the message.
    async fn post_patiently(&self, message: &Message) -> Result<Posted, SlackError> {
        let entropy = self.slack.http().entropy();
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(8));
        for _ in 1..ATTEMPTS {
            match self.post_once(message).await {
                Err(SlackError::Unavailable { code, source: None }) if was_not_taken(&code) => {
                    sleep(backoff.next_wait(&*entropy)).await;
                }
                done => return done,
            }
        }
        self.post_once(message).await
    }

    /// The answer to a post was lost: searches for it where the token and the channel's name allow.
    async fn look_up(
        &self,
        message: &Message,
        lost: Option<Box<oar_transport::HttpError>>,
    ) -> Result<Posted, SlackError> {
        let channel = message.channel.clone();
        let unknown = |source| SlackError::Unknown { channel: channel.clone(), source };
        let Some(intent) = message.intent.as_deref() else {
            return Err(unknown(lost));
        };
        match self.find_post(&channel, message.thread.clone(), intent).await {
            Ok(Some(posted)) => Ok(posted),
            Ok(None) => {
                let code = "the answer was lost, the message is not there".to_owned();
                Err(SlackError::Unavailable { code, source: lost })
            }
            Err(_) => Err(unknown(lost)),
        }
    }
}

impl fmt::Debug for HttpSlack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpSlack")
    }
}

#[async_trait]
impl SlackRead for HttpSlack {
    #[tracing::instrument(name = "slack.auth_test", skip_all)]
    async fn who_am_i(&self) -> Result<Bot, SlackError> {
        let method = "auth.test";
        self.read(method, || self.call(WHO_AM_I, method)).await
    }

    #[tracing::instrument(name = "slack.user_by_email", skip_all)]
    async fn user_by_email(&self, email: &str) -> Result<Option<UserId>, SlackError> {
        if let Some(known) = self.users.known(email) {
            return Ok(known.user());
        }
        let method = "users.lookupByEmail";
        let call = || self.call(USER_BY_EMAIL, method).form([("email", email)]);
        let lookup = match self.read::<LookedUp>(method, call).await {
            Ok(found) => Lookup::Found(found.user.id),
            Err(SlackError::Refused { code, .. }) if code == "users_not_found" => Lookup::Nobody,
            Err(error) => return Err(error),
        };
        self.users.remember(email, lookup.clone());
        Ok(lookup.user())
    }

    #[tracing::instrument(name = "slack.group_by_handle", skip_all, fields(handle))]
    async fn group_by_handle(&self, handle: &str) -> Result<Option<GroupId>, SlackError> {
        self.groups.lock().await.find(handle, || self.list_groups()).await
    }

    #[tracing::instrument(name = "slack.find_post", skip_all, fields(channel))]
    async fn find_post(
        &self,
        channel: &str,
        thread: Option<String>,
        intent: &str,
    ) -> Result<Option<Posted>, SlackError> {
        let (channel, newest) = self.newest(channel, thread.as_deref()).await?;
        let found = newest.into_iter().find(|post| is_marked(post.metadata.as_ref(), intent));
        Ok(found.map(|post| Posted { channel, ts: post.ts }))
    }

    #[tracing::instrument(name = "slack.find_said", skip_all, fields(channel))]
    async fn find_said(&self, channel: &str, topic: &Topic) -> Result<Option<Posted>, SlackError> {
        let (channel, newest) = self.newest(channel, None).await?;
        let said = |post: HistoryMessage| {
            let is_same = said_about(post.metadata.as_ref(), &topic.id)? == topic.content;
            Some((is_same, post.ts))
        };
        let last = newest.into_iter().find_map(said);
        Ok(last.and_then(|(is_same, ts)| is_same.then_some(Posted { channel, ts })))
    }
}

#[async_trait]
impl SlackWrite for HttpSlack {
    #[tracing::instrument(name = "slack.post_message", skip_all, fields(channel = %message.channel))]
    async fn post(&self, message: &Message) -> Result<Posted, SlackError> {
        let channel = message.channel.clone();
        if message.text.trim().is_empty() {
            return Err(SlackError::Empty { channel });
        }
        if message.text.chars().count() > LIMIT {
            return Err(SlackError::TooLong { channel });
        }
        match self.post_patiently(message).await {
            Err(SlackError::Refused { code, .. })
                if message.thread.is_some()
                    && matches!(code.as_str(), "cannot_reply_to_message" | "thread_not_found") =>
            {
                self.post_patiently(&Message { thread: None, ..message.clone() }).await
            }
            answer => answer,
        }
    }
}

/// Success is `"ok": true` in a 200; anything else is an error in words.
fn checked<T: DeserializeOwned>(
    method: &'static str,
    channel: &str,
    reply: &Reply,
) -> Result<T, SlackError> {
    let envelope: Envelope = reply.json()?;
    if envelope.ok {
        Ok(reply.json()?)
    } else {
        Err(SlackError::refused(method, channel, &envelope))
    }
}

/// Slack's words for a request that it did not begin to work on.
fn was_not_taken(code: &str) -> bool {
    matches!(code, "service_unavailable" | "request_timeout")
}
