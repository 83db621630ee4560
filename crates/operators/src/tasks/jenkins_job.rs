//! A task whose work is a build on Jenkins: started at most once, found again, followed to its end
//! (spec 05 §6.3 to §6.6, 01 §7.4).
//!
//! The start is claimed in the StateBox before Jenkins is asked, and what Jenkins answers is stored at
//! once. What a build's end means is the task's own business: [`Ending`].

use async_trait::async_trait;
use oar_jenkins::{
    Build, BuildOrder, BuildPhase, JenkinsError, JenkinsJob, JenkinsRead, JenkinsWrite, Look,
    Pending, QueueState,
};
use oar_release::time::stamp;
use oar_release::workflow::recover::job_reference;
use oar_release::{Arch, ErrorClass, JobRef, JobSystem, Task, TaskOutcome};
use oar_slack::text::{escape, link};
use oar_statebox::{Claim, ClaimRequest, Replaces, StateBox};

use super::support::unchanged;
use crate::notify::{Audience, Notice};
use crate::report::error_chain;
use crate::runner::{Stage, TaskError, TaskScope};
use crate::services::Ports;

/// The two ports to Jenkins.
pub(super) type Jenkins = Ports<dyn JenkinsRead, dyn JenkinsWrite>;

/// What the end of a build means for its task.
#[async_trait]
pub(super) trait Ending: Send + Sync {
    /// The outcome of a build that ended as `phase`: [`BuildPhase::Passed`], `Failed` or
    /// `Interrupted`. `word` is Jenkins' own word for it.
    async fn outcome(
        &self,
        build: &Build,
        phase: BuildPhase,
        word: &str,
        job: JobRef,
    ) -> Result<TaskOutcome, TaskError>;
}

/// The job of a task, in words and numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// The task.
    pub(super) task: Task,
    /// Its job.
    pub(super) job: JenkinsJob,
    /// The work in words (`the stage tests`).
    pub(super) work: &'static str,
    /// The job's name in messages.
    pub(super) name: &'static str,
    /// The kind of its messages.
    pub(super) notice: &'static str,
}

/// What became of the job that the StateBox names.
pub(super) enum Known {
    /// It decides what to answer.
    Settled(TaskOutcome),
    /// There is none, or only a claim.
    Nothing,
    /// It is no job of Jenkins.
    Elsewhere,
    /// Jenkins has neither build nor queue item of it.
    Gone,
}

/// One task's work on Jenkins.
pub(super) struct JenkinsTask<'s, 'a> {
    pub(super) scope: &'s TaskScope<'a>,
    pub(super) kind: Kind,
    pub(super) ending: &'s dyn Ending,
}

/// The ports, or why Jenkins cannot be used.
pub(super) fn ports<'a>(scope: &TaskScope<'a>) -> Result<&'a Jenkins, TaskError> {
    scope.context().services.jenkins.as_ref().map_err(TaskError::reading)
}

impl JenkinsTask<'_, '_> {
    /// What build `number` says; one of another release decides nothing.
    pub(super) async fn status(&self, number: u64) -> Result<TaskOutcome, TaskError> {
        let build = ports(self.scope)?.read.build(self.kind.job, number).await;
        self.judge(&build.map_err(|error| TaskError::reading(&error))?).await
    }

    /// The outcome that a build means.
    pub(super) async fn judge(&self, build: &Build) -> Result<TaskOutcome, TaskError> {
        let scope = self.scope;
        let release = scope.release();
        // Without ART's data only the release's own tag counts.
        let data = scope.context().build_data.release(release).await.ok();
        let candidate = data.as_ref().and_then(|data| data.candidate(Arch::Amd64)?.parse().ok());
        build
            .check_payload(release, candidate.as_ref())
            .map_err(|error| TaskError::new(ErrorClass::InvalidArgument, Stage::Reading, &error))?;
        let word = build.result.as_ref().map_or_else(|| "none yet".to_owned(), ToString::to_string);
        let minutes = build.duration.as_secs() / 60;
        scope.say(format!("Build number: {}", build.number));
        scope.say(format!("{}: result {word}, {minutes} min", build.url));
        let job = self.reference(Some(build.number), build.queue_id, &build.url);
        match build.phase() {
            BuildPhase::Running => Ok(TaskOutcome::InProgress { job: Some(job) }),
            BuildPhase::Unknown => {
                scope.warn(format!("the result {word} is not known: taken for not ended"));
                Ok(TaskOutcome::InProgress { job: Some(job) })
            }
            phase => self.ending.outcome(build, phase, &word, job).await,
        }
    }

    fn reference(&self, number: Option<u64>, queue_id: Option<u64>, url: &str) -> JobRef {
        JobRef {
            system: JobSystem::Jenkins,
            id: number.map(|number| number.to_string()),
            queue_id: queue_id.map(|id| id.to_string()),
            url: Some(url.to_owned()),
            triggered_at: stamp(self.scope.context().clock.now()),
            claim: None,
        }
    }

    /// What became of the job that `state` names for the task in progress.
    pub(super) async fn known_job(
        &self,
        order: &BuildOrder,
        state: &StateBox,
    ) -> Result<Known, TaskError> {
        let record = state.task(self.kind.task).filter(|record| record.is_in_progress());
        let Some(record) = record else { return Ok(Known::Nothing) };
        let found = job_reference(self.kind.task, record.job.as_ref(), record.result.as_deref());
        let Some(job) = found else { return Ok(Known::Nothing) };
        if job.system != JobSystem::Jenkins {
            return Ok(Known::Elsewhere);
        }
        let number =
            |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<u64>().ok());
        if let Some(build) = number(&job.id) {
            return self.look_at(build, true).await;
        }
        let Some(item) = number(&job.queue_id) else { return Ok(Known::Nothing) };
        let jenkins = ports(self.scope)?;
        let found = jenkins.read.queue_item(item).await;
        match found.map_err(|error| TaskError::reading(&error))?.map(|item| item.state) {
            Some(QueueState::Waiting { why }) => {
                let why = why.unwrap_or_else(|| "no reason given".to_owned());
                let work = self.kind.work;
                Ok(Known::Settled(unchanged(format!("{work} wait in the queue: {why}"))))
            }
            Some(QueueState::Building { number, .. }) => self.look_at(number, false).await,
            Some(QueueState::Cancelled) => {
                self.scope.say(format!("queue item {item} was cancelled"));
                Ok(Known::Gone)
            }
            None => self.after_queue(order, item).await,
        }
    }

    /// A queue item is forgotten some minutes after it left: its build is among the newest.
    async fn after_queue(&self, order: &BuildOrder, item: u64) -> Result<Known, TaskError> {
        let pending = Pending {
            job: self.kind.job,
            queue_id: Some(item),
            number: None,
            url: String::new(),
            why: None,
            adopted: true,
        };
        match ports(self.scope)?.read.follow(order, &pending).await {
            Ok(Pending { number: Some(number), .. }) => self.look_at(number, false).await,
            Ok(_) => {
                let reason = format!("{} wait in the queue", self.kind.work);
                Ok(Known::Settled(unchanged(reason)))
            }
            Err(JenkinsError::NotFound { .. }) => {
                self.scope.say(format!("Jenkins has no trace of queue item {item}"));
                Ok(Known::Gone)
            }
            Err(error) => Err(TaskError::reading(&error)),
        }
    }

    /// Looks at a build; `stored`: the StateBox knows its number.
    async fn look_at(&self, number: u64, stored: bool) -> Result<Known, TaskError> {
        match ports(self.scope)?.read.build(self.kind.job, number).await {
            Ok(build) if build.phase() == BuildPhase::Running && stored => {
                // The run that started it may have been ended before it told anybody.
                self.scope.notify(self.building(&build.url, number));
                Ok(Known::Settled(unchanged(format!("build {number} runs: {}", build.url))))
            }
            Ok(build) if build.phase() == BuildPhase::Running => {
                self.scope.notify(self.building(&build.url, number));
                Ok(Known::Settled(self.judge(&build).await?))
            }
            Ok(build) => Ok(Known::Settled(self.judge(&build).await?)),
            Err(JenkinsError::NotFound { .. }) => {
                self.scope.say(format!("Jenkins has no build {number}"));
                Ok(Known::Gone)
            }
            Err(error) => Err(TaskError::reading(&error)),
        }
    }

    /// Claims the start and asks Jenkins. `replaces`: the recorded job in whose place it is;
    /// `look` is what Jenkins had of the order.
    pub(super) async fn claim(
        &self,
        order: &BuildOrder,
        state: &StateBox,
        look: &Look,
        replaces: Replaces,
    ) -> Result<TaskOutcome, TaskError> {
        let (scope, task) = (self.scope, self.kind.task);
        let (context, work) = (scope.context(), self.kind.work);
        let request = ClaimRequest { task, system: JobSystem::Jenkins, replaces };
        let who = context.who(task.name());
        let claimed = context.boxes.claim_job(scope.release(), &request, &who).await;
        match claimed.map_err(|error| TaskError::reading(&error))?.outcome {
            Claim::InFlight(job) => {
                let since = job.triggered_at;
                Ok(unchanged(format!("another run is starting {work} since {since}")))
            }
            Claim::Running(job) => {
                let url = job.url.or(job.id).unwrap_or_default();
                Ok(unchanged(format!("{work} run already: {url}")))
            }
            Claim::Granted { id, unfinished } => {
                let ours = unfinished.filter(|job| job.system == JobSystem::Jenkins);
                if let Some(build) = ours.and_then(|_| self.unrecorded(look, state)) {
                    scope.say("a run was ended before it could record the job that it started");
                    scope.forget_job();
                    return self.judge(build).await;
                }
                self.start(order, look, &id).await
            }
        }
    }

    /// The build that an unfinished claim started, where it ended meanwhile: the newest, unless an
    /// earlier attempt recorded it.
    fn unrecorded<'l>(&self, look: &'l Look, state: &StateBox) -> Option<&'l Build> {
        if look.pending().is_some() {
            return None;
        }
        let task = self.kind.task;
        let result = state.task(task).and_then(|record| record.result.as_deref());
        let recorded = job_reference(task, None, result).and_then(|job| job.id);
        let recorded = recorded.and_then(|id| id.parse::<u64>().ok()).unwrap_or(0);
        look.newest().filter(|build| build.number > recorded)
    }

    /// Asks Jenkins, under the claim `claim`.
    async fn start(
        &self,
        order: &BuildOrder,
        look: &Look,
        claim: &str,
    ) -> Result<TaskOutcome, TaskError> {
        let (scope, jenkins) = (self.scope, ports(self.scope)?);
        let pending = match jenkins.write.trigger(order, look).await {
            Ok(pending) => pending,
            // It may run: the claim stays, and the next run looks before it starts anything (P4).
            Err(error) if error.may_have_started() => return Err(TaskError::reading(&error)),
            Err(error) => {
                scope.forget_job();
                return Err(TaskError::acting(&error));
            }
        };
        self.keep(claim, &pending).await;
        let waiting = scope.context().progress.start("waiting in the queue of Jenkins", None);
        let followed = jenkins.read.follow(order, &pending).await;
        drop(waiting);
        let pending = match followed {
            Ok(followed) => followed,
            Err(error @ JenkinsError::Cancelled { .. }) => {
                scope.forget_job();
                return Err(TaskError::acting(&error));
            }
            Err(error) => {
                let work = self.kind.work;
                scope.warn(format!("{work} were not followed: {}", error_chain(&error)));
                pending
            }
        };
        self.tell(&pending);
        let job = self.reference(pending.number, pending.queue_id, &pending.url);
        Ok(TaskOutcome::InProgress { job: Some(job) })
    }

    /// Stores what Jenkins answered before anything else is done.
    async fn keep(&self, claim: &str, pending: &Pending) {
        let (context, release) = (self.scope.context(), self.scope.release());
        let job = self.reference(pending.number, pending.queue_id, &pending.url);
        let (task, who) = (self.kind.task, context.who(self.kind.task.name()));
        self.scope.say(format!("{} {}: {}", verb(pending), self.kind.job, pending.url));
        let lines = self.scope.log();
        let kept = context.boxes.confirm_job(release, task, claim, &job, &lines, &who).await;
        if let Err(error) = kept {
            self.scope.warn(format!("the job is not stored yet: {}", error_chain(&error)));
        }
    }

    fn tell(&self, pending: &Pending) {
        if let Some(number) = pending.number {
            self.scope.say(format!("{} {}: {}", verb(pending), self.kind.job, pending.url));
            self.scope.say(format!("Build number: {number}"));
            self.scope.notify(self.building(&pending.url, number));
            return;
        }
        let why = pending.why.as_deref().unwrap_or("no reason given");
        self.scope.say(format!("it waits in the queue: {why}"));
        let item = link(&pending.url, "queue item");
        self.notify(format!("{} waits ({}): {item}", self.kind.name, escape(why)));
    }

    fn notify(&self, text: String) {
        let kind = self.kind.notice;
        self.scope.notify(Notice { kind, to: Audience::ReleaseLeads, text });
    }

    fn building(&self, url: &str, number: u64) -> Notice {
        let text = format!("{}: {}", self.kind.name, link(url, &format!("build {number}")));
        Notice { kind: self.kind.notice, to: Audience::ReleaseLeads, text }
    }
}

const fn verb(pending: &Pending) -> &'static str {
    if pending.adopted { "found" } else { "triggered" }
}
