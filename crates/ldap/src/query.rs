//! Questions to the directory, built without asking (spec 02 §6).

use ldap3::{dn_escape, ldap_escape};

/// Where things are in the directory; the default is the company's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Everything is below this entry.
    pub base: String,
    /// Groups are below this entry.
    pub groups: String,
    /// The attribute with a person's address.
    pub mail: String,
    /// The attribute with the name of a person's manager's entry.
    pub manager: String,
    /// The attribute with the names of a person's groups.
    pub member_of: String,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            base: "dc=redhat,dc=com".to_owned(),
            groups: "ou=adhoc,ou=managedGroups,dc=redhat,dc=com".to_owned(),
            mail: "rhatPrimaryMail".to_owned(),
            manager: "manager".to_owned(),
            member_of: "memberOf".to_owned(),
        }
    }
}

impl Layout {
    /// Finds the person with this address.
    pub(crate) fn person(&self, email: &str) -> String {
        format!("({}={})", self.mail, ldap_escape(email))
    }

    /// Finds the members of the group with this name.
    pub(crate) fn members(&self, group: &str) -> String {
        let name = format!("cn={},{}", dn_escape(group), self.groups);
        format!("({}={})", self.member_of, ldap_escape(name))
    }
}

/// Any entry: what a read by name asks for.
pub(crate) const ANY: &str = "(objectClass=*)";

/// The address as the directory knows it: without surrounding space, and without the `+suffix`
/// that accounts of other services have. `None` when nothing is left to ask for.
pub(crate) fn lookup_address(email: &str) -> Option<String> {
    let email = email.trim();
    let address = match email.split_once('@') {
        Some((local, domain)) => {
            let person = local.split_once('+').map_or(local, |(person, _)| person);
            format!("{person}@{domain}")
        }
        None => email.to_owned(),
    };
    (!email.is_empty() && !address.starts_with('@')).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_is_no_part_of_the_person() {
        for (given, expected) in [
            ("lead@example.com", Some("lead@example.com")),
            (" lead+jira@example.com\n", Some("lead@example.com")),
            ("lead+a+b@example.com", Some("lead@example.com")),
            ("invalid@mail", Some("invalid@mail")),
            ("no-address", Some("no-address")),
            ("+only@example.com", None),
            ("@example.com", None),
            ("", None),
            (" \t", None),
        ] {
            assert_eq!(lookup_address(given).as_deref(), expected, "{given:?}");
        }
    }

    #[test]
    fn spec02_case_32_nothing_in_a_value_can_change_the_question() {
        let layout = Layout::default();
        for (value, expected) in [
            ("lead@example.com", "(rhatPrimaryMail=lead@example.com)"),
            ("*)(uid=*", r"(rhatPrimaryMail=\2a\29\28uid=\2a)"),
            ("a\\b\0", r"(rhatPrimaryMail=a\5cb\00)"),
        ] {
            assert_eq!(layout.person(value), expected);
        }
        let groups = "ou=adhoc,ou=managedGroups,dc=redhat,dc=com";
        for (value, expected) in [
            ("team-example", format!("(memberOf=cn=team-example,{groups})")),
            ("a,ou=x", format!(r"(memberOf=cn=a\5c2cou\5c3dx,{groups})")),
            ("*)(uid=*", format!(r"(memberOf=cn=\2a\29\28uid\5c3d\2a,{groups})")),
        ] {
            assert_eq!(layout.members(value), expected);
        }
        assert!(ldap3::parse_filter(layout.members("a,b=(*)\\\0 ü")).is_ok());
    }
}
