//! The check of CVE trackers with elliott's own output (spec 03 §7, case 21).

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use oar_errata::{
    Elliott, ElliottConfig, Ended, ProcessError, ProcessOutput, ProcessSpec, RunProcess,
};
use oar_operators::report::CommandReport;
use oar_operators::tasks::check_cve_tracker_bug;
use oar_release::{ErrorClass, Masker, TaskOutcome};
use oar_transport::env::Environment;
use serde_json::json;

use crate::desk::release;
use crate::lab::Lab;

/// elliott as it answers every search; how often it was started is remembered.
#[derive(Debug)]
struct Answers {
    code: i32,
    stdout: &'static str,
    stderr: &'static str,
    searches: Mutex<usize>,
}

#[async_trait]
impl RunProcess for Answers {
    async fn run(&self, spec: ProcessSpec) -> Result<ProcessOutput, ProcessError> {
        let is_search = spec.arguments.iter().any(|argument| argument == "find-bugs");
        let (code, stdout) = if is_search { (self.code, self.stdout) } else { (0, "elliott 99") };
        *self.searches.lock().unwrap_or_else(PoisonError::into_inner) += usize::from(is_search);
        Ok(ProcessOutput {
            ended: Ended::Code(code),
            stdout: stdout.into(),
            stderr: self.stderr.into(),
        })
    }
}

const CREDENTIALS: [(&str, &str); 3] =
    [("JIRA_USERNAME", "bot@example.com"), ("JIRA_TOKEN", "t"), ("GITLAB_TOKEN", "t")];

/// Runs the check with an elliott that ends with `code`; answers how often it searched.
async fn check(
    lab: &mut Lab,
    variables: &[(&str, &str)],
    code: i32,
    stdout: &'static str,
) -> (CommandReport, usize) {
    let stderr = "assembly 4.99.3 is broken";
    let program = Arc::new(Answers { code, stdout, stderr, searches: Mutex::default() });
    let environment = Environment::from_map(variables.iter().copied());
    let processes: Arc<dyn RunProcess> = Arc::clone(&program) as _;
    let masker = Arc::new(Masker::new(Vec::new()));
    let elliott = Elliott::new(ElliottConfig::default(), environment, processes, masker);
    lab.desk.context.services.trackers = Arc::new(elliott);
    let report = check_cve_tracker_bug::run(&lab.desk.context, &release(), true).await;
    let searches = *program.searches.lock().unwrap_or_else(PoisonError::into_inner);
    (report, searches)
}

#[tokio::test(start_paused = true)]
async fn spec03_case_21_a_tracker_that_the_shipment_lacks_is_missed_and_one_blocker() {
    let mut lab = Lab::new();
    let found = r#"{"image": ["OCPBUGS-99001", "OCPBUGS-9"], "extras": []}"#;
    for _ in 0..2 {
        let (report, searches) = check(&mut lab, &CREDENTIALS, 0, found).await;
        assert!(matches!(report.outcome, TaskOutcome::Fail { .. }), "{report:?}");
        assert_eq!(searches, 2, "one per build system");
        let missed = report.facts["trackers"]["missed"].as_array().expect("a list");
        let keys: Vec<_> = missed.iter().map(|one| one["key"].clone()).collect();
        assert_eq!(json!(keys), json!(["OCPBUGS-9"]));
        let marker = "task [Check CVE Tracker Bug] status is changed to [Fail]";
        assert!(report.output.trim_end().ends_with(marker), "{}", report.output);
    }
    let state = lab.desk.context.boxes.require(&release()).await.expect("a StateBox");
    assert_eq!(state.issues.len(), 1, "{:?}", state.issues);
    assert!(state.issues[0].blocker, "{:?}", state.issues);
}

#[tokio::test(start_paused = true)]
async fn spec03_case_21_a_failing_elliott_is_an_error_with_its_words() {
    let mut lab = Lab::new();
    let (report, _) = check(&mut lab, &CREDENTIALS, 1, "{}").await;
    let error = report.error.expect("an error");
    assert!(error.message.contains("assembly 4.99.3 is broken"), "{}", error.message);
}

#[tokio::test(start_paused = true)]
async fn spec03_case_21_without_an_account_elliott_is_not_started() {
    let mut lab = Lab::new();
    let (report, searches) = check(&mut lab, &CREDENTIALS[1..], 0, "{}").await;
    let error = report.error.expect("an error");
    assert_eq!((error.code, searches), (ErrorClass::NotConfigured, 0), "{}", error.message);
    assert!(error.message.contains("JIRA_USERNAME"), "{}", error.message);
}
