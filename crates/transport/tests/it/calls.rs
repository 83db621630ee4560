//! What a call sends, what its answer and its errors say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use oar_release::{ErrorClass, Masker, effect};
use oar_transport::port::{HttpSend, Request, Response, SendError};
use oar_transport::testing::{Script, Step, client};
use oar_transport::{
    Endpoints, HttpClient, HttpErrorKind, Idempotency, Processed, Secret, SendErrorKind, Service,
    pause,
};
use serde::Deserialize;
use serde_json::json;

fn scripted(steps: impl IntoIterator<Item = Step>) -> (Script, HttpClient) {
    let script = Script::new(steps);
    (script.clone(), client(Arc::new(script)))
}

#[tokio::test]
async fn a_call_carries_what_was_put_into_it() {
    let (script, http) = scripted([Step::answer(200, "")]);
    let jira = http.service(Service::Jira);
    let form = jira.call("search", Method::POST, "/rest/x").query("jql", "a = \"b&c\"");
    let form = form.header(HeaderName::from_static("x-force-accept-language"), "true");
    form.form([("email", "a+b@example.com")]).send().await.unwrap();
    let seen = &script.seen()[0];
    assert_eq!(seen.url, "https://redhat.atlassian.net/rest/x?jql=a+%3D+%22b%26c%22");
    assert_eq!(seen.body, "email=a%2Bb%40example.com");
    assert_eq!(seen.header(CONTENT_TYPE.as_str()), Some("application/x-www-form-urlencoded"));
    assert_eq!(seen.header("x-force-accept-language"), Some("true"));
    assert!(seen.header(USER_AGENT.as_str()).unwrap().starts_with("oar/"));
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_sends_nothing() {
    let (script, http) = scripted([Step::answer(200, "")]);
    let call = http.service(Service::Jira).call("x", Method::GET, "x");
    let error = call.header(USER_AGENT, "a\r\nevil: b").send().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::InvalidArgument);
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn a_status_that_is_expected_is_an_answer() {
    let (_, http) = scripted([Step::answer(404, "gone")]);
    let deck = http.service(Service::Deck);
    let reply = deck.call("x", Method::GET, "x").accept(&[404]).send().await.unwrap();
    assert_eq!((reply.status, &reply.body[..]), (StatusCode::NOT_FOUND, &b"gone"[..]));
    let error = deck.call("x", Method::GET, "x").send().await.unwrap_err();
    assert_eq!(error.kind(), &HttpErrorKind::NotFound);
    assert_eq!(error.body(), Some("gone"));
}

#[derive(Debug, Deserialize)]
struct Build {
    jobs: Vec<Job>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only its shape matters")]
struct Job {
    id: u64,
}

#[tokio::test]
async fn an_unreadable_answer_names_address_type_and_field() {
    for (body, field, problem) in [
        (r#"{"jobs":[{"id":1},{"id":"2"}]}"#, "jobs[1].id", "expected u64"),
        (r#"{"jobs":[{}]}"#, "jobs[0]", "missing field `id`"),
        (r#"{"jobs":[]} {}"#, ".", "something follows"),
        (r#"{"jobs":[],"jobs":[]}"#, ".", "duplicate field `jobs`"),
        ("<html>Sign in</html>", ".", "login page"),
        ("", ".", "empty"),
    ] {
        let (_, http) = scripted([Step::answer(200, body)]);
        let call = http.service(Service::Deck).call("job", Method::GET, "prowjob");
        let error = call.send().await.unwrap().json::<Build>().unwrap_err();
        let HttpErrorKind::Malformed { expected, field: found, problem: said } = error.kind()
        else {
            panic!("{error}");
        };
        assert!(expected.ends_with("calls::Build"), "{expected}");
        assert_eq!(found, field, "{body}");
        assert!(said.contains(problem), "{said}");
        assert!(error.to_string().contains("https://prow.ci.openshift.org/prowjob"), "{error}");
        assert_eq!(error.class(), ErrorClass::Undetermined);
    }
}

#[tokio::test]
async fn fields_nobody_knows_are_ignored() {
    let (_, http) = scripted([Step::json(&json!({ "jobs": [{ "id": 1, "new": [] }], "more": 1 }))]);
    let call = http.service(Service::Deck).call("job", Method::GET, "prowjob");
    assert_eq!(call.send().await.unwrap().json::<Build>().unwrap().jobs.len(), 1);
}

#[tokio::test]
async fn r04_errors_carry_a_masked_and_short_excerpt() {
    let body = format!("token canary-token-1 of who@example.com {}", "x".repeat(5000));
    let (_, http) = scripted([Step::answer(400, body)]);
    let call = http.service(Service::Jira).call("x", Method::GET, "x?mail=who@example.com");
    let error = call.bearer(Secret::new("canary-token-1")).send().await.unwrap_err();
    let excerpt = error.body().unwrap();
    assert!(excerpt.len() <= 2048, "{}", excerpt.len());
    assert!(excerpt.starts_with("token [SECRET_REDACTED] of [EMAIL_REDACTED] xxx"), "{excerpt}");
    for shown in [format!("{error} {error:?}"), error.url().to_owned()] {
        assert!(!shown.contains("canary") && !shown.contains("who@"), "{shown}");
    }
}

#[tokio::test]
async fn the_masker_given_hides_what_it_knows() {
    let script = Script::new([Step::answer(400, "the value is hidden-value-9")]);
    let masker = Masker::new(["hidden-value-9".to_owned()]);
    let clock = Arc::new(oar_release::clock::SystemClock);
    let entropy = Arc::new(oar_release::clock::SystemEntropy);
    let http = HttpClient::new(Arc::new(script), clock, entropy, Endpoints::default(), masker);
    let error = http.service(Service::Jira).call("x", Method::GET, "x").send().await.unwrap_err();
    assert_eq!(error.body(), Some("the value is [SECRET_REDACTED]"));
}

#[tokio::test(start_paused = true)]
async fn errors_tell_operation_address_and_attempts() {
    let (_, http) = scripted([Step::answer(503, "")]);
    let error = http.service(Service::Deck).call("job", Method::GET, "x").send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "deck.job: the service has trouble (503) (GET https://prow.ci.openshift.org/x, 3 attempts)"
    );
    assert_eq!((error.attempts(), error.status()), (3, Some(StatusCode::SERVICE_UNAVAILABLE)));
}

#[tokio::test(start_paused = true)]
async fn a_doubt_does_not_go_away_by_a_later_refusal() {
    let lost = Step::Fail(SendErrorKind::Interrupted, Processed::Unknown);
    let refused = Step::Fail(SendErrorKind::Connect, Processed::No);
    let (script, http) = scripted([lost, refused]);
    let call = http.service(Service::Gitlab).call("x", Method::PUT, "x");
    let error = call.idempotency(Idempotency::Idempotent).send().await.unwrap_err();
    assert!(error.outcome_is_unknown(), "{error}");
    assert_eq!(script.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_done_is_counted() {
    let (_, http) = scripted([Step::answer(503, ""), Step::answer(200, ""), Step::answer(404, "")]);
    let deck = http.service(Service::Deck);
    deck.call("job", Method::GET, "x").send().await.unwrap();
    deck.call("job", Method::GET, "x").send().await.unwrap_err();
    let counted = http.metrics();
    assert_eq!(counted.len(), 1);
    let job = &counted[0];
    assert_eq!((job.service, job.operation), (Service::Deck, "job"));
    assert_eq!((job.requests, job.retries, job.errors), (3, 1, 1));
}

/// Counts how many requests are under way at once.
#[derive(Debug, Default)]
struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait::async_trait]
impl HttpSend for Crowd {
    async fn send(&self, _: Request) -> Result<Response, SendError> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        pause::sleep(Duration::from_secs(1)).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        Ok(Response::full(StatusCode::OK, HeaderMap::new(), ""))
    }
}

#[tokio::test(start_paused = true)]
async fn all_callers_of_a_service_share_its_places_in_flight() {
    for (service, method, most) in
        [(Service::Deck, Method::GET, 8), (Service::Gangway, Method::POST, 4)]
    {
        let crowd = Arc::new(Crowd::default());
        let http = client(crowd.clone());
        let calls = (0..40).map(|_| {
            // Each caller has its own way to the service.
            let way = http.service(service);
            tokio::spawn(way.call("x", method.clone(), "x").send())
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap().unwrap();
        }
        assert_eq!(crowd.most.load(Ordering::SeqCst), most);
    }
}

#[tokio::test]
async fn a_body_that_arrives_in_pieces_is_handed_out_in_small_ones() {
    let (_, http) = scripted([Step::answer(200, vec![7_u8; 200_000])]);
    let call = http.service(Service::Gcs).call("x", Method::GET, "x");
    let mut reply = call.send_streaming().await.unwrap();
    let (mut pieces, mut bytes) = (0, 0);
    while let Some(piece) = reply.chunk().await.unwrap() {
        assert!(piece.len() <= 64 * 1024);
        pieces += 1;
        bytes += piece.len();
    }
    assert_eq!((pieces, bytes), (4, 200_000));
}

#[tokio::test(start_paused = true)]
async fn a_streamed_body_has_a_limit_an_end_and_no_patience() {
    let limited = |step| async move {
        let (_, http) = scripted([step]);
        let call = http.service(Service::Gcs).call("x", Method::GET, "x").body_limit(100_000);
        let mut reply = call.send_streaming().await.unwrap();
        loop {
            match reply.chunk().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended well"),
                Err(error) => return error.kind().clone(),
            }
        }
    };
    assert_eq!(limited(Step::Endless).await, HttpErrorKind::TooLarge { limit: 100_000 });
    let cut = limited(Step::Cut("x".into())).await;
    assert_eq!(cut, HttpErrorKind::Unavailable { status: None });
}

#[tokio::test]
async fn a_crash_can_be_rehearsed_around_every_write() {
    // The listener is one per process: other tests' points come along, so only ours are counted.
    let points = Arc::new(std::sync::Mutex::new(BTreeMap::<&str, usize>::new()));
    let noted = points.clone();
    effect::listen(move |point| *noted.lock().unwrap().entry(point).or_default() += 1);
    let (_, http) = scripted([Step::answer(200, "")]);
    let service = http.service(Service::Deck);
    service.call("x", Method::POST, "x").send().await.unwrap();
    let points = points.lock().unwrap();
    assert!(points["http.send.before"] >= 1 && points["http.send.after"] >= 1);
}
