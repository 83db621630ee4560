//! Keys of issues.

use std::fmt;
use std::str::FromStr;

/// The key of an issue: `OCPBUGS-12`.
///
/// ```
/// use oar_jira::IssueKey;
///
/// let key: IssueKey = " OCPBUGS-12 ".parse()?;
/// assert_eq!((key.project(), key.as_str()), ("OCPBUGS", "OCPBUGS-12"));
/// assert!("ART-0".parse::<IssueKey>()?.is_placeholder());
/// # Ok::<(), oar_jira::KeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssueKey(String);

/// A text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no key of a Jira issue such as OCPBUGS-12")]
pub struct KeyError {
    /// What was given.
    pub text: String,
}

impl IssueKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The project: `OCPBUGS`.
    pub fn project(&self) -> &str {
        self.0.rsplit_once('-').map_or("", |(project, _)| project)
    }

    /// Whether the number is 0, which stands for a ticket that does not exist yet.
    pub fn is_placeholder(&self) -> bool {
        let number = self.0.rsplit_once('-').map_or("", |(_, number)| number);
        number.bytes().all(|digit| digit == b'0')
    }
}

impl fmt::Display for IssueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for IssueKey {
    type Err = KeyError;

    /// A project of upper-case letters, digits and `_`, beginning with a letter; a dash; a number.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let key = text.trim();
        let fits = key.rsplit_once('-').is_some_and(|(project, number)| {
            let rest = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
            project.bytes().next().is_some_and(|b| b.is_ascii_uppercase())
                && project.bytes().all(rest)
                && !number.is_empty()
                && number.len() <= 18
                && number.bytes().all(|b| b.is_ascii_digit())
        });
        if fits { Ok(Self(key.to_owned())) } else { Err(KeyError { text: text.to_owned() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_are_keys() {
        for good in ["A-1", "OCPBUGS-123456", "A_1-0", "ART-12345"] {
            assert_eq!(good.parse::<IssueKey>().unwrap().as_str(), good);
        }
        for bad in ["", "A", "A-", "-1", "a-1", "1A-1", "A-1x", "A-1/../x", "A 1-1", "A-1\n-2"] {
            assert!(bad.parse::<IssueKey>().is_err(), "{bad:?}");
        }
        assert!(!"ART-10".parse::<IssueKey>().unwrap().is_placeholder());
    }
}
