//! The journal of intents: what is about to be done to the outside world, written down first.
//!
//! A mutating call that must not happen twice is an [`Intent`] with a derived id. It is opened before
//! the request and closed after the effect was seen; a restart derives the same id, finds the intent
//! pending and looks at the world before it acts (promises P2, P4, P5).

mod file;
mod memory;

use async_trait::async_trait;
use jiff::Timestamp;
use oar_release::ErrorClass;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use file::FileJournal;
pub use memory::MemoryJournal;

/// The id of an intent: 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntentId(String);

impl IntentId {
    /// The id that belongs to `parts`: release, task, attempt, digest of the content. The same parts
    /// give the same id in every process; how a text is cut into parts matters.
    pub fn derive(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hex::encode(&hash.finalize()[..16]))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for IntentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The digest of a request's body: sha256, 64 hexadecimal digits.
pub fn body_digest(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

/// One change that is about to be made to the outside world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its id.
    pub id: IntentId,
    /// What is done, as `service.operation`: `slack.post_message`.
    pub kind: String,
    /// To what: a channel, a job, an issue. Never a secret.
    pub target: String,
    /// [`body_digest`] of what is sent.
    pub body_digest: String,
    /// A masked line for people.
    pub note: String,
}

/// What the journal knows about an intent that is being opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenState {
    /// Nothing: it is written down now, the request may leave.
    New,
    /// It was opened before and never closed: look whether it happened, then act or close.
    Pending {
        /// When it was opened.
        since: Timestamp,
    },
    /// It happened.
    Done {
        /// What [`IntentJournal::close`] was given: a message id, a job id.
        receipt: String,
    },
}

/// The journal cannot be relied upon; nothing may be sent.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be read, written or locked.
    #[error("the intent journal {path} cannot be used")]
    Io {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line in the middle makes no sense: it was edited, or the disk is damaged.
    #[error("line {line} of the intent journal {path} is damaged; look at it before going on")]
    Damaged {
        /// The file.
        path: String,
        /// Which line, from 1.
        line: usize,
        /// What the reader says.
        #[source]
        source: serde_json::Error,
    },
    /// The id stands for other content: ids were derived carelessly.
    #[error("intent {id} was opened before with other content")]
    OtherContent {
        /// The id.
        id: IntentId,
    },
    /// Closing something that was never opened.
    #[error("intent {id} was never opened")]
    NotOpen {
        /// The id.
        id: IntentId,
    },
    /// The release's name cannot be a file name.
    #[error("{release:?} cannot name a journal")]
    BadName {
        /// What was given.
        release: String,
    },
}

impl JournalError {
    /// The error's class (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Io { .. } | Self::Damaged { .. } => ErrorClass::Undetermined,
            Self::OtherContent { .. } | Self::NotOpen { .. } => ErrorClass::Internal,
            Self::BadName { .. } => ErrorClass::InvalidArgument,
        }
    }
}

/// Where intents are written down.
#[async_trait]
pub trait IntentJournal: Send + Sync + std::fmt::Debug {
    /// Writes `intent` down unless it is there; when this returns, a crash cannot forget it.
    async fn open(&self, intent: &Intent) -> Result<OpenState, JournalError>;

    /// What is known about `id`, without writing anything: [`OpenState::New`] for nothing.
    async fn look(&self, id: &IntentId) -> Result<OpenState, JournalError>;

    /// Notes that the intent happened. Closing twice keeps the first receipt.
    async fn close(&self, id: &IntentId, receipt: &str) -> Result<(), JournalError>;
}

/// One line of a journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Record {
    Open {
        at: Timestamp,
        #[serde(flatten)]
        intent: Intent,
    },
    Close {
        at: Timestamp,
        id: IntentId,
        receipt: String,
    },
}

/// The state of one intent in a sequence of records.
#[derive(Debug, Clone)]
struct Known {
    since: Timestamp,
    body_digest: String,
    receipt: Option<String>,
}

impl Known {
    /// Finds `id` in `records`.
    fn find<'r>(records: impl Iterator<Item = &'r Record>, id: &IntentId) -> Option<Self> {
        let mut known: Option<Self> = None;
        for record in records {
            match record {
                Record::Open { at, intent } if intent.id == *id && known.is_none() => {
                    let body_digest = intent.body_digest.clone();
                    known = Some(Self { since: *at, body_digest, receipt: None });
                }
                Record::Close { id: closed, receipt, .. } if closed == id => {
                    if let Some(known) = &mut known {
                        known.receipt.get_or_insert_with(|| receipt.clone());
                    }
                }
                _ => {}
            }
        }
        known
    }

    /// What opening `intent` answers when this is known about it.
    fn state(self, intent: &Intent) -> Result<OpenState, JournalError> {
        if self.body_digest != intent.body_digest {
            return Err(JournalError::OtherContent { id: intent.id.clone() });
        }
        Ok(self.open_state())
    }

    fn open_state(self) -> OpenState {
        match self.receipt {
            Some(receipt) => OpenState::Done { receipt },
            None => OpenState::Pending { since: self.since },
        }
    }
}

#[cfg(test)]
mod tests;
