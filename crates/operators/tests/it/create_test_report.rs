//! Making the StateBox, when other places may know the release already (spec 01 §10.6).

use std::sync::Arc;

use async_trait::async_trait;
use oar_operators::OperatorError;
use oar_operators::commands::create_test_report;
use oar_operators::context::{LegacyReport, LegacyReports};
use oar_release::{ErrorClass, ReleaseVersion};
use oar_slack::{MockSlackWrite, SlackError};
use oar_state_repo::RepoError;
use oar_transport::google::GoogleError;

use crate::desk::{Desk, release};

#[derive(Debug)]
pub struct Reports(pub LegacyReport);

#[async_trait]
impl LegacyReports for Reports {
    async fn find(&self, _release: &ReleaseVersion) -> Result<LegacyReport, OperatorError> {
        Ok(self.0.clone())
    }
}

#[derive(Debug)]
pub struct Outage;

#[async_trait]
impl LegacyReports for Outage {
    async fn find(&self, release: &ReleaseVersion) -> Result<LegacyReport, OperatorError> {
        let path = "/etc/key.json".into();
        let problem = "no such file".to_owned();
        let source = GoogleError::KeyFile { variable: "GCP_SA_FILE", path, problem }.into();
        Err(OperatorError::LegacyReport { release: release.clone(), source })
    }
}

#[tokio::test(start_paused = true)]
async fn spec01_case_36_absent_and_no_report_is_one_create_and_one_message() {
    let desk = Desk::new();
    let created = create_test_report::run(&desk.context, &release()).await.expect("created");
    assert!(created.written && created.warnings.is_empty());
    assert_eq!(created.outcome.word(), "pass");
    assert_eq!(desk.repo.commits().len(), 1);
    let posted = desk.posted();
    assert_eq!(posted.len(), 1);
    assert!(posted[0].contains("4.99.3") && posted[0].contains("StateBox"), "{posted:?}");
}

#[tokio::test(start_paused = true)]
async fn spec01_case_36_an_existing_statebox_is_no_write_and_no_message() {
    let desk = Desk::begun();
    let before = desk.text();
    let found = create_test_report::run(&desk.context, &release()).await.expect("found");
    assert_eq!((found.written, found.outcome.word()), (false, "unchanged"));
    assert_eq!((desk.text(), desk.repo.commits().len()), (before, 0));
    assert_eq!(desk.posted(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn spec01_case_36_a_failed_existence_check_creates_nothing() {
    let desk = Desk::new();
    desk.repo
        .fail_read(RepoError::Unavailable { location: "GitHub".to_owned(), source: "503".into() });
    let error = create_test_report::run(&desk.context, &release()).await.expect_err("an outage");
    assert_eq!(error.class(), ErrorClass::UpstreamUnavailable);
    assert_eq!((desk.repo.commits().len(), desk.posted().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn spec01_case_36_a_release_with_a_worksheet_is_left_there() {
    let mut desk = Desk::new();
    let url = "https://docs.example.com/spreadsheets/d/DOC#gid=1".to_owned();
    desk.context.legacy_reports = Arc::new(Reports(LegacyReport::Found { url: url.clone() }));
    let found = create_test_report::run(&desk.context, &release()).await.expect("found");
    assert!(matches!(
        &found.outcome,
        oar_release::TaskOutcome::Unchanged { reason } if reason.contains(&url)
    ));
    assert_eq!((desk.repo.commits().len(), desk.posted().len()), (0, 0));
}

/// R2: a back end that is not set up is a value; an outage of one that is set up is an error.
#[tokio::test(start_paused = true)]
async fn r02_a_report_nobody_may_look_up_counts_as_none_and_an_outage_does_not() {
    let mut desk = Desk::new();
    desk.context.legacy_reports = Arc::new(Outage);
    let error = create_test_report::run(&desk.context, &release()).await.expect_err("an outage");
    assert!(error.hint().is_some());
    assert_eq!((desk.repo.commits().len(), desk.posted().len()), (0, 0));

    desk.context.legacy_reports = Arc::new(Reports(LegacyReport::NotLookedUp));
    let created = create_test_report::run(&desk.context, &release()).await.expect("created");
    assert!(created.written);
}

/// R39: trouble with the chat never blocks the work.
#[tokio::test(start_paused = true)]
async fn spec01_case_36_r39_a_failing_message_is_a_warning() {
    let mut desk = Desk::new();
    let mut broken = MockSlackWrite::new();
    broken
        .expect_post()
        .returning(|_| Err(SlackError::Token { code: "invalid_auth canary-secret".to_owned() }));
    if let Ok(messenger) = &mut desk.context.messenger {
        messenger.write = Arc::new(broken);
    }
    let created = create_test_report::run(&desk.context, &release()).await.expect("created");
    assert!(created.written);
    assert_eq!(created.warnings.len(), 1);
    let warning = &created.warnings[0];
    assert!(warning.contains("invalid_auth") && !warning.contains("canary"), "{warning}");
    assert_eq!(desk.repo.commits().len(), 1);
}

/// R15: what the build data lacks is told before anything is made.
#[tokio::test(start_paused = true)]
async fn r15_a_release_that_art_does_not_know_is_not_created() {
    let desk = Desk::new();
    let unknown: ReleaseVersion = "4.99.4".parse().expect("a release");
    let error = create_test_report::run(&desk.context, &unknown).await.expect_err("unknown");
    assert!(error.to_string().contains("4.99.4"), "{error}");
    assert_eq!((desk.repo.commits().len(), desk.posted().len()), (0, 0));
}
