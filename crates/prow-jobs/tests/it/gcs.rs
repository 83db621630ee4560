//! The storage: who asks, for which object, and what the answers mean.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use oar_prow_jobs::{
    GcsAccess, HttpGcs, RunArtifacts as _, RunFiles as _, RunPage, RunSource, RunState, SCOPE,
};
use oar_release::clock::{ManualClock, SeededEntropy};
use oar_release::{ErrorClass, Masker};
use oar_sandbox::Sandbox;
use oar_sandbox::fault::{Kind, Rule};
use oar_sandbox::world::World;
use oar_transport::google::{GoogleTokens, ServiceAccount};
use oar_transport::testing::{NOW, Script, Step, client};
use oar_transport::{Endpoints, HttpClient, Secret};
use serde_json::json;

const JOB: &str =
    "periodic-ci-openshift-openshift-tests-private-release-4.99-automated-release-aws-ipi-f999";
const FOLDER: &str = "artifacts/aws-ipi-f999/openshift-e2e-test-qe-report/artifacts";

fn page() -> RunPage {
    RunPage::new("qe-private-deck", JOB, "21").unwrap()
}

fn path(name: &str) -> String {
    format!("qe-private-deck/{}", page().below(name))
}

fn world(put: impl FnOnce(&mut World)) -> (Sandbox, HttpGcs) {
    let mut world = World::seeded();
    put(&mut world);
    let sandbox = Sandbox::in_memory(world);
    let http = client(Arc::new(sandbox.clone()));
    (sandbox, HttpGcs::new(&http, GcsAccess::Token(Secret::new("any").into())))
}

fn key_file(folder: &Path) -> PathBuf {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let file = json!({
        "client_email": "reader@project.example.com", "private_key": key.serialize_pem(),
        "token_uri": "https://oauth2.googleapis.com/token",
    });
    let path = folder.join("key.json");
    std::fs::write(&path, file.to_string()).unwrap();
    path
}

fn token(value: &str) -> Step {
    Step::json(&json!({ "access_token": value, "expires_in": 3600 }))
}

/// The storage asked as a service account, and the clock of its tokens.
fn account(steps: Vec<Step>) -> (Script, Arc<ManualClock>, HttpGcs) {
    let folder = tempfile::tempdir().unwrap();
    let account = ServiceAccount::read("GCS_CRED_FILE", &key_file(folder.path())).unwrap();
    let script = Script::new(steps);
    let clock = Arc::new(ManualClock::new(NOW.parse().unwrap()));
    let http = HttpClient::new(
        Arc::new(script.clone()),
        Arc::clone(&clock) as _,
        Arc::new(SeededEntropy::new(1)),
        Endpoints::default(),
        Masker::default(),
    );
    let renew = SignedDuration::from_mins(5);
    let tokens = Arc::new(GoogleTokens::new(&http, account, SCOPE, renew));
    (script, clock, HttpGcs::new(&http, GcsAccess::Account(tokens)))
}

#[tokio::test(start_paused = true)]
async fn one_token_serves_all_clones_until_five_minutes_before_its_end() {
    let gone = || Step::answer(404, "");
    let steps = vec![token("first-token"), gone(), gone(), token("second-token"), gone()];
    let (script, clock, gcs) = account(steps);
    gcs.read(&page(), "a", 100).await.unwrap();
    clock.advance(SignedDuration::from_mins(54));
    gcs.clone().read(&page(), "a", 100).await.unwrap();
    clock.advance(SignedDuration::from_mins(2));
    gcs.read(&page(), "a", 100).await.unwrap();
    let seen = script.seen();
    let tokens: Vec<_> = seen.iter().filter_map(|seen| seen.header("authorization")).collect();
    assert_eq!(tokens, ["Bearer first-token", "Bearer first-token", "Bearer second-token"]);
    assert!(seen[0].url.starts_with("https://oauth2.googleapis.com/token"));
    assert_eq!(seen.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once() {
    let refused = || Step::answer(401, "");
    let steps =
        vec![token("first-token"), refused(), token("second-token"), Step::answer(200, "x")];
    let (_, _, gcs) = account(steps);
    assert_eq!(gcs.read(&page(), "a", 100).await.unwrap().unwrap(), "x");
    let (script, _, gcs) = account(vec![token("first"), refused(), token("second"), refused()]);
    let error = gcs.read(&page(), "a", 100).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream);
    assert_eq!(script.seen().len(), 4);
}

#[test]
fn a_missing_key_file_is_told_by_its_path() {
    let error = ServiceAccount::read("GCS_CRED_FILE", "/no/such/key.json".as_ref()).unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotConfigured);
    assert!(error.to_string().starts_with("GCS_CRED_FILE: /no/such/key.json"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn objects_are_asked_for_by_their_exact_name_in_the_bucket_of_the_page() {
    let script = Script::new([Step::answer(200, "text"), Step::json(&json!({}))]);
    let gcs = HttpGcs::new(&client(Arc::new(script.clone())), GcsAccess::Anonymous);
    let page: RunPage =
        "https://prow.ci.openshift.org/view/gs/test-platform-results/logs/periodic-x/21"
            .parse()
            .unwrap();
    gcs.read(&page, "build-log.txt", 100).await.unwrap();
    assert_eq!(gcs.find(&page, "artifacts/**/a*.xml").await.unwrap(), Vec::<String>::new());
    let seen = script.seen();
    assert_eq!(
        seen[0].url,
        "https://storage.googleapis.com/download/storage/v1/b/test-platform-results/o/\
         logs%2Fperiodic-x%2F21%2Fbuild-log.txt?alt=media"
    );
    assert_eq!(seen[0].header("authorization"), None);
    let list = url_pairs(&seen[1].url);
    assert!(seen[1].url.contains("/storage/v1/b/test-platform-results/o?"), "{}", seen[1].url);
    for pair in [
        ("prefix", "logs/periodic-x/21/"),
        ("matchGlob", "logs/periodic-x/21/artifacts/**/a*.xml"),
        ("projection", "noAcl"),
    ] {
        assert!(
            list.iter().any(|(name, value)| (name.as_str(), value.as_str()) == pair),
            "{list:?}"
        );
    }
}

fn url_pairs(address: &str) -> Vec<(String, String)> {
    let uri: http::Uri = address.parse().unwrap();
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let plain = |text: &str| text.replace("%2F", "/").replace("%2A", "*");
    pairs.map(|(name, value)| (name.to_owned(), plain(value))).collect()
}

#[tokio::test(start_paused = true)]
async fn long_lists_are_read_to_their_end_and_one_that_repeats_itself_is_an_error() {
    let (_, gcs) = world(|world| {
        for number in 0..2500 {
            world.prow.objects.put(&path(&format!("artifacts/{number:04}.xml")), "x");
        }
    });
    let names = gcs.find(&page(), "artifacts/*.xml").await.unwrap();
    assert_eq!((names.len(), names[2499].as_str()), (2500, "artifacts/2499.xml"));
    let again = || Step::json(&json!({ "items": [], "nextPageToken": "same" }));
    let script = Script::new([again(), again(), again()]);
    let gcs = HttpGcs::new(&client(Arc::new(script.clone())), GcsAccess::Anonymous);
    assert!(gcs.find(&page(), "x").await.is_err());
    assert_eq!(script.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn trouble_is_retried_and_a_refusal_is_not() {
    for status in [408, 429, 500, 503] {
        let (sandbox, gcs) = world(|world| world.prow.objects.put(&path("a"), "text"));
        sandbox.plant(Rule::once("gcs", Kind::Status(status)));
        assert_eq!(gcs.read(&page(), "a", 100).await.unwrap().unwrap(), "text", "{status}");
    }
    let (sandbox, gcs) = world(|world| world.prow.objects.put(&path("a"), "text"));
    sandbox.plant(Rule::once("gcs", Kind::Status(403)));
    let error = gcs.read(&page(), "a", 100).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::ForbiddenUpstream);
    assert_eq!(sandbox.requests()["gcs GET"], 1);
    let anonymous = HttpGcs::new(&client(Arc::new(sandbox)), GcsAccess::Anonymous);
    let error = anonymous.read(&page(), "a", 100).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream);
}

#[tokio::test(start_paused = true)]
async fn a_file_is_read_while_it_arrives_also_when_it_is_compressed() {
    let text = "a line of text\n".repeat(100_000);
    for gzip in [false, true] {
        let (_, gcs) = world(|world| {
            world.prow.objects.put(&path("log"), &text);
            if gzip {
                world.prow.objects.put_gzip(&path("log"), &text);
            }
        });
        let stream = gcs.open(&page(), "log").await.unwrap().unwrap();
        let lines = stream.consume(|reader| {
            let mut text = String::new();
            std::io::Read::read_to_string(reader, &mut text).map(|_| text.lines().count())
        });
        assert_eq!(lines.await.unwrap().unwrap(), 100_000);
        // Whoever has enough leaves early.
        let stream = gcs.open(&page(), "log").await.unwrap().unwrap();
        let first = stream.consume(|reader| {
            let mut line = String::new();
            std::io::BufRead::read_line(reader, &mut line).map(|_| line)
        });
        assert_eq!(first.await.unwrap().unwrap(), "a line of text\n");
        assert!(gcs.open(&page(), "other").await.unwrap().is_none());
    }
    let (sandbox, gcs) = world(|world| world.prow.objects.put(&path("log"), &text));
    sandbox.plant(Rule::once("gcs", Kind::Truncated));
    let stream = gcs.open(&page(), "log").await.unwrap().unwrap();
    let read = stream.consume(|reader| std::io::copy(reader, &mut std::io::sink()).is_ok()).await;
    assert!(read.is_err(), "a file that broke off is not a short file: {read:?}");
}

#[tokio::test(start_paused = true)]
async fn spec04_case_17_the_report_of_the_tests_is_read_by_its_exact_name_or_found() {
    let report = "suite: {total: 3, failures: 1, errors: 0, skipped: 0, failingScenarios: [x]}\n";
    let expected = json!({ "suite": { "total": 3, "failures": 1, "errors": 0, "skipped": 0,
                                      "failingScenarios": ["x"] } });
    for (folder, requests) in
        [(FOLDER, 1), ("artifacts/other/openshift-e2e-test-qe-report/artifacts", 3)]
    {
        let file = path(&format!("{folder}/test-results.yaml"));
        let (sandbox, gcs) = world(|world| world.prow.objects.put_gzip(&file, report));
        let summary = gcs.test_summary(&page()).await.unwrap();
        assert_eq!(summary.map(serde_json::Value::Object), Some(expected.clone()));
        assert_eq!(sandbox.requests()["gcs GET"], requests, "{folder}");
    }
    let (_, gcs) = world(|_| {});
    assert_eq!(gcs.test_summary(&page()).await.unwrap(), None);
    let file = path(&format!("{FOLDER}/test-results.yaml"));
    let (_, gcs) = world(|world| world.prow.objects.put(&file, "a: ["));
    assert!(gcs.test_summary(&page()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn spec04_case_16_a_forgotten_run_is_told_by_its_prow_job_or_by_its_summary() {
    let job = json!({ "metadata": { "name": "an-id" }, "spec": { "job": JOB },
                      "status": { "state": "pending", "startTime": "2026-03-02T09:00:00Z" } });
    let end = json!({ "timestamp": 1_772_445_600, "passed": true, "result": "SUCCESS" });
    let told = |files: Vec<(&'static str, String)>| async move {
        let put = |world: &mut World| {
            for (name, text) in &files {
                world.prow.objects.put(&path(name), text);
            }
        };
        let (_, gcs) = world(put);
        gcs.run(&page()).await.unwrap()
    };
    assert_eq!(told(vec![]).await, None);
    let run = told(vec![("prowjob.json", job.to_string())]).await.unwrap();
    assert_eq!((run.state, run.completed_at), (Some(RunState::Pending), None));
    let both = vec![("prowjob.json", job.to_string()), ("finished.json", end.to_string())];
    let run = told(both).await.unwrap();
    assert_eq!((run.state, run.source), (Some(RunState::Success), RunSource::ProwJobFile));
    assert_eq!(run.completed_at.as_deref(), Some("2026-03-02T10:00:00Z"));
    let run = told(vec![("finished.json", end.to_string())]).await.unwrap();
    assert_eq!((run.state, run.source), (Some(RunState::Success), RunSource::FinishedFile));
}
