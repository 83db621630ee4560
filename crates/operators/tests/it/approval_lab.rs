//! A context over the whole sandbox in memory, with time that tests pause.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use oar_config::ReleaseData;
use oar_errata::{ErrataRead, ErrataWrite, HttpBrew, HttpErrata, Kerberos, TargetState};
use oar_gitlab_shipment::{GitLabRead, GitLabWrite, HttpGitLab};
use oar_images::payload::HttpAdvisoryPages;
use oar_jira::{FieldIds, HttpJira, JiraRead, JiraWrite, Summaries};
use oar_operators::approval::{
    ApprovalError, ApprovalFolder, ApprovalSetup, JobRecord, LaunchJob, Launched, RunOptions,
    Thread, run,
};
use oar_operators::context::{Messenger, People, ReleaseDataSource};
use oar_operators::report::CommandReport;
use oar_operators::services::{Jira, Ports};
use oar_operators::tasks::change_advisory_status::{self, Options};
use oar_operators::{Context, OperatorError};
use oar_prow_jobs::HttpReleaseController;
use oar_registry::{AuthFiles, Hosts, HttpRegistry};
use oar_release::{Arch, Clock, ReleaseVersion};
use oar_sandbox::Sandbox;
use oar_sandbox::world::World;
use oar_slack::HttpSlack;
use oar_state_repo::RepoError;
use oar_statebox::{InitialState, StateBox, TaskRecord};
use oar_transport::env::Environment;
use oar_transport::negotiate::{NegotiateError, NegotiateTokens};
use oar_transport::testing::client_at;
use oar_transport::{Endpoints, HttpSend, Request, Response, Secret, SecretSource, SendError};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::desk::Desk;

/// On the day that 4.99.3 is due: the job's patience counts from its start.
pub const START: &str = "2026-03-10T10:00:00Z";
/// The advisory whose page is waited for.
pub const ADVISORY: &str = "RHSA-2026:9903";

/// Wall time that goes with the runtime's.
#[derive(Debug)]
struct RuntimeClock(Timestamp, tokio::time::Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        self.0 + SignedDuration::try_from(self.1.elapsed()).expect("a short test")
    }
}

/// Kerberos, as long as there is a ticket.
#[derive(Debug, Default)]
pub struct Tickets {
    /// Whether the ticket has expired.
    pub expired: AtomicBool,
}

#[async_trait]
impl NegotiateTokens for Tickets {
    async fn token(&self, host: &str) -> Result<Secret, NegotiateError> {
        if self.expired.load(Ordering::SeqCst) {
            let problem = "the ticket expired".to_owned();
            return Err(NegotiateError::NoToken { host: host.to_owned(), problem });
        }
        Ok(Secret::new("ticket"))
    }
}

/// Counts the processes that would be started.
#[derive(Debug, Default)]
pub struct CountedLaunches(AtomicUsize);

#[async_trait]
impl LaunchJob for CountedLaunches {
    async fn launch(&self, _release: &ReleaseVersion) -> Result<Launched, ApprovalError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Launched { pid: 4711, log_path: Some("/var/tmp/job.log".into()) })
    }
}

/// The sandbox behind a network: every answer is waited for, so that a test can stop anywhere.
#[derive(Debug)]
struct Distant(Sandbox);

#[async_trait]
impl HttpSend for Distant {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        tokio::task::yield_now().await;
        let answer = self.0.send(request).await;
        tokio::task::yield_now().await;
        answer
    }
}

#[derive(Debug)]
struct FromWorld(Sandbox);

#[async_trait]
impl ReleaseDataSource for FromWorld {
    async fn release(&self, release: &ReleaseVersion) -> Result<Arc<ReleaseData>, OperatorError> {
        let branch = format!("openshift-{}", release.y_stream());
        let text = self.0.world(|world| world.build_data[&branch].clone());
        Ok(Arc::new(ReleaseData::parse(release, &text).map_err(Arc::new)?))
    }
}

#[derive(Debug)]
struct Leads;

impl People for Leads {
    fn lead_group(&self, _release: &ReleaseVersion) -> (Option<String>, Option<String>) {
        (Some("ert-499-example".to_owned()), None)
    }

    fn owner(&self, _release: &ReleaseVersion) -> Option<String> {
        None
    }
}

/// The sandbox, and a context that reaches all of it.
pub struct Lab {
    pub sandbox: Sandbox,
    pub context: Context,
    pub tickets: Arc<Tickets>,
    pub poke: Arc<Notify>,
    launches: Arc<CountedLaunches>,
    place: TempDir,
    desk: Desk,
}

/// 4.99.3, in the Konflux flow.
pub fn release() -> ReleaseVersion {
    "4.99.3".parse().expect("a release")
}

impl Lab {
    /// The seeded world; the releases of the documentation have StateBoxes.
    pub async fn new() -> Self {
        let sandbox = Sandbox::in_memory(World::seeded());
        // As the sandbox's configuration moves them.
        let moved =
            [("gitlab", "https://gitlab.example.com"), ("jira", "https://jira.example.com")];
        let moved = moved.map(|(name, base)| (name.to_owned(), base.to_owned())).into();
        let endpoints = Endpoints::new(&moved, &[]).expect("addresses");
        let http = client_at(Arc::new(Distant(sandbox.clone())), endpoints);
        let tickets = Arc::new(Tickets::default());
        let place = tempfile::tempdir().expect("a scratch folder");
        let mut desk = Desk::new();
        let start = START.parse().expect("a time");
        let clock = Arc::new(RuntimeClock(start, tokio::time::Instant::now()));
        desk.use_clock(clock);
        let mut context = desk.context.clone();
        let secret = || SecretSource::from(Secret::new("sandbox"));
        let environment = Environment::from_map([("HOME", "/nowhere")]);
        let kerberos = || Kerberos::new(Arc::clone(&tickets) as _, None, &environment);
        let errata = HttpErrata::new(&http, kerberos());
        let read: Arc<dyn ErrataRead> = Arc::new(errata.clone());
        let write: Arc<dyn ErrataWrite> = Arc::new(errata);
        context.services.errata = Ok(Ports::new(read, write));
        context.services.brew = Ok(Arc::new(HttpBrew::new(&http, kerberos())));
        let gitlab = HttpGitLab::new(&http, secret(), Vec::<String>::new());
        let read: Arc<dyn GitLabRead> = Arc::new(gitlab.clone());
        let write: Arc<dyn GitLabWrite> = Arc::new(gitlab);
        context.services.gitlab = Ok(Ports::new(read, write));
        let jira = HttpJira::new(&http, secret(), secret(), FieldIds::default());
        let read: Arc<dyn JiraRead> = Arc::new(jira.clone());
        let write: Arc<dyn JiraWrite> = Arc::new(jira);
        let ports = Ports::new(read, write);
        context.services.jira = Ok(Jira { ports, summaries: Summaries::default() });
        let files = AuthFiles::new(&environment, None);
        let registry = HttpRegistry::new(&http, Hosts::new(std::iter::empty().collect()), files);
        context.services.registry = Ok(Arc::new(registry));
        let hosts = vec!["access.redhat.com".to_owned()];
        context.services.pages = Ok(Arc::new(HttpAdvisoryPages::new(&http, hosts)));
        context.releases = Arc::new(HttpReleaseController::new(&http, Arch::Amd64));
        let slack = HttpSlack::new(&http, secret());
        let read = Arc::new(slack.clone());
        let release_channel = "team-release-example".to_owned();
        let art = Err("not in this test".to_owned());
        let (forum, approvers) = (Err("not in this test".to_owned()), Err("nor this".to_owned()));
        let write = Arc::new(slack);
        context.messenger = Ok(Messenger { read, write, release_channel, art, forum, approvers });
        context.build_data = Arc::new(FromWorld(sandbox.clone()));
        context.people = Arc::new(Leads);
        let launches = Arc::new(CountedLaunches::default());
        context.approval = ApprovalSetup {
            folder: Ok(ApprovalFolder::new(place.path().join("state"), place.path())),
            launcher: Arc::clone(&launches) as _,
            ..ApprovalSetup::none("")
        };
        let poke = Arc::new(Notify::new());
        let lab = Self { sandbox, context, tickets, poke, launches, place, desk };
        for release in ["4.99.3", "4.98.17"] {
            lab.initialise(&release.parse().expect("a release")).await;
        }
        lab
    }

    async fn initialise(&self, release: &ReleaseVersion) {
        let initial = InitialState {
            release: release.clone(),
            jira_ticket: None,
            advisory_ids: Vec::new(),
            release_date: "2026-Mar-10".parse().expect("a date"),
            candidate_builds: Vec::new(),
            shipment_mr: None,
        };
        let who = self.context.who("test");
        self.context.boxes.initialise(&initial, &who).await.expect("a StateBox");
    }

    /// A lab where 4.99.3 is promoted and its page is not public.
    pub async fn promoted() -> Self {
        let lab = Self::new().await;
        lab.change(|world| world.promote("4.99.3", ADVISORY));
        lab
    }

    /// A lab where 4.99.3 is promoted and its page is public.
    pub async fn published() -> Self {
        let lab = Self::promoted().await;
        lab.publish();
        lab
    }

    pub fn publish(&self) {
        self.change(|world| world.publish_page(ADVISORY));
    }

    pub fn change(&self, change: impl FnOnce(&mut World)) {
        self.sandbox.change(change).expect("a world in memory");
    }

    pub fn merge_request(&self, state: &str) {
        self.change(|world| {
            let mr = world.gitlab.merge_requests.iter_mut().find(|mr| mr.iid == 337);
            state.clone_into(&mut mr.expect("the shipment").state);
        });
    }

    /// The command.
    pub async fn approve(&self) -> CommandReport {
        self.approve_release(&release()).await
    }

    pub async fn approve_release(&self, release: &ReleaseVersion) -> CommandReport {
        let options = Options { target: TargetState::RelPrep, allow_draft: false };
        change_advisory_status::run(&self.context, release, options).await
    }

    /// The job's process, until the job ends.
    pub async fn run_job(&self) -> Result<JobRecord, ApprovalError> {
        let options = RunOptions::default();
        run(&self.context, &release(), options, &self.poke, |_| {}).await
    }

    pub fn folder(&self) -> &ApprovalFolder {
        self.context.approval.folder.as_ref().expect("a folder")
    }

    pub fn record(&self) -> JobRecord {
        self.folder().load(&release()).expect("readable").expect("a record")
    }

    pub fn temp(&self) -> &Path {
        self.place.path()
    }

    /// Processes that were started.
    pub fn launches(&self) -> usize {
        self.launches.0.load(Ordering::SeqCst)
    }

    pub fn thread(&mut self) {
        let (channel, thread) = ("forum-qe-example".to_owned(), "1.2".to_owned());
        self.context.approval.slack = Some(Thread { channel, thread });
    }

    pub async fn state(&self) -> StateBox {
        self.context.boxes.require(&release()).await.expect("a StateBox")
    }

    /// The task's record in the StateBox.
    pub async fn task(&self) -> Option<TaskRecord> {
        self.task_of(&release()).await
    }

    pub async fn task_of(&self, release: &ReleaseVersion) -> Option<TaskRecord> {
        let state = self.context.boxes.require(release).await.expect("a StateBox");
        state.tasks.into_iter().find(|task| task.name == "change-advisory-status")
    }

    /// How often the world was changed in this way.
    pub fn count(&self, service: &str, action: &str) -> usize {
        self.sandbox.world(|world| world.count(service, action))
    }

    pub fn advisory(&self, id: u64) -> String {
        self.sandbox.world(|world| world.errata.advisories[&id].state.clone())
    }

    pub fn subtask(&self, key: &str) -> String {
        self.sandbox.world(|world| world.jira.issues[key].status.clone())
    }

    /// Texts posted to a channel, outside and inside of threads.
    pub fn posts(&self, channel: &str, thread: Option<&str>) -> Vec<String> {
        self.sandbox.world(|world| {
            let here = world.slack.messages.iter().filter(|message| {
                message.channel == channel && message.thread_ts.as_deref() == thread
            });
            here.map(|message| message.text.clone()).collect()
        })
    }

    /// Requests to a service.
    pub fn requests(&self, service: &str) -> usize {
        let of = |(name, count): (String, usize)| {
            name.starts_with(&format!("{service} ")).then_some(count)
        };
        self.sandbox.requests().into_iter().filter_map(of).sum()
    }

    /// From here on no task's log is kept.
    pub fn silence(&mut self) {
        self.desk.silence();
    }

    /// The next `times` commits fail.
    pub fn state_is_down(&self, times: usize) {
        for _ in 0..times {
            self.desk.repo.fail_commit(RepoError::Unavailable {
                location: "GitHub".to_owned(),
                source: "the service has trouble".into(),
            });
        }
    }

    /// Commits to the state repository.
    pub fn commits(&self) -> usize {
        self.desk.repo.commits().len()
    }
}
