//! Job registries: which automated jobs there are, and a new registry as a pull request
//! (spec 04 §13).

mod error;
mod text;

use std::sync::Arc;

use futures_util::future::try_join;
use oar_github::{
    BranchFile, NewCommit, OpenPull, Proposal, ProposalRead, ProposalWrite, RepoName,
};
use oar_prow_jobs::{
    ListChange, RegistryName, automated_config_path, automated_jobs, check_registry_change,
    periodics_path,
};
use oar_release::{Arch, Clock, Masker, YStream};
use oar_state_repo::{Actor, RepoPath, StateRepo, blob_id};
use serde::Serialize;

use super::Problem;
use crate::dry_run::{Change, Recorder};
use crate::report::error_chain;
use crate::services::Ports;

pub use error::RegistryError;

/// The labels by which a pull request approves itself.
const APPROVING: [&str; 2] = ["lgtm", "approved"];
/// How much of the content's digest is in the name of its branch.
const DIGEST: usize = 12;

/// The automated jobs of a y-stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobNames {
    /// `oar.registry-jobs/1`.
    pub schema: &'static str,
    /// The y-stream.
    pub release: YStream,
    /// Jobs are defined for this architecture only.
    pub arch: Arch,
    /// Their full names, in the order of their definition.
    pub jobs: Vec<String>,
}

/// The automated jobs of `stream` as `definitions` (the main branch of `openshift/release`) has them.
pub async fn jobs(definitions: &dyn StateRepo, stream: YStream) -> Result<JobNames, RegistryError> {
    let config = RepoPath::new(automated_config_path(stream))?;
    let periodics = RepoPath::new(periodics_path(stream))?;
    let mut found = definitions.read_many(&[config.clone(), periodics.clone()]).await?;
    let mut take = |path: RepoPath| {
        let at = found.iter().position(|(found, _)| *found == path);
        let location = definitions.location();
        let missing = || RegistryError::NotDefined { stream, location, path: path.to_string() };
        at.map(|at| found.swap_remove(at).1).ok_or_else(missing)
    };
    take(config)?;
    let jobs = automated_jobs(periodics.as_str(), &take(periodics.clone())?.content)?;
    Ok(JobNames { schema: "oar.registry-jobs/1", release: stream, arch: Arch::Amd64, jobs })
}

/// Everything an update works with.
#[derive(Clone)]
pub struct Selector {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Hides secrets in everything that is shown.
    pub masker: Arc<Masker>,
    /// Who asked.
    pub actor: Actor,
    /// The repository with the registries.
    pub upstream: RepoName,
    /// Its branch.
    pub base: String,
    /// The fork from which changes are proposed.
    pub fork: RepoName,
    /// The GitHub App, where it is known: part of the author's address.
    pub app_id: Option<String>,
    /// Looks at branches and pull requests, and makes them.
    pub proposals: Ports<dyn ProposalRead, dyn ProposalWrite>,
    /// The list of a dry run's changes.
    pub recorder: Option<Recorder>,
}

impl std::fmt::Debug for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Selector").field("fork", &self.fork).finish_non_exhaustive()
    }
}

/// What became of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proposed {
    /// The registry is so already.
    Unchanged,
    /// A pull request was open for it.
    Before,
    /// A pull request was opened.
    Now,
}

/// What new content does to one list, for programs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ListReport {
    /// Jobs that it adds.
    pub added: Vec<String>,
    /// Jobs that it drops.
    pub removed: Vec<String>,
    /// Jobs that it treats otherwise.
    pub changed: Vec<String>,
}

impl From<ListChange> for ListReport {
    fn from(ListChange { added, removed, changed }: ListChange) -> Self {
        Self { added, removed, changed }
    }
}

/// What an update did.
#[derive(Debug, Clone, Serialize)]
pub struct UpdateReport {
    /// `oar.registry-update/1`.
    pub schema: &'static str,
    /// The y-stream.
    pub release: YStream,
    /// The architecture.
    pub arch: Arch,
    /// The registry's file.
    pub file: String,
    /// What became of it.
    pub proposed: Proposed,
    /// What it does to the jobs of nightly builds.
    pub nightly: ListReport,
    /// What it does to the jobs of stable builds.
    pub stable: ListReport,
    /// The branch in the fork.
    pub branch: Option<String>,
    /// The pull request's page.
    pub pull_request: Option<String>,
    /// Labels of the pull request.
    pub labels: Vec<String>,
    /// What a reviewer should look at.
    pub warnings: Vec<String>,
    /// What went wrong after the pull request was there.
    pub problems: Vec<Problem>,
    /// What a dry run would have changed.
    pub planned_changes: Vec<Change>,
}

/// Proposes `content` as the registry `name`. The branch is named after the content: whoever comes
/// after one who was killed finds the branch, then the pull request, and goes on from there.
///
/// The pull request approves itself only with `auto_approve`.
pub async fn update(
    selector: &Selector,
    name: &RegistryName,
    content: &[u8],
    auto_approve: bool,
) -> Result<UpdateReport, RegistryError> {
    let path = RepoPath::new(name.path())?;
    let branch = branch_name(*name, content);
    let Selector { upstream, base, fork, .. } = selector.clone();
    let proposal = Proposal { upstream, base, fork, branch, path };
    // What is wrong with the content alone is told before anybody is asked.
    check_registry_change(name, content, None)?;
    let before = selector.proposals.read.base(&proposal).await?;
    let change = check_registry_change(name, content, before.content.as_deref())?;
    let mut report = UpdateReport {
        schema: "oar.registry-update/1",
        release: name.stream,
        arch: name.arch,
        file: name.path(),
        proposed: Proposed::Unchanged,
        nightly: change.nightly.into(),
        stable: change.stable.into(),
        branch: None,
        pull_request: None,
        labels: Vec::new(),
        warnings: change.warnings,
        problems: Vec::new(),
        planned_changes: Vec::new(),
    };
    if before.content.as_deref() == Some(content) {
        return Ok(report);
    }
    report.branch = Some(proposal.branch.clone());
    let work = Work { selector, proposal: &proposal, name: *name };
    let (proposed, mut pull) = work.propose(&before, content, &report).await?;
    if auto_approve {
        work.approve(&mut pull, &mut report.problems).await;
    }
    let planned_changes = selector.recorder.as_ref().map(Recorder::changes).unwrap_or_default();
    let OpenPull { number, url, labels } = pull;
    // The one of a dry run has neither number nor page.
    let pull_request = (number > 0).then_some(url);
    Ok(UpdateReport { proposed, pull_request, labels, planned_changes, ..report })
}

/// The branch for this content of this registry.
fn branch_name(name: RegistryName, content: &[u8]) -> String {
    let digest = blob_id(content).0;
    format!("autobranch-{}-{}-{}", name.stream, name.arch, &digest[..DIGEST])
}

struct Work<'a> {
    selector: &'a Selector,
    proposal: &'a Proposal,
    name: RegistryName,
}

impl Work<'_> {
    /// Finds what is there of the proposal and makes the rest.
    async fn propose(
        &self,
        before: &BranchFile,
        content: &[u8],
        report: &UpdateReport,
    ) -> Result<(Proposed, OpenPull), RegistryError> {
        let Ports { read, write } = &self.selector.proposals;
        let (pushed, open) =
            try_join(read.pushed(self.proposal), read.open_pull(self.proposal)).await?;
        let is_same = |pushed: &BranchFile| pushed.content.as_deref() == Some(content);
        if let Some(pushed) = pushed.as_ref().filter(|pushed| !is_same(pushed)) {
            let (branch, head) = (self.proposal.branch.clone(), pushed.head.clone());
            return Err(RegistryError::OtherContent { branch, head });
        }
        if let (Some(_), Some(pull)) = (&pushed, open) {
            return Ok((Proposed::Before, pull));
        }
        // A branch that was left behind long ago is put on what upstream is now.
        let is_fresh = |pushed: &BranchFile| pushed.parents.contains(&before.head);
        if !pushed.as_ref().is_some_and(is_fresh) {
            let commit = self.commit(before, content, pushed.is_some())?;
            write.push(self.proposal, &commit).await?;
        }
        let text = text::pull_text(self.selector, self.name, report);
        Ok((Proposed::Now, write.open(self.proposal, &text).await?))
    }

    fn commit(
        &self,
        before: &BranchFile,
        content: &[u8],
        replaces: bool,
    ) -> Result<NewCommit, RegistryError> {
        // It was read as JSON, so it is text.
        let content = str::from_utf8(content).map_err(|_| RegistryError::NoText)?;
        Ok(NewCommit {
            parent: before.head.clone(),
            tree: before.tree.clone(),
            content: content.to_owned(),
            message: text::commit_message(self.selector, self.name),
            author: text::author(&self.selector.fork, self.selector.app_id.as_deref()),
            replaces,
        })
    }

    /// Adds the labels that are missing. The pull request is there whatever becomes of them.
    async fn approve(&self, pull: &mut OpenPull, problems: &mut Vec<Problem>) {
        let is_missing = |label: &&str| !pull.labels.iter().any(|has| has == label);
        let missing: Vec<String> =
            APPROVING.iter().filter(|label| is_missing(label)).map(ToString::to_string).collect();
        if missing.is_empty() {
            return;
        }
        let write = &self.selector.proposals.write;
        match write.label(self.proposal, pull.number, &missing).await {
            Ok(()) if self.selector.recorder.is_some() => {}
            Ok(()) => pull.labels.extend(missing),
            Err(error) => {
                let message = self.selector.masker.mask(&error_chain(&error)).into_owned();
                tracing::error!("{}: {message}", pull.url);
                let (subject, code) = (pull.url.clone(), error.class().code());
                problems.push(Problem { subject, code, message });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_stands_for_one_content_of_one_registry() {
        let name = |arch| RegistryName { stream: "4.99".parse().unwrap(), arch };
        let branch = branch_name(name(Arch::Amd64), b"a");
        assert!(branch.starts_with("autobranch-4.99-amd64-") && branch.len() == 34, "{branch}");
        assert_eq!(branch, branch_name(name(Arch::Amd64), b"a"));
        assert_ne!(branch, branch_name(name(Arch::Amd64), b"b"));
        assert_ne!(branch, branch_name(name(Arch::Arm64), b"a"));
    }
}
