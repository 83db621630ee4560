//! A journal that lives as long as the process: tests, dry runs, the sandbox in process.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use oar_release::Clock;

use super::{Intent, IntentId, IntentJournal, JournalError, Known, OpenState, Record};

/// Intents in memory.
#[derive(Debug, Clone)]
pub struct MemoryJournal {
    clock: Arc<dyn Clock>,
    records: Arc<Mutex<Vec<Record>>>,
}

impl MemoryJournal {
    /// An empty journal; clones share it.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, records: Arc::default() }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<Record>) -> T) -> T {
        act(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl IntentJournal for MemoryJournal {
    async fn open(&self, intent: &Intent) -> Result<OpenState, JournalError> {
        let at = self.clock.now();
        self.with(|records| {
            if let Some(known) = Known::find(records.iter(), &intent.id) {
                known.state(intent)
            } else {
                records.push(Record::Open { at, intent: intent.clone() });
                Ok(OpenState::New)
            }
        })
    }

    async fn look(&self, id: &IntentId) -> Result<OpenState, JournalError> {
        let known = self.with(|records| Known::find(records.iter(), id));
        Ok(known.map_or(OpenState::New, Known::open_state))
    }

    async fn close(&self, id: &IntentId, receipt: &str) -> Result<(), JournalError> {
        let at = self.clock.now();
        self.with(|records| match Known::find(records.iter(), id) {
            None => Err(JournalError::NotOpen { id: id.clone() }),
            Some(known) if known.receipt.is_some() => Ok(()),
            Some(_) => {
                records.push(Record::Close { at, id: id.clone(), receipt: receipt.to_owned() });
                Ok(())
            }
        })
    }
}
