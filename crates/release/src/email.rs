//! The test for an e-mail address (spec 01 §2).

/// True when the whole of `text` is `local@domain.tld`: local of letters, digits and `. _ % + -`,
/// domain of letters, digits, `.` and `-`, last label of at least two letters.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let Some((name, tld)) = domain.rsplit_once('.') else { return false };
    let local_byte = |b: u8| b.is_ascii_alphanumeric() || b"._%+-".contains(&b);
    let domain_byte = |b: u8| b.is_ascii_alphanumeric() || b".-".contains(&b);
    !local.is_empty()
        && local.bytes().all(local_byte)
        && !name.is_empty()
        && name.bytes().all(domain_byte)
        && tld.len() >= 2
        && tld.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn accepts_addresses_only_as_a_whole() {
        for good in ["a@example.com", "first.last+tag_%-x@sub-1.example.com", "a@b.co"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@example.com",
            "a@",
            "a@example",
            "a@example.c",
            "a@.com",
            "a@example.c0m",
            "a b@example.com",
            "a@example.com ",
            "a@b@example.com",
            "ä@example.com",
            "a@example.",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
