//! What a registry says when it wants to know who asks.

/// A way to prove identity that a registry offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// With a token that `realm` issues.
    Bearer {
        /// Who issues tokens.
        realm: String,
        /// For whom.
        service: Option<String>,
    },
    /// With user and password.
    Basic,
}

/// Reads the value of a `WWW-Authenticate` header; of several offers a token is preferred.
pub(crate) fn read(header: &str) -> Option<Challenge> {
    let mut offers = offers(header);
    let bearer = offers.iter().position(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    if let Some(at) = bearer {
        let (_, mut parameters) = offers.swap_remove(at);
        let mut take = |name: &str| {
            let at = parameters.iter().position(|(key, _)| key.eq_ignore_ascii_case(name))?;
            Some(parameters.swap_remove(at).1)
        };
        let realm = take("realm")?;
        return Some(Challenge::Bearer { realm, service: take("service") });
    }
    let basic = offers.iter().any(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    basic.then_some(Challenge::Basic)
}

type Offer = (String, Vec<(String, String)>);

/// `Scheme key=value, key="quoted, value", Other key=value`.
fn offers(mut rest: &str) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let word_end = rest.find(|c: char| !is_token(c)).unwrap_or(rest.len());
        if word_end == 0 {
            return offers;
        }
        let word = rest[..word_end].to_owned();
        rest = rest[word_end..].trim_start_matches([' ', '\t']);
        let Some(after) = rest.strip_prefix('=') else {
            offers.push((word, Vec::new()));
            continue;
        };
        let (value, left) = value(after.trim_start_matches([' ', '\t']));
        rest = left;
        match offers.last_mut() {
            Some((_, parameters)) => parameters.push((word, value)),
            None => return offers,
        }
    }
}

/// A quoted or plain value, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, letter) in quoted.char_indices() {
        match letter {
            _ if escaped => {
                value.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, &quoted[at + 1..]),
            _ => value.push(letter),
        }
    }
    (value, "")
}

const fn is_token(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
        || matches!(
            letter,
            '!' | '#'
                | '$'
                | '%'
                | '&'
                | '\''
                | '*'
                | '+'
                | '-'
                | '.'
                | '^'
                | '_'
                | '`'
                | '|'
                | '~'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        let service = service.map(str::to_owned);
        Challenge::Bearer { realm: realm.to_owned(), service }
    }

    #[test]
    fn offers_of_real_shapes_are_read() {
        for (header, expected) in [
            (
                r#"Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:a/b:pull""#,
                Some(bearer("https://quay.io/v2/auth", Some("quay.io"))),
            ),
            (r#"bearer Realm = "https://x/a,b\"c""#, Some(bearer("https://x/a,b\"c", None))),
            ("Bearer realm=https://x/t, service=s", Some(bearer("https://x/t", Some("s")))),
            (r#"Basic realm="a", Bearer realm="https://x""#, Some(bearer("https://x", None))),
            (r#"Basic realm="Bearer""#, Some(Challenge::Basic)),
            ("Negotiate, Basic", Some(Challenge::Basic)),
            ("Negotiate", None),
            ("Bearer", None),
            ("Bearer service=x", None),
            ("", None),
            ("=,=", None),
            ("realm=\"x\"", None),
            ("Bearer realm=\"never closed", Some(bearer("never closed", None))),
        ] {
            assert_eq!(read(header), expected, "{header}");
        }
    }

    proptest! {
        /// No header makes the reader fail or run away.
        #[test]
        fn any_header_is_read(header in "[ -~]{0,200}") {
            let _challenge = read(&header);
        }
    }
}
