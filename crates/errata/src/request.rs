//! Paths of the Errata Tool and of Brew, built without sending anything.

use oar_transport::encode_segment;

use crate::error::AdvisoryError;
use crate::words::AdvisoryId;

pub(crate) fn erratum(id: AdvisoryId) -> String {
    format!("api/v1/erratum/{id}")
}

/// An address below one erratum.
pub(crate) fn below(id: AdvisoryId, what: &str) -> String {
    format!("api/v1/erratum/{id}/{what}")
}

pub(crate) fn user(id: u64) -> String {
    format!("api/v1/user/{id}")
}

pub(crate) fn issue_advisories(key: &str) -> String {
    format!("jira_issues/{}/advisories.json", encode_segment(key))
}

pub(crate) fn container_page(id: AdvisoryId) -> String {
    format!("errata/container/{id}")
}

pub(crate) fn guard_page(id: AdvisoryId) -> String {
    format!("workflow_rules/for_advisory/{id}")
}

/// Where Brew keeps what it knows about a build: name, version of digits and dots, release of
/// digits (spec 02 §3.11).
pub(crate) fn build_metadata(nvr: &str) -> Result<String, AdvisoryError> {
    let bad = || AdvisoryError::NotABuild { nvr: nvr.to_owned() };
    let (rest, release) = nvr.rsplit_once('-').ok_or_else(bad)?;
    let (name, version) = rest.rsplit_once('-').ok_or_else(bad)?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_name = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.+".contains(&b))
        && !name.starts_with('.');
    if !is_name || !version.split('.').all(is_number) || !is_number(release) {
        return Err(bad());
    }
    Ok(format!("brewroot/packages/{name}/{version}/{release}/metadata.json"))
}

/// A key of a Jira issue, `OCPBUGS-1`; anything else never reaches a request.
pub(crate) fn check_key(key: &str) -> Result<(), AdvisoryError> {
    let fits = key.split_once('-').is_some_and(|(project, number)| {
        !project.is_empty()
            && project.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    });
    if fits { Ok(()) } else { Err(AdvisoryError::NotAnIssue { key: key.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_split_from_the_right() {
        assert_eq!(
            build_metadata("rhcos-x86_64-499.98.202601010000-0").unwrap(),
            "brewroot/packages/rhcos-x86_64/499.98.202601010000/0/metadata.json"
        );
        for nvr in ["rhcos", "rhcos-1", "-1-2", "a-1.-2", "a-1-2x", "../a-1-2", "a/b-1-2", "a--2"] {
            assert!(build_metadata(nvr).is_err(), "{nvr}");
        }
    }

    #[test]
    fn keys_are_checked_before_they_reach_a_path() {
        assert!(check_key("OCPBUGS-90001").is_ok());
        for key in ["", "OCPBUGS", "OCPBUGS-", "-1", "OCPBUGS-1/../2", "OCPBUGS-1 ", "1"] {
            assert!(check_key(key).is_err(), "{key}");
        }
    }
}
