//! Advisories behind `internal_url`.

use http::Method;
use oar_gitlab_shipment::{GitLabRead as _, ShipmentError};
use oar_release::ErrorClass;
use oar_transport::testing::Step;

use crate::fake::{Fake, GitLabFake as _, HOME, TOKEN};

fn document() -> Step {
    let digest = "a".repeat(64);
    Step::answer(
        200,
        format!(
            "spec:\n  content:\n    images:\n      - containerImage: r.example.com/x@sha256:{digest}\n        component: x\n        architecture: amd64\n"
        ),
    )
}

fn raw() -> String {
    format!("{HOME}/invented/advisories/-/raw/main/data/1555/advisory.yaml")
}

async fn read(fake: &Fake, url: &str) -> Result<usize, ShipmentError> {
    Ok(fake.gitlab().advisory(url).await?.images.len())
}

#[tokio::test]
async fn a_file_of_our_gitlab_is_read_through_its_interface() {
    let fake = Fake::default().on(Method::GET, "/raw?ref=main", document());
    assert_eq!(read(&fake, &raw()).await.unwrap(), 1);
    let seen = &fake.seen()[0];
    assert!(seen.url.ends_with(
        "/projects/invented%2Fadvisories/repository/files/data%2F1555%2Fadvisory.yaml/raw?ref=main"
    ), "{}", seen.url);
    assert_eq!(seen.header("private-token"), Some(TOKEN));
}

#[tokio::test]
async fn another_allowed_host_gets_no_token() {
    let fake = Fake::default().on(Method::GET, "errata.devel.redhat.com", document());
    assert_eq!(read(&fake, "https://errata.devel.redhat.com/a.yaml").await.unwrap(), 1);
    assert_eq!(fake.seen()[0].header("private-token"), None);
}

#[tokio::test]
async fn spec03_case_19_other_hosts_are_not_asked() {
    let fake = Fake::default().on(Method::GET, "/", document());
    for url in [
        "https://evil.example.com/advisory.yaml",
        "https://gitlab.example.com.evil.example.com/a/b/-/raw/main/x",
        "http://errata.devel.redhat.com/a.yaml",
        "https://errata.devel.redhat.com@evil.example.com/a.yaml",
        "https://user:pw@errata.devel.redhat.com/a.yaml",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "gopher://errata.devel.redhat.com/",
        "https://gitlab.example.com/invented/advisories/-/issues/1",
        "not an address",
        "",
    ] {
        let error = read(&fake, url).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::InvalidArgument, "{url}: {error}");
        assert!(!error.to_string().contains("pw@"), "{error}");
    }
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn a_login_page_is_no_advisory_without_images() {
    for answer in [
        Step::answer(302, "").with("location", "https://sso.example.com/login"),
        Step::answer(302, "").with("location", "https://gitlab.example.com/users/sign_in"),
        Step::answer(200, "<html><title>Sign in</title></html>"),
        Step::answer(200, "spec: {content: {}}"),
        Step::answer(204, ""),
        Step::answer(200, &b"\xff"[..]),
        Step::Endless,
    ] {
        let fake = Fake::default().on(Method::GET, "/raw?ref=main", answer.clone());
        let error = read(&fake, &raw()).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Undetermined, "{answer:?}: {error}");
        assert_eq!(fake.seen().len(), 1, "no redirect is followed");
        assert!(error.to_string().contains("gitlab.example.com"), "{error}");
    }
}

#[tokio::test]
async fn a_missing_file_and_a_bad_token_are_told_apart() {
    for (status, class) in [(404, ErrorClass::NotFound), (401, ErrorClass::UnauthenticatedUpstream)]
    {
        let fake = Fake::default().on(Method::GET, "/raw", Step::answer(status, "{}"));
        assert_eq!(read(&fake, &raw()).await.unwrap_err().class(), class);
    }
}
