//! Changes that are proposed on paper only.

use async_trait::async_trait;
use oar_github::{GitHubError, NewCommit, OpenPull, Proposal, ProposalWrite, PullText};

use super::Recorder;

/// What stands for an id or an address that nobody has given yet.
const PLACEHOLDER: &str = "dry-run";

/// A fork that is not pushed to, and a repository without new pull requests.
#[derive(Debug)]
pub struct DryRunProposals {
    recorder: Recorder,
}

impl DryRunProposals {
    /// Notes what would be proposed in `recorder`.
    pub const fn new(recorder: Recorder) -> Self {
        Self { recorder }
    }
}

#[async_trait]
impl ProposalWrite for DryRunProposals {
    async fn push(&self, proposal: &Proposal, commit: &NewCommit) -> Result<String, GitHubError> {
        let target = format!("{}, branch {}: {}", proposal.fork, proposal.branch, proposal.path);
        self.recorder.would("github", target, "push a commit", Some(commit.content.clone()));
        Ok(PLACEHOLDER.to_owned())
    }

    async fn open(&self, proposal: &Proposal, text: &PullText) -> Result<OpenPull, GitHubError> {
        let after = Some(format!("{}\n\n{}", text.title, text.body));
        let target = format!("{}, branch {}", proposal.upstream, proposal.base);
        self.recorder.would("github", target, "open a pull request", after);
        Ok(OpenPull { number: 0, url: PLACEHOLDER.to_owned(), labels: Vec::new() })
    }

    async fn label(
        &self,
        proposal: &Proposal,
        number: u64,
        labels: &[String],
    ) -> Result<(), GitHubError> {
        // The pull request of a dry run has no number.
        let which = if number == 0 { PLACEHOLDER.to_owned() } else { number.to_string() };
        let target = format!("{}#{which}", proposal.upstream);
        self.recorder.would("github", target, "label the pull request", Some(labels.join(", ")));
        Ok(())
    }
}
