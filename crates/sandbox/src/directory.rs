//! The company directory: people, their managers, their groups. LDAP is no HTTP, so it is not asked
//! over the wire: an in-process reader answers from these two questions.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// People by address, in lower case.
    pub people: BTreeMap<String, Person>,
    /// Nobody can reach it.
    #[serde(default)]
    pub is_down: bool,
}

/// One person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Address of the manager.
    pub manager: Option<String>,
    /// Names of groups.
    pub groups: BTreeSet<String>,
}

impl Directory {
    /// The address of the manager of whoever has the address `email`; a `+suffix` is no part of it.
    pub fn manager_of(&self, email: &str) -> Option<&str> {
        let email = email.trim().to_ascii_lowercase();
        let (local, domain) = email.split_once('@')?;
        let local = local.split('+').next().unwrap_or(local);
        self.people.get(&format!("{local}@{domain}"))?.manager.as_deref()
    }

    /// The addresses of the members of `group`.
    pub fn members_of(&self, group: &str) -> BTreeSet<String> {
        let is_member = |person: &Person| person.groups.contains(group.trim());
        let members = self.people.iter().filter(|(_, person)| is_member(person));
        members.map(|(email, _)| email.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn managers_and_members_are_found() {
        let directory = crate::seed::world().directory;
        assert_eq!(directory.manager_of("Member+x@example.com"), Some("lead@example.com"));
        assert_eq!(directory.manager_of("*)(uid=*"), None);
        assert!(directory.members_of("release-leads-example").contains("lead@example.com"));
        assert!(directory.members_of("").is_empty());
    }
}
