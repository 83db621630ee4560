//! The writing calls. Each looks for its effect when the answer is lost.

use async_trait::async_trait;
use http::Method;
use oar_release::effect;
use serde_json::Value;

use crate::client::{HttpJira, is_in_doubt, nothing};
use crate::error::JiraError;
use crate::jql;
use crate::key::IssueKey;
use crate::operations::{ASSIGN, COMMENT, CREATE, EDIT, TRANSITION};
use crate::port::{JiraRead as _, JiraWrite};
use crate::request::{
    INTENT, api, comment_body, create_body, issue_path, labels_body, need_info_body,
    transition_body,
};
use crate::types::{Issue, Move, NewComment, NewIssue, Search};
use crate::wire::{Commented, Created};

/// How many of our newest comments are searched for a lost one.
const LOOK_BACK: usize = 50;

impl HttpJira {
    /// The comment of ours that carries `intent`.
    async fn own_comment(&self, key: &IssueKey, intent: &str) -> Result<Option<String>, JiraError> {
        let me = self.account().await?.account_id;
        let comments = self.comments(key).await?;
        let is_ours = |comment: &&crate::types::Comment| {
            comment.author.as_ref().is_some_and(|author| author.account_id == me)
        };
        let ours = comments.iter().rev().filter(is_ours).take(LOOK_BACK);
        let ids: Vec<String> = ours.map(|comment| comment.id.clone()).collect();
        if ids.is_empty() {
            return Ok(None);
        }
        let properties = self.comment_properties(&ids).await?;
        let carries = |id: &&String| {
            let value = properties.get(*id).and_then(|of_comment| of_comment.get(INTENT));
            value.and_then(|value| value.get("intent")).and_then(Value::as_str) == Some(intent)
        };
        Ok(ids.iter().find(carries).cloned())
    }

    /// Changes fields of an issue, and looks whether `is_done` when the answer is lost.
    async fn edit(
        &self,
        key: &IssueKey,
        body: &Value,
        is_done: impl Fn(&Issue) -> bool + Send + Sync,
    ) -> Result<(), JiraError> {
        effect::point("jira.edit.before");
        let call = self.call(EDIT, Method::PUT, issue_path(key, ""));
        let sent = call.query("returnIssue", false).json(body).send().await;
        effect::point("jira.edit.after");
        let answered = sent.and_then(|reply| nothing(&reply));
        let look = || async { Ok(is_done(&self.issue(key).await?).then_some(())) };
        self.settle(format!("change {key}"), answered, look).await
    }
}

#[async_trait]
impl JiraWrite for HttpJira {
    #[tracing::instrument(name = "jira.comment", skip_all, fields(key = %key, intent = comment.intent))]
    async fn comment(&self, key: &IssueKey, comment: &NewComment) -> Result<String, JiraError> {
        let body = comment_body(comment)?;
        effect::point("jira.comment.before");
        let call = self.call(COMMENT, Method::POST, issue_path(key, "/comment"));
        let sent = call.json(&body).send().await;
        effect::point("jira.comment.after");
        let answered = sent.and_then(|reply| Ok(reply.json::<Commented>()?.id));
        let look = || self.own_comment(key, &comment.intent);
        self.settle(format!("comment on {key}"), answered, look).await
    }

    #[tracing::instrument(name = "jira.transition", skip_all, fields(key = %key, target = step.target))]
    async fn transition(&self, key: &IssueKey, step: &Move) -> Result<(), JiraError> {
        effect::point("jira.transition.before");
        let call = self.call(TRANSITION, Method::POST, issue_path(key, "/transitions"));
        let sent = call.json(&transition_body(step)).send().await;
        effect::point("jira.transition.after");
        let answered = sent.and_then(|reply| nothing(&reply));
        let look = || async {
            let now = self.issue(key).await?.status;
            Ok(now.eq_ignore_ascii_case(&step.target).then_some(()))
        };
        self.settle(format!("move {key} to {}", step.target), answered, look).await
    }

    #[tracing::instrument(name = "jira.assign", skip_all, fields(key = %key, account_id))]
    async fn assign(&self, key: &IssueKey, account_id: &str) -> Result<(), JiraError> {
        effect::point("jira.assign.before");
        let call = self.call(ASSIGN, Method::PUT, issue_path(key, "/assignee"));
        let sent = call.json(&serde_json::json!({ "accountId": account_id })).send().await;
        effect::point("jira.assign.after");
        let answered = sent.and_then(|reply| nothing(&reply));
        let look = || async {
            let assignee = self.issue(key).await?.assignee;
            Ok(assignee.filter(|account| account.account_id == account_id).map(drop))
        };
        self.settle(format!("assign {key}"), answered, look).await
    }

    #[tracing::instrument(name = "jira.edit_labels", skip_all, fields(key = %key))]
    async fn edit_labels(
        &self,
        key: &IssueKey,
        add: &[String],
        remove: &[String],
    ) -> Result<(), JiraError> {
        if let Some(label) = add.iter().find(|label| label.is_empty() || label.contains(' ')) {
            let problem = format!("{label:?} cannot be a label");
            return Err(JiraError::Invalid { what: format!("change {key}"), problem });
        }
        self.edit(key, &labels_body(add, remove), |issue| {
            let labels = issue.labels.as_deref().unwrap_or_default();
            add.iter().all(|label| labels.contains(label))
                && !remove.iter().any(|label| labels.contains(label))
        })
        .await
    }

    #[tracing::instrument(name = "jira.set_need_info", skip_all, fields(key = %key))]
    async fn set_need_info(&self, key: &IssueKey, accounts: &[String]) -> Result<(), JiraError> {
        self.prove().await?;
        let mut wanted = accounts.to_vec();
        wanted.sort();
        wanted.dedup();
        let body = need_info_body(self.fields(), &wanted);
        self.edit(key, &body, |issue| {
            let mut now: Vec<&str> =
                issue.need_info.iter().map(|a| a.account_id.as_str()).collect();
            now.sort_unstable();
            now == wanted
        })
        .await
    }

    #[tracing::instrument(name = "jira.create", skip_all, fields(project = new.project))]
    async fn create_issue(&self, new: &NewIssue) -> Result<IssueKey, JiraError> {
        let body = create_body(new)?;
        effect::point("jira.create.before");
        let sent = self.call(CREATE, Method::POST, api("issue")).json(&body).send().await;
        effect::point("jira.create.after");
        let what = format!("create an issue in {}", new.project);
        let answered = sent.and_then(|reply| {
            let created: Created = reply.json()?;
            let key = created.key.parse();
            key.map_err(|_| reply.malformed("issue", "key", "it is no key"))
        });
        match answered {
            Err(error) if is_in_doubt(&error) => {
                let source = Box::new(error);
                // The index lags, so that finding nothing proves nothing.
                match self.newest_with_summary(new).await {
                    Ok(Some(key)) => Ok(key),
                    Ok(None) | Err(_) => Err(JiraError::Unknown { what, source }),
                }
            }
            answered => answered.map_err(|error| JiraError::of(what, error)),
        }
    }
}

impl HttpJira {
    async fn newest_with_summary(&self, new: &NewIssue) -> Result<Option<IssueKey>, JiraError> {
        let jql = format!(
            "project = {} AND summary ~ {} AND statusCategory != Done ORDER BY created DESC",
            jql::quote(&new.project),
            jql::phrase(&new.summary)
        );
        let found = self.search(&Search::new(jql)).await?;
        Ok(found.into_iter().find(|issue| issue.title() == new.summary).map(|issue| issue.key))
    }
}
