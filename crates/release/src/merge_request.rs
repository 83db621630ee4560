//! Addresses of GitLab merge requests (spec 01 §2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::version::{VersionError, serde_as_text};

/// A merge request, read from its web address.
///
/// ```
/// use oar_release::MergeRequest;
///
/// let mr: MergeRequest = "https://gitlab.example.com/grp/data/-/merge_requests/337/diffs?tab=1".parse()?;
/// assert_eq!((mr.origin(), mr.project(), mr.iid()), ("https://gitlab.example.com", "grp/data", 337));
/// assert_eq!(mr.to_string(), "https://gitlab.example.com/grp/data/-/merge_requests/337");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MergeRequest {
    origin: String,
    project: String,
    iid: u64,
}

impl MergeRequest {
    /// The merge request `iid` of `project` (`group/name`) on `origin` (`https://host`).
    pub fn new(origin: &str, project: &str, iid: u64) -> Self {
        let origin = origin.trim_end_matches('/').to_owned();
        Self { origin, project: project.trim_matches('/').to_owned(), iid }
    }

    /// Scheme and host, with the port if there is one, without a trailing slash.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Path of the project, groups included: `group/sub/name`.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// Number of the merge request within its project.
    pub const fn iid(&self) -> u64 {
        self.iid
    }
}

impl fmt::Display for MergeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/-/merge_requests/{}", self.origin, self.project, self.iid)
    }
}

impl FromStr for MergeRequest {
    type Err = VersionError;

    /// Host and path are needed; the path has exactly one `/-/merge_requests/`, before it the
    /// project, after it the number, possibly followed by further segments. Query and fragment are
    /// ignored.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.trim()).ok_or_else(|| VersionError {
            text: text.to_owned(),
            expected: "a merge request such as https://gitlab.example.com/group/project/-/merge_requests/12",
        })
    }
}

fn parse(text: &str) -> Option<MergeRequest> {
    let (scheme, rest) = text.split_once("://")?;
    if !matches!(scheme, "http" | "https") {
        return None;
    }
    let rest = rest.split(['?', '#']).next()?;
    let (host, path) = rest.split_once('/')?;
    // User-info in an address that is stored and printed would be a leaked credential.
    if host.is_empty() || host.contains(['@', ' ']) {
        return None;
    }
    let (project, number) = path.split_once("/-/merge_requests/")?;
    let project = project.trim_matches('/');
    if project.is_empty() || number.contains("/-/merge_requests/") {
        return None;
    }
    let iid = number.split('/').next().filter(|iid| iid.bytes().all(|b| b.is_ascii_digit()))?;
    let origin = format!("{scheme}://{host}");
    Some(MergeRequest { origin, project: project.to_owned(), iid: iid.parse().ok()? })
}

serde_as_text!(MergeRequest);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_project_and_number() {
        for (text, project, iid) in [
            ("https://gitlab.example.com/g/p/-/merge_requests/1", "g/p", 1),
            ("https://gitlab.example.com//g/s/p//-/merge_requests/22/", "g/s/p", 22),
            ("http://127.0.0.1:8080/g/p/-/merge_requests/3/diffs#note_1", "g/p", 3),
            (
                " https://gitlab.example.com/g/p/-/merge_requests/4?x=/-/merge_requests/9\n",
                "g/p",
                4,
            ),
        ] {
            let mr: MergeRequest = text.parse().unwrap_or_else(|e| panic!("{e}"));
            assert_eq!((mr.project(), mr.iid()), (project, iid), "{text}");
        }
    }

    #[test]
    fn refuses_anything_else() {
        for text in [
            "",
            "gitlab.example.com/g/p/-/merge_requests/1",
            "https:///g/p/-/merge_requests/1",
            "https://gitlab.example.com/-/merge_requests/1",
            "https://gitlab.example.com/g/p/merge_requests/1",
            "https://gitlab.example.com/g/p/-/merge_requests/",
            "https://gitlab.example.com/g/p/-/merge_requests/x1",
            "https://gitlab.example.com/g/p/-/merge_requests/-1",
            "https://gitlab.example.com/g/p/-/merge_requests/1/-/merge_requests/2",
            "https://u:p@gitlab.example.com/g/p/-/merge_requests/1",
        ] {
            assert!(text.parse::<MergeRequest>().is_err(), "{text}");
        }
    }

    proptest! {
        /// No formatter may lose a character of what it was given.
        #[test]
        fn r6_address_survives_parse_and_print(project in "[a-z][a-z0-9-]{0,8}(/[a-z0-9_.]{1,8}){0,3}", iid: u64) {
            let mr = MergeRequest::new("https://gitlab.example.com", &project, iid);
            prop_assert_eq!(mr.to_string().parse::<MergeRequest>(), Ok(mr));
        }
    }
}
