//! Runs on Prow: started at most once, found again, told from one another.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use oar_prow_jobs::{
    ATTEMPT_ANNOTATION, CONSISTENCY_JOB, ConsistencyCheck, HttpProw, JobNameIn, ProwError,
    ProwRead as _, ProwWrite as _, RunHandle, RunId, RunOrder, RunPhase, RunSource, RunState,
    StartedRun,
};
use oar_release::ErrorClass;
use oar_transport::testing::faults::{Subject, check_read, check_write};
use oar_transport::testing::{Script, Seen, Step, client};
use oar_transport::{HttpClient, Processed, Secret, SendErrorKind, Service};
use serde_json::{Value, json};
use tokio::time::Instant;

const ID: &str = "6ec0d27e-9f0e-4d4c-bb08-0c43b4b8b7ee";
const OTHER: &str = "11111111-2222-3333-4444-555555555555";
const PAYLOAD: &str = "quay.io/openshift-release-dev/ocp-release:4.99.3-x86_64";
const PAGE: &str = "https://prow.ci.openshift.org/view/gs/test-platform-results/logs/\
                    periodic-ci-openshift-release-tests-main-image-consistency-check/2100000000000000001";

fn scripted(steps: impl IntoIterator<Item = Step>) -> (Script, HttpProw) {
    let script = Script::new(steps);
    let http = client(Arc::new(script.clone()));
    (script, HttpProw::new(&http, Secret::new("canary-api-token").into()))
}

fn order() -> RunOrder {
    ConsistencyCheck::new(PAYLOAD.parse().unwrap(), 337).unwrap().order("claim-1").unwrap()
}

fn id() -> RunId {
    ID.parse().unwrap()
}

fn started() -> Step {
    Step::json(
        &json!({ "id": ID, "job_name": CONSISTENCY_JOB, "job_type": "PERIODIC", "job_status": "TRIGGERED" }),
    )
}

fn list(runs: &[(&str, &str)]) -> Step {
    let runs: Vec<Value> = runs
        .iter()
        .map(|(id, status)| json!({ "id": id, "job_name": CONSISTENCY_JOB, "job_status": status }))
        .collect();
    Step::json(&json!({ "job_execution": runs }))
}

fn job(id: &str, attempt: &str, state: &str, url: &str) -> Step {
    Step::answer(
        200,
        format!(
            "metadata:\n  name: {id}\n  annotations:\n    {ATTEMPT_ANNOTATION}: {attempt}\nspec:\n  job: {CONSISTENCY_JOB}\nstatus:\n  startTime: \"2026-03-11T07:59:00Z\"\n  state: {state}\n  url: {url}\n"
        ),
    )
    .with("content-type", "text/plain")
}

fn lost() -> Step {
    Step::Fail(SendErrorKind::Interrupted, Processed::Unknown)
}

fn posts(script: &Script) -> usize {
    script.seen().iter().filter(|seen| seen.method == Method::POST).count()
}

#[tokio::test]
async fn spec03_case_33_a_start_names_the_job_in_the_path_and_is_marked() {
    let (script, prow) = scripted([started()]);
    let run = prow.start(&order()).await.unwrap();
    assert_eq!(run, StartedRun { id: id(), adopted: false });
    let seen = &script.seen()[0];
    assert_eq!(
        seen.url,
        format!(
            "https://gangway-ci.apps.ci.l2s4.p1.openshiftapps.com/v1/executions/{CONSISTENCY_JOB}"
        )
    );
    assert_eq!(seen.header("authorization"), Some("Bearer canary-api-token"));
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body["job_execution_type"], "1");
    let options = &body["pod_spec_options"];
    assert_eq!(options["envs"]["MULTISTAGE_PARAM_OVERRIDE_PAYLOAD_URL"], PAYLOAD);
    assert_eq!(options["envs"]["MULTISTAGE_PARAM_OVERRIDE_MERGE_REQUEST_ID"], "337");
    assert_eq!(options["annotations"][ATTEMPT_ANNOTATION], "claim-1");
    assert_eq!(body.get("job_name"), None);
}

#[tokio::test]
async fn the_job_can_be_named_in_the_body() {
    let (script, prow) = scripted([started()]);
    prow.job_name_in(JobNameIn::Body).start(&order()).await.unwrap();
    let seen = &script.seen()[0];
    assert!(seen.url.ends_with("/v1/executions"), "{}", seen.url);
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body["job_name"], CONSISTENCY_JOB);
}

#[tokio::test]
async fn spec04_case_32_a_missing_token_is_named_before_anything_is_sent() {
    let script = Script::new([started()]);
    let nothing = oar_transport::env::Environment::from_map([("A", "b")]);
    let token = oar_transport::SecretSource::variable(&nothing, "APITOKEN", "starting Prow jobs");
    let prow = HttpProw::new(&client(Arc::new(script.clone())), token);
    let error = prow.start(&order()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotConfigured);
    assert!(error.to_string().contains("APITOKEN") && !error.was_refused(), "{error}");
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn spec04_case_33_an_unknown_job_is_a_mistake_of_configuration() {
    let text = "failed to find associated periodic job \"x\"";
    let by_body = Step::answer(500, json!({ "code": 2, "message": text }).to_string());
    let by_header = Step::answer(500, "").with("grpc-message", text);
    for step in [by_body, by_header] {
        let (script, prow) = scripted([step]);
        let error = prow.start(&order()).await.unwrap_err();
        assert!(matches!(error, ProwError::UnknownJob { .. }), "{error}");
        assert!(error.to_string().contains(CONSISTENCY_JOB), "{error}");
        assert!(error.was_refused());
        assert_eq!(script.seen().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn r20_any_refusal_means_that_nothing_was_started() {
    let no = |status: u16| Step::answer(status, json!({ "code": 3, "message": "no" }).to_string());
    for (step, class, refused) in [
        (no(400), ErrorClass::InvalidArgument, true),
        (no(401), ErrorClass::UnauthenticatedUpstream, true),
        (no(403), ErrorClass::ForbiddenUpstream, true),
        (no(404), ErrorClass::InvalidArgument, true),
        (no(429), ErrorClass::UpstreamUnavailable, false),
        (no(503), ErrorClass::UpstreamUnavailable, false),
        (Step::answer(302, "").with("location", "/login"), ErrorClass::Undetermined, true),
        (Step::answer(200, "<html>Log in</html>"), ErrorClass::Undetermined, true),
    ] {
        let (script, prow) = scripted([step.clone()]);
        let error = prow.start(&order()).await.unwrap_err();
        assert_eq!((error.class(), error.was_refused()), (class, refused), "{step:?}: {error}");
        assert!(!error.may_have_started(), "{step:?}: {error}");
        assert_eq!(posts(&script), script.seen().len(), "nothing to look up");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_the_server_is_believed_after_one_look() {
    let no = Step::answer(500, json!({ "code": 13, "message": "context deadline" }).to_string());
    let (script, prow) = scripted([no.clone(), list(&[])]);
    let error = prow.start(&order()).await.unwrap_err();
    assert!(matches!(error, ProwError::Refused { passing: true, .. }), "{error}");
    assert_eq!((posts(&script), script.seen().len()), (1, 2));
    // It may have gone through nevertheless.
    let (_, prow) = scripted([no, list(&[(ID, "TRIGGERED")]), job(ID, "claim-1", "triggered", "")]);
    assert_eq!(prow.start(&order()).await.unwrap(), StartedRun { id: id(), adopted: true });
}

#[tokio::test(start_paused = true)]
async fn r21_throttled_starts_are_repeated_with_the_same_mark() {
    let (script, prow) = scripted([
        Step::answer(503, ""),
        Step::answer(429, "").with("retry-after", "7"),
        started(),
    ]);
    let begun = Instant::now();
    prow.start(&order()).await.unwrap();
    assert_eq!(posts(&script), 3);
    assert!(begun.elapsed() >= Duration::from_secs(7));
    let bodies: Vec<_> = script.seen().into_iter().map(|seen| seen.body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_looked_up_and_the_run_adopted() {
    for answer in [
        lost(),
        Step::answer(502, "<html>"),
        Step::answer(504, json!({ "message": "timeout" }).to_string()),
        Step::answer(500, "upstream connect error"),
        Step::answer(200, "{}"),
        Step::answer(200, json!({ "id": "" }).to_string()),
        Step::answer(200, ""),
        Step::Cut("{\"id\":".into()),
    ] {
        let (script, prow) = scripted([
            answer.clone(),
            // Another run of the job is alive, ours shows up late.
            list(&[(OTHER, "PENDING")]),
            job(OTHER, "somebody", "pending", ""),
            list(&[(OTHER, "PENDING"), (ID, "TRIGGERED")]),
            job(ID, "claim-1", "triggered", ""),
        ]);
        let run = prow.start(&order()).await.unwrap();
        assert_eq!(run, StartedRun { id: id(), adopted: true }, "{answer:?}");
        assert_eq!((posts(&script), script.seen().len()), (1, 5), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn runs_are_listed_under_the_name_that_labels_have() {
    let (script, prow) = scripted([list(&[])]);
    assert_eq!(prow.find_attempt(CONSISTENCY_JOB, "claim-1").await.unwrap(), None);
    let cut = &CONSISTENCY_JOB[..63];
    assert!(script.seen()[0].url.ends_with(&format!("/v1/executions?job_name={cut}")));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_surely_is_not_there_is_started_again_after_a_minute() {
    let none = || list(&[]);
    let (script, prow) = scripted([lost(), none(), none(), none(), none(), started()]);
    let begun = Instant::now();
    let run = prow.start(&order()).await.unwrap();
    assert!(!run.adopted);
    assert_eq!(posts(&script), 2);
    assert!(begun.elapsed() >= Duration::from_mins(1), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn no_more_than_four_requests_start_a_run() {
    let mut steps = Vec::new();
    for _ in 0..4 {
        steps.extend([lost(), list(&[]), list(&[]), list(&[]), list(&[])]);
    }
    let (script, prow) = scripted(steps);
    let error = prow.start(&order()).await.unwrap_err();
    assert!(matches!(error, ProwError::Unavailable { .. }), "{error}");
    assert_eq!(posts(&script), 4);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_up_is_not_started_again() {
    for look in [
        vec![Step::answer(503, "")],
        vec![Step::answer(403, "")],
        vec![Step::answer(200, "[]")],
        vec![list(&[(ID, "PENDING")]), Step::answer(500, "")],
    ] {
        let (script, prow) = scripted([vec![lost()], look].concat());
        let error = prow.start(&order()).await.unwrap_err();
        assert!(matches!(error, ProwError::Unknown { .. }), "{error}");
        assert!(error.may_have_started() && !error.was_refused());
        assert_eq!(posts(&script), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn r34_a_search_through_too_many_runs_ends_without_an_answer() {
    let many: Vec<(String, &str)> =
        (0..65).map(|number| (format!("run-{number}"), "SUCCESS")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(id, state)| (id.as_str(), *state)).collect();
    let (script, prow) = scripted([list(&many), Step::answer(404, "")]);
    let error = prow.find_attempt(CONSISTENCY_JOB, "claim-1").await.unwrap_err();
    assert!(matches!(error, ProwError::TooMany { limit: 64, .. }), "{error}");
    assert_eq!(script.seen().len(), 65);
}

#[tokio::test]
async fn deck_is_asked_without_a_credential() {
    let (script, prow) = scripted([job(ID, "claim-1", "success", PAGE)]);
    let run = prow.run(&id()).await.unwrap().unwrap();
    assert_eq!((run.phase(), run.source), (RunPhase::Passed, RunSource::Deck));
    assert_eq!(run.page().unwrap().build_id(), "2100000000000000001");
    let seen = &script.seen()[0];
    assert_eq!(seen.url, format!("https://prow.ci.openshift.org/prowjob?prowjob={ID}"));
    assert_eq!(seen.header("authorization"), None);
}

#[tokio::test]
async fn an_answer_about_another_run_is_no_answer() {
    let (_, prow) = scripted([job(OTHER, "claim-1", "success", PAGE)]);
    let error = prow.run(&id()).await.unwrap_err();
    assert!(matches!(error, ProwError::OtherRun { .. }), "{error}");
    assert_eq!(error.class(), ErrorClass::Undetermined);
}

#[tokio::test(start_paused = true)]
async fn spec04_case_31_the_page_is_waited_for() {
    let without = || job(ID, "claim-1", "pending", "\"\"");
    let (script, prow) = scripted([without(), without(), job(ID, "claim-1", "pending", PAGE)]);
    let begun = Instant::now();
    let run = prow.await_page(&id()).await.unwrap();
    assert_eq!(run.url.as_deref(), Some(PAGE));
    assert_eq!((script.seen().len(), begun.elapsed()), (3, Duration::from_secs(10)));

    let (script, prow) = scripted([without()]);
    let error = prow.await_page(&id()).await.unwrap_err();
    assert!(matches!(error, ProwError::NoPageYet { .. }), "{error}");
    assert_eq!((error.class(), script.seen().len()), (ErrorClass::Timeout, 5));
}

#[tokio::test(start_paused = true)]
async fn r25_a_run_that_deck_does_not_show_yet_is_waited_for() {
    let (_, prow) = scripted([Step::answer(404, "no"), job(ID, "claim-1", "triggered", PAGE)]);
    assert_eq!(prow.await_page(&id()).await.unwrap().state, Some(RunState::Triggered));
}

fn handle(page: &str) -> RunHandle {
    RunHandle { id: Some(id()), page: page.parse().ok() }
}

#[tokio::test]
async fn spec03_case_32_a_run_that_deck_forgot_is_read_from_its_artefacts() {
    let gone = || Step::answer(404, "");
    let done =
        Step::json(&json!({ "timestamp": 1_773_215_940, "passed": true, "result": "SUCCESS" }));
    let (script, prow) = scripted([gone(), gone(), done]);
    let run = prow.trace(&handle(PAGE)).await.unwrap().unwrap();
    assert_eq!((run.phase(), run.source), (RunPhase::Passed, RunSource::FinishedFile));
    assert_eq!(run.id, Some(id()));
    let asked: Vec<String> = script.seen().into_iter().map(|seen| seen.url).collect();
    let root = format!(
        "https://storage.googleapis.com/test-platform-results/logs/{CONSISTENCY_JOB}/2100000000000000001"
    );
    assert_eq!(asked[1..], [format!("{root}/prowjob.json"), format!("{root}/finished.json")]);
}

#[tokio::test]
async fn spec04_case_16_the_copy_of_the_prow_job_tells_state_and_end() {
    let copy = json!({
        "metadata": { "name": ID }, "spec": { "job": CONSISTENCY_JOB },
        "status": { "state": "success", "completionTime": "2026-03-11T07:00:00Z" },
    });
    let (script, prow) = scripted([Step::answer(404, ""), Step::json(&copy)]);
    let run = prow.trace(&handle(PAGE)).await.unwrap().unwrap();
    assert_eq!(run.completed_at.as_deref(), Some("2026-03-11T07:00:00Z"));
    assert_eq!((run.source, script.seen().len()), (RunSource::ProwJobFile, 2));
}

#[tokio::test]
async fn gangway_is_asked_last_and_no_trace_is_an_answer_only_from_all() {
    let gone = || Step::answer(404, "");
    let execution =
        Step::json(&json!({ "id": ID, "jobName": CONSISTENCY_JOB, "jobStatus": "ABORTED" }));
    let (_, prow) = scripted([gone(), gone(), gone(), execution]);
    let run = prow.trace(&handle(PAGE)).await.unwrap().unwrap();
    assert_eq!((run.phase(), run.source), (RunPhase::Interrupted, RunSource::Gangway));

    let (script, prow) = scripted([gone()]);
    assert_eq!(prow.trace(&handle(PAGE)).await.unwrap(), None);
    assert_eq!(script.seen().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn r19_trouble_is_not_a_run_that_is_gone() {
    for trouble in [Step::answer(503, ""), Step::answer(200, "")] {
        let (_, prow) = scripted([trouble.clone()]);
        let error = prow.run(&id()).await.unwrap_err();
        assert!(error.class().is_retryable(), "{error}");
        // One who could not be asked leaves it open, whatever the others say.
        let attempts = if matches!(&trouble, Step::Answer { status: 503, .. }) { 3 } else { 1 };
        let steps = vec![trouble; attempts].into_iter().chain([Step::answer(404, "")]);
        let (_, prow) = scripted(steps);
        assert!(prow.trace(&handle(PAGE)).await.is_err());
    }
}

#[tokio::test]
async fn the_report_of_the_job_is_read_from_its_artefacts() {
    let report = json!({ "payload": PAYLOAD, "verdict": "undetermined", "images": [] });
    let (script, prow) = scripted([Step::json(&report)]);
    let report = prow.consistency_report(&PAGE.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(report.payload, PAYLOAD);
    assert!(script.seen()[0].url.ends_with(
        "/artifacts/image-consistency-check/release-qe-tests-image-consistency-check/artifacts/image-consistency-report.json"
    ));
    let (_, prow) = scripted([Step::answer(404, "")]);
    assert_eq!(prow.consistency_report(&PAGE.parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn r04_no_error_shows_the_token() {
    let (_, prow) = scripted([Step::answer(400, "canary-api-token")]);
    let error = prow.start(&order()).await.unwrap_err();
    let shown = format!("{error} {error:?} {prow:?}");
    assert!(!shown.contains("canary"), "{shown}");
}

fn prow_at(http: &HttpClient) -> HttpProw {
    HttpProw::new(http, Secret::new("t").into())
}

#[tokio::test(start_paused = true)]
async fn a_run_is_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        prow_at(&http).run(&id()).await.map(drop).map_err(|error| error.class())
    };
    check_read(&Subject::new(Service::Deck, job(ID, "a", "pending", PAGE), call)).await;
}

#[tokio::test(start_paused = true)]
async fn runs_are_listed_through_every_fault() {
    let call = |http: HttpClient| async move {
        let found = prow_at(&http).find_attempt(CONSISTENCY_JOB, "claim-1").await;
        found.map(drop).map_err(|error| error.class())
    };
    check_read(&Subject::new(Service::Gangway, list(&[]), call)).await;
}

#[tokio::test(start_paused = true)]
async fn artefacts_are_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        let report = prow_at(&http).consistency_report(&PAGE.parse().unwrap()).await;
        report.map(drop).map_err(|error| error.class())
    };
    let report = json!({ "payload": PAYLOAD, "verdict": "consistent" });
    check_read(&Subject::new(Service::Gcs, Step::json(&report), call)).await;
}

#[tokio::test(start_paused = true)]
async fn no_fault_starts_a_run_twice() {
    let call = |http: HttpClient| async move {
        prow_at(&http).start(&order()).await.map(drop).map_err(|error| error.class())
    };
    let writes = |seen: &Seen| seen.method == Method::POST;
    check_write(&Subject { writes, ..Subject::new(Service::Gangway, started(), call) }).await;
}

#[test]
fn every_operation_tells_what_becomes_of_a_lost_answer() {
    for operation in oar_prow_jobs::OPERATIONS {
        assert!(operation.is_accounted_for(), "{operation:?}");
    }
}
