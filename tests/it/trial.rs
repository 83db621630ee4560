//! One command as a process of its own, in this process: the programs' wiring over a world in
//! memory, on paused time, with faults on the way. Thousands of runs take seconds.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use oar_errata::TargetState;
use oar_operators::approval::{self, ApprovalError, JobStatus, LaunchJob, Launched};
use tokio::sync::Notify;

use oar_cli::wiring::Surroundings;
use oar_config::{Flags, Settings};
use oar_operators::commands::{create_test_report, is_shipped, qe_approval, rhcos_alerts};
use oar_operators::error::Classed as _;
use oar_operators::report::CommandReport;
use oar_operators::task_log::TaskLogLayer;
use oar_operators::tasks::bugs::drop_bugs;
use oar_operators::tasks::image_consistency_check::{Backend, Request};
use oar_operators::tasks::{
    analyze_build, change_advisory_status, check_cve_tracker_bug, image_consistency_check,
    image_signed_check, push_to_cdn_staging, stage_testing, take_ownership,
};
use oar_operators::{Context, OperatorError};
use oar_release::{Clock, ReleaseVersion, Task, TaskStatus};
use oar_sandbox::Sandbox;
use oar_sandbox::fault::Faults;
use oar_sandbox::world::World;
use oar_statebox::StateBox;
use oar_transport::env::Environment;
use serde::Serialize;
use tempfile::TempDir;
use tracing_subscriber::layer::SubscriberExt as _;

/// The release of all trials.
pub const RELEASE: &str = "4.99.3";
pub const STATEBOX: &str = "_releases/4.99/statebox/4.99.3.yaml";

/// A command of `oar`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Create,
    TakeOwnership,
    CveTrackers,
    RhcosAlerts,
    Push,
    QeApproval,
    StageTesting,
    ImageConsistency,
    /// The same with the recorded run named.
    ImageConsistencyRun,
    ImageConsistencyOnJenkins,
    ImageSigned,
    AnalyzeCandidate,
    AnalyzePromoted,
    IsShipped,
    /// Final approval.
    Approve,
    /// The process of the job that waits for it.
    ApprovalJob,
    /// From advisories and shipment.
    DropBugs,
}

impl Work {
    /// The task it records, where it is one.
    pub const fn task(self) -> Option<Task> {
        Some(match self {
            Self::Create => Task::CreateTestReport,
            Self::TakeOwnership => Task::TakeOwnership,
            Self::CveTrackers => Task::CheckCveTrackerBug,
            Self::Push => Task::PushToCdnStaging,
            Self::StageTesting => Task::StageTesting,
            Self::ImageConsistency
            | Self::ImageConsistencyRun
            | Self::ImageConsistencyOnJenkins => Task::ImageConsistencyCheck,
            Self::ImageSigned => Task::ImageSignedCheck,
            Self::DropBugs => Task::DropBugs,
            Self::AnalyzeCandidate => Task::AnalyzeCandidateBuild,
            Self::AnalyzePromoted => Task::AnalyzePromotedBuild,
            Self::Approve => Task::ChangeAdvisoryStatus,
            Self::RhcosAlerts | Self::QeApproval | Self::IsShipped | Self::ApprovalJob => {
                return None;
            }
        })
    }

    /// `started`: the Prow run that an earlier command started.
    async fn run(self, context: &Context, started: Option<String>) -> Told {
        let release: ReleaseVersion = RELEASE.parse().expect("a release");
        match self {
            Self::Create => match create_test_report::run(context, &release).await {
                Ok(created) => Told::of("created", &format!("{created:?}")),
                Err(error) => Told::failed(&error),
            },
            Self::TakeOwnership => {
                Told::report(&take_ownership::run(context, &release, "lead@example.com").await)
            }
            Self::CveTrackers => {
                Told::report(&check_cve_tracker_bug::run(context, &release, true).await)
            }
            Self::RhcosAlerts => match rhcos_alerts::run(context, &release).await {
                Ok(found) if found.blocking > 0 => Told::of("fail", &found),
                Ok(found) => Told::of("pass", &found),
                Err(error) => Told::failed(&error),
            },
            Self::DropBugs => {
                let options = drop_bugs::Options { shipment: true, ..Default::default() };
                match drop_bugs::run(context, &release, &options).await {
                    Ok(report) => Told::report(&report),
                    Err(error) => Told::failed(&error),
                }
            }
            Self::Push => Told::report(&push_to_cdn_staging::run(context, &release).await),
            Self::QeApproval => match qe_approval::run(context, &release, false).await {
                Ok(done) if done.standing == qe_approval::Standing::Waiting => {
                    Told::of("waiting", &done)
                }
                Ok(done) => Told::of("pass", &done),
                Err(error) => Told::failed(&error),
            },
            Self::StageTesting => {
                let request = stage_testing::Request::Start;
                Told::report(&stage_testing::run(context, &release, request).await)
            }
            Self::ImageConsistency => {
                let request = Request::Start { backend: Backend::Prow, force: false };
                Told::report(&image_consistency_check::run(context, &release, &request).await)
            }
            Self::ImageConsistencyRun => {
                let run = started.expect("a run").parse().expect("a name");
                let request = Request::Run(run);
                Told::report(&image_consistency_check::run(context, &release, &request).await)
            }
            Self::Approve => {
                let options = change_advisory_status::Options {
                    target: TargetState::RelPrep,
                    allow_draft: false,
                };
                Told::report(&change_advisory_status::run(context, &release, options).await)
            }
            Self::ApprovalJob => {
                let options = approval::RunOptions::default();
                let poke = Notify::new();
                let job = approval::run(context, &release, options, &poke, |_| {});
                // The clock of the world stands while the job waits: it is let go after some looks.
                match tokio::time::timeout(Duration::from_hours(6), job).await {
                    Err(_waits) => Told::of("in_progress", &"it waits"),
                    Ok(Ok(record)) if record.status == JobStatus::Done => Told::of("pass", &record),
                    Ok(Ok(record)) => Told::of("fail", &record),
                    Ok(Err(error)) => Told::of("no job", &error.to_string()),
                }
            }
            Self::ImageConsistencyOnJenkins => {
                let request = Request::Start { backend: Backend::Jenkins, force: false };
                Told::report(&image_consistency_check::run(context, &release, &request).await)
            }
            Self::AnalyzeCandidate => {
                let subject = analyze_build::Subject::Candidate;
                Told::report(&analyze_build::run(context, &release, subject, None).await)
            }
            Self::AnalyzePromoted => {
                let subject = analyze_build::Subject::Promoted;
                Told::report(&analyze_build::run(context, &release, subject, None).await)
            }
            Self::IsShipped => match is_shipped::run(context, &release).await {
                Ok(found) if found.shipped => Told::of("pass", &found),
                Ok(found) if found.determined => Told::of("fail", &found),
                Ok(found) => Told::of("undetermined", &found),
                Err(error) => Told::failed(&error),
            },
            Self::ImageSigned => {
                let archs = [oar_release::Arch::Amd64];
                Told::report(&image_signed_check::run(context, &release, &archs).await)
            }
        }
    }
}

/// What a command told.
#[derive(Debug)]
pub struct Told {
    /// The outcome's word; `error` for a command that is no task and could not do its work.
    pub outcome: String,
    /// The status that it says is stored.
    pub written: Option<TaskStatus>,
    /// The class and the text of its error.
    pub error: Option<(String, String)>,
    /// Why the record is missing, if it is.
    pub not_saved: Option<String>,
    /// The whole answer as JSON.
    pub text: String,
}

impl Told {
    fn of(outcome: &str, result: &impl Serialize) -> Self {
        let text = serde_json::to_string(result).expect("JSON");
        let outcome = outcome.to_owned();
        Self { outcome, written: None, error: None, not_saved: None, text }
    }

    fn failed(error: &OperatorError) -> Self {
        let text = oar_cli::error::one_line(error);
        let told = (error.class_of().code().to_owned(), text.clone());
        let outcome = "error".to_owned();
        Self { outcome, written: None, error: Some(told), not_saved: None, text }
    }

    fn report(report: &CommandReport) -> Self {
        let undetermined = report.outcome.word() == "undetermined";
        assert_eq!(report.success, report.error.is_none() && !undetermined, "{report:?}");
        Self {
            outcome: report.outcome.word().to_owned(),
            written: report.task_status.filter(|_| report.statebox.written),
            error: report.error.as_ref().map(|e| (e.code.code().to_owned(), e.message.clone())),
            not_saved: report.statebox.error.clone(),
            text: serde_json::to_string(&report).expect("JSON"),
        }
    }

    /// Whether it says that all is well.
    pub fn is_pass(&self) -> bool {
        self.outcome == "pass"
    }
}

/// Takes it that the process of a job was started.
#[derive(Debug)]
struct NoProcess;

#[async_trait]
impl LaunchJob for NoProcess {
    async fn launch(&self, _release: &ReleaseVersion) -> Result<Launched, ApprovalError> {
        Ok(Launched { pid: 4711, log_path: None })
    }
}

/// The wiring of a program over `sandbox`, on a machine whose only folder is `folder`.
pub fn surroundings(sandbox: &Sandbox, folder: &Path) -> Surroundings {
    let folder = folder.display().to_string();
    let environment = Environment::from_map([
        ("XDG_STATE_HOME", folder.as_str()),
        ("XDG_CONFIG_HOME", folder.as_str()),
        ("TMPDIR", folder.as_str()),
        ("USER", "tester"),
    ]);
    let settings =
        Settings::load(None, &Flags::default(), &environment).expect("the default settings");
    Surroundings::over(settings, environment, Some(sandbox.clone()))
}

/// A process on paused time, with a log of its own, whose lines are stamped by `clock`.
pub fn process<T>(clock: Arc<dyn Clock>, life: impl Future<Output = T>) -> T {
    let subscriber = tracing_subscriber::registry().with(TaskLogLayer::new(clock));
    let _log = tracing::subscriber::set_default(subscriber);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(life)
}

/// A world in memory, a state folder, and commands that run there one after the other.
pub struct Trial {
    sandbox: Sandbox,
    folder: TempDir,
}

impl Trial {
    /// A world whose StateBox exists, changed by `prepare`.
    pub fn begun(prepare: impl FnOnce(&mut World)) -> Self {
        let trial = Self::fresh(|_| {});
        assert_eq!(trial.run(Work::Create).outcome, "created");
        trial.change(prepare);
        trial
    }

    /// A world without a StateBox.
    pub fn fresh(prepare: impl FnOnce(&mut World)) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let trial = Self { sandbox: Sandbox::in_memory(World::seeded()), folder };
        trial.change(prepare);
        trial
    }

    /// A copy as it is now: the world and the state folder.
    pub fn copy(&self) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        oar_tests::copy_folder(self.folder.path(), folder.path());
        Self { sandbox: Sandbox::in_memory(self.world()), folder }
    }

    /// The sandbox, to plant faults in.
    pub const fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The world as it is.
    pub fn world(&self) -> World {
        self.sandbox.world(Clone::clone)
    }

    /// Changes the world.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        self.sandbox.change(change).expect("a world in memory");
    }

    /// No more faults, and every claim of a trigger is stale.
    pub fn calm_down(&self) {
        self.sandbox.set_faults(Faults::default());
        self.change(|world| world.now += Duration::from_mins(20));
    }

    /// What a command may use; the processes of jobs are not started, the trial runs them itself.
    fn context(around: &Surroundings, is_dry_run: bool) -> Context {
        let mut context = around.context(is_dry_run).expect("a context");
        context.approval.launcher = Arc::new(NoProcess);
        context
    }

    /// Runs `work` to its end.
    pub fn run(&self, work: Work) -> Told {
        self.live(async |around| {
            let context = Self::context(&around, false);
            work.run(&context, self.started()).await
        })
    }

    /// Runs `work` without changing anything.
    pub fn run_dry(&self, work: Work) -> Told {
        self.live(async |around| {
            let context = Self::context(&around, true);
            work.run(&context, self.started()).await
        })
    }

    /// Runs `work` until it ends or its process dies of a planted fault.
    pub fn run_until_death(&self, work: Work) -> Option<Told> {
        self.live(async |around| {
            let context = Self::context(&around, false);
            tokio::select! {
                biased;
                () = self.sandbox.until_death() => None,
                told = work.run(&context, self.started()) => Some(told),
            }
        })
    }

    fn started(&self) -> Option<String> {
        self.sandbox.world(|world| world.prow.runs.keys().next().cloned())
    }

    /// A process: its own runtime, clients and log; nothing of it is left afterwards.
    fn live<T, F: Future<Output = T>>(&self, life: impl FnOnce(Surroundings) -> F) -> T {
        let around = surroundings(&self.sandbox, self.folder.path());
        process(around.clock.clone(), life(around))
    }

    /// The text of the StateBox.
    pub fn statebox_text(&self) -> Option<String> {
        self.sandbox.world(|world| world.github.branch_file("z-stream", STATEBOX))
    }

    /// The StateBox.
    pub fn statebox(&self) -> Option<StateBox> {
        let text = self.statebox_text()?;
        Some(StateBox::parse(STATEBOX, &text).expect("a StateBox"))
    }

    /// What was done to the systems outside, how often; files and messages left out, and the summary
    /// of image health, which a later run brings up to date.
    pub fn deeds(&self) -> BTreeMap<String, usize> {
        let mut deeds = BTreeMap::new();
        for effect in self.world().effects {
            let is_counted = !matches!(effect.service.as_str(), "github" | "slack");
            if is_counted && effect.action != "update-note" {
                let mut deed = format!("{} {} {}", effect.service, effect.action, effect.target);
                if effect.target.contains(":drop-bugs-for-") {
                    // The branch is named after the time of the run.
                    deed.truncate(deed.len() - "YYYYMMDDHHMMSS".len());
                }
                *deeds.entry(deed).or_default() += 1;
            }
        }
        deeds
    }

    /// Every message, how often it was posted.
    pub fn messages(&self) -> BTreeMap<(String, String), usize> {
        let mut messages = BTreeMap::new();
        for message in self.world().slack.messages {
            *messages.entry((message.channel, message.text)).or_default() += 1;
        }
        messages
    }
}
