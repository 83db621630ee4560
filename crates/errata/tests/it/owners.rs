//! Handing over.

use oar_errata::{AdvisoryError, ErrataRead as _, ErrataWrite as _, change_owners};
use oar_release::ErrorClass;
use oar_sandbox::fault::{Kind, Rule};
use oar_transport::testing::Step;
use oar_transport::{Processed, SendErrorKind};
use serde_json::json;

use crate::support::{ID, Lab, RHCOS, advisory, erratum, scripted};

const LEAD: &str = "lead@example.com";

#[tokio::test]
async fn spec02_case_06_one_put_with_one_field() {
    let (script, errata) = scripted([Step::answer(204, "")]);
    errata.change_owner(ID, LEAD).await.unwrap();
    let seen = script.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].method.as_str(), seen[0].header("content-type")),
        ("PUT", Some("application/x-www-form-urlencoded"))
    );
    assert_eq!(&seen[0].body[..], b"advisory%5Bassigned_to_email%5D=lead%40example.com");
}

#[tokio::test]
async fn spec02_case_06_the_owner_of_old_is_replaced_and_the_same_one_is_left_alone() {
    let lab = Lab::with(|world| advisory(world, RHCOS).assigned_to = 91);
    let set = lab.konflux_set().await;
    let report = change_owners(&lab.errata, &lab.errata, set, "LEAD@example.com").await.unwrap();
    assert_eq!((report.changed, report.already), (vec![ID], vec![RHCOS]));
    assert!(report.failed.is_empty() && report.abnormal.is_empty());
    assert_eq!(lab.effects(), [format!("change-owner {ID}")]);
    // Again: nothing to do.
    let set = lab.konflux_set().await;
    let report = change_owners(&lab.errata, &lab.errata, set, LEAD).await.unwrap();
    assert_eq!(report.changed, []);
    assert_eq!(lab.count("change-owner"), 1);
}

#[tokio::test]
async fn spec02_case_07_what_is_no_address_is_refused_before_any_request() {
    for email in ["lead@example", "", "lead", "a b@example.com"] {
        let (script, errata) = scripted([Step::answer(204, "")]);
        let error = errata.change_owner(ID, email).await.unwrap_err();
        assert!(matches!(error, AdvisoryError::NotAnAddress { .. }), "{error}");
        assert_eq!(error.class(), ErrorClass::InvalidArgument);
        assert!(script.seen().is_empty());
        let set = oar_errata::WorkingSet::default();
        change_owners(&errata, &errata, set, email).await.unwrap_err();
    }
}

#[tokio::test]
async fn spec02_case_07_an_advisory_in_new_files_is_handed_over_and_told() {
    let lab = Lab::with(|world| advisory(world, ID).state = "NEW_FILES".to_owned());
    let set = lab.set(&[("rpm", ID.0)], &["rhcos"]).await;
    let report = change_owners(&lab.errata, &lab.errata, set, LEAD).await.unwrap();
    assert_eq!(report.changed, [ID]);
    let abnormal: Vec<_> =
        report.abnormal.iter().map(|one| (one.impetus.as_str(), one.id)).collect();
    assert_eq!(abnormal, [("rpm", Some(ID)), ("rhcos", None)]);
}

#[tokio::test]
async fn one_that_fails_does_not_stop_the_others() {
    let lab = Lab::new();
    let put = Rule::once("errata", Kind::Status(422)).method(http::Method::PUT);
    lab.sandbox.plant(put.path(ID.to_string()));
    let set = lab.konflux_set().await;
    let report = change_owners(&lab.errata, &lab.errata, set, LEAD).await.unwrap();
    assert_eq!(report.changed, [RHCOS]);
    let failure = report.failure().unwrap();
    assert!(failure.contains(&ID.to_string()) && failure.contains("refused"), "{failure}");
}

#[tokio::test]
async fn somebody_without_an_account_is_refused_in_the_errata_tools_words() {
    let lab = Lab::new();
    let error = lab.errata.change_owner(ID, "stranger@example.com").await.unwrap_err();
    assert!(error.to_string().contains("assigned_to: is not a valid user"), "{error}");
    assert!(error.to_string().contains(&ID.to_string()), "{error}");
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_by_the_account() {
    let lost = || Step::Fail(SendErrorKind::Interrupted, Processed::Unknown);
    let owner = |email: &str| Step::json(&json!({ "login_name": email, "email_address": null }));
    let erratum = || Step::json(&erratum(ID.0, "QE"));
    let (_, errata) = scripted([lost(), erratum(), owner("Lead@Example.com")]);
    errata.change_owner(ID, LEAD).await.unwrap();
    let (script, errata) = scripted([lost(), erratum(), owner("old@example.com")]);
    let error = errata.change_owner(ID, LEAD).await.unwrap_err();
    assert!(matches!(error, AdvisoryError::Lost { .. }), "{error}");
    assert_eq!(script.seen().iter().filter(|seen| seen.method == "PUT").count(), 1);
}

#[tokio::test]
async fn an_account_is_asked_for_once() {
    let (script, errata) = scripted([Step::json(&json!({ "login_name": LEAD }))]);
    for _ in 0..2 {
        assert!(errata.clone().user(77).await.unwrap().is(LEAD));
    }
    assert_eq!(script.seen().len(), 1);
}
