//! Facts of GitLab, the Errata Tool, Jenkins and Prow.

use oar_config::ReleaseData;
use oar_errata::{AdvisoryId, all_shipped_enough, states};
use oar_gitlab_shipment::{MrState, ReleaseStage, release_gate};
use oar_jenkins::{BuildPhase, JenkinsJob};
use oar_prow_jobs::{RunHandle, RunPhase};
use oar_release::workflow::{Alerts, Fact, Facts, JobState, StageGate, State};
use oar_release::{Flow, JobRef, JobSystem, MergeRequest, Task, TaskStatus};

use super::fact;
use crate::context::Context;
use crate::services::NotSetUp;
use crate::tasks::advisory_map;

/// Adds everything that needs ART's data to know where to look.
pub(super) async fn add(context: &Context, data: &ReleaseData, facts: &mut Facts) {
    let jobs = running_jobs(facts);
    let looked = jobs.iter().map(|(task, job)| async { (*task, job_state(context, job).await) });
    let ((stage, shipment), alerts, advisories, jobs) = tokio::join!(
        shipment(context, data.flow.merge_request()),
        alerts(context, data),
        advisories(context, data),
        futures_util::future::join_all(looked),
    );
    facts.stage_release = stage;
    facts.alerts = if data.flow.is_konflux() { alerts } else { Fact::NotLookedUp };
    facts.shipped = shipped(&data.flow, &shipment, &advisories);
    facts.advisories_ready = advisories;
    facts.jobs = jobs.into_iter().collect();
}

fn not_set_up<T>(error: &NotSetUp) -> Fact<T> {
    Fact::Unknown { why: error.to_string() }
}

/// The stage release, and whether the shipment is in production or merged (spec 06 §4).
async fn shipment(context: &Context, mr: Option<&MergeRequest>) -> (Fact<StageGate>, Fact<bool>) {
    let Some(mr) = mr else { return (Fact::NotLookedUp, Fact::NotLookedUp) };
    let gitlab = match &context.services.gitlab {
        Ok(gitlab) => &*gitlab.read,
        Err(error) => return (not_set_up(error), not_set_up(error)),
    };
    let info = match gitlab.merge_request(mr).await {
        Ok(info) => info,
        Err(error) => {
            let why = crate::report::error_chain(&error);
            return (Fact::Unknown { why: why.clone() }, Fact::Unknown { why });
        }
    };
    let (stage, production) = tokio::join!(
        release_gate(gitlab, mr, &info, ReleaseStage::Stage, None),
        release_gate(gitlab, mr, &info, ReleaseStage::Prod, None),
    );
    let shipped = if info.state == MrState::Merged {
        Fact::Known(true)
    } else {
        fact(production.map(|report| report.is_success()))
    };
    (fact(stage.map(|report| StageGate::from(&report.gate))), shipped)
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

/// Whether every advisory that counts is in `REL_PREP` or beyond.
async fn advisories(context: &Context, data: &ReleaseData) -> Fact<bool> {
    let errata = match &context.services.errata {
        Ok(errata) => errata,
        Err(error) => return not_set_up(error),
    };
    let map = advisory_map(data);
    let found = states(&*errata.read, &map).await;
    if let Some(ready) = all_shipped_enough(&found, &map.not_created, &data.flow) {
        return Fact::Known(ready);
    }
    let unread = found.iter().find_map(|one| one.state.as_ref().err());
    let unread = unread.map(oar_errata::AdvisoryError::whole);
    Fact::Unknown { why: unread.unwrap_or_else(|| "an advisory is unknown".to_owned()) }
}

/// Shipped: the advisories are, and in the Konflux flow the shipment too. One "no" is enough.
fn shipped(flow: &Flow, shipment: &Fact<bool>, advisories: &Fact<bool>) -> Fact<bool> {
    if matches!(flow, Flow::KonfluxPending) {
        return Fact::Known(false);
    }
    let parts = if flow.is_konflux() { vec![shipment, advisories] } else { vec![advisories] };
    if parts.iter().any(|part| part.known() == Some(&false)) {
        return Fact::Known(false);
    }
    let unknown = parts.iter().find(|part| part.known().is_none());
    unknown.map_or(Fact::Known(true), |part| (*part).clone())
}

/// The jobs of tasks that are in progress.
fn running_jobs(facts: &Facts) -> Vec<(Task, JobRef)> {
    let Fact::Known(State::Present(view)) = &facts.state else { return Vec::new() };
    let running = view.tasks.iter().filter(|(_, task)| task.status == TaskStatus::InProgress);
    running.filter_map(|(task, view)| Some((*task, view.job.clone()?))).collect()
}

/// The state of a job in the words of the system that runs it.
async fn job_state(context: &Context, job: &JobRef) -> Fact<JobState> {
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
            match jenkins.read.build(JenkinsJob::StagePipeline, number).await {
                Ok(build) => {
                    let word =
                        build.result.as_ref().map_or("running".to_owned(), ToString::to_string);
                    let ended = !matches!(build.phase(), BuildPhase::Running | BuildPhase::Unknown);
                    state(&word, ended)
                }
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
                Ok(None) => Fact::Unknown { why: "the run left no trace".to_owned() },
                Err(error) => Fact::Unknown { why: crate::report::error_chain(&error) },
            }
        }
        (_, None) if job.queue_id.is_some() => state("queued", false),
        _ => Fact::NotLookedUp,
    }
}
