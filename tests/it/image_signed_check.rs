//! Story: is the promoted release signed (spec 03 §12)?

use oar_sandbox::signatures::public_key;
use oar_sandbox::world::World;
use serde_json::{Value, json};

use crate::harness::{Place, Run};
use crate::take_ownership::{begun, statebox};

const RELEASE: &str = "4.99.3";

fn check(place: &Place, more: &[&str]) -> Run {
    place.sandboxed("oar", &[&["-r", RELEASE, "image-signed-check", "--json"], more].concat())
}

fn change(place: &Place, change: impl FnOnce(&mut World)) {
    place.sandbox().change(change).expect("a change");
}

/// A place where 4.99.3 is promoted and signed.
fn promoted() -> Place {
    let place = begun();
    change(&place, |world| world.promote(RELEASE, "RHSA-2026:9903"));
    place
}

fn effects(place: &Place) -> usize {
    place.sandbox().world(|world| world.effects.len())
}

/// Puts what `file` says in the place of the release's signature.
fn replace_signature(place: &Place, file: impl FnOnce(&World, &str) -> Vec<String>) {
    change(place, |world| {
        let digest = world.registry.payload(RELEASE, "x86_64").expect("a payload").to_owned();
        let files = file(world, &digest);
        world.signatures.files.insert(digest, files);
    });
}

/// The check says no for a reason with all of `parts`, exits with 1, and the record is `Fail`.
#[track_caller]
fn fails(place: &Place, parts: &[&str]) {
    let report = check(place, &[]).expect(1).json();
    assert_eq!(report["outcome"], "fail", "{report}");
    let output = report["output"].as_str().expect("an output").to_owned();
    let whole = format!("{output} {report}");
    for part in parts {
        assert!(whole.contains(part), "{part}: {whole}");
    }
    let stored = statebox(place);
    assert!(stored.contains("name: image-signed-check\n  status: Fail"), "{stored}");
    assert!(!stored.contains("name: image-signed-check\n  status: Pass"), "{stored}");
}

#[test]
fn before_the_promotion_it_waits_and_writes_nothing() {
    let place = begun();
    let (before, stored) = (effects(&place), statebox(&place));
    let report = check(&place, &[]).expect(1).json();
    assert_eq!(report["outcome"], "waiting", "{report}");
    assert_eq!(report["task_status"], Value::Null);
    assert!(report.to_string().contains("not promoted yet"), "{report}");
    assert_eq!((effects(&place), statebox(&place)), (before, stored));
}

#[test]
fn after_the_promotion_it_passes_and_is_recorded_once() {
    let place = promoted();
    let before = effects(&place);
    let report = check(&place, &[]).expect(0).json();
    assert_eq!((&report["outcome"], &report["task_status"]), (&json!("pass"), &json!("Pass")));
    assert_eq!(report["statebox"]["written"], true);
    assert_eq!(report["warnings"], json!([]));
    let digest = place
        .sandbox()
        .world(|world| world.registry.payload(RELEASE, "x86_64").map(str::to_owned))
        .expect("a payload");
    let payload = &report["facts"]["payloads"][0];
    assert_eq!((&payload["arch"], &payload["digest"]), (&json!("x86_64"), &json!(digest)));
    let signature = &payload["signature"];
    let name = "quay.io/openshift-release-dev/ocp-release:4.99.3-x86_64";
    assert_eq!((&signature["reference"], &signature["number"]), (&json!(name), &json!(1)));
    assert_eq!(signature["creator"], "OAR sandbox");
    let key = signature["fingerprint"].as_str().expect("a fingerprint");
    assert_eq!(key.len(), 40);
    let stored = statebox(&place);
    assert!(stored.contains("name: image-signed-check\n  status: Pass"), "{stored}");
    for part in [digest.as_str(), key, name] {
        assert!(stored.contains(part), "{part}: {stored}");
    }
    assert_eq!(effects(&place), before + 1, "one commit and nothing else");

    // Again: the same answer, and nothing to write.
    let again = check(&place, &[]).expect(0).json();
    assert_eq!(again["outcome"], "unchanged");
    assert_eq!((effects(&place), statebox(&place)), (before + 1, stored));
}

/// R16: what is signed under the release's name must call itself that release.
#[test]
fn r16_a_payload_that_calls_itself_another_release_fails_although_it_is_signed() {
    let place = begun();
    change(&place, |world| {
        world.promote(RELEASE, "RHSA-2026:9903");
        let other = world.registry.push_payload("4.99.30", "x86_64", "");
        for repository in world.registry.repositories.values_mut() {
            repository.tags.insert(format!("{RELEASE}-x86_64"), other.clone());
        }
        let name = format!("quay.io/openshift-release-dev/ocp-release:{RELEASE}-x86_64");
        world.signatures.publish(&other, &name, world.now);
    });
    fails(&place, &["calls itself", "4.99.30", "signed as"]);
}

#[test]
fn spec03_case_36_stores_that_cannot_be_reached_are_no_verdict() {
    let place = promoted();
    let stored = statebox(&place);
    let nowhere = ["--signature-store", "https://nowhere.example.com/signatures"];
    let report = check(&place, &nowhere).expect(1).json();
    assert_eq!(report["outcome"], "undetermined", "{report}");
    assert!(report["reason"].to_string().contains("could not be checked"), "{report}");
    assert_eq!(statebox(&place), stored);
}

#[test]
fn a_dry_run_passes_and_writes_nothing() {
    let place = promoted();
    let (before, stored) = (effects(&place), statebox(&place));
    let report = check(&place, &["--dry-run"]).expect(0).json();
    assert_eq!(report["outcome"], "pass");
    assert_eq!(report["statebox"]["written"], false);
    assert_eq!((effects(&place), statebox(&place)), (before, stored));
}

#[test]
fn spec03_case_37_one_flipped_byte_is_no_signature() {
    for at in [20, 200, 380] {
        let place = promoted();
        replace_signature(&place, |world, digest| {
            let mut files = world.signatures.files[digest].clone();
            let byte = if files[0].as_bytes()[at] == b'A' { "B" } else { "A" };
            files[0].replace_range(at..=at, byte);
            files
        });
        fails(&place, &["no signature counts", "signature-1 of"]);
    }
}

#[test]
fn spec03_case_37_a_text_file_is_no_signature() {
    let place = promoted();
    // "Sign in, please"
    replace_signature(&place, |_, _| vec!["U2lnbiBpbiwgcGxlYXNl".to_owned()]);
    fails(&place, &["no signature counts"]);
}

#[test]
fn spec03_case_38_a_signature_of_the_release_before_does_not_count() {
    let place = promoted();
    replace_signature(&place, |world, _| {
        let old = world.registry.payload("4.99.2", "x86_64").expect("the release before");
        world.signatures.files[old].clone()
    });
    fails(&place, &["it is about sha256:"]);
}

#[test]
fn spec03_case_38_a_signature_under_another_name_does_not_count() {
    for name in [
        "quay.io/openshift-release-dev/ocp-release:4.99.2-x86_64",
        "quay.io/openshift-release-dev/ocp-release:4.99.3-aarch64",
        "quay.io/example/ocp-release:4.99.3-x86_64",
    ] {
        let place = promoted();
        change(&place, |world| {
            let digest = world.registry.payload(RELEASE, "x86_64").expect("a payload").to_owned();
            let now = world.now;
            world.signatures.files.clear();
            world.signatures.publish(&digest, name, now);
        });
        fails(&place, &["signed for another reference", name]);
    }
}

#[test]
fn spec03_case_36_a_bad_file_before_a_good_one_is_told_and_does_not_matter() {
    let place = promoted();
    replace_signature(&place, |world, digest| {
        let old = world.registry.payload("4.99.2", "x86_64").expect("the release before");
        [world.signatures.files[old].clone(), world.signatures.files[digest].clone()].concat()
    });
    let report = check(&place, &[]).expect(0).json();
    assert_eq!(report["outcome"], "pass");
    assert_eq!(report["facts"]["payloads"][0]["signature"]["number"], 2);
    assert!(report["warnings"][0].as_str().is_some_and(|line| line.contains("signature-1")));
}

#[test]
fn spec03_case_36_no_file_in_any_store_fails() {
    let place = promoted();
    change(&place, |world| world.signatures.files.clear());
    fails(&place, &["no signature published yet"]);

    // When it is published the next run passes.
    change(&place, |world| {
        let digest = world.registry.payload(RELEASE, "x86_64").expect("a payload").to_owned();
        let (now, name) = (world.now, "quay.io/openshift-release-dev/ocp-release:4.99.3-x86_64");
        world.signatures.publish(&digest, name, now);
    });
    assert_eq!(check(&place, &[]).expect(0).json()["outcome"], "pass");
}

#[test]
fn the_weakest_payload_decides() {
    let place = promoted();
    let stored = statebox(&place);
    let report = check(&place, &["--arch", "x86_64", "--arch", "aarch64"]).expect(1).json();
    assert_eq!(report["outcome"], "waiting", "{report}");
    assert!(report.to_string().contains("4.99.3-aarch64: "), "{report}");
    assert_eq!(statebox(&place), stored);

    change(&place, |world| {
        let digest = world.registry.push_payload(RELEASE, "aarch64", "https://example.com");
        let (now, name) = (world.now, "quay.io/openshift-release-dev/ocp-release:4.99.3-aarch64");
        world.signatures.publish(&digest, name, now);
    });
    let report = check(&place, &["--arch", "x86_64", "--arch", "arm64"]).expect(0).json();
    assert_eq!(report["outcome"], "pass");
    assert_eq!(report["facts"]["payloads"].as_array().map(Vec::len), Some(2));
}

#[test]
fn keys_come_from_the_files_that_are_named_and_from_nowhere_else() {
    let place = promoted();
    let stored = statebox(&place);
    let key = place.path("key.gpg").display().to_string();
    let run = check(&place, &["--public-key", &key]).expect(1);
    assert!(run.json().to_string().contains("cannot be read"), "{}", run.stdout);
    std::fs::write(&key, "no key").expect("a file");
    let report = check(&place, &["--public-key", &key]).expect(1).json();
    assert_eq!(report["error"]["code"], "not_configured", "{report}");
    assert_eq!(statebox(&place), stored);
    std::fs::write(&key, public_key()).expect("a file");
    check(&place, &["--public-key", &key]).expect(0);
}

#[test]
fn stores_are_asked_where_they_are_named() {
    let place = promoted();
    let store = "https://mirror.example.com/signatures/openshift/release";
    let report = check(&place, &["--signature-store", store]).expect(0).json();
    assert_eq!(report["facts"]["payloads"][0]["signature"]["store"], store);
    for bad in ["mirror", "file:///etc/passwd"] {
        check(&place, &["--signature-store", bad]).expect(2);
    }
    check(&place, &["--arch", "vax"]).expect(2);
}
