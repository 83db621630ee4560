//! Gathers what the planner needs: concurrent, read-only, and honest about what could not be read.

mod outside;

use oar_config::ReleaseData;
use oar_prow_jobs::test_result;
use oar_release::time::parse_stamp;
use oar_release::workflow::{
    Fact, Facts, Issue, JobState, Promotion, State, StateView, TaskView, TestResult, recover,
};
use oar_release::{Arch, ReleaseDate, ReleaseVersion, Task};
use oar_state_repo::RepoPath;
use oar_statebox::{StateBox, TaskRecord};

use crate::approval::{JobRecord, Lock};
use crate::context::Context;
use crate::error::OperatorError;
use crate::report::error_chain;

/// Reads every fact that this version can look up; each that fails is unknown, with the reason.
pub async fn gather(context: &Context, release: &ReleaseVersion) -> Facts {
    let (mut facts, promotion, promoted_tests) = tokio::join!(
        of_release(context, release),
        context.releases.promotion(release),
        test_result_of(context, release.to_string()),
    );
    facts.promotion = known_promotion(promotion);
    facts.promoted_tests = promoted_tests;
    facts.now = context.clock.now();
    facts
}

/// What the release itself says, and what one has to know that for.
async fn of_release(context: &Context, release: &ReleaseVersion) -> Facts {
    let (state, data) =
        tokio::join!(context.boxes.load(release), context.build_data.release(release));
    let mut facts = Facts::new(release.clone(), context.clock.now());
    facts.candidate = candidate_build(&data, &state);
    facts.release_date = release_date(&data, &state);
    facts.flow = fact(data.as_ref().map(|data| data.flow.clone()));
    facts.owner = Fact::Known(context.people.owner(release));
    facts.state = fact(state.map(|state| match state {
        None => State::Missing,
        Some(state) => State::Present(view(&state)),
    }));
    let candidate = facts.candidate.known().cloned().flatten();
    let candidate_tests = async {
        match candidate {
            Some(build) => test_result_of(context, build).await,
            None => Fact::NotLookedUp,
        }
    };
    let outside = async {
        approval_job(context, release, &mut facts);
        if let Ok(data) = &data {
            outside::add(context, data, &mut facts).await;
        }
    };
    let (candidate_tests, ()) = tokio::join!(candidate_tests, outside);
    facts.candidate_tests = candidate_tests;
    facts
}

fn fact<T>(read: Result<T, impl std::error::Error>) -> Fact<T> {
    match read {
        Ok(value) => Fact::Known(value),
        Err(error) => Fact::Unknown { why: error_chain(&error) },
    }
}

/// Whether the release's approval job is one of this machine, and whether a process has it.
fn approval_job(context: &Context, release: &ReleaseVersion, facts: &mut Facts) {
    let Ok(folder) = &context.approval.folder else {
        facts.approval_job_here = Fact::Known(false);
        return;
    };
    let read = folder.load(release).and_then(|record| {
        let record = record.filter(JobRecord::needs_a_process);
        let state = record.map(|record| {
            let word = record.status.word();
            folder.is_held(release, Lock::Job).map(|held| {
                let alone = if held { "" } else { ", and no process has it" };
                JobState { word: format!("{word}{alone}"), ended: !held }
            })
        });
        state.transpose()
    });
    facts.approval_job_here = fact(read.as_ref().map(Option::is_some));
    if let Ok(Some(state)) = read {
        facts.jobs.insert(Task::ChangeAdvisoryStatus, Fact::Known(state));
    }
}

fn known_promotion(promotion: oar_prow_jobs::Promotion) -> Fact<Promotion> {
    use oar_prow_jobs::Promotion as Answer;
    match promotion {
        Answer::Accepted => Fact::Known(Promotion::Accepted),
        Answer::NotPromoted { phase: Some(phase) } => {
            Fact::Known(Promotion::Other(phase.to_string()))
        }
        Answer::NotPromoted { phase: None } => Fact::Known(Promotion::Absent),
        Answer::Unknown { problem } => Fact::Unknown { why: problem },
    }
}

type Loaded<T, E> = Result<T, E>;

/// The candidate nightly: the build data's word, else what the StateBox remembers.
fn candidate_build(
    data: &Loaded<std::sync::Arc<ReleaseData>, OperatorError>,
    state: &Loaded<Option<StateBox>, oar_statebox::StateBoxError>,
) -> Fact<Option<String>> {
    let arch = Arch::Amd64.rpm_name();
    match (data, state) {
        (Ok(data), _) => Fact::Known(data.candidate(Arch::Amd64).map(str::to_owned)),
        (Err(_), Ok(Some(state))) => {
            Fact::Known(state.metadata.candidate_build(arch).map(str::to_owned))
        }
        (Err(error), _) => Fact::Unknown { why: error_chain(error) },
    }
}

/// The release date: the build data's word, else what the StateBox remembers.
fn release_date(
    data: &Loaded<std::sync::Arc<ReleaseData>, OperatorError>,
    state: &Loaded<Option<StateBox>, oar_statebox::StateBoxError>,
) -> Fact<ReleaseDate> {
    let remembered =
        state.as_ref().ok().and_then(Option::as_ref).and_then(|s| s.metadata.release_date());
    match data.as_ref().map(|data| data.release_date()) {
        Ok(Ok(announced)) => Fact::Known(announced),
        Ok(Err(error)) => {
            remembered.map_or_else(|| Fact::Unknown { why: error.to_string() }, Fact::Known)
        }
        Err(error) => {
            remembered.map_or_else(|| Fact::Unknown { why: error_chain(error) }, Fact::Known)
        }
    }
}

/// The result file of `build` on amd64 (spec 01 §12.3).
async fn test_result_of(context: &Context, build: String) -> Fact<TestResult> {
    let path = RepoPath::new(format!("_releases/ocp-test-result-{build}-amd64.json"));
    let read = match path {
        Ok(path) => context.records.read(&path).await,
        Err(error) => Err(error),
    };
    match read {
        Ok(None) => Fact::Known(TestResult::Missing),
        Ok(Some(file)) => fact(test_result::verdict(&file.content)),
        Err(error) => Fact::Unknown { why: error_chain(&error) },
    }
}

/// The parts of a StateBox that decisions depend on.
pub fn view(state: &StateBox) -> StateView {
    let known = |record: &TaskRecord| {
        let task = record.task()?;
        let job = recover::job_reference(task, record.job.as_ref(), record.result.as_deref());
        let changed_at = record.completed_at.as_deref().or(record.started_at.as_deref());
        let changed_at = changed_at.and_then(parse_stamp);
        Some((task, TaskView { status: record.status, job, changed_at }))
    };
    StateView {
        tasks: state.tasks.iter().filter_map(known).collect(),
        issues: state
            .issues
            .iter()
            .map(|issue| Issue {
                text: issue.text.clone(),
                blocker: issue.blocker,
                resolved: issue.resolved,
                related_tasks: issue.related_tasks.clone(),
                reported_at: parse_stamp(&issue.reported_at),
                source: issue.source.clone(),
            })
            .collect(),
    }
}
