//! Container verification tests.

use oar_errata::{CvpStatus, ErrataRead as _, check_cvp};
use oar_release::{ErrorClass, TaskOutcome};
use oar_sandbox::errata::Test;
use oar_sandbox::fault::{Kind, Rule};
use oar_transport::testing::Step;
use serde_json::{Value, json};

use crate::support::{ID, Lab, scripted};

const IMAGE: u64 = 980_172;
const EXTRAS: u64 = 980_171;

async fn outcome(statuses: &[&str]) -> (TaskOutcome, Vec<u64>, usize) {
    let lab = Lab::with(|world| {
        for (number, status) in (200..).zip(statuses) {
            let nvr = (number != 201).then(|| format!("nvr-{number}"));
            let test = Test { advisory: IMAGE, nvr, status: (*status).to_owned() };
            world.errata.tests.insert(number, test);
        }
    });
    let set = lab.set(&[("image", IMAGE), ("extras", EXTRAS)], &[]).await;
    let report = check_cvp(&lab.errata, &set).await;
    let abnormal = report.abnormal.iter().map(|test| test.id).collect();
    (report.outcome(), abnormal, report.failed().count())
}

#[tokio::test]
async fn spec02_case_08_only_failures_fail() {
    let in_progress = || TaskOutcome::InProgress { job: None };
    assert_eq!(outcome(&[]).await, (TaskOutcome::Pass, vec![], 0));
    assert_eq!(outcome(&["PASSED", "WAIVED"]).await, (TaskOutcome::Pass, vec![], 0));
    assert_eq!(outcome(&["PENDING", "PASSED"]).await, (in_progress(), vec![200], 0));
    // R22: a word that nobody knows is shown, and is no failure.
    assert_eq!(outcome(&["MOSTLY_FINE"]).await, (in_progress(), vec![200], 0));
    for word in ["FAILED", "INELIGIBLE"] {
        let (outcome, abnormal, failed) = outcome(&["PASSED", word, "PENDING"]).await;
        assert!(matches!(outcome, TaskOutcome::Fail { .. }), "{word}: {outcome:?}");
        assert_eq!((abnormal, failed), (vec![201, 202], 1));
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_leaves_no_verdict_unless_another_failed() {
    for (status, expected) in [("PASSED", "undetermined"), ("FAILED", "fail")] {
        let lab = Lab::with(|world| {
            let test = Test { advisory: IMAGE, nvr: None, status: status.to_owned() };
            world.errata.tests.insert(7, test);
        });
        let rule = Rule::once("errata", Kind::Status(403)).path("external_tests");
        lab.sandbox.plant(rule.path(format!("%5Berrata_id%5D={EXTRAS}")));
        let set = lab.set(&[("image", IMAGE), ("extras", EXTRAS)], &[]).await;
        let report = check_cvp(&lab.errata, &set).await;
        assert_eq!(report.outcome().word(), expected, "{report:?}");
    }
}

fn page(ids: std::ops::Range<u64>) -> Step {
    let test = |id: u64| {
        json!({ "id": id, "attributes": { "status": "FAILED" },
                "relationships": { "errata": { "id": ID.0 }, "brew_build": null } })
    };
    Step::json(&json!({ "data": ids.map(test).collect::<Vec<Value>>() }))
}

#[tokio::test]
async fn pages_are_read_until_one_is_empty_or_repeats() {
    for last in [page(0..0), page(3..5)] {
        let (script, errata) = scripted([page(1..3), page(2..5), last]);
        let tests = errata.cvp_tests(ID).await.unwrap();
        assert_eq!(tests.iter().map(|test| test.id).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!((tests[0].nvr.as_ref(), &tests[0].status), (None, &CvpStatus::Failed));
        let seen = script.seen();
        assert_eq!(seen.len(), 3);
        assert_eq!(
            seen[1].url,
            "https://errata.devel.redhat.com/api/v1/external_tests/?filter%5Bactive%5D=true\
             &filter%5Berrata_id%5D=990031&filter%5Btest_type%5D=greenwave_cvp\
             &page%5Bnumber%5D=2&page%5Bsize%5D=1000"
        );
    }
}

#[tokio::test]
async fn a_page_after_the_first_that_fails_fails_the_list() {
    let (_, errata) = scripted([page(1..3), Step::answer(403, "{}")]);
    let error = errata.cvp_tests(ID).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::ForbiddenUpstream);
}
