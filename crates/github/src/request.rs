//! Paths and bodies of requests, built without sending anything.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oar_state_repo::RepoPath;
use oar_transport::encode_segment;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::name::RepoName;

/// Files per GraphQL query (spec 01 §8.2).
pub(crate) const FILES_PER_QUERY: usize = 50;

/// `/repos/{owner}/{name}/{rest}`.
pub(crate) fn repo_path(repo: &RepoName, rest: &str) -> String {
    format!("/repos/{}/{}/{rest}", repo.owner(), repo.name())
}

/// The path of a file's contents; each segment is encoded, slashes stay.
pub(crate) fn contents_path(repo: &RepoName, path: &RepoPath) -> String {
    repo_path(repo, &format!("contents/{}", encode_path(path.as_str())))
}

/// The same for reading from `branch`.
pub(crate) fn contents_at(repo: &RepoName, path: &RepoPath, branch: &str) -> String {
    format!("{}?ref={}", contents_path(repo, path), encode_segment(branch))
}

/// Encodes every segment of a path or branch name.
pub(crate) fn encode_path(path: &str) -> String {
    path.split('/').map(encode_segment).collect::<Vec<_>>().join("/")
}

/// Body of `PUT /repos/{repo}/contents/{path}`; without `sha` it creates only.
#[derive(Debug, Serialize)]
pub(crate) struct WriteFile<'a> {
    pub(crate) message: &'a str,
    pub(crate) content: String,
    pub(crate) branch: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sha: Option<&'a str>,
}

impl<'a> WriteFile<'a> {
    pub(crate) fn new(
        message: &'a str,
        content: &[u8],
        branch: &'a str,
        sha: Option<&'a str>,
    ) -> Self {
        Self { message, content: STANDARD.encode(content), branch, sha }
    }
}

/// Body of `DELETE /repos/{repo}/contents/{path}`.
#[derive(Debug, Serialize)]
pub(crate) struct DeleteFile<'a> {
    pub(crate) message: &'a str,
    pub(crate) branch: &'a str,
    pub(crate) sha: &'a str,
}

/// Body of `POST /graphql` that reads `paths` of `branch`: names travel as variables only.
pub(crate) fn files_query(repo: &RepoName, branch: &str, paths: &[RepoPath]) -> Value {
    let mut head = String::from("query($owner:String!,$name:String!");
    let mut fields = String::new();
    let mut variables = Map::new();
    variables.insert("owner".to_owned(), json!(repo.owner()));
    variables.insert("name".to_owned(), json!(repo.name()));
    for (number, path) in paths.iter().enumerate() {
        write!(head, ",$e{number}:String!").expect("writing to a string cannot fail");
        write!(
            fields,
            " f{number}:object(expression:$e{number}){{... on Blob{{oid isTruncated text}}}}"
        )
        .expect("writing to a string cannot fail");
        variables.insert(format!("e{number}"), json!(format!("{branch}:{path}")));
    }
    let query = format!("{head}){{repository(owner:$owner,name:$name){{{fields}}}}}");
    json!({ "query": query, "variables": variables })
}

/// The alias of the `number`-th file in [`files_query`].
pub(crate) fn alias(number: usize) -> String {
    format!("f{number}")
}

/// Decodes base64 as GitHub sends it, with line breaks.
pub(crate) fn decode(content: &str) -> Result<Vec<u8>, base64::DecodeError> {
    STANDARD.decode(content.split_ascii_whitespace().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo() -> RepoName {
        "o/r".parse().unwrap()
    }

    #[test]
    fn segments_are_encoded_and_slashes_stay() {
        let path = RepoPath::new("_releases/4.99/a b#ü?.yaml").unwrap();
        assert_eq!(
            contents_at(&repo(), &path, "feature/x"),
            "/repos/o/r/contents/_releases/4.99/a%20b%23%C3%BC%3F.yaml?ref=feature%2Fx"
        );
    }

    #[test]
    fn a_create_carries_no_sha() {
        let create = serde_json::to_value(WriteFile::new("m", b"x", "b", None)).unwrap();
        assert_eq!(create, json!({ "message": "m", "content": "eA==", "branch": "b" }));
        let update = serde_json::to_value(WriteFile::new("m", b"x", "b", Some("1"))).unwrap();
        assert_eq!(update["sha"], "1");
    }

    #[test]
    fn names_never_enter_the_query_text() {
        let path = RepoPath::new("a\"){evil}").unwrap();
        let body = files_query(&repo(), "z", &[path]);
        let query = body["query"].as_str().unwrap();
        assert!(!query.contains("evil"));
        assert_eq!(body["variables"]["e0"], "z:a\"){evil}");
        assert_eq!(
            query,
            "query($owner:String!,$name:String!,$e0:String!){repository(owner:$owner,name:$name)\
             { f0:object(expression:$e0){... on Blob{oid isTruncated text}}}}"
        );
    }

    #[test]
    fn base64_with_line_breaks_is_decoded() {
        assert_eq!(decode("aGVs\nbG8=\n").unwrap(), b"hello");
        assert!(decode("not base64!").is_err());
    }
}
