//! Waits: as told, together, within bounds. Time is paused, so elapsed time is time waited.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use oar_transport::testing::{Script, Step, client};
use oar_transport::{HttpClient, HttpErrorKind, Service, pause};
use tokio::time::Instant;

fn scripted(steps: impl IntoIterator<Item = Step>) -> (Script, HttpClient) {
    let script = Script::new(steps);
    (script.clone(), client(Arc::new(script)))
}

fn limited(retry_after: &str) -> Step {
    Step::answer(429, "").with("retry-after", retry_after)
}

#[tokio::test(start_paused = true)]
async fn r35_a_rate_limit_is_waited_for_as_told() {
    let (_, http) = scripted([limited("7"), Step::answer(200, "")]);
    let begun = Instant::now();
    http.service(Service::Jira).call("x", Method::POST, "x").send().await.unwrap();
    let waited = begun.elapsed().as_secs_f64();
    assert!((7.0..8.1).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn our_own_waits_are_one_and_two_seconds_give_or_take_half() {
    let (_, http) = scripted([Step::answer(503, "")]);
    let begun = Instant::now();
    http.service(Service::Deck).call("x", Method::GET, "x").send().await.unwrap_err();
    let waited = begun.elapsed().as_secs_f64();
    assert!((1.5..4.5).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_longer_wait_than_allowed_is_reported_at_once() {
    for (service, bearable, too_long) in
        [(Service::Gitlab, "60", "61"), (Service::GithubApi, "119", "121")]
    {
        let begun = Instant::now();
        let (_, http) = scripted([limited(too_long), Step::answer(200, "")]);
        let error = http.service(service).call("x", Method::GET, "x").send().await.unwrap_err();
        let expected = Some(Duration::from_secs(too_long.parse().unwrap()));
        assert_eq!(error.kind(), &HttpErrorKind::RateLimited { retry_after: expected });
        assert_eq!(error.retry_after(), expected);
        assert_eq!(begun.elapsed(), Duration::ZERO);
        let (_, http) = scripted([limited(bearable), Step::answer(200, "")]);
        http.service(service).call("x", Method::GET, "x").send().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_waits_of_one_call_count_together() {
    let (script, http) = scripted([limited("40"), limited("40"), Step::answer(200, "")]);
    let error = http.service(Service::Gitlab).call("x", Method::GET, "x").send().await.unwrap_err();
    assert!(matches!(error.kind(), HttpErrorKind::RateLimited { .. }), "{error}");
    assert_eq!(script.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn all_callers_of_a_limited_service_wait_together() {
    let (script, http) = scripted([limited("20"), Step::answer(200, "")]);
    let begun = Instant::now();
    let jira = http.service(Service::Jira);
    let first = tokio::spawn(jira.call("x", Method::GET, "1").send());
    pause::sleep(Duration::from_secs(1)).await;
    let others: Vec<_> =
        (0..5).map(|_| tokio::spawn(jira.call("x", Method::GET, "2").send())).collect();
    pause::sleep(Duration::from_secs(18)).await;
    assert_eq!(script.seen().len(), 1, "nobody asks before the time is over");
    // Another service is not concerned.
    http.service(Service::Deck).call("x", Method::GET, "x").send().await.unwrap();
    first.await.unwrap().unwrap();
    for other in others {
        other.await.unwrap().unwrap();
    }
    assert_eq!(script.seen().len(), 8);
    assert!(begun.elapsed() < Duration::from_secs(23));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_whole_call() {
    let (script, http) = scripted([Step::Stall]);
    let begun = Instant::now();
    let call = http.service(Service::Deck).call("x", Method::GET, "x");
    let error = call.deadline(Duration::from_secs(40)).send().await.unwrap_err();
    assert_eq!(error.kind(), &HttpErrorKind::Timeout);
    assert!(begun.elapsed() <= Duration::from_secs(40));
    assert_eq!(script.seen().len(), 2, "30 s, a wait, and what is left");
}

#[tokio::test(start_paused = true)]
async fn a_dripping_body_ends_with_the_total_time() {
    let (_, http) = scripted([Step::Drip("{}".repeat(50).into())]);
    let begun = Instant::now();
    let call = http.service(Service::Deck).call("x", Method::GET, "x").attempts(1);
    assert_eq!(call.send().await.unwrap_err().kind(), &HttpErrorKind::Timeout);
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_budget_lets_a_burst_through_and_then_keeps_the_pace_for_all_clients() {
    let (script, http) = scripted([Step::answer(200, "")]);
    let begun = Instant::now();
    let calls = (0..14).map(|number| {
        let gangway = http.service(Service::Gangway);
        let method = if number % 2 == 0 { Method::GET } else { Method::POST };
        tokio::spawn(async move {
            gangway.call("x", method, "x").send().await.unwrap();
            begun.elapsed().as_millis()
        })
    });
    let mut left = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        left.push(call.await.unwrap());
    }
    left.sort_unstable();
    assert_eq!(left[..5], [0; 5]);
    // Nine more take a minute.
    assert_eq!((left[5] / 1000, left[13] / 1000), (6, 60));
    assert_eq!(script.seen().len(), 14);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_comes_after_the_deadline_is_not_waited_for() {
    let (script, http) = scripted([Step::answer(200, "")]);
    let call = || http.service(Service::Gangway).call("x", Method::GET, "x");
    for _ in 0..5 {
        call().send().await.unwrap();
    }
    let begun = Instant::now();
    let error = call().deadline(Duration::from_secs(5)).send().await.unwrap_err();
    assert!(matches!(error.kind(), HttpErrorKind::RateLimited { .. }), "{error}");
    assert_eq!((begun.elapsed(), script.seen().len()), (Duration::ZERO, 5));
    // The turn that was not taken is there for the next caller.
    call().send().await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 6);
}
