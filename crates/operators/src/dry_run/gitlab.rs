//! GitLab, changed on paper only.

use async_trait::async_trait;
use oar_gitlab_shipment::{
    Accepted, GitLabError, GitLabWrite, MrInfo, MrState, NewCommit, NewMergeRequest, NoteText,
    Project, Suggestion,
};
use oar_release::MergeRequest;

use super::Recorder;

/// A GitLab that changes nothing.
#[derive(Debug)]
pub struct DryRunGitLab {
    recorder: Recorder,
}

impl DryRunGitLab {
    /// Notes changes in `recorder`.
    pub const fn new(recorder: Recorder) -> Self {
        Self { recorder }
    }

    fn would(&self, target: &dyn ToString, action: impl Into<String>, after: Option<String>) {
        self.recorder.would("gitlab", target.to_string(), action, after);
    }
}

#[async_trait]
impl GitLabWrite for DryRunGitLab {
    async fn approve(&self, mr: &MergeRequest, sha: &str) -> Result<(), GitLabError> {
        self.would(&mr, format!("approve commit {sha}"), None);
        Ok(())
    }

    async fn add_note(&self, mr: &MergeRequest, note: &NoteText) -> Result<u64, GitLabError> {
        self.would(&mr, "comment", Some(note.body()));
        Ok(0)
    }

    async fn update_note(
        &self,
        mr: &MergeRequest,
        id: u64,
        note: &NoteText,
    ) -> Result<(), GitLabError> {
        self.would(&mr, format!("change comment {id}"), Some(note.body()));
        Ok(())
    }

    async fn suggest(&self, mr: &MergeRequest, suggestion: &Suggestion) -> Result<(), GitLabError> {
        let target = format!("{mr}: {}", suggestion.new_path);
        self.would(&target, "suggest a change", Some(suggestion.note.body()));
        Ok(())
    }

    /// Answers the merge request as it would begin, with number 0.
    async fn create_merge_request(&self, new: &NewMergeRequest) -> Result<MrInfo, GitLabError> {
        self.would(&new.target_project(), format!("create merge request: {}", new.title), None);
        Ok(MrInfo {
            iid: 0,
            project_id: new.target_project_id.unwrap_or_default(),
            source_project_id: None,
            title: new.title.clone(),
            description: Some(new.description.clone()),
            draft: false,
            state: MrState::Opened,
            labels: new.labels.clone(),
            web_url: "dry-run".to_owned(),
            source_branch: new.source_branch.clone(),
            target_branch: new.target_branch.clone(),
            sha: None,
            diff_refs: None,
            merge_status: None,
            detailed_merge_status: None,
            head_pipeline: None,
            author: None,
            merge_when_pipeline_succeeds: false,
        })
    }

    async fn set_auto_merge(&self, mr: &MergeRequest, sha: &str) -> Result<Accepted, GitLabError> {
        self.would(&mr, format!("merge commit {sha} when its pipeline succeeds"), None);
        Ok(Accepted::Scheduled)
    }

    async fn commit(&self, project: &Project, commit: &NewCommit) -> Result<String, GitLabError> {
        for file in &commit.files {
            let target = format!("{project}, branch {}: {}", commit.branch, file.path);
            self.would(&target, format!("commit: {}", commit.message), Some(file.text.clone()));
        }
        Ok("dry-run".to_owned())
    }
}
