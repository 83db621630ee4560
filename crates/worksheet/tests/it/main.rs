//! The client against Google's answers.

use std::path::PathBuf;
use std::sync::Arc;

use oar_release::{ErrorClass, ReleaseVersion};
use oar_transport::testing::{Script, Step, client};
use oar_worksheet::{HttpWorksheets, ServiceAccount, WorksheetError, WorksheetRead as _};
use serde_json::{Value, json};

const ACCOUNT: &str = "reports@project.example.com";

fn key_file(change: impl FnOnce(&mut Value)) -> (tempfile::TempDir, PathBuf) {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
    let mut file = json!({
        "client_email": ACCOUNT,
        "token_uri": "https://oauth2.googleapis.com/token",
        "private_key": key.serialize_pem(),
        "private_key_id": "key-1",
    });
    change(&mut file);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("account.json");
    std::fs::write(&path, file.to_string()).expect("the key file");
    (folder, path)
}

fn scripted(steps: impl IntoIterator<Item = Step>) -> (Script, HttpWorksheets) {
    let (_folder, path) = key_file(|_| {});
    let account = ServiceAccount::read("GCP_SA_FILE", &path).expect("a service account");
    let script = Script::new(steps);
    let http = client(Arc::new(script.clone()));
    (script, HttpWorksheets::new(&http, account))
}

fn release() -> ReleaseVersion {
    "4.98.1".parse().expect("a release")
}

fn token() -> Step {
    Step::json(&json!({ "access_token": "canary-token", "expires_in": "3599" }))
}

fn document() -> Step {
    Step::json(&json!({ "sheets": [
        { "properties": { "sheetId": 1, "title": "template" } },
        { "properties": { "sheetId": 7, "title": "4.98.10" } },
        { "properties": { "sheetId": 42, "title": "4.98.1" } },
    ]}))
}

#[tokio::test(start_paused = true)]
async fn a_report_is_found_by_its_exact_title_with_two_requests() {
    let (script, sheets) = scripted([token(), document()]);
    let found = sheets.find("DOC", &release()).await.expect("an answer");
    let url = found.expect("a report").url;
    assert_eq!(url, "https://docs.google.com/spreadsheets/d/DOC#gid=42");
    let requests = script.seen();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].url, "https://oauth2.googleapis.com/token");
    assert_eq!(
        requests[1].url,
        "https://sheets.googleapis.com/v4/spreadsheets/DOC?includeGridData=false"
    );
    assert_eq!(requests[1].header("authorization"), Some("Bearer canary-token"));
}

#[tokio::test(start_paused = true)]
async fn r02_no_sheet_of_that_name_is_an_answer() {
    let (_, sheets) = scripted([token(), document()]);
    let other = "4.98.2".parse().expect("a release");
    assert_eq!(sheets.find("DOC", &other).await.expect("an answer"), None);
}

#[tokio::test(start_paused = true)]
async fn the_token_is_kept_and_renewed_after_a_401_at_most_twice() {
    let (script, sheets) = scripted([token(), document(), document()]);
    for _ in 0..2 {
        sheets.find("DOC", &release()).await.expect("an answer");
    }
    assert_eq!(script.seen().len(), 3);

    let refused = || Step::answer(401, "");
    let (script, sheets) = scripted([token(), refused(), token(), refused(), token(), refused()]);
    let error = sheets.find("DOC", &release()).await.expect_err("refused");
    assert!(matches!(error, WorksheetError::Account { .. }), "{error}");
    assert_eq!(script.seen().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_refused_document_names_itself_and_the_account() {
    for (status, class) in [(403, ErrorClass::ForbiddenUpstream), (404, ErrorClass::NotFound)] {
        let (script, sheets) = scripted([token(), Step::answer(status, "")]);
        let error = sheets.find("DOC", &release()).await.expect_err("refused");
        assert_eq!(error.class(), class);
        let text = error.to_string();
        assert!(text.contains("DOC") && text.contains(ACCOUNT), "{text}");
        assert_eq!(script.seen().len(), 2, "not tried again");
    }
}

#[tokio::test(start_paused = true)]
async fn r35_a_quota_is_waited_out_also_when_it_is_a_403() {
    let body = json!({ "error": { "errors": [{ "reason": "userRateLimitExceeded" }] } });
    let quota = || Step::answer(403, body.to_string());
    let (script, sheets) =
        scripted([token(), quota(), Step::answer(429, ""), Step::answer(503, ""), document()]);
    assert!(sheets.find("DOC", &release()).await.expect("an answer").is_some());
    assert_eq!(script.seen().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_an_error_and_never_no_report() {
    let steps = std::iter::once(token()).chain((0..8).map(|_| Step::answer(503, "")));
    let (_, sheets) = scripted(steps);
    let error = sheets.find("DOC", &release()).await.expect_err("an outage");
    assert_eq!(error.class(), ErrorClass::UpstreamUnavailable);

    let (_, sheets) = scripted([Step::answer(400, r#"{"error": "invalid_grant"}"#)]);
    let error = sheets.find("DOC", &release()).await.expect_err("refused");
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream);
    assert!(error.to_string().contains(ACCOUNT));
}

#[test]
fn a_broken_key_file_is_told_by_place_and_never_by_content() {
    let (_folder, path) = key_file(|file| {
        file.as_object_mut().expect("an object").remove("private_key");
    });
    let text = ServiceAccount::read("GCP_SA_FILE", &path).expect_err("no key").to_string();
    assert!(text.contains("account.json") && text.contains("private_key"), "{text}");

    std::fs::write(&path, "{\"private_key\": canary").expect("the key file");
    let text = ServiceAccount::read("GCP_SA_FILE", &path).expect_err("no JSON").to_string();
    assert!(text.contains("line 1") && !text.contains("canary"), "{text}");

    let (_folder, path) = key_file(|file| file["token_uri"] = json!("https://evil.example.com/"));
    let error = ServiceAccount::read("GCP_SA_FILE", &path).expect_err("another audience");
    assert_eq!(error.class(), ErrorClass::NotConfigured);

    let missing =
        ServiceAccount::read("GCP_SA_FILE", "/no/such/file".as_ref()).expect_err("no file");
    assert!(missing.to_string().contains("/no/such/file"));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_none_is_told_before_anything_is_sent() {
    let (_folder, path) = key_file(|file| file["private_key"] = json!("canary-key"));
    let account = ServiceAccount::read("GCP_SA_FILE", &path).expect("readable");
    let script = Script::new([token()]);
    let sheets = HttpWorksheets::new(&client(Arc::new(script.clone())), account);
    let error = sheets.find("DOC", &release()).await.expect_err("no key");
    assert_eq!(error.class(), ErrorClass::NotConfigured);
    assert!(!format!("{error:?}").contains("canary-key"));
    assert!(script.seen().is_empty());
}
