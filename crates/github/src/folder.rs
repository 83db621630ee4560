//! A whole folder in one query (spec 04 §3: a cold start reads about 2 MB at once).

use http::Method;
use oar_state_repo::{FileVersion, RepoError, RepoPath, StateRepo as _, StoredFile, blob_id};
use serde::Deserialize;
use serde_json::json;

use crate::operations::GRAPHQL;
use crate::repo::GitHubRepo;

type Found = Vec<(RepoPath, StoredFile)>;

const QUERY: &str = "query($owner:String!,$name:String!,$folder:String!){\
    repository(owner:$owner,name:$name){folder:object(expression:$folder){\
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
    folder: Option<Folder>,
}

#[derive(Deserialize)]
struct Folder {
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
        let variables =
            json!({ "owner": self.repo.owner(), "name": self.repo.name(), "folder": expression });
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
        let found = answer.data.and_then(|data| data.repository).and_then(|repo| repo.folder);
        let Some(entries) = found.and_then(|folder| folder.entries) else { return Ok(None) };
        self.saw_branch();
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
