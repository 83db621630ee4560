//! Entries of an answer, taken apart without trusting it.

use ldap3::asn1::{StructureTag, parse_tag};

/// One entry's attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    attributes: Vec<(String, Vec<String>)>,
}

impl Entry {
    /// Reads a search result entry (RFC 4511 §4.5.2); values that are not UTF-8 are left out: an
    /// address or a name has none.
    pub(crate) fn decode(tag: StructureTag) -> Option<Self> {
        let mut parts = tag.expect_constructed()?.into_iter();
        let _name = parts.next()?.expect_primitive()?;
        let mut attributes = Vec::new();
        for attribute in parts.next()?.expect_constructed()? {
            let mut parts = attribute.expect_constructed()?.into_iter();
            let name = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
            let mut values = Vec::new();
            for value in parts.next()?.expect_constructed()? {
                values.extend(String::from_utf8(value.expect_primitive()?).ok());
            }
            attributes.push((name, values));
        }
        Some(Self { attributes })
    }

    /// The first value of `attribute`, in any case, that is not blank.
    pub(crate) fn first(&self, attribute: &str) -> Option<&str> {
        let of_name = |(name, _): &&(String, Vec<String>)| name.eq_ignore_ascii_case(attribute);
        let values = self.attributes.iter().filter(of_name).flat_map(|(_, values)| values);
        values.map(|value| value.trim()).find(|value| !value.is_empty())
    }
}

/// The cookie in the value of a paged-results control (RFC 2696): a sequence of a number and the
/// cookie. Empty at the end.
pub(crate) fn cookie(value: &[u8]) -> Option<Vec<u8>> {
    let (_, tag) = parse_tag(value).ok()?;
    tag.expect_constructed()?.into_iter().nth(1)?.expect_primitive()
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::{PL, TagClass};

    use super::*;

    fn text(value: &str) -> StructureTag {
        StructureTag {
            class: TagClass::Universal,
            id: 4,
            payload: PL::P(value.as_bytes().to_vec()),
        }
    }

    fn list(id: u64, parts: Vec<StructureTag>) -> StructureTag {
        StructureTag { class: TagClass::Universal, id, payload: PL::C(parts) }
    }

    fn entry(name: &str, values: &[&str]) -> StructureTag {
        let values = list(17, values.iter().map(|value| text(value)).collect());
        let attribute = list(16, vec![text(name), values]);
        list(4, vec![text("uid=x"), list(16, vec![attribute])])
    }

    #[test]
    fn the_first_value_that_says_something_counts() {
        let read = |values: &[&str]| {
            let entry = Entry::decode(entry("RHATPRIMARYMAIL", values)).unwrap();
            entry.first("rhatPrimaryMail").map(str::to_owned)
        };
        assert_eq!(read(&["a@example.com", "b@example.com"]).as_deref(), Some("a@example.com"));
        assert_eq!(read(&["", " b@example.com "]).as_deref(), Some("b@example.com"));
        assert_eq!(read(&[]), None);
        assert_eq!(Entry::decode(entry("other", &["x"])).unwrap().first("manager"), None);
    }

    #[test]
    fn what_is_no_entry_is_refused_without_a_panic() {
        for tag in [
            text("x"),
            list(4, vec![]),
            list(4, vec![text("uid=x")]),
            list(4, vec![text("uid=x"), text("y")]),
            list(4, vec![text("uid=x"), list(16, vec![text("y")])]),
            list(4, vec![text("uid=x"), list(16, vec![list(16, vec![text("y"), text("z")])])]),
        ] {
            assert_eq!(Entry::decode(tag.clone()), None, "{tag:?}");
        }
    }

    #[test]
    fn a_cookie_is_the_second_part_of_a_sequence() {
        assert_eq!(cookie(&[0x30, 0x07, 2, 1, 0, 4, 2, b'a', b'b']), Some(b"ab".to_vec()));
        assert_eq!(cookie(&[0x30, 0x05, 2, 1, 0, 4, 0]), Some(Vec::new()));
        for bytes in [&[][..], &[0x30], &[0x30, 0], &[0x30, 3, 2, 1, 0], &[4, 1, 1]] {
            assert_eq!(cookie(bytes), None, "{bytes:?}");
        }
    }
}
