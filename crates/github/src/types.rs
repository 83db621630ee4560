//! What GitHub answers, as far as it is read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// `GET /repos/{repo}/contents/{path}` of a file.
#[derive(Debug, Deserialize)]
pub(crate) struct ContentsFile {
    pub(crate) sha: String,
    pub(crate) encoding: String,
    pub(crate) content: String,
}

/// Answer to a write of contents.
#[derive(Debug, Deserialize)]
pub(crate) struct Written {
    pub(crate) content: Object,
}

/// Anything that is named by its id.
#[derive(Debug, Deserialize)]
pub(crate) struct Object {
    pub(crate) sha: String,
}

/// `GET /repos/{repo}/git/ref/heads/{branch}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Reference {
    pub(crate) object: Object,
}

/// `GET /repos/{repo}/git/trees/{id}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Tree {
    pub(crate) tree: Vec<TreeEntry>,
    /// Whether GitHub left entries out.
    pub(crate) truncated: bool,
}

/// One entry of a tree.
#[derive(Debug, Deserialize)]
pub(crate) struct TreeEntry {
    pub(crate) path: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) sha: String,
}

impl TreeEntry {
    pub(crate) fn is_file(&self) -> bool {
        self.kind == "blob"
    }

    pub(crate) fn is_folder(&self) -> bool {
        self.kind == "tree"
    }
}

/// `GET /repos/{repo}/git/blobs/{id}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Blob {
    pub(crate) encoding: String,
    pub(crate) content: String,
}

/// Any answer of GraphQL.
#[derive(Debug, Deserialize)]
pub(crate) struct GraphqlAnswer {
    pub(crate) data: Option<GraphqlData>,
    #[serde(default)]
    pub(crate) errors: Vec<GraphqlProblem>,
}

/// The data of a query for files.
#[derive(Debug, Deserialize)]
pub(crate) struct GraphqlData {
    /// Alias to node; `None` when the repository is not to be seen.
    pub(crate) repository: Option<BTreeMap<String, Option<GraphqlBlob>>>,
}

/// A blob in GraphQL; every field is absent when the object is a folder.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GraphqlBlob {
    pub(crate) oid: Option<String>,
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) is_truncated: Option<bool>,
}

/// One entry of GraphQL's `errors`.
#[derive(Debug, Deserialize)]
pub(crate) struct GraphqlProblem {
    pub(crate) message: String,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) path: Vec<Value>,
    /// Codes of the schema's own errors.
    pub(crate) extensions: Option<Value>,
}

impl GraphqlProblem {
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind.as_deref() == Some(kind)
    }
}

/// `GET /user`.
#[derive(Debug, Deserialize)]
pub(crate) struct User {
    pub(crate) login: String,
}

/// `GET /rate_limit`.
#[derive(Debug, Deserialize)]
pub(crate) struct RateLimit {
    pub(crate) resources: Resources,
}

/// The buckets of the rate limit that matter here.
#[derive(Debug, Deserialize)]
pub(crate) struct Resources {
    pub(crate) core: Bucket,
}

/// One bucket.
#[derive(Debug, Deserialize)]
pub(crate) struct Bucket {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
}

/// `GET /repos/{repo}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Repository {
    pub(crate) permissions: Option<Permissions>,
}

/// What the token may do.
#[derive(Debug, Deserialize)]
pub(crate) struct Permissions {
    pub(crate) push: bool,
}

/// `GET /repos/{repo}/issues/{number}` of a pull request.
#[derive(Debug, Deserialize)]
pub(crate) struct IssueWire {
    pub(crate) state: String,
    pub(crate) labels: Vec<LabelWire>,
    pub(crate) pull_request: Option<PullWire>,
}

/// A label.
#[derive(Debug, Deserialize)]
pub(crate) struct LabelWire {
    pub(crate) name: String,
}

/// What an issue says about its pull request.
#[derive(Debug, Deserialize)]
pub(crate) struct PullWire {
    pub(crate) merged_at: Option<String>,
}

/// `GET /repos/{repo}/git/commits/{id}` with the commits before it.
#[derive(Debug, Deserialize)]
pub(crate) struct ParentedCommit {
    pub(crate) tree: Object,
    pub(crate) parents: Vec<Object>,
}

/// `GET /repos/{repo}/installation`.
#[derive(Debug, Deserialize)]
pub(crate) struct Installation {
    pub(crate) id: u64,
}

/// `POST /app/installations/{id}/access_tokens`. No `Debug`: it is a secret.
#[derive(Deserialize)]
pub(crate) struct Granted {
    pub(crate) token: String,
}

/// A pull request as `GET` and `POST /repos/{repo}/pulls` tell it.
#[derive(Debug, Deserialize)]
pub(crate) struct PullSummary {
    pub(crate) number: u64,
    pub(crate) html_url: String,
    pub(crate) state: String,
    pub(crate) head: PullBranch,
    pub(crate) base: PullBranch,
    #[serde(default)]
    pub(crate) labels: Vec<LabelWire>,
}

/// One end of a pull request.
#[derive(Debug, Deserialize)]
pub(crate) struct PullBranch {
    /// `owner:branch`.
    pub(crate) label: String,
    /// The branch.
    #[serde(rename = "ref")]
    pub(crate) name: String,
}
