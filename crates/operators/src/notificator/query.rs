//! What is searched for (spec 02 §8.2).

use jiff::civil::Date;
use oar_jira::{JiraError, JiraRead};

/// The project of product bugs.
pub(super) const PROJECT: &str = "OCPBUGS";

/// The search for bugs that wait for verification.
///
/// ```
/// use oar_operators::notificator::jql;
///
/// let jql = jql(&["4.98.z".to_owned(), "4.99.z".to_owned()], None);
/// assert!(jql.ends_with("'Target Version' in (4.98.z, 4.99.z)"));
/// ```
pub fn jql(versions: &[String], from_date: Option<Date>) -> String {
    let since = from_date.map(|date| format!(" AND status changed to ON_QA after {date}"));
    format!(
        "project = {PROJECT} AND issuetype in (Bug, Vulnerability) AND status = ON_QA \
         AND 'Target Version' in ({}){}",
        versions.join(", "),
        since.unwrap_or_default()
    )
}

/// The versions that the project has; one that it does not have would make Jira refuse the search.
/// The warnings name those, and newer ones that nobody asked for.
pub(super) async fn known_versions(
    jira: &dyn JiraRead,
    wanted: &[String],
) -> Result<(Vec<String>, Vec<String>), JiraError> {
    let known = jira.versions(PROJECT).await?;
    let mut warnings = Vec::new();
    let mut kept = Vec::new();
    for version in wanted {
        if known.contains(version) {
            kept.push(version.clone());
        } else {
            warnings.push(format!("{PROJECT} has no version {version}: not searched"));
        }
    }
    let newest = wanted.iter().filter_map(|version| stream(version)).max();
    let newer = known.iter().filter(|version| stream(version) > newest);
    warnings.extend(newer.map(|version| {
        format!("{PROJECT} has version {version}, which notificator.versions does not list")
    }));
    Ok((kept, warnings))
}

/// `4.20` of `4.20.z`.
fn stream(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.strip_suffix(".z")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spec02_case_34_the_search_is_that_of_the_documentation() {
        let versions: Vec<String> = (12..=22).map(|minor| format!("4.{minor}.z")).collect();
        let expected = "project = OCPBUGS AND issuetype in (Bug, Vulnerability) AND status = ON_QA \
            AND 'Target Version' in (4.12.z, 4.13.z, 4.14.z, 4.15.z, 4.16.z, 4.17.z, 4.18.z, \
            4.19.z, 4.20.z, 4.21.z, 4.22.z)";
        assert_eq!(jql(&versions, None), expected);
        let date = "2025-07-17".parse().unwrap();
        let dated = jql(&versions, Some(date));
        assert_eq!(dated, format!("{expected} AND status changed to ON_QA after 2025-07-17"));
    }
}
