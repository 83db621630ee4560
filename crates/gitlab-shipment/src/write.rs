//! The writing calls. Each looks for its effect when the answer is lost.

use async_trait::async_trait;
use http::Method;
use oar_release::{MergeRequest, effect};
use oar_transport::{HttpError, HttpErrorKind};

use crate::client::HttpGitLab;
use crate::error::{GitLabError, message};
use crate::note::{LIMIT, NoteText, find_note};
use crate::operations::{
    ADD_NOTE, APPROVE, COMMIT, CREATE_MERGE_REQUEST, SET_AUTO_MERGE, SUGGEST, UPDATE_NOTE,
};
use crate::port::{Accepted, GitLabRead as _, GitLabWrite};
use crate::project::Project;
use crate::requests::{
    MrQuery, NewCommit, NewMergeRequest, Suggestion, auto_merge_body, invalid, mr_path,
    project_path,
};
use crate::types::{Approvals, Made, MadeCommit, MrInfo, MrState, Note};

impl HttpGitLab {
    /// Whether the token's user is among those who approved.
    async fn has_approved(&self, mr: &MergeRequest) -> Result<Option<()>, GitLabError> {
        let me = self.current_user().await?;
        Ok(self.approvals(mr).await?.include(&me).then_some(()))
    }

    /// The comment of ours that carries the marker of `note`.
    async fn own_note(
        &self,
        mr: &MergeRequest,
        note: &NoteText,
    ) -> Result<Option<u64>, GitLabError> {
        let me = self.current_user().await?;
        let notes = self.notes(mr).await?;
        Ok(find_note(&notes, &me, note).map(|found| found.id))
    }

    /// The open merge request that `new` describes.
    async fn open_twin(&self, new: &NewMergeRequest) -> Result<Option<MrInfo>, GitLabError> {
        let query = MrQuery {
            source_branch: Some(new.source_branch.clone()),
            target_branch: Some(new.target_branch.clone()),
            state: Some("opened"),
            ..MrQuery::default()
        };
        let found = self.find_merge_requests(&new.target_project(), &query).await?;
        Ok(found.into_iter().find(|mr| mr.title == new.title))
    }

    async fn head_moved(&self, mr: &MergeRequest, expected: &str) -> GitLabError {
        let now = self.merge_request(mr).await.ok();
        let found = now.and_then(|info| info.sha).filter(|sha| sha != expected);
        GitLabError::HeadMoved { url: mr.to_string(), expected: expected.to_owned(), found }
    }

    /// GitLab answers 401 both to unknown tokens and to users who may not approve or merge this.
    async fn not_allowed(&self, mr: &MergeRequest, error: HttpError) -> GitLabError {
        if self.approvals(mr).await.is_err() {
            return GitLabError::Token(Box::new(error));
        }
        GitLabError::CannotApprove { url: mr.to_string(), message: message(&error) }
    }
}

fn check_length(note: &NoteText) -> Result<(), GitLabError> {
    if note.body().chars().count() > LIMIT {
        return Err(invalid("comment", format!("it is longer than {LIMIT} characters")));
    }
    Ok(())
}

#[async_trait]
impl GitLabWrite for HttpGitLab {
    #[tracing::instrument(name = "gitlab.approve", skip_all, fields(mr = %mr, sha))]
    async fn approve(&self, mr: &MergeRequest, sha: &str) -> Result<(), GitLabError> {
        self.check(mr)?;
        effect::point("gitlab.approve.before");
        let call = self.call(APPROVE, Method::POST, mr_path(mr, "/approve"));
        let sent = call.json(&serde_json::json!({ "sha": sha })).send().await;
        effect::point("gitlab.approve.after");
        let answered = sent.and_then(|reply| reply.json::<Approvals>().map(drop));
        match answered {
            Err(error) if *error.kind() == HttpErrorKind::Conflict => {
                Err(self.head_moved(mr, sha).await)
            }
            Err(error) if *error.kind() == HttpErrorKind::Unauthenticated => {
                match self.has_approved(mr).await {
                    Ok(Some(())) => Ok(()),
                    Ok(None) => Err(self.not_allowed(mr, error).await),
                    Err(_) => Err(GitLabError::of("approve", error)),
                }
            }
            answered => {
                let what = format!("approve {mr}");
                self.settle(&what, answered, || self.has_approved(mr)).await
            }
        }
    }

    #[tracing::instrument(name = "gitlab.add_note", skip_all, fields(mr = %mr, intent = note.intent()))]
    async fn add_note(&self, mr: &MergeRequest, note: &NoteText) -> Result<u64, GitLabError> {
        self.check(mr)?;
        check_length(note)?;
        effect::point("gitlab.add_note.before");
        let call = self.call(ADD_NOTE, Method::POST, mr_path(mr, "/notes"));
        let sent = call.json(&serde_json::json!({ "body": note.body() })).send().await;
        effect::point("gitlab.add_note.after");
        let answered = sent.and_then(|reply| Ok(reply.json::<Made>()?.id));
        self.settle(&format!("comment on {mr}"), answered, || self.own_note(mr, note)).await
    }

    #[tracing::instrument(name = "gitlab.update_note", skip_all, fields(mr = %mr, id))]
    async fn update_note(
        &self,
        mr: &MergeRequest,
        id: u64,
        note: &NoteText,
    ) -> Result<(), GitLabError> {
        self.check(mr)?;
        check_length(note)?;
        effect::point("gitlab.update_note.before");
        let call = self.call(UPDATE_NOTE, Method::PUT, mr_path(mr, &format!("/notes/{id}")));
        let sent = call.json(&serde_json::json!({ "body": note.body() })).send().await;
        effect::point("gitlab.update_note.after");
        let answered = sent.and_then(|reply| reply.json::<Made>().map(drop));
        let look = || async {
            let is_it = |found: &Note| found.id == id && found.body == note.body();
            Ok(self.notes(mr).await?.iter().any(is_it).then_some(()))
        };
        self.settle(&format!("change a comment on {mr}"), answered, look).await
    }

    #[tracing::instrument(name = "gitlab.suggest", skip_all, fields(mr = %mr))]
    async fn suggest(&self, mr: &MergeRequest, suggestion: &Suggestion) -> Result<(), GitLabError> {
        self.check(mr)?;
        check_length(&suggestion.note)?;
        effect::point("gitlab.suggest.before");
        let call = self.call(SUGGEST, Method::POST, mr_path(mr, "/discussions"));
        let sent = call.json(&suggestion.body()).send().await;
        effect::point("gitlab.suggest.after");
        let answered = sent.and_then(|reply| reply.json::<serde_json::Map<_, _>>().map(drop));
        let look = || async { Ok(self.own_note(mr, &suggestion.note).await?.map(drop)) };
        self.settle(&format!("suggest a change on {mr}"), answered, look).await
    }

    #[tracing::instrument(name = "gitlab.create_merge_request", skip_all, fields(branch = %new.source_branch))]
    async fn create_merge_request(&self, new: &NewMergeRequest) -> Result<MrInfo, GitLabError> {
        let body = new.body()?;
        let path = project_path(&new.source_project, "merge_requests");
        effect::point("gitlab.create_merge_request.before");
        let sent = self.call(CREATE_MERGE_REQUEST, Method::POST, path).json(&body).send().await;
        effect::point("gitlab.create_merge_request.after");
        let answered = sent.and_then(|reply| reply.json::<MrInfo>());
        let what = format!("create a merge request from {}", new.source_branch);
        match answered {
            // The source branch has an open one: ours of an earlier run, or somebody else's.
            Err(error) if *error.kind() == HttpErrorKind::Conflict => {
                let twin = self.open_twin(new).await?;
                twin.ok_or_else(|| GitLabError::of(what, error))
            }
            answered => self.settle(&what, answered, || self.open_twin(new)).await,
        }
    }

    #[tracing::instrument(name = "gitlab.set_auto_merge", skip_all, fields(mr = %mr, sha))]
    async fn set_auto_merge(&self, mr: &MergeRequest, sha: &str) -> Result<Accepted, GitLabError> {
        self.check(mr)?;
        let what = format!("set {mr} to merge");
        effect::point("gitlab.set_auto_merge.before");
        let call = self.call(SET_AUTO_MERGE, Method::PUT, mr_path(mr, "/merge"));
        let sent = call.json(&auto_merge_body(sha)).send().await;
        effect::point("gitlab.set_auto_merge.after");
        let answered = sent.and_then(|reply| Ok(accepted(&reply.json::<MrInfo>()?)));
        match answered {
            // Accepted, and yet neither merged nor scheduled: ask again.
            Ok(accepted) => Ok(accepted.unwrap_or(Accepted::NotYet)),
            Err(error) if error.status().is_some_and(|status| status.as_u16() == 405) => {
                Ok(Accepted::NotYet)
            }
            Err(error) if *error.kind() == HttpErrorKind::Conflict => {
                Err(self.head_moved(mr, sha).await)
            }
            Err(error) => {
                let look = || async { Ok(accepted(&self.merge_request(mr).await?)) };
                self.settle(&what, Err(error), look).await
            }
        }
    }

    #[tracing::instrument(name = "gitlab.commit", skip_all, fields(project = %project, branch = %commit.branch))]
    async fn commit(&self, project: &Project, commit: &NewCommit) -> Result<String, GitLabError> {
        let body = commit.body()?;
        let path = project_path(project, "repository/commits");
        effect::point("gitlab.commit.before");
        let sent = self.call(COMMIT, Method::POST, path).json(&body).send().await;
        effect::point("gitlab.commit.after");
        let answered = sent.and_then(|reply| Ok(reply.json::<MadeCommit>()?.id));
        let what = format!("commit to {} of project {project}", commit.branch);
        if let Err(error) = &answered
            && is_stale(error)
        {
            let message = message(error);
            let source = Box::new(answered.expect_err("it was looked at above"));
            return Err(GitLabError::Conflict { what, message, source });
        }
        let look = || async {
            let head = self.branch(project, &commit.branch).await?.map(|branch| branch.commit);
            Ok(head.filter(|head| head.message.contains(&commit.trailer())).map(|head| head.id))
        };
        self.settle(&what, answered, look).await
    }
}

/// What a merge request's own words say of the wish to merge it.
fn accepted(mr: &MrInfo) -> Option<Accepted> {
    match mr.state {
        MrState::Merged => Some(Accepted::Merged),
        _ => mr.merge_when_pipeline_succeeds.then_some(Accepted::Scheduled),
    }
}

/// A 400 that says that the file or the branch is not as expected.
fn is_stale(error: &HttpError) -> bool {
    let words = message(error).to_ascii_lowercase();
    error.status().is_some_and(|status| status.as_u16() == 400)
        && (words.contains("has changed") || words.contains("already exists"))
}
