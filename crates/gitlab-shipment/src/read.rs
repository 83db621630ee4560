//! The reading calls.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use oar_release::MergeRequest;
use oar_transport::probe::Operation;
use oar_transport::{HttpErrorKind, Reply, encode_segment};
use serde::de::DeserializeOwned;

use crate::advisory::{AdvisoryContent, MAX_SIZE, Place, REDIRECTS};
use crate::client::HttpGitLab;
use crate::error::GitLabError;
use crate::operations::{
    APPROVALS, CHANGED_FILES, CURRENT_USER, FIND_MERGE_REQUESTS, FIND_USERS, LIST_BRANCHES,
    LIST_JOBS, LIST_NOTES, LIST_PIPELINES, MERGE_REQUEST, READ_ADVISORY, READ_BRANCH, READ_FILE,
};
use crate::port::GitLabRead;
use crate::project::Project;
use crate::requests::{MrQuery, file_path, mr_path, project_path};
use crate::shipment::ShipmentError;
use crate::types::{
    Approvals, Branch, ChangedFile, DiffVersion, FileText, Job, MrInfo, Note, Pipeline, User,
    VersionDiffs, WireFile,
};

impl HttpGitLab {
    async fn get<T: DeserializeOwned>(
        &self,
        operation: Operation,
        what: &str,
        path: String,
        query: &[(&str, &str)],
    ) -> Result<T, GitLabError> {
        let call = self.call(operation, Method::GET, path);
        let call = query.iter().fold(call, |call, (name, value)| call.query(name, value));
        let read = call.send().await.and_then(|reply| reply.json());
        read.map_err(|error| GitLabError::of(what, error))
    }

    async fn who_am_i(&self) -> Result<User, GitLabError> {
        self.get(CURRENT_USER, "read who the token belongs to", "api/v4/user".to_owned(), &[]).await
    }

    /// The files of the newest diff version, for servers without the list of diffs.
    async fn newest_version(&self, mr: &MergeRequest) -> Result<Vec<ChangedFile>, GitLabError> {
        let what = format!("list the files of {mr}");
        let versions = mr_path(mr, "/versions");
        let newest: Vec<DiffVersion> =
            self.get(CHANGED_FILES, &what, versions.clone(), &[("per_page", "1")]).await?;
        let Some(newest) = newest.first() else { return Ok(Vec::new()) };
        let path = format!("{versions}/{}", newest.id);
        Ok(self.get::<VersionDiffs>(CHANGED_FILES, &what, path, &[]).await?.diffs)
    }
}

#[async_trait]
impl GitLabRead for HttpGitLab {
    #[tracing::instrument(name = "gitlab.current_user", skip_all)]
    async fn current_user(&self) -> Result<User, GitLabError> {
        self.me.get_or_try_init(|| self.who_am_i()).await.cloned()
    }

    #[tracing::instrument(name = "gitlab.merge_request", skip_all, fields(mr = %mr))]
    async fn merge_request(&self, mr: &MergeRequest) -> Result<MrInfo, GitLabError> {
        self.check(mr)?;
        self.get(MERGE_REQUEST, &format!("read {mr}"), mr_path(mr, ""), &[]).await
    }

    #[tracing::instrument(name = "gitlab.changed_files", skip_all, fields(mr = %mr))]
    async fn changed_files(&self, mr: &MergeRequest) -> Result<Vec<ChangedFile>, GitLabError> {
        self.check(mr)?;
        let what = format!("list the files of {mr}");
        // Some servers answer 500 to more than 30 diffs a page.
        let query = [("per_page", "20".to_owned())];
        let by_path = |file: &ChangedFile| (file.old_path.clone(), file.new_path.clone());
        let listed = self.pages(CHANGED_FILES, &what, mr_path(mr, "/diffs"), &query, by_path).await;
        match listed {
            Err(GitLabError::NotFound { .. }) => self.newest_version(mr).await,
            listed => listed,
        }
    }

    #[tracing::instrument(name = "gitlab.file", skip_all, fields(project = %project, path))]
    async fn file(&self, project: &Project, path: &str, at: &str) -> Result<FileText, GitLabError> {
        let what = format!("read {path} of project {project}");
        let call = self.call(READ_FILE, Method::GET, file_path(project, path, ""));
        let reply = call.query("ref", at).send().await;
        let decoded = reply.and_then(|reply| decode(&reply));
        decoded.map_err(|error| GitLabError::of(what, error))
    }

    #[tracing::instrument(name = "gitlab.notes", skip_all, fields(mr = %mr))]
    async fn notes(&self, mr: &MergeRequest) -> Result<Vec<Note>, GitLabError> {
        self.check(mr)?;
        let query = [("sort", "desc"), ("order_by", "created_at"), ("per_page", "100")];
        let query = query.map(|(name, value)| (name, value.to_owned()));
        let what = format!("list the comments of {mr}");
        self.pages(LIST_NOTES, &what, mr_path(mr, "/notes"), &query, |note: &Note| note.id).await
    }

    #[tracing::instrument(name = "gitlab.approvals", skip_all, fields(mr = %mr))]
    async fn approvals(&self, mr: &MergeRequest) -> Result<Approvals, GitLabError> {
        self.check(mr)?;
        let what = format!("read the approvals of {mr}");
        self.get(APPROVALS, &what, mr_path(mr, "/approvals"), &[]).await
    }

    #[tracing::instrument(name = "gitlab.pipelines", skip_all, fields(mr = %mr))]
    async fn pipelines(&self, mr: &MergeRequest) -> Result<Vec<Pipeline>, GitLabError> {
        self.check(mr)?;
        let query = [("per_page", "100".to_owned())];
        let what = format!("list the pipelines of {mr}");
        let id = |pipeline: &Pipeline| pipeline.id;
        self.pages(LIST_PIPELINES, &what, mr_path(mr, "/pipelines"), &query, id).await
    }

    #[tracing::instrument(name = "gitlab.jobs", skip_all, fields(project = %project, pipeline))]
    async fn jobs(&self, project: &Project, pipeline: u64) -> Result<Vec<Job>, GitLabError> {
        let query = [("per_page", "100".to_owned())];
        let what = format!("list the jobs of pipeline {pipeline}");
        let list = |kind: &str| {
            let path = project_path(project, &format!("pipelines/{pipeline}/{kind}"));
            self.pages(LIST_JOBS, &what, path, &query, |job: &Job| job.id)
        };
        let (mut jobs, bridges) = tokio::try_join!(list("jobs"), list("bridges"))?;
        jobs.extend(bridges);
        Ok(jobs)
    }

    #[tracing::instrument(name = "gitlab.find_merge_requests", skip_all, fields(project = %project))]
    async fn find_merge_requests(
        &self,
        project: &Project,
        query: &MrQuery,
    ) -> Result<Vec<MrInfo>, GitLabError> {
        let path = project_path(project, "merge_requests");
        let what = format!("search the merge requests of project {project}");
        self.pages(FIND_MERGE_REQUESTS, &what, path, &query.pairs(), |mr: &MrInfo| mr.iid).await
    }

    #[tracing::instrument(name = "gitlab.find_users", skip_all)]
    async fn find_users(&self, text: &str) -> Result<Vec<User>, GitLabError> {
        let query = [("search", text.to_owned()), ("per_page", "100".to_owned())];
        let path = "api/v4/users".to_owned();
        self.pages(FIND_USERS, "search for a user", path, &query, |user: &User| user.id).await
    }

    #[tracing::instrument(name = "gitlab.branches", skip_all, fields(project = %project, prefix))]
    async fn branches(&self, project: &Project, prefix: &str) -> Result<Vec<Branch>, GitLabError> {
        let query = [("search", format!("^{prefix}")), ("per_page", "100".to_owned())];
        let path = project_path(project, "repository/branches");
        let what = format!("list the branches of project {project}");
        let name = |branch: &Branch| branch.name.clone();
        let found = self.pages(LIST_BRANCHES, &what, path, &query, name).await?;
        Ok(found.into_iter().filter(|branch| branch.name.starts_with(prefix)).collect())
    }

    #[tracing::instrument(name = "gitlab.branch", skip_all, fields(project = %project, name))]
    async fn branch(&self, project: &Project, name: &str) -> Result<Option<Branch>, GitLabError> {
        let path = project_path(project, &format!("repository/branches/{}", encode_segment(name)));
        let what = format!("read branch {name} of project {project}");
        match self.get(READ_BRANCH, &what, path, &[]).await {
            Ok(branch) => Ok(Some(branch)),
            Err(GitLabError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    #[tracing::instrument(name = "gitlab.advisory", skip_all)]
    async fn advisory(&self, url: &str) -> Result<AdvisoryContent, ShipmentError> {
        let place = Place::of(url, self)?;
        let call = match &place {
            Place::GitLab { project, reference, path, .. } => {
                let raw = file_path(project, path, "/raw");
                self.call(READ_ADVISORY, Method::GET, raw).query("ref", reference)
            }
            // Without the token: it belongs to GitLab alone.
            Place::Elsewhere { url, .. } => {
                self.service().call(READ_ADVISORY.name, Method::GET, url.as_str())
            }
        };
        // An accepted redirect is one that is not followed.
        let sent = call.body_limit(MAX_SIZE).accept(&REDIRECTS).send().await;
        let host = place.host().to_owned();
        let reply = sent.map_err(|error| match error.kind() {
            HttpErrorKind::Unauthenticated => ShipmentError::from(GitLabError::of("", error)),
            _ => ShipmentError::fetch(&host, error),
        })?;
        AdvisoryContent::read(&host, reply.status.as_u16(), &reply.body)
    }
}

/// The text of `GET …/repository/files/<path>`.
fn decode(reply: &Reply) -> Result<FileText, oar_transport::HttpError> {
    let file: WireFile = reply.json()?;
    let wrong = |problem: &str| reply.malformed("file", "content", problem);
    if file.encoding != "base64" {
        return Err(wrong("it is not in base64"));
    }
    let plain: Vec<u8> = file.content.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(plain).map_err(|_| wrong("the base64 is broken"))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("the file is not UTF-8"))?;
    Ok(FileText { text, last_commit_id: file.last_commit_id })
}
