//! The process of a job: look, act, wait, until it ends (spec 06 §3.6).
//!
//! Dropping the future stops it at any await: the job is then waiting, the lock is free, and whoever
//! resumes it goes on. The deadline is the record's; within a process it is measured on a clock that
//! nobody can set (P13).

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use oar_gitlab_shipment::Drafts;
use oar_release::time::stamp;
use oar_release::{ErrorClass, Flow, ReleaseVersion, Task, TaskOutcome};
use oar_statebox::NewIssue;
use oar_transport::pause::{Stopwatch, sleep};
use tokio::sync::Notify;
use tracing::Instrument as _;

use super::apply::{self, ExpectedShipment, Verdict};
use super::display::ShownPid;
use super::error::ApprovalError;
use super::folder::{ApprovalFolder, Held, Lock};
use super::record::{AdvisoryLine, CheckOutcome, JobRecord, JobStatus, whole_seconds};
use super::schedule::{Alarm, Step};
use super::{SOURCE, check, ending, tell};
use crate::context::Context;
use crate::notify::Notice;
use crate::report::error_chain;
use crate::task_log::TaskLog;
use crate::tasks::advisory_map;

/// How a process runs a job.
#[derive(Debug, Default)]
pub struct RunOptions {
    /// Where its log is, if it has one of its own.
    pub log_path: Option<PathBuf>,
    /// Whether SIGUSR1 is heard; see [`JobRecord::listens`].
    pub listens: bool,
}

/// Runs the job of `release` to its end and answers its record.
///
/// `ready` is called once the job is ours, with its record; `poke` makes it look at once.
/// [`ApprovalError::Busy`] when another process has it, [`ApprovalError::NoJob`] when there is nothing to
/// go on with.
pub async fn run(
    context: &Context,
    release: &ReleaseVersion,
    options: RunOptions,
    poke: &Notify,
    ready: impl FnOnce(&JobRecord),
) -> Result<JobRecord, ApprovalError> {
    let folder = context.approval.folder.clone()?;
    let busy = || ApprovalError::Busy { release: release.clone() };
    let lock = folder.lock(release, Lock::Job)?.ok_or_else(busy)?;
    let record = folder.load(release)?.filter(JobRecord::needs_a_process);
    let record = record.ok_or_else(|| ApprovalError::NoJob { release: release.clone() })?;
    let log = TaskLog::new();
    let span = log.span(Task::ChangeAdvisoryStatus.name());
    let shown = ShownPid::new(&folder, release);
    let clock = JobClock::new(context.clock.now());
    let mut job = Job { context, folder, record, clock, log, _shown: shown, _lock: lock };
    job.begin(options)?;
    ready(&job.record);
    job.until_its_end(poke).instrument(span).await?;
    Ok(job.record.clone())
}

/// Ends the job of `release`, which no process has, as stopped by `by`.
pub async fn end_cancelled(
    context: &Context,
    folder: &ApprovalFolder,
    mut record: JobRecord,
    by: &str,
) -> Result<JobRecord, ApprovalError> {
    record.end(JobStatus::Cancelled, format!("stopped by {by}"), context.clock.now());
    folder.save(&record)?;
    folder.forget_to_stop(&record.release);
    ending::finish(context, folder, &mut record, "").await?;
    Ok(record)
}

/// The time of a process: it began at a wall time and passes by itself.
#[derive(Debug, Clone, Copy)]
struct JobClock {
    wall: Timestamp,
    since: Stopwatch,
}

impl JobClock {
    fn new(wall: Timestamp) -> Self {
        Self { wall, since: Stopwatch::start() }
    }

    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::MAX);
        self.wall.checked_add(passed).unwrap_or(Timestamp::MAX)
    }
}

struct Job<'a> {
    context: &'a Context,
    folder: ApprovalFolder,
    record: JobRecord,
    clock: JobClock,
    log: TaskLog,
    _shown: ShownPid,
    _lock: Held,
}

/// A process that is stopped while it moves advisories leaves a job that waits.
impl Drop for Job<'_> {
    fn drop(&mut self) {
        if self.record.status == JobStatus::Applying {
            self.record.status = JobStatus::Waiting;
            if let Err(error) = self.folder.save(&self.record) {
                tracing::warn!("{}", error_chain(&error));
            }
        }
    }
}

impl Job<'_> {
    /// Takes the job over: a resumed one looks at once, a new one has had its first look.
    fn begin(&mut self, options: RunOptions) -> Result<(), ApprovalError> {
        let now = self.clock.now();
        let resumed = self.record.pid.is_some();
        if resumed {
            self.record.hurry(now);
        }
        self.record.pid = Some(std::process::id());
        self.record.host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        self.record.listens = options.listens;
        if let Some(path) = options.log_path {
            self.record.log_path = Some(path.display().to_string());
        }
        self.folder.save(&self.record)
    }

    async fn until_its_end(&mut self, poke: &Notify) -> Result<(), ApprovalError> {
        let deadline = stamp(self.record.deadline);
        let (id, release) = (&self.record.id, &self.record.release);
        tracing::info!("approval job {id} of {release} runs until {deadline}");
        loop {
            if let Some(by) = self.asked_to_stop() {
                self.record.end(JobStatus::Cancelled, format!("stopped by {by}"), self.clock.now());
                self.folder.save(&self.record)?;
                self.folder.forget_to_stop(&self.record.release);
            }
            match self.record.step(self.clock.now()) {
                Step::Over => break,
                Step::Check { last } => self.round(last).await?,
                Step::Wait(wait) => {
                    let next = stamp(self.record.next_check_at);
                    tracing::info!("the next check is at {next}");
                    tokio::select! {
                        () = sleep(wait) => {}
                        () = poke.notified() => {
                            tracing::info!("asked to look now");
                            self.record.hurry(self.clock.now());
                        }
                    }
                }
            }
        }
        let text = self.log.text();
        ending::finish(self.context, &self.folder, &mut self.record, &text).await
    }

    fn asked_to_stop(&self) -> Option<String> {
        let asked = self.folder.asked_to_stop(&self.record.release);
        asked.filter(|_| self.record.status.is_unfinished())
    }

    /// One look, and the work if the page is there.
    async fn round(&mut self, last: bool) -> Result<(), ApprovalError> {
        let known = self.record.payload.as_ref();
        let mut looked = check::look(self.context, &self.record.release, known).await;
        looked.check.at = whole_seconds(self.clock.now());
        if looked.payload.is_some() {
            self.record.payload = looked.payload;
        }
        let is_there = looked.check.outcome == CheckOutcome::Accessible;
        let words = looked.check.in_words();
        let alarm = self.record.checked(looked.check, self.context.entropy.fraction());
        tracing::info!("check {}: {words}", self.record.checks);
        match alarm {
            Alarm::Quiet => {}
            Alarm::Trouble => self.tell(tell::trouble(&self.record)).await,
            Alarm::Recovered => self.tell(tell::recovered(&self.record)).await,
        }
        if let Some(error) = looked.mismatch {
            self.record.end(JobStatus::Failed, error, self.clock.now());
            return self.folder.save(&self.record);
        }
        if is_there {
            self.record.status = JobStatus::Applying;
            self.folder.save(&self.record)?;
            let verdict = self.apply().await;
            self.settle(verdict).await;
        }
        if last && self.record.status.is_unfinished() {
            let why = self.record.held_by.clone().filter(|_| is_there).unwrap_or(words);
            self.record.end(JobStatus::TimedOut, why, self.clock.now());
        }
        self.folder.save(&self.record)
    }

    /// Approves and moves everything, or says why not.
    async fn apply(&mut self) -> Verdict {
        let (context, release) = (self.context, self.record.release.clone());
        let missing = |class, error: &dyn std::error::Error| Verdict::Trouble {
            class,
            error: error_chain(error),
            acting: false,
        };
        let data = match context.build_data.release(&release).await {
            Ok(data) => data,
            Err(error) => return missing(error.class(), &error),
        };
        let (errata, brew) = match (&context.services.errata, &context.services.brew) {
            (Ok(errata), Ok(brew)) => (errata, brew),
            (Err(error), _) | (_, Err(error)) => return missing(error.class, error),
        };
        let set = apply::working_set(&*errata.read, &advisory_map(&data)).await;
        let approver = apply::approver(context, errata, &**brew);
        match apply::kernels(&approver, &set).await {
            Ok(warnings) => warn(warnings),
            Err(verdict) => return verdict,
        }
        match &data.flow {
            Flow::Konflux { mr } => {
                let drafts = if self.record.allow_draft { Drafts::Allow } else { Drafts::Refuse };
                let (release, live_ids) = (&release, &data.live_ids);
                let shipment = ExpectedShipment { release, mr, live_ids };
                if let Err(error) = apply::merge_request(context, &shipment, drafts).await {
                    return apply::judge_merge_request(&error);
                }
            }
            Flow::KonfluxPending => {
                return Verdict::NotReady(
                    "ART has withdrawn the shipment merge request".to_owned(),
                );
            }
            Flow::Errata => {}
        }
        if let Some((outcome, reason)) = set.when_empty(&data.flow) {
            match outcome {
                TaskOutcome::Pass => tracing::info!("{reason}"),
                TaskOutcome::Fail { error } => return Verdict::Final(error),
                _ => return Verdict::NotReady(reason),
            }
        } else {
            let (verdict, report) = apply::advisories(&approver, &set).await;
            self.record.advisories = report.entries.iter().map(|entry| self.line(entry)).collect();
            warn(report.warnings);
            if !matches!(verdict, Verdict::Reached) {
                return verdict;
            }
        }
        let (closed, warnings) = apply::subtasks(context, data.jira_ticket.as_deref()).await;
        self.record.closed_subtasks = closed;
        warn(warnings);
        Verdict::Reached
    }

    fn line(&self, entry: &oar_errata::ApprovalEntry) -> AdvisoryLine {
        let line = AdvisoryLine::from(entry);
        tracing::info!("advisory {} ({}): {}", line.errata_id, line.impetus, line.action);
        AdvisoryLine { reason: self.masked(&line.reason), ..line }
    }

    /// What a try means for the job.
    async fn settle(&mut self, verdict: Verdict) {
        let (now, chance) = (self.clock.now(), self.context.entropy.fraction());
        if !matches!(verdict, Verdict::NoTicket(_)) {
            self.record.told.retain(|told| told != "ticket");
        }
        match verdict {
            Verdict::Reached => {
                self.record.held_by = None;
                let words = "every advisory is in REL_PREP or beyond".to_owned();
                self.record.end(JobStatus::Done, words, now);
            }
            Verdict::Final(error) => {
                let error = self.masked(&error);
                self.record.end(JobStatus::Failed, error, now);
            }
            Verdict::NotReady(why) => self.hold(&why, false, now, chance),
            Verdict::Trouble { class, error, .. } => {
                // A missing setting is nothing that minutes repair.
                let trouble = class != ErrorClass::NotConfigured;
                self.hold(&error, trouble, now, chance);
            }
            Verdict::NoTicket(problem) => {
                let problem = self.masked(&problem);
                self.hold(&problem, false, now, chance);
                if self.record.tell_once("ticket") {
                    self.tell(tell::ticket(&self.record, &problem)).await;
                }
            }
            Verdict::Alert(problem) => {
                let problem = self.masked(&problem);
                self.hold(&problem, false, now, chance);
                self.block(&problem).await;
                if self.record.tell_once("alert") {
                    self.tell(tell::alert(&self.record, &problem)).await;
                }
            }
        }
    }

    fn hold(&mut self, why: &str, trouble: bool, now: Timestamp, chance: f64) {
        let why = self.masked(why);
        tracing::warn!("the advisories stay where they are: {why}");
        self.record.held(now, why, trouble, chance);
    }

    /// Reports the alert as a blocker of the task, or brings the report up to date.
    async fn block(&self, problem: &str) {
        let task = Task::ChangeAdvisoryStatus.name();
        let issue = NewIssue::blocker(problem, &[task]).found_by(SOURCE);
        let who = self.context.who(task);
        let added = self.context.boxes.add_issue(&self.record.release, &issue, &who).await;
        if let Err(error) = added {
            tracing::warn!("the blocker was not reported: {}", error_chain(&error));
        }
    }

    async fn tell(&self, notice: Notice) {
        tell::send(self.context, &self.record.release, notice).await;
    }

    fn masked(&self, text: &str) -> String {
        self.context.masker.mask(text).into_owned()
    }
}

fn warn(warnings: Vec<String>) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}
