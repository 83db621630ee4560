//! What a command works with. Built once per call by the face (`cli`), or by a test.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use oar_config::build_data::ReleaseData;
use oar_prow_jobs::ReleaseController;
use oar_release::links::Links;
use oar_release::mask::Masker;
use oar_release::{Clock, Entropy, ReleaseVersion};
use oar_slack::{SlackRead, SlackWrite};
use oar_state_repo::{Actor, StateRepo};
use oar_statebox::StateBoxStore;
use oar_transport::journal::{FileJournal, IntentJournal, JournalError, MemoryJournal};

use crate::dry_run::Recorder;
use crate::error::OperatorError;

/// Where ART's data about a release comes from.
#[async_trait]
pub trait ReleaseDataSource: Send + Sync + std::fmt::Debug {
    /// The resolved data of `release`.
    async fn release(&self, release: &ReleaseVersion) -> Result<Arc<ReleaseData>, OperatorError>;
}

/// Where messages of a release go.
#[derive(Debug, Clone)]
pub struct Messenger {
    /// Look-ups: groups, history.
    pub read: Arc<dyn SlackRead>,
    /// Posting; a recorder in a dry run.
    pub write: Arc<dyn SlackWrite>,
    /// Channel of the release leads.
    pub release_channel: String,
}

/// Where intents are written down.
#[derive(Debug, Clone)]
pub enum Journals {
    /// One file per release below the state folder.
    Folder(PathBuf),
    /// Nowhere: dry runs and tests.
    Memory(MemoryJournal),
}

/// Everything a command may use.
#[derive(Debug, Clone)]
pub struct Context {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Hides secrets and addresses in everything that is stored or shown.
    pub masker: Arc<Masker>,
    /// Who asked for the command.
    pub actor: Actor,
    /// The branch of StateBoxes and tracking files.
    pub state: Arc<dyn StateRepo>,
    /// The branch of test results.
    pub records: Arc<dyn StateRepo>,
    /// StateBoxes.
    pub boxes: StateBoxStore,
    /// ART's build data.
    pub build_data: Arc<dyn ReleaseDataSource>,
    /// Release controllers.
    pub releases: Arc<dyn ReleaseController>,
    /// Messages; why there are none, when there are none.
    pub messenger: Result<Messenger, String>,
    /// Handles of the release leads' groups.
    pub lead_groups: Arc<dyn LeadGroups>,
    /// Intents.
    pub journals: Journals,
    /// Pages that messages link to.
    pub links: Links,
    /// The list of a dry run's changes.
    pub recorder: Option<Recorder>,
}

/// Who leads the releases of a y-stream.
pub trait LeadGroups: Send + Sync + std::fmt::Debug {
    /// Slack group handle of the release leads of `release`, and a warning when it is a fallback.
    fn lead_group(&self, release: &ReleaseVersion) -> (Option<String>, Option<String>);
}

impl Context {
    /// The journal of `release`.
    pub fn journal(&self, release: &ReleaseVersion) -> Result<Arc<dyn IntentJournal>, JournalError> {
        Ok(match &self.journals {
            Journals::Folder(folder) => {
                Arc::new(FileJournal::new(folder, &release.to_string(), Arc::clone(&self.clock))?)
            }
            Journals::Memory(journal) => Arc::new(journal.clone()),
        })
    }

    /// True when nothing may be changed.
    pub const fn is_dry_run(&self) -> bool {
        self.recorder.is_some()
    }
}
