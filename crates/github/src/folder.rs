//! A whole folder in one query (spec 04 §3: a cold start reads about 2 MB at once).

use http::Method;
use oar_state_repo::{FileVersion, RepoError, RepoPath, StateRepo as _, StoredFile, blob_id};
use serde::Deserialize;
use serde_json::json;

use crate::head::Reference;
use crate::operations::GRAPHQL;
use crate::repo::GitHubRepo;

type Found = Vec<(RepoPath, StoredFile)>;

/// The folder, and which commit the branch points to: where the commit has the very tree that came,
/// the files are known to be those of the head, and a commit on it needs no further look.
const QUERY: &str = "query($owner:String!,$name:String!,$folder:String!,$ref:String!,$path:String!){\
    repository(owner:$owner,name:$name){\
    head:ref(qualifiedName:$ref){target{oid ... on Commit{folder:file(path:$path){oid}}}} \
    folder:object(expression:$folder){oid \
    ... on Tree{entries{name type oid object{... on Blob{isTruncated text}}}}}}}";

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
    entries: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
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
        let expression = format!("{}:{folder}", self.branch);
        let variables = json!({
            "owner": self.repo.owner(), "name": self.repo.name(), "folder": expression,
            "ref": format!("refs/heads/{}", self.branch), "path": folder.as_str(),
        });
        let body = json!({ "query": QUERY, "variables": variables });
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
        let Some(Folder { oid, entries: Some(entries) }) = repository.folder else {
            return Ok(None);
        };
        self.saw_branch();
        if let Some(head) = repository.head.and_then(|head| head.target)
            && oid.is_some()
            && head.entry("folder") == oid.as_deref()
        {
            let known = entries.iter().filter(|entry| entry.kind == "blob").map(|entry| {
                let path = RepoPath::new(format!("{folder}/{}", entry.name))?;
                Ok((path, entry.oid.clone().map(FileVersion)))
            });
            self.seen().learn(head.oid, known.collect::<Result<Vec<_>, RepoError>>()?);
        }
        self.files_in(folder, entries).await.map(Some)
    }

    async fn files_in(&self, folder: &RepoPath, entries: Vec<Entry>) -> Result<Found, RepoError> {
        let (mut files, mut others) = (Vec::with_capacity(entries.len()), Vec::new());
        for entry in entries.into_iter().filter(|entry| entry.kind == "blob") {
            let path = RepoPath::new(format!("{folder}/{}", entry.name))?;
            let text = entry.object.filter(|blob| blob.is_truncated != Some(true));
            match (text.and_then(|blob| blob.text), entry.oid) {
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
