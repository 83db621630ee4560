//! What counts as a signature of a release, and the attacks that must not.

use oar_images::signature::{
    KeyProblem, LONGEST_FILE, NotAClaim, NotAMessage, Rejection, TrustedKeys, VerifiedSignature,
    verify,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{RevocationCode, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize as _;
use pgp::types::{Duration, KeyDetails as _};
use rstest::rstest;
use serde_json::{Value, json};

use crate::signer::{
    MADE, RSA, SIGNED, certificate, claim, compressed, config, file, key, keyring, lifetime,
    literal, of_type, payload, plain_file, question, revocation, sign, signature_packet, subkey,
    trust, trusted_key, usual, version_3,
};

fn check(file: &[u8]) -> Result<VerifiedSignature, Rejection> {
    verify(file, &trust(), &question())
}

fn content() -> Vec<u8> {
    claim().to_string().into_bytes()
}

fn reference(text: &str) -> Value {
    let mut claim = claim();
    claim["critical"]["identity"]["docker-reference"] = json!(text);
    claim
}

#[test]
fn spec03_case_37_current_and_old_files_verify() {
    let (key, content) = (trusted_key(), content());
    for signature in [usual(&key, &content), version_3(&key, &content)] {
        let plain = plain_file(&key, &content, &signature);
        for file in [compressed(&plain), plain] {
            let verified = check(&file).unwrap();
            assert_eq!(verified.fingerprint, format!("{:X}", key.fingerprint()));
            assert_eq!(verified.created.as_second(), i64::from(SIGNED));
            assert_eq!(verified.digest, payload());
            assert_eq!(verified.creator.as_deref(), Some("tests"));
        }
    }
}

#[test]
fn spec03_case_37_rsa_signatures_of_both_versions_verify() {
    let (key, content) = (&*RSA, content());
    let keys = keyring(&certificate(key, &[], &[], &[]));
    for signature in [usual(key, &content), version_3(key, &content)] {
        let file = compressed(&plain_file(key, &content, &signature));
        let verified = verify(&file, &keys, &question()).unwrap();
        assert_eq!(verified.reference, question().reference());
        // Not with somebody else's key.
        let error = verify(&file, &trust(), &question()).unwrap_err();
        assert!(matches!(error, Rejection::UntrustedKey { .. }), "{error}");
    }
}

#[test]
fn spec03_case_37_every_flipped_byte_and_every_cut_is_refused() {
    let (key, content) = (trusted_key(), content());
    let signature = usual(&key, &content);
    let good = plain_file(&key, &content, &signature);
    // The unsigned parts of a literal packet (mode, file name, date), the announcement and the hint
    // at the issuer are nobody's word; everything else counts.
    let literal_at = good.len() - signature_packet(&signature).len() - literal(&content).len();
    let content_at = good.windows(content.len()).position(|part| part == content).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let counts = check(&bad).is_ok();
        let in_content = (content_at..content_at + content.len()).contains(&at);
        assert!(!(in_content && counts), "byte {at} of the content");
        if at >= content_at && counts {
            // Only the hint, 8 bytes of the unsigned part, may change: then every key is tried.
            let signature_at = content_at + content.len();
            assert!(at > signature_at, "byte {at}");
        }
        assert!(check(&good[..at]).is_err(), "cut at {at}");
    }
    assert!(literal_at > 0);
    let squeezed = compressed(&good);
    for cut in 0..squeezed.len() {
        assert!(check(&squeezed[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn a_page_with_200_is_no_signature() {
    for page in [&b"<!DOCTYPE html><title>Not here</title>"[..], b"404: Not Found\n", b"\0\0\0"] {
        assert!(matches!(check(page), Err(Rejection::Message(NotAMessage::Malformed { .. }))));
    }
    assert!(matches!(check(&vec![0; LONGEST_FILE + 1]), Err(Rejection::TooLong)));
    // The claim alone, and the signature alone.
    assert!(matches!(
        check(&literal(&content())),
        Err(Rejection::Message(NotAMessage::NoSignature))
    ));
    let alone = signature_packet(&usual(&trusted_key(), &content()));
    let error = check(&alone).unwrap_err();
    assert_eq!(error, Rejection::Message(NotAMessage::NotOneContent { contents: 0 }));
}

#[test]
fn spec03_case_36_a_key_that_is_not_trusted_does_not_count() {
    let stranger = key(2, MADE);
    let error = check(&file(&stranger, &claim())).unwrap_err();
    assert!(matches!(error, Rejection::UntrustedKey { .. }), "{error}");
    assert!(!error.to_string().contains("nobody"));
    // One that claims the issuer's name is found out by its signature.
    let (content, trusted) = (content(), trusted_key());
    let mut liar = config(&stranger, SignatureType::Binary, SIGNED, &[], &[]);
    let hint = SubpacketData::IssuerKeyId(trusted.legacy_key_id());
    liar.unhashed_subpackets = vec![Subpacket::regular(hint).unwrap()];
    let signature = sign(&stranger, liar, &content);
    let file = plain_file(&stranger, &content, &signature);
    assert_eq!(check(&file), Err(Rejection::BadSignature));
}

#[test]
fn an_issuer_outside_of_the_signature_is_only_a_hint() {
    let (content, trusted, stranger) = (content(), trusted_key(), key(2, MADE));
    let hinted = |parts: Vec<SubpacketData>, hashed: &[SubpacketData]| {
        let mut config = config(&trusted, SignatureType::Binary, SIGNED, hashed, &[]);
        let parts = parts.into_iter().map(|part| Subpacket::regular(part).unwrap());
        config.unhashed_subpackets = parts.collect();
        check(&plain_file(&trusted, &content, &sign(&trusted, config, &content)))
    };
    let by = |fingerprint| SubpacketData::IssuerFingerprint(fingerprint);
    assert!(hinted(vec![], &[]).is_ok(), "no hint: every key is tried");
    assert!(hinted(vec![by(trusted.fingerprint())], &[]).is_ok());
    assert!(hinted(vec![by(stranger.fingerprint())], &[]).is_err());
    // The signed word counts against it, whatever the hint says.
    let signed_word = [by(stranger.fingerprint())];
    assert!(hinted(vec![by(trusted.fingerprint())], &signed_word).is_err());
    assert!(hinted(vec![], &[by(trusted.fingerprint())]).is_ok());
}

#[test]
fn spec03_case_38_the_claim_must_be_about_this_payload() {
    let key = trusted_key();
    let mut other = claim();
    other["critical"]["image"]["docker-manifest-digest"] =
        json!(oar_registry::Digest::of(b"the payload of 4.99.2"));
    assert!(matches!(check(&file(&key, &other)), Err(Rejection::OtherDigest { .. })));
    let mut kind = claim();
    kind["critical"]["type"] = json!("something else");
    let error = check(&file(&key, &kind)).unwrap_err();
    assert!(matches!(error, Rejection::Claim(NotAClaim::OtherType { .. })), "{error}");
    let mut extra = claim();
    extra["critical"]["extra"] = json!(true);
    assert!(matches!(check(&file(&key, &extra)), Err(Rejection::Claim(_))));
}

#[rstest]
#[case::rollback("quay.io/openshift-release-dev/ocp-release:4.99.2-x86_64")]
#[case::other_architecture("quay.io/openshift-release-dev/ocp-release:4.99.3-aarch64")]
#[case::other_repository("quay.io/openshift-release-dev/ocp-release-nightly:4.99.3-x86_64")]
#[case::other_registry("registry.example.com/openshift-release-dev/ocp-release:4.99.3-x86_64")]
#[case::longer_tag("quay.io/openshift-release-dev/ocp-release:4.99.3-x86_64-x")]
fn spec03_case_38_a_signature_for_another_reference_does_not_count(#[case] name: &str) {
    let error = check(&file(&trusted_key(), &reference(name))).unwrap_err();
    assert_eq!(error, Rejection::OtherReference { found: name.to_owned() });
    assert!(error.to_string().contains("signed for another reference"));
}

#[test]
fn a_member_that_occurs_twice_is_refused_although_it_is_signed() {
    let twice = claim().to_string().replacen("\"critical\"", "\"critical\":{},\"critical\"", 1);
    let (key, content) = (trusted_key(), twice.into_bytes());
    let file = plain_file(&key, &content, &usual(&key, &content));
    assert!(matches!(check(&file), Err(Rejection::Claim(NotAClaim::Malformed { .. }))));
}

#[rstest]
#[case(HashAlgorithm::Sha1)]
#[case(HashAlgorithm::Sha224)]
#[case(HashAlgorithm::Md5)]
#[case(HashAlgorithm::Ripemd160)]
fn spec03_case_38_weak_hashes_are_refused(#[case] hash: HashAlgorithm) {
    // RSA signs with anything; elliptic keys refuse to.
    let (key, content) = (&*RSA, content());
    let mut config = config(key, SignatureType::Binary, SIGNED, &[], &[]);
    config.hash_alg = hash;
    let file = plain_file(key, &content, &sign(key, config, &content));
    let keys = keyring(&certificate(key, &[], &[], &[]));
    let error = verify(&file, &keys, &question()).unwrap_err();
    assert!(matches!(error, Rejection::WeakHash { .. }), "{error}");
}

#[test]
fn longer_hashes_are_fine() {
    let (key, content) = (trusted_key(), content());
    for hash in [HashAlgorithm::Sha384, HashAlgorithm::Sha512] {
        let mut config = config(&key, SignatureType::Binary, SIGNED, &[], &[]);
        config.hash_alg = hash;
        assert!(check(&plain_file(&key, &content, &sign(&key, config, &content))).is_ok());
    }
}

#[test]
fn signatures_of_other_kinds_are_refused() {
    let (key, content) = (trusted_key(), content());
    let as_document = of_type(&key, SignatureType::Binary, &content);
    assert!(check(&plain_file(&key, &content, &as_document)).is_ok());
    for kind in [SignatureType::Standalone, SignatureType::Timestamp] {
        let file = plain_file(&key, &content, &of_type(&key, kind, &content));
        assert_eq!(check(&file), Err(Rejection::Kind));
    }
}

#[test]
fn two_claims_two_messages_and_trailing_data_are_refused() {
    let (key, content) = (trusted_key(), content());
    let signature = usual(&key, &content);
    let good = plain_file(&key, &content, &signature);
    let two = [literal(&content), literal(&content), signature_packet(&signature)].concat();
    let error = check(&two).unwrap_err();
    assert_eq!(error, Rejection::Message(NotAMessage::NotOneContent { contents: 2 }));
    for tail in [&b"\n"[..], b"x", b"<html>", &[0xC2], &[0]] {
        let file = [&good[..], tail].concat();
        assert!(check(&file).is_err(), "{tail:?} after a plain message");
        let file = [&compressed(&good)[..], tail].concat();
        assert!(check(&file).is_err(), "{tail:?} after a compressed message");
    }
    let twice = [&good[..], &good[..]].concat();
    assert!(check(&twice).is_err());
    // Another signature than was announced.
    let more = [&good[..], &signature_packet(&signature)[..]].concat();
    assert_eq!(check(&more), Err(Rejection::Message(NotAMessage::OddSignatures)));
}

#[test]
fn one_good_signature_of_several_is_enough() {
    let (key, content) = (trusted_key(), content());
    let (foreign, own) = (usual(&self::key(2, MADE), &content), usual(&key, &content));
    let parts = [literal(&content), signature_packet(&foreign), signature_packet(&own)];
    assert!(check(&parts.concat()).is_ok());
}

#[test]
fn r29_bombs_and_deep_nesting_are_cut_off() {
    let small = compressed(&literal(&vec![b' '; 1024 * 1024]));
    assert!(small.len() < LONGEST_FILE);
    assert_eq!(check(&small), Err(Rejection::Message(NotAMessage::TooLong)));
    let (key, content) = (trusted_key(), content());
    let mut nested = plain_file(&key, &content, &usual(&key, &content));
    for depth in 1..=6 {
        nested = compressed(&nested);
        assert_eq!(check(&nested).is_ok(), depth <= 4, "{depth} levels");
    }
}

#[test]
fn times_are_held_against_the_signature_and_the_key() {
    let (key, content) = (trusted_key(), content());
    let made = |at: u32, parts: &[SubpacketData]| {
        let config = config(&key, SignatureType::Binary, at, parts, &[]);
        check(&plain_file(&key, &content, &sign(&key, config, &content)))
    };
    let now = u32::try_from(question().now.as_second()).unwrap();
    assert!(made(now + 240, &[]).is_ok(), "clocks differ a little");
    assert!(matches!(made(now + 400, &[]), Err(Rejection::FromTheFuture { .. })));
    assert!(made(SIGNED, &[lifetime(now - SIGNED + 60)]).is_ok());
    assert!(matches!(made(SIGNED, &[lifetime(60)]), Err(Rejection::Expired { .. })));
    assert!(made(SIGNED, &[lifetime(0)]).is_ok(), "0 means for ever");
    let early = made(MADE - 1, &[]).unwrap_err();
    assert!(matches!(early, Rejection::Key { problem: KeyProblem::NotYetValid, .. }), "{early}");
    // A time outside of what is signed is nobody's word.
    let mut timeless = config(&key, SignatureType::Binary, SIGNED, &[], &[]);
    timeless.unhashed_subpackets.append(&mut timeless.hashed_subpackets);
    let file = plain_file(&key, &content, &sign(&key, timeless, &content));
    assert_eq!(check(&file), Err(Rejection::NoTime));
}

#[test]
fn keys_that_had_expired_or_were_revoked_do_not_count() {
    let key = trusted_key();
    let file = file(&key, &claim());
    let problem = |keys: &TrustedKeys| match verify(&file, keys, &question()) {
        Ok(_) => None,
        Err(Rejection::Key { problem, .. }) => Some(problem),
        Err(other) => panic!("{other}"),
    };
    let life = |seconds: u32| {
        let life = SubpacketData::KeyExpirationTime(Duration::from_secs(seconds));
        keyring(&certificate(&key, &[life], &[], &[]))
    };
    assert_eq!(problem(&life(SIGNED - MADE)), Some(KeyProblem::Expired));
    assert_eq!(problem(&life(SIGNED - MADE + 1)), None);
    assert_eq!(problem(&life(0)), None);
    let revoked =
        |at: u32, reason| keyring(&certificate(&key, &[], &[revocation(&key, at, reason)], &[]));
    assert_eq!(
        problem(&revoked(SIGNED + 9, RevocationCode::KeyCompromised)),
        Some(KeyProblem::Revoked)
    );
    assert_eq!(problem(&revoked(SIGNED + 9, RevocationCode::NoReason)), Some(KeyProblem::Revoked));
    assert_eq!(problem(&revoked(SIGNED + 9, RevocationCode::KeySuperseded)), None);
    assert_eq!(problem(&revoked(SIGNED, RevocationCode::KeyRetired)), Some(KeyProblem::Revoked));
}

#[test]
fn a_subkey_counts_only_when_both_sides_agreed() {
    let primary = trusted_key();
    let content = content();
    let with = |seed: u8, answered: bool| {
        let (secret, public) = subkey(&primary, seed, answered);
        let keys = keyring(&certificate(&primary, &[], &[], &[public]));
        let file = plain_file(&secret, &content, &usual(&secret, &content));
        verify(&file, &keys, &question())
    };
    assert!(with(7, true).is_ok());
    assert!(matches!(with(7, false), Err(Rejection::UntrustedKey { .. })));
    // A subkey that another primary key bound.
    let (secret, public) = subkey(&key(9, MADE), 7, true);
    let keys = keyring(&certificate(&primary, &[], &[], &[public]));
    let file = plain_file(&secret, &content, &usual(&secret, &content));
    let error = verify(&file, &keys, &question()).unwrap_err();
    assert!(matches!(error, Rejection::UntrustedKey { .. }), "{error}");
    // A revoked primary key takes its subkeys with it.
    let (secret, public) = subkey(&primary, 7, true);
    let gone = [revocation(&primary, SIGNED + 9, RevocationCode::KeyCompromised)];
    let keys = keyring(&certificate(&primary, &[], &gone, &[public]));
    let file = plain_file(&secret, &content, &usual(&secret, &content));
    let error = verify(&file, &keys, &question()).unwrap_err();
    assert!(matches!(error, Rejection::Key { problem: KeyProblem::Revoked, .. }), "{error}");
}

#[test]
fn critical_parts_that_are_not_known_are_refused() {
    let (key, content) = (trusted_key(), content());
    let unknown = SubpacketData::Experimental(101, vec![1, 2].into());
    let with = |regular: &[SubpacketData], critical: &[SubpacketData]| {
        let config = config(&key, SignatureType::Binary, SIGNED, regular, critical);
        check(&plain_file(&key, &content, &sign(&key, config, &content)))
    };
    assert!(with(std::slice::from_ref(&unknown), &[]).is_ok());
    assert_eq!(with(&[], &[unknown]), Err(Rejection::CriticalPart));
    assert!(with(&[], &[SubpacketData::IssuerFingerprint(key.fingerprint())]).is_ok());
}

#[test]
fn a_ring_of_other_keys_does_not_help_whoever_swaps_it() {
    let stranger = certificate(&key(2, MADE), &[], &[], &[]);
    let mut ring = stranger.to_bytes().unwrap();
    ring.extend(certificate(&key(3, MADE), &[], &[], &[]).to_bytes().unwrap());
    let keys = TrustedKeys::read(&[("ring", &ring)]).unwrap();
    assert_eq!(keys.fingerprints().len(), 2);
    let error = verify(&file(&trusted_key(), &claim()), &keys, &question()).unwrap_err();
    assert!(matches!(error, Rejection::UntrustedKey { .. }), "{error}");
    // The keys of the program cannot be swapped at all.
    let built_in = TrustedKeys::built_in().unwrap();
    assert!(verify(&file(&trusted_key(), &claim()), &built_in, &question()).is_err());
}
