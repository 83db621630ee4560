//! Changes of state, comments, alerts, pages.

use std::time::Duration;

use oar_errata::{
    AdvisoryError, AdvisoryState, ErrataRead as _, ErrataWrite as _, StagePushGuard, StateMove,
    current_alerts,
};
use oar_release::ErrorClass;
use oar_sandbox::fault::{Kind, Rule};
use oar_transport::testing::Step;
use oar_transport::{Processed, SendErrorKind};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{ID, Lab, advisory, erratum, scripted};

fn to_rel_prep() -> StateMove {
    StateMove::plan(ID, &AdvisoryState::Qe, &AdvisoryState::RelPrep).unwrap().unwrap()
}

fn in_state(state: &str) -> Step {
    Step::json(&erratum(ID.0, state))
}

fn lost() -> Step {
    Step::Fail(SendErrorKind::Interrupted, Processed::Unknown)
}

#[tokio::test]
async fn a_move_is_one_form_and_one_reading_back() {
    let (script, errata) = scripted([Step::answer(201, ""), in_state("REL_PREP")]);
    errata.change_state(&to_rel_prep()).await.unwrap();
    let seen = script.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen[0].url.ends_with("/api/v1/erratum/990031/change_state"), "{}", seen[0].url);
    assert_eq!(&seen[0].body[..], b"new_state=REL_PREP");
    assert_eq!(seen[1].method, "GET");
}

#[tokio::test(start_paused = true)]
async fn a_move_that_becomes_visible_late_is_waited_for() {
    let late = [Step::answer(201, ""), in_state("QE"), in_state("QE"), in_state("REL_PREP")];
    let (_, errata) = scripted(late);
    errata.change_state(&to_rel_prep()).await.unwrap();
    // Never visible: an error, after two minutes at most.
    let (script, errata) = scripted([Step::answer(201, ""), in_state("QE")]);
    let begun = Instant::now();
    let error = errata.change_state(&to_rel_prep()).await.unwrap_err();
    assert!(
        matches!(&error, AdvisoryError::StateDiffers { found, .. } if *found == AdvisoryState::Qe),
        "{error}"
    );
    assert!(begun.elapsed() <= Duration::from_mins(2), "{:?}", begun.elapsed());
    assert_eq!(script.seen().iter().filter(|seen| seen.method == "POST").count(), 1);
}

#[tokio::test]
async fn a_move_to_somewhere_else_is_an_error() {
    let (_, errata) = scripted([Step::answer(200, "{}"), in_state("NEW_FILES")]);
    let error = errata.change_state(&to_rel_prep()).await.unwrap_err();
    assert_eq!(error.to_string(), "advisory 990031 was to be in REL_PREP and is in NEW_FILES");
    assert_eq!(error.class(), ErrorClass::Conflict);
}

#[tokio::test(start_paused = true)]
async fn a_lost_move_is_looked_up() {
    let (script, errata) = scripted([lost(), in_state("REL_PREP")]);
    errata.change_state(&to_rel_prep()).await.unwrap();
    assert_eq!(script.seen().len(), 2);
    let (_, errata) = scripted([lost(), in_state("QE")]);
    let error = errata.change_state(&to_rel_prep()).await.unwrap_err();
    assert!(matches!(error, AdvisoryError::Lost { .. }), "{error}");
    let (_, errata) = scripted([lost(), Step::answer(403, "")]);
    let error = errata.change_state(&to_rel_prep()).await.unwrap_err();
    assert!(error.outcome_is_unknown(), "{error}");
    assert_eq!(error.class(), ErrorClass::Undetermined);
}

#[tokio::test]
async fn a_refusal_keeps_the_errata_tools_words_and_the_whole_chain() {
    let lab = Lab::with(|world| advisory(world, ID).state = "SHIPPED_LIVE".to_owned());
    let error = lab.errata.change_state(&to_rel_prep()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::PreconditionFailed);
    let whole = error.whole();
    assert!(whole.contains("moving advisory 990031 to REL_PREP was refused"), "{whole}");
    assert!(whole.contains("state: cannot go from SHIPPED_LIVE to REL_PREP"), "{whole}");
    assert!(whole.contains("POST") && whole.contains("change_state"), "{whole}");
    let page = format!("<html>{}</html>", "sorry ".repeat(1000));
    let (_, errata) = scripted([Step::answer(422, page)]);
    let error = errata.change_state(&to_rel_prep()).await.unwrap_err();
    assert!(error.to_string().len() < 500, "{error}");
    assert!(error.http().unwrap().body().unwrap().len() <= 2048);
}

#[tokio::test(start_paused = true)]
async fn a_comment_is_made_once_and_found_again() {
    let lab = Lab::new();
    lab.errata.add_comment(ID, "taken over", 0).await.unwrap();
    let comments = lab.errata.comments(ID).await.unwrap();
    assert_eq!((comments.len(), comments[0].text.as_str()), (1, "taken over"));
    // The same words as before do not stand for a new comment.
    let newest = comments[0].id;
    let post = || Rule::once("errata", Kind::ResetBefore).method(http::Method::POST);
    lab.sandbox.plant(post());
    let error = lab.errata.add_comment(ID, "taken over", newest).await.unwrap_err();
    assert!(matches!(error, AdvisoryError::Lost { .. }), "{error}");
    let after = Rule::once("errata", Kind::ResetAfter).method(http::Method::POST);
    lab.sandbox.plant(after);
    lab.errata.add_comment(ID, "taken over", newest).await.unwrap();
    assert_eq!(lab.count("comment"), 2);
    let error = lab.errata.add_comment(ID, " \n", 0).await.unwrap_err();
    assert!(matches!(error, AdvisoryError::EmptyComment { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn r32_alerts_are_none_only_when_that_is_said() {
    let whole = |blocking: Value, one: Value| {
        json!({ "alerts": { "blocking": blocking,
                            "alerts": [{ "name": "n", "text": "t", "blocking": one }] } })
    };
    for (document, expected) in [
        (whole(json!(false), json!(false)), Some(false)),
        (whole(json!(true), json!(false)), Some(true)),
        (whole(json!(false), json!(true)), Some(true)),
        (whole(json!(null), json!(true)), Some(true)),
        (json!({ "alerts": {} }), Some(false)),
        (json!({ "alerts": [] }), Some(false)),
        (json!({ "alerts": null }), Some(false)),
        // These do not say whether they block.
        (whole(json!(null), json!(false)), None),
        (json!({ "alerts": { "alerts": [] } }), None),
        (json!({}), None),
        (json!({ "alerts": "none" }), None),
    ] {
        let (_, errata) = scripted([Step::json(&document)]);
        let answer = errata.security_alerts(ID).await;
        assert_eq!(answer.ok().map(|alerts| alerts.blocking), expected, "{document}");
    }
    // A refresh that does not say falls back to the read.
    let fine = Step::json(&whole(json!(false), json!(false)));
    let (_, errata) = scripted([Step::json(&json!({ "alerts": { "alerts": [] } })), fine]);
    let current = current_alerts(&errata, &errata, ID).await.unwrap();
    assert!(!current.alerts.blocking);
    assert!(current.not_refreshed.unwrap().contains("alerts.blocking"));
}

#[tokio::test]
async fn the_pages_are_read() {
    let lab = Lab::with(|world| advisory(world, ID).stage_is_stale = true);
    assert_eq!(lab.errata.stage_push_guard(ID).await.unwrap(), StagePushGuard::Blocking);
    assert_eq!(lab.errata.container_grade(ID).await.unwrap(), None);
    let image = oar_errata::AdvisoryId(980_172);
    assert_eq!(lab.errata.container_grade(image).await.unwrap(), Some('A'));
    assert_eq!(lab.errata.stage_push_guard(image).await.unwrap(), StagePushGuard::Satisfied);
}

#[tokio::test]
async fn the_tools_trouble_is_told_by_class() {
    for (step, class) in [
        (Step::answer(404, ""), ErrorClass::NotFound),
        (Step::answer(403, ""), ErrorClass::ForbiddenUpstream),
        (Step::answer(418, ""), ErrorClass::Undetermined),
    ] {
        let (_, errata) = scripted([step]);
        let error = errata.erratum(ID).await.unwrap_err();
        assert_eq!(error.class(), class, "{error}");
        assert!(error.whole().contains("990031"), "{}", error.whole());
    }
}
