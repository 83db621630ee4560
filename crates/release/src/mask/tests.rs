use proptest::prelude::*;

use super::*;

fn masked(text: &str) -> String {
    Masker::default().mask(text).into_owned()
}

#[test]
fn spec01_case_24_hides_addresses_and_secrets_and_keeps_digests() {
    let masker = Masker::new(["gitlab-value-0123".to_owned()]);
    let text = "user@example.com <mailto:a@example.com|a@example.com> \
                https://u:secret12@host.example.com/x gitlab-value-0123 art-dev@sha256:ab12";
    assert_eq!(
        masker.mask(text),
        "[EMAIL_REDACTED] <mailto:[EMAIL_REDACTED]|[EMAIL_REDACTED]> \
         https://[SECRET_REDACTED]@host.example.com/x [SECRET_REDACTED] art-dev@sha256:ab12"
    );
}

#[test]
fn r04_tokens_are_known_by_their_prefix() {
    let tokens = [
        "ghp_0123456789abcdefghij",
        "gho_0123456789abcdefghij",
        "ghs_0123456789abcdefghij",
        "ghu_0123456789abcdefghij",
        "github_pat_11ABC_defghijkl",
        "glpat-abc_DEF-0123",
        "xoxb-1234-abcd",
        "xoxp-1234-abcd",
        "xapp-1-A0-abcd",
    ];
    for token in tokens {
        assert_eq!(masked(&format!("using {token}, ok")), "using [SECRET_REDACTED], ok", "{token}");
    }
}

#[test]
fn r04_header_values_are_hidden_and_prose_stays() {
    for (text, expected) in [
        ("Authorization: Bearer abc.DEF-123", "Authorization: Bearer [SECRET_REDACTED]"),
        ("authorization: Basic dXNlcjpwYXNz", "authorization: Basic [SECRET_REDACTED]"),
        ("Authorization: token 0a1b2c3d4e", "Authorization: token [SECRET_REDACTED]"),
        ("private_token=abcd", "private_token=[SECRET_REDACTED]"),
        ("the token expired yesterday", "the token expired yesterday"),
        ("Basic authentication is off", "Basic authentication is off"),
        (
            r#"WWW-Authenticate: Bearer realm="https://a.example.com""#,
            r#"WWW-Authenticate: Bearer realm="https://a.example.com""#,
        ),
    ] {
        assert_eq!(masked(text), expected);
    }
}

#[test]
fn r04_a_private_key_is_hidden_to_its_end_line_or_to_the_end() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----";
    assert_eq!(masked(&format!("a {key} b")), "a [SECRET_REDACTED] b");
    assert_eq!(masked("a -----BEGIN PRIVATE KEY-----\nMIIE"), "a [SECRET_REDACTED]");
    let public = "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----";
    assert_eq!(masked(public), public);
}

#[test]
fn short_values_and_pieces_of_the_placeholders_are_no_literals() {
    let masker = Masker::new(["secret7".to_owned(), "REDACTED".to_owned(), "  ".to_owned()]);
    assert_eq!(masker.mask("secret7 REDACTED"), "secret7 REDACTED");
}

#[test]
fn a_user_name_that_is_an_address_reads_as_one() {
    let masker = Masker::new(["bot@corp.example.com".to_owned()]);
    assert_eq!(masker.mask("as bot@corp.example.com:"), "as [EMAIL_REDACTED]:");
}

#[test]
fn debug_output_counts_the_secrets_and_shows_none() {
    let shown = format!("{:?}", Masker::new(["s3cret-value".to_owned()]));
    assert!(shown.contains('1') && !shown.contains("s3cret"), "{shown}");
}

/// Text with a fair share of what the masker looks for.
fn suspicious() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "@",
            "a@b.cd",
            "://",
            "u:p@h",
            "ghp_",
            "Bearer ",
            "token=",
            "-----BEGIN ",
            "PRIVATE KEY-----",
            "-----END ",
            "-----",
            "@sha256:ab",
            "s3cret-value",
            " ",
            "\n",
            ".",
            "[SECRET_REDACTED]",
            "[EMAIL_REDACTED]",
            "é",
            "\"",
        ])
        .prop_map(ToOwned::to_owned),
        "[a-zA-Z0-9._%+-]{0,6}",
        "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Found by the property below.
#[test]
fn a_value_that_only_looks_like_a_challenge_is_hidden_at_once() {
    let masker = Masker::new(["s3cret-value".to_owned()]);
    let once = masker.mask("Bearer %s3cret-valuetoken=\"").into_owned();
    assert_eq!(once, "Bearer [SECRET_REDACTED]\"");
    assert_eq!(masker.mask(&once), once);
    let challenge = "Bearer realm=\"https://auth.example.com\"";
    assert_eq!(masker.mask(challenge), challenge);
}

proptest! {
    #[test]
    fn masking_twice_changes_nothing_more(text in suspicious()) {
        let masker = Masker::new(["s3cret-value".to_owned()]);
        let once = masker.mask(&text).into_owned();
        prop_assert_eq!(masker.mask(&once), once.as_str());
    }

    #[test]
    fn no_literal_secret_survives(before in suspicious(), after in suspicious()) {
        let masker = Masker::new(["s3cret-value".to_owned()]);
        let masked = masker.mask(&format!("{before}s3cret-value{after}")).into_owned();
        prop_assert!(!masked.contains("s3cret-value"), "{}", masked);
    }

    #[test]
    fn text_without_anchors_is_borrowed(text in "[acdfghijlmnopqrstuvwxyz ,.;]{0,60}") {
        prop_assert!(matches!(Masker::default().mask(&text), Cow::Borrowed(same) if same == text));
    }
}
