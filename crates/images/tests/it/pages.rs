//! The page of an advisory: there, not yet, or not to be asked.

use std::sync::Arc;

use oar_images::payload::{AdvisoryPages as _, HttpAdvisoryPages, PageAnswer};
use oar_transport::testing::{Script, Step, client};

const URL: &str = "https://access.redhat.com/errata/RHSA-2026:0001";

async fn asked(url: &str, steps: impl IntoIterator<Item = Step>) -> (Script, PageAnswer) {
    let script = Script::new(steps);
    let http = client(Arc::new(script.clone()));
    let pages = HttpAdvisoryPages::new(&http, vec!["access.redhat.com".to_owned()]);
    let answer = pages.page(Some(url.to_owned())).await;
    (script, answer)
}

fn page() -> Step {
    Step::answer(200, "<html><title>RHSA-2026:0001 - Security Advisory</title></html>")
}

fn redirect(to: &'static str) -> Step {
    Step::answer(302, "").with("location", to)
}

#[tokio::test]
async fn a_page_about_the_advisory_is_accessible() {
    assert_eq!(asked(URL, [page()]).await.1, PageAnswer::Accessible);
    let encoded = "https://access.redhat.com/errata/RHSA-2026%3A0001/";
    assert_eq!(asked(encoded, [page()]).await.1, PageAnswer::Accessible);
    let (script, answer) = asked(URL, [redirect("/de/errata/RHSA-2026:0001"), page()]).await;
    assert_eq!(answer, PageAnswer::Accessible);
    assert_eq!(script.seen()[1].url, "https://access.redhat.com/de/errata/RHSA-2026:0001");
}

#[tokio::test]
async fn anything_else_is_not_yet() {
    for step in [
        Step::answer(404, "not found"),
        Step::answer(403, ""),
        Step::answer(204, ""),
        Step::answer(200, "<html>Page not found</html>"),
        Step::answer(200, "<html>RHSA-2026:0002</html>"),
        redirect("https://sso.redhat.com/login"),
        redirect("http://access.redhat.com/errata/RHSA-2026:0001"),
        redirect("https://access.redhat.com.evil.example.com/"),
        redirect("https://access.redhat.com:8443/"),
        redirect("/errata/RHSA-2026:0001"),
    ] {
        let (script, answer) = asked(URL, [step.clone()]).await;
        assert!(matches!(answer, PageAnswer::NotYet { .. }), "{step:?}: {answer:?}");
        assert!(script.seen().len() <= 6);
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_is_told_apart_and_may_pass() {
    for step in [Step::Stall, Step::answer(503, ""), Step::answer(429, ""), Step::Endless] {
        let (_, answer) = asked(URL, [step.clone()]).await;
        assert!(
            matches!(answer, PageAnswer::Error { retryable: true, .. }),
            "{step:?}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn addresses_on_other_hosts_are_not_asked() {
    for url in [
        "https://evil.example.com/errata/RHSA-2026:0001",
        "http://access.redhat.com/errata/RHSA-2026:0001",
        "https://access.redhat.com@evil.example.com/x",
        "https://user@access.redhat.com/x",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "nonsense",
    ] {
        let (script, answer) = asked(url, [page()]).await;
        assert!(matches!(answer, PageAnswer::Error { retryable: false, .. }), "{url}: {answer:?}");
        assert!(script.seen().is_empty(), "{url}");
    }
}

#[tokio::test]
async fn a_payload_without_an_address_has_no_page() {
    let http = client(Arc::new(Script::new([page()])));
    let pages = HttpAdvisoryPages::new(&http, vec!["access.redhat.com".to_owned()]);
    assert_eq!(pages.page(None).await, PageAnswer::NoUrl);
    assert_eq!(pages.page(Some(" ".to_owned())).await, PageAnswer::NoUrl);
}
