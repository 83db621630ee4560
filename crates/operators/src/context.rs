//! What a command works with. Built once per call by the face (`cli`), or by a test.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use oar_config::ReleaseData;
use oar_prow_jobs::ReleaseController;
use oar_release::{Clock, Entropy, Links, Masker, ReleaseVersion};
use oar_slack::{SlackRead, SlackWrite};
use oar_state_repo::{Actor, StateRepo};
use oar_statebox::{StateBoxStore, Who};
use oar_transport::journal::{FileJournal, IntentJournal, JournalError, MemoryJournal};

use crate::approval::ApprovalSetup;
use crate::dry_run::{Change, Recorder};
use crate::error::OperatorError;
use crate::progress::Progress;
use crate::services::Services;

/// Where ART's data about a release comes from.
#[async_trait]
pub trait ReleaseDataSource: Send + Sync + std::fmt::Debug {
    /// The resolved data of `release`.
    async fn release(&self, release: &ReleaseVersion) -> Result<Arc<ReleaseData>, OperatorError>;
}

/// Where messages of a release go.
#[derive(Clone)]
pub struct Messenger {
    /// Look-ups: groups, history.
    pub read: Arc<dyn SlackRead>,
    /// Posting; a recorder in a dry run.
    pub write: Arc<dyn SlackWrite>,
    /// Channel of the release leads.
    pub release_channel: String,
    /// Where ART is told; why it cannot be, when the configuration does not say.
    pub art: Result<Room, String>,
    /// Where the people who verify bugs are told (`qe-forum`); why they cannot be.
    pub forum: Result<String, String>,
    /// Where approvals of other teams are asked for; why they cannot be.
    pub approvers: Result<Approvers, String>,
}

/// The teams that approve an advisory before QE may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approvers {
    /// Their channel.
    pub channel: String,
    /// Handle of the documentation's group, without `@`.
    pub docs: Option<String>,
    /// Product Security: addresses of people, or handles of groups.
    pub prodsec: Vec<String>,
}

/// A channel, and the group that is mentioned in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The channel.
    pub channel: String,
    /// Handle of the group, without `@`.
    pub group: Option<String>,
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
#[derive(Clone)]
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
    /// People and groups of a release.
    pub people: Arc<dyn People>,
    /// Reports from before StateBoxes.
    pub legacy_reports: Arc<dyn LegacyReports>,
    /// Intents.
    pub journals: Journals,
    /// Where commands of this machine wait for each other ([`crate::turn`]); none in a dry run.
    pub turns: Option<PathBuf>,
    /// The outside systems of a release.
    pub services: Services,
    /// Where long work is shown.
    pub progress: Arc<dyn Progress>,
    /// The approval jobs of this machine.
    pub approval: ApprovalSetup,
    /// Pages that messages link to.
    pub links: Links,
    /// The list of a dry run's changes.
    pub recorder: Option<Recorder>,
}

/// Who leads a release, as the encrypted configuration says.
pub trait People: Send + Sync + std::fmt::Debug {
    /// Slack group handle of the release leads, and a warning when it is a fallback or missing.
    fn lead_group(&self, release: &ReleaseVersion) -> (Option<String>, Option<String>);

    /// E-mail of the release's owner.
    fn owner(&self, release: &ReleaseVersion) -> Option<String>;
}

/// Reports in Google Sheets, kept before there were StateBoxes (spec 01 §11).
#[async_trait]
pub trait LegacyReports: Send + Sync + std::fmt::Debug {
    /// Looks for the report of `release`. An outage is an error and never "no report".
    async fn find(&self, release: &ReleaseVersion) -> Result<LegacyReport, OperatorError>;
}

/// What is known about a release's legacy report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegacyReport {
    /// There is none: the y-stream has no template, or its document has no sheet of this release.
    None,
    /// The y-stream has a template and there is no credential to look: taken as none, with a
    /// warning (spec 01 §10.6).
    NotLookedUp,
    /// The release is tracked there.
    Found {
        /// The page people open.
        url: String,
    },
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Context {
    /// The journal of `release`.
    pub fn journal(
        &self,
        release: &ReleaseVersion,
    ) -> Result<Arc<dyn IntentJournal>, JournalError> {
        Ok(match &self.journals {
            Journals::Folder(folder) => {
                Arc::new(FileJournal::new(folder, &release.to_string(), Arc::clone(&self.clock))?)
            }
            Journals::Memory(journal) => Arc::new(journal.clone()),
        })
    }

    /// The author of a write by `command`.
    pub fn who(&self, command: &str) -> Who {
        Who { actor: self.actor.clone(), command: command.to_owned(), intent: None }
    }

    /// What a dry run would have changed so far; empty otherwise.
    pub fn planned_changes(&self) -> Vec<Change> {
        self.recorder.as_ref().map(Recorder::changes).unwrap_or_default()
    }

    /// True when nothing may be changed.
    pub const fn is_dry_run(&self) -> bool {
        self.recorder.is_some()
    }
}
