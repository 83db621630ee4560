//! Triggers: what is sent, what is never sent twice.

use std::sync::Arc;

use http::Method;
use oar_jenkins::{BuildOrder, JenkinsError, JenkinsRead as _, JenkinsWrite as _, Look, Shipment};
use oar_release::ErrorClass;
use oar_transport::testing::faults::{Subject, check_write};
use oar_transport::testing::{Script, Seen, Step, client};
use oar_transport::{HttpClient, Processed, SendErrorKind, Service};

use crate::{OTHER, PAYLOAD, build, builds, endpoints, item, jenkins_at, order, queue, scripted};

const URL: &str = "https://jenkins.example.com/job/zstreams/job/Stage-Pipeline/buildWithParameters\
                   ?VERSION=4.99&PULL_SPEC=quay.io%2Fopenshift-release-dev%2Focp-release%3A4.99.3-x86_64\
                   &METADATA_AD=990035";

fn accepted() -> Step {
    Step::answer(201, "").with("location", "https://elsewhere.example.com/queue/item/78/")
}

fn lost() -> Step {
    Step::Fail(SendErrorKind::Interrupted, Processed::Unknown)
}

fn posts(script: &Script) -> usize {
    script.seen().iter().filter(|seen| seen.method == Method::POST).count()
}

/// A look that finds nothing of ours, followed by `steps`.
async fn looked(steps: impl IntoIterator<Item = Step>) -> (Script, oar_jenkins::HttpJenkins, Look) {
    let nothing = [queue(&[item(70, OTHER)]), builds(&[build(5, PAYLOAD, Some("FAILURE"))])];
    let (script, jenkins) = scripted(nothing.into_iter().chain(steps));
    let look = jenkins.look(&order()).await.unwrap();
    (script, jenkins, look)
}

#[tokio::test]
async fn spec05_case_37_the_trigger_is_one_post_with_the_parameters_in_the_query() {
    let (script, jenkins, look) = looked([accepted()]).await;
    let pending = jenkins.trigger(&order(), &look).await.unwrap();
    assert_eq!((pending.queue_id, pending.number, pending.adopted), (Some(78), None, false));
    // The address is ours, whatever host the answer names.
    assert_eq!(pending.url, "https://jenkins.example.com/queue/item/78/api/json");
    let seen = &script.seen()[2];
    assert_eq!((seen.method.clone(), seen.url.as_str()), (Method::POST, URL));
    assert!(seen.body.is_empty());
    assert_eq!(script.seen().len(), 3, "no crumb is asked for");
}

#[tokio::test]
async fn spec05_case_39_what_is_pending_is_adopted_and_nothing_is_sent() {
    let (script, jenkins) = scripted([queue(&[item(78, PAYLOAD)]), builds(&[])]);
    let look = jenkins.look(&order()).await.unwrap();
    let pending = jenkins.trigger(&order(), &look).await.unwrap();
    assert!(pending.adopted && pending.queue_id == Some(78));
    assert_eq!(posts(&script), 0);
}

#[tokio::test]
async fn a_look_at_something_else_does_not_count() {
    let (script, jenkins, look) = looked([accepted()]).await;
    let release = "4.99.3".parse().unwrap();
    let other = BuildOrder::image_consistency(&release, PAYLOAD, &Shipment::Advisories(&[1]));
    let error = jenkins.trigger(&other, &look).await.unwrap_err();
    assert!(matches!(error, JenkinsError::NotLooked { .. }), "{error}");
    assert_eq!(posts(&script), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_trigger_is_found_in_the_queue_or_among_the_builds() {
    let old = || build(5, PAYLOAD, Some("FAILURE"));
    for (queued, built, number) in [
        (vec![item(70, OTHER), item(78, PAYLOAD)], vec![old()], None),
        (vec![], vec![build(6, PAYLOAD, None), old()], Some(6)),
        // It even ended meanwhile.
        (vec![], vec![build(6, PAYLOAD, Some("ABORTED")), old()], Some(6)),
    ] {
        for answer in
            [lost(), Step::answer(502, ""), Step::answer(201, ""), Step::answer(200, "<html>")]
        {
            let (script, jenkins, look) = looked([answer, queue(&queued), builds(&built)]).await;
            let pending = jenkins.trigger(&order(), &look).await.unwrap();
            assert_eq!((pending.number, pending.adopted), (number, true));
            assert_eq!(posts(&script), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_trigger_that_is_not_there_is_not_sent_again() {
    let old = || [queue(&[]), builds(&[build(5, PAYLOAD, Some("FAILURE"))])];
    let looks = [old(), old(), old()].concat();
    let (script, jenkins, look) = looked([vec![lost()], looks].concat()).await;
    let error = jenkins.trigger(&order(), &look).await.unwrap_err();
    assert!(matches!(error, JenkinsError::Unavailable { .. }), "{error}");
    assert!(!error.may_have_started());
    assert_eq!((posts(&script), script.seen().len()), (1, 9));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_up_is_unknown() {
    for trouble in [Step::answer(503, ""), Step::answer(200, "<html>"), Step::answer(403, "")] {
        let (script, jenkins, look) = looked([lost(), trouble]).await;
        let error = jenkins.trigger(&order(), &look).await.unwrap_err();
        assert!(matches!(error, JenkinsError::Unknown { .. }), "{error}");
        assert!(error.may_have_started() && !error.was_refused());
        assert_eq!(posts(&script), 1);
    }
}

#[tokio::test]
async fn a_refused_trigger_is_told_as_such() {
    for (status, class) in [
        (400, ErrorClass::InvalidArgument),
        (401, ErrorClass::UnauthenticatedUpstream),
        (403, ErrorClass::ForbiddenUpstream),
        (404, ErrorClass::NotFound),
        (409, ErrorClass::InvalidArgument),
    ] {
        let (script, jenkins, look) = looked([Step::answer(status, "no")]).await;
        let error = jenkins.trigger(&order(), &look).await.unwrap_err();
        assert_eq!(error.class(), class, "{status}");
        assert!(error.was_refused(), "{status}");
        assert_eq!(script.seen().len(), 3, "{status}");
    }
}

#[tokio::test]
async fn a_crumb_is_fetched_only_when_it_is_asked_for_with_its_cookies() {
    let crumb = serde_json::json!({ "crumb": "c0ffee", "crumbRequestField": "Jenkins-Crumb" });
    let crumb = Step::json(&crumb).with("set-cookie", "JSESSIONID.1=abc; Path=/; HttpOnly");
    let refused = Step::answer(403, "<html>No valid crumb was included in the request</html>");
    let (script, jenkins, look) = looked([refused.clone(), crumb, accepted()]).await;
    let pending = jenkins.trigger(&order(), &look).await.unwrap();
    assert_eq!((pending.queue_id, pending.adopted), (Some(78), false));
    let seen = script.seen();
    assert!(seen[3].url.ends_with("/crumbIssuer/api/json"), "{}", seen[3].url);
    assert_eq!(seen[4].header("jenkins-crumb"), Some("c0ffee"));
    assert_eq!(seen[4].header("cookie"), Some("JSESSIONID.1=abc"));

    // No issuer: the refusal stands. A second refusal is not argued with.
    let (script, jenkins, look) = looked([refused.clone(), Step::answer(404, "")]).await;
    assert!(jenkins.trigger(&order(), &look).await.unwrap_err().was_refused());
    assert_eq!(posts(&script), 1);
}

#[tokio::test]
async fn extra_headers_go_with_every_request() {
    let (script, jenkins) = scripted([queue(&[]), builds(&[]), accepted()]);
    let jenkins = jenkins.extra_headers("X-Gate: canary-gate".parse().unwrap());
    let look = jenkins.look(&order()).await.unwrap();
    jenkins.trigger(&order(), &look).await.unwrap();
    assert!(script.seen().iter().all(|seen| seen.header("x-gate") == Some("canary-gate")));
    assert!(!format!("{jenkins:?}").contains("canary"));
}

#[tokio::test]
async fn a_missing_address_is_a_missing_setting() {
    let script = Script::new([queue(&[])]);
    let jenkins = jenkins_at(&client(Arc::new(script.clone())));
    let error = jenkins.look(&order()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotConfigured);
    assert!(script.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_fault_triggers_a_build_twice() {
    let (_, _, look) = looked([accepted()]).await;
    let call = move |http: HttpClient| {
        let look = look.clone();
        async move {
            let sent = jenkins_at(&http).trigger(&order(), &look).await;
            sent.map(drop).map_err(|error| error.class())
        }
    };
    let writes = |seen: &Seen| seen.method == Method::POST;
    let subject = Subject::new(Service::Jenkins, accepted(), call);
    check_write(&Subject { writes, endpoints: endpoints(), ..subject }).await;
}
