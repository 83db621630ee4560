use serde_json::{Value, json};

use super::*;

fn job(id: u64, name: &str, status: &str) -> Value {
    json!({ "id": id, "name": name, "stage": "stage-release-triggers", "status": status })
}

fn with(mut job: Value, extra: &Value) -> Value {
    for (key, value) in extra.as_object().unwrap() {
        job[key] = value.clone();
    }
    job
}

fn jobs(values: impl IntoIterator<Item = Value>) -> Vec<Job> {
    values.into_iter().map(|value| serde_json::from_value(value).unwrap()).collect()
}

fn pipeline(created_at: &str) -> Pipeline {
    serde_json::from_value(json!({
        "id": 5, "sha": "s", "status": "manual", "created_at": created_at,
        "web_url": "https://gitlab.example.com/p/-/pipelines/5",
    }))
    .unwrap()
}

fn verdict(values: impl IntoIterator<Item = Value>) -> Gate {
    let pipeline = pipeline("2026-03-01T10:00:00.000Z");
    let jobs = jobs(values);
    GateReport::by_pipeline(ReleaseStage::Stage, Some((&pipeline, &jobs)), None).gate
}

fn names(gate: &Gate) -> Vec<&str> {
    match gate {
        Gate::Failed { jobs } | Gate::Running { jobs } => {
            jobs.iter().map(|job| job.name.as_str()).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn spec03_case_08_every_job_of_the_stage_decides() {
    let gate = verdict([job(1, "image", "success"), job(2, "extras", "failed")]);
    assert!(matches!(gate, Gate::Failed { .. }));
    assert_eq!(names(&gate), ["extras"]);
    let gate = verdict([job(1, "image", "success"), job(2, "extras", "success")]);
    assert_eq!(gate, Gate::Success, "whatever the pipeline's own status is");
    assert_eq!(verdict([]), Gate::NotPresent);
    let other = with(job(1, "image", "success"), &json!({ "stage": "validate" }));
    assert_eq!(verdict([other]), Gate::NotPresent);
    let none = GateReport::by_pipeline(ReleaseStage::Stage, None, None);
    assert_eq!((none.gate, none.source), (Gate::NotPresent, Source::Nothing));
}

#[test]
fn each_status_means_what_it_says() {
    for status in [
        "created",
        "waiting_for_resource",
        "preparing",
        "pending",
        "running",
        "scheduled",
        "canceling",
    ] {
        assert!(matches!(verdict([job(1, "image", status)]), Gate::Running { .. }), "{status}");
    }
    for status in ["failed", "canceled"] {
        assert!(matches!(verdict([job(1, "image", status)]), Gate::Failed { .. }), "{status}");
    }
    for status in ["manual", "skipped"] {
        assert_eq!(verdict([job(1, "image", status)]), Gate::NotStarted, "{status}");
    }
    let half = verdict([job(1, "image", "success"), job(2, "fbc", "manual")]);
    assert_eq!(names(&half), ["fbc"], "half done is neither success nor not started");
}

#[test]
fn r22_an_unknown_status_is_running_and_shown() {
    let gate = verdict([job(1, "image", "pondering")]);
    let Gate::Running { jobs } = &gate else { panic!("{gate:?}") };
    assert_eq!(jobs[0].to_string(), "image pondering");
}

#[test]
fn a_bridge_is_as_far_as_the_pipeline_it_started() {
    let bridge = |own: &str, below: &str| {
        let started = json!({ "id": 9, "project_id": 7, "status": below,
                              "web_url": "https://gitlab.example.com/d/-/pipelines/9" });
        with(job(1, "image", own), &json!({ "downstream_pipeline": started }))
    };
    assert_eq!(verdict([bridge("success", "success")]), Gate::Success);
    assert!(matches!(verdict([bridge("success", "running")]), Gate::Running { .. }));
    let Gate::Failed { jobs } = verdict([bridge("success", "failed")]) else { panic!() };
    assert_eq!(jobs[0].url.as_deref(), Some("https://gitlab.example.com/d/-/pipelines/9"));
    let null = with(job(1, "image", "success"), &json!({ "downstream_pipeline": null }));
    assert_eq!(verdict([null]), Gate::Success);
}

#[test]
fn optional_jobs_do_not_count_and_retries_do() {
    let optional = with(job(2, "report", "failed"), &json!({ "allow_failure": true }));
    assert_eq!(verdict([job(1, "image", "success"), optional.clone()]), Gate::Success);
    assert!(matches!(verdict([optional]), Gate::Failed { .. }), "nothing required: all counts");
    assert_eq!(verdict([job(1, "image", "failed"), job(7, "image", "success")]), Gate::Success);
}

#[test]
fn the_newest_pipeline_is_found_by_time_not_by_order() {
    let older = pipeline("2026-03-01T10:00:00.000Z");
    let newer = Pipeline { id: 2, ..pipeline("2026-03-01T12:00:00.000+01:00") };
    assert_eq!(newest(&[newer.clone(), older.clone()]).map(|p| p.id), Some(2));
    assert_eq!(newest(&[older, newer]).map(|p| p.id), Some(2));
    assert_eq!(newest(&[]), None);
}

fn after_clearing(created_at: &str, status: &str) -> GateReport {
    let pipeline = pipeline(created_at);
    let jobs = jobs([job(1, "image", status)]);
    let seen = SeenSuccess { at: "2026-03-02T00:00:00Z".parse().unwrap() };
    GateReport::by_pipeline(ReleaseStage::Stage, Some((&pipeline, &jobs)), Some(seen))
}

#[test]
fn r14_a_cleared_label_revokes_the_stored_success() {
    let old = after_clearing("2026-03-01T10:00:00Z", "success");
    assert_eq!(old.gate, Gate::NotStarted, "the old pipeline cannot bring it back");
    assert!(old.to_string().contains("stage-release-success was removed"), "{old}");
    let running = after_clearing("2026-03-02T10:00:00Z", "running");
    assert!(matches!(running.gate, Gate::Running { .. }) && running.revoked.is_some());
    let earned = after_clearing("2026-03-02T10:00:00Z", "success");
    assert!(earned.is_success() && earned.revoked.is_none(), "a newer pipeline can");
    let nothing = GateReport::by_pipeline(
        ReleaseStage::Stage,
        None,
        Some(SeenSuccess { at: Timestamp::UNIX_EPOCH }),
    );
    assert!(nothing.revoked.is_some());
}
