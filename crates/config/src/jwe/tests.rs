use super::*;
use proptest::prelude::*;

const KEY: &str = "0123456789abcdef";
const VECTOR: &str = concat!(
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..clb4Ro3HA3DEurPB.",
    "EQ3RYG3W9-P1hzKTZgF36NhG6FHZhjUPooiB428AlnFVj-mJIAUCHOt1T9o.-J24cCPr3ShXdeyYUu-4cw"
);

fn key(text: &str) -> ConfigKey {
    ConfigKey::parse(text).unwrap()
}

fn text(secret: &SecretSlice<u8>) -> &str {
    std::str::from_utf8(secret.expose_secret()).unwrap()
}

/// The error's whole chain as people would see it.
fn shown(error: &JweError) -> String {
    format!("{error} {error:?}")
}

fn compact(header: &str) -> String {
    let tail = VECTOR.split_once('.').unwrap().1;
    format!("{}.{tail}", URL_SAFE_NO_PAD.encode(header))
}

#[test]
fn spec01_case_01_the_vector_decrypts_and_wrong_keys_are_told_apart() {
    let plain = decrypt(VECTOR, &key(KEY)).unwrap();
    assert_eq!(text(&plain), r#"{"gitlab_url": "https://gitlab.example.com"}"#);

    let short = ConfigKey::parse("0123456789abcde").unwrap_err();
    assert!(matches!(short, JweError::KeyLength { found: 15 }), "{short}");
    let wrong = decrypt(VECTOR, &key("0123456789abcdeX")).unwrap_err();
    assert!(matches!(wrong, JweError::Authentication), "{wrong}");
    for error in [short, wrong] {
        assert!(!shown(&error).contains("0123456789"), "{error}");
        assert_eq!(error.class(), ErrorClass::NotConfigured);
    }
}

#[test]
fn line_ends_around_key_and_file_do_not_matter() {
    assert!(decrypt(&format!("{VECTOR}\n"), &key(&format!("{KEY}\r\n"))).is_ok());
    assert!(matches!(
        ConfigKey::parse(" 0123456789abcdef"),
        Err(JweError::KeyLength { found: 17 })
    ));
}

#[test]
fn a_json_web_key_is_read_and_broken_ones_are_explained() {
    let jwk = format!(r#"{{"kty":"oct","k":"{}"}}"#, URL_SAFE_NO_PAD.encode(KEY));
    assert!(decrypt(VECTOR, &key(&jwk)).is_ok());
    for (value, problem) in [
        ("{", "cannot be read"),
        (r#"{"kty":"oct"}"#, "missing"),
        (r#"{"kty":"RSA","k":"AAAA"}"#, "not \"oct\""),
        (r#"{"kty":"oct","k":"AA=="}"#, "base64url"),
        (r#"{"kty":"oct","k":"AAAA"}"#, "has 3 bytes"),
    ] {
        let error = ConfigKey::parse(value).unwrap_err();
        assert!(error.to_string().contains(problem), "{value}: {error}");
    }
}

#[test]
fn every_broken_part_is_named() {
    let parts: Vec<&str> = VECTOR.split('.').collect();
    let with = |at: usize, text: &str| {
        let mut parts = parts.clone();
        parts[at] = text;
        parts.join(".")
    };
    for (broken, expected) in [
        (String::new(), "has 1 parts"),
        ("a.b.c".to_owned(), "has 3 parts"),
        (format!("{VECTOR}.x"), "has 6 parts"),
        (with(0, "!!"), "header of the encrypted configuration is not base64url"),
        (with(0, "AAAA"), "header of the encrypted configuration is not a JSON object"),
        (compact(r#"{"alg":"A128KW","enc":"A128GCM"}"#), r#"says "alg":"A128KW""#),
        (compact(r#"{"alg":"dir","enc":"A128CBC-HS256"}"#), "A128CBC-HS256"),
        (compact(r#"{"alg":"dir","enc":"A128GCM","zip":"DEF"}"#), "unsupported key \"zip\""),
        (with(1, "AAAA"), "encrypted-key part"),
        (with(2, "AAAA"), "initialisation vector of the encrypted configuration has 3 bytes"),
        (with(3, ""), "ciphertext of the encrypted configuration is empty"),
        (with(3, "a b"), "ciphertext of the encrypted configuration is not base64url"),
        (with(4, "AAAA"), "authentication tag of the encrypted configuration has 3 bytes"),
        (with(4, &URL_SAFE_NO_PAD.encode([0; 16])), "authentication failed"),
        (with(3, "AAAA"), "authentication failed"),
        (format!("{VECTOR}{}", "A".repeat(LARGEST_FILE)), "at most 256000"),
    ] {
        let error = decrypt(&broken, &key(KEY)).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected:?} not in {error:?}");
    }
}

#[test]
fn the_cipher_follows_the_length_of_the_key() {
    let long = key("0123456789abcdef0123456789abcdef");
    let compact = encrypt(b"{}", &long).unwrap();
    assert_eq!(text(&decrypt(&compact, &long).unwrap()), "{}");
    let error = decrypt(&compact, &key(KEY)).unwrap_err();
    assert!(matches!(error, JweError::KeyMismatch { needed: 32, found: 16, .. }), "{error}");
}

#[test]
fn what_is_encrypted_has_the_form_of_the_existing_files() {
    let compact = encrypt(b"{}", &key(KEY)).unwrap();
    assert!(compact.starts_with("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0.."), "{compact}");
}

#[test]
fn debug_output_hides_the_key() {
    assert!(!format!("{:?}", key(KEY)).contains("0123"));
}

proptest! {
    #[test]
    fn encrypted_documents_come_back(plain in prop::collection::vec(any::<u8>(), 1..500)) {
        let compact = encrypt(&plain, &key(KEY)).unwrap();
        let back = decrypt(&compact, &key(KEY)).unwrap();
        prop_assert_eq!(back.expose_secret(), &plain);
    }

    /// Outside input never panics and never decrypts by accident.
    #[test]
    fn any_text_is_an_error(text in "[A-Za-z0-9_.=-]{0,120}") {
        prop_assert!(decrypt(&text, &key(KEY)).is_err());
    }
}
