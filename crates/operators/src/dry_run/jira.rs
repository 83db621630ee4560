//! Jira, changed on paper only.

use async_trait::async_trait;
use oar_jira::{IssueKey, JiraError, JiraWrite, Move, NewComment, NewIssue};

use super::Recorder;

/// A Jira that changes nothing.
#[derive(Debug)]
pub struct DryRunJira {
    recorder: Recorder,
}

impl DryRunJira {
    /// Notes changes in `recorder`.
    pub const fn new(recorder: Recorder) -> Self {
        Self { recorder }
    }

    fn would(&self, key: &IssueKey, action: impl Into<String>, after: Option<String>) {
        self.recorder.would("jira", key.to_string(), action, after);
    }
}

#[async_trait]
impl JiraWrite for DryRunJira {
    async fn comment(&self, key: &IssueKey, comment: &NewComment) -> Result<String, JiraError> {
        self.would(key, "comment", Some(comment.body.plain()));
        Ok("dry-run".to_owned())
    }

    async fn transition(&self, key: &IssueKey, step: &Move) -> Result<(), JiraError> {
        self.would(key, format!("move to {}", step.target), None);
        Ok(())
    }

    async fn assign(&self, key: &IssueKey, account_id: &str) -> Result<(), JiraError> {
        self.would(key, "assign", Some(account_id.to_owned()));
        Ok(())
    }

    async fn edit_labels(
        &self,
        key: &IssueKey,
        add: &[String],
        remove: &[String],
    ) -> Result<(), JiraError> {
        let (add, remove) = (add.join(", "), remove.join(", "));
        self.would(key, format!("add labels [{add}], remove labels [{remove}]"), None);
        Ok(())
    }

    async fn set_need_info(&self, key: &IssueKey, accounts: &[String]) -> Result<(), JiraError> {
        self.would(key, "ask for information", Some(accounts.join(", ")));
        Ok(())
    }

    /// Answers a key that no issue has: its number is 0.
    async fn create_issue(&self, new: &NewIssue) -> Result<IssueKey, JiraError> {
        let action = format!("create: {}", new.summary);
        self.recorder.would("jira", &*new.project, action, Some(new.description.plain()));
        let none = || JiraError::Invalid {
            what: "create an issue".to_owned(),
            problem: format!("{:?} is no project", new.project),
        };
        format!("{}-0", new.project).parse().map_err(|_| none())
    }
}
