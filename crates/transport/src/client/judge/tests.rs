use http::HeaderValue;
use oar_release::ErrorClass;
use rstest::rstest;

use super::*;
use crate::endpoint::Service;

fn status(code: u16, headers: &[(&'static str, &'static str)]) -> Failure {
    let headers = headers
        .iter()
        .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
    Failure::Status { status: StatusCode::from_u16(code).unwrap(), headers, body: None }
}

fn sent(kind: SendErrorKind, processed: Processed) -> Failure {
    Failure::Send(SendError { kind, processed, message: "m".to_owned(), source: None })
}

fn judge(service: Service, idempotency: Idempotency, failure: &Failure) -> Verdict {
    let policy = Policy::of(service);
    let now = "2026-03-11T08:00:00Z".parse().unwrap();
    Judge { policy: &policy, idempotency, now }.verdict(failure)
}

#[rstest]
#[case(Idempotency::Safe, true, false)]
#[case(Idempotency::Idempotent, true, true)]
#[case(Idempotency::Never, false, true)]
fn a_lost_answer_is_repeated_only_where_twice_is_harmless(
    #[case] idempotency: Idempotency,
    #[case] again: bool,
    #[case] ambiguous: bool,
    #[values(500, 502, 503, 504)] code: u16,
) {
    for failure in [
        status(code, &[]),
        Failure::Timeout,
        Failure::Cut(None),
        sent(SendErrorKind::Interrupted, Processed::Unknown),
        sent(SendErrorKind::Timeout, Processed::Unknown),
    ] {
        let verdict = judge(Service::Gitlab, idempotency, &failure);
        assert_eq!((verdict.again, verdict.ambiguous), (again, ambiguous), "{failure:?}");
        assert_eq!(verdict.kind == HttpErrorKind::Unknown, ambiguous, "{failure:?}");
    }
}

#[rstest]
#[case(Service::Gangway, &[], true)]
#[case(Service::Jira, &[], true)]
#[case(Service::KubeCi, &[("retry-after", "1")], true)]
#[case(Service::KubeCi, &[], false)]
#[case(Service::GithubApi, &[("retry-after", "1")], false)]
fn a_503_to_a_write_counts_as_not_processed_where_the_policy_says_so(
    #[case] service: Service,
    #[case] headers: &[(&'static str, &'static str)],
    #[case] again: bool,
) {
    let verdict = judge(service, Idempotency::Never, &status(503, headers));
    assert_eq!((verdict.again, verdict.ambiguous), (again, !again));
}

#[test]
fn a_jenkins_trigger_is_never_repeated() {
    for failure in [sent(SendErrorKind::Connect, Processed::No), status(429, &[])] {
        assert!(!judge(Service::Jenkins, Idempotency::Never, &failure).again, "{failure:?}");
    }
    // Reading from Jenkins is.
    let refused = sent(SendErrorKind::Connect, Processed::No);
    assert!(judge(Service::Jenkins, Idempotency::Safe, &refused).again);
}

#[rstest]
#[case(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1773216030")], None, Some(30))]
#[case(&[("retry-after", "7")], None, Some(7))]
#[case(&[], Some("You have exceeded a secondary rate limit."), Some(60))]
fn githubs_403_for_a_rate_limit_is_waited_for(
    #[case] headers: &[(&'static str, &'static str)],
    #[case] body: Option<&str>,
    #[case] seconds: Option<u64>,
) {
    let Failure::Status { status, headers, .. } = status(403, headers) else { unreachable!() };
    let failure = Failure::Status { status, headers, body: body.map(str::to_owned) };
    let verdict = judge(Service::GithubApi, Idempotency::Never, &failure);
    assert!(verdict.again && verdict.rate_limited);
    assert_eq!(verdict.told, seconds.map(Duration::from_secs));
    // For another service it is a plain refusal.
    let verdict = judge(Service::Gitlab, Idempotency::Never, &failure);
    assert_eq!(verdict.kind, HttpErrorKind::Forbidden);
}

#[rstest]
#[case(Idempotency::Safe, "409 Conflict: Resource lock", true)]
#[case(Idempotency::Idempotent, "409 Conflict: Resource lock", true)]
#[case(Idempotency::Never, "409 Conflict: Resource lock", false)]
#[case(Idempotency::Safe, "SHA does not match HEAD of source branch", false)]
fn a_lock_that_somebody_holds_is_waited_for(
    #[case] idempotency: Idempotency,
    #[case] words: &str,
    #[case] again: bool,
) {
    let policy = Policy { lock_words: Some("Resource lock"), ..Policy::of(Service::Gitlab) };
    let now = "2026-03-11T08:00:00Z".parse().unwrap();
    let (status, headers) = (StatusCode::CONFLICT, HeaderMap::new());
    let failure = Failure::Status { status, headers, body: Some(words.to_owned()) };
    let verdict = Judge { policy: &policy, idempotency, now }.verdict(&failure);
    assert_eq!((verdict.again, verdict.ambiguous), (again, false));
    assert_eq!(verdict.kind, HttpErrorKind::Conflict);
}

#[rstest]
#[case(401, HttpErrorKind::Unauthenticated)]
#[case(403, HttpErrorKind::Forbidden)]
#[case(404, HttpErrorKind::NotFound)]
#[case(410, HttpErrorKind::NotFound)]
#[case(409, HttpErrorKind::Conflict)]
#[case(412, HttpErrorKind::Conflict)]
#[case(422, HttpErrorKind::Unprocessable)]
#[case(400, HttpErrorKind::Rejected { status: StatusCode::BAD_REQUEST })]
fn a_refusal_is_final(#[case] code: u16, #[case] expected: HttpErrorKind) {
    for idempotency in [Idempotency::Safe, Idempotency::Idempotent, Idempotency::Never] {
        let verdict = judge(Service::Gitlab, idempotency, &status(code, &[]));
        assert_eq!(verdict.kind, expected);
        assert!(!verdict.again && !verdict.ambiguous);
    }
}

#[test]
fn what_more_a_service_calls_transient_is_heeded() {
    assert!(judge(Service::Gcs, Idempotency::Safe, &status(408, &[])).again);
    assert!(!judge(Service::Gitlab, Idempotency::Safe, &status(408, &[])).again);
}

#[test]
fn r18_a_tls_failure_is_final_and_keeps_its_words() {
    let verdict =
        judge(Service::Errata, Idempotency::Safe, &sent(SendErrorKind::Tls, Processed::No));
    assert_eq!(verdict.kind, HttpErrorKind::Tls { problem: "m".to_owned() });
    assert!(!verdict.again);
    assert_eq!(ErrorClass::UpstreamUnavailable.code(), "upstream_unavailable");
}
