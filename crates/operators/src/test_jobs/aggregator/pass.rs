//! One pass: read, look at the runs, start what is missing, label, store.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::future::{join, join3};
use jiff::Timestamp;
use oar_prow_jobs::result_file::RunFacts;
use oar_prow_jobs::verdict::{BuildStanding, judge_build};
use oar_prow_jobs::{AllTags, Build, JobSpec, ResultFile};
use oar_release::ErrorClass;
use oar_state_repo::{Edit, FileEdit, StoredFile};

use super::report::{AggregatorReport, BuildReport};
use crate::error::{Classed, OperatorError};
use crate::report::error_chain;
use crate::test_jobs::label::{self, ACCEPTED, LabelError, Labelled, REJECTED};
use crate::test_jobs::start::{self, Place, Started, Target, Want};
use crate::test_jobs::store::{self, Records, Registries, StoredResult, result_edit};
use crate::test_jobs::{Desk, Problem};

/// Runs that are looked at, and labels that are set, at the same time.
pub(super) const AT_ONCE: usize = 8;

/// A build that is not decided.
pub(super) struct Open {
    pub(super) result: StoredResult,
    pub(super) file: ResultFile,
    specs: Vec<JobSpec>,
    pub(super) facts: Vec<(String, RunFacts)>,
    started: Vec<Started>,
    /// The label that the payload was seen to have, or that does not matter as the payload is gone.
    labelled: Option<&'static str>,
}

pub(super) struct Pass<'a> {
    pub(super) desk: &'a Desk,
    pub(super) begun: Timestamp,
    pub(super) report: AggregatorReport,
}

pub(super) async fn run(desk: &Desk) -> Result<AggregatorReport, OperatorError> {
    let reads = join3(Records::read(desk), Registries::read(desk), desk.releases.all_tags()).await;
    let (records, (registries, problems)) = (reads.0?, reads.1?);
    let mut pass = Pass::new(desk, problems);
    let tags = match reads.2 {
        Ok(tags) => tags,
        // Unknown: every file is kept.
        Err(error) => {
            pass.report.problems.push(desk.problem("recycled builds", &error));
            AllTags::default()
        }
    };
    let results = records.results(desk);
    pass.report.files = results.len();
    let (recycled, results): (Vec<_>, Vec<_>) =
        results.into_iter().partition(|result| tags.is_recycled(&result.name.build, pass.begun));
    let mut open = pass.open(results, &registries);
    pass.look_at_runs(&mut open).await;
    for build in &mut open {
        pass.start_missing(build, &records).await;
    }
    // Counts are for the record only: no label waits for them.
    let (labels, reports) = join(pass.labels(&open), pass.reports(&open)).await;
    pass.keep_labels(&mut open, labels);
    pass.keep_reports(&mut open, reports);
    pass.store(open, recycled).await;
    pass.report.planned_changes = desk.planned_changes();
    Ok(pass.report)
}

impl<'a> Pass<'a> {
    fn new(desk: &'a Desk, problems: Vec<Problem>) -> Self {
        let report = AggregatorReport {
            schema: "oar.aggregator/1",
            arch: desk.arch,
            files: 0,
            decided_before: 0,
            builds: Vec::new(),
            recycled: Vec::new(),
            committed: false,
            left_undone: Vec::new(),
            warnings: Vec::new(),
            problems,
            planned_changes: Vec::new(),
        };
        Self { desk, begun: desk.clock.now(), report }
    }

    pub(super) fn is_late(&self) -> bool {
        let passed = self.desk.clock.now().duration_since(self.begun);
        passed.unsigned_abs() >= self.desk.deadline || self.desk.halt.is_called()
    }

    /// The builds that are not decided. A file that cannot be read is a problem of its own.
    fn open(&mut self, results: Vec<StoredResult>, registries: &Registries) -> Vec<Open> {
        let mut open = Vec::new();
        for result in results {
            let path = result.path.as_str();
            match ResultFile::is_final(&result.stored.content) {
                Ok(true) => {
                    self.report.decided_before += 1;
                    continue;
                }
                Ok(false) => {}
                Err(error) => {
                    self.report.problems.push(self.desk.problem(path, &error));
                    continue;
                }
            }
            let build = &result.name.build;
            if registries.is_unreadable(build) {
                // Judged by its own jobs it could be accepted although a required one is missing.
                self.report.left_undone.push(format!("{build}: its registry cannot be read"));
                continue;
            }
            match ResultFile::parse(&result.stored.content) {
                Ok(file) => {
                    let specs = registries.of_build(&result.name.build);
                    if specs.is_none() {
                        tracing::warn!("{}: no registry, its own jobs count", result.name.build);
                    }
                    let specs = specs.unwrap_or_default().to_vec();
                    let (facts, started) = (Vec::new(), Vec::new());
                    open.push(Open { result, file, specs, facts, started, labelled: None });
                }
                Err(error) => self.report.problems.push(self.desk.problem(path, &error)),
            }
        }
        open
    }

    /// Starts first runs and retries that are missing.
    async fn start_missing(&mut self, build: &mut Open, records: &Records) {
        let wants = build.wants(self.begun);
        if wants.is_empty() {
            return;
        }
        if self.is_late() {
            self.report.left_undone.push(format!("{}: runs to start", build.result.name.build));
            return;
        }
        let told = match build.build() {
            Ok(told) => told,
            Err(problem) => {
                let subject = build.result.path.as_str();
                let problem = self.desk.problem_of(subject, ErrorClass::Undetermined, &problem);
                self.report.problems.push(problem);
                return;
            }
        };
        let target = Target {
            command: super::COMMAND,
            name: &build.result.name,
            stored: Some(build.result.stored.clone()),
            build: &told,
            records,
        };
        let outcome = start::start(self.desk, target, wants).await;
        self.report.problems.extend(outcome.problems);
        self.report.committed |= outcome.stored.as_ref() != Some(&build.result.stored);
        build.started = outcome.started;
        if let Some(stored) = outcome.stored {
            build.adopt(stored);
        }
    }

    /// Labels what is accepted, before the files say so (spec 04 §8). A build that turned out bad after
    /// its payload was labelled is told: nobody who saw the label looks at the file again.
    async fn labels(&self, open: &[Open]) -> Vec<Label> {
        let (desk, begun) = (self.desk, self.begun);
        let is_late = self.is_late();
        let labels = open.iter().map(|build| async move {
            let name = &build.result.name.build;
            match build.label(desk, begun) {
                None if !build.is_rejected(begun) => Label::NotNeeded,
                _ if is_late => Label::Late,
                None => Label::Seen(label::look(desk, name).await),
                Some(wanted) => {
                    let by_hand = build.file.is_promoted();
                    Label::Ensured(wanted, label::ensure(desk, name, wanted, by_hand).await)
                }
            }
        });
        futures_util::stream::iter(labels).buffered(AT_ONCE).collect().await
    }

    fn keep_labels(&mut self, open: &mut [Open], labels: Vec<Label>) {
        let (desk, begun) = (self.desk, self.begun);
        for (build, label) in open.iter_mut().zip(labels) {
            let name = build.result.name.build.to_string();
            match label {
                Label::NotNeeded => {}
                // Whether it is labelled changes nothing about the file of a rejected build.
                Label::Late if build.label(desk, begun).is_none() => {}
                Label::Late => self.report.left_undone.push(format!("{name}: label")),
                Label::Seen(Ok(found)) if found.as_deref() != Some(ACCEPTED) => {}
                Label::Seen(Ok(_)) => {
                    self.report.problems.push(desk.problem(&name, &LabelError::AcceptedBefore));
                }
                Label::Seen(Err(error)) => {
                    let warning = format!("{name}: is it labelled? {}", error_chain(&error));
                    let warning = desk.masker.mask(&warning).into_owned();
                    tracing::warn!("{warning}");
                    self.report.warnings.push(warning);
                }
                Label::Ensured(label, Ok(done)) => {
                    tracing::info!("{name}: label {label} {done:?}");
                    build.labelled = Some(label);
                }
                Label::Ensured(REJECTED, Err(LabelError::Differs { found }))
                    if found == ACCEPTED =>
                {
                    self.report.problems.push(desk.problem(&name, &LabelError::AcceptedBefore));
                    // Told; it would be so in every pass to come.
                    build.labelled = Some(REJECTED);
                }
                Label::Ensured(_, Err(error)) => {
                    self.report.problems.push(desk.problem(&name, &error));
                }
            }
        }
    }

    /// One commit with everything that changed.
    async fn store(&mut self, open: Vec<Open>, recycled: Vec<StoredResult>) {
        let (begun, desk) = (self.begun, self.desk);
        let mut edits: Vec<FileEdit<'_>> =
            open.iter().map(|build| build.edit(desk, begun)).collect();
        edits.extend(recycled.iter().map(deletion));
        let mut details: Vec<String> =
            open.iter().filter_map(|build| build.summary(desk, begun)).collect();
        details.extend(recycled.iter().map(|result| format!("{} recycled", result.name.build)));
        let subject = match details.as_slice() {
            [one] => format!("Results: {one}"),
            all => format!("Results of {} builds", all.len()),
        };
        match store::commit(desk, super::COMMAND, subject, &details, edits).await {
            Ok(now) => {
                self.report.committed |= now.iter().any(|file| file.changed);
                let mut after: BTreeMap<_, _> =
                    now.into_iter().map(|file| (file.path, file.file)).collect();
                for result in recycled {
                    if after.remove(&result.path).flatten().is_none() {
                        self.report.recycled.push(result.name.build.to_string());
                    }
                }
                for build in open {
                    let stored = after.remove(&build.result.path).flatten();
                    let report = build.report(stored.as_ref(), begun);
                    self.report.builds.push(report);
                }
            }
            Err(error) => {
                self.report.problems.push(desk.problem(&desk.records.location(), &error));
                let unstored = open.into_iter().map(|build| {
                    let stored = build.result.stored.clone();
                    build.report(Some(&stored), begun)
                });
                self.report.builds.extend(unstored);
            }
        }
    }
}

/// What became of one build's label.
enum Label {
    NotNeeded,
    /// There was no time left.
    Late,
    /// The label of a build that did not pass, which gets none.
    Seen(Result<Option<String>, LabelError>),
    Ensured(&'static str, Result<Labelled, LabelError>),
}

/// The label for the payload of a build whose file stands so; `None` when it needs none.
fn label_for(
    file: &ResultFile,
    standing: &BuildStanding,
    label_rejected: bool,
) -> Option<&'static str> {
    if standing.accepted == Some(true) || file.is_promoted() {
        return Some(ACCEPTED);
    }
    let is_rejected = standing.accepted == Some(false) && standing.is_collected;
    (label_rejected && is_rejected).then_some(REJECTED)
}

/// Removes the file of a recycled build, if it still is as it was read.
fn deletion(result: &StoredResult) -> FileEdit<'_> {
    let version = result.stored.version.clone();
    let decide = move |now: Option<&StoredFile>| match now {
        Some(now) if now.version == version => Edit::Delete,
        _ => Edit::Keep,
    };
    let (path, before) = (result.path.clone(), Some(result.stored.clone()));
    FileEdit { path, before, decide: Box::new(decide) }
}

impl Open {
    pub(super) fn standing(&self, now: Timestamp) -> BuildStanding {
        judge_build(&self.file.jobs(), &self.specs, now)
    }

    /// The build as the file has it.
    fn build(&self) -> Result<Build, String> {
        let value: serde_json::Value = serde_json::from_slice(&self.result.stored.content)
            .map_err(|error| error.to_string())?;
        Build::from_value(value["build"].clone()).map_err(|error| error.problem)
    }

    fn wants(&self, now: Timestamp) -> Vec<Want> {
        let standing = self.standing(now);
        let first = standing.missing.iter().filter(|missing| missing.is_due);
        let first = first.map(|missing| Want { spec: missing.spec.clone(), place: Place::First });
        let jobs = self.file.jobs();
        let retries = standing.jobs.iter().flat_map(|job| {
            let recorded = jobs.iter().find(|entry| entry.job == job.spec.job);
            let recorded = recorded.map_or(0, |entry| entry.retries.len());
            let recorded = u32::try_from(recorded).unwrap_or(u32::MAX - 64);
            let numbers = recorded + 1..=recorded + job.standing.retries_due.min(64);
            numbers.map(|number| Want { spec: job.spec.clone(), place: Place::Retry(number) })
        });
        first.chain(retries).collect()
    }

    /// Builds on the file as it is stored now, with what was found out in this pass.
    fn adopt(&mut self, stored: StoredFile) {
        if let Ok(mut file) = ResultFile::parse(&stored.content) {
            self.facts.iter().for_each(|(id, facts)| file.record(id, facts));
            self.file = file;
            self.result.stored = stored;
        }
    }

    /// The label that the payload should have by now.
    fn label(&self, desk: &Desk, now: Timestamp) -> Option<&'static str> {
        label_for(&self.file, &self.standing(now), desk.label_rejected)
    }

    /// Whether it is about to be closed as a build that did not pass.
    fn is_rejected(&self, now: Timestamp) -> bool {
        let standing = self.standing(now);
        standing.accepted == Some(false) && standing.is_collected && !self.file.is_promoted()
    }

    /// Writes what was found out into the freshest file, and closes it when nothing is open.
    fn edit(&self, desk: &Desk, now: Timestamp) -> FileEdit<'_> {
        let labels_rejected = desk.label_rejected;
        result_edit(&self.result.path, Some(&self.result.stored), move |file| {
            self.facts.iter().for_each(|(id, facts)| file.record(id, facts));
            let standing = judge_build(&file.jobs(), &self.specs, now);
            standing.jobs.iter().for_each(|job| file.settle(&job.spec.job));
            let Some(accepted) = standing.accepted.filter(|_| standing.is_collected) else {
                return;
            };
            // The file may say something else than it did when the label was set.
            let label = label_for(file, &standing, labels_rejected);
            if (label.is_none() || label == self.labelled) && !file.is_aggregated() {
                file.conclude(accepted);
            }
        })
    }

    /// One phrase for the commit message; `None` when nothing changed.
    fn summary(&self, desk: &Desk, now: Timestamp) -> Option<String> {
        let mut edit = self.edit(desk, now);
        let Edit::Write(content) = (edit.decide)(edit.before.as_ref()) else { return None };
        let file = ResultFile::parse(&content).ok()?;
        let word = match (file.is_aggregated(), file.accepted()) {
            (true, Some(true)) => "accepted",
            (true, _) => "not accepted",
            (false, _) => "updated",
        };
        Some(format!("{} {word}", self.result.name.build))
    }

    fn report(mut self, stored: Option<&StoredFile>, now: Timestamp) -> BuildReport {
        if let Some(stored) = stored {
            self.adopt(stored.clone());
        }
        let standing = self.standing(now);
        let build = self.result.name.build.to_string();
        let counts = standing.counts;
        tracing::info!(
            build,
            total = counts.total,
            success = counts.success,
            pending = counts.pending,
            failed = counts.failed,
            required = counts.required,
            completed = counts.completed,
            successful_required = counts.successful_required,
            accepted = standing.accepted,
            "aggregated"
        );
        BuildReport {
            remarks: remarks(&build, &standing),
            build,
            counts,
            accepted: standing.accepted,
            promoted: self.file.is_promoted(),
            closed: self.file.is_aggregated(),
            started: self.started,
        }
    }
}

/// What a reader should know, logged as it deserves.
fn remarks(build: &str, standing: &BuildStanding) -> Vec<String> {
    let mut remarks = Vec::new();
    for missing in standing.missing.iter().filter(|missing| !missing.is_due) {
        let remark = format!("{} was never started", missing.spec.job);
        tracing::error!("{build}: {remark}");
        remarks.push(remark);
    }
    for job in standing.jobs.iter().filter(|job| job.standing.retries_given_up > 0) {
        let count = job.standing.retries_given_up;
        let remark = format!("{count} retries of {} were never started", job.spec.job);
        tracing::error!("{build}: {remark}");
        remarks.push(remark);
    }
    for job in &standing.left_out {
        let remark = format!("{job} does not count: the registry disables it or has it no more");
        tracing::warn!("{build}: {remark}");
        remarks.push(remark);
    }
    for job in standing.excused() {
        let remark =
            format!("accepted although {job} failed: the registry calls it optional today");
        tracing::warn!("{build}: {remark}");
        remarks.push(remark);
    }
    if standing.counts.required == 0 && standing.counts.total > 0 {
        let remark = "all its jobs are optional, so it cannot be accepted".to_owned();
        tracing::warn!("{build}: {remark}");
        remarks.push(remark);
    }
    remarks
}

impl Classed for oar_prow_jobs::ReleaseControllerError {
    fn class_of(&self) -> ErrorClass {
        self.class()
    }
}
