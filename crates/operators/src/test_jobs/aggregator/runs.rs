//! What a pass finds out about runs: how they stand, and the counts of their tests.

use futures_util::StreamExt as _;
use jiff::Timestamp;
use oar_prow_jobs::result_file::RunFacts;
use oar_prow_jobs::{ArtifactsError, RecordedRun};

use super::pass::{AT_ONCE, Open, Pass};
use crate::report::error_chain;
use crate::test_jobs::gather::{self, GatherError};

/// The number of a build, a run of it, and what was found out; nothing when it was too late.
type Found<E> = (usize, RecordedRun, Option<Result<RunFacts, E>>);

/// The counts of one run's tests.
pub(super) type Reported = Found<ArtifactsError>;

impl Pass<'_> {
    /// Looks at every run that has not ended, eight at the same time.
    pub(super) async fn look_at_runs(&mut self, open: &mut [Open]) {
        let runs = runs_in_scope(open, self.begun, |run, _| !run.is_completed());
        let desk = self.desk;
        let pass = &*self;
        let looked: Vec<Found<GatherError>> = futures_util::stream::iter(runs)
            .map(|(at, run)| async move {
                if pass.is_late() {
                    return (at, run, None);
                }
                let found = gather::look(desk, &run).await;
                (at, run, Some(found))
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        for (at, run, found) in looked {
            let subject = open[at].subject(&run);
            match found {
                Some(Ok(facts)) => open[at].learn(run.id, facts),
                Some(Err(error)) => self.report.problems.push(desk.problem(&subject, &error)),
                None => self.report.left_undone.push(subject),
            }
        }
    }

    /// Reads the reports of runs that have ended, eight at the same time.
    pub(super) async fn reports(&self, open: &[Open]) -> Vec<Reported> {
        let (desk, begun) = (self.desk, self.begun);
        let runs = runs_in_scope(open, begun, |run, is_upgrade| {
            gather::may_have_report(desk, run, is_upgrade, begun)
        });
        futures_util::stream::iter(runs)
            .map(|(at, run)| async move {
                if self.is_late() {
                    return (at, run, None);
                }
                let found = gather::report(desk, &run).await;
                (at, run, Some(found))
            })
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    /// Puts the counts into the files. One that could not be read is a warning (spec 04 §7.3).
    pub(super) fn keep_reports(&mut self, open: &mut [Open], reports: Vec<Reported>) {
        for (at, run, found) in reports {
            let subject = open[at].subject(&run);
            match found {
                Some(Ok(facts)) => open[at].learn(run.id, facts),
                Some(Err(error)) => {
                    let warning = format!("{subject}: no test counts: {}", error_chain(&error));
                    let warning = self.desk.masker.mask(&warning).into_owned();
                    tracing::warn!("{warning}");
                    self.report.warnings.push(warning);
                }
                None => self.report.left_undone.push(subject),
            }
        }
    }
}

impl Open {
    fn subject(&self, run: &RecordedRun) -> String {
        format!("{} run {}", self.result.name.build, run.id)
    }

    fn learn(&mut self, id: String, facts: RunFacts) {
        self.file.record(&id, &facts);
        self.facts.push((id, facts));
    }
}

/// The number of each build, and those runs of its jobs that are `wanted`, which is told whether the
/// job upgrades.
fn runs_in_scope(
    open: &[Open],
    now: Timestamp,
    wanted: impl Fn(&RecordedRun, bool) -> bool,
) -> Vec<(usize, RecordedRun)> {
    let mut found = Vec::new();
    for (at, build) in open.iter().enumerate() {
        let jobs = build.file.jobs();
        for judged in build.standing(now).jobs {
            let Some(job) = jobs.iter().find(|job| job.job == judged.spec.job) else { continue };
            let is_upgrade = judged.spec.upgrade || judged.spec.job.contains("upgrade");
            let runs = job.runs().filter(|run| wanted(run, is_upgrade));
            found.extend(runs.map(|run| (at, run.clone())));
        }
    }
    found
}
