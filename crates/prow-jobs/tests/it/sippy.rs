//! Sippy's answers.

use std::sync::Arc;

use oar_prow_jobs::sippy::{HttpSippy, SippyQuery, SippyRead as _, is_risky};
use oar_release::ErrorClass;
use oar_transport::Service;
use oar_transport::testing::faults::{Subject, check_read};
use oar_transport::testing::{Script, Step, client};
use serde_json::json;

fn sippy(step: Step) -> (Script, HttpSippy) {
    let script = Script::new([step]);
    let sippy = HttpSippy::new(&client(Arc::new(script.clone())));
    (script, sippy)
}

#[tokio::test]
async fn reasons_are_read_where_they_are() {
    let answer = Step::json(&json!({
        "ProwJobName": "job", "ProwJobRunID": 2_100_000_000_000_000_001_u64,
        "OverallRisk": { "Level": { "Name": "High", "Level": 100, "Reasons": [] },
                         "Reasons": ["a test that always passes failed"] },
    }));
    let (script, sippy) = sippy(answer);
    let risk = sippy.risk(2_100_000_000_000_000_001).await.unwrap();
    assert!(is_risky(&risk));
    assert_eq!(risk.overall_risk.reasons.unwrap(), ["a test that always passes failed"]);
    assert_eq!(
        script.seen()[0].url,
        "https://sippy.dptools.openshift.org/api/jobs/runs/risk_analysis?prow_job_run_id=2100000000000000001"
    );
}

#[tokio::test]
async fn a_view_without_rows_is_an_empty_one() {
    let (script, sippy) = sippy(Step::json(&json!({})));
    let found = sippy.component_readiness(&SippyQuery::view("4.18-main")).await.unwrap();
    assert_eq!(found.rows.len(), 0);
    assert!(script.seen()[0].url.ends_with("/component_readiness?view=4.18-main"));
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_an_error_with_its_address() {
    let (_, sippy) = sippy(Step::answer(200, "<html>"));
    let error = sippy.health("4.99").await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Undetermined, "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn the_generic_faults_are_met_as_by_every_client() {
    let call = async |http: oar_transport::HttpClient| {
        let read = HttpSippy::new(&http).variants("4.99").await;
        read.map(drop).map_err(|error| error.class())
    };
    check_read(&Subject::new(Service::Sippy, Step::json(&json!([])), call)).await;
}
