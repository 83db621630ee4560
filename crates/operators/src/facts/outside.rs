//! Facts of GitLab, the Errata Tool, Jenkins and Prow.

use futures_util::future::join_all;
use jiff::Timestamp;
use oar_config::ReleaseData;
use oar_errata::{AdvisoryId, PushStatus, all_shipped_enough, stage_targets, states};
use oar_gitlab_shipment::{GateReport, ReleaseStage, newest_pipeline};
use oar_jenkins::{BuildPhase, JenkinsError, JenkinsJob};
use oar_prow_jobs::{RunHandle, RunPhase};
use oar_release::time::parse_stamp;
use oar_release::workflow::{Alerts, Fact, Facts, JobState, StageGate, State};
use oar_release::{Flow, JobRef, JobSystem, Task, TaskStatus};

use super::fact;
use crate::commands::is_shipped::rule::{self, Advisory, Shipment};
use crate::context::Context;
use crate::services::NotSetUp;
use crate::tasks::advisory_map;

/// Adds everything that needs ART's data to know where to look.
pub(super) async fn add(context: &Context, data: &ReleaseData, facts: &mut Facts) {
    let ((stage, shipment), alerts, (ready, advisories), jobs) = tokio::join!(
        shipment(context, &data.flow),
        alerts(context, data),
        advisories(context, data),
        jobs(context, data, facts),
    );
    facts.stage_release = stage;
    facts.alerts = if data.flow.is_konflux() { alerts } else { Fact::NotLookedUp };
    facts.shipped = shipped(rule::judge(&data.flow, &advisories, &shipment));
    facts.advisories_ready = ready;
    facts.jobs.extend(jobs);
}

fn not_set_up<T>(error: &NotSetUp) -> Fact<T> {
    Fact::Unknown { why: error.to_string() }
}

/// The stage release, and how the shipment stands (spec 06 §4).
async fn shipment(context: &Context, flow: &Flow) -> (Fact<StageGate>, Shipment) {
    let mr = match flow {
        Flow::Errata => return (Fact::NotLookedUp, Shipment::NotApplicable),
        Flow::KonfluxPending => return (Fact::NotLookedUp, Shipment::NotCreated),
        Flow::Konflux { mr } => mr,
    };
    let gitlab = match &context.services.gitlab {
        Ok(gitlab) => &*gitlab.read,
        Err(error) => return (not_set_up(error), Shipment::Unread(error.to_string())),
    };
    let info = match gitlab.merge_request(mr).await {
        Ok(info) => info,
        Err(error) => {
            let why = crate::report::error_chain(&error);
            return (Fact::Unknown { why: why.clone() }, Shipment::Unread(why));
        }
    };
    let both = [ReleaseStage::Stage, ReleaseStage::Prod];
    let by_label = both.map(|stage| GateReport::by_label(stage, &info));
    // One look at the pipeline serves both.
    let newest = if by_label.iter().all(Option::is_some) {
        Ok(None)
    } else {
        newest_pipeline(gitlab, mr).await.map_err(|error| crate::report::error_chain(&error))
    };
    let judge = |stage, by_label: Option<GateReport>| match (by_label, &newest) {
        (Some(report), _) => Ok(report),
        (None, Ok(newest)) => {
            let newest = newest.as_ref().map(|(pipeline, jobs)| (pipeline, jobs.as_slice()));
            Ok(GateReport::by_pipeline(stage, newest, None))
        }
        (None, Err(why)) => Err(why.clone()),
    };
    let [of_stage, of_production] = by_label;
    let stage = judge(ReleaseStage::Stage, of_stage);
    let production = judge(ReleaseStage::Prod, of_production).map(|report| report.is_success());
    let shipment = Shipment::Read { state: info.state, production };
    (stage.map(|report| StageGate::from(&report.gate)).into(), shipment)
}

async fn alerts(context: &Context, data: &ReleaseData) -> Fact<Alerts> {
    let Some(id) = data.advisory("rhcos").map(AdvisoryId) else {
        return Fact::Known(Alerts::NoAdvisory);
    };
    let errata = match &context.services.errata {
        Ok(errata) => errata,
        Err(error) => return not_set_up(error),
    };
    fact(errata.read.security_alerts(id).await.map(|found| Alerts::Read {
        total: found.alerts.len(),
        blocking: found.blockers().count(),
    }))
}

/// Whether every advisory that counts is in `REL_PREP` or beyond, and how each stands.
async fn advisories(context: &Context, data: &ReleaseData) -> (Fact<bool>, Vec<Advisory>) {
    let map = advisory_map(data);
    let planned = map.not_created.iter().cloned();
    let planned = planned.map(|impetus| Advisory { impetus, id: None, state: Ok(None) });
    let errata = match &context.services.errata {
        Ok(errata) => errata,
        Err(error) => {
            let unread = map.created.iter().map(|(impetus, id)| Advisory {
                impetus: impetus.clone(),
                id: Some(id.0),
                state: Err(error.to_string()),
            });
            return (not_set_up(error), unread.chain(planned).collect());
        }
    };
    let found = states(&*errata.read, &map).await;
    let unread = || {
        let error = found.iter().find_map(|one| one.state.as_ref().err());
        let why = error.map(oar_errata::AdvisoryError::whole);
        Fact::Unknown { why: why.unwrap_or_else(|| "an advisory is unknown".to_owned()) }
    };
    let ready = all_shipped_enough(&found, &map.not_created, &data.flow);
    let ready = ready.map_or_else(unread, Fact::Known);
    let read = found.into_iter().map(|one| Advisory {
        impetus: one.impetus,
        id: Some(one.id.0),
        state: one.state.map(Some).map_err(|error| error.whole()),
    });
    (ready, read.chain(planned).collect())
}

/// The rule's answer as a fact.
fn shipped(verdict: rule::Verdict) -> Fact<bool> {
    let mut details = verdict.details.into_values();
    verdict.shipped.map_or_else(
        || {
            let why = details.find_map(|text| text.strip_prefix("error: ").map(str::to_owned));
            Fact::Unknown { why: why.unwrap_or_else(|| "something could not be read".to_owned()) }
        },
        Fact::Known,
    )
}

/// The jobs of tasks that are in progress.
async fn jobs(context: &Context, data: &ReleaseData, facts: &Facts) -> Vec<(Task, Fact<JobState>)> {
    let Fact::Known(State::Present(view)) = &facts.state else { return Vec::new() };
    let running = view.tasks.iter().filter(|(_, task)| task.status == TaskStatus::InProgress);
    let looked = running.map(|(task, recorded)| async move {
        let state = match (task, &recorded.job) {
            (Task::PushToCdnStaging, _) => push_jobs(context, data).await,
            // Its record is on this machine, and was read there.
            (Task::ChangeAdvisoryStatus, _) | (_, None) => return None,
            (task, Some(job)) => job_state(context, *task, job).await,
        };
        Some((*task, state))
    });
    join_all(looked).await.into_iter().flatten().collect()
}

/// The push jobs of the release's own advisories together: ended as soon as none is under way.
async fn push_jobs(context: &Context, data: &ReleaseData) -> Fact<JobState> {
    let errata = match &context.services.errata {
        Ok(errata) => errata,
        Err(error) => return not_set_up(error),
    };
    let asked = advisory_map(data).created.into_iter();
    let read = asked.map(|(_, id)| async move { errata.read.push_jobs(id).await });
    let mut running = 0;
    for jobs in join_all(read).await {
        match jobs {
            Ok(jobs) => {
                let targets = stage_targets(&jobs);
                let runs = |status: &PushStatus| matches!(status, PushStatus::Running(_));
                running += targets.iter().filter(|target| runs(&target.status)).count();
            }
            Err(error) => return Fact::Unknown { why: error.whole() },
        }
    }
    Fact::Known(match running {
        0 => JobState { word: "ended".to_owned(), ended: true },
        running => JobState { word: format!("under way for {running} targets"), ended: false },
    })
}

/// The state of a job in the words of the system that runs it.
async fn job_state(context: &Context, task: Task, job: &JobRef) -> Fact<JobState> {
    let state = |word: &str, ended| Fact::Known(JobState { word: word.to_owned(), ended });
    match (job.system, &job.id) {
        (JobSystem::Jenkins, Some(id)) => {
            let Ok(number) = id.parse() else {
                return Fact::Unknown { why: format!("{id:?} is no number of a build") };
            };
            let jenkins = match &context.services.jenkins {
                Ok(jenkins) => jenkins,
                Err(error) => return not_set_up(error),
            };
            let of_task = match task {
                Task::ImageConsistencyCheck => JenkinsJob::ImageConsistency,
                _ => JenkinsJob::StagePipeline,
            };
            match jenkins.read.build(of_task, number).await {
                Ok(build) => {
                    let word =
                        build.result.as_ref().map_or("running".to_owned(), ToString::to_string);
                    let ended = !matches!(build.phase(), BuildPhase::Running | BuildPhase::Unknown);
                    state(&word, ended)
                }
                // Jenkins forgets old builds: nothing will come of this one.
                Err(JenkinsError::NotFound { .. }) => state("gone", true),
                Err(error) => Fact::Unknown { why: crate::report::error_chain(&error) },
            }
        }
        (JobSystem::Prow, Some(id)) => {
            let prow = match &context.services.prow {
                Ok(prow) => prow,
                Err(error) => return not_set_up(error),
            };
            let page = job.url.as_deref().and_then(|url| url.parse().ok());
            let handle = RunHandle { id: id.parse().ok(), page };
            match prow.read.trace(&handle).await {
                Ok(Some(run)) => {
                    let ended = !matches!(run.phase(), RunPhase::Running | RunPhase::Unknown);
                    state(&run.shown_state(), ended)
                }
                Ok(None) if is_lost(job, context.clock.now()) => state("lost", true),
                Ok(None) => Fact::Unknown { why: "the run left no trace".to_owned() },
                Err(error) => Fact::Unknown { why: crate::report::error_chain(&error) },
            }
        }
        (_, None) if job.queue_id.is_some() => state("queued", false),
        _ => Fact::NotLookedUp,
    }
}

/// Whether a run without a trace was started so long ago that nothing will come of it.
fn is_lost(job: &JobRef, now: Timestamp) -> bool {
    parse_stamp(&job.triggered_at).is_some_and(|at| oar_prow_jobs::is_lost(at, now))
}
