//! Queue, queue items, builds.

use std::time::Duration;

use oar_jenkins::{
    BuildPhase, BuildResult, ForeignBuild, JenkinsError, JenkinsJob, JenkinsRead as _, Pending,
    QueueState,
};
use oar_release::ErrorClass;
use oar_transport::testing::Step;
use oar_transport::testing::faults::{Subject, check_read};
use oar_transport::{HttpClient, Service};
use serde_json::json;
use tokio::time::Instant;

use crate::{OTHER, PAYLOAD, build, builds, endpoints, item, jenkins_at, order, queue, scripted};

#[tokio::test]
async fn spec05_case_40_a_build_tells_its_result_and_what_it_is_about() {
    let (script, jenkins) = scripted([Step::json(&build(1673, PAYLOAD, Some("SUCCESS")))]);
    let found = jenkins.build(JenkinsJob::StagePipeline, 1673).await.unwrap();
    assert_eq!((found.phase(), found.duration), (BuildPhase::Passed, Duration::from_secs(65)));
    let release = "4.99.3".parse().unwrap();
    assert_eq!(found.check_payload(&release, None), Ok(()));
    let seen = &script.seen()[0];
    let path = "https://jenkins.example.com/job/zstreams/job/Stage-Pipeline/1673/api/json?tree=";
    assert!(seen.url.starts_with(path), "{}", seen.url);
    assert_eq!(seen.header("authorization"), Some("Basic bGVhZDpjYW5hcnktamVua2lucy10b2tlbg=="));
    assert_eq!(script.seen().len(), 1, "no probing of the credential, no crumb");

    let (_, jenkins) = scripted([Step::json(&build(7, OTHER, Some("SUCCESS")))]);
    let foreign = jenkins.build(JenkinsJob::StagePipeline, 7).await.unwrap();
    let error = foreign.check_payload(&release, None).unwrap_err();
    assert!(matches!(error, ForeignBuild::OtherPayload { .. }), "{error}");
    let (_, jenkins) = scripted([Step::json(&build(8, PAYLOAD, Some("UNSTABLE")))]);
    let failed = jenkins.build(JenkinsJob::StagePipeline, 8).await.unwrap();
    assert_eq!((failed.phase(), failed.result), (BuildPhase::Failed, Some(BuildResult::Unstable)));
}

#[tokio::test]
async fn a_build_that_is_not_there_is_named() {
    let (script, jenkins) = scripted([Step::answer(404, "<html>")]);
    let error = jenkins.build(JenkinsJob::StagePipeline, 99).await.unwrap_err();
    assert_eq!(error.to_string(), "Jenkins has no build 99 of zstreams/Stage-Pipeline");
    assert_eq!((error.class(), script.seen().len()), (ErrorClass::NotFound, 1));
    // An answer about another build is no answer.
    let (_, jenkins) = scripted([Step::json(&build(98, PAYLOAD, None))]);
    let error = jenkins.build(JenkinsJob::StagePipeline, 99).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Undetermined);
}

#[tokio::test]
async fn no_error_shows_a_web_page_or_the_token() {
    for status in [400, 401, 403, 500] {
        let (_, jenkins) = scripted([Step::answer(status, "<html>canary-jenkins-token</html>")]);
        let error = jenkins.build(JenkinsJob::StagePipeline, 1).await.unwrap_err();
        let shown = format!("{error} {error:?} {jenkins:?}");
        assert!(!error.to_string().contains("html") && !shown.contains("canary"), "{shown}");
    }
}

#[tokio::test]
async fn spec05_case_39_an_item_or_running_build_with_our_payload_is_pending() {
    let placeholder = json!({ "id": 3, "task": {} });
    let nameless = json!({ "id": 4 });
    let queued = [placeholder, nameless, item(77, OTHER), item(78, PAYLOAD)];
    let ended = build(5, PAYLOAD, Some("FAILURE"));
    let (script, jenkins) = scripted([queue(&queued), builds(std::slice::from_ref(&ended))]);
    let pending = jenkins.look(&order()).await.unwrap().pending().unwrap();
    assert_eq!((pending.queue_id, pending.number, pending.adopted), (Some(78), None, true));
    assert_eq!(pending.url, "https://jenkins.example.com/queue/item/78/api/json");
    assert_eq!(pending.why.as_deref(), Some("Waiting for next available executor"));
    let asked: Vec<String> = script.seen().into_iter().map(|seen| seen.url).collect();
    assert!(asked[0].starts_with("https://jenkins.example.com/queue/api/json?tree="), "{asked:?}");
    assert!(asked[1].contains("%7B0%2C20%7D"), "only the newest 20: {}", asked[1]);

    let (_, jenkins) = scripted([queue(&[]), builds(&[build(6, PAYLOAD, None), ended.clone()])]);
    let pending = jenkins.look(&order()).await.unwrap().pending().unwrap();
    assert_eq!((pending.queue_id, pending.number), (Some(1006), Some(6)));

    // Another release does not block, what ended does not either.
    let (_, jenkins) =
        scripted([queue(&[item(77, OTHER)]), builds(&[build(6, OTHER, None), ended])]);
    assert_eq!(jenkins.look(&order()).await.unwrap().pending(), None);
}

fn triggered() -> Pending {
    Pending {
        job: JenkinsJob::StagePipeline,
        queue_id: Some(78),
        number: None,
        url: "https://jenkins.example.com/queue/item/78/api/json".to_owned(),
        why: None,
        adopted: false,
    }
}

fn waiting(why: &str) -> Step {
    Step::json(&json!({ "id": 78, "blocked": true, "why": why, "executable": null }))
}

#[tokio::test(start_paused = true)]
async fn a_trigger_is_followed_into_its_build() {
    let building = json!({ "id": 78, "executable": { "number": 9, "url": "https://x/9/" } });
    let (script, jenkins) = scripted([waiting("a"), waiting("b"), Step::json(&building)]);
    let begun = Instant::now();
    let pending = jenkins.follow(&order(), &triggered()).await.unwrap();
    assert_eq!((pending.number, pending.url.as_str()), (Some(9), "https://x/9/"));
    assert_eq!((begun.elapsed(), script.seen().len()), (Duration::from_secs(10), 3));
}

#[tokio::test(start_paused = true)]
async fn what_waits_after_90_seconds_tells_what_for() {
    let (script, jenkins) = scripted([waiting("Waiting for next available executor")]);
    let begun = Instant::now();
    let pending = jenkins.follow(&order(), &triggered()).await.unwrap();
    assert_eq!(pending.number, None);
    assert_eq!(pending.why.as_deref(), Some("Waiting for next available executor"));
    assert_eq!(begun.elapsed(), Duration::from_secs(90));
    assert_eq!(script.seen().len(), 19, "no wait after the last read");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_item_is_an_error_that_names_it() {
    let cancelled = Step::json(&json!({ "id": 78, "cancelled": true }));
    let (_, jenkins) = scripted([cancelled.clone()]);
    let error = jenkins.follow(&order(), &triggered()).await.unwrap_err();
    assert!(matches!(error, JenkinsError::Cancelled { .. }), "{error}");
    assert!(error.to_string().contains("https://jenkins.example.com/queue/item/78/"), "{error}");
    let (_, jenkins) = scripted([cancelled]);
    assert_eq!(jenkins.queue_item(78).await.unwrap().unwrap().state, QueueState::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_was_forgotten_is_found_as_a_build() {
    let (_, jenkins) = scripted([
        Step::answer(404, ""),
        queue(&[]),
        builds(&[
            build(9, PAYLOAD, None),
            json!({
                "number": 8, "queueId": 78, "result": "SUCCESS", "actions": crate::parameters(PAYLOAD),
                "url": "https://jenkins.example.com/job/zstreams/job/Stage-Pipeline/8/",
            }),
        ]),
    ]);
    let pending = jenkins.follow(&order(), &triggered()).await.unwrap();
    assert_eq!((pending.number, pending.queue_id), (Some(8), Some(78)));
    let (_, jenkins) = scripted([Step::answer(404, ""), queue(&[]), builds(&[])]);
    let error = jenkins.follow(&order(), &triggered()).await.unwrap_err();
    assert!(matches!(error, JenkinsError::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn what_is_a_build_already_is_not_followed() {
    let (script, jenkins) = scripted([waiting("x")]);
    let built = Pending { number: Some(3), ..triggered() };
    assert_eq!(jenkins.follow(&order(), &built).await.unwrap(), built);
    assert!(script.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_build_is_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        let build = jenkins_at(&http).build(JenkinsJob::StagePipeline, 3).await;
        build.map(drop).map_err(|error| error.class())
    };
    let good = Step::json(&build(3, PAYLOAD, None));
    let subject = Subject::new(Service::Jenkins, good, call);
    check_read(&Subject { endpoints: endpoints(), ..subject }).await;
}

#[tokio::test(start_paused = true)]
async fn a_queue_item_is_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        let item = jenkins_at(&http).queue_item(78).await;
        item.map(drop).map_err(|error| error.class())
    };
    let subject = Subject::new(Service::Jenkins, waiting("x"), call);
    check_read(&Subject { endpoints: endpoints(), ..subject }).await;
}
