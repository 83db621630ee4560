//! Messages about a task: posted once, in the end, and never part of the verdict (spec 05 §3).
//!
//! The StateBox remembers the last message of each kind, so that a rerun does not repeat it. Between
//! the post and that record the intent journal of this machine knows about it: a run that was killed
//! there leaves an open intent, and the next run looks into the channel before it posts. The channel is
//! also asked when the StateBox could not be read, and by the next run that can read it again.

use oar_release::ReleaseVersion;
use oar_slack::text::{escape, notification};
use oar_slack::{Message, SlackError, Topic};
use oar_statebox::StateBox;
use oar_transport::journal::{Intent, IntentId, JournalError, OpenState, body_digest};

use crate::context::{Context, Messenger};
use crate::report::error_chain;

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The release leads of the y-stream, in their channel.
    ReleaseLeads,
    /// The release leads and the documentation team, in the channel of the former.
    LeadsAndDocs,
    /// ART, in its channel.
    Art,
    /// The people who verify bugs, in their forum; the text mentions whom it is for.
    Forum,
    /// The teams that approve advisories, in their channel; the text mentions whom it is for.
    Approvers,
}

/// A message of a task, in Slack's markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about; of each kind the last one is remembered (`ownership`).
    pub kind: &'static str,
    /// Who is told.
    pub to: Audience,
    /// Its text without release and mention. Inserted text is escaped by whoever writes it.
    pub text: String,
}

/// What became of the messages of one run.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Kind and content hash of each message that is out, for the StateBox.
    pub(crate) sent: Vec<(String, String)>,
    /// Who was not told, and why.
    pub(crate) warnings: Vec<String>,
}

/// Generation of the first message of a kind.
const FIRST: &str = "";
/// Generation of a message whose predecessor is not known.
const UNKNOWN: &str = "unknown";

/// What is known of earlier messages.
enum Memory {
    /// What the StateBox remembers.
    StateBox(Box<StateBox>),
    /// The release has no StateBox.
    None,
    /// The StateBox cannot be read now.
    Unreadable,
}

/// A message did not get out.
#[derive(Debug, thiserror::Error)]
enum NoticeError {
    #[error(transparent)]
    Slack(#[from] SlackError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("{0}")]
    NoRoom(String),
}

/// Sends `notices`, each unless it was sent before. Trouble is a warning.
pub(crate) async fn send(
    context: &Context,
    release: &ReleaseVersion,
    notices: Vec<Notice>,
) -> Told {
    let mut told = Told::default();
    if notices.is_empty() {
        return told;
    }
    let messenger = match &context.messenger {
        Ok(messenger) => messenger,
        Err(why) => {
            told.warn(context, &format!("nobody was told: {why}"));
            return told;
        }
    };
    let memory = match context.boxes.load(release).await {
        Ok(Some(state)) => Memory::StateBox(Box::new(state)),
        Ok(None) => Memory::None,
        Err(error) => {
            let why = error_chain(&error);
            told.warn(context, &format!("whether messages were sent before is unknown: {why}"));
            Memory::Unreadable
        }
    };
    for notice in notices {
        if let Err(error) = one(context, messenger, release, &memory, &notice, &mut told).await {
            let why = error_chain(&error);
            told.warn(context, &format!("the message about {} was not sent: {why}", notice.kind));
        }
    }
    told
}

impl Told {
    fn warn(&mut self, context: &Context, text: &str) {
        let text = context.masker.mask(text).into_owned();
        tracing::warn!("{text}");
        self.warnings.push(text);
    }
}

async fn one(
    context: &Context,
    messenger: &Messenger,
    release: &ReleaseVersion,
    memory: &Memory,
    notice: &Notice,
    told: &mut Told,
) -> Result<(), NoticeError> {
    let hash = body_digest(notice.text.as_bytes());
    let before = match memory {
        Memory::StateBox(state) => state.notifications.iter().find(|n| n.kind == notice.kind),
        Memory::None | Memory::Unreadable => None,
    };
    if before.is_some_and(|before| before.hash == hash) {
        tracing::info!("the message about {} was sent before", notice.kind);
        return Ok(());
    }
    let generation = match (memory, before) {
        // With the time of the message before it, the same text later is another message.
        (_, Some(before)) => before.sent_at.clone(),
        (Memory::StateBox(_), None) => FIRST.to_owned(),
        (Memory::Unreadable, None) => UNKNOWN.to_owned(),
        // Nothing remembers messages of a release without StateBox.
        (Memory::None, None) => context.entropy.id(),
    };
    let (channel, handles) = room(context, messenger, release, notice.to, told)?;
    let id = |generation: &str| {
        IntentId::derive(&[&release.to_string(), "notify", notice.kind, generation, &hash])
    };
    let intent = Intent {
        id: id(&generation),
        kind: "slack.post_message".to_owned(),
        target: channel.clone(),
        body_digest: hash.clone(),
        note: format!("tell about {} of {release}", notice.kind),
    };
    let journal = context.journal(release)?;
    // A run that could not read the StateBox may have sent it, now or long ago.
    let is_doubtful = journal.look(&id(UNKNOWN)).await? != OpenState::New;
    let look_first = match journal.open(&intent).await? {
        OpenState::New => is_doubtful || matches!(memory, Memory::Unreadable),
        OpenState::Done { .. } if !matches!(memory, Memory::Unreadable) => {
            tracing::info!("the message about {} is out", notice.kind);
            told.sent.push((notice.kind.to_owned(), hash));
            return Ok(());
        }
        OpenState::Pending { .. } | OpenState::Done { .. } => true,
    };
    let receipt =
        post(messenger, release, notice, &channel, &handles, &intent, look_first, told).await?;
    journal.close(&intent.id, &receipt).await?;
    told.sent.push((notice.kind.to_owned(), hash));
    Ok(())
}

/// Channel of an audience, and the groups that are mentioned first.
fn room(
    context: &Context,
    messenger: &Messenger,
    release: &ReleaseVersion,
    audience: Audience,
    told: &mut Told,
) -> Result<(String, Vec<String>), NoticeError> {
    let missing = |why: &String| NoticeError::NoRoom(why.clone());
    match audience {
        Audience::ReleaseLeads | Audience::LeadsAndDocs => {
            let (lead, warning) = context.people.lead_group(release);
            if let Some(warning) = warning {
                told.warn(context, &warning);
            }
            let mut groups: Vec<String> = lead.into_iter().collect();
            if audience == Audience::LeadsAndDocs {
                match &messenger.approvers {
                    Ok(approvers) => groups.extend(approvers.docs.clone()),
                    Err(why) => told.warn(context, &format!("documentation: {why}")),
                }
            }
            Ok((messenger.release_channel.clone(), groups))
        }
        Audience::Art => {
            let art = messenger.art.as_ref().map_err(missing)?;
            Ok((art.channel.clone(), art.group.iter().cloned().collect()))
        }
        Audience::Forum => Ok((messenger.forum.as_ref().map_err(missing)?.clone(), Vec::new())),
        Audience::Approvers => {
            let approvers = messenger.approvers.as_ref().map_err(missing)?;
            Ok((approvers.channel.clone(), Vec::new()))
        }
    }
}

/// Posts the message, in pieces when it is long, and answers the time stamp of the first.
#[expect(clippy::too_many_arguments, reason = "the parts of one message, used in one place")]
async fn post(
    messenger: &Messenger,
    release: &ReleaseVersion,
    notice: &Notice,
    channel: &str,
    handles: &[String],
    intent: &Intent,
    look_first: bool,
    told: &mut Told,
) -> Result<String, NoticeError> {
    let mut text = String::new();
    for handle in handles {
        text += &mention(messenger, handle, &mut told.warnings).await;
        text.push(' ');
    }
    text += &notice.text;
    let pieces = notification(&format!("[{release}]"), &text);
    let mut receipt = String::new();
    for (number, text) in pieces.into_iter().enumerate() {
        let id = match number {
            0 => intent.id.to_string(),
            _ => format!("{}-{number}", intent.id),
        };
        let topic = topic(release, notice, number, &intent.body_digest);
        let found =
            if look_first { messenger.read.find_said(channel, &topic).await? } else { None };
        let posted = if let Some(posted) = found {
            posted
        } else {
            let (intent, topic) = (Some(id), Some(topic));
            let message = Message { intent, topic, ..Message::new(channel, text) };
            messenger.write.post(&message).await?
        };
        if receipt.is_empty() {
            receipt = posted.ts;
        }
    }
    tracing::info!("told about {} in {channel}", notice.kind);
    Ok(receipt)
}

/// What one piece of a notice is about.
fn topic(release: &ReleaseVersion, notice: &Notice, piece: usize, digest: &str) -> Topic {
    let (release, piece) = (release.to_string(), piece.to_string());
    let id = IntentId::derive(&[&release, "topic", notice.kind, &piece]);
    Topic { id: id.to_string(), content: digest.to_owned() }
}

/// The mention of a group; a failed look-up never suppresses the message (spec 05 §2.3).
pub(crate) async fn mention(
    messenger: &Messenger,
    handle: &str,
    warnings: &mut Vec<String>,
) -> String {
    let problem = match messenger.read.group_by_handle(handle).await {
        Ok(Some(group)) => return group.to_string(),
        Ok(None) => format!("Slack has no group @{handle}"),
        Err(error) => {
            format!("the group @{handle} could not be looked up: {}", error_chain(&error))
        }
    };
    tracing::warn!("{problem}");
    warnings.push(problem);
    format!("@{}", escape(handle))
}
