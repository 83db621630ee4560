//! What GitLab answers, as far as it is read (spec 03 §2.2). Unknown fields are ignored, unknown
//! words are kept.

use jiff::Timestamp;
use oar_release::MergeRequest;
use serde::Deserialize;

use crate::error::GitLabError;
use crate::project::Project;
use crate::words::words;

words! {
    /// State of a merge request (spec 03 §2.4).
    MrState {
        /// Open: the only state in which anything is written.
        Opened = "opened",
        /// Closed without a merge: never shipped.
        Closed = "closed",
        /// Merged: shipped, and a success state of its own (spec 08 R13).
        Merged = "merged",
        /// Being merged at this moment.
        Locked = "locked",
    }
}

words! {
    /// Status of a job, a bridge or a pipeline (spec 03 §2.6).
    JobStatus {
        /// Not begun.
        Created = "created",
        /// Waits for something it shares with others.
        WaitingForResource = "waiting_for_resource",
        /// Being prepared.
        Preparing = "preparing",
        /// Waits for a runner.
        Pending = "pending",
        /// Runs.
        Running = "running",
        /// Ended well.
        Success = "success",
        /// Ended badly.
        Failed = "failed",
        /// Ended by a person.
        Canceled = "canceled",
        /// Being ended by a person.
        Canceling = "canceling",
        /// Left out.
        Skipped = "skipped",
        /// Waits for a person.
        Manual = "manual",
        /// Waits for a time.
        Scheduled = "scheduled",
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Its number.
    pub id: u64,
    /// Its name for mentions, without `@`.
    pub username: String,
    /// The person's name.
    #[serde(default)]
    pub name: Option<String>,
    /// `active`, `blocked`, …
    #[serde(default)]
    pub state: Option<String>,
    /// The address that the person shows to everybody; empty for most.
    #[serde(default)]
    pub public_email: Option<String>,
}

/// The commits that a diff position refers to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DiffRefs {
    /// Where the branches part.
    pub base_sha: String,
    /// Head of the target branch when the diff was made.
    pub start_sha: String,
    /// Head of the source branch.
    pub head_sha: String,
}

/// The pipeline of the newest commit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HeadPipeline {
    /// Its number.
    pub id: u64,
}

/// A merge request as it is now. Never kept between commands (spec 03 §2.4).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MrInfo {
    /// Its number within the target project.
    pub iid: u64,
    /// Number of the target project.
    pub project_id: u64,
    /// Number of the project that the source branch is in; none when that fork was deleted.
    #[serde(default)]
    pub source_project_id: Option<u64>,
    /// Title.
    pub title: String,
    /// Description.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether GitLab says it is a draft; see [`MrInfo::is_draft`].
    #[serde(default)]
    pub draft: bool,
    /// State.
    pub state: MrState,
    /// Labels.
    pub labels: Vec<String>,
    /// Page for people.
    pub web_url: String,
    /// Branch that is to be merged.
    pub source_branch: String,
    /// Branch it is to be merged into.
    pub target_branch: String,
    /// Head commit of the source branch.
    #[serde(default)]
    pub sha: Option<String>,
    /// For diff positions.
    #[serde(default)]
    pub diff_refs: Option<DiffRefs>,
    /// Whether it can be merged, in the words of old servers.
    #[serde(default)]
    pub merge_status: Option<String>,
    /// The same in detail; absent on servers before 15.6.
    #[serde(default)]
    pub detailed_merge_status: Option<String>,
    /// Pipeline of the head commit.
    #[serde(default)]
    pub head_pipeline: Option<HeadPipeline>,
    /// Who made it.
    #[serde(default)]
    pub author: Option<User>,
    /// Whether it will be merged by itself when the pipeline succeeds.
    #[serde(default)]
    pub merge_when_pipeline_succeeds: bool,
}

impl MrInfo {
    /// Whether it is a draft: by the flag, or by the title on servers that do not send the flag.
    pub fn is_draft(&self) -> bool {
        self.draft || self.title.trim_start().to_ascii_lowercase().starts_with("draft:")
    }

    /// Whether it carries exactly this label.
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.iter().any(|own| own == label)
    }

    /// The head commit; an error while there is none.
    pub fn head(&self) -> Result<&str, GitLabError> {
        let head = self.sha.as_deref().filter(|sha| !sha.is_empty());
        head.ok_or_else(|| GitLabError::NoCommits { url: self.web_url.clone() })
    }

    /// Refuses to write to a merge request that is not open, naming the state (spec 03 §2.4).
    pub fn require_open(&self) -> Result<(), GitLabError> {
        if self.state == MrState::Opened {
            return Ok(());
        }
        Err(GitLabError::MrNotOpen { url: self.web_url.clone(), state: self.state.clone() })
    }

    /// The project that the source branch is in.
    pub fn source_project(&self) -> Result<Project, GitLabError> {
        let id = self.source_project_id;
        id.map(Project::Id).ok_or_else(|| GitLabError::NoCommits { url: self.web_url.clone() })
    }

    /// Its address, to ask for it again.
    pub fn address(&self) -> Result<MergeRequest, GitLabError> {
        self.web_url
            .parse()
            .map_err(|_| GitLabError::BadMergeRequest { text: self.web_url.clone() })
    }
}

/// A file that a merge request changes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ChangedFile {
    /// Path before.
    pub old_path: String,
    /// Path after.
    pub new_path: String,
    /// Whether it is removed.
    #[serde(default)]
    pub deleted_file: bool,
}

/// A file's text at one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileText {
    /// The text.
    pub text: String,
    /// The commit that changed it last: an update that names it fails when there is a newer one.
    pub last_commit_id: String,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Note {
    /// Its number.
    pub id: u64,
    /// Markdown.
    pub body: String,
    /// Who wrote it.
    pub author: User,
    /// Whether GitLab itself wrote it ("added 1 commit").
    #[serde(default)]
    pub system: bool,
}

/// Who approved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Approvals {
    /// The approvals.
    pub approved_by: Vec<Approval>,
    /// How many are still needed.
    #[serde(default)]
    pub approvals_left: Option<u64>,
    /// How many are needed in all.
    #[serde(default)]
    pub approvals_required: Option<u64>,
}

impl Approvals {
    /// Whether this account approved.
    pub fn include(&self, user: &User) -> bool {
        self.approved_by.iter().any(|approval| approval.user.id == user.id)
    }
}

/// One approval.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Approval {
    /// Whose.
    pub user: User,
}

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pipeline {
    /// Its number.
    pub id: u64,
    /// The project it runs in: a fork's own for merge requests from forks.
    #[serde(default)]
    pub project_id: Option<u64>,
    /// The commit.
    pub sha: String,
    /// Its own status; never a criterion (spec 03 §2.6).
    pub status: JobStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// Page for people.
    pub web_url: String,
}

/// A job of a pipeline, or a bridge: a job that starts another pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// Its name: `image`, `fbc`.
    pub name: String,
    /// The stage it is in.
    pub stage: String,
    /// Status.
    pub status: JobStatus,
    /// Whether the pipeline goes on when it fails.
    #[serde(default)]
    pub allow_failure: bool,
    /// Why it failed.
    #[serde(default)]
    pub failure_reason: Option<String>,
    /// Page for people.
    #[serde(default)]
    pub web_url: Option<String>,
    /// The pipeline that a bridge started.
    #[serde(default)]
    pub downstream_pipeline: Option<Downstream>,
}

/// A pipeline that a bridge started.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Downstream {
    /// Its number.
    pub id: u64,
    /// Status.
    pub status: JobStatus,
    /// Page for people.
    #[serde(default)]
    pub web_url: Option<String>,
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// Its newest commit.
    pub commit: BranchCommit,
}

/// The newest commit of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BranchCommit {
    /// Its id.
    pub id: String,
    /// What it says.
    #[serde(default)]
    pub message: String,
}

/// `GET …/repository/files/<path>`.
#[derive(Debug, Deserialize)]
pub(crate) struct WireFile {
    pub(crate) content: String,
    pub(crate) encoding: String,
    pub(crate) last_commit_id: String,
}

/// `GET …/merge_requests/I/versions`, newest first.
#[derive(Debug, Deserialize)]
pub(crate) struct DiffVersion {
    pub(crate) id: u64,
}

/// `GET …/merge_requests/I/versions/<id>`.
#[derive(Debug, Deserialize)]
pub(crate) struct VersionDiffs {
    pub(crate) diffs: Vec<ChangedFile>,
}

/// What a POST answers, when only its number or nothing of it matters.
#[derive(Debug, Deserialize)]
pub(crate) struct Made {
    pub(crate) id: u64,
}

/// `POST …/repository/commits`.
#[derive(Debug, Deserialize)]
pub(crate) struct MadeCommit {
    pub(crate) id: String,
}
