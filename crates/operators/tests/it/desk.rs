//! A context whose every port is in the test's hands.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use oar_config::ReleaseData;
use oar_operators::approval::ApprovalSetup;
use oar_operators::context::{
    Approvers, Journals, LegacyReport, LegacyReports, Messenger, People, ReleaseDataSource, Room,
};
use oar_operators::services::Services;
use oar_operators::task_log::TaskLogLayer;
use oar_operators::{Context, OperatorError};
use oar_prow_jobs::MockReleaseController;
use oar_release::clock::{ManualClock, SeededEntropy};
use oar_release::{Clock, Links, Masker, ReleaseVersion};
use oar_slack::{MockSlackRead, MockSlackWrite, Posted};
use oar_state_repo::memory::RecordedPause;
use oar_state_repo::{Actor, MemoryRepo, StateRepo};
use oar_statebox::{InitialState, StateBoxStore, path_of};
use oar_transport::journal::MemoryJournal;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt as _;

/// ART's data for the releases of these tests.
const BUILD_DATA: &str = "releases:
  4.99.3:
    assembly:
      type: standard
      group:
        release_jira: ART-99
        release_date: 2026-Mar-15
        advisories:
          rpm: 900001
";

/// The context and what the test looks at.
pub struct Desk {
    pub context: Context,
    pub repo: Arc<MemoryRepo>,
    /// Texts that were posted.
    pub posts: Arc<Mutex<Vec<String>>>,
    log: Option<DefaultGuard>,
}

/// The release of these tests.
pub fn release() -> ReleaseVersion {
    "4.99.3".parse().expect("a release")
}

impl Desk {
    /// A desk without a StateBox; Slack takes every message.
    pub fn new() -> Self {
        let start = "2026-03-01T10:00:00Z".parse().expect("a time");
        let clock = Arc::new(ManualClock::new(start));
        let repo = Arc::new(MemoryRepo::new());
        let state: Arc<dyn StateRepo> = Arc::clone(&repo) as _;
        let masker = Arc::new(Masker::new(["canary-secret".to_owned()]));
        let entropy = Arc::new(SeededEntropy::new(1));
        let boxes = StateBoxStore::new(
            Arc::clone(&state),
            Arc::clone(&clock) as _,
            Arc::clone(&entropy) as _,
            Arc::new(RecordedPause::default()),
            Arc::clone(&masker),
        );
        let posts = Arc::<Mutex<Vec<String>>>::default();
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let context = Context {
            clock: Arc::clone(&shared),
            entropy,
            masker,
            actor: Actor::Person("tester".to_owned()),
            state,
            records: Arc::new(MemoryRepo::new()),
            boxes,
            build_data: Arc::new(Announced),
            releases: Arc::new(MockReleaseController::new()),
            messenger: Ok(messenger(&posts)),
            people: Arc::new(Nobody),
            legacy_reports: Arc::new(NoReports),
            journals: Journals::Memory(MemoryJournal::new(Arc::clone(&shared))),
            turns: None,
            services: Services::none("this test has none"),
            progress: Arc::new(oar_operators::progress::Silent),
            approval: ApprovalSetup::none("this test has none"),
            links: Links::default(),
            recorder: None,
        };
        let log = Some(logging(shared));
        Self { context, repo, posts, log }
    }

    /// The same desk with another clock.
    pub fn use_clock(&mut self, clock: Arc<dyn Clock>) {
        let context = &mut self.context;
        context.boxes = StateBoxStore::new(
            Arc::clone(&context.state),
            Arc::clone(&clock),
            Arc::clone(&context.entropy),
            Arc::new(RecordedPause::default()),
            Arc::clone(&context.masker),
        );
        context.journals = Journals::Memory(MemoryJournal::new(Arc::clone(&clock)));
        context.clock = Arc::clone(&clock);
        // The old one first: its end brings back what was there before it.
        self.log = None;
        self.log = Some(logging(clock));
    }

    /// A desk whose release has a StateBox; the file is no commit of the test.
    pub fn begun() -> Self {
        let desk = Self::new();
        let initial = InitialState {
            release: release(),
            jira_ticket: None,
            advisory_ids: Vec::new(),
            release_date: "2026-Mar-15".parse().expect("a date"),
            candidate_builds: Vec::new(),
            shipment_mr: None,
        };
        let start = "2026-03-01T09:00:00Z".parse().expect("a time");
        desk.repo.put(&path_of(&release()), &initial.state(start).render());
        desk
    }

    /// From here on no task's log is kept.
    pub fn silence(&mut self) {
        self.log = None;
    }

    /// The stored file.
    pub fn text(&self) -> String {
        self.repo.text(&path_of(&release())).expect("the file is there")
    }

    /// Texts that were posted.
    pub fn posted(&self) -> Vec<String> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn logging(clock: Arc<dyn Clock>) -> DefaultGuard {
    let subscriber = tracing_subscriber::registry().with(TaskLogLayer::new(clock));
    tracing::subscriber::set_default(subscriber)
}

fn messenger(posts: &Arc<Mutex<Vec<String>>>) -> Messenger {
    let posts = Arc::clone(posts);
    let mut write = MockSlackWrite::new();
    write.expect_post().returning(move |message| {
        posts.lock().unwrap_or_else(PoisonError::into_inner).push(message.text.clone());
        Ok(Posted { channel: "C1".to_owned(), ts: "1.1".to_owned() })
    });
    Messenger {
        read: Arc::new(MockSlackRead::new()),
        write: Arc::new(write),
        release_channel: "#releases".to_owned(),
        art: Ok(Room { channel: "#art".to_owned(), group: None }),
        forum: Ok("#forum".to_owned()),
        approvers: Ok(Approvers { channel: "#approvers".to_owned(), ..Approvers::default() }),
    }
}

#[derive(Debug)]
struct Announced;

#[async_trait]
impl ReleaseDataSource for Announced {
    async fn release(&self, release: &ReleaseVersion) -> Result<Arc<ReleaseData>, OperatorError> {
        let data = ReleaseData::parse(release, BUILD_DATA).map_err(Arc::new)?;
        Ok(Arc::new(data))
    }
}

#[derive(Debug)]
struct Nobody;

impl People for Nobody {
    fn lead_group(&self, _release: &ReleaseVersion) -> (Option<String>, Option<String>) {
        (None, None)
    }

    fn owner(&self, _release: &ReleaseVersion) -> Option<String> {
        None
    }
}

#[derive(Debug)]
struct NoReports;

#[async_trait]
impl LegacyReports for NoReports {
    async fn find(&self, _release: &ReleaseVersion) -> Result<LegacyReport, OperatorError> {
        Ok(LegacyReport::None)
    }
}
