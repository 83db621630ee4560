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
