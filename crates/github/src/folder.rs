//! A whole folder in one query: a cold start reads about 2 MB at once (spec 04 §3), a warm one only
//! the ids of its files.

use http::Method;
use oar_state_repo::{
    Entry, FileVersion, RepoError, RepoPath, StateRepo as _, StoredFile, blob_id,
};
use serde::Deserialize;
use serde_json::json;

use crate::head::Reference;
use crate::operations::GRAPHQL;
use crate::repo::GitHubRepo;

type Found = Vec<(RepoPath, StoredFile)>;

/// The folder, and which commit the branch points to: where the commit has the very tree that came,
/// the files are known to be those of the head, and a commit on it needs no further look.
fn query(object: &str) -> String {
    format!(
        "query($owner:String!,$name:String!,$folder:String!,$ref:String!,$path:String!){{\
         repository(owner:$owner,name:$name){{\
         head:ref(qualifiedName:$ref){{target{{oid ... on Commit{{folder:file(path:$path){{oid}}}}}}}} \
         folder:object(expression:$folder){{oid ... on Tree{{entries{{name type oid{object}}}}}}}}}}}"
    )
}

/// The contents, too.
const CONTENTS: &str = " object{... on Blob{isTruncated text}}";

#[derive(Deserialize)]
struct Answer {
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    head: Option<Reference>,
    folder: Option<Folder>,
}

#[derive(Deserialize)]
struct Folder {
    oid: Option<String>,
    entries: Option<Vec<Child>>,
}

#[derive(Deserialize)]
struct Child {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    oid: Option<String>,
    object: Option<Blob>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Blob {
    text: Option<String>,
    #[serde(default)]
    is_truncated: Option<bool>,
}

impl GitHubRepo {
    /// All files directly in `folder`; `None` when the query does not bring them: then they are
    /// listed and read in portions.
    pub(crate) async fn read_folder_at_once(
        &self,
        folder: &RepoPath,
    ) -> Result<Option<Found>, RepoError> {
        match self.children(folder, CONTENTS).await? {
            Some(children) => self.files_in(folder, children).await.map(Some),
            None => Ok(None),
        }
    }

    /// The ids of all files directly in `folder`; `None` when the query does not bring them.
    pub(crate) async fn list_at_once(
        &self,
        folder: &RepoPath,
    ) -> Result<Option<Vec<Entry>>, RepoError> {
        let Some(children) = self.children(folder, "").await? else { return Ok(None) };
        let mut entries = Vec::with_capacity(children.len());
        for child in children {
            let path = RepoPath::new(format!("{folder}/{}", child.name))?;
            let Some(oid) = child.oid else { return Ok(None) };
            entries.push(Entry { path, version: FileVersion(oid) });
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Some(entries))
    }

    /// The files directly in `folder`, with `object` of each.
    async fn children(
        &self,
        folder: &RepoPath,
        object: &str,
    ) -> Result<Option<Vec<Child>>, RepoError> {
        let expression = format!("{}:{folder}", self.branch);
        let variables = json!({
            "owner": self.repo.owner(), "name": self.repo.name(), "folder": expression,
            "ref": format!("refs/heads/{}", self.branch), "path": folder.as_str(),
        });
        let body = json!({ "query": query(object), "variables": variables });
        let reply = self.github.send(GRAPHQL, Method::POST, "/graphql", &body).await;
        let answer = reply.and_then(|reply| Ok(reply.json::<Answer>()?));
        let answer = match answer.map_err(|error| self.failed_branch(error)) {
            Ok(answer) => answer,
            Err(
                error @ (RepoError::Unauthenticated { .. }
                | RepoError::Forbidden { .. }
                | RepoError::NotConfigured { .. }),
            ) => return Err(error),
            // A query that takes too long is answered by a gateway.
            Err(error) => {
                tracing::warn!("the folder {folder} is read in portions: {error}");
                return Ok(None);
            }
        };
        let Some(repository) = answer.data.and_then(|data| data.repository) else {
            return Ok(None);
        };
        let Some(Folder { oid, entries: Some(mut children) }) = repository.folder else {
            return Ok(None);
        };
        self.saw_branch();
        children.retain(|child| child.kind == "blob");
        if let Some(head) = repository.head.and_then(|head| head.target)
            && oid.is_some()
            && head.entry("folder") == oid.as_deref()
        {
            let known = children.iter().map(|child| {
                let path = RepoPath::new(format!("{folder}/{}", child.name))?;
                Ok((path, child.oid.clone().map(FileVersion)))
            });
            self.seen().learn(head.oid, known.collect::<Result<Vec<_>, RepoError>>()?);
        }
        Ok(Some(children))
    }

    async fn files_in(&self, folder: &RepoPath, children: Vec<Child>) -> Result<Found, RepoError> {
        let (mut files, mut others) = (Vec::with_capacity(children.len()), Vec::new());
        for child in children {
            let path = RepoPath::new(format!("{folder}/{}", child.name))?;
            let text = child.object.filter(|blob| blob.is_truncated != Some(true));
            match (text.and_then(|blob| blob.text), child.oid) {
                // The id proves that these are the file's bytes and not a rendering of them.
                (Some(text), Some(oid)) if blob_id(text.as_bytes()).0 == oid => {
                    let content = text.into_bytes();
                    files.push((path, StoredFile { content, version: FileVersion(oid) }));
                }
                _ => others.push(path),
            }
        }
        if !others.is_empty() {
            files.extend(self.read_many(&others).await?);
        }
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(files)
    }
}
