//! The stores of signatures: which answers end the search, and with what.

use std::sync::Arc;

use oar_images::signature::{
    HttpSignatureStores, Rejection, ReleaseDigest, SignatureAnswer, agree, find_signature,
};
use oar_registry::Digest;
use oar_transport::testing::{Script, Step, client};
use serde_json::json;

use crate::signer::{MADE, claim, file, key, payload, question, trust, trusted_key};

const FIRST: &str = "https://mirror.openshift.com/pub/openshift-v4/signatures/openshift/release";
const SECOND: &str =
    "https://storage.googleapis.com/openshift-release/official/signatures/openshift/release";

async fn answer(steps: impl IntoIterator<Item = Step>) -> (Script, SignatureAnswer) {
    let script = Script::new(steps);
    let stores = HttpSignatureStores::new(&client(Arc::new(script.clone())), Vec::new());
    let answer = find_signature(&stores, &trust(), &question()).await;
    (script, answer)
}

fn gone() -> Step {
    Step::answer(404, "not found")
}

fn foreign() -> Step {
    Step::answer(200, file(&key(2, MADE), &claim()))
}

fn good() -> Step {
    Step::answer(200, file(&trusted_key(), &claim()))
}

#[tokio::test]
async fn spec03_case_36_a_valid_file_after_a_foreign_one_is_found() {
    let (script, answer) = answer([foreign(), good()]).await;
    let SignatureAnswer::Signed { signature, number, store, rejected } = answer else {
        panic!("{answer:?}")
    };
    assert_eq!((number, rejected.len()), (2, 1));
    assert!(store.starts_with(FIRST), "{store}");
    assert!(!signature.fingerprint.is_empty());
    let asked: Vec<String> = script.seen().into_iter().map(|seen| seen.url).collect();
    let path = format!("sha256={}", payload().hex());
    assert_eq!(
        asked,
        [format!("{FIRST}/{path}/signature-1"), format!("{FIRST}/{path}/signature-2")]
    );
}

#[tokio::test]
async fn spec03_case_36_only_a_foreign_one_is_not_signed() {
    let (script, answer) = answer([foreign(), gone()]).await;
    let SignatureAnswer::NotSigned { rejected } = answer else { panic!("{answer:?}") };
    assert!(matches!(rejected[0].reason, Rejection::UntrustedKey { .. }));
    assert!(rejected[0].to_string().starts_with("signature-1 of https://"), "{}", rejected[0]);
    assert_eq!(script.seen().len(), 3, "the second store is asked, too");
    assert!(script.seen()[2].url.starts_with(SECOND));
}

#[tokio::test]
async fn spec03_case_36_nothing_anywhere_is_not_published() {
    let (script, answer) = answer([gone()]).await;
    assert_eq!(answer, SignatureAnswer::NotPublished);
    assert_eq!(script.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn spec03_case_36_what_cannot_be_asked_is_undetermined() {
    for trouble in [Step::answer(503, ""), Step::Stall, Step::answer(403, "")] {
        let (_, nothing) = answer([trouble.clone()]).await;
        assert!(matches!(nothing, SignatureAnswer::Undetermined { .. }), "{nothing:?}");
        // One store empty, the other silent: no verdict either.
        let (_, half) = answer([gone(), trouble.clone()]).await;
        assert!(matches!(half, SignatureAnswer::Undetermined { .. }), "{half:?}");
        // A foreign file and silence.
        let (_, mixed) = answer([foreign(), gone(), trouble]).await;
        let SignatureAnswer::Undetermined { rejected, problems } = mixed else {
            panic!("{mixed:?}")
        };
        assert_eq!(rejected.len(), 1);
        assert!(!problems.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn one_bad_answer_does_not_hide_a_good_file() {
    let (_, late) = answer([Step::answer(403, ""), Step::answer(200, ""), good()]).await;
    assert!(matches!(late, SignatureAnswer::Signed { number: 3, .. }), "{late:?}");
    // A store that is silent is not asked nine times.
    let (script, other) = answer([Step::Stall, Step::Stall, Step::Stall, good()]).await;
    assert!(matches!(other, SignatureAnswer::Signed { number: 1, .. }), "{other:?}");
    assert_eq!(script.seen().len(), 4);
}

#[tokio::test]
async fn r34_an_endless_row_of_files_ends_after_nine() {
    let (script, answer) = answer([foreign()]).await;
    assert!(matches!(answer, SignatureAnswer::NotSigned { .. }));
    assert_eq!(script.seen().len(), 18);
    let (script, answer) = self::answer([Step::Endless]).await;
    let SignatureAnswer::NotSigned { rejected } = answer else { panic!("{answer:?}") };
    assert!(rejected.iter().all(|file| file.reason == Rejection::TooLong));
    assert_eq!(script.seen().len(), 18);
}

#[tokio::test]
async fn a_page_with_200_is_a_rejected_file() {
    let page = Step::answer(200, "<html>Everything is fine</html>");
    let (_, answer) = answer([page, gone()]).await;
    let SignatureAnswer::NotSigned { rejected } = answer else { panic!("{answer:?}") };
    assert!(matches!(rejected[0].reason, Rejection::Message(_)));
}

#[tokio::test]
async fn given_stores_replace_the_official_ones() {
    let script = Script::new([gone(), good()]);
    let given = vec!["https://one.example.com/x/".to_owned(), "https://two.example.com".to_owned()];
    let stores = HttpSignatureStores::new(&client(Arc::new(script.clone())), given);
    let answer = find_signature(&stores, &trust(), &question()).await;
    assert!(
        matches!(&answer, SignatureAnswer::Signed { store, .. } if store == "https://two.example.com")
    );
    let asked = script.seen()[0].url.clone();
    assert!(asked.starts_with("https://one.example.com/x/sha256="), "{asked}");
    assert_eq!(script.seen()[1].header("authorization"), None);
}

#[test]
fn spec03_case_35_two_sources_must_agree_on_the_digest() {
    let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
    let known = |digest: &Digest, by_both| ReleaseDigest::Known { digest: digest.clone(), by_both };
    assert_eq!(agree(Some(one.clone()), Some(one.clone())), known(&one, true));
    assert_eq!(agree(None, Some(two.clone())), known(&two, false));
    assert_eq!(agree(Some(one.clone()), None), known(&one, false));
    assert_eq!(agree(None, None), ReleaseDigest::Unknown);
    let answer = agree(Some(one.clone()), Some(two.clone()));
    assert_eq!(answer, ReleaseDigest::Disagree { controller: one, registry: two });
}

#[tokio::test]
async fn mix_and_match_over_architectures_does_not_count() {
    // The signature of arm64's payload is served for amd64's.
    let mut other = claim();
    other["critical"]["identity"]["docker-reference"] =
        json!("quay.io/openshift-release-dev/ocp-release:4.99.3-aarch64");
    let (_, answer) = answer([Step::answer(200, file(&trusted_key(), &other)), gone()]).await;
    let SignatureAnswer::NotSigned { rejected } = answer else { panic!("{answer:?}") };
    assert!(matches!(rejected[0].reason, Rejection::OtherReference { .. }));
}
