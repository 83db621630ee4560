//! Which account a person is, and who is asked for information. Pure rules.

use crate::types::Account;

/// Why no account can be told for an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAccount {
    /// Nobody fits.
    #[error("Jira knows nobody with exactly this address")]
    Nobody,
    /// More than one may be meant.
    #[error("several accounts may be meant: {}", names.join(", "))]
    Ambiguous {
        /// Their names.
        names: Vec<String>,
    },
}

/// The account of `email` among those that a search found (spec 02 §4.6).
///
/// The search matches prefixes, so the address must be equal; where addresses are hidden, there must
/// be exactly one hit. Only people in use count.
pub fn choose_account<'a>(email: &str, found: &'a [Account]) -> Result<&'a Account, NoAccount> {
    let is_person = |account: &&Account| {
        account.active && account.account_type.as_deref().is_none_or(|kind| kind == "atlassian")
    };
    let people: Vec<&Account> = found.iter().filter(is_person).collect();
    let equal: Vec<&Account> = people.iter().copied().filter(|a| a.has_email(email)).collect();
    let ambiguous = |accounts: &[&Account]| NoAccount::Ambiguous {
        names: accounts.iter().map(|account| account.name().to_owned()).collect(),
    };
    match (equal.as_slice(), people.as_slice()) {
        ([only], _) => Ok(only),
        ([], [only]) if only.email_address.is_none() => Ok(only),
        ([], []) => Err(NoAccount::Nobody),
        ([], others) if others.iter().all(|account| account.email_address.is_none()) => {
            Err(ambiguous(others))
        }
        ([], _) => Err(NoAccount::Nobody),
        (several, _) => Err(ambiguous(several)),
    }
}

/// The whole list of people to ask for information with `more` in it, each once; `None` when they are
/// all there already.
pub fn with_need_info(now: &[Account], more: &[&str]) -> Option<Vec<String>> {
    let mut list: Vec<String> = now.iter().map(|account| account.account_id.clone()).collect();
    let before = list.len();
    for id in more {
        if !list.iter().any(|known| known == id) {
            list.push((*id).to_owned());
        }
    }
    (list.len() > before).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str, email: Option<&str>) -> Account {
        Account {
            account_id: id.to_owned(),
            display_name: Some(id.to_uppercase()),
            email_address: email.map(str::to_owned),
            active: true,
            account_type: Some("atlassian".to_owned()),
        }
    }

    fn chosen(found: &[Account]) -> Result<String, NoAccount> {
        choose_account("jdoe@example.com", found).map(|account| account.account_id.clone())
    }

    #[test]
    fn spec02_case_26_the_address_must_be_equal() {
        let other = account("a", Some("jdoe2@example.com"));
        let right = account("b", Some("JDoe@example.com"));
        assert_eq!(chosen(&[other.clone(), right.clone()]).as_deref(), Ok("b"));
        assert_eq!(chosen(&[other]), Err(NoAccount::Nobody));
        let gone = Account { active: false, ..right.clone() };
        let app = Account { account_type: Some("app".to_owned()), ..right.clone() };
        assert_eq!(chosen(&[gone, app]), Err(NoAccount::Nobody));
        assert!(matches!(chosen(&[right.clone(), right]), Err(NoAccount::Ambiguous { .. })));
        assert_eq!(chosen(&[]), Err(NoAccount::Nobody));
    }

    #[test]
    fn a_hidden_address_needs_a_single_hit() {
        assert_eq!(chosen(&[account("a", None)]).as_deref(), Ok("a"));
        let two = [account("a", None), account("b", None)];
        assert_eq!(
            chosen(&two),
            Err(NoAccount::Ambiguous { names: vec!["A".to_owned(), "B".to_owned()] })
        );
        let mixed = [account("a", None), account("b", Some("x@example.com"))];
        assert_eq!(chosen(&mixed), Err(NoAccount::Nobody));
    }

    #[test]
    fn people_are_asked_once() {
        let now = [account("a", None)];
        assert_eq!(with_need_info(&now, &["a"]), None);
        assert_eq!(with_need_info(&now, &["b", "a", "b"]), Some(vec!["a".into(), "b".into()]));
    }
}
