//! The job controller: finds new builds and starts their tests (spec 04 §9).

use futures_util::StreamExt as _;
use oar_prow_jobs::result_file::ResultFile;
use oar_prow_jobs::{
    JobSpec, LatestName, ReleaseControllerError, ResultName, StreamKind, ToldBuild,
};
use oar_release::version::VersionError;
use oar_release::{BuildName, ErrorClass, YStream};
use oar_state_repo::{Edit, FileEdit, RepoPath, StoredFile};
use serde::Serialize;

use super::start::{self, Outcome, Place, Started, Target, Want};
use super::store::{self, Records, Registries};
use super::{Desk, Problem};
use crate::dry_run::Change;
use crate::error::OperatorError;

/// The name of the command.
pub const COMMAND: &str = "start-controller";
/// The name of the command that starts the tests of one build by hand.
pub const TRIGGER: &str = "trigger-jobs-for-build";
/// Streams that are asked for at the same time.
const AT_ONCE: usize = 4;

/// Which streams to look at, and what to do with a new build.
#[derive(Debug, Clone)]
pub struct Options {
    /// The y-streams.
    pub releases: Vec<YStream>,
    /// Nightly, stable, or both.
    pub kinds: Vec<StreamKind>,
    /// Start the tests; otherwise the build is only recorded.
    pub trigger: bool,
    /// Record the newest build although it is older than the recorded one.
    pub force: bool,
}

/// What happened to one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// The stream has no build yet.
    NoBuild,
    /// The newest build is the recorded one.
    NoChange,
    /// The y-stream has no registry, so nothing can be tested; the build is not recorded.
    NoRegistry,
    /// The newest build is older than the recorded one.
    Older,
    /// The build is recorded; its tests are not started.
    Recorded,
    /// The tests are started, as far as the problems do not say otherwise.
    Started,
    /// Somebody else is starting them.
    HeldBack,
    /// It could not be found out.
    Unknown,
}

/// One stream, or one build by hand.
#[derive(Debug, Clone, Serialize)]
pub struct StreamReport {
    /// The y-stream.
    pub release: YStream,
    /// `nightly` or `stable`.
    pub stream: &'static str,
    /// What happened.
    pub done: Done,
    /// The newest build.
    pub build: Option<String>,
    /// The recorded build before.
    pub recorded_before: Option<String>,
    /// Runs that were started or found.
    pub started: Vec<Started>,
}

impl StreamReport {
    fn new(release: YStream, kind: StreamKind, done: Done) -> Self {
        let (stream, started) = (kind.word(), Vec::new());
        Self { release, stream, done, build: None, recorded_before: None, started }
    }
}

/// What the controller did.
#[derive(Debug, Clone, Serialize)]
pub struct ControllerReport {
    /// `oar.controller/1`.
    pub schema: &'static str,
    /// The streams, in the order asked for.
    pub streams: Vec<StreamReport>,
    /// What went wrong; each with one stream, file or job.
    pub problems: Vec<Problem>,
    /// What a dry run would have changed.
    pub planned_changes: Vec<Change>,
}

impl ControllerReport {
    /// Whether everything was done.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

struct Controller<'a> {
    desk: &'a Desk,
    records: Records,
    registries: Registries,
    problems: Vec<Problem>,
    /// Current builds to record in the end.
    recorded: Vec<Current>,
}

/// A current build to record.
struct Current {
    path: RepoPath,
    name: BuildName,
    content: Vec<u8>,
    /// Also over a newer one.
    force: bool,
}

impl<'a> Controller<'a> {
    async fn open(desk: &'a Desk) -> Result<Self, OperatorError> {
        let reads =
            futures_util::future::try_join(Records::read(desk), Registries::read(desk)).await?;
        let (records, (registries, problems)) = reads;
        Ok(Self { desk, records, registries, problems, recorded: Vec::new() })
    }
}

/// Looks at every stream once. The current build is recorded last: whoever was ended before that
/// finds the runs in the result file and continues.
pub async fn run(desk: &Desk, options: &Options) -> Result<ControllerReport, OperatorError> {
    let mut controller = Controller::open(desk).await?;
    let streams: Vec<(YStream, StreamKind)> = options
        .releases
        .iter()
        .flat_map(|release| options.kinds.iter().map(move |kind| (*release, *kind)))
        .collect();
    let latest: Vec<Result<Option<ToldBuild>, ReleaseControllerError>> =
        futures_util::stream::iter(streams.clone())
            .map(|(release, kind)| desk.releases.latest_build(release, kind))
            .buffered(AT_ONCE)
            .collect()
            .await;
    let mut reports = Vec::new();
    for ((release, kind), latest) in streams.into_iter().zip(latest) {
        reports.push(controller.stream(release, kind, latest, options).await);
    }
    controller.record().await;
    let problems = controller.problems;
    let planned_changes = desk.planned_changes();
    Ok(ControllerReport { schema: "oar.controller/1", streams: reports, problems, planned_changes })
}

impl Controller<'_> {
    async fn stream(
        &mut self,
        release: YStream,
        kind: StreamKind,
        latest: Result<Option<ToldBuild>, ReleaseControllerError>,
        options: &Options,
    ) -> StreamReport {
        let mut report = StreamReport::new(release, kind, Done::Unknown);
        match self.look(&mut report, kind, latest, options).await {
            Ok(done) => report.done = done,
            Err(problem) => self.problems.push(problem),
        }
        report
    }

    /// Compares the newest build with the recorded one.
    async fn look(
        &mut self,
        report: &mut StreamReport,
        kind: StreamKind,
        latest: Result<Option<ToldBuild>, ReleaseControllerError>,
        options: &Options,
    ) -> Result<Done, Problem> {
        let (desk, release) = (self.desk, report.release);
        let subject = format!("{release} {}", kind.word());
        let unclear = |problem: &str| desk.problem_of(&subject, ErrorClass::Undetermined, problem);
        let Some(latest) = latest.map_err(|error| desk.problem(&subject, &error))? else {
            tracing::info!("{subject}: no build yet");
            return Ok(Done::NoBuild);
        };
        report.build = Some(latest.build.name().to_owned());
        let before = self.records.current(desk, release, kind).transpose();
        let before = before.map_err(|problem| unclear(&problem))?;
        report.recorded_before = before.as_ref().map(|told| told.build.name().to_owned());
        if report.recorded_before == report.build {
            tracing::info!("{subject}: no change");
            return Ok(Done::NoChange);
        }
        let name: BuildName = latest
            .build
            .name()
            .parse()
            .map_err(|error: VersionError| unclear(&error.to_string()))?;
        if let Some(newer) = before.as_ref().filter(|before| is_newer(before, &name)) {
            let newer = newer.build.name();
            tracing::warn!("{subject}: the newest build {name} is older than {newer}");
            if !options.force {
                return Ok(Done::Older);
            }
            self.remember(kind, &name, latest.content, options.force);
            return Ok(Done::Recorded);
        }
        if !options.trigger {
            tracing::warn!("{subject}: the tests of {name} are not started");
            self.remember(kind, &name, latest.content, options.force);
            return Ok(Done::Recorded);
        }
        let Some(jobs) = self.registries.jobs(release, kind).map(<[JobSpec]>::to_vec) else {
            tracing::warn!("{subject}: there is no registry, so {name} is not tested");
            return Ok(Done::NoRegistry);
        };
        if desk.halt.is_called() {
            return Err(unclear(&format!("told to stop before {name} was tested")));
        }
        let done = self.test_new(&name, &latest, &jobs, &mut report.started).await;
        if done == Done::Started {
            self.remember(kind, &name, latest.content, options.force);
        }
        Ok(done)
    }

    /// Starts every enabled job that the build's file does not have.
    async fn test_new(
        &mut self,
        build: &BuildName,
        told: &ToldBuild,
        jobs: &[JobSpec],
        started: &mut Vec<Started>,
    ) -> Done {
        let name = ResultName { build: build.clone(), arch: self.desk.arch };
        let stored = self.records.get(&name.path()).cloned();
        let file = match stored.as_ref().map(|stored| ResultFile::parse(&stored.content)) {
            Some(Ok(file)) => Some(file),
            None => None,
            Some(Err(error)) => {
                self.problems.push(self.desk.problem(&name.path(), &error));
                return Done::Unknown;
            }
        };
        if file.as_ref().is_some_and(ResultFile::is_aggregated) {
            tracing::info!("{build}: it is decided already");
            return Done::Started;
        }
        let wants = missing(jobs, file.as_ref());
        if wants.is_empty() {
            return Done::Started;
        }
        let outcome = self.start(COMMAND, &name, stored, told, wants).await;
        let is_stored = outcome.stored.is_some();
        started.extend(outcome.started);
        self.problems.extend(outcome.problems);
        match (is_stored, outcome.held_back) {
            (false, _) => Done::Unknown,
            (true, true) => Done::HeldBack,
            (true, false) => Done::Started,
        }
    }

    async fn start(
        &self,
        command: &'static str,
        name: &ResultName,
        stored: Option<StoredFile>,
        told: &ToldBuild,
        wants: Vec<Want>,
    ) -> Outcome {
        let records = &self.records;
        let target = Target { command, name, stored, build: &told.build, records };
        start::start(self.desk, target, wants).await
    }

    fn remember(&mut self, kind: StreamKind, name: &BuildName, content: Vec<u8>, force: bool) {
        let path = LatestName { stream: name.y_stream(), kind, arch: self.desk.arch }.path();
        match RepoPath::new(path) {
            Ok(path) => self.recorded.push(Current { path, name: name.clone(), content, force }),
            Err(error) => self.problems.push(self.desk.problem("current build", &error)),
        }
    }

    /// Records the current builds, all in one commit.
    async fn record(&mut self) {
        let (mut edits, mut details) = (Vec::new(), Vec::new());
        for Current { path, name, content, force } in std::mem::take(&mut self.recorded) {
            let before = self.records.get(path.as_str()).cloned();
            details.push(path.as_str().rsplit('/').next().unwrap_or_default().to_owned());
            let decide = Box::new(move |now: Option<&StoredFile>| {
                // Another controller may have seen a newer build since the records were read.
                let now = now.and_then(|now| ToldBuild::parse(now.content.clone()).ok());
                let is_older = now.is_some_and(|now| is_newer(&now, &name));
                if is_older && !force { Edit::Keep } else { Edit::Write(content.clone()) }
            });
            edits.push(FileEdit { path, before, decide });
        }
        let subject = format!("Record {} current builds", edits.len());
        let desk = self.desk;
        if let Err(error) = store::commit(desk, COMMAND, subject, &details, edits).await {
            self.problems.push(desk.problem("current builds", &error));
        }
    }
}

fn is_newer(recorded: &ToldBuild, latest: &BuildName) -> bool {
    recorded.build.name().parse::<BuildName>().is_ok_and(|recorded| recorded > *latest)
}

/// A first run for each enabled job that `file` does not have.
fn missing(jobs: &[JobSpec], file: Option<&ResultFile>) -> Vec<Want> {
    let recorded = file.map(ResultFile::jobs).unwrap_or_default();
    let is_missing =
        |spec: &&JobSpec| !spec.disabled && recorded.iter().all(|job| job.job != spec.job);
    let wants = jobs.iter().filter(is_missing);
    wants.map(|spec| Want { spec: spec.clone(), place: Place::First }).collect()
}

/// Starts the tests of one build by hand, whatever its phase. Jobs that have a run are left alone
/// unless `skip_existing` is false; then their runs are replaced.
pub async fn trigger(
    desk: &Desk,
    build: &BuildName,
    skip_existing: bool,
) -> Result<ControllerReport, OperatorError> {
    let Some(found) = desk.releases.find_build(build).await? else {
        return Err(OperatorError::NoSuchBuild { build: build.clone() });
    };
    let mut controller = Controller::open(desk).await?;
    let kind = StreamKind::of(build);
    let mut report = StreamReport::new(build.y_stream(), kind, Done::NoRegistry);
    report.build = Some(build.to_string());
    match controller.registries.of_build(build).map(<[JobSpec]>::to_vec) {
        None => tracing::warn!("{build}: there is no registry, nothing is started"),
        Some(jobs) => {
            let told = ToldBuild { build: found, content: Vec::new() };
            report.done = controller
                .test_again(&told, build, &jobs, skip_existing, &mut report.started)
                .await;
        }
    }
    Ok(ControllerReport {
        schema: "oar.controller/1",
        streams: vec![report],
        problems: controller.problems,
        planned_changes: desk.planned_changes(),
    })
}

impl Controller<'_> {
    async fn test_again(
        &mut self,
        told: &ToldBuild,
        build: &BuildName,
        jobs: &[JobSpec],
        skip_existing: bool,
        started: &mut Vec<Started>,
    ) -> Done {
        let name = ResultName { build: build.clone(), arch: self.desk.arch };
        let stored = self.records.get(&name.path()).cloned();
        let file = match stored.as_ref().map(|stored| ResultFile::parse(&stored.content)) {
            Some(Err(error)) => {
                self.problems.push(self.desk.problem(&name.path(), &error));
                return Done::Unknown;
            }
            Some(Ok(file)) => Some(file),
            None => None,
        };
        let wants = if skip_existing {
            missing(jobs, file.as_ref())
        } else {
            let enabled = jobs.iter().filter(|spec| !spec.disabled);
            enabled.map(|spec| Want { spec: spec.clone(), place: Place::Anew }).collect()
        };
        if wants.is_empty() {
            return Done::NoChange;
        }
        let outcome = self.start(TRIGGER, &name, stored, told, wants).await;
        started.extend(outcome.started);
        self.problems.extend(outcome.problems);
        if outcome.held_back { Done::HeldBack } else { Done::Started }
    }
}
