//! The issue about failed CVP tests of a release (spec 02 §4.7).

use std::collections::BTreeSet;

use oar_release::{Links, ReleaseVersion};

use crate::adf::{self, Adf, Inline};
use crate::error::JiraError;
use crate::jql;
use crate::key::IssueKey;
use crate::port::{JiraRead, JiraWrite};
use crate::types::{NewComment, NewIssue, Search};

/// The project that such issues belong to.
const PROJECT: &str = "CVP";

/// A test that did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CvpTest {
    /// Its number.
    pub id: u64,
    /// The advisory.
    pub advisory: u64,
    /// The build that was tested.
    pub nvr: String,
}

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CvpOutcome {
    /// A new issue.
    Created(IssueKey),
    /// The open issue got a comment, because other tests fail now.
    Commented(IssueKey),
    /// The open issue says it already.
    Known(IssueKey),
}

impl CvpOutcome {
    /// The issue.
    pub const fn key(&self) -> &IssueKey {
        match self {
            Self::Created(key) | Self::Commented(key) | Self::Known(key) => key,
        }
    }
}

/// The summary of the release's issue; also what finds it.
pub fn cvp_summary(release: &ReleaseVersion) -> String {
    format!("[{release}] Greenwave CVP test failures in advisories")
}

/// The description: per advisory, in the order of appearance, a heading and one line per test.
pub fn cvp_description(release: &ReleaseVersion, tests: &[CvpTest], links: &Links) -> Adf {
    let mut advisories: Vec<u64> = Vec::new();
    for test in tests {
        if !advisories.contains(&test.advisory) {
            advisories.push(test.advisory);
        }
    }
    let opening = format!("Greenwave CVP tests of {release} failed:");
    let mut body = Adf::new().paragraph([Inline::text(opening)]);
    for advisory in advisories {
        let page = links.advisory(advisory);
        let line = |test: &CvpTest| {
            let run = format!("{page}/test_run/{}", test.id);
            [
                Inline::text(format!("{} (", test.nvr)),
                Inline::link(format!("test_run/{}", test.id), run),
                Inline::text(")"),
            ]
        };
        let of_advisory = tests.iter().filter(|test| test.advisory == advisory);
        body = body
            .heading(3, [Inline::link(advisory.to_string(), page.clone())])
            .bullets(of_advisory.map(line));
    }
    body
}

/// Sees to it that one open issue names exactly these tests: makes it, or comments on it when the
/// set changed. `tests` must not be empty.
pub async fn report_cvp(
    read: &dyn JiraRead,
    write: &dyn JiraWrite,
    release: &ReleaseVersion,
    tests: &[CvpTest],
    links: &Links,
) -> Result<CvpOutcome, JiraError> {
    if tests.is_empty() {
        let problem = "no test failed".to_owned();
        return Err(JiraError::Invalid { what: "report CVP tests".to_owned(), problem });
    }
    let description = cvp_description(release, tests, links);
    let Some(key) = open_issue(read, release).await? else {
        let new = NewIssue {
            project: PROJECT.to_owned(),
            issue_type: "Bug".to_owned(),
            priority: "Blocker".to_owned(),
            summary: cvp_summary(release),
            description,
        };
        return Ok(CvpOutcome::Created(write.create_issue(&new).await?));
    };
    let failing: BTreeSet<String> = tests.iter().map(|test| test.id.to_string()).collect();
    if reported(read, &key).await? == failing {
        return Ok(CvpOutcome::Known(key));
    }
    let ids: Vec<&str> = failing.iter().map(String::as_str).collect();
    let intent = format!("cvp/{release}/{}", ids.join(","));
    write.comment(&key, &NewComment::new(description, intent)).await?;
    Ok(CvpOutcome::Commented(key))
}

/// The open issue of the release. The search matches words, so the summary is compared.
async fn open_issue(
    read: &dyn JiraRead,
    release: &ReleaseVersion,
) -> Result<Option<IssueKey>, JiraError> {
    let summary = cvp_summary(release);
    let jql = format!(
        "project = {} AND summary ~ {} AND statusCategory != Done",
        jql::quote(PROJECT),
        jql::phrase(&summary)
    );
    let found = read.search(&Search::new(jql)).await?;
    Ok(found.into_iter().find(|issue| issue.title() == summary).map(|issue| issue.key))
}

/// The tests that were reported last: by our newest comment that names tests, else by the
/// description.
async fn reported(read: &dyn JiraRead, key: &IssueKey) -> Result<BTreeSet<String>, JiraError> {
    let (me, issue, comments) =
        tokio::try_join!(read.myself(), read.issue(key), read.comments(key))?;
    let is_ours = |comment: &&crate::types::Comment| {
        comment.author.as_ref().is_some_and(|author| author.account_id == me.account_id)
    };
    let newest = comments.iter().rev().filter(is_ours);
    let named = newest.map(|comment| test_runs(&comment.links)).find(|runs| !runs.is_empty());
    Ok(named.unwrap_or_else(|| test_runs(&adf::links(&issue.description))))
}

fn test_runs(links: &[String]) -> BTreeSet<String> {
    let run = |link: &String| {
        let (_, id) = link.rsplit_once("/test_run/")?;
        (!id.is_empty() && id.bytes().all(|b| b.is_ascii_digit())).then(|| id.to_owned())
    };
    links.iter().filter_map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spec02_case_09_tests_are_grouped_by_advisory() {
        let test = |id, advisory, nvr: &str| CvpTest { id, advisory, nvr: nvr.to_owned() };
        let tests = [test(200, 100, "nvrB"), test(201, 100, "nvrC"), test(202, 102, "nvrD")];
        let release = "4.99.3".parse().unwrap();
        let body = cvp_description(&release, &tests, &Links::default());
        assert_eq!(
            body.plain(),
            "Greenwave CVP tests of 4.99.3 failed:\n100\nnvrB (test_run/200)\nnvrC (test_run/201)\n102\nnvrD (test_run/202)"
        );
        let json = body.to_json();
        let headings =
            json["content"].as_array().unwrap().iter().filter(|b| b["type"] == "heading");
        assert_eq!(headings.count(), 2);
        let links = adf::links(&json);
        let runs: Vec<&str> =
            links.iter().filter_map(|link| Some(link.split_once("/test_run")?.1)).collect();
        assert_eq!(runs, ["/200", "/201", "/202"]);
        assert!(links[0].ends_with("/advisory/100"), "{links:?}");
        assert_eq!(test_runs(&links).len(), 3);
        assert_eq!(cvp_summary(&release), "[4.99.3] Greenwave CVP test failures in advisories");
    }
}
