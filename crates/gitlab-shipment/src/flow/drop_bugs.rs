//! Drops bugs from a shipment by a merge request into the shipment's branch (spec 03 §4.2).
//!
//! Which bugs may go is the caller's business. A run that was cut off is found and finished by the
//! next: by the merge request's title, or by the branch when there is no merge request yet.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use oar_release::{ErrorClass, MergeRequest, ReleaseVersion};

use super::auto_merge::{AutoMerge, auto_merge};
use super::comment::put_note;
use crate::error::GitLabError;
use crate::note::{NoteKind, NoteText};
use crate::port::{GitLabRead, GitLabWrite};
use crate::project::Project;
use crate::requests::{BranchStart, FileUpdate, MrQuery, NewCommit, NewMergeRequest};
use crate::shipment::{is_shipment_file, without_issues};
use crate::types::{MrInfo, User};

/// Files read at the same time.
const AT_ONCE: usize = 8;

/// What to drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BugDrop {
    /// The release.
    pub release: ReleaseVersion,
    /// Its shipment.
    pub mr: MergeRequest,
    /// Keys that may go.
    pub droppable: BTreeSet<String>,
    /// Where a new branch is made; the shipment's own project when there is no fork.
    pub fork: Option<Project>,
    /// Name and address of the commits' author, where the token's user is not to be named.
    pub author: Option<(String, String)>,
    /// Now.
    pub now: Timestamp,
}

/// What was dropped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DroppedBugs {
    /// The keys that this run removed, sorted.
    pub keys: Vec<String>,
    /// The merge request that removes them, also one of an earlier run.
    pub merge_request: Option<MrInfo>,
    /// What became of its wish to merge itself.
    pub auto_merge: Option<AutoMerge>,
    /// What did not work and does not stop the rest.
    pub warnings: Vec<String>,
}

/// Bugs could not be dropped.
#[derive(Debug, thiserror::Error)]
pub enum DropBugsError {
    /// Nothing was changed.
    #[error(transparent)]
    GitLab(#[from] GitLabError),
    /// The bugs are removed on a branch, the rest is missing. Running the command again finishes it.
    #[error("{} removed on branch {branch} of project {project}, {}; run the command again to finish",
        keys.join(", "), url.as_deref().map_or("no merge request yet".to_owned(), |url| format!("merge request {url}")))]
    Unfinished {
        /// What is removed there.
        keys: Vec<String>,
        /// The branch.
        branch: String,
        /// Its project.
        project: String,
        /// The merge request, when it exists.
        url: Option<String>,
        /// What failed.
        #[source]
        source: GitLabError,
    },
}

impl DropBugsError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::GitLab(error) | Self::Unfinished { source: error, .. } => error.class(),
        }
    }
}

/// Where the bugs are removed.
struct Desk {
    project: Project,
    branch: String,
    /// The commit that the files are read at.
    at: String,
    /// Where a branch that is to be made begins.
    start: Option<BranchStart>,
    mr: Option<MrInfo>,
}

/// Files with their new text, the keys that went, and complaints.
#[derive(Default)]
struct Edits {
    files: Vec<FileUpdate>,
    keys: BTreeSet<String>,
    warnings: Vec<String>,
}

/// Removes the droppable bugs from every file of the shipment by a merge request that merges itself,
/// and links it on the shipment. Nothing droppable: nothing is written.
pub async fn drop_bugs(
    read: &dyn GitLabRead,
    write: &dyn GitLabWrite,
    wish: &BugDrop,
) -> Result<DroppedBugs, DropBugsError> {
    if wish.droppable.is_empty() {
        return Ok(DroppedBugs::default());
    }
    let (shipment, me) = tokio::try_join!(read.merge_request(&wish.mr), read.current_user())?;
    shipment.require_open()?;
    let changed = read.changed_files(&wish.mr).await?;
    let files = changed.into_iter().filter(is_shipment_file).map(|file| file.new_path);
    let desk = find_desk(read, wish, &shipment, &me).await?;
    let edits = edit(read, &desk, files.collect(), &wish.droppable).await;
    let mut dropped = DroppedBugs {
        keys: edits.keys.into_iter().collect(),
        merge_request: desk.mr.clone(),
        auto_merge: None,
        warnings: edits.warnings,
    };
    if edits.files.is_empty() && desk.start.is_some() {
        return Ok(dropped);
    }
    if !edits.files.is_empty() {
        let commit = NewCommit {
            branch: desk.branch.clone(),
            message: format!("Drop bugs from shipment files\n\n{}", dropped.keys.join("\n")),
            start: desk.start.clone(),
            files: edits.files,
            author: wish.author.clone(),
        };
        write.commit(&desk.project, &commit).await?;
    }
    let unfinished = |keys: &[String], url: Option<&str>, source| DropBugsError::Unfinished {
        keys: keys.to_vec(),
        branch: desk.branch.clone(),
        project: desk.project.to_string(),
        url: url.map(str::to_owned),
        source,
    };
    let mr = match desk.mr {
        Some(mr) => mr,
        None => request(write, wish, &desk.project, &desk.branch, &shipment)
            .await
            .map_err(|error| unfinished(&dropped.keys, None, error))?,
    };
    if mr.iid == 0 {
        // Only noted by a dry run: there is nothing to merge and nothing to link.
        return Ok(dropped);
    }
    let failed = |error| unfinished(&dropped.keys, Some(&mr.web_url), error);
    let address = mr.address().map_err(failed)?;
    let merging = auto_merge(read, write, &address).await.map_err(failed)?;
    if let AutoMerge::TimedOut { status } = &merging {
        let url = &mr.web_url;
        dropped.warnings.push(format!("{url} does not merge by itself (GitLab says {status})"));
    }
    dropped.auto_merge = Some(merging);
    let text = format!("Bugs of {} are dropped by {}", wish.release, mr.web_url);
    let note = NoteText::new(NoteKind::DropBugs, &wish.release, &text);
    if let Err(error) = put_note(read, write, &wish.mr, &note).await {
        dropped.warnings.push(format!("the shipment got no comment: {error}"));
    }
    dropped.merge_request = Some(mr);
    Ok(dropped)
}

fn title(release: &ReleaseVersion) -> String {
    format!("{release} drop bugs")
}

/// The open merge request of an earlier run, else the branch of one that was cut off, else a new
/// branch from the shipment's head.
async fn find_desk(
    read: &dyn GitLabRead,
    wish: &BugDrop,
    shipment: &MrInfo,
    me: &User,
) -> Result<Desk, GitLabError> {
    let home = shipment.source_project()?;
    let query = MrQuery {
        title: Some(title(&wish.release)),
        target_branch: Some(shipment.source_branch.clone()),
        state: Some("opened"),
        ..MrQuery::default()
    };
    // The service matches words: 4.99.1 also finds 4.99.10.
    let is_ours = |mr: &MrInfo| {
        mr.title == title(&wish.release)
            && mr.target_branch == shipment.source_branch
            && mr.author.as_ref().is_some_and(|author| author.id == me.id)
    };
    let found = read.find_merge_requests(&home, &query).await?;
    if let Some(mr) = found.into_iter().filter(is_ours).max_by_key(|mr| mr.iid) {
        let (project, branch) = (mr.source_project()?, mr.source_branch.clone());
        let at = mr.head()?.to_owned();
        return Ok(Desk { project, branch, at, start: None, mr: Some(mr) });
    }
    let project = wish.fork.clone().unwrap_or_else(|| home.clone());
    let prefix = format!("drop-bugs-for-{}-", wish.release);
    if let Some((branch, at)) = orphan(read, &project, &home, &prefix).await? {
        return Ok(Desk { project, branch, at, start: None, mr: None });
    }
    let head = shipment.head()?.to_owned();
    let start = Some(BranchStart { project: home, sha: head.clone() });
    let branch = format!("{prefix}{}", wish.now.strftime("%Y%m%d%H%M%S"));
    Ok(Desk { project, branch, at: head, start, mr: None })
}

/// The newest branch of ours that never had a merge request, and its commit.
async fn orphan(
    read: &dyn GitLabRead,
    project: &Project,
    target: &Project,
    prefix: &str,
) -> Result<Option<(String, String)>, GitLabError> {
    let is_timed = |name: &str| {
        let time = name.strip_prefix(prefix).unwrap_or_default();
        time.len() == 14 && time.bytes().all(|b| b.is_ascii_digit())
    };
    let mut branches = read.branches(project, prefix).await?;
    branches.retain(|branch| is_timed(&branch.name));
    let Some(newest) = branches.into_iter().max_by(|a, b| a.name.cmp(&b.name)) else {
        return Ok(None);
    };
    let query = MrQuery { source_branch: Some(newest.name.clone()), ..MrQuery::default() };
    let used = read.find_merge_requests(target, &query).await?;
    Ok(used.is_empty().then_some((newest.name, newest.commit.id)))
}

/// Reads the files at the desk and takes the droppable issues out. A file that is missing or cannot
/// be understood is left alone, with a warning.
async fn edit(
    read: &dyn GitLabRead,
    desk: &Desk,
    paths: Vec<String>,
    droppable: &BTreeSet<String>,
) -> Edits {
    let one = |path: String| async move {
        let file = read.file(&desk.project_of_files(), &path, &desk.at).await;
        let file = file.map_err(|error| error.to_string())?;
        let dropped = without_issues(&path, &file.text, droppable).map_err(|e| e.to_string())?;
        let last_commit_id = file.last_commit_id;
        Ok((FileUpdate { path, text: dropped.text, last_commit_id }, dropped.keys))
    };
    let done: Vec<Result<_, String>> =
        stream::iter(paths).map(one).buffered(AT_ONCE).collect().await;
    let mut edits = Edits::default();
    for result in done {
        match result {
            Ok((_, keys)) if keys.is_empty() => {}
            Ok((file, keys)) => {
                edits.keys.extend(keys);
                edits.files.push(file);
            }
            Err(problem) => edits.warnings.push(problem),
        }
    }
    edits
}

impl Desk {
    /// The project in which the commit to read at is.
    fn project_of_files(&self) -> Project {
        self.start.as_ref().map_or(&self.project, |start| &start.project).clone()
    }
}

/// Makes the merge request into the shipment's source branch.
async fn request(
    write: &dyn GitLabWrite,
    wish: &BugDrop,
    project: &Project,
    branch: &str,
    shipment: &MrInfo,
) -> Result<MrInfo, GitLabError> {
    let new = NewMergeRequest {
        source_project: project.clone(),
        source_branch: branch.to_owned(),
        target_project_id: shipment.source_project_id,
        target_branch: shipment.source_branch.clone(),
        title: title(&wish.release),
        description: format!("Drops bugs that are not verified from {}", shipment.web_url),
        squash: true,
        labels: Vec::new(),
    };
    write.create_merge_request(&new).await
}
