//! `analyze-candidate-build` and `analyze-promoted-build`: the verdict of the test jobs on a build
//! (spec 01 §12.2 and §12.5, 04 §2.3).
//!
//! Accepted results pass. Rejected ones are analysed and left to a person, who accepts or rejects
//! them with a reason; who and why are in the record. Missing or unfinished results wait.

pub mod analysis;

use oar_prow_jobs::{Promotion, test_result};
use oar_release::workflow::TestResult;
use oar_release::{Arch, BuildName, ErrorClass, ReleaseVersion, Task, TaskOutcome, TaskStatus};
use oar_state_repo::{Actor, RepoPath};
use oar_statebox::{NewIssue, StateBox};

use super::support::{begun, unchanged};
use crate::context::Context;
use crate::report::{CommandReport, error_chain};
use crate::runner::{self, Stage, TaskError, TaskScope};
use analysis::analyse;

/// When another look at unfinished results makes sense (spec 01 §12.2).
const RECHECK: std::time::Duration = std::time::Duration::from_mins(10);
/// The same for a promotion.
const PROMOTION_RECHECK: std::time::Duration = std::time::Duration::from_mins(30);

/// Which build of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The candidate nightly; its verdict informs.
    Candidate,
    /// The promoted build; its verdict is the gate.
    Promoted,
}

impl Subject {
    /// The task.
    pub const fn task(self) -> Task {
        match self {
            Self::Candidate => Task::AnalyzeCandidateBuild,
            Self::Promoted => Task::AnalyzePromotedBuild,
        }
    }
}

/// What a person says about rejected results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// They do not hold the release, for this reason.
    Accept(Reason),
    /// They do, for this reason.
    Reject(Reason),
}

impl Decision {
    const fn parts(&self) -> (&'static str, &Reason) {
        match self {
            Self::Accept(reason) => ("accepted", reason),
            Self::Reject(reason) => ("rejected", reason),
        }
    }

    /// What the record keeps: who, and why.
    fn line(&self, actor: &Actor) -> String {
        let (verb, reason) = self.parts();
        format!("{verb} by {actor}: {}", reason.0)
    }
}

/// A written reason: one line of 10 to 1000 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

/// A text that is no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write down why, in 10 to 1000 characters")]
pub struct NoReason;

impl std::str::FromStr for Reason {
    type Err = NoReason;

    fn from_str(text: &str) -> Result<Self, NoReason> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        if (10..=1000).contains(&text.chars().count()) { Ok(Self(text)) } else { Err(NoReason) }
    }
}

/// Judges the results of the build that `subject` means; `decision` is a person's word about
/// rejected ones.
pub async fn run(
    context: &Context,
    release: &ReleaseVersion,
    subject: Subject,
    decision: Option<&Decision>,
) -> CommandReport {
    judge(context, release, subject, decision, None).await
}

/// The same for a `decision` about what was seen as `seen`: should somebody else decide before it is
/// this one's turn, it is refused.
pub(crate) async fn decide(
    context: &Context,
    release: &ReleaseVersion,
    subject: Subject,
    decision: &Decision,
    seen: TaskStatus,
) -> CommandReport {
    judge(context, release, subject, Some(decision), Some(seen)).await
}

async fn judge(
    context: &Context,
    release: &ReleaseVersion,
    subject: Subject,
    decision: Option<&Decision>,
    seen: Option<TaskStatus>,
) -> CommandReport {
    let work = |scope| async move { Judge { scope: &scope, subject, decision, seen }.run().await };
    runner::run(context, release, subject.task(), work).await
}

struct Judge<'s, 'a> {
    scope: &'s TaskScope<'a>,
    subject: Subject,
    decision: Option<&'s Decision>,
    /// How the task stood when the person decided.
    seen: Option<TaskStatus>,
}

impl Judge<'_, '_> {
    async fn run(&self) -> Result<TaskOutcome, TaskError> {
        let context = self.scope.context();
        if self.decision.is_some() && matches!(context.actor, Actor::Timer(_)) {
            return Err(refused(ErrorClass::InvalidArgument, "a timer decides nothing"));
        }
        let state = begun(self.scope).await?;
        let stored = state.task_status(self.subject.task()).unwrap_or(TaskStatus::NotStarted);
        if self.seen.is_some_and(|seen| seen != stored) {
            let what = format!("somebody else decided meanwhile: the task is {stored}");
            return Err(refused(ErrorClass::Conflict, &what));
        }
        let Some(build) = self.build(&state).await? else {
            return self.nothing_yet("the release has no candidate build", None);
        };
        let found = context.records.read(&path_of(&build)?).await;
        let found = found.map_err(|error| TaskError::reading(&error))?;
        let Some(file) = found else {
            return self.missing(&build).await;
        };
        let results = test_result::read(&file.content)
            .map_err(|error| TaskError::new(ErrorClass::Undetermined, Stage::Reading, &error))?;
        // Every source must speak of the same build (R16).
        if let Some(named) = results.build.as_deref().filter(|named| *named != build.to_string()) {
            let what = format!("the test results of {build} are about {named}");
            return Err(TaskError::said(ErrorClass::Undetermined, Stage::Reading, what));
        }
        self.scope.say(format!("test results of {build}: {}", page(context, &build)));
        match results.verdict {
            TestResult::Missing | TestResult::Running => self.nothing_yet(
                &format!("the test jobs of {build} are not done, or not aggregated"),
                Some(RECHECK),
            ),
            TestResult::Accepted { manual } => self.accepted(&state, &build, manual).await,
            TestResult::Rejected => self.rejected(&state, &build, &results).await,
        }
    }

    /// The build; `None` when there is none.
    async fn build(&self, state: &StateBox) -> Result<Option<BuildName>, TaskError> {
        let (context, release) = (self.scope.context(), self.scope.release());
        let name = match self.subject {
            Subject::Promoted => Some(release.to_string()),
            Subject::Candidate => match context.build_data.release(release).await {
                Ok(data) => data.candidate(Arch::Amd64).map(str::to_owned),
                // What was announced when the StateBox was made still holds without ART's data.
                Err(error) => {
                    let known = state.metadata.candidate_build(Arch::Amd64.rpm_name());
                    Some(known.ok_or_else(|| TaskError::reading(&error))?.to_owned())
                }
            },
        };
        let name = name.map(|name| name.parse()).transpose();
        name.map_err(|error: oar_release::version::VersionError| {
            TaskError::new(ErrorClass::NotConfigured, Stage::Reading, &error)
        })
    }

    /// There are no results; of a promoted build the promotion says why.
    async fn missing(&self, build: &BuildName) -> Result<TaskOutcome, TaskError> {
        let release = self.scope.release();
        if self.subject == Subject::Promoted {
            match self.scope.context().releases.promotion(release).await {
                Promotion::Accepted => {}
                Promotion::NotPromoted { .. } => {
                    let what = format!("{release} is not promoted yet");
                    return self.nothing_yet(&what, Some(PROMOTION_RECHECK));
                }
                Promotion::Unknown { problem } => self.scope.warn(problem),
            }
        }
        self.nothing_yet(&format!("{build} has no test results yet"), Some(RECHECK))
    }

    /// Waits, unless a person wants to decide what is not there to be decided.
    fn nothing_yet(
        &self,
        reason: &str,
        recheck: Option<std::time::Duration>,
    ) -> Result<TaskOutcome, TaskError> {
        if self.decision.is_some() {
            let what = format!("{reason}: there is nothing to decide");
            return Err(refused(ErrorClass::PreconditionFailed, &what));
        }
        self.scope.say(reason);
        Ok(match recheck {
            Some(_) => TaskOutcome::Waiting { reason: reason.to_owned(), recheck },
            None => unchanged(reason),
        })
    }

    async fn accepted(
        &self,
        state: &StateBox,
        build: &BuildName,
        manual: bool,
    ) -> Result<TaskOutcome, TaskError> {
        if let Some(Decision::Reject(_)) = self.decision {
            let what = format!("the test results of {build} were accepted");
            let advice = format!("`oar -r {} issue add` holds the release", self.scope.release());
            return Err(refused(ErrorClass::PreconditionFailed, &what).hint(advice));
        }
        let how = if manual { "promoted by hand" } else { "accepted" };
        self.scope.fact("verdict", if manual { "promoted-by-hand" } else { "accepted" });
        if state.task_status(self.subject.task()) == Some(TaskStatus::Pass) {
            return Ok(unchanged(format!("{build} was {how}, and that is recorded")));
        }
        self.scope.say(format!("{build} was {how}"));
        self.settle(&format!("the test results of {build} are accepted")).await;
        Ok(TaskOutcome::Pass)
    }

    async fn rejected(
        &self,
        state: &StateBox,
        build: &BuildName,
        results: &test_result::BuildResults,
    ) -> Result<TaskOutcome, TaskError> {
        let analysis = analyse(results);
        self.scope.fact("verdict", "rejected");
        self.scope.fact("analysis", &analysis);
        let failed = analysis.failed.len();
        let context = self.scope.context();
        let record = state.task(self.subject.task());
        let decided = self.decision.map(|decision| (decision, decision.line(&context.actor)));
        if let Some((decision, line)) = &decided {
            let status = match decision {
                Decision::Accept(_) => TaskStatus::Pass,
                Decision::Reject(_) => TaskStatus::Fail,
            };
            let masked = context.masker.mask(line);
            let known = record.is_some_and(|record| {
                record.status == status
                    && record.result.as_deref().is_some_and(|text| text.contains(&*masked))
            });
            if known && (status == TaskStatus::Pass || self.blocker_is_open(state)) {
                return Ok(unchanged(format!("it is recorded: {masked}")));
            }
        } else {
            let stored = record.map(|record| record.status);
            if stored == Some(TaskStatus::Pass) {
                let said = record.and_then(|record| record.result.as_deref()).unwrap_or_default();
                let by_a_person =
                    said.contains("accepted by ") && said.contains(&build.to_string());
                // A pass is never taken back, but nobody is said to have decided who has not.
                return Ok(unchanged(if by_a_person {
                    format!("a person accepted {build} although its tests failed")
                } else {
                    let what = format!("the tests reject {build}, but the task has passed before");
                    self.scope.warn(format!("{what}: look at it, and decide with --reject REASON"));
                    what
                }));
            }
            if stored == Some(TaskStatus::Fail) && self.blocker_is_open(state) {
                return Ok(unchanged(format!(
                    "a person rejected {build}, and its blocker is open"
                )));
            }
        }
        let jobs = analysis.jobs;
        self.scope.say(format!("the tests rejected {build}: {failed} of {jobs} jobs failed"));
        for line in analysis.failed.iter().flat_map(analysis::FailedJob::lines) {
            self.scope.say(line);
        }
        let sentence = analysis.recommendation.sentence();
        self.scope.say(sentence.clone());
        match decided {
            None => {
                let reason = format!(
                    "a person decides about {build}: --accept REASON or --reject REASON; {sentence}"
                );
                Ok(TaskOutcome::Waiting { reason, recheck: None })
            }
            Some((Decision::Accept(_), line)) => {
                self.scope.say(line.clone());
                self.settle(&line).await;
                Ok(TaskOutcome::Pass)
            }
            Some((Decision::Reject(_), line)) => {
                self.scope.say(line.clone());
                self.block(&format!("the tests of {build} failed; {line}")).await;
                Ok(TaskOutcome::Fail { error: line })
            }
        }
    }

    fn blocker_is_open(&self, state: &StateBox) -> bool {
        state.task_blocker(self.subject.task().name()).is_some()
    }

    /// Keeps the one blocker that names the task.
    async fn block(&self, text: &str) {
        let (context, name) = (self.scope.context(), self.subject.task().name());
        let issue = NewIssue::blocker(text, &[name]).found_by(name);
        let (release, who) = (self.scope.release(), context.who(name));
        if let Err(error) = context.boxes.add_issue(release, &issue, &who).await {
            self.scope.warn(format!("the blocker is not recorded: {}", error_chain(&error)));
        }
    }

    /// Resolves the blocker of a rejection that does not hold any more.
    async fn settle(&self, resolution: &str) {
        let (context, release) = (self.scope.context(), self.scope.release());
        let name = self.subject.task().name();
        let who = context.who(name);
        if let Err(error) = context.boxes.resolve_by_source(release, name, resolution, &who).await {
            self.scope.warn(format!("the blocker is not resolved: {}", error_chain(&error)));
        }
    }
}

fn page(context: &Context, build: &BuildName) -> String {
    context.links.test_result(build, Arch::Amd64)
}

fn path_of(build: &BuildName) -> Result<RepoPath, TaskError> {
    let path = format!("_releases/ocp-test-result-{build}-amd64.json");
    RepoPath::new(path).map_err(|error| TaskError::reading(&error))
}

fn refused(class: ErrorClass, what: &str) -> TaskError {
    TaskError::said(class, Stage::Reading, what)
}
